/* What a gateway logs of the packets that it drops: the documented messages of its platform, at the rate that
 * it allows.  One thread. */
#ifndef DATAPLANE_MSG_LOG_H
#define DATAPLANE_MSG_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/event.h"

struct msg_log;

/* Takes a line of text, without time, name and end of line. */
typedef void msg_write(void *ctx, uint64_t now, const char *text);

/* cfg is borrowed, for platform and rates. */
enum status msg_log_create(const struct cfg_gateway *cfg, msg_write *write, void *ctx, struct msg_log **log);
void msg_log_destroy(struct msg_log *log); /* NULL is fine */
/* Another configuration of the same gateway. */
void msg_log_configure(struct msg_log *log, const struct cfg_gateway *cfg);

/* A packet or an SA ended: writes what the platform prints, which may be nothing.  A kind that is over its
 * rate is counted instead; the count is told before the next of that kind. */
void msg_log_drop(struct msg_log *log, const struct drop_event *event);
/* Tells the counts that are still open. */
void msg_log_finish(struct msg_log *log, uint64_t end_ns);

/* "00:00:01.234567", as log lines have it, into out; returns out. */
#define MSG_TIME_BYTES 24
const char *msg_time(uint64_t now, char out[MSG_TIME_BYTES]);

#endif
