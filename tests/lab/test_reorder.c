/* lab/reorder, RFC 4737: the examples of its section 7 (numbers from 1 there, from 0 here), and cases that
 * can be calculated.  Random flows are in test_reorder_random.c. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/lab/reorder_rig.h"

#define MS UINT64_C(1000000)

int suite_reorder(void);

/* An example of the RFC: numbers from 1, times in ms (i * 10 ms where NULL). */
static struct reorder_stats
example_run(const unsigned *s, const unsigned *ms, unsigned n)
{
	struct sample sample = {.n = n};
	for (unsigned i = 0; i < n; i++) {
		sample.num[i] = s[i] - 1;
		sample.time_ns[i] = (ms ? ms[i] : 10 * i) * MS;
	}
	return sample_run(&sample, 64);
}

static void
expect_n(const struct reorder_stats *st, const unsigned *want, unsigned n)
{
	for (unsigned i = 0; i <= REORDER_N_MAX; i++)
		CU_ASSERT_EQUAL(st->n_reordered[i], i >= 1 && i <= n ? want[i - 1] : 0);
}

/* RFC 4737 §7.1, table 1. */
static void
test_example_single(void)
{
	static const unsigned s[] = {1, 2, 3, 5, 6, 7, 8, 4, 9, 10};
	static const unsigned ms[] = {68, 88, 108, 148, 168, 188, 208, 210, 228, 248};
	static const unsigned n[] = {1, 1, 1, 1};
	struct reorder_stats st = example_run(s, ms, COUNT(s));

	CU_ASSERT_EQUAL(st.received, 10);
	CU_ASSERT_EQUAL(st.reordered, 1);
	CU_ASSERT_EQUAL(st.extent_max, 4);
	CU_ASSERT_EQUAL(st.extent_sum, 4);
	CU_ASSERT_EQUAL(st.late_ns_max, 62 * MS);
	CU_ASSERT_EQUAL(st.late_ns_sum, 62 * MS);
	CU_ASSERT_EQUAL(st.gap_count, 0);
	CU_ASSERT_EQUAL(st.duplicates + st.truncated, 0);
	expect_n(&st, n, COUNT(n));
}

/* §7.2, table 2: packet 6 is reordered, but not n-reordered. */
static void
test_example_two(void)
{
	static const unsigned s[] = {1, 2, 3, 4, 7, 5, 6, 8, 9, 10};
	static const unsigned ms[] = {68, 88, 108, 128, 188, 189, 190, 208, 228, 248};
	static const unsigned n[] = {1};
	struct reorder_stats st = example_run(s, ms, COUNT(s));

	CU_ASSERT_EQUAL(st.reordered, 2);
	CU_ASSERT_EQUAL(st.extent_max, 2);
	CU_ASSERT_EQUAL(st.extent_sum, 1 + 2);
	CU_ASSERT_EQUAL(st.late_ns_max, 2 * MS);
	CU_ASSERT_EQUAL(st.late_ns_sum, 3 * MS);
	CU_ASSERT_EQUAL(st.gap_count, 0);
	expect_n(&st, n, COUNT(n));
}

/* §7.3, table 3: extents 4, 5, 6; only packet 4 is n-reordered, up to n = 4. */
static void
test_example_three(void)
{
	static const unsigned s[] = {1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11};
	static const unsigned ms[] = {68, 88, 108, 188, 208, 228, 248, 250, 252, 256, 268};
	static const unsigned n[] = {1, 1, 1, 1};
	struct reorder_stats st = example_run(s, ms, COUNT(s));

	CU_ASSERT_EQUAL(st.reordered, 3);
	CU_ASSERT_EQUAL(st.extent_max, 6);
	CU_ASSERT_EQUAL(st.extent_sum, 4 + 5 + 6);
	CU_ASSERT_EQUAL(st.late_ns_max, 68 * MS);
	CU_ASSERT_EQUAL(st.late_ns_sum, (62 + 64 + 68) * MS);
	CU_ASSERT_EQUAL(st.gap_count, 0);
	expect_n(&st, n, COUNT(n));
}

