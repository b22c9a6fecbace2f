/* The documented messages that gateways log when a packet is dropped.  Rows in msg.def. */
#ifndef DATAPLANE_MSG_H
#define DATAPLANE_MSG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/cfg.h"
#include "dataplane/event.h"

enum msg {
#define MSG(name, platforms, reasons, text) MSG_##name,
#include "dataplane/msg.def"
#undef MSG
	MSG_COUNT
};

#define MSG_BYTES 320 /* the longest line, with all fields at their widest */

/* Does a gateway of that platform print this row for that reason? */
bool msg_applies(enum msg msg, enum cfg_platform platform, enum drop reason);
/* The line without time and name, into out (MSG_BYTES of it suffice). */
void msg_text(enum msg msg, const struct drop_event *event, char *out, size_t bytes);
/* The part of a row that names its kind: "%CRYPTO-4-PKT_REPLAY_ERR"; its bytes, not terminated. */
const char *msg_kind(enum msg msg, int *bytes);

#endif
