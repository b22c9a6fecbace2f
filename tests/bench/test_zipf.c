/* Orders of SAs: everybody's turn, equal chances, and Zipf's shares. */
#include "bench/zipf.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

int suite_zipf(void);

#define DRAWS 200000u

/* How often each of n came in DRAWS draws; the caller's. */
static uint32_t *
counts_make(enum bench_order order, uint32_t n)
{
	uint32_t *counts = calloc(n, sizeof(*counts));
	struct zipf zipf;

	CU_ASSERT_PTR_NOT_NULL_FATAL(counts);
	CU_ASSERT_EQUAL_FATAL(zipf_init(&zipf, order, n, 7), ST_OK);
	for (unsigned i = 0; i < DRAWS; i++) {
		uint32_t at = zipf_next(&zipf);

		CU_ASSERT_FATAL(at < n);
		counts[at]++;
	}
	zipf_fini(&zipf);
	return counts;
}

static void
test_round_robin(void)
{
	uint32_t *counts = counts_make(BENCH_ROUND_ROBIN, 1000);
	struct zipf zipf;

	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(counts[i], DRAWS / 1000);
	free(counts);
	CU_ASSERT_EQUAL_FATAL(zipf_init(&zipf, BENCH_ROUND_ROBIN, 3, 7), ST_OK);
	for (unsigned i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(zipf_next(&zipf), i % 3);
	zipf_fini(&zipf);
}

static void
test_random(void)
{
	uint32_t *counts = counts_make(BENCH_RANDOM, 100);

	for (unsigned i = 0; i < 100; i++) /* 2000 expected, deviation 44.5 */
		CU_ASSERT(counts[i] > 1750 && counts[i] < 2250);
	free(counts);
}

static int
more_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The k-th has a share of 1 / (k H), H = 1 + 1/2 + ... + 1/n. */
static void
test_shares(void)
{
	uint32_t *counts = counts_make(BENCH_ZIPF, 1000);
	double sum = 0;

	for (unsigned k = 1; k <= 1000; k++)
		sum += 1.0 / k;
	CU_ASSERT(counts[0] != counts[1] && counts[1] != counts[2]); /* not by number */
	qsort(counts, 1000, sizeof(*counts), more_first);
	for (unsigned k = 1; k <= 10; k++) {
		double wanted = DRAWS / (k * sum);

		CU_ASSERT(counts[k - 1] > wanted * 0.94 && counts[k - 1] < wanted * 1.06);
	}
	free(counts);
}

/* Frequent ones are anywhere. */
static void
test_mixed(void)
{
	uint32_t *counts = counts_make(BENCH_ZIPF, 1000);
	uint32_t half = 0;

	for (unsigned i = 0; i < 500; i++)
		half += counts[i];
	CU_ASSERT(half > DRAWS / 4 && half < DRAWS / 4 * 3);
	free(counts);
}

static void
test_alone_and_repeatable(void)
{
	struct zipf one, two;

	for (enum bench_order order = 0; order < BENCH_ORDER_COUNT; order++) {
		CU_ASSERT_EQUAL_FATAL(zipf_init(&one, order, 1, 7), ST_OK);
		for (unsigned i = 0; i < 5; i++)
			CU_ASSERT_EQUAL(zipf_next(&one), 0);
		zipf_fini(&one);
		CU_ASSERT_EQUAL_FATAL(zipf_init(&one, order, 1000000, 7), ST_OK);
		CU_ASSERT_EQUAL_FATAL(zipf_init(&two, order, 1000000, 7), ST_OK);
		for (unsigned i = 0; i < 100; i++)
			CU_ASSERT_EQUAL(zipf_next(&one), zipf_next(&two));
		zipf_fini(&one);
		zipf_fini(&two);
	}
}

int
suite_zipf(void)
{
	CU_pSuite s = CU_add_suite("zipf", NULL, NULL);

	CU_ADD_TEST(s, test_round_robin);
	CU_ADD_TEST(s, test_random);
	CU_ADD_TEST(s, test_shares);
	CU_ADD_TEST(s, test_mixed);
	CU_ADD_TEST(s, test_alone_and_repeatable);
	return 0;
}
