/* The documented messages that gateways log when a packet is dropped, and those of SAs that end.  Rows in
 * msg.def. */
#ifndef DATAPLANE_MSG_H
#define DATAPLANE_MSG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/cfg.h"
#include "dataplane/event.h"
#include "dataplane/life.h"

enum msg {
#define MSG(name, platforms, reasons, text) MSG_##name,
#define NOTICE(name, platforms, lives, text) MSG_##name,
#include "dataplane/msg.def"
#undef MSG
#undef NOTICE
	MSG_COUNT
};

#define MSG_BYTES 320 /* the longest line, with all fields at their widest */

/* Does a gateway of that platform print this row for that reason? */
bool msg_applies(enum msg msg, enum cfg_platform platform, enum drop reason);
/* The same for what has become of an SA. */
bool msg_notices(enum msg msg, enum cfg_platform platform, enum life life);
/* The line without time and name, into out (MSG_BYTES of it suffice). */
void msg_text(enum msg msg, const struct drop_event *event, char *out, size_t bytes);
/* The part of a row that names its kind: "%CRYPTO-4-PKT_REPLAY_ERR"; its bytes, not terminated. */
const char *msg_kind(enum msg msg, int *bytes);

#endif
