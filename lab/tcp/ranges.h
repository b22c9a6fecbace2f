/* What arrived ahead of a gap: ranges of offsets in order, and which of them SACK blocks tell (RFC 2018 §4:
 * the one that changed last comes first, then those that changed before it).  Only lab/tcp includes it. */
#ifndef LAB_TCP_RANGES_H
#define LAB_TCP_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "lab/tcp/segment.h"

struct tcp_range {
	uint64_t left, right;
};

struct tcp_ranges {
	struct tcp_range *range;
	uint32_t n, room;
	uint64_t recent[TCP_SACK_MAX]; /* an offset inside the ranges that changed last, newest first; 0: none
					*/
};

enum status tcp_ranges_init(struct tcp_ranges *ranges, uint32_t room);
void tcp_ranges_fini(struct tcp_ranges *ranges);
/* Returns the bytes of left..right that were there already, or UINT64_MAX where there is no room. */
uint64_t tcp_ranges_add(struct tcp_ranges *ranges, uint64_t left, uint64_t right);
/* Takes out what is now in order: returns the offset up to which all is there, at least `next`. */
uint64_t tcp_ranges_advance(struct tcp_ranges *ranges, uint64_t next);
/* At most max blocks, as 32-bit numbers that begin with irs.  Returns how many. */
unsigned tcp_ranges_blocks(
	const struct tcp_ranges *ranges, uint32_t irs, struct tcp_block *blocks, unsigned max);

#endif
