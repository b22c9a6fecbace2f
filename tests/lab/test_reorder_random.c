/* lab/reorder: random flows against the definitions of RFC 4737 taken literally, in O(n^2). */
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <string.h>

#include "tests/lab/reorder_rig.h"

int suite_reorder_random(void);

static void
naive_extent(struct reorder_stats *st, const struct sample *s, unsigned i, unsigned depth, bool *found)
{
	uint64_t expected = 0;
	unsigned j = 0, jumps[SAMPLE_MAX], n = 0;

	while (s->num[j] < s->num[i])
		j++;
	for (unsigned k = 0; k < i; k++) {
		if (s->num[k] > expected)
			jumps[n++] = k;
		if (s->num[k] >= expected)
			expected = s->num[k] + 1;
	}
	unsigned oldest = n > depth ? jumps[n - depth] : 0, extent = i - j < depth ? i - j : depth;
	uint64_t late_ns = s->time_ns[i] - s->time_ns[j > oldest ? j : oldest];
	st->truncated += i - j > depth;
	st->extent_sum += extent;
	st->extent_max = extent > st->extent_max ? extent : st->extent_max;
	st->late_ns_sum += late_ns;
	st->late_ns_max = late_ns > st->late_ns_max ? late_ns : st->late_ns_max;
	if (found[j] || j < oldest)
		return;
	found[j] = true;
	for (unsigned k = j; k-- > 0;) {
		if (found[k]) {
			st->gap_count++;
			st->gap_sum += j - k;
			return;
		}
	}
}

/* The definitions of RFC 4737; rd and rbd are left 0. */
static struct reorder_stats
naive_run(const struct sample *all, unsigned depth)
{
	struct reorder_stats st = {0};
	struct sample s = {0};
	bool found[SAMPLE_MAX] = {false};
	uint64_t expected = 0, run = 0;

	for (unsigned a = 0; a < all->n; a++) {
		unsigned i = 0;
		while (i < s.n && s.num[i] != all->num[a])
			i++;
		st.duplicates += i < s.n;
		if (i < s.n)
			continue;
		s.num[i] = all->num[a];
		s.time_ns[i] = all->time_ns[a];
		s.n++;
		st.received++;
		if (s.num[i] >= expected) {
			expected = s.num[i] + 1;
			run++;
			st.run_sum++;
			continue;
		}
		st.reordered++;
		st.run_count++;
		st.run_squares += run * run;
		run = 0;
		naive_extent(&st, &s, i, depth, found);
		for (unsigned n = 1; n <= REORDER_N_MAX && n <= i && s.num[i - n] > s.num[i]; n++)
			st.n_reordered[n]++;
	}
	return st;
}

static void
random_compare(const struct sample *sample, unsigned depth)
{
	struct reorder_stats got = sample_run(sample, depth), want = naive_run(sample, depth);
	memset(got.rd, 0, sizeof(got.rd));
	memset(got.rbd, 0, sizeof(got.rbd));
	got.rd_lost = 0;
	CU_ASSERT_EQUAL(memcmp(&got, &want, sizeof(got)), 0);
}

static void
test_random(void)
{
	static const unsigned spread[] = {0, 1, 3, 20, 70, 400};
	struct sample sample;
	struct rng rng;

	rng_init(&rng, 1, "test_reorder");
	for (unsigned turn = 0; turn < 50; turn++) {
		for (unsigned i = 0; i < COUNT(spread); i++) {
			/* All numbers within depth: duplicates are exact. */
			sample_make(&sample, &rng, 400, spread[i], 0.1 * (turn % 4), 0.1, 3);
			random_compare(&sample, 1024);
			/* Truncation, forgotten jumps, numbers below the bitmap, bursts of loss. */
			sample_make(&sample, &rng, 500, spread[i], 0.2 * (turn % 4), 0, turn % 2 ? 500 : 0);
			random_compare(&sample, 64);
		}
	}
}

int
suite_reorder_random(void)
{
	CU_pSuite s = CU_add_suite("reorder_random", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_random);
	return 0;
}
