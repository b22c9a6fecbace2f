/* Reordering of one flow at one point: RFC 4737 and RFC 5236, in one pass.
 *
 * Numbers are the sender's packet numbers, from 0, +1 each.  A packet in order costs a few cycles; only a
 * reordered one looks back, over the last `depth` arrivals (a longer look-back is counted as truncated).
 * Allocates only in reorder_create().  One thread.  Mergeable over flows. */
#ifndef LAB_REORDER_H
#define LAB_REORDER_H

#include <stdint.h>

#include "base/status.h"

#define REORDER_N_MAX 64 /* n-reordering is counted for n = 1..64 */
#define REORDER_RD_MAX 64 /* displacements -64..64, and what lies beyond (RFC 5236 DT) */

struct reorder;

/* What a flow, or a class by merging flows, has seen. */
struct reorder_stats {
	uint64_t received;   /* without duplicates */
	uint64_t duplicates; /* RFC 4737 §3.6, not counted as reordered; exact within depth */
	uint64_t reordered;  /* RFC 4737 §3.3: number < next expected; ratio = reordered / received (§4.1) */
	uint64_t truncated;  /* extents that reach beyond depth: depth is taken */
	uint64_t extent_max, extent_sum; /* §4.2.3, packets */
	/* §4.3.3 late time: this arrival - arrival of the packet that gives the extent; where more than depth
	 * sequence discontinuities lie between, the oldest of the last depth ones is taken. */
	uint64_t late_ns_max, late_ns_sum;
	uint64_t gap_count, gap_sum; /* §4.5.4: gaps between reordering discontinuities, packets */
	/* §4.6.3, reordering-free runs: x (= reordered), a (the open run comes in with reorder_finish(), then
	 * x + a = received) and q, the sum of the squares of the runs that a reordered packet ended. */
	uint64_t run_count, run_sum, run_squares;
	/* §5.3: [n] = packets that are n-reordered (all n before are larger), for 1..n each */
	uint64_t n_reordered[REORDER_N_MAX + 1];
	/* RFC 5236 §3.5: index less number, without lost and duplicates; [REORDER_RD_MAX] is 0 */
	uint64_t rd[2 * REORDER_RD_MAX + 1];
	uint64_t rd_lost; /* numbers taken for lost: not seen within the displacement threshold (§3.4) */
	uint64_t rbd[REORDER_RD_MAX + 1]; /* buffer occupancy after each arrival, RFC 5236 §3.10 */
};

/* depth: a power of two, 64..1<<20. */
enum status reorder_create(unsigned depth, struct reorder **reorder);
void reorder_destroy(struct reorder *reorder);
/* Packet `num` arrived at time_ns; times do not decrease. */
void reorder_arrive(struct reorder *reorder, uint64_t num, uint64_t time_ns);
/* No more packets: what is still open (last run, RFC 5236 window) is counted. */
void reorder_finish(struct reorder *reorder);
const struct reorder_stats *reorder_stats(const struct reorder *reorder);
void reorder_stats_merge(struct reorder_stats *sum, const struct reorder_stats *more);

#endif
