/* lab/delay: quantiles against sorted samples, and the ends of the scale. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lab/delay.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_delay(void);

static struct delay
delay_open(void)
{
	struct delay delay;
	CU_ASSERT_FATAL(delay_init(&delay));
	return delay;
}

static void
test_empty(void)
{
	struct delay delay = delay_open();
	CU_ASSERT_EQUAL(delay.count, 0);
	CU_ASSERT_EQUAL(delay.sum, 0);
	CU_ASSERT_EQUAL(delay.min, UINT64_MAX);
	CU_ASSERT_EQUAL(delay.max, 0);
	CU_ASSERT_EQUAL(delay_quantile(&delay, 0), 0);
	CU_ASSERT_EQUAL(delay_quantile(&delay, 1), 0);
	delay_fini(&delay);
}

/* Below 2^8 every value has a bucket of its own, so ranks are exact: 200 values 1..200. */
static void
test_ranks(void)
{
	static const struct {
		double q;
		uint64_t want;
	} rank[] = {{0, 1}, {0.001, 1}, {0.005, 1}, {0.0051, 2}, {0.5, 100}, {0.501, 101}, {0.9, 180},
		{0.99, 198}, {0.995, 199}, {0.999, 200}, {1, 200}};
	struct delay delay = delay_open();

	for (uint64_t ns = 200; ns; ns--)
		delay_record(&delay, ns);
	for (unsigned i = 0; i < COUNT(rank); i++)
		CU_ASSERT_EQUAL(delay_quantile(&delay, rank[i].q), rank[i].want);
	CU_ASSERT_EQUAL(delay.count, 200);
	CU_ASSERT_EQUAL(delay.sum, 200 * 201 / 2);
	delay_fini(&delay);
}

/* k / n of n packets is k packets, however q and the product are rounded. */
static void
test_rank_rounding(void)
{
	for (unsigned n = 1; n <= 255; n++) {
		struct delay delay = delay_open();
		unsigned wrong = 0;
		for (unsigned ns = 1; ns <= n; ns++)
			delay_record(&delay, ns);
		for (unsigned k = 1; k <= n; k++)
			wrong += delay_quantile(&delay, (double)k / n) != k;
		CU_ASSERT_EQUAL(wrong, 0);
		delay_fini(&delay);
	}
}

/* One value alone comes back exactly, wherever it lies in its bucket. */
static void
test_one_value(void)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t near[] = {(UINT64_C(1) << bit) - 1, UINT64_C(1) << bit, (UINT64_C(1) << bit) + 1,
			UINT64_C(3) << bit >> 1};
		for (unsigned i = 0; i < COUNT(near); i++) {
			struct delay delay = delay_open();
			delay_record(&delay, near[i]);
			CU_ASSERT_EQUAL(delay_quantile(&delay, 0), near[i]);
			CU_ASSERT_EQUAL(delay_quantile(&delay, 0.5), near[i]);
			CU_ASSERT_EQUAL(delay_quantile(&delay, 1), near[i]);
			delay_fini(&delay);
		}
	}
}

/* With 0 and the largest value around it, each value is found as the upper bound of its bucket: from 256 on
 * an octave has 128 buckets. */
static void
test_bounds(void)
{
	static const uint64_t bound[][2] = {{0, 0}, {1, 1}, {127, 127}, {128, 128}, {255, 255}, {256, 257},
		{257, 257}, {258, 259}, {511, 511}, {512, 515}, {1000, 1003}, {1000000, 1003519},
		{UINT64_C(1) << 62, (UINT64_C(1) << 62) + (UINT64_C(1) << 55) - 1},
		{UINT64_MAX - 1, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}};
	for (unsigned i = 0; i < COUNT(bound); i++) {
		struct delay delay = delay_open();
		delay_record(&delay, 0);
		delay_record(&delay, bound[i][0]);
		delay_record(&delay, UINT64_MAX);
		CU_ASSERT_EQUAL(delay_quantile(&delay, 0.5), bound[i][1]);
		CU_ASSERT_EQUAL(delay_quantile(&delay, 1), UINT64_MAX);
		CU_ASSERT_EQUAL(delay.min, 0);
		CU_ASSERT_EQUAL(delay.max, UINT64_MAX);
		delay_fini(&delay);
	}
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Values over all magnitudes: never below the value of that rank, above it by 1/128 of it at most. */
static void
test_error_bound(void)
{
	enum { N = 5000 };
	static const double q[] = {0, 0.0001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};
	uint64_t *value = malloc(N * sizeof(*value));
	struct rng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(value);
	rng_init(&rng, 1, "test_delay");
	for (unsigned turn = 0; turn < 20; turn++) {
		struct delay delay = delay_open();
		for (unsigned i = 0; i < N; i++) {
			value[i] = turn % 2 ? rng_u64(&rng) >> rng_below(&rng, 64) : rng_below(&rng, 1000000);
			delay_record(&delay, value[i]);
		}
		qsort(value, N, sizeof(*value), compare);
		for (unsigned i = 0; i < COUNT(q); i++) {
			unsigned rank = 0;
			while (rank + 1 < N && (rank + 1) < q[i] * N - 1e-6)
				rank++;
			uint64_t got = delay_quantile(&delay, q[i]);
			CU_ASSERT(got >= value[rank]);
			CU_ASSERT((got - value[rank]) <= value[rank] / 128);
			CU_ASSERT(got <= value[N - 1]);
		}
		CU_ASSERT_EQUAL(delay.min, value[0]);
		CU_ASSERT_EQUAL(delay.max, value[N - 1]);
		delay_fini(&delay);
	}
	free(value);
}

static void
test_merge(void)
{
	struct delay a = delay_open(), b = delay_open(), both = delay_open(), empty = delay_open();
	struct rng rng;

	rng_init(&rng, 2, "test_delay");
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t ns = rng_u64(&rng) >> (20 + rng_below(&rng, 44));
		delay_record(i % 3 ? &a : &b, ns);
		delay_record(&both, ns);
	}
	delay_merge(&a, &b);
	delay_merge(&a, &empty);
	CU_ASSERT_EQUAL(a.count, both.count);
	CU_ASSERT_EQUAL(a.sum, both.sum);
	CU_ASSERT_EQUAL(a.min, both.min);
	CU_ASSERT_EQUAL(a.max, both.max);
	CU_ASSERT_EQUAL(memcmp(a.bucket, both.bucket, DELAY_BUCKETS * sizeof(*a.bucket)), 0);
	delay_merge(&empty, &b);
	CU_ASSERT_EQUAL(empty.min, b.min);
	CU_ASSERT_EQUAL(delay_quantile(&empty, 0.5), delay_quantile(&b, 0.5));
	delay_fini(&a);
	delay_fini(&b);
	delay_fini(&both);
	delay_fini(&empty);
	CU_ASSERT_PTR_NULL(a.bucket);
}

int
suite_delay(void)
{
	CU_pSuite s = CU_add_suite("delay", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_empty);
	CU_ADD_TEST(s, test_ranks);
	CU_ADD_TEST(s, test_rank_rounding);
	CU_ADD_TEST(s, test_one_value);
	CU_ADD_TEST(s, test_bounds);
	CU_ADD_TEST(s, test_error_bound);
	CU_ADD_TEST(s, test_merge);
	return 0;
}
