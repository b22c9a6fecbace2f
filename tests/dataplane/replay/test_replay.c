/* dataplane/replay: every row of replay.def against the row table and against a reference that keeps the set
 * of all numbers accepted, for the window sizes that have been wrong elsewhere. */
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "conform/replay_rows.h"

int suite_replay(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
test_find(void)
{
	CU_ASSERT_PTR_NULL(replay_find(""));
	CU_ASSERT_PTR_NULL(replay_find("bitmaps"));
	CU_ASSERT_PTR_NULL(replay_find("bitma"));
	CU_ASSERT_PTR_NOT_NULL(replay_find("bitmap"));
	CU_ASSERT_NOT_EQUAL(replay_design_count, 0);
	for (unsigned d = 0; d < replay_design_count; d++)
		CU_ASSERT_PTR_EQUAL(replay_find(replay_designs[d]->name), replay_designs[d]);
}

static void
test_bytes(void)
{
	for (unsigned d = 0; d < replay_design_count; d++) {
		for (uint32_t window = 1; window <= REPLAY_WINDOW_MAX; window += 1 + window / 3)
			CU_ASSERT_EQUAL(replay_designs[d]->bytes(window) % 64, 0);
		CU_ASSERT_EQUAL(replay_designs[d]->bytes(REPLAY_WINDOW_MAX) % 64, 0);
		/* A bit a packet, and not much more than the next power of two. */
		CU_ASSERT(replay_designs[d]->bytes(REPLAY_WINDOW_MAX) >= REPLAY_WINDOW_MAX / 8);
	}
}

static void
test_rows(void)
{
	for (unsigned d = 0; d < replay_design_count; d++) {
		for (unsigned i = 0; i < replay_row_window_count; i++) {
			unsigned first = UINT32_MAX;
			replay_rows_run(
				replay_designs[d], replay_row_windows[i], 0, replay_row_count, &first);
			CU_ASSERT_EQUAL(first, UINT32_MAX);
		}
	}
}

/* The largest window: both ends, and one too old. */
static void
test_largest(void)
{
	const uint64_t w = REPLAY_WINDOW_MAX;
	for (unsigned d = 0; d < replay_design_count; d++) {
		const struct replay_ops *ops = replay_designs[d];
		void *state = replay_window_open(ops, REPLAY_WINDOW_MAX, 0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(state);
		CU_ASSERT_EQUAL(ops->commit(state, 3 * w), DROP_NONE);
		CU_ASSERT_EQUAL(ops->commit(state, 2 * w), DROP_REPLAY_OLD);
		CU_ASSERT_EQUAL(ops->commit(state, 2 * w + 1), DROP_NONE);
		CU_ASSERT_EQUAL(ops->commit(state, 2 * w + 1), DROP_REPLAY_DUP);
		CU_ASSERT_EQUAL(ops->commit(state, 3 * w + 1), DROP_NONE);
		CU_ASSERT_EQUAL(ops->commit(state, 2 * w + 1), DROP_REPLAY_OLD);
		CU_ASSERT_EQUAL(ops->commit(state, 2 * w + 2), DROP_NONE);
		CU_ASSERT_EQUAL(ops->commit(state, 3 * w), DROP_REPLAY_DUP);
		CU_ASSERT_EQUAL(ops->right_edge(state), 3 * w + 1);
		free(state);
	}
}

/* The reference: the right edge and the set of all numbers ever accepted, an open hash table. */
#define SET_SIZE (1u << 15)
#define STEPS 12000

struct reference {
	uint64_t edge, window;
	bool used[SET_SIZE];
	uint64_t num[SET_SIZE];
};

static unsigned
set_place(const struct reference *ref, uint64_t num)
{
	unsigned at = (unsigned)(num * UINT64_C(0x9e3779b97f4a7c15) >> 49);
	while (ref->used[at] && ref->num[at] != num)
		at = (at + 1) % SET_SIZE;
	return at;
}

static void
set_add(struct reference *ref, uint64_t num)
{
	unsigned at = set_place(ref, num);
	ref->used[at] = true;
	ref->num[at] = num;
}

static void
reference_init(struct reference *ref, uint32_t window, uint64_t edge)
{
	memset(ref, 0, sizeof(*ref));
	ref->edge = edge;
	ref->window = window;
	set_add(ref, edge);
	if (edge < window)
		set_add(ref, 0);
}

static enum drop
reference_check(const struct reference *ref, uint64_t seq)
{
	if (seq - ref->edge - 1 < INT64_MAX)
		return DROP_NONE;
	if (ref->edge - seq >= ref->window)
		return DROP_REPLAY_OLD;
	return ref->used[set_place(ref, seq)] ? DROP_REPLAY_DUP : DROP_NONE;
}

static void
reference_commit(struct reference *ref, uint64_t seq)
{
	set_add(ref, seq);
	if (seq - ref->edge - 1 < INT64_MAX)
		ref->edge = seq;
}

/* A walk in order mixed with stragglers, both edges, old ones, repeats, and jumps of all sizes. */
static uint64_t
walk_next(struct rng *rng, uint64_t edge, uint64_t w, uint64_t last)
{
	switch (rng_below(rng, 20)) {
	case 0:
		return last;
	case 1:
		return edge - w + 2 - rng_below(rng, 5);
	case 2:
		return edge + w - 2 + rng_below(rng, 5);
	case 3:
		return edge + 62 + rng_below(rng, 5);
	case 4:
		return edge + rng_below(rng, rng_below(rng, 4) ? 8 : 3 * w + 128);
	case 5:
		return edge - rng_below(rng, 3 * w + 3);
	case 6:
		return rng_below(rng, 50) ? edge + 2 : edge + (UINT64_C(1) << rng_below(rng, 24));
	default:
		return rng_below(rng, 2) ? edge + 1 : edge - rng_below(rng, w);
	}
}

static unsigned
walk_run(const struct replay_ops *ops, uint32_t window, uint64_t edge, struct rng *rng, struct reference *ref)
{
	uint8_t *state = replay_window_open(ops, window, edge), before[64];
	uint64_t seq = edge;
	unsigned wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(state);
	reference_init(ref, window, edge);
	for (unsigned step = 0; step < STEPS; step++) {
		seq = walk_next(rng, ref->edge, window, seq);
		enum drop want = reference_check(ref, seq);
		memcpy(before, state, 64);
		wrong += ops->check(state, seq) != want;
		wrong += memcmp(before, state, 64) != 0;
		if (rng_below(rng, 8) == 0) /* forged */
			continue;
		wrong += ops->commit(state, seq) != want;
		if (want == DROP_NONE)
			reference_commit(ref, seq);
		wrong += ops->right_edge(state) != ref->edge;
	}
	free(state);
	return wrong;
}

/* From 0, up to 2^32 and 2^64, and from anywhere. */
static void
walks_run(const struct replay_ops *ops, uint32_t window, struct rng *rng, struct reference *ref)
{
	uint64_t before = 2 * (uint64_t)window + 700;
	uint64_t start[] = {
		0, (UINT64_C(1) << 32) - before, 0 - before, rng_u64(rng), 1 + rng_below(rng, window)};

	for (unsigned i = 0; i < COUNT(start); i++)
		CU_ASSERT_EQUAL(walk_run(ops, window, start[i], rng, ref), 0);
}

static void
test_random(void)
{
	struct reference *ref = malloc(sizeof(*ref));
	struct rng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(ref);
	rng_init(&rng, 1, "test_replay");
	for (unsigned d = 0; d < replay_design_count; d++) {
		for (unsigned i = 0; i < replay_row_window_count; i++)
			walks_run(replay_designs[d], replay_row_windows[i], &rng, ref);
	}
	free(ref);
}

int
suite_replay(void)
{
	CU_pSuite s = CU_add_suite("replay", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_find);
	CU_ADD_TEST(s, test_bytes);
	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_largest);
	CU_ADD_TEST(s, test_random);
	return 0;
}
