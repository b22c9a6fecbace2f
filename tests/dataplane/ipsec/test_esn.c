/* dataplane/ipsec/esn: RFC 4303 A2.2.  Values worked out by hand from the appendix, the rows of Linux 6.1 for
 * extended numbers (a packet is good only where the inferred high half is the sender's), and the rule behind
 * the cases. */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "base/rng.h"
#include "dataplane/ipsec/esn.h"
#include "dataplane/replay/replay.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define B31 (UINT64_C(1) << 31)
#define B32 (UINT64_C(1) << 32)

int suite_esn(void);

struct inference {
	uint64_t edge;
	uint32_t window, seq;
	uint64_t want;
};

static void
expect(const struct inference *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(esn_infer(rows[i].edge, rows[i].window, rows[i].seq), rows[i].want);
}

/* Case A: Tl >= W - 1, the window lies in one subspace. */
static void
test_case_a(void)
{
	static const struct inference rows[] = {
		/* Th = 0, Tl = 1000, W = 64: bottom 937. */
		{1000, 64, 1000, 1000},
		{1000, 64, 1001, 1001},
		{1000, 64, 937, 937},
		{1000, 64, 936, B32 + 936}, /* below the bottom: the next subspace */
		{1000, 64, 0, B32},
		{1000, 64, UINT32_MAX, UINT32_MAX},
		/* Th = 5. */
		{5 * B32 + 1000, 64, 937, 5 * B32 + 937},
		{5 * B32 + 1000, 64, 936, 6 * B32 + 936},
		{5 * B32 + 1000, 64, UINT32_MAX, 5 * B32 + UINT32_MAX},
		/* Tl = W - 1, the first edge of case A: bottom 0, so nothing is below it. */
		{63, 64, 0, 0},
		{63, 64, UINT32_MAX, UINT32_MAX},
		{7 * B32 + 63, 64, 0, 7 * B32},
		{7 * B32 + 63, 64, UINT32_MAX, 7 * B32 + UINT32_MAX},
		/* Tl = W. */
		{7 * B32 + 64, 64, 0, 8 * B32},
		{7 * B32 + 64, 64, 1, 7 * B32 + 1},
		/* Tl = 2^32 - 1. */
		{2 * B32 + UINT32_MAX, 64, UINT32_MAX, 2 * B32 + UINT32_MAX},
		{2 * B32 + UINT32_MAX, 64, UINT32_MAX - 63, 2 * B32 + UINT32_MAX - 63},
		{2 * B32 + UINT32_MAX, 64, UINT32_MAX - 64, 3 * B32 + UINT32_MAX - 64},
		{2 * B32 + UINT32_MAX, 64, 0, 3 * B32},
	};
	expect(rows, COUNT(rows));
}

/* Case B: Tl < W - 1, the window reaches into the subspace before. */
static void
test_case_b(void)
{
	static const struct inference rows[] = {
		/* Th = 3, Tl = 10, W = 64: bottom 2^32 - 53 of subspace 2. */
		{3 * B32 + 10, 64, 10, 3 * B32 + 10},
		{3 * B32 + 10, 64, 11, 3 * B32 + 11},
		{3 * B32 + 10, 64, 0, 3 * B32},
		{3 * B32 + 10, 64, UINT32_MAX, 2 * B32 + UINT32_MAX},
		{3 * B32 + 10, 64, UINT32_MAX - 52, 2 * B32 + UINT32_MAX - 52},
		{3 * B32 + 10, 64, UINT32_MAX - 53, 3 * B32 + UINT32_MAX - 53},
		/* Tl = W - 2, the last edge of case B: only 2^32 - 1 is in the subspace before. */
		{3 * B32 + 62, 64, UINT32_MAX, 2 * B32 + UINT32_MAX},
		{3 * B32 + 62, 64, UINT32_MAX - 1, 3 * B32 + UINT32_MAX - 1},
		{3 * B32 + 62, 64, 0, 3 * B32},
		/* Tl = 0. */
		{B32, 64, 0, B32},
		{B32, 64, UINT32_MAX, UINT32_MAX},
		{B32, 64, UINT32_MAX - 62, UINT32_MAX - 62},
		{B32, 64, UINT32_MAX - 63, B32 + UINT32_MAX - 63},
		/* Below the first subspace: a high half that no sender has, so the ICV fails. */
		{0, 64, 5, 5},
		{0, 64, UINT32_MAX, UINT64_MAX},
		{0, 64, UINT32_MAX - 62, UINT64_MAX - 62},
		{0, 64, UINT32_MAX - 63, UINT32_MAX - 63},
	};
	expect(rows, COUNT(rows));
}

