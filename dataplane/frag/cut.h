/* Cutting an IP packet into fragments: bytes in, bytes out.  RFC 791 §3.2, RFC 8200 §4.5.
 *
 * Plan once, then take the pieces one after another; the last one is made where the packet stands, out of its
 * end, so that a packet in n pieces needs n - 1 new buffers.  IPv4 packets may be fragments already, and lose
 * their DF: who may not cut does not ask.  IPv6 packets are cut by their source only.  No EAL. */
#ifndef DATAPLANE_FRAG_CUT_H
#define DATAPLANE_FRAG_CUT_H

#include <stdbool.h>
#include <stdint.h>

#define FRAG6_BYTES 8u	   /* the Fragment header */
#define FRAG_HEAD_MAX 256u /* longer headers are not cut */

struct frag_cut {
	uint32_t head;	  /* bytes of header before the payload of the packet */
	uint32_t rest;	  /* bytes of header of all pieces but the first */
	uint32_t first;	  /* and of the first */
	uint32_t payload; /* of the packet */
	uint32_t per;	  /* payload of each piece but the last, a multiple of 8 */
	uint32_t pieces;
	uint32_t id;	  /* of IPv6; of IPv4 with DF and none of its own (RFC 6864 §4) */
	uint16_t next_at; /* IPv6: offset of the byte that will name the Fragment header */
};

/* For pieces of at most `most` bytes.  equal: all about the same size, else as large as can be.  False where
 * the packet cannot be cut so: it fits, header broken or too long, or no room behind it for 8 bytes; or IPv6
 * with a Fragment header. */
bool frag_cut_plan(
	struct frag_cut *cut, const uint8_t *ip, uint32_t len, uint32_t most, bool equal, uint32_t id);

/* Piece i, but not the last one, into out (`most` bytes at most); returns its length. */
uint32_t frag_cut_piece(const struct frag_cut *cut, const uint8_t *ip, uint32_t i, uint8_t *out);

/* Makes the packet its own last piece; returns where in it that begins.  It ends where the packet did. */
uint32_t frag_cut_last(const struct frag_cut *cut, uint8_t *ip);

#endif
