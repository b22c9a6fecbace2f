/* The set of keys: reading a file of any kind, and finding the row for a packet.
 *
 * The kind shows in the first line that is no comment: esp_sa begins with a quote; tcpdump's lines begin with
 * SPI@ADDRESS or ALGORITHM:SECRET; all else is a configuration, which the reader of configurations judges. */
#include "capture/key_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "capture/key_priv.h"

#define FILE_BYTES_MAX (16u << 20)
#define ROWS_FIRST 16u

/* ---- the rows ---- */

struct key_sa *
key_set_add(struct key_set *set)
{
	if (set->n == set->room) {
		unsigned room = set->room ? 2 * set->room : ROWS_FIRST;
		struct key_sa *sas = calloc(room, sizeof(*sas));

		if (!sas)
			return NULL;
		if (set->n) {
			memcpy(sas, set->sas, set->n * sizeof(*sas));
			/* realloc() would leave the keys behind */
			bytes_wipe(set->sas, set->n * sizeof(*sas));
		}
		free(set->sas);
		set->sas = sas;
		set->room = room;
	}
	struct key_sa *sa = &set->sas[set->n++];
	*sa = (struct key_sa){.file = set->file,
		.proto = ALG_ESP,
		.first_seq = 1,
		.align4 = true,
		.window = KEY_WINDOW_UNKNOWN};
	return sa;
}

void
key_set_fini(struct key_set *set)
{
	if (set->sas)
		bytes_wipe(set->sas, set->n * sizeof(*set->sas));
	free(set->sas);
	free(set->file);
	*set = (struct key_set){0};
}

bool
key_address_holds(const struct key_address *key, struct ip_addr address)
{
	return ((key->addr.hi ^ address.hi) & key->mask.hi) == 0 &&
	       ((key->addr.lo ^ address.lo) & key->mask.lo) == 0 && !(key->only_v6 && ip_is_v4(address));
}

const struct key_sa *
key_set_find(
	const struct key_set *set, enum alg_proto proto, struct ip_addr src, struct ip_addr dst, uint32_t spi)
{
	const struct key_sa *fallback = NULL;

	for (unsigned i = 0; i < set->n; i++) {
		const struct key_sa *sa = &set->sas[i];

		if (sa->proto != proto || ((sa->spi ^ spi) & sa->spi_mask) ||
			!key_address_holds(&sa->src, src) || !key_address_holds(&sa->dst, dst))
			continue;
		if (!sa->fallback)
			return sa;
		if (!fallback)
			fallback = sa;
	}
	return fallback;
}

/* ---- the file ---- */

/* The whole file with a 0 behind it. */
static enum status
text_load(const char *path, char **text, size_t *size, char *message, size_t bytes)
{
	FILE *file = fopen(path, "rbe");
	char *room = file ? malloc(FILE_BYTES_MAX + 1) : NULL;
	enum status status = ST_OK;

	*text = NULL;
	if (file && !room) {
		fclose(file);
		snprintf(message, bytes, "%s: %s", path, status_text(ST_ERR_NOMEM));
		return ST_ERR_NOMEM;
	}
	*size = file ? fread(room, 1, FILE_BYTES_MAX, file) : 0;
	if (!file || ferror(file)) {
		snprintf(message, bytes, "%s: %s", path, strerror(errno));
		status = ST_ERR_IO;
	} else if (*size == FILE_BYTES_MAX) {
		snprintf(message, bytes, "%s: larger than %u bytes, which is no file of keys", path,
			FILE_BYTES_MAX);
		status = ST_ERR_CONFIG;
	}
	if (file)
		fclose(file);
	if (status != ST_OK) {
		free(room);
		return status;
	}
	room[*size] = '\0';
	*text = room;
	return ST_OK;
}

static enum key_format
format_guess(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text != '#')
			break;
		text += strcspn(text, "\n");
	}
	size_t word = strcspn(text, " \t\r\n");

	if (*text == '"')
		return KEY_FORMAT_ESP_SA;
	if (memchr(text, '@', word) || (word && memchr(text, ':', word - 1)) || !strncmp(text, "ikev2 ", 6))
		return memchr(text, '=', word) ? KEY_FORMAT_CFG : KEY_FORMAT_TCPDUMP;
	return KEY_FORMAT_CFG;
}

/* Blank lines and comments are passed over. */
static enum status
lines_read(char *text, size_t size, enum key_format format, struct key_set *set, char *message, size_t bytes)
{
	struct key_line at = {.file = set->file, .message = message, .bytes = bytes};
	enum status status = ST_OK;

	if (strlen(text) != size) {
		snprintf(message, bytes, "%s: holds bytes of 0, so it is no file of keys", set->file);
		return ST_ERR_CONFIG;
	}
	while (status == ST_OK && *text) {
		char *line = text, *end = text + strcspn(text, "\n");

		text = *end ? end + 1 : end;
		while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
			end--;
		*end = '\0';
		line += strspn(line, " \t");
		at.line++;
		if (*line == '\0' || *line == '#')
			continue;
		status = format == KEY_FORMAT_ESP_SA ? key_esp_sa_line(&at, line, set)
						     : key_tcpdump_line(&at, line, set);
	}
	return status;
}

enum status
key_set_read(const char *path, enum key_format format, const struct cfg_hooks *hooks, struct key_set *set,
	char *message, size_t bytes)
{
	size_t size;
	char *text;
	enum status status;

	*set = (struct key_set){.file = strdup(path)};
	status = set->file ? text_load(path, &text, &size, message, bytes) : ST_ERR_NOMEM;
	if (status != ST_OK) {
		key_set_fini(set);
		return status;
	}
	if (format == KEY_FORMAT_AUTO)
		format = format_guess(text);
	if (format == KEY_FORMAT_CFG)
		status = key_cfg_read(path, hooks, set, message, bytes);
	else
		status = lines_read(text, size, format, set, message, bytes);
	bytes_wipe(text, size);
	free(text);
	if (status == ST_OK && set->n == 0) {
		snprintf(message, bytes, "%s: holds no SA", path);
		status = ST_ERR_CONFIG;
	}
	if (status != ST_OK)
		key_set_fini(set);
	return status;
}