/* The smallest window has only case A; the largest, the largest window of the header. */
static void
test_window_sizes(void)
{
	static const struct inference rows[] = {
		{B32, 1, 0, B32},
		{B32, 1, UINT32_MAX, B32 + UINT32_MAX},
		{B32 + 9, 1, 9, B32 + 9},
		{B32 + 9, 1, 8, 2 * B32 + 8},
		{B32 + UINT32_MAX, 1, 0, 2 * B32},
		/* W = 2^31, Tl = 2^31 - 1: bottom 0. */
		{B32 + INT32_MAX, UINT32_C(1) << 31, 0, B32},
		{B32 + INT32_MAX, UINT32_C(1) << 31, UINT32_MAX, B32 + UINT32_MAX},
		/* Tl = 2^31 - 2: 2^32 - 1 is the bottom, of the subspace before. */
		{B32 + INT32_MAX - 1, UINT32_C(1) << 31, UINT32_MAX, UINT32_MAX},
		{B32 + INT32_MAX - 1, UINT32_C(1) << 31, UINT32_MAX - 1, B32 + UINT32_MAX - 1},
		/* The end of the 64-bit space. */
		{UINT64_MAX - 5, 64, 3, 3},
		{2, 64, UINT32_MAX, UINT64_MAX},
	};
	expect(rows, COUNT(rows));
}

