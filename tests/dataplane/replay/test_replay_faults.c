/* Windows with the faults that shipped ones have had: the row table must reject each of them, and must accept
 * the same window without a fault.  One byte a number, in a ring that is cleared by blocks of 64. */
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <string.h>

#include "conform/replay_rows.h"

#define BLOCK 64
#define WINDOW_MOST 4096 /* larger ones show nothing more, and take long */

int suite_replay_faults(void);

enum fault {
	SOUND,
	MASK_32,     /* a 32-bit mask for a 64-bit word: half of the numbers are never recorded */
	NO_SPARE,    /* a ring of W places: the block that the edge enters still holds some of the window */
	ONE_TOO_OLD, /* right edge - W accepted, as in RFC 6479's sample code */
	SUM_32,	     /* seq + W <= edge, in 32 bits */
	MARK_OLD,    /* a packet below the window is marked before it is refused */
	CHECK_MOVES, /* a forged packet moves the window: check commits */
	ZERO,	     /* number 0 accepted in a fresh window */
	MODULUS,     /* 32-bit number modulo a ring that is no power of two: places change at 2^32 */
	WRAP_32,     /* distances in 32 bits: 0 is accepted after 2^32 - 1 */
	NO_WRAP_64,  /* seq > edge instead of a distance: 0 is refused after 2^64 - 1 */
	STALE,	     /* a jump clears all blocks but the one it lands in */
};

struct faulty {
	uint64_t edge;
	uint32_t window, ring;
	enum fault fault;
	uint8_t seen[];
};

static uint32_t
power_of_two(uint32_t least)
{
	uint32_t n = BLOCK;
	while (n < least)
		n *= 2;
	return n;
}

static size_t
faulty_bytes(uint32_t window)
{
	return (sizeof(struct faulty) + power_of_two(window + 2 * BLOCK) + 63) / 64 * 64;
}

static uint32_t
ring_size(uint32_t window, enum fault fault)
{
	if (fault == NO_SPARE)
		return power_of_two(window);
	if (fault == MODULUS)
		return (window + 2 * BLOCK - 1) / BLOCK * BLOCK;
	return power_of_two(window + 2 * BLOCK);
}

static uint8_t *
place(const struct faulty *f, uint64_t seq)
{
	uint64_t at = f->fault == MODULUS ? (uint32_t)seq % f->ring : seq % f->ring;
	return (uint8_t *)&f->seen[at];
}

static void
mark(struct faulty *f, uint64_t seq)
{
	if (f->fault != MASK_32 || seq % 64 < 32)
		*place(f, seq) = 1;
}

static void
faulty_init(void *state, uint32_t window, uint64_t right_edge, enum fault fault)
{
	struct faulty *f = state;
	memset(f, 0, faulty_bytes(window));
	f->edge = right_edge;
	f->window = window;
	f->ring = ring_size(window, fault);
	f->fault = fault;
	if (fault == ZERO && !right_edge)
		return;
	mark(f, right_edge);
	if (right_edge < window)
		mark(f, 0);
}

static int
ahead(const struct faulty *f, uint64_t seq)
{
	if (f->fault == WRAP_32)
		return (int32_t)((uint32_t)seq - (uint32_t)f->edge) > 0;
	if (f->fault == NO_WRAP_64)
		return seq > f->edge;
	return (int64_t)(seq - f->edge) > 0;
}

static int
too_old(const struct faulty *f, uint64_t seq)
{
	if (f->fault == SUM_32)
		return (uint32_t)(seq + f->window) <= (uint32_t)f->edge || f->edge - seq >= f->window;
	return f->edge - seq >= f->window + (f->fault == ONE_TOO_OLD);
}

