/* cfg_load(): file, --set, structs, checks, and the same for every variant; or for one alone, to be run.
 *
 * The file is read once and parsed anew for each variant, because --set works on the tree.  A variant's
 * laboratory is made only to be checked.  The text is wiped: there are keys in it. */
#include "config/cfg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "config/check.h"
#include "config/read.h"

#define FILE_FIRST (64u << 10)
#define FILE_MAX (16u << 20)
#define WARNINGS_BYTES 8192u

/* A laboratory and the memory that it lies in. */
struct box {
	struct cfg_lab lab;
	struct arena arena;
};

/* What is loaded, again for each variant. */
struct source {
	const char *file;
	char *text; /* text[bytes] is 0 */
	size_t bytes;
	const struct cfg_set *set;
	unsigned n_set;
	const struct cfg_hooks *hooks;
	struct faults *faults;
	enum section_id root; /* what kind of file it is */
};

static void
drop_text(struct source *source)
{
	if (source->text != NULL)
		bytes_wipe(source->text, source->bytes);
	free(source->text);
	source->text = NULL;
}

/* Makes room for `room` bytes and the 0 behind them; nothing of the old text is left behind. */
static bool
grow(struct source *source, size_t room)
{
	char *more = malloc(room + 1);

	if (more == NULL)
		return false;
	if (source->text != NULL)
		memcpy(more, source->text, source->bytes);
	drop_text(source);
	source->text = more;
	return true;
}

static enum status
read_stream(FILE *stream, struct source *source)
{
	struct fault_at at = {.file = source->file};

	setvbuf(stream, NULL, _IONBF, 0); /* a buffer would keep keys */
	for (size_t room = FILE_FIRST; room <= FILE_MAX; room *= 2) {
		if (!grow(source, room))
			return ST_ERR_NOMEM;
		source->bytes += fread(source->text + source->bytes, 1, room - source->bytes, stream);
		if (ferror(stream)) {
			fault(source->faults, &at, "%m");
			return ST_ERR_IO;
		}
		if (source->bytes < room) {
			source->text[source->bytes] = '\0';
			return ST_OK;
		}
	}
	fault(source->faults, &at, "too long; allowed: less than %u bytes", FILE_MAX);
	return ST_ERR_IO;
}

static enum status
read_file(struct source *source)
{
	FILE *stream = fopen(source->file, "re");
	enum status status;

	if (stream == NULL) {
		fault(source->faults, &(struct fault_at){.file = source->file}, "%m");
		return ST_ERR_IO;
	}
	status = read_stream(stream, source);
	fclose(stream);
	return status;
}

static void
read_and_check(const struct source *source, config_t *tree, struct box *box)
{
	struct reader reader = {.arena = &box->arena, .faults = source->faults};
	char text[WARNINGS_BYTES];
	struct faults warnings;
	struct check check = {
		.lab = &box->lab,
		.hooks = source->hooks,
		.reader = &reader,
		.arena = &box->arena,
		.faults = source->faults,
		.warnings = &warnings,
	};

	faults_init(&warnings, text, sizeof(text));
	box->lab.file = reader.file = arena_text(&box->arena, source->file);
	if (reader.file == NULL)
		return;
	box->lab.is_site = source->root == SECTION_SITE;
	read_lab(&reader, tree, source->root, &box->lab);
	if (source->faults->count == 0 && !box->arena.failed)
		(box->lab.is_site ? check_site : check_all)(&check);
	if (warnings.count)
		box->lab.warnings = arena_text(&box->arena, text);
	read_end(&reader);
}

/* The laboratory with the values of `more` too; where anything is wrong, *lab is NULL. */
static enum status
load_once(const struct source *source, const struct cfg_set *more, unsigned n_more, struct cfg_lab **lab)
{
	struct box *box;
	config_t tree;
	bool failed;

	*lab = NULL;
	if (!tree_parse(&tree, source->file, source->text, source->bytes, source->faults))
		return ST_ERR_CONFIG;
	for (unsigned i = 0; i < source->n_set; i++)
		tree_set(&tree, source->root, &source->set[i], source->faults);
	for (unsigned i = 0; i < n_more; i++)
		tree_set(&tree, source->root, &more[i], source->faults);
	box = calloc(1, sizeof(*box));
	if (box != NULL)
		read_and_check(source, &tree, box);
	tree_free(&tree);
	failed = box == NULL || box->arena.failed;
	if (failed || source->faults->count) {
		cfg_free(box ? &box->lab : NULL);
		return failed ? ST_ERR_NOMEM : ST_ERR_CONFIG;
	}
	*lab = &box->lab;
	return ST_OK;
}

/* Each variant by itself; the faults of all go into one message. */
static enum status
check_variants(struct source *source, const struct cfg_lab *lab)
{
	struct faults *faults = source->faults;
	unsigned total = 0;

	for (unsigned i = 0; i < lab->n_variants; i++) {
		const struct cfg_variant *variant = &lab->variants[i];
		struct cfg_lab *varied;
		enum status status;

		faults->variant = variant->name;
		faults->count = 0;
		status = load_once(source, variant->set, variant->n_set, &varied);
		cfg_free(varied);
		total += faults->count;
		if (status == ST_ERR_NOMEM)
			return status;
	}
	return total ? ST_ERR_CONFIG : ST_OK;
}

/* With the variant, where there is one.  all: its variants are checked, too. */
static enum status
load(struct source *source, const struct cfg_variant *variant, bool all, struct cfg_lab **lab, char *message,
	size_t bytes)
{
	struct faults faults;
	enum status status;

	*lab = NULL;
	source->faults = &faults;
	faults_init(&faults, message, bytes);
	status = read_file(source);
	if (variant != NULL)
		faults.variant = variant->name;
	if (status == ST_OK)
		status = load_once(source, variant ? variant->set : NULL, variant ? variant->n_set : 0, lab);
	if (status == ST_OK && all)
		status = check_variants(source, *lab);
	if (status != ST_OK) {
		cfg_free(*lab);
		*lab = NULL;
	}
	if (status == ST_ERR_NOMEM && bytes)
		snprintf(message, bytes, "%s: %s", source->file, status_text(status));
	drop_text(source);
	return status;
}

enum status
cfg_load(const char *file, const struct cfg_set *set, unsigned n_set, const struct cfg_hooks *hooks,
	struct cfg_lab **lab, char *message, size_t bytes)
{
	struct source source = {
		.file = file, .set = set, .n_set = n_set, .hooks = hooks, .root = SECTION_ROOT};

	return load(&source, NULL, true, lab, message, bytes);
}

enum status
cfg_load_variant(const char *file, const struct cfg_set *set, unsigned n_set,
	const struct cfg_variant *variant, const struct cfg_hooks *hooks, struct cfg_lab **lab, char *message,
	size_t bytes)
{
	struct source source = {
		.file = file, .set = set, .n_set = n_set, .hooks = hooks, .root = SECTION_ROOT};

	return load(&source, variant, false, lab, message, bytes);
}

enum status
cfg_load_site(const char *file, const struct cfg_set *set, unsigned n_set, const struct cfg_hooks *hooks,
	struct cfg_lab **lab, char *message, size_t bytes)
{
	struct source source = {
		.file = file, .set = set, .n_set = n_set, .hooks = hooks, .root = SECTION_SITE};

	return load(&source, NULL, false, lab, message, bytes);
}

void
cfg_free(struct cfg_lab *lab)
{
	struct box *box = (struct box *)(void *)lab; /* the laboratory is its first member */

	if (box == NULL)
		return;
	arena_free(&box->arena);
	free(box);
}