/* The answer is the one number with that low half in the 2^32 from the bottom of the window on. */
static void
test_range(void)
{
	static const uint32_t window[] = {1, 2, 31, 64, 100, 1024, 4096, 1 << 17, 1 << 22, UINT32_C(1) << 31};
	struct rng rng;
	unsigned wrong = 0;

	rng_init(&rng, 1, "test_esn");
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t w = window[i % COUNT(window)], seq;
		uint64_t edge = rng_u64(&rng), got;
		if (i % 3 == 0) /* near the end of a subspace */
			edge = (edge & ~(uint64_t)UINT32_MAX) + rng_below(&rng, 2 * (uint64_t)w) - w;
		seq = (uint32_t)(i % 2 ? rng_u64(&rng) : edge - w - 2 + rng_below(&rng, 5));
		got = esn_infer(edge, w, seq);
		wrong += (uint32_t)got != seq || got - (edge - w + 1) >= B32;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

enum verdict { OK, REPLAY, ICV };

struct linux_case {
	uint64_t start;
	unsigned n;
	struct {
		uint64_t seq;
		enum verdict want;
	} packet[16];
};

/* A receiver with window 1024: infer from the low half, look into the window, compare the high half as the
 * ICV would, commit. */
static enum verdict
packet_receive(const struct replay_ops *ops, void *state, uint64_t seq)
{
	uint64_t inferred = esn_infer(ops->right_edge(state), 1024, (uint32_t)seq);
	if (ops->check(state, inferred) != DROP_NONE)
		return REPLAY;
	if (inferred != seq)
		return ICV;
	return ops->commit(state, inferred) == DROP_NONE ? OK : REPLAY;
}

/* Sequences as sent, with the reasons that a Linux 6.1 receiver gave. */
static void
test_linux(void)
{
	static const struct linux_case cases[] = {
		{0, 13, {{10240, OK}, {10240, REPLAY}, {10239, OK}, {9218, OK}, {9217, OK}, {9216, ICV},
			{9215, ICV}, {9217, REPLAY}, {9728, OK}, {9728, REPLAY}, {10241, OK}, {9217, ICV},
			{9218, REPLAY}}},
		{0, 3, {{B32 - 16, ICV}, {1, OK}, {B32 - 16, ICV}}},
		{0, 16, {{1024, OK}, {B32 - 16, OK}, {B32 - 15, OK}, {B32 - 2, OK}, {B32 - 1, OK}, {B32, OK},
			{B32 + 1, OK}, {B32 + 2, OK}, {B32 + 1, REPLAY}, {B32 - 1, REPLAY}, {B32 - 3, OK},
			{B32 + 1021, OK}, {B32 - 2, REPLAY}, {B32 - 3, ICV}, {B32 - 4, ICV},
			{B32 + 1024, OK}}},
		{0, 11, {{1024, OK}, {B32 - 5, OK}, {B32 + 5, OK}, {B32 - 1, OK}, {B32, OK}, {B32 + 4, OK},
			{B32 - 4, OK}, {B32 - 5, REPLAY}, {B32 - 6, OK}, {B32 + 6, OK}, {B32, REPLAY}}},
		{0, 8, {{1024, OK}, {B32 - 1, OK}, {B32 + 512, OK}, {B32 - 511, OK}, {B32 - 512, ICV},
			{B32 - 513, ICV}, {B32 - 1, REPLAY}, {B32 - 2, OK}}},
		/* The sender skips a subspace; a packet behind the window is taken for the next subspace. */
		{0, 4, {{1024, OK}, {2048, OK}, {B32 + 3072, ICV}, {2049, OK}}},
		{0, 5, {{10240, OK}, {B32 + 5, OK}, {B32 + 6, OK}, {10241, ICV}, {B32 + 5, REPLAY}}},
		{0, 3, {{10240, OK}, {5, ICV}, {10241, OK}}},
		/* A second roll-over; 2^31 less and more ahead; the end of the 64-bit space. */
		{2 * B32 - 20, 7, {{2 * B32 - 3, OK}, {2 * B32 - 1, OK}, {2 * B32, OK}, {2 * B32 + 1, OK},
			{2 * B32 - 2, OK}, {2 * B32 - 2, REPLAY}, {B32 + 1, REPLAY}}},
		{0, 6, {{1024, OK}, {B31 + 1023, OK}, {B31 + 1024, OK}, {B32 + 1014, OK},
			{B32 + B31 + 1004, OK}, {B32 + 1029, ICV}}},
		{UINT64_MAX - 9, 7, {{UINT64_MAX - 4, OK}, {UINT64_MAX - 2, OK}, {UINT64_MAX - 1, OK},
			{UINT64_MAX, OK}, {UINT64_MAX - 3, OK}, {0, OK}, {1, OK}}},
	};
	const struct replay_ops *ops = replay_find("bitmap");

	CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
	for (const struct linux_case *c = cases; c < cases + COUNT(cases); c++) {
		void *state = aligned_alloc(64, ops->bytes(1024));
		CU_ASSERT_PTR_NOT_NULL_FATAL(state);
		unsigned wrong = 0;
		ops->init(state, 1024, c->start);
		for (unsigned p = 0; p < c->n; p++)
			wrong += packet_receive(ops, state, c->packet[p].seq) != c->packet[p].want;
		CU_ASSERT_EQUAL(wrong, 0);
		free(state);
	}
}

int
suite_esn(void)
{
	CU_pSuite s = CU_add_suite("esn", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_case_a);
	CU_ADD_TEST(s, test_case_b);
	CU_ADD_TEST(s, test_window_sizes);
	CU_ADD_TEST(s, test_range);
	CU_ADD_TEST(s, test_linux);
	return 0;
}
