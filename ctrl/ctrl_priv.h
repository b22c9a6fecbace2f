/* What the commands share.  Used inside ctrl/ only. */
#ifndef CTRL_CTRL_PRIV_H
#define CTRL_CTRL_PRIV_H

#include "ctrl/capture.h"
#include "ctrl/command.h"
#include "ctrl/ctrl.h"
#include "ctrl/out.h"
#include "ctrl/snap.h"

enum ctrl_debug { DEBUG_IPSEC = 1, DEBUG_ENGINE = 2, DEBUG_ISAKMP = 4, DEBUG_ICMP = 8 };

struct ctrl {
	struct ctrl_target target;
	struct ctrl_log *log;
	uint64_t started; /* time at the creation, from which people count */
	struct sadb *sadb;
	struct msg_log *messages; /* of the platform */
	struct captures *captures;
	struct snap *cleared;	  /* counters at `clear counters`; NULL: never */
	unsigned debug;		  /* enum ctrl_debug */
};

/* Of the first worker; 0 where it does not answer. */
uint64_t ctrl_now(struct ctrl *ctrl);
/* A line into the log, and to whoever reads along. */
void ctrl_log_line(void *ctrl, uint64_t now, const char *text);
/* What `debug crypto ipsec` says of an SA of cfg that was made, or of one that is gone; nothing where it is
 * off. */
void ctrl_debug_sa_made(struct ctrl *ctrl, const struct cfg_gateway *cfg, uint32_t index);
void ctrl_debug_sa_deleted(struct ctrl *ctrl, const struct cfg_sa *sa, uint32_t index);
/* The gateway as it is, less what was cleared; NULL where it cannot be had, which `out` then says. */
struct snap *ctrl_snap(struct ctrl *ctrl, bool sas, struct out *out);

/* A number of a command, decimal or 0x; false where it is none, or more than max. */
bool ctrl_number(const char *text, uint64_t max, uint64_t *number);

#endif
