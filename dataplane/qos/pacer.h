/* An exact clock for bytes at a rate: the line, the shaper and the policers are all this one thing.
 *
 * A pacer is a token bucket told in time instead of tokens (the virtual scheduling form of ITU-T I.371's
 * GCRA): it remembers the instant at which its bucket would be full, and a packet moves that instant on by
 * the time of its bytes.  A bucket of 0 bytes is a line: "full" is "free".
 *
 * Nothing drifts: a byte takes num / den ns, and the time since a whole ns, the base, is counted in parts of
 * 1 / den ns.  Rounding up happens only in what is returned, so N packets back to back start at
 * base + time_of_bytes(all the bytes before), never at a sum of rounded times.  A start that something else
 * imposes (an arrival, another pacer) is a whole ns and becomes a new base.
 *
 * No division per packet: den has a reciprocal.  One packet's bytes are below 2^17. */
#ifndef DATAPLANE_QOS_PACER_H
#define DATAPLANE_QOS_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define QOS_RATE_MAX (UINT64_C(1) << 46)    /* bit/s; keeps every product of the packet path in 64 bits */
#define PACER_PARTS_MAX (UINT64_C(1) << 62) /* beyond these a base moves up */

struct span {
	uint64_t ns, part; /* ns + part / den, part < den */
};

struct pacer {
	uint64_t base_ns, parts; /* the bucket is full at base_ns + parts / den */
	uint64_t full_ns;	 /* the same, rounded up */
	uint64_t num, den;	 /* ns per byte; num 0 is infinitely fast */
	uint64_t inverse, shift; /* of den, see pacer_init() */
	struct span credit;	 /* time of the whole bucket */
};

/* bps 0: infinitely fast.  The bucket holds `burst` bytes and is full at 0. */
void pacer_init(struct pacer *pacer, uint64_t bps, uint64_t burst);

/* First whole ns at which a packet may start, 0 where it always could.  It needs tokens for all its bytes;
 * one that is larger than the bucket needs a full bucket and leaves a debt. */
uint64_t pacer_next(const struct pacer *pacer, uint32_t bytes);

/* Where full_ns is at most that much later than now, pacer_next() is not, for any packet of at most `bytes`. */
uint64_t pacer_sure(const struct pacer *pacer, uint32_t bytes);

/* parts / den, rounded down; exact below 2^63. */
static inline uint64_t
pacer_divide(const struct pacer *pacer, uint64_t parts)
{
	return (uint64_t)((unsigned __int128)parts * pacer->inverse >> 64) >> pacer->shift;
}

/* A packet that arrived at `arrival` takes its bytes at `start`.  Where it waited for exactly this pacer,
 * its true start lies up to 1 ns before `start`, and the account runs on from there. */
static inline void
pacer_take(struct pacer *pacer, uint32_t bytes, uint64_t start, uint64_t arrival)
{
	if (pacer->full_ns < start || (pacer->full_ns == start && start == arrival)) {
		pacer->base_ns = start;
		pacer->parts = 0;
	}
	pacer->parts += bytes * pacer->num;
	if (__builtin_expect(pacer->parts >= PACER_PARTS_MAX, 0)) {
		uint64_t ns = pacer_divide(pacer, pacer->parts);
		pacer->base_ns += ns;
		pacer->parts -= ns * pacer->den;
	}
	pacer->full_ns = pacer->base_ns + pacer_divide(pacer, pacer->parts + pacer->den - 1);
}

#endif
