/* The ESP codec, IPv4 tunnel mode: bytes in, bytes out, no buffers, no clock, no EAL.  RFC 4303, RFC 6040
 * (ECN).
 *
 * Lengths are bytes; every length that comes from a packet is checked before use.  Cryptography is described
 * in a struct crypto_op and done by an engine between the two halves. */
#ifndef DATAPLANE_IPSEC_ESP_H
#define DATAPLANE_IPSEC_ESP_H

#include <stdint.h>

#include "base/bytes.h"
#include "crypto/engine.h"
#include "dataplane/drop.h"
#include "dataplane/ipsec/sa.h"

/* Bytes of padding, pad length and next header behind `inner_len` bytes. */
static inline uint32_t
esp_trailer_length(const struct sa *sa, uint32_t inner_len)
{
	uint32_t mask = sa->block - 1u; /* blocks are powers of two */

	return ((inner_len + 2 + mask) & ~mask) - inner_len;
}

/* Bytes of the outer packet round `inner_len` bytes of inner packet. */
static inline uint32_t
esp_tunnel_length(const struct sa *sa, uint32_t inner_len)
{
	return sa->head_len + inner_len + esp_trailer_length(sa, inner_len) + sa->icv_len;
}

/* Largest inner packet whose outer packet fits `mtu`; 0 where none does. */
uint32_t esp_inner_max(const struct sa *sa, uint32_t mtu);

/* Writes outer header, ESP header, IV (or the nonce that becomes it), padding and trailer round the inner
 * packet that stands at outer + sa->head_len, and describes the cryptography in *op.  The caller took `seq`
 * from sa->seq and has esp_tunnel_length() bytes of room.  Padding is 1, 2, 3 … (RFC 4303 §2.4).  Outer DSCP,
 * ECN (RFC 6040 §4.1 normal mode), DF and identification as the SA says. */
void esp_encap(struct sa *sa, uint8_t *outer, uint32_t inner_len, uint64_t seq, struct crypto_op *op);

/* Header fields of an inbound packet, before any SA is known: outer points at the IPv4 header of len bytes
 * (IHL checked by the caller). False where ESP header does not fit. */
static inline int
esp_peek(const uint8_t *outer, uint32_t len, uint32_t *spi, uint32_t *seq)
{
	uint32_t ihl = (outer[0] & 15u) * 4u;

	if (len < ihl + SA_ESP_BYTES)
		return 0;
	*spi = load_be32(outer + ihl);
	*seq = load_be32(outer + ihl + 4);
	return 1;
}

/* Checks lengths (IV, at least one block or 4 bytes of text, ICV; CBC text a multiple of the block) and
 * describes the decryption of the packet with the 64-bit number `seq`.  DROP_ESP_LENGTH where it cannot be.
 */
enum drop esp_open(const struct sa *sa, uint8_t *outer, uint32_t len, uint64_t seq, struct crypto_op *op);

/* Where the inner packet stands after decryption. */
struct esp_inner {
	uint32_t offset; /* from outer */
	uint32_t len;
};

/* After the ICV was good: padding contents and length (PAD), next header 4 (NEXT_HEADER; 59 is DUMMY), inner
 * IPv4 header sanity and its total length within the text (IP_HEADER; TFC padding behind it is cut off), ECN
 * combination (RFC 6040 §4.2: ECN; else the inner header is updated with its checksum). */
enum drop esp_decap(const struct sa *sa, uint8_t *outer, uint32_t len, struct esp_inner *inner);

#endif
