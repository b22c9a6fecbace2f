/* The log of a gateway in memory, for `show logging`: the last lines, as many as fit; the oldest make room.
 * One thread. */
#ifndef CTRL_LOG_H
#define CTRL_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct ctrl_log;

/* bytes: of lines, at least LOG_LINE_MAX. */
enum status log_create(size_t bytes, struct ctrl_log **log);
void log_destroy(struct ctrl_log *log);

#define LOG_LINE_MAX 1024u /* what is longer is cut */

/* A line without its end; several lines are so many calls. */
void log_add(struct ctrl_log *log, uint64_t now, const char *text);
void log_clear(struct ctrl_log *log);
/* Oldest first. */
void log_each(const struct ctrl_log *log, void (*take)(void *ctx, uint64_t now, const char *text), void *ctx);
uint64_t log_lines(const struct ctrl_log *log); /* there now */
uint64_t log_lost(const struct ctrl_log *log);	/* made room since log_clear() */

#endif
