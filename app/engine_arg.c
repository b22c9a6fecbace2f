/* --engine: see engine_arg.h.  Makes no engine. */
#include "app/engine_arg.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app/words.h"
#include "base/clock.h"
#include "crypto/engine.h"
#include "lab/hooks.h"

#define FILE_MARK ".cfg:"
#define TIMEOUT (NS_PER_SEC / 10) /* as by default in a configuration file */

static void
name_add(char *list, size_t bytes, const char *name, struct word_nearest *nearest)
{
	size_t used = strlen(list);

	snprintf(list + used, bytes - used, "%s%s", used ? ", " : "", name);
	word_offer(nearest, name);
}

static bool
refuse_unknown(const char *text, const char *const *subjects, char *message, size_t bytes)
{
	struct word_nearest nearest = {text, "", UINT_MAX};
	char allowed[300] = "";

	for (unsigned i = 0; i < engine_kind_count; i++)
		name_add(allowed, sizeof(allowed), engine_kinds[i]->name, &nearest);
	for (; *subjects; subjects++)
		name_add(allowed, sizeof(allowed), *subjects, &nearest);
	snprintf(message, bytes,
		"there is no engine \"%s\"; the nearest is \"%s\"; allowed: %s, or FILE.cfg:NAME for an "
		"engine of "
		"a configuration file",
		text, nearest.name, allowed);
	return false;
}

/* An engine of a configuration file; text is cut at the colon behind the file's name. */
static bool
file_parse(struct engine_arg *arg, char *name, char *message, size_t bytes)
{
	struct word_nearest nearest = {name, "", UINT_MAX};
	char allowed[300] = "";

	if (cfg_load(arg->text, NULL, 0, lab_hooks(), &arg->lab, message, bytes) != ST_OK)
		return false;
	for (unsigned i = 0; i < arg->lab->n_engines; i++) {
		arg->cfg = &arg->lab->engines[i];
		if (!strcmp(arg->cfg->name, name))
			return true;
		name_add(allowed, sizeof(allowed), arg->cfg->name, &nearest);
	}
	if (arg->lab->n_engines)
		snprintf(message, bytes,
			"%s: engines: there is no \"%s\"; the nearest is \"%s\"; allowed: %s", arg->text,
			name, nearest.name, allowed);
	else
		snprintf(message, bytes, "%s: engines: the file has none", arg->text);
	return false;
}

/* What follows the kind, and what a kind needs that a configuration file would have said. */
static bool
kind_parse(struct engine_arg *arg, const char *kind, const char *rest, char *message, size_t bytes)
{
	struct cfg_engine *own = &arg->own;

	*own = (struct cfg_engine){.name = kind, .kind = kind, .timeout = TIMEOUT};
	arg->inner = (struct cfg_engine){.name = "ipsec_mb", .kind = "ipsec_mb"};
	own->inner = arg->inner.name;
	own->inner_engine = &arg->inner;
	arg->cfg = own;
	if (!strcmp(kind, "card"))
		own->profile = rest;
	else if (arg->subject || !strcmp(kind, "cryptodev"))
		own->device = rest;
	else if (rest) {
		snprintf(message, bytes, "engine \"%s\" is not followed by anything, but here by \"%s\"",
			kind, rest);
		return false;
	}
	return true;
}

bool
engine_arg_parse(
	struct engine_arg *arg, const char *text, const char *const *subjects, char *message, size_t bytes)
{
	char *mark, *rest;

	*arg = (struct engine_arg){0};
	if (strlen(text) >= sizeof(arg->text)) {
		snprintf(message, bytes, "the name of the engine is too long");
		return false;
	}
	snprintf(arg->text, sizeof(arg->text), "%s", text);
	mark = strstr(arg->text, FILE_MARK);
	if (mark) {
		rest = mark + strlen(FILE_MARK);
		rest[-1] = '\0';
		return file_parse(arg, rest, message, bytes);
	}
	rest = strchr(arg->text, ':');
	if (rest)
		*rest++ = '\0';
	for (const char *const *subject = subjects; *subject; subject++)
		if (!strcmp(*subject, arg->text))
			arg->subject = *subject;
	if (!arg->subject && !engine_find(arg->text))
		return refuse_unknown(arg->text, subjects, message, bytes);
	return kind_parse(arg, arg->text, rest, message, bytes);
}

void
engine_arg_free(struct engine_arg *arg)
{
	cfg_free(arg->lab);
}