/* §7.4, table 4: extents 2, 3, 2; one gap of 7; runs of 5, 0, 5 and an open one of 3. */
static void
test_example_gap(void)
{
	static const unsigned s[] = {1, 2, 3, 6, 7, 4, 5, 8, 9, 10, 12, 13, 11, 14, 15, 16};
	static const unsigned n[] = {2, 2};
	struct reorder_stats st = example_run(s, NULL, COUNT(s));

	CU_ASSERT_EQUAL(st.reordered, 3);
	CU_ASSERT_EQUAL(st.extent_max, 3);
	CU_ASSERT_EQUAL(st.extent_sum, 2 + 3 + 2);
	CU_ASSERT_EQUAL(st.gap_count, 1);
	CU_ASSERT_EQUAL(st.gap_sum, 7);
	CU_ASSERT_EQUAL(st.run_count, 3);
	CU_ASSERT_EQUAL(st.run_sum, 5 + 0 + 5 + 3);
	CU_ASSERT_EQUAL(st.run_squares, 25 + 0 + 25);
	expect_n(&st, n, COUNT(n));
}

/* §5.3: in 1,2,3,7,8,9,4,5,6 all of 4, 5, 6 are reordered, only 4 is n-reordered, with n = 3. */
static void
test_example_blocks(void)
{
	static const unsigned s[] = {1, 2, 3, 7, 8, 9, 4, 5, 6};
	static const unsigned n[] = {1, 1, 1};
	struct reorder_stats st = example_run(s, NULL, COUNT(s));

	CU_ASSERT_EQUAL(st.reordered, 3);
	expect_n(&st, n, COUNT(n));
}

/* §4.6.4: 36 packets with runs of 11, 11, 11 (q = 363), and of 1, 1, 31 (q = 963); p = 36, x = 3, a = 33.
 * A run ends where the number that its first packet left out arrives. */
static void
test_example_runs(void)
{
	static const unsigned runs[][4] = {{11, 11, 11, 363}, {1, 1, 31, 963}};
	for (unsigned c = 0; c < COUNT(runs); c++) {
		struct reorder *r = reorder_open(64);
		for (uint64_t run = 0, num = 0; run < 3; run++) {
			for (unsigned i = 1; i <= runs[c][run]; i++)
				reorder_arrive(r, num + i, 0);
			reorder_arrive(r, num, 0);
			num += runs[c][run] + 1;
		}
		reorder_finish(r);
		const struct reorder_stats *st = reorder_stats(r);
		CU_ASSERT_EQUAL(st->received, 36);
		CU_ASSERT_EQUAL(st->run_count, 3);
		CU_ASSERT_EQUAL(st->run_sum, 33);
		CU_ASSERT_EQUAL(st->run_squares, runs[c][3]);
		reorder_destroy(r);
	}
}

static void
test_in_order(void)
{
	struct reorder *r = reorder_open(1024);
	for (uint64_t num = 0; num < 10000; num++)
		reorder_arrive(r, num, num * 100);
	reorder_finish(r);
	reorder_finish(r);
	struct reorder_stats want = {.received = 10000, .run_sum = 10000};
	want.rd[REORDER_RD_MAX] = want.rbd[0] = 10000;
	CU_ASSERT_EQUAL(memcmp(reorder_stats(r), &want, sizeof(want)), 0);
	reorder_destroy(r);
}

