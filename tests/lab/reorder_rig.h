/* What the tests of lab/reorder and lab/reorder_density share: flows as they arrive. */
#ifndef TESTS_LAB_REORDER_RIG_H
#define TESTS_LAB_REORDER_RIG_H

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "lab/reorder.h"

#define SAMPLE_MAX 512
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Arrivals in order. */
struct sample {
	unsigned n;
	uint64_t num[SAMPLE_MAX], time_ns[SAMPLE_MAX];
};

static inline struct reorder *
reorder_open(unsigned depth)
{
	struct reorder *r;
	CU_ASSERT_EQUAL_FATAL(reorder_create(depth, &r), ST_OK);
	return r;
}

static inline struct reorder_stats
sample_run(const struct sample *sample, unsigned depth)
{
	struct reorder *r = reorder_open(depth);
	for (unsigned i = 0; i < sample->n; i++)
		reorder_arrive(r, sample->num[i], sample->time_ns[i]);
	reorder_finish(r);
	struct reorder_stats stats = *reorder_stats(r);
	reorder_destroy(r);
	return stats;
}

/* Packets sent one a tick, each delayed by up to `spread` ticks, lost with p = loss, copied with p = copy;
 * now and then the sender leaves out up to `skip` numbers. */
static inline void
sample_make(struct sample *sample, struct rng *rng, unsigned n, unsigned spread, double loss, double copy,
	unsigned skip)
{
	uint64_t num = rng_below(rng, 3), key[SAMPLE_MAX];

	sample->n = 0;
	for (unsigned tick = 0; tick < n; tick++, num++) {
		unsigned copies = rng_chance(rng, loss) ? 0 : 1 + (unsigned)rng_chance(rng, copy);
		while (copies-- && sample->n < SAMPLE_MAX) {
			uint64_t k = tick + rng_below(rng, spread + 1);
			unsigned i = sample->n++;
			for (; i && key[i - 1] > k; i--) {
				key[i] = key[i - 1];
				sample->num[i] = sample->num[i - 1];
			}
			key[i] = k;
			sample->num[i] = num;
		}
		if (skip && rng_chance(rng, 0.02))
			num += rng_below(rng, skip);
	}
	for (unsigned i = 0; i < sample->n; i++)
		sample->time_ns[i] = i * 100 + rng_below(rng, 100);
}

#endif
