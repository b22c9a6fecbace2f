/* Replay rows: see replay_rows.h. */
#include "conform/replay_rows.h"

#include <stdlib.h>

#define BLOCK(what)                                                                                          \
	{                                                                                                    \
		.act = REPLAY_BLOCK, .text = what                                                            \
	}
#define START(base, w, off)                                                                                  \
	{                                                                                                    \
		REPLAY_START, DROP_NONE, base, w, off, 0, 0, 1, NULL                                         \
	}
#define FORGED(want, base, w, off)                                                                           \
	{                                                                                                    \
		REPLAY_FORGED, want, base, w, off, 0, 1, 1, NULL                                             \
	}
#define ONE(want, base, w, off)                                                                              \
	{                                                                                                    \
		REPLAY_PACKET, want, base, w, off, 0, 1, 1, NULL                                             \
	}
#define UP(want, base, w, off, count_w, count_off)                                                           \
	{                                                                                                    \
		REPLAY_PACKET, want, base, w, off, count_w, count_off, 1, NULL                               \
	}
#define DOWN(want, base, w, off, count_w, count_off)                                                         \
	{                                                                                                    \
		REPLAY_PACKET, want, base, w, off, count_w, count_off, -1, NULL                              \
	}
#define OK DROP_NONE
#define OLD DROP_REPLAY_OLD
#define DUP DROP_REPLAY_DUP
#define B32 (UINT64_C(1) << 32)

const struct replay_row replay_rows[] = {
#include "conform/replay_rows.def"
};

const unsigned replay_row_count = sizeof(replay_rows) / sizeof(replay_rows[0]);

const uint32_t replay_row_windows[] = {1, 2, 31, 32, 63, 64, 65, 66, 100, 128, 1000, 1024, 4096, 1 << 17};
const unsigned replay_row_window_count = sizeof(replay_row_windows) / sizeof(replay_row_windows[0]);

uint64_t
replay_row_seq(const struct replay_row *row, uint32_t window)
{
	return row->base + (uint64_t)((int64_t)row->w * window + row->off);
}

uint64_t
replay_row_packets(const struct replay_row *row, uint32_t window)
{
	int64_t count = (int64_t)row->count_w * window + row->count_off;

	return count > 0 ? (uint64_t)count : 0;
}

unsigned
replay_block_end(unsigned block)
{
	do
		block++;
	while (block < replay_row_count && replay_rows[block].act != REPLAY_BLOCK);
	return block;
}

void *
replay_window_open(const struct replay_ops *ops, uint32_t window, uint64_t right_edge)
{
	void *state = aligned_alloc(64, ops->bytes(window));

	if (state)
		ops->init(state, window, right_edge);
	return state;
}

/* True where the window answered rightly. */
static int
packet_run(const struct replay_ops *ops, void *state, const struct replay_row *row, uint64_t seq)
{
	uint64_t edge = ops->right_edge(state);
	int right = ops->check(state, seq) == row->want && ops->right_edge(state) == edge;

	if (row->act == REPLAY_FORGED)
		return right;
	right &= ops->commit(state, seq) == row->want;
	if (row->want == DROP_NONE && (int64_t)(seq - edge) > 0)
		edge = seq;
	return right && ops->right_edge(state) == edge;
}

unsigned
replay_rows_run(const struct replay_ops *ops, uint32_t window, unsigned from, unsigned to, unsigned *first)
{
	unsigned wrong = 0;
	void *state = NULL;

	for (unsigned r = from; r < to; r++) {
		const struct replay_row *row = &replay_rows[r];
		uint64_t seq = replay_row_seq(row, window), count = replay_row_packets(row, window);
		int right = 1;

		if (row->act == REPLAY_BLOCK)
			continue;
		if (row->act == REPLAY_START) {
			free(state);
			state = replay_window_open(ops, window, seq);
			right = state != NULL;
		}
		for (; count > 0 && state; count--, seq += (uint64_t)(int64_t)row->step)
			right &= packet_run(ops, state, row, seq);
		if (!right && !wrong++ && first)
			*first = r;
	}
	free(state);
	return wrong;
}
