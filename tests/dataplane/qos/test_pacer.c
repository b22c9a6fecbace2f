/* dataplane/qos/pacer.c: exact time of bytes, without drift, against 128-bit division; buckets by hand. */
#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "base/rng.h"
#include "dataplane/qos/pacer.h"

int suite_pacer(void);

/* Nice rates, rates that divide nothing, the least and the greatest. */
static const uint64_t rates[] = {
	1,
	7,
	64000,
	1536000,
	1234567,
	UINT64_C(10000000000),
	UINT64_C(9999999967),
	UINT64_C(3000000000),
	QOS_RATE_MAX - 1,
	QOS_RATE_MAX,
};
#define N_RATES (sizeof(rates) / sizeof(rates[0]))

static uint64_t
time_exact(unsigned __int128 bytes, uint64_t bps)
{
	return (bytes * 8 * NS_PER_SEC + bps - 1) / bps;
}

static void
test_divide(void)
{
	struct rng rng;
	struct pacer pacer;

	rng_init(&rng, 1, "pacer divide");
	for (unsigned r = 0; r < N_RATES; r++) {
		pacer_init(&pacer, rates[r], 0);
		CU_ASSERT_EQUAL((unsigned __int128)pacer.num * rates[r],
			(unsigned __int128)8 * NS_PER_SEC * pacer.den);
		for (unsigned i = 0; i < 2000; i++) {
			uint64_t parts = rng_u64(&rng) >> (1 + i % 60);
			uint64_t edge = parts - parts % pacer.den;

			CU_ASSERT_EQUAL_FATAL(pacer_divide(&pacer, parts), parts / pacer.den);
			CU_ASSERT_EQUAL_FATAL(pacer_divide(&pacer, edge), edge / pacer.den);
			if (edge)
				CU_ASSERT_EQUAL_FATAL(pacer_divide(&pacer, edge - 1), (edge - 1) / pacer.den);
		}
	}
}

/* Back to back, every start is the time of all the bytes before, also where the base has moved. */
static void
test_no_drift(void)
{
	struct rng rng;
	struct pacer line;

	rng_init(&rng, 1, "pacer drift");
	for (unsigned r = 0; r < N_RATES; r++) {
		uint64_t sum = 0, begin = 1000003;

		pacer_init(&line, rates[r], 0);
		for (unsigned i = 0; i < 20000; i++) {
			uint32_t bytes = 20 + rng_below(&rng, 65516);
			uint64_t start = i ? line.full_ns : begin;

			CU_ASSERT_EQUAL_FATAL(start, begin + time_exact(sum, rates[r]));
			pacer_take(&line, bytes, start, begin);
			sum += bytes;
		}
	}
}

/* 100 bytes at 3 Gb/s take 266 2/3 ns. */
static void
test_fresh(void)
{
	struct pacer line;

	pacer_init(&line, UINT64_C(3000000000), 0);
	pacer_take(&line, 100, 10, 10);
	CU_ASSERT_EQUAL(line.full_ns, 277); /* 276.67 */
	pacer_take(&line, 100, 277, 11);    /* it waited: from 276.67 */
	CU_ASSERT_EQUAL(line.full_ns, 544); /* 543.33 */
	pacer_take(&line, 100, 544, 544);   /* it came at 544, the line was free */
	CU_ASSERT_EQUAL(line.full_ns, 811); /* 810.67 */
	pacer_take(&line, 100, 900, 850);   /* something else made it wait */
	CU_ASSERT_EQUAL(line.full_ns, 1167);
}

static void
test_infinite(void)
{
	struct pacer line;

	pacer_init(&line, 0, 0);
	pacer_take(&line, 65535, 77, 77);
	CU_ASSERT_EQUAL(line.full_ns, 77);
	CU_ASSERT_EQUAL(pacer_next(&line, 65535), 77);
}

/* 1 Mb/s: 8000 ns a byte.  3000 bytes of bucket. */
static void
test_bucket(void)
{
	struct pacer bucket;

	pacer_init(&bucket, 1000000, 3000);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 3000), 0);
	pacer_take(&bucket, 1500, 0, 0);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1500), 0);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1501), 8000);
	pacer_take(&bucket, 1500, 0, 0);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1), 8000);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1500), 12000000);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 9000), 24000000); /* when full */
	pacer_take(&bucket, 9000, 24000000, 0);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1), 24000000 + 6001 * 8000); /* the debt first */
	pacer_take(&bucket, 1000, 1000000000, 1000000000); /* long full, and never more than full: */
	CU_ASSERT_TRUE(pacer_next(&bucket, 2000) <= 1000000000);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 2001), 1000008000);
}

/* More credit than 64 bits of ns can hold is as good as endless: 2^64 ns and a little at 1 bit/s. */
static void
test_bucket_endless(void)
{
	struct pacer bucket;

	pacer_init(&bucket, 1, 2305843010);
	pacer_take(&bucket, 1, 0, 0);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 65535), 0);
}

/* Parts of a ns in bucket and packet: 3 Gb/s, 2 2/3 ns a byte. */
static void
test_bucket_parts(void)
{
	struct pacer bucket;

	pacer_init(&bucket, UINT64_C(3000000000), 1000); /* 2666.67 ns */
	pacer_take(&bucket, 1000, 5000, 5000);		 /* full at 7666.67 */
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1), 5003);	 /* 5002.67 */
	CU_ASSERT_EQUAL(pacer_next(&bucket, 2), 5006);	 /* 5005.33 */
	CU_ASSERT_EQUAL(pacer_next(&bucket, 3), 5008);	 /* 5008 */
	CU_ASSERT_EQUAL(pacer_next(&bucket, 1000), 7667);
	CU_ASSERT_EQUAL(pacer_next(&bucket, 2000), 7667);
}

int
suite_pacer(void)
{
	CU_pSuite s = CU_add_suite("pacer", NULL, NULL);

	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_divide);
	CU_ADD_TEST(s, test_no_drift);
	CU_ADD_TEST(s, test_fresh);
	CU_ADD_TEST(s, test_infinite);
	CU_ADD_TEST(s, test_bucket);
	CU_ADD_TEST(s, test_bucket_endless);
	CU_ADD_TEST(s, test_bucket_parts);
	return 0;
}
