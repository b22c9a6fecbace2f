/* The row table of replay windows (replay_rows.def), and running it against a window design.  No EAL.  Any
 * thread. */
#ifndef CONFORM_REPLAY_ROWS_H
#define CONFORM_REPLAY_ROWS_H

#include <stdint.h>

#include "dataplane/replay/replay.h"

enum replay_act {
	REPLAY_BLOCK,  /* text: what follows, up to the next one */
	REPLAY_START,  /* a new window with this right edge */
	REPLAY_FORGED, /* a forged packet: check alone, nothing may change */
	REPLAY_PACKET  /* a packet: check and commit give the same answer */
};

struct replay_row {
	enum replay_act act;
	enum drop want;
	uint64_t base;
	int w, off;
	int count_w, count_off; /* that many packets: count_w * W + count_off, none where that is negative */
	int step;		/* from one to the next */
	const char *text;	/* REPLAY_BLOCK only */
};

extern const struct replay_row replay_rows[];
extern const unsigned replay_row_count;

/* Window sizes that have been wrong elsewhere, ascending. */
extern const uint32_t replay_row_windows[];
extern const unsigned replay_row_window_count;

/* Number of the row's first packet, and how many there are. */
uint64_t replay_row_seq(const struct replay_row *row, uint32_t window);
uint64_t replay_row_packets(const struct replay_row *row, uint32_t window);
/* Index of the row behind the block that begins at row `block`. */
unsigned replay_block_end(unsigned block);

/* A window of that design in memory of its own, to be freed by free(); NULL where memory is short. */
void *replay_window_open(const struct replay_ops *ops, uint32_t window, uint64_t right_edge);
/* How many rows from..to-1 a design answers wrongly; the first of them in *first where not NULL.  from is a
 * block or a start.  Rows without memory are wrong. */
unsigned replay_rows_run(
	const struct replay_ops *ops, uint32_t window, unsigned from, unsigned to, unsigned *first);

#endif
