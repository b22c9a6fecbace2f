/* The control plane of one gateway: commands, log, what `clear counters` remembers.  One thread. */
#ifndef CTRL_CTRL_H
#define CTRL_CTRL_H

#include <stdbool.h>

#include "base/status.h"
#include "ctrl/log.h"
#include "ctrl/target.h"
#include "dataplane/event.h"

#define CTRL_LOG_BYTES (256u * 1024u)

struct ctrl;

/* target is copied; what its ctx points to must outlive the control plane. */
enum status ctrl_create(const struct ctrl_target *target, struct ctrl **ctrl);
/* After the gateway, which reads the configurations that commands have made. */
void ctrl_destroy(struct ctrl *ctrl);
/* What has to be done now and then, best once a second, after all events were taken. */
void ctrl_tick(struct ctrl *ctrl);

/* Writes what captures have copied.  True where any runs: call it again soon, their memory is bounded. */
bool ctrl_captures_turn(struct ctrl *ctrl);
/* The link of a port has changed; gone: for good. */
void ctrl_link(struct ctrl *ctrl, unsigned port, bool up, bool gone);

struct ctrl_log *ctrl_log(struct ctrl *ctrl);
/* A packet was dropped: what the platform says of it goes to the log, and what `debug` asked for. */
void ctrl_event(struct ctrl *ctrl, const struct drop_event *event);

#endif
