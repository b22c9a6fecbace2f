/* Log-linear histogram: below 2^DELAY_SUB_BITS one bucket a value, above it 2^DELAY_SUB_BITS buckets an
 * octave, so that a bucket is never wider than 1/128 of its values.  Not here: deviations, and values
 * with a sign. */
#include "lab/delay.h"

#include <stdlib.h>

#define SUB_COUNT (UINT64_C(1) << DELAY_SUB_BITS)

static inline unsigned
bucket_of(uint64_t ns)
{
	if (ns < SUB_COUNT)
		return (unsigned)ns;

	unsigned shift = 63 - (unsigned)__builtin_clzll(ns) - DELAY_SUB_BITS;
	return (shift << DELAY_SUB_BITS) + (unsigned)(ns >> shift);
}

/* The largest value of a bucket. */
static uint64_t
bucket_top(unsigned bucket)
{
	if (bucket < SUB_COUNT)
		return bucket;

	unsigned shift = (bucket >> DELAY_SUB_BITS) - 1;
	uint64_t lead = SUB_COUNT + bucket % SUB_COUNT;
	return (lead << shift) + ((UINT64_C(1) << shift) - 1);
}

int
delay_init(struct delay *delay)
{
	*delay = (struct delay){.min = UINT64_MAX, .bucket = calloc(DELAY_BUCKETS, sizeof(*delay->bucket))};
	return delay->bucket != NULL;
}

void
delay_fini(struct delay *delay)
{
	free(delay->bucket);
	delay->bucket = NULL;
}

void
delay_record(struct delay *delay, uint64_t ns)
{
	delay->count++;
	delay->sum += ns;
	if (ns < delay->min)
		delay->min = ns;
	if (ns > delay->max)
		delay->max = ns;
	delay->bucket[bucket_of(ns)]++;
}

uint64_t
delay_quantile(const struct delay *delay, double q)
{
	/* A rank such as 0.999 * 1000 must not become 999.0000000000001: allow for the rounding of q and of
	 * the product, far less than one packet. */
	double rank = q * (double)delay->count * (1 - 0x1p-50);
	uint64_t below = 0;

	if (!delay->count)
		return 0;
	for (unsigned b = bucket_of(delay->min); b < bucket_of(delay->max); b++) {
		below += delay->bucket[b];
		if ((double)below >= rank)
			return bucket_top(b);
	}
	return delay->max;
}

void
delay_merge(struct delay *sum, const struct delay *more)
{
	sum->count += more->count;
	sum->sum += more->sum;
	if (more->min < sum->min)
		sum->min = more->min;
	if (more->max > sum->max)
		sum->max = more->max;
	for (unsigned b = 0; b < DELAY_BUCKETS; b++)
		sum->bucket[b] += more->bucket[b];
}
