/* A ring of bytes: each line is its time, its length and its text, and the text ends with 0. */
#include "ctrl/log.h"

#include <stdlib.h>
#include <string.h>

struct head {
	uint64_t now;
	uint32_t bytes; /* of text, with the 0 */
};

struct ctrl_log {
	size_t size;
	uint64_t first, end; /* positions, count up */
	uint64_t lines, lost;
	char ring[];
};

enum status
log_create(size_t bytes, struct ctrl_log **out)
{
	size_t size = bytes < LOG_LINE_MAX ? LOG_LINE_MAX : bytes;

	size += sizeof(struct head) + 1;
	*out = calloc(1, sizeof(**out) + size);
	if (!*out)
		return ST_ERR_NOMEM;
	(*out)->size = size;
	return ST_OK;
}

void
log_destroy(struct ctrl_log *log)
{
	free(log);
}

static void
ring_write(struct ctrl_log *log, const void *from, size_t bytes)
{
	size_t at = log->end % log->size, run = log->size - at < bytes ? log->size - at : bytes;

	memcpy(log->ring + at, from, run);
	memcpy(log->ring, (const char *)from + run, bytes - run);
	log->end += bytes;
}

static void
ring_read(const struct ctrl_log *log, uint64_t from, void *to, size_t bytes)
{
	size_t at = from % log->size, run = log->size - at < bytes ? log->size - at : bytes;

	memcpy(to, log->ring + at, run);
	memcpy((char *)to + run, log->ring, bytes - run);
}

static void
first_drop(struct ctrl_log *log)
{
	struct head head;

	ring_read(log, log->first, &head, sizeof(head));
	log->first += sizeof(head) + head.bytes;
	log->lines--;
	log->lost++;
}

void
log_add(struct ctrl_log *log, uint64_t now, const char *text)
{
	size_t length = strnlen(text, LOG_LINE_MAX);
	struct head head = {.now = now, .bytes = (uint32_t)length + 1};

	while (log->end - log->first + sizeof(head) + head.bytes > log->size)
		first_drop(log);
	ring_write(log, &head, sizeof(head));
	ring_write(log, text, length);
	ring_write(log, "", 1);
	log->lines++;
}

void
log_clear(struct ctrl_log *log)
{
	log->first = log->end;
	log->lines = log->lost = 0;
}

void
log_each(const struct ctrl_log *log, void (*take)(void *ctx, uint64_t now, const char *text), void *ctx)
{
	char text[LOG_LINE_MAX + 1];
	struct head head;

	for (uint64_t at = log->first; at != log->end; at += sizeof(head) + head.bytes) {
		ring_read(log, at, &head, sizeof(head));
		ring_read(log, at + sizeof(head), text, head.bytes);
		take(ctx, head.now, text);
	}
}

uint64_t
log_lines(const struct ctrl_log *log)
{
	return log->lines;
}

uint64_t
log_lost(const struct ctrl_log *log)
{
	return log->lost;
}