/* Blocks of b packets, each from its last to its first, 10 ns apart. */
static void
test_reversed_blocks(void)
{
	enum { B = 8, BLOCKS = 1000 };
	struct reorder *r = reorder_open(64);
	for (uint64_t i = 0; i < B * BLOCKS; i++)
		reorder_arrive(r, i - i % B + (B - 1 - i % B), i * 10);
	reorder_finish(r);

	struct reorder_stats want = {.received = B * BLOCKS, .reordered = (B - 1) * BLOCKS};
	want.extent_max = B - 1;
	want.extent_sum = B * (B - 1) / 2 * BLOCKS;
	want.late_ns_max = want.extent_max * 10;
	want.late_ns_sum = want.extent_sum * 10;
	want.gap_count = BLOCKS - 1;
	want.gap_sum = (BLOCKS - 1) * B;
	want.run_count = (B - 1) * BLOCKS;
	want.run_sum = want.run_squares = BLOCKS;
	for (unsigned p = 0; p < B; p++) {
		want.n_reordered[p] = p ? (B - p) * BLOCKS : 0;
		want.rd[REORDER_RD_MAX + 2 * p - (B - 1)] = BLOCKS;
		want.rbd[p] = BLOCKS;
	}
	CU_ASSERT_EQUAL(memcmp(reorder_stats(r), &want, sizeof(want)), 0);
	reorder_destroy(r);
}

/* n-reordering stops at 64, extents at depth. */
static void
test_limits(void)
{
	struct reorder *r = reorder_open(128);
	for (uint64_t num = 1; num <= 200; num++)
		reorder_arrive(r, num, num * 10);
	reorder_arrive(r, 0, 5000);
	const struct reorder_stats *st = reorder_stats(r);
	CU_ASSERT_EQUAL(st->reordered, 1);
	CU_ASSERT_EQUAL(st->truncated, 1);
	CU_ASSERT_EQUAL(st->extent_max, 128);
	CU_ASSERT_EQUAL(st->late_ns_max, 5000 - 10); /* the jump to 1 is remembered */
	for (unsigned n = 1; n <= REORDER_N_MAX; n++)
		CU_ASSERT_EQUAL(st->n_reordered[n], 1);
	reorder_destroy(r);

	/* Exactly depth is not truncated. */
	r = reorder_open(128);
	for (uint64_t num = 1; num <= 128; num++)
		reorder_arrive(r, num, num);
	reorder_arrive(r, 0, 1000);
	CU_ASSERT_EQUAL(reorder_stats(r)->truncated, 0);
	CU_ASSERT_EQUAL(reorder_stats(r)->extent_max, 128);
	reorder_destroy(r);
}

/* More jumps than the ring holds: with depth 64 it holds those to 2, 4 ... 128. */
static void
test_jumps_forgotten(void)
{
	struct reorder *r = reorder_open(64);
	for (uint64_t num = 2; num <= 128; num += 2)
		reorder_arrive(r, num, num);
	reorder_arrive(r, 1, 1000); /* extent 64 */
	CU_ASSERT_EQUAL(reorder_stats(r)->truncated, 0);
	CU_ASSERT_EQUAL(reorder_stats(r)->extent_sum, 64);
	reorder_arrive(r, 130, 1000); /* the jump to 2 is forgotten */
	reorder_arrive(r, 0, 1000);
	CU_ASSERT_EQUAL(reorder_stats(r)->truncated, 1);
	CU_ASSERT_EQUAL(reorder_stats(r)->extent_sum, 64 + 64);
	CU_ASSERT_EQUAL(reorder_stats(r)->late_ns_sum, 1000 - 2 + 1000 - 4);
	reorder_arrive(r, 7, 1000); /* exact again: the jump to 8 was arrival 3, this is arrival 67 */
	CU_ASSERT_EQUAL(reorder_stats(r)->extent_sum, 64 + 64 + 64);
	CU_ASSERT_EQUAL(reorder_stats(r)->truncated, 1);
	reorder_destroy(r);
}

