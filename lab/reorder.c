/* Reordering metrics of RFC 4737, computed as packets arrive; those of RFC 5236 are in
 * lab/reorder_density.c.
 *
 * The packet that gives a reordered packet its extent, the earliest arrival with a larger number
 * (§4.2.3), always set a new maximum and left numbers out: a sequence discontinuity (§3.4).  Only these
 * "jumps" are kept, in a ring that a binary search finds them in, so a flow in order stores nothing
 * there.  A ring of `depth` jumps reaches back over at least `depth` arrivals.  A bitmap of the last
 * `depth` numbers tells duplicates; below it a number is taken for a duplicate only where no jump above
 * it is known.
 *
 * Not here: byte offsets (§4.4), gaps in time (§4.5.4), fragments (Appendix B). */
#include "lab/reorder.h"

#include <stdlib.h>

#include "lab/reorder_priv.h"

#define LAST (REORDER_N_MAX) /* a power of two */

struct jump {
	uint64_t num, index, time_ns; /* index: arrivals before it, without duplicates */
};

struct reorder {
	struct reorder_stats stats;
	uint64_t expected;	 /* NextExp, §3.3 */
	uint64_t mask;		 /* depth - 1 */
	uint64_t run_start;	 /* packets in order before the open run */
	uint64_t jumps;		 /* so far; jump k lies at k & mask */
	uint64_t forgotten;	 /* number of the last jump that left the ring, 0 where none did */
	uint64_t top;		 /* the last jump that became a reordering discontinuity (§4.5.3) ... */
	uint64_t top_index;	 /* ... and its index */
	uint64_t found_index;	 /* index of the last discontinuity that left the ring */
	bool top_any, found_any; /* whether there is such a one */
	struct density density;
	uint64_t last[LAST]; /* numbers of the last arrivals, by arrival */
	struct jump *ring;
	uint64_t *seen;	 /* a bit a number, by number & mask */
	uint64_t *found; /* a bit a place of the ring: the jump is a reordering discontinuity */
};

static inline void
seen_set(struct reorder *r, uint64_t num)
{
	r->seen[(num & r->mask) / 64] |= UINT64_C(1) << num % 64;
}

static inline bool
seen_test(const struct reorder *r, uint64_t num)
{
	return r->seen[(num & r->mask) / 64] >> num % 64 & 1;
}

/* Numbers from..to-1 are new to the bitmap, their places still hold those of depth before. */
static void
seen_clear(struct reorder *r, uint64_t from, uint64_t to)
{
	/* More than a full turn clears no more than a full turn. */
	if (to - from > r->mask)
		from = to - r->mask - 1;
	while (from < to) {
		unsigned first = from % 64;
		uint64_t n = to - from < 64 - first ? to - from : 64 - first;
		uint64_t bits = n < 64 ? ((UINT64_C(1) << n) - 1) << first : UINT64_MAX;
		r->seen[(from & r->mask) / 64] &= ~bits;
		from += n;
	}
}

static inline struct jump *
jump_at(const struct reorder *r, uint64_t k)
{
	return &r->ring[k & r->mask];
}

static inline uint64_t
jump_oldest(const struct reorder *r)
{
	return r->jumps > r->mask ? r->jumps - r->mask - 1 : 0;
}

static inline bool
found_test(const struct reorder *r, uint64_t k)
{
	return r->found[(k & r->mask) / 64] >> k % 64 & 1;
}

/* The packet that is about to be counted is a sequence discontinuity, RFC 4737 §3.4. */
static void
jump_add(struct reorder *r, uint64_t num, uint64_t time_ns)
{
	uint64_t k = r->jumps;
	struct jump *jump = jump_at(r, k);

	if (k > r->mask) {
		r->forgotten = jump->num;
		if (found_test(r, k)) {
			r->found_any = true;
			r->found_index = jump->index;
		}
	}
	r->found[(k & r->mask) / 64] &= ~(UINT64_C(1) << k % 64);
	*jump = (struct jump){num, r->stats.received, time_ns};
	r->jumps++;
	seen_clear(r, r->expected, num);
}

