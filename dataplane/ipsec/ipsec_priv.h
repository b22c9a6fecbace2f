/* Between the files that protect and open packets.  Contracts of the whole: ipsec.h. */
#ifndef DATAPLANE_IPSEC_IPSEC_PRIV_H
#define DATAPLANE_IPSEC_IPSEC_PRIV_H

#include "dataplane/ipsec/ipsec.h"

/* outer.c: the header of a packet of `total` bytes whose inner one stands at packet + sa->size.front; *stay
 * is set to its length with UDP, that is where ESP or AH begins.  Returns the number that the trailer or AH
 * names as next header.  For all but SA_HEAD_V4, which outer_write_v4() does. */
uint8_t outer_write(struct sa *sa, uint8_t *packet, uint32_t total, uint32_t *stay);
/* The checksum of UDP round ESP, which IPv6 wants (RFC 8200 §8.1). */
void outer_udp_checksum(uint8_t *packet, uint32_t len, uint32_t udp_at);

/* ah.c */
/* Whether a packet with that header can be sent under AH: what stands in it is to be told apart. */
bool ah_can_mute(const uint8_t *ip, uint32_t head_len);
void ah_protect(struct sa *sa, uint8_t *packet, uint32_t total, uint32_t at, uint8_t next, uint64_t seq,
	struct crypto_op *op);
enum drop ah_open(
	const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at, uint64_t seq, struct crypto_op *op);
/* Puts header and ICV back, after either direction. */
void ah_restore(uint8_t *packet, const struct crypto_op *op, uint32_t icv_len);

/* ah_mutable.c: sets to zero what may change under way, in a header of head_len bytes.  At the sender fields
 * whose final value can be told take that (RFC 4302 §3.3.3.1).  False where the header is broken. */
bool ah_mute(uint8_t *packet, uint32_t head_len, bool sender);

/* inner.c: what a decrypted packet of either mode is made of. */
enum drop inner_tunnel(const uint8_t *packet, uint8_t *inner, uint32_t room, uint8_t next, uint32_t *total);
enum drop inner_transport(const struct sa *sa, uint8_t *packet, uint32_t at, uint32_t text, uint32_t text_len,
	uint8_t next, struct ipsec_inner *inner);

#endif
