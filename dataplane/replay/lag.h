/* Sequence lag of an SA: how far behind the right edge packets arrive, exactly, for every possible window.
 *
 * lag = right edge - seq at arrival, 0 or less for a packet that moves the edge.  The right edge does not
 * depend on the window (a packet that would move it is never too old), so one histogram gives the loss of
 * every window: with window W the packets with lag >= W are lost.  Memory is reserved once (16 MiB, lazily
 * touched). No EAL.  One writing thread. */
#ifndef DATAPLANE_REPLAY_LAG_H
#define DATAPLANE_REPLAY_LAG_H

#include <stdint.h>

#define LAG_MAX (UINT32_C(1) << 22) /* lags at or above share the last bucket */

struct lag {
	uint64_t packets; /* recorded, duplicates left out by the caller */
	uint64_t late;	  /* lag > 0 */
	uint64_t lag_max; /* exact, also above LAG_MAX */
	uint64_t lag_sum;
	uint32_t *count; /* LAG_MAX + 1; that of lag 0 is not kept */
};

int lag_init(struct lag *lag); /* 0 where memory is short */
void lag_fini(struct lag *lag);

/* One packet with that distance; negative and zero count as in order. */
static inline void
lag_record(struct lag *lag, int64_t distance)
{
	uint64_t d = distance > 0 ? (uint64_t)distance : 0;

	lag->packets++;
	if (!d) /* nobody asks how many, and an SA without late packets touches no page of its histogram */
		return;
	lag->late++;
	lag->lag_sum += d;
	if (d > lag->lag_max)
		lag->lag_max = d;
	lag->count[d < LAG_MAX ? d : LAG_MAX]++;
}

/* Packets that a window of `window` (1..LAG_MAX) would lose. */
uint64_t lag_loss(const struct lag *lag, uint32_t window);
/* The same for n windows in ascending order, in one pass over the histogram. */
void lag_losses(const struct lag *lag, const uint32_t *windows, unsigned n, uint64_t *losses);
/* Smallest window that keeps at least fraction q (0..1) of the packets: q = 1 loses none.
 * LAG_MAX + 1 where even LAG_MAX is not enough; 1 where nothing was recorded. */
uint32_t lag_window(const struct lag *lag, double q);

#endif
