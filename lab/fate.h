/* What became of packets of a flow that went in pieces, so that a packet counts once however many pieces of
 * it ended, and where: by the first piece that did.  One thread.
 *
 * Grows with the numbers of such packets: a byte for each number below the highest. */
#ifndef LAB_FATE_H
#define LAB_FATE_H

#include <stdint.h>

#include "dataplane/drop.h"

struct fate {
	uint8_t *of; /* by number: 0: nothing yet, else enum drop, or FATE_DELIVERED */
	uint64_t n;
};

#define FATE_DELIVERED UINT8_MAX

void fate_fini(struct fate *fate);
/* A piece, or all of it, has ended.  Where memory is short it is forgotten. */
void fate_drop(struct fate *fate, uint64_t num, enum drop reason);
void fate_deliver(struct fate *fate, uint64_t num);
/* Adds packets by reason; returns those that were delivered. */
uint64_t fate_count(const struct fate *fate, uint64_t drops[DROP_COUNT]);

#endif