static enum drop
faulty_commit(void *state, uint64_t seq)
{
	struct faulty *f = state;
	if (ahead(f, seq)) {
		uint64_t blocks = (f->edge % BLOCK + (seq - f->edge)) / BLOCK, most = f->ring / BLOCK;
		blocks = blocks < most ? blocks : most;
		for (uint64_t i = 0; i < blocks - (f->fault == STALE && blocks); i++)
			memset(place(f, (f->edge / BLOCK + 1 + i) * BLOCK), 0, BLOCK);
		f->edge = seq;
	} else {
		if (f->fault == MARK_OLD && f->edge - seq >= f->window)
			mark(f, seq);
		if (too_old(f, seq))
			return DROP_REPLAY_OLD;
		if (*place(f, seq))
			return DROP_REPLAY_DUP;
	}
	mark(f, seq);
	return DROP_NONE;
}

static enum drop
faulty_check(const void *state, uint64_t seq)
{
	const struct faulty *f = state;
	if (ahead(f, seq)) {
		if (f->fault == CHECK_MOVES)
			faulty_commit((void *)state, seq);
		return DROP_NONE;
	}
	if (too_old(f, seq))
		return DROP_REPLAY_OLD;
	return *place(f, seq) ? DROP_REPLAY_DUP : DROP_NONE;
}

static uint64_t
faulty_edge(const void *state)
{
	return ((const struct faulty *)state)->edge;
}

/* Some faults cannot show at some sizes: no answer of the window would differ. */
static bool
fault_shows(enum fault fault, uint32_t window)
{
	switch (fault) {
	case SOUND:
		return false;
	case NO_SPARE: /* in how many blocks can a window lie? */
		return ring_size(window, NO_SPARE) < (window + 2 * BLOCK - 2) / BLOCK * BLOCK;
	case MODULUS: /* this ring happens to be a power of two */
		return ring_size(window, MODULUS) != power_of_two(window + BLOCK);
	case MARK_OLD:
	case STALE: /* marks that only the edge itself could meet */
		return window > 1;
	default:
		return true;
	}
}

/* At every size where the fault shows. */
static void
expect_caught(const struct replay_ops *ops, enum fault fault)
{
	for (unsigned i = 0; i < replay_row_window_count && replay_row_windows[i] <= WINDOW_MOST; i++) {
		unsigned wrong = replay_rows_run(ops, replay_row_windows[i], 0, replay_row_count, NULL);
		CU_ASSERT_EQUAL(wrong != 0, fault_shows(fault, replay_row_windows[i]));
	}
}

#define FAULT(fault) \
	static void fault##_init(void *state, uint32_t window, uint64_t edge) \
	{ \
		faulty_init(state, window, edge, fault); \
	} \
	static void test_##fault(void) \
	{ \
		const struct replay_ops ops = {#fault, faulty_bytes, fault##_init, faulty_check, \
			faulty_commit, faulty_edge}; \
		expect_caught(&ops, fault); \
	}

FAULT(SOUND)
FAULT(MASK_32)
FAULT(NO_SPARE)
FAULT(ONE_TOO_OLD)
FAULT(SUM_32)
FAULT(MARK_OLD)
FAULT(CHECK_MOVES)
FAULT(ZERO)
FAULT(MODULUS)
FAULT(WRAP_32)
FAULT(NO_WRAP_64)
FAULT(STALE)

int
suite_replay_faults(void)
{
	CU_pSuite s = CU_add_suite("replay_faults", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_SOUND);
	CU_ADD_TEST(s, test_MASK_32);
	CU_ADD_TEST(s, test_NO_SPARE);
	CU_ADD_TEST(s, test_ONE_TOO_OLD);
	CU_ADD_TEST(s, test_SUM_32);
	CU_ADD_TEST(s, test_MARK_OLD);
	CU_ADD_TEST(s, test_CHECK_MOVES);
	CU_ADD_TEST(s, test_ZERO);
	CU_ADD_TEST(s, test_MODULUS);
	CU_ADD_TEST(s, test_WRAP_32);
	CU_ADD_TEST(s, test_NO_WRAP_64);
	CU_ADD_TEST(s, test_STALE);
	return 0;
}
