/* The waist behind which window designs stand (replay.def).  RFC 4303 §3.4.3, A2.
 *
 * A window works on 64-bit numbers; ESN inference (esn.h) turns header numbers into them before, and a 32-bit
 * SA simply has high half 0.  check() never changes anything; commit() is called after the ICV was verified,
 * checks again (another copy may have been committed meanwhile), and moves the right edge.  Number 0 counts
 * as seen in a fresh window.  Distances are taken modulo 2^64, so a 64-bit roll-over works as Linux does it.
 * No EAL.  One writing thread a window. */
#ifndef DATAPLANE_REPLAY_REPLAY_H
#define DATAPLANE_REPLAY_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "dataplane/drop.h"

#define REPLAY_WINDOW_MAX (UINT32_C(1) << 22)

struct replay_ops {
	const char *name; /* configuration word */
	/* Bytes of state for a window of that many packets, 1..REPLAY_WINDOW_MAX; a multiple of 64. */
	size_t (*bytes)(uint32_t window);
	/* state: 64-byte aligned, of that size.  right_edge: highest number taken as seen so far (0 for a
	 * fresh SA); of the numbers below it only 0 is taken as seen. */
	void (*init)(void *state, uint32_t window, uint64_t right_edge);
	/* DROP_NONE, DROP_REPLAY_OLD or DROP_REPLAY_DUP. */
	enum drop (*check)(const void *state, uint64_t seq);
	/* The same answers; DROP_NONE means that seq is marked now. */
	enum drop (*commit)(void *state, uint64_t seq);
	/* Highest number committed. */
	uint64_t (*right_edge)(const void *state);
};

extern const struct replay_ops *const replay_designs[]; /* rows of replay.def */
extern const unsigned replay_design_count;

/* Row of that name, NULL where there is none. */
const struct replay_ops *replay_find(const char *name);

#endif
