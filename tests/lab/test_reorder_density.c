/* lab/reorder_density: the examples of RFC 5236 (numbers from 1 there, from 0 here) with their thresholds,
 * and random flows against sections 7.1 and 7.2 taken literally. */
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <string.h>

#include "lab/reorder_priv.h"
#include "tests/lab/reorder_rig.h"

int suite_reorder_density(void);

static struct reorder_stats
density_run(const uint64_t *num, unsigned n, unsigned threshold)
{
	struct reorder_stats st = {0};
	struct density density;
	density_init(&density, threshold);
	for (unsigned i = 0; i < n; i++)
		density_arrive(&density, &st, num[i]);
	density_finish(&density, &st);
	return st;
}

static struct reorder_stats
example_run(const unsigned *s, unsigned n, unsigned threshold)
{
	uint64_t num[SAMPLE_MAX];
	for (unsigned i = 0; i < n; i++)
		num[i] = s[i] - 1;
	return density_run(num, n, threshold);
}

/* rd from displacement -d on; rbd from occupancy 0 on; all others are 0. */
static void
expect(const struct reorder_stats *got, int d, const unsigned *rd, unsigned rd_n, const unsigned *rbd,
	unsigned rbd_n)
{
	struct reorder_stats want = {.rd_lost = got->rd_lost};
	for (unsigned i = 0; i < rd_n; i++)
		want.rd[REORDER_RD_MAX - d + (int)i] = rd[i];
	for (unsigned i = 0; i < rbd_n; i++)
		want.rbd[i] = rbd[i];
	CU_ASSERT_EQUAL(memcmp(got, &want, sizeof(want)), 0);
}

/* §8 a, tables 1 to 4: DT = BT = 4. */
static void
test_example_no_loss(void)
{
	static const unsigned s[] = {1, 4, 2, 5, 3, 6, 7, 8};
	static const unsigned rd[] = {1, 1, 4, 1, 1}, rbd[] = {5, 2, 1};
	static const unsigned threshold[] = {4, 2, REORDER_RD_MAX};
	for (unsigned i = 0; i < COUNT(threshold); i++) {
		struct reorder_stats st = example_run(s, COUNT(s), threshold[i]);
		expect(&st, 2, rd, COUNT(rd), rbd, COUNT(rbd));
		CU_ASSERT_EQUAL(st.rd_lost, 0);
	}
}

/* §8 b, tables 5 and 6: packet 3 is lost, DT = BT = 3. */
static void
test_example_loss(void)
{
	static const unsigned s[] = {1, 2, 4, 5, 6, 7};
	static const unsigned rd[] = {6}, rbd[] = {3, 1, 1, 1}, rbd_long[] = {2, 1, 1, 1, 1};
	struct reorder_stats st = example_run(s, COUNT(s), 3);
	expect(&st, 0, rd, COUNT(rd), rbd, COUNT(rbd));
	CU_ASSERT_EQUAL(st.rd_lost, 1);

	/* With a long buffer packet 3 is still waited for. */
	st = example_run(s, COUNT(s), REORDER_RD_MAX);
	expect(&st, 0, rd, COUNT(rd), rbd_long, COUNT(rbd_long));
	CU_ASSERT_EQUAL(st.rd_lost, 1);
}

/* §8 c, tables 7 and 8: packet 3 comes twice, DT = 2. */
static void
test_example_duplicate(void)
{
	static const unsigned s[] = {1, 3, 2, 3, 4, 5};
	static const unsigned rd[] = {1, 3, 1}, rbd[] = {4, 1};
	struct reorder_stats st = example_run(s, COUNT(s), 2);
	expect(&st, 1, rd, COUNT(rd), rbd, COUNT(rbd));
	CU_ASSERT_EQUAL(st.rd_lost, 0);
}

/* Examples 1 to 5 of §3.1, §3.3 and §4: displacements by receive index. */
static void
test_examples_index(void)
{
	static const unsigned s1[] = {2, 1, 4, 5, 3}, rd1[] = {3, 0, 1, 1};
	static const unsigned s2[] = {1, 4, 3, 5, 3}, rd2[] = {1, 2, 1};
	static const unsigned s3[] = {1, 4, 3, 5, 3, 8, 7, 6}, rd3[] = {1, 1, 3, 1, 1};
	static const unsigned s4[] = {1, 2, 3, 5, 4, 6}, rd4[] = {1, 4, 1};
	static const unsigned s5[] = {1, 2, 5, 3, 6, 2}, rd5[] = {1, 0, 3, 0, 1};
	static const struct {
		const unsigned *s, n, *rd, rd_n, d, lost;
	} example[] = {
		{s1, COUNT(s1), rd1, COUNT(rd1), 1, 0},
		{s2, COUNT(s2), rd2, COUNT(rd2), 1, 1},
		{s3, COUNT(s3), rd3, COUNT(rd3), 2, 1},
		{s4, COUNT(s4), rd4, COUNT(rd4), 1, 0},
		{s5, COUNT(s5), rd5, COUNT(rd5), 2, 1},
	};
	for (unsigned e = 0; e < COUNT(example); e++) {
		struct reorder_stats st = example_run(example[e].s, example[e].n, REORDER_RD_MAX);
		memset(st.rbd, 0, sizeof(st.rbd));
		expect(&st, (int)example[e].d, example[e].rd, example[e].rd_n, NULL, 0);
		CU_ASSERT_EQUAL(st.rd_lost, example[e].lost);
	}
}