/* The first jump in the ring to a number above num; r->jumps where there is none. */
static uint64_t
jump_above(const struct reorder *r, uint64_t num)
{
	uint64_t low = jump_oldest(r), high = r->jumps;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (jump_at(r, middle)->num > num)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The index of the last reordering discontinuity before jump k; false where there is none. */
static bool
found_before(const struct reorder *r, uint64_t k, uint64_t *index)
{
	uint64_t oldest = jump_oldest(r);

	while (k > oldest) {
		k--;
		/* Bit 63 is place k; what lies below the oldest place belongs to the newest jumps. */
		uint64_t word = r->found[(k & r->mask) / 64] << (63 - k % 64);
		unsigned skip = word ? (unsigned)__builtin_clzll(word) : (unsigned)(k % 64);
		if (skip > k - oldest)
			break;
		k -= skip;
		if (word) {
			*index = jump_at(r, k)->index;
			return true;
		}
	}
	*index = r->found_index;
	return r->found_any;
}

/* Jump k is a reordering discontinuity; RFC 4737 §4.5.4 gives it a gap when that is found out. */
static void
gap_count(struct reorder *r, uint64_t k)
{
	uint64_t index = jump_at(r, k)->index, before;
	bool gap;

	if (found_test(r, k))
		return;
	if (!r->top_any || k > r->top) {
		gap = r->top_any;
		before = r->top_index;
		r->top_any = true;
		r->top = k;
		r->top_index = index;
	} else {
		gap = found_before(r, k, &before);
	}
	r->found[(k & r->mask) / 64] |= UINT64_C(1) << k % 64;
	if (gap) {
		r->stats.gap_count++;
		r->stats.gap_sum += index - before;
	}
}

/* RFC 4737 §4.2.3 and §4.3.3; k is the jump that the packet should have come before. */
static void
extent_count(struct reorder *r, uint64_t k, bool forgotten, uint64_t time_ns)
{
	struct reorder_stats *stats = &r->stats;
	const struct jump *jump = jump_at(r, k);
	uint64_t extent = stats->received - jump->index, depth = r->mask + 1;
	uint64_t late_ns = time_ns - jump->time_ns;

	if (forgotten || extent > depth) {
		stats->truncated++;
		extent = depth;
	}
	stats->extent_sum += extent;
	if (extent > stats->extent_max)
		stats->extent_max = extent;
	stats->late_ns_sum += late_ns;
	if (late_ns > stats->late_ns_max)
		stats->late_ns_max = late_ns;
}

/* RFC 4737 §5.3: how many of the last arrivals, without a break, have larger numbers. */
static void
n_count(struct reorder *r, uint64_t num)
{
	uint64_t received = r->stats.received, limit = received < REORDER_N_MAX ? received : REORDER_N_MAX;

	for (uint64_t n = 1; n <= limit && r->last[(received - n) % LAST] > num; n++)
		r->stats.n_reordered[n]++;
}

/* RFC 4737 §4.6.3: the packets in order since the last reordered one. */
static void
run_add(struct reorder *r)
{
	uint64_t in_order = r->stats.received - r->stats.reordered, run = in_order - r->run_start;

	r->stats.run_sum += run;
	r->run_start = in_order;
}

static void
run_close(struct reorder *r)
{
	uint64_t run = r->stats.received - r->stats.reordered - r->run_start;

	r->stats.run_count++;
	r->stats.run_squares += run * run;
	run_add(r);
}

/* A packet below the expected number: a duplicate, or reordered. */
static void
late_arrive(struct reorder *r, uint64_t num, uint64_t time_ns)
{
	bool near = r->expected - num <= r->mask + 1, forgotten = num < r->forgotten;
	uint64_t k = jump_above(r, num);

	/* Below the bitmap and with no jump above, all numbers from this one on were seen. */
	if (near ? seen_test(r, num) : k == r->jumps) {
		r->stats.duplicates++;
		return;
	}
	density_turn(&r->density, &r->stats, num);
	extent_count(r, k, forgotten, time_ns);
	if (!forgotten)
		gap_count(r, k);
	n_count(r, num);
	run_close(r);
	r->stats.reordered++;
	if (near)
		seen_set(r, num);
	r->last[r->stats.received++ % LAST] = num;
}

enum status
reorder_create(unsigned depth, struct reorder **reorder)
{
	if (depth < 64 || depth > 1u << 20 || (depth & (depth - 1)))
		return ST_ERR_RANGE;

	size_t bits = depth / 64 * sizeof(uint64_t);
	struct reorder *r = calloc(1, sizeof(*r) + depth * sizeof(struct jump) + 2 * bits);
	if (!r)
		return ST_ERR_NOMEM;
	r->mask = depth - 1;
	r->ring = (struct jump *)(r + 1);
	r->seen = (uint64_t *)(r->ring + depth);
	r->found = r->seen + depth / 64;
	density_init(&r->density, REORDER_RD_MAX);
	*reorder = r;
	return ST_OK;
}

void
reorder_destroy(struct reorder *reorder)
{
	free(reorder);
}

void
reorder_arrive(struct reorder *r, uint64_t num, uint64_t time_ns)
{
	if (__builtin_expect(num != r->expected, 0)) {
		if (num < r->expected) {
			late_arrive(r, num, time_ns);
			return;
		}
		jump_add(r, num, time_ns);
	}
	density_arrive(&r->density, &r->stats, num);
	r->expected = num + 1;
	seen_set(r, num);
	r->last[r->stats.received++ % LAST] = num;
}

void
reorder_finish(struct reorder *r)
{
	run_add(r);
	density_finish(&r->density, &r->stats);
}

const struct reorder_stats *
reorder_stats(const struct reorder *reorder)
{
	return &reorder->stats;
}

static void
counters_add(uint64_t *sum, const uint64_t *more, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sum[i] += more[i];
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
reorder_stats_merge(struct reorder_stats *sum, const struct reorder_stats *more)
{
	sum->received += more->received;
	sum->duplicates += more->duplicates;
	sum->reordered += more->reordered;
	sum->truncated += more->truncated;
	sum->extent_max = larger(sum->extent_max, more->extent_max);
	sum->extent_sum += more->extent_sum;
	sum->late_ns_max = larger(sum->late_ns_max, more->late_ns_max);
	sum->late_ns_sum += more->late_ns_sum;
	sum->gap_count += more->gap_count;
	sum->gap_sum += more->gap_sum;
	sum->run_count += more->run_count;
	sum->run_sum += more->run_sum;
	sum->run_squares += more->run_squares;
	sum->rd_lost += more->rd_lost;
	counters_add(sum->n_reordered, more->n_reordered, REORDER_N_MAX + 1);
	counters_add(sum->rd, more->rd, 2 * REORDER_RD_MAX + 1);
	counters_add(sum->rbd, more->rbd, REORDER_RD_MAX + 1);
}
