/* Distribution of delays: a log-linear histogram of ns (relative error at most 1/128), exact min, max, sum.
 * Recording is a few cycles and allocates nothing.  No EAL.  One thread. */
#ifndef LAB_DELAY_H
#define LAB_DELAY_H

#include <stdint.h>

#define DELAY_SUB_BITS 7
#define DELAY_BUCKETS ((64 - DELAY_SUB_BITS + 1) << DELAY_SUB_BITS)

struct delay {
	uint64_t count, sum, min, max; /* ns; min is UINT64_MAX while count is 0 */
	uint32_t *bucket;	       /* DELAY_BUCKETS of them, lazily touched memory */
};

/* False where memory is short. */
int delay_init(struct delay *delay);
void delay_fini(struct delay *delay);
void delay_record(struct delay *delay, uint64_t ns);
/* Smallest recorded-bucket upper bound (never above max, never below min) such that fraction q (0..1) of
 * values is at or below it; 0 where nothing was recorded. */
uint64_t delay_quantile(const struct delay *delay, double q);
void delay_merge(struct delay *sum, const struct delay *more);

#endif
