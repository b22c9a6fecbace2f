/* The line of a wire and the finite queue before it: when a packet starts, and when its last bit is out.
 * Private to lab/wire.c, inline because every packet of a laboratory passes here.  One thread.
 *
 * Exact: the line is free at free_ns + free_rem / rate ns, and the fraction is carried from packet to packet,
 * so N packets back to back take their total time and not N roundings.  Only what is told to others is
 * rounded: up, as the last bit must have been there.  An idle line starts a packet at start_ns, a whole ns.
 *
 * The queue: packets whose first bit is not out yet wait, in bytes without overhead.  The packet that is
 * being sent does not wait, and neither does one that finds the line free, whatever its size. */
#ifndef LAB_WIRE_LINE_H
#define LAB_WIRE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/wire_ring.h"

/* Bounds under which nothing below overflows 64 bits. */
#define WIRE_LINE_BYTES_MAX (UINT32_C(1) << 30) /* packet and overhead */
#define WIRE_LINE_RATE_MAX (UINT64_C(1) << 62)	/* bit/s */

struct wire_waiting {
	uint64_t start_ns; /* rounded up */
	uint64_t bytes;
};

struct wire_line {
	uint64_t free_ns, free_rem;
	uint64_t rate;		       /* bit/s; an infinitely fast line: 1, and byte_cost 0 */
	uint64_t rate_inverse;	       /* floor((2^64 - 1) / rate) */
	uint64_t byte_cost;	       /* 8e9: ns * bit/s that a byte takes */
	uint64_t overhead;	       /* bytes a packet */
	uint64_t limit;		       /* bytes that may wait; UINT64_MAX: any */
	uint64_t waiting, waiting_max; /* bytes; `waiting` is up to date after wire_line_wait() only */
	struct wire_waiting *slot;
	uint32_t head, tail, cap;
};

/* False where memory is short. */
bool wire_line_init(struct wire_line *line, uint64_t rate, uint32_t overhead, uint32_t queue);
void wire_line_fini(struct wire_line *line);

/* A packet that finds the line busy: false where the queue has no room for it (or memory is short). */
bool wire_line_wait(struct wire_line *line, uint32_t bytes, uint64_t start_ns);

/* Up to the line: false where the packet is dropped before it. */
static inline bool
wire_line_enter(struct wire_line *line, uint32_t bytes, uint64_t start_ns)
{
	if (start_ns < line->free_ns)
		return wire_line_wait(line, bytes, start_ns);
	if (start_ns > line->free_ns)
		line->free_rem =
			0; /* else the fraction of a ns is kept: a sender at line rate does not queue */
	line->free_ns = start_ns;
	return true;
}

/* Send what has entered; returns when its last bit is out.
 *
 * cost / rate without a division: the product with the inverse is the quotient or one less, for any cost
 * below 2^64, because inverse >= 2^64 / rate - 1. */
static inline uint64_t
wire_line_send(struct wire_line *line, uint32_t bytes)
{
	uint64_t cost = (bytes + line->overhead) * line->byte_cost;
	uint64_t ns = (uint64_t)((unsigned __int128)cost * line->rate_inverse >> 64);
	uint64_t rem = cost - ns * line->rate;

	if (rem >= line->rate) {
		rem -= line->rate;
		ns++;
	}
	rem += line->free_rem;
	ns += line->free_ns;
	if (rem >= line->rate) {
		rem -= line->rate;
		ns++;
	}
	line->free_ns = ns;
	line->free_rem = rem;
	return ns + (rem != 0);
}

#endif
