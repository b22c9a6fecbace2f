/* The row table that every replay window must pass (test_replay.c) and that faulty ones must fail
 * (test_replay_faults.c).  Positions are base + w * W + off, modulo 2^64, for a window of W packets, so that
 * one table serves every size. */
#ifndef TESTS_DATAPLANE_REPLAY_ROWS_H
#define TESTS_DATAPLANE_REPLAY_ROWS_H

#include <stdint.h>
#include <stdlib.h>

#include "dataplane/replay/replay.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const uint32_t row_windows[] = {1, 2, 31, 32, 63, 64, 65, 66, 100, 128, 1000, 1024, 4096, 1 << 17};

enum row_act {
	ROW_START, /* a new window with this right edge */
	ROW_CHECK, /* a forged packet: check alone, nothing may change */
	ROW_COMMIT /* a packet: check and commit give the same answer */
};

struct row {
	enum row_act act;
	enum drop want;
	uint64_t base;
	int w, off;
	int count_w, count_off; /* that many packets: count_w * W + count_off, none where that is negative */
	int step;		/* from one to the next */
};

/* Single packets, and runs of them. */
#define START(base, w, off) {ROW_START, DROP_NONE, base, w, off, 0, 1, 1}
#define FORGED(want, base, w, off) {ROW_CHECK, want, base, w, off, 0, 1, 1}
#define ONE(want, base, w, off) {ROW_COMMIT, want, base, w, off, 0, 1, 1}
#define UP(want, base, w, off, count_w, count_off) {ROW_COMMIT, want, base, w, off, count_w, count_off, 1}
#define DOWN(want, base, w, off, count_w, count_off) {ROW_COMMIT, want, base, w, off, count_w, count_off, -1}
#define OK DROP_NONE
#define OLD DROP_REPLAY_OLD
#define DUP DROP_REPLAY_DUP
#define B32 (UINT64_C(1) << 32)

