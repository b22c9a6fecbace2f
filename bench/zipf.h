/* Which SA the next packet belongs to: one after the other, at random, or few of them most of the time
 * (Zipf with exponent 1: the k-th most frequent has a share of 1 / k of the first one's).  Frequent and rare
 * ones are mixed in memory.  One thread. */
#ifndef BENCH_ZIPF_H
#define BENCH_ZIPF_H

#include <stdint.h>

#include "base/rng.h"
#include "base/status.h"

enum bench_order { BENCH_ROUND_ROBIN, BENCH_RANDOM, BENCH_ZIPF, BENCH_ORDER_COUNT };

struct zipf {
	enum bench_order order;
	uint32_t n, next;
	struct rng rng;
	double *sums;	/* zipf: of the shares of the first k + 1 */
	uint32_t *rank; /* zipf: who has the k-th share */
};

/* n > 0. */
enum status zipf_init(struct zipf *zipf, enum bench_order order, uint32_t n, uint64_t seed);
void zipf_fini(struct zipf *zipf);
/* 0..n-1 */
uint32_t zipf_next(struct zipf *zipf);

#endif
