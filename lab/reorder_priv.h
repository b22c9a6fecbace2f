/* Inside of lab/reorder: the densities of RFC 5236, fed with every arrival but known duplicates.
 *
 * A flow in order and without loss is "calm": nothing waits, and both algorithms expect the same number;
 * then a packet costs an increment in each histogram.  One thread. */
#ifndef LAB_REORDER_PRIV_H
#define LAB_REORDER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/reorder.h"

#define AHEAD_NEAR 256 /* numbers ahead of the base that are kept as bits; a power of two */
#define DENSITY_WINDOW (REORDER_RD_MAX + 1)

/* A small set of numbers at or above a base that only grows: bits for the near ones, a list for those beyond
 * a gap.  The base is its owner's. */
struct ahead {
	uint64_t near[AHEAD_NEAR / 64];
	uint64_t far_min; /* UINT64_MAX where none is far */
	unsigned far_count;
	uint64_t far[DENSITY_WINDOW];
};

struct density {
	bool calm;	    /* nothing waits, index = expected */
	unsigned threshold; /* DT = BT, 1..REORDER_RD_MAX */
	uint64_t index;	    /* RI (§3.1): the number that the next packet would have in order */
	uint64_t expected;  /* E (§3.7) of the buffer */
	unsigned held;	    /* B (§3.8) */
	unsigned head, waiting;
	uint64_t window[DENSITY_WINDOW]; /* §7.1: arrivals without a displacement yet, a ring */
	struct ahead present;		 /* window[] and buffer[] of §7.1 in one, from the index on */
	struct ahead buffer;		 /* §7.2 */
};

void density_init(struct density *density, unsigned threshold);
/* What density_arrive() does where the packet is not the expected one or something waits. */
void density_turn(struct density *density, struct reorder_stats *stats, uint64_t num);
/* No more packets: what waits gets its displacement. */
void density_finish(struct density *density, struct reorder_stats *stats);

/* Fills rd, rd_lost and rbd of *stats. */
static inline void
density_arrive(struct density *density, struct reorder_stats *stats, uint64_t num)
{
	if (__builtin_expect(density->calm && num == density->index, 1)) {
		density->index = density->expected = num + 1;
		stats->rd[REORDER_RD_MAX]++;
		stats->rbd[0]++;
	} else {
		density_turn(density, stats, num);
	}
}

#endif