static const struct row rows[] = {
	/* A fresh window: 0 counts as seen; then the whole window below an edge of W + 4, and older ones. */
	START(0, 0, 0), ONE(DUP, 0, 0, 0), ONE(OK, 0, 0, 1), ONE(DUP, 0, 0, 1), ONE(OK, 0, 1, 4),
	DOWN(OK, 0, 1, 3, 1, -1), DOWN(DUP, 0, 1, 4, 1, 0), DOWN(OLD, 0, 0, 4, 0, 5),

	/* 0 is seen as long as it is in the window: an edge of W - 1, then of W. */
	START(0, 0, 0), UP(OK, 0, 0, 1, 1, -1), ONE(DUP, 0, 0, 0), ONE(OK, 0, 1, 0), ONE(OLD, 0, 0, 0),

	/* In order over several turns of any ring; all the window is seen wherever the edge is in a word. */
	START(0, 0, 0), UP(OK, 0, 0, 1, 3, 0), DOWN(DUP, 0, 3, 0, 1, 0), ONE(OLD, 0, 2, 0), ONE(OK, 0, 3, 1),
	DOWN(DUP, 0, 3, 1, 1, 0), ONE(OLD, 0, 2, 1), UP(OK, 0, 3, 2, 0, 30), DOWN(DUP, 0, 3, 31, 1, 0),
	ONE(OK, 0, 3, 32), DOWN(DUP, 0, 3, 32, 1, 0), UP(OK, 0, 3, 33, 0, 31), DOWN(DUP, 0, 3, 63, 1, 0),
	ONE(OK, 0, 3, 64), DOWN(DUP, 0, 3, 64, 1, 0), ONE(OLD, 0, 2, 64), UP(OK, 0, 3, 65, 2, 0),
	DOWN(DUP, 0, 5, 64, 1, 0), ONE(OLD, 0, 4, 64),

	/* Jumps from a full window: all that is left out can still come, once; what was seen stays seen. */
	START(0, 0, 0), UP(OK, 0, 0, 1, 2, 512), ONE(OK, 0, 2, 576), ONE(DUP, 0, 2, 576),
	ONE(OK, 0, 3, 576), DOWN(OK, 0, 3, 575, 1, -1), DOWN(DUP, 0, 3, 576, 1, 0), ONE(OLD, 0, 2, 576),
	ONE(OK, 0, 5, 575), DOWN(OK, 0, 5, 574, 1, -1), DOWN(DUP, 0, 5, 575, 1, 0), ONE(OLD, 0, 4, 575),
	ONE(OK, 0, 1000, 1), DOWN(OK, 0, 1000, 0, 1, -1), DOWN(DUP, 0, 1000, 1, 1, 0), ONE(OLD, 0, 999, 1),
	ONE(OK, B32 << 8, 0, 3), DOWN(OK, B32 << 8, 0, 2, 1, -1), DOWN(DUP, B32 << 8, 0, 3, 1, 0),
	ONE(OLD, B32 << 8, -1, 3), ONE(OLD, 0, 1000, 1), ONE(OLD, 0, 0, 0),

	/* A packet below the window leaves no mark on a number that shares its place later. */
	START(0, 20, 0), DOWN(OLD, 0, 19, 0, 9, 512), ONE(OK, 0, 21, 0), DOWN(OK, 0, 21, -1, 1, -1),
	DOWN(OLD, 0, 20, 0, 9, 512), ONE(OK, 0, 22, 1), DOWN(OK, 0, 22, 0, 1, -1),
	DOWN(OLD, 0, 21, 1, 9, 512), ONE(OK, 0, 24, 33), DOWN(OK, 0, 24, 32, 1, -1),

	/* A forged packet moves nothing and marks nothing. */
	START(0, 10, 0), FORGED(OK, 0, 1000, 0), FORGED(OK, B32, 0, 0), FORGED(OK, B32 << 20, 0, 0),
	DOWN(OK, 0, 10, -1, 1, -1), FORGED(OK, 0, 10, 1), FORGED(OK, 0, 10, 1), ONE(OK, 0, 10, 1),
	FORGED(DUP, 0, 10, 1), ONE(DUP, 0, 10, 1), FORGED(OLD, 0, 9, 1), ONE(OLD, 0, 9, 1),

	/* A window that starts with a right edge: nothing below it is seen but 0. */
	START(0, 5, 0), ONE(DUP, 0, 5, 0), DOWN(OK, 0, 5, -1, 1, -1), ONE(OLD, 0, 4, 0),
	DOWN(DUP, 0, 5, 0, 1, 0), START(0, 1, -1), ONE(DUP, 0, 1, -1), ONE(DUP, 0, 0, 0),
	DOWN(OK, 0, 1, -2, 1, -2), ONE(OK, 0, 1, 0),
	START(0, 1, 0), ONE(OLD, 0, 0, 0), DOWN(OK, 0, 1, -1, 1, -1), DOWN(DUP, 0, 1, 0, 1, 0),

	/* The last numbers of 32 bits: the window reaches up to them, and 0 is not behind them. */
	START(B32, -3, -9), ONE(OK, B32, 0, -1), DOWN(OK, B32, 0, -2, 1, -1), DOWN(DUP, B32, 0, -1, 1, 0),
	ONE(OLD, B32, -1, -1), UP(OLD, 0, 0, 0, 0, 3), ONE(OLD, 0, 1, 0),
	START(B32, -3, -9), UP(OK, B32, -3, -8, 3, 8), DOWN(DUP, B32, 0, -1, 1, 0), UP(OLD, 0, 0, 0, 0, 3),

	/* Over 2^32 with extended numbers, in order and by a jump; 2^32 also is first in its word. */
	START(B32, -2, 0), UP(OK, B32, -2, 1, 2, 0), DOWN(DUP, B32, 0, 0, 1, 0), ONE(OLD, B32, -1, 0),
	ONE(OK, B32, 0, 1), DOWN(DUP, B32, 0, 1, 1, 0), ONE(OLD, B32, -1, 1),
	START(B32, -2, -5), UP(OK, B32, -2, -4, 3, 9), DOWN(DUP, B32, 1, 4, 1, 0), ONE(OLD, B32, 0, 4),
	START(B32, -1, -5), UP(OK, B32, -1, -4, 1, 0), ONE(OK, B32, 0, 5), DOWN(OLD, B32, -1, 5, 0, 7),
	START(B32, -1, -5), ONE(OK, B32, 0, 1), DOWN(OK, B32, 0, 0, 1, -1), DOWN(DUP, B32, 0, 1, 1, 0),
	START(B32, -9, 0), ONE(OK, B32, 0, 0), DOWN(OK, B32, 0, -1, 1, -1), ONE(OLD, B32, -1, 0),
	ONE(OK, B32, 1, 1), ONE(DUP, B32, 1, 1), DOWN(OK, B32, 1, 0, 1, -1), DOWN(DUP, B32, 1, 1, 1, 0),

	/* Over 2^64, as Linux does it: 0 and 1 come after 2^64 - 1. */
	START(0, -1, -50), ONE(OK, 0, 0, -1), ONE(OK, 0, 0, 0), ONE(DUP, 0, 0, 0), ONE(OK, 0, 0, 1),
	DOWN(OK, 0, 0, -2, 1, -3), DOWN(DUP, 0, 0, 1, 1, 0), ONE(OLD, 0, -1, 1), UP(OK, 0, 0, 2, 3, 0),
	DOWN(DUP, 0, 3, 1, 1, 0), START(0, -3, -7), UP(OK, 0, -3, -6, 6, 6), DOWN(DUP, 0, 3, -1, 1, 0),
	START(0, -9, 0), ONE(OK, 0, 1, 2), DOWN(OK, 0, 1, 1, 1, -1), ONE(OLD, 0, 0, 2), ONE(OLD, 0, -9, 0),

	/* Half of all numbers are ahead. */
	START(0, 0, 0), ONE(OK, INT64_MAX, 0, 0), ONE(OLD, 0, 0, 0), ONE(OLD, 0, 0, 1),
	ONE(OK, INT64_MAX, 0, 1),
};