/* §6: a rogue number is discarded and shifts nothing; §3.8: 4, 5, 3 after 1, 2 hold 1, 2, 0. */
static void
test_rogue_and_buffer(void)
{
	static const unsigned rogue[] = {1, 5430, 2, 3, 4, 5}, buffer[] = {1, 2, 4, 5, 3};
	static const unsigned rd[] = {5}, held[] = {1, 5}, rd_buffer[] = {2, 2, 0, 1}, rbd[] = {3, 1, 1};
	struct reorder_stats st = example_run(rogue, COUNT(rogue), REORDER_RD_MAX);
	expect(&st, 0, rd, COUNT(rd), held, COUNT(held));
	CU_ASSERT_EQUAL(st.rd_lost, 0);
	st = example_run(buffer, COUNT(buffer), REORDER_RD_MAX);
	expect(&st, 1, rd_buffer, COUNT(rd_buffer), rbd, COUNT(rbd));
}

/* A full buffer gives up packet 1; packet 9, which came then, is stored, and released behind 8. */
static void
test_buffer_full(void)
{
	static const unsigned s[] = {2, 4, 9, 3, 5, 6, 7, 8, 10};
	/* BT = 2: {2}, {2,4}; at 9 number 1 is given up, 2 goes: {4,9}; 3 and 4 go: {9}; 5, 6, 7 pass; ... */
	static const unsigned rbd[] = {2, 5, 2};
	struct reorder_stats st = example_run(s, COUNT(s), 2);
	for (unsigned i = 0; i < COUNT(rbd); i++)
		CU_ASSERT_EQUAL(st.rbd[i], rbd[i]);
}

/* Gaps of any size cost nothing and shift nothing. */
static void
test_huge_gaps(void)
{
	uint64_t num[SAMPLE_MAX];
	for (unsigned i = 0; i < SAMPLE_MAX; i++)
		num[i] = (uint64_t)i << 50;
	struct reorder_stats st = density_run(num, SAMPLE_MAX, REORDER_RD_MAX);
	CU_ASSERT_EQUAL(st.rd[REORDER_RD_MAX], SAMPLE_MAX);
	CU_ASSERT_EQUAL(st.rd_lost, num[SAMPLE_MAX - 1] - (SAMPLE_MAX - 1));
}

static bool
list_has(const uint64_t *list, unsigned n, uint64_t num)
{
	for (unsigned i = 0; i < n; i++) {
		if (list[i] == num)
			return true;
	}
	return false;
}

static void
list_del(uint64_t *list, unsigned *n, unsigned at)
{
	memmove(list + at, list + at + 1, (--*n - at) * sizeof(*list));
}

static void
list_del_num(uint64_t *list, unsigned *n, uint64_t num)
{
	for (unsigned i = 0; i < *n; i++) {
		if (list[i] == num) {
			list_del(list, n, i);
			return;
		}
	}
}

static uint64_t
list_min(const uint64_t *list, unsigned n)
{
	uint64_t min = UINT64_MAX;
	for (unsigned i = 0; i < n; i++)
		min = list[i] < min ? list[i] : min;
	return min;
}

/* §7.1: the window is always kept full, the index goes up one by one.  No duplicates. */
static void
naive_rd(const uint64_t *num, unsigned n, int64_t dt, struct reorder_stats *st)
{
	uint64_t window[SAMPLE_MAX], buffer[SAMPLE_MAX], ri = 0;
	unsigned windows = 0, buffers = 0, next = 0;

	for (;;) {
		for (; windows < dt + 1 && next < n; next++) {
			if (num[next] >= ri)
				window[windows++] = num[next];
		}
		if (!windows)
			return;
		if (!list_has(window, windows, ri) && !list_has(buffer, buffers, ri)) {
			uint64_t m = list_min(window, windows), b = list_min(buffer, buffers);
			m = b < m ? b : m;
			st->rd_lost += ri < m ? m - ri : 1;
			ri = ri < m ? m : ri + 1;
			continue;
		}
		int64_t d = (int64_t)(ri - window[0]);
		if (d >= -dt && d <= dt) {
			st->rd[REORDER_RD_MAX + d]++;
			list_del_num(buffer, &buffers, ri++);
			if (d < 0)
				buffer[buffers++] = window[0];
		}
		list_del(window, &windows, 0);
	}
}