static void
test_duplicates(void)
{
	struct reorder *r = reorder_open(64);
	for (uint64_t num = 0; num < 100; num++) {
		reorder_arrive(r, num, num);
		reorder_arrive(r, num, num);
	}
	reorder_arrive(r, 36, 100); /* the last that the bitmap holds */
	reorder_arrive(r, 35, 100); /* no jump is known: a duplicate for sure */
	reorder_arrive(r, 0, 100);
	reorder_arrive(r, 101, 101);
	reorder_arrive(r, 100, 102);
	reorder_arrive(r, 100, 103); /* a late packet twice */
	const struct reorder_stats *st = reorder_stats(r);
	CU_ASSERT_EQUAL(st->received, 102);
	CU_ASSERT_EQUAL(st->duplicates, 104);
	CU_ASSERT_EQUAL(st->reordered, 1);
	CU_ASSERT_EQUAL(st->rd[REORDER_RD_MAX], 100);
	reorder_destroy(r);
}

/* Exactly depth below the maximum a duplicate is known, one more and it is not. */
static void
test_duplicates_edge(void)
{
	struct reorder *r = reorder_open(64);
	for (uint64_t num = 0; num < 75; num++) {
		if (num != 50)
			reorder_arrive(r, num, num);
	}
	reorder_arrive(r, 11, 100);
	CU_ASSERT_EQUAL(reorder_stats(r)->duplicates, 1);
	CU_ASSERT_EQUAL(reorder_stats(r)->reordered, 0);
	reorder_arrive(r, 10, 100);
	CU_ASSERT_EQUAL(reorder_stats(r)->duplicates, 1);
	CU_ASSERT_EQUAL(reorder_stats(r)->reordered, 1);
	CU_ASSERT_EQUAL(reorder_stats(r)->extent_max, 74 - 50);
	reorder_destroy(r);
}

/* Lost packets do not make others reordered, and numbers that were left out are not taken for seen when the
 * bitmap goes round, for gaps shorter and longer than the bitmap. */
static void
test_losses(void)
{
	for (uint64_t gap = 1; gap <= 300; gap++) {
		struct reorder *r = reorder_open(128);
		uint64_t num = 0;
		for (; num < 300; num++)
			reorder_arrive(r, num, 0);
		reorder_arrive(r, num + gap, 0);
		CU_ASSERT_EQUAL(reorder_stats(r)->reordered, 0);
		for (uint64_t late = num; late < num + gap; late++)
			reorder_arrive(r, late, 0);
		CU_ASSERT_EQUAL(reorder_stats(r)->reordered, gap);
		CU_ASSERT_EQUAL(reorder_stats(r)->duplicates, 0);
		CU_ASSERT_EQUAL(reorder_stats(r)->truncated, gap > 128 ? gap - 128 : 0);
		reorder_destroy(r);
	}
}

/* The discontinuities 5, 12, 20 (arrivals 0, 1, 2) are found in the order 20, 5, 12: only for 12 is there one
 * before it that is known by then. */
static void
test_gap_order(void)
{
	static const uint64_t num[] = {5, 12, 20, 15, 3, 8, 16, 9, 4};
	struct sample sample = {.n = COUNT(num)};
	memcpy(sample.num, num, sizeof(num));
	struct reorder_stats st = sample_run(&sample, 64);
	CU_ASSERT_EQUAL(st.reordered, 6);
	CU_ASSERT_EQUAL(st.gap_count, 1);
	CU_ASSERT_EQUAL(st.gap_sum, 1);
}

/* With depth 64, jumps to 2, 4 ... 200.  199 makes the last a discontinuity, then 101 the one to 102: there
 * is none before it, or the forgotten one to 12, which 11 made one. */
static void
test_gap_forgotten(void)
{
	for (unsigned with = 0; with < 2; with++) {
		struct reorder *r = reorder_open(64);
		for (uint64_t num = 2; num <= 200; num += 2) {
			reorder_arrive(r, num, 0);
			if (num == 20 && with)
				reorder_arrive(r, 11, 0);
		}
		reorder_arrive(r, 199, 0);
		reorder_arrive(r, 101, 0);
		const struct reorder_stats *st = reorder_stats(r);
		CU_ASSERT_EQUAL(st->gap_count, with ? 2 : 0);
		CU_ASSERT_EQUAL(st->gap_sum, with ? (100 - 5) + (51 - 5) : 0);
		reorder_destroy(r);
	}
}