#undef START
#undef FORGED
#undef ONE
#undef UP
#undef DOWN
#undef OK
#undef OLD
#undef DUP
#undef B32

static inline void *
window_open(const struct replay_ops *ops, uint32_t window, uint64_t right_edge)
{
	void *state = aligned_alloc(64, ops->bytes(window));

	if (state)
		ops->init(state, window, right_edge);
	return state;
}

/* True where the window answered rightly. */
static inline int
row_packet(const struct replay_ops *ops, void *state, const struct row *row, uint64_t seq)
{
	uint64_t edge = ops->right_edge(state);
	int right = ops->check(state, seq) == row->want && ops->right_edge(state) == edge;

	if (row->act == ROW_CHECK)
		return right;
	right &= ops->commit(state, seq) == row->want;
	if (row->want == DROP_NONE && (int64_t)(seq - edge) > 0)
		edge = seq;
	return right && ops->right_edge(state) == edge;
}

/* How many rows of the table a window design answers wrongly; the first of them in *first where not NULL. */
static inline unsigned
rows_run(const struct replay_ops *ops, uint32_t window, unsigned *first)
{
	unsigned wrong = 0;
	void *state = NULL;

	for (unsigned r = 0; r < COUNT(rows); r++) {
		const struct row *row = &rows[r];
		uint64_t seq = row->base + (uint64_t)((int64_t)row->w * window + row->off);
		int64_t count = (int64_t)row->count_w * window + row->count_off;
		int right = 1;
		if (row->act == ROW_START) {
			free(state);
			state = window_open(ops, window, seq);
			right = state != NULL;
			count = 0;
		}
		for (; count > 0 && state; count--, seq += (uint64_t)(int64_t)row->step)
			right &= row_packet(ops, state, row, seq);
		if (!right && !wrong++ && first)
			*first = r;
	}
	free(state);
	return wrong;
}

#endif
