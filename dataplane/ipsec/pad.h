/* ESP padding: 1, 2, 3 … (RFC 4303 §2.4), written and checked without loops over bytes.
 *
 * Both tables are read through a sliding 16-byte view: from table + n, the last n of the 16 bytes belong to
 * the padding, the others to what stands before it. */
#ifndef DATAPLANE_IPSEC_PAD_H
#define DATAPLANE_IPSEC_PAD_H

#include <stdint.h>
#include <string.h>

#define PAD_VIEW 16u
#define PAD_MAX 255u
#define PAD_TAIL_MAX 17u /* 15 bytes of padding, pad length, next header */

extern const uint8_t pad_ramp[PAD_VIEW + PAD_MAX];	/* 0 before, then 1, 2, 3 … 255 */
extern const uint8_t pad_mask[PAD_VIEW + PAD_TAIL_MAX]; /* 0 before, then 0xff */
/* Whole trailers of blocks of 4, by their length less 2: padding, pad length; zeros for the next header and
 * behind.
 */
extern const uint8_t pad_short[4][8];

/* The trailer of 2..5 bytes at p.  Writes 8 bytes: there must be room, of the ICV for example. */
static inline void
pad_write_short(uint8_t *p, uint32_t trailer, uint8_t next)
{
	memcpy(p, pad_short[trailer - 2], 8);
	p[trailer - 1] = next;
}

/* The trailer of 2..17 bytes that ends at end.  Nothing behind it is touched; the bytes of the last block
 * that come before it are written back as they were. */
static inline void
pad_write_block(uint8_t *end, uint32_t trailer, uint8_t next)
{
	uint64_t text[2], ramp[2], mask[2];

	memcpy(text, end - PAD_VIEW, sizeof(text));
	memcpy(ramp, pad_ramp + trailer, sizeof(ramp));
	memcpy(mask, pad_mask + trailer, sizeof(mask));
	text[0] = (text[0] & ~mask[0]) | ramp[0];
	text[1] = (text[1] & ~mask[1]) | ramp[1];
	end[-(int32_t)trailer] = 1; /* of 17 bytes the first is out of the view */
	memcpy(end - PAD_VIEW, text, sizeof(text));
	end[-2] = (uint8_t)(trailer - 2);
	end[-1] = next; /* RFC 4303 §2.6 */
}

/* Whether the pad bytes that end at end are 1, 2, 3 …; at least 16 readable bytes come before end. */
static inline int
pad_is_good(const uint8_t *end, uint32_t pad)
{
	uint64_t text[2], ramp[2], mask[2];

	if (pad > PAD_VIEW)
		return memcmp(end - pad, pad_ramp + PAD_VIEW, pad) == 0;
	memcpy(text, end - PAD_VIEW, sizeof(text));
	memcpy(ramp, pad_ramp + pad, sizeof(ramp));
	memcpy(mask, pad_mask + pad, sizeof(mask));
	return (((text[0] ^ ramp[0]) & mask[0]) | ((text[1] ^ ramp[1]) & mask[1])) == 0;
}

/* The same of at most 3 bytes, behind which pad length, next header and 2 bytes more can be read: pad_short[]
 * has the pad length too, so there is always something to compare. */
static inline int
pad_short_is_good(const uint8_t *end, uint32_t pad)
{
	uint32_t is, want;

	memcpy(&is, end - pad, sizeof(is));
	memcpy(&want, pad_short[pad], sizeof(want));
	return (is ^ want) << (24 - 8 * pad) == 0; /* the bytes behind are the last ones */
}

#endif