/* §7.2, and the packet that makes a full buffer give up is stored where it cannot be released. */
static void
naive_rbd(const uint64_t *num, unsigned n, unsigned bt, struct reorder_stats *st)
{
	uint64_t buffer[SAMPLE_MAX], e = 0;
	unsigned b = 0;

	for (unsigned i = 0; i < n; i++) {
		if (num[i] < e || list_has(buffer, b, num[i]))
			continue;
		bool full = num[i] > e && b == bt;
		buffer[b++] = num[i];
		if (full)
			e = list_min(buffer, b);
		for (; list_has(buffer, b, e); e++)
			list_del_num(buffer, &b, e);
		st->rbd[b]++;
	}
}

/* One gap of each size, behind numbers at the ends and in the middle of a word. */
static void
test_gap_sizes(void)
{
	static const unsigned before[] = {1, 10, 63, 64, 65};
	uint64_t num[SAMPLE_MAX];

	for (unsigned b = 0; b < COUNT(before); b++) {
		for (uint64_t gap = 0; gap < 600; gap++) {
			struct reorder_stats want = {0}, got;
			for (unsigned i = 0; i < 200; i++)
				num[i] = i < before[b] ? i : i + gap;
			naive_rd(num, 200, REORDER_RD_MAX, &want);
			naive_rbd(num, 200, REORDER_RD_MAX, &want);
			got = density_run(num, 200, REORDER_RD_MAX);
			CU_ASSERT_EQUAL(memcmp(&got, &want, sizeof(got)), 0);
			CU_ASSERT_EQUAL(got.rd_lost, gap);
		}
	}
}

static void
test_random(void)
{
	static const unsigned spread[] = {0, 1, 3, 20, 70, 150}, threshold[] = {1, 2, 5, 31, 63, 64};
	struct sample sample;
	struct rng rng;

	rng_init(&rng, 1, "test_density");
	for (unsigned turn = 0; turn < 360; turn++) {
		unsigned dt = threshold[turn / 6 % 6];
		struct reorder_stats want = {0}, got;
		sample_make(&sample, &rng, 300, spread[turn % 6], 0.1 * (turn % 4), 0, turn % 5 ? 0 : 1000);
		if (turn % 3 == 0) /* rogue */
			sample.num[rng_below(&rng, sample.n)] += 10000 + rng_below(&rng, 600);
		got = density_run(sample.num, sample.n, dt);
		naive_rd(sample.num, sample.n, dt, &want);
		naive_rbd(sample.num, sample.n, dt, &want);
		CU_ASSERT_EQUAL(memcmp(&got, &want, sizeof(got)), 0);
	}
}

static unsigned
copies_drop(struct sample *sample)
{
	unsigned n = 0;
	for (unsigned i = 0; i < sample->n; i++) {
		if (!list_has(sample->num, n, sample->num[i]))
			sample->num[n++] = sample->num[i];
	}
	return n;
}

/* The whole of lab/reorder gives the same densities, with threshold 64, and leaves duplicates out. */
static void
test_inside(void)
{
	struct sample sample;
	struct rng rng;

	rng_init(&rng, 2, "test_density");
	for (unsigned turn = 0; turn < 20; turn++) {
		struct reorder_stats want = {0}, got;
		sample_make(&sample, &rng, 400, 10 * turn, 0.1, 0.1, 100);
		got = sample_run(&sample, 4096);
		sample.n = copies_drop(&sample);
		naive_rd(sample.num, sample.n, REORDER_RD_MAX, &want);
		naive_rbd(sample.num, sample.n, REORDER_RD_MAX, &want);
		CU_ASSERT_EQUAL(memcmp(got.rd, want.rd, sizeof(got.rd)), 0);
		CU_ASSERT_EQUAL(memcmp(got.rbd, want.rbd, sizeof(got.rbd)), 0);
		CU_ASSERT_EQUAL(got.rd_lost, want.rd_lost);
	}
}

int
suite_reorder_density(void)
{
	CU_pSuite s = CU_add_suite("reorder_density", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_example_no_loss);
	CU_ADD_TEST(s, test_example_loss);
	CU_ADD_TEST(s, test_example_duplicate);
	CU_ADD_TEST(s, test_examples_index);
	CU_ADD_TEST(s, test_rogue_and_buffer);
	CU_ADD_TEST(s, test_buffer_full);
	CU_ADD_TEST(s, test_huge_gaps);
	CU_ADD_TEST(s, test_gap_sizes);
	CU_ADD_TEST(s, test_random);
	CU_ADD_TEST(s, test_inside);
	return 0;
}
