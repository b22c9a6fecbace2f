/* ESP and AH of one packet, both directions, modes and families: bytes in, bytes out, no buffers, no clock,
 * no EAL. RFC 4303, RFC 4302, RFC 3948 (NAT-T), RFC 6040 (ECN).
 *
 * A packet is described to an engine between two halves: ipsec_protect(), engine, ipsec_finish() where
 * sa->finishes; ipsec_peek(), ipsec_open(), engine, ipsec_close(), ipsec_decap().  Lengths are bytes; every
 * length that comes from a packet is checked before use.
 *
 * Room: protect wants sa->size.front bytes free before the packet, and ipsec_behind() after it.  AH keeps a
 * copy of the IP header in the bytes before the packet from protect to finish, and from open to close
 * (IPSEC_AH_SCRATCH at least), and with ESN uses 4 bytes behind it. */
#ifndef DATAPLANE_IPSEC_IPSEC_H
#define DATAPLANE_IPSEC_IPSEC_H

#include <stdint.h>

#include "base/bytes.h"
#include "crypto/engine.h"
#include "dataplane/drop.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/ipsec/sa.h"

#define IPSEC_AH_SCRATCH 128u /* longer headers under AH are refused */
#define IPSEC_ESN_BYTES 4u

/* Bytes of the packet that stay in front in transport mode; UINT32_MAX where it cannot be protected so:
 * fragments, broken headers, and under AH broken options and headers longer than IPSEC_AH_SCRATCH. */
uint32_t ipsec_stay_read(const struct sa *sa, const uint8_t *ip, uint32_t len);

static inline uint32_t
ipsec_stay(const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	return sa->head == SA_HEAD_TRANSPORT ? ipsec_stay_read(sa, ip, len) : 0;
}

/* The packet round an inner one of len bytes, where that depends on more than len; 0 where there is none. */
uint32_t ipsec_length_varied(
	const struct sa *sa, const struct ipsec_size *size, const uint8_t *ip, uint32_t len);

/* Bytes of the packet on the wire round an inner one: with all SAs that it gets.  A packet that transport
 * mode cannot carry counts as it is. */
static inline uint32_t
ipsec_wire_length(const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	uint32_t total;

	if (__builtin_expect(!sa->varies, 1))
		return ipsec_outer_len(&sa->wire, len, 0);
	total = ipsec_length_varied(sa, &sa->wire, ip, len);
	return total ? total : len;
}

/* Bytes behind the packet that protecting it adds; more than any packet has where it cannot be protected. */
static inline uint32_t
ipsec_behind(const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	uint32_t total;

	if (__builtin_expect(sa->plain, 1)) /* the same, in blocks of 4 */
		return sa->icv_len + 2u + (-(len + 2u) & 3u);
	if (!sa->varies)
		return ipsec_outer_len(&sa->size, len, 0) - sa->size.front - len;
	total = ipsec_length_varied(sa, &sa->size, ip, len);
	return total ? total - sa->size.front - len : UINT32_MAX;
}

/* The packet of inner_len bytes stands at packet + sa->size.front and becomes one that begins at packet, with
 * `behind` bytes more behind it, which is ipsec_behind().  Writes headers, IV (or the nonce that becomes it),
 * padding and trailer, and describes the cryptography in *op.  The caller took `seq` from sa->seq. */
void ipsec_protect_sized(struct sa *sa, uint8_t *packet, uint32_t inner_len, uint32_t behind, uint64_t seq,
	struct crypto_op *op);

/* For who has not asked for it already. */
static inline void
ipsec_protect(struct sa *sa, uint8_t *packet, uint32_t inner_len, uint64_t seq, struct crypto_op *op)
{
	uint32_t behind = ipsec_behind(sa, packet + sa->size.front, inner_len);

	ipsec_protect_sized(sa, packet, inner_len, behind, seq, op);
}

/* After the engine, where sa->finishes: the ICV of AH and the header that it hid, the UDP checksum over IPv6.
 */
void ipsec_finish(const struct sa *sa, uint8_t *packet, uint32_t len, struct crypto_op *op);

/* A NAT-keepalive (RFC 3948 §2.3) of this SA with natt, at most SA_OUTER_MAX + 1 bytes; returns its length.
 */
uint32_t ipsec_keepalive_write(struct sa *sa, uint8_t *packet);

/* What an inbound packet shows before any SA is known. */
struct ipsec_peek {
	uint32_t spi, seq;
	uint16_t at;   /* offset of the ESP or AH header */
	uint8_t proto; /* ALG_ESP or ALG_AH */
};

/* The same for all but the usual packet. */
enum drop ipsec_peek_other(const uint8_t *packet, uint32_t len, struct ipsec_peek *peek);

/* DROP_ESP_LENGTH or DROP_AH_LENGTH where the header does not fit, DROP_NATT_KEEPALIVE, DROP_NATT_IKE
 * (non-ESP marker), DROP_NOT_MINE where it is none of these.  The IP header was checked. */
static inline enum drop
ipsec_peek(const uint8_t *packet, uint32_t len, struct ipsec_peek *peek)
{
	if (__builtin_expect(packet[0] != 0x45 || packet[IPV4_PROTO] != ALG_ESP ||
				     len < IPV4_MIN_BYTES + IPSEC_ESP_BYTES,
		    0))
		return ipsec_peek_other(packet, len, peek);
	*peek = (struct ipsec_peek){.spi = load_be32(packet + IPV4_MIN_BYTES),
		.seq = load_be32(packet + IPV4_MIN_BYTES + 4),
		.at = IPV4_MIN_BYTES,
		.proto = ALG_ESP};
	return DROP_NONE;
}

/* Checks lengths and describes how the packet with the 64-bit number `seq` is verified and decrypted. */
enum drop ipsec_open(
	const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at, uint64_t seq, struct crypto_op *op);
/* After the engine, whatever it said: puts back what open took out of an AH packet. */
void ipsec_close(const struct sa *sa, uint8_t *packet, const struct crypto_op *op);

/* Where the inner packet stands after decryption. */
struct ipsec_inner {
	uint32_t offset; /* from packet */
	uint32_t len;
};

/* After the ICV was good: padding contents and length (PAD), next header (NEXT_HEADER; 59 is DUMMY); tunnel:
 * inner header sanity and its total length within the text (IP_HEADER; TFC padding behind it is cut off, and
 * *tfc set), ECN combination (RFC 6040 §4.2: ECN; else the inner header is updated with its checksum);
 * transport: the header moves up to the text, with length, protocol and checksums mended. */
enum drop ipsec_decap(const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at,
	struct ipsec_inner *inner, bool *tfc);

#endif
