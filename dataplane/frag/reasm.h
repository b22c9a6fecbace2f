/* Reassembly: fragments of IPv4 and IPv6 packets wait here until all are there.  RFC 791 §3.2, RFC 815's
 * table kept as a list, RFC 8200 §4.5, RFC 5722 (overlaps), RFC 6946 (atomic fragments), RFC 8900 §3.7.
 *
 * Packets are opaque pointers with their bytes beside them, which must not move while they wait.  Each packet
 * that is put is ended exactly once, by the callback, or handed back as the first of a whole packet.
 *
 * - Overlaps end all fragments of their packet, those that come later too, until its time is over (RFC 5722
 *   §4); an exact copy is ended alone.
 * - `packets`, `bytes` are limits of all, for which the oldest make room; `per_source` is one for newcomers
 *   only, so that one source cannot push out the others.
 * - Time starts with the first fragment that comes, and is an argument.
 * - Congestion marks are combined (RFC 3168 §5.3).
 *
 * Allocates in reasm_create() only.  No EAL.  One thread. */
#ifndef DATAPLANE_FRAG_REASM_H
#define DATAPLANE_FRAG_REASM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "dataplane/drop.h"

#define REASM_CHARGE_MIN 512u /* bytes that a fragment counts at least: its buffer is no shorter */

struct reasm;

struct reasm_limits {
	uint32_t packets;    /* that wait at once, 1 to 65536 */
	uint32_t per_source; /* of those */
	uint32_t bytes;	     /* of their fragments */
	uint64_t timeout;    /* ns */
};

/* The whole packet can be made in the buffer of its first fragment. */
struct reasm_whole {
	void *first;
	uint32_t train; /* for reasm_join(), reasm_refuse() */
	uint32_t skip;	/* it begins so far behind where the first fragment did: 8 in IPv6 */
	uint32_t bytes; /* of the whole packet */
};

/* A packet has ended: reason, or DROP_NONE where it became part of a whole one. */
typedef void reasm_end_fn(void *ctx, void *pkt, enum drop reason);

enum status reasm_create(const struct reasm_limits *limits, reasm_end_fn *end, void *ctx, struct reasm **out);
/* Nothing may be waiting.  NULL is fine. */
void reasm_destroy(struct reasm *reasm);

/* A fragment whose IP header was checked; len: of the packet.  True where it was the last that was missing:
 * then reasm_join() or reasm_refuse() is next. */
bool reasm_put(struct reasm *reasm, void *pkt, const uint8_t *ip, uint32_t len, uint64_t now,
	struct reasm_whole *whole);
/* ip: where the first fragment stands, with room for skip + bytes.  All other fragments are ended. */
void reasm_join(struct reasm *reasm, const struct reasm_whole *whole, uint8_t *ip);
/* Ends all fragments, the first too. */
void reasm_refuse(struct reasm *reasm, const struct reasm_whole *whole, enum drop reason);

/* Ends what has waited too long. */
void reasm_run(struct reasm *reasm, uint64_t now);
/* When that is to be done next; TIME_NEVER. */
uint64_t reasm_next_due(const struct reasm *reasm);
/* Fragments that wait. */
unsigned reasm_held(const struct reasm *reasm);
/* Any of them, which is the caller's then, without the callback; NULL: none is left. */
void *reasm_take(struct reasm *reasm);

#endif
