/* Orders of SAs: see zipf.h.  Zipf by a table of sums and binary search, which is exact and needs no libm. */
#include "bench/zipf.h"

#include <stdlib.h>

enum status
zipf_init(struct zipf *zipf, enum bench_order order, uint32_t n, uint64_t seed)
{
	double sum = 0;

	*zipf = (struct zipf){.order = order, .n = n};
	rng_init(&zipf->rng, seed, "zipf");
	if (order != BENCH_ZIPF)
		return ST_OK;
	zipf->sums = calloc(n, sizeof(*zipf->sums));
	zipf->rank = calloc(n, sizeof(*zipf->rank));
	if (!zipf->sums || !zipf->rank) {
		zipf_fini(zipf);
		return ST_ERR_NOMEM;
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t other = (uint32_t)rng_below(&zipf->rng, k + 1); /* Fisher and Yates */

		zipf->sums[k] = sum += 1.0 / (k + 1);
		zipf->rank[k] = zipf->rank[other];
		zipf->rank[other] = k;
	}
	return ST_OK;
}

void
zipf_fini(struct zipf *zipf)
{
	free(zipf->sums);
	free(zipf->rank);
	zipf->sums = NULL;
	zipf->rank = NULL;
}

/* The first whose sum is above what was drawn. */
static uint32_t
zipf_draw(struct zipf *zipf)
{
	double want = rng_unit(&zipf->rng) * zipf->sums[zipf->n - 1];
	uint32_t lo = 0, hi = zipf->n - 1;

	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;

		if (zipf->sums[middle] > want)
			hi = middle;
		else
			lo = middle + 1;
	}
	return zipf->rank[lo];
}

uint32_t
zipf_next(struct zipf *zipf)
{
	uint32_t at = zipf->next;

	switch (zipf->order) {
	case BENCH_RANDOM:
		return (uint32_t)rng_below(&zipf->rng, zipf->n);
	case BENCH_ZIPF:
		return zipf_draw(zipf);
	default:
		zipf->next = at + 1 == zipf->n ? 0 : at + 1;
		return at;
	}
}