/* Any jump takes the same time, and what it left out is not seen. */
static void
test_huge_jump(void)
{
	struct reorder *r = reorder_open(1024);
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t num = (uint64_t)(i + 1) << 50;
		reorder_arrive(r, num, i);
		reorder_arrive(r, num - 1024 + i % 1024, i);
	}
	CU_ASSERT_EQUAL(reorder_stats(r)->received, 4000);
	CU_ASSERT_EQUAL(reorder_stats(r)->reordered, 2000);
	CU_ASSERT_EQUAL(reorder_stats(r)->extent_sum, 2000);
	reorder_destroy(r);
}

static void
test_create(void)
{
	static const unsigned bad[] = {0, 1, 32, 63, 65, 100, 1000, (1u << 20) + 1, 1u << 21};
	struct reorder *r = NULL;
	for (unsigned i = 0; i < COUNT(bad); i++)
		CU_ASSERT_EQUAL(reorder_create(bad[i], &r), ST_ERR_RANGE);
	CU_ASSERT_PTR_NULL(r);
	reorder_destroy(reorder_open(1u << 20));
	reorder_destroy(NULL);
}

static void
test_merge(void)
{
	struct reorder_stats a, b, sum;
	struct sample sample;
	struct rng rng;

	rng_init(&rng, 2, "test_reorder");
	sample_make(&sample, &rng, 400, 30, 0.1, 0.1, 3);
	a = sum = sample_run(&sample, 128);
	sample_make(&sample, &rng, 300, 90, 0.1, 0.1, 3);
	b = sample_run(&sample, 128);
	reorder_stats_merge(&sum, &b);
	CU_ASSERT_EQUAL(sum.extent_max, a.extent_max > b.extent_max ? a.extent_max : b.extent_max);
	CU_ASSERT_EQUAL(sum.late_ns_max, a.late_ns_max > b.late_ns_max ? a.late_ns_max : b.late_ns_max);
	/* All others are sums; the structure has nothing but uint64_t. */
	sum.extent_max = a.extent_max + b.extent_max;
	sum.late_ns_max = a.late_ns_max + b.late_ns_max;
	for (size_t at = 0; at < sizeof(sum); at += sizeof(uint64_t)) {
		uint64_t x, y, z;
		memcpy(&x, (char *)&a + at, sizeof(x));
		memcpy(&y, (char *)&b + at, sizeof(y));
		memcpy(&z, (char *)&sum + at, sizeof(z));
		CU_ASSERT_EQUAL(z, x + y);
	}
	CU_ASSERT_NOT_EQUAL(a.reordered, 0);
	CU_ASSERT_NOT_EQUAL(b.duplicates, 0);
}

int
suite_reorder(void)
{
	CU_pSuite s = CU_add_suite("reorder", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_example_single);
	CU_ADD_TEST(s, test_example_two);
	CU_ADD_TEST(s, test_example_three);
	CU_ADD_TEST(s, test_example_gap);
	CU_ADD_TEST(s, test_example_blocks);
	CU_ADD_TEST(s, test_example_runs);
	CU_ADD_TEST(s, test_in_order);
	CU_ADD_TEST(s, test_reversed_blocks);
	CU_ADD_TEST(s, test_limits);
	CU_ADD_TEST(s, test_jumps_forgotten);
	CU_ADD_TEST(s, test_duplicates);
	CU_ADD_TEST(s, test_duplicates_edge);
	CU_ADD_TEST(s, test_losses);
	CU_ADD_TEST(s, test_gap_order);
	CU_ADD_TEST(s, test_gap_forgotten);
	CU_ADD_TEST(s, test_huge_jump);
	CU_ADD_TEST(s, test_create);
	CU_ADD_TEST(s, test_merge);
	return 0;
}
