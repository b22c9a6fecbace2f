/* Drop reasons as a reader of results wants them: in five groups, and in words. */
#ifndef LAB_LOSS_H
#define LAB_LOSS_H

#include <stdint.h>

#include "dataplane/drop.h"

enum loss { LOSS_REPLAY, LOSS_QUEUE, LOSS_POLICER, LOSS_WIRE, LOSS_OTHER, LOSS_COUNT };

struct loss_info {
	enum loss group;
	const char *meaning; /* at most 56 characters */
};

extern const struct loss_info loss_info[DROP_COUNT];

/* drops: DROP_COUNT of them. */
uint64_t loss_sum(const uint64_t *drops, enum loss group);
uint64_t loss_total(const uint64_t *drops);

#endif
