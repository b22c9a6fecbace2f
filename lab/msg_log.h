/* syslog.log: the documented messages of all gateways, stamped with virtual time, at the rate that each
 * gateway allows.  One thread. */
#ifndef LAB_MSG_LOG_H
#define LAB_MSG_LOG_H

#include <stdio.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/event.h"

struct msg_log;

/* Writes to out, which stays the caller's, as lab does. */
enum status msg_log_create(const struct cfg_lab *lab, FILE *out, struct msg_log **log);
void msg_log_destroy(struct msg_log *log); /* NULL is fine */

/* A packet ended at gateway (index in the laboratory): writes what its platform prints, which may be nothing.
 * A kind that is over its rate is counted instead; the count is told before the next of that kind. */
void msg_log_drop(struct msg_log *log, unsigned gateway, const struct drop_event *event);
/* Tells the counts that are still open. */
void msg_log_finish(struct msg_log *log, uint64_t end_ns);

#endif
