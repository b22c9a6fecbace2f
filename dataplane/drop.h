/* Why a packet ended: the packet path's only error type.  0 means that it goes on. */
#ifndef DATAPLANE_DROP_H
#define DATAPLANE_DROP_H

#include "base/status.h"

enum drop {
	DROP_NONE,
#define DROP(name, text, rule, status) DROP_##name,
#include "dataplane/drop.def"
#undef DROP
	DROP_COUNT
};

struct drop_info {
	const char *text; /* "replay_old": counters, JSON */
	const char *rule; /* RFC section or document */
	enum hw_status status;
};

/* One row a reason, DROP_NONE first. */
extern const struct drop_info drop_info[DROP_COUNT];

#endif
