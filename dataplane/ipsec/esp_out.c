/* Protecting a packet: from a clear one to one that waits for encryption.  RFC 4303 §3.3, RFC 4106 (GCM) and
 * the other AEADs (aead.h), RFC 3602 and RFC 2451 (CBC), RFC 3686 (CTR), RFC 2410 (NULL), RFC 6040 §4.1
 * (ECN), NIST SP 800-38A Appendix C (unpredictable IV).
 *
 * One pass of wide stores, no loops; the branches depend on the SA only, so a burst on one SA predicts them.
 * Does not take sequence numbers, count, move the inner packet or look for room: its callers do. */
#include <string.h>

#include "dataplane/ipsec/aead.h"
#include "dataplane/ipsec/ipsec_priv.h"
#include "dataplane/ipsec/pad.h"

uint32_t
ipsec_stay_read(const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	bool ah = sa->ah_len || sa->next; /* now, or when the ESP is done */
	struct ip_head head;

	if (!ip_head_stays(ip, len, &head) || (ah && !ah_can_mute(ip, head.len)))
		return UINT32_MAX;
	return head.len;
}

uint32_t
ipsec_length_varied(const struct sa *sa, const struct ipsec_size *size, const uint8_t *ip, uint32_t len)
{
	uint32_t stay = ipsec_stay(sa, ip, len);

	return stay > len ? 0 : ipsec_outer_len(size, len < sa->tfc ? sa->tfc : len, stay);
}

/* The template holds all that is constant, and in place of the checksum the 16-bit sum of it; what varies was
 * 0 there, so it is or-ed into the header and added to the sum.  What is copied of the inner header stands in
 * its first 8 bytes.  Returns the next header.
 *
 * An IPv6 packet may not be fragmented by routers, so it counts as one with DF (RFC 8200 §5). */
static inline uint8_t
tunnel_write_v4(struct sa *sa, uint8_t *outer, const uint8_t *inner, uint32_t total)
{
	bool v6 = __builtin_expect(ip_is_v6(inner), 0);
	uint64_t copied = (v6 ? (uint64_t)ipv6_class(inner) << 48 | IPV4_DF : load_be64(inner)) & sa->copied;
	uint32_t id = sa->ip_id++;
	uint32_t sum = load_be16(sa->outer + IPV4_CHECKSUM) + (uint32_t)(copied >> 48) + (uint16_t)copied +
		       total + id;

	store_be64(outer, load_be64(sa->outer) | copied | (uint64_t)total << 32 | (uint64_t)id << 16);
	memcpy(outer + IPV4_TTL, sa->outer + IPV4_TTL, IPV4_MIN_BYTES - IPV4_TTL);
	sum = (sum & 0xffff) + (sum >> 16); /* of five numbers below 2^16 */
	store_be16(outer + IPV4_CHECKSUM, (uint16_t) ~(sum + (sum >> 16)));
	return v6 ? IP_NEXT_IPV6 : IPV4_PROTO_IPV4;
}

/* SP 800-38A Appendix C, first method: the IV is a nonce enciphered under the same key.  CBC with an IV of
 * zero does just that to its first block, so the nonce stands where the IV goes and the text begins there. */
static inline void
cbc_describe(const struct sa *sa, uint8_t *esp, uint64_t seq, uint32_t sealed, struct crypto_op *op)
{
	uint8_t *iv = esp + IPSEC_ESP_BYTES;

	store_be64(iv, seq);
	if (sa->iv_len == 16)
		store_be64(iv + 8, (uint64_t)sa->spi << 32);
	memset(op->iv, 0, sizeof(op->iv));
	op->text = iv;
	op->text_len = sa->iv_len + sealed;
	op->auth_before = IPSEC_ESP_BYTES;
}

/* RFC 3686 §4: nonce || IV || block counter from 1; the IV has to be unique for the key. */
static inline void
ctr_describe(const struct sa *sa, uint8_t *esp, uint64_t seq, uint32_t sealed, struct crypto_op *op)
{
	store_be64(esp + IPSEC_ESP_BYTES, seq);
	memcpy(op->iv, sa->salt, 4);
	store_be64(op->iv + 4, seq);
	store_be32(op->iv + 12, 1);
	op->text = esp + IPSEC_ESP_BYTES + 8;
	op->text_len = sealed;
	op->auth_before = IPSEC_ESP_BYTES + 8;
}

/* CBC, CTR and NULL, with a MAC or alone: all from the ESP header to the next header is authenticated. */
static void
mac_describe(const struct sa *sa, uint8_t *esp, uint64_t seq, uint32_t sealed, struct crypto_op *op)
{
	uint32_t auth_len = sa->authenticated ? IPSEC_ESP_BYTES + sa->iv_len + sealed : 0;

	if (sa->mode == ALG_MODE_CBC) {
		cbc_describe(sa, esp, seq, sealed, op);
	} else if (sa->mode == ALG_MODE_CTR) {
		ctr_describe(sa, esp, seq, sealed, op);
	} else {
		memset(op->iv, 0, sizeof(op->iv));
		op->text = esp + IPSEC_ESP_BYTES;
		op->text_len = sealed;
		op->auth_before = IPSEC_ESP_BYTES;
	}
	op->aad_len = 0;
	op->flags = 0;
	op->result = CRYPTO_FAILED; /* until the engine says otherwise */
	if (sa->esn && sa->authenticated) {
		/* RFC 4303 §2.2.1: hashed behind the trailer but not sent; the ICV goes over it */
		store_be32(op->icv, (uint32_t)(seq >> 32));
		auth_len += IPSEC_ESN_BYTES;
	}
	op->auth_len = auth_len;
}

/* All but the plain SA. */
static inline void
text_describe(const struct sa *sa, uint8_t *iv, uint64_t seq, uint32_t sealed, struct crypto_op *op)
{
	if (sa->mode < ALG_MODE_GCM) {
		mac_describe(sa, iv - IPSEC_ESP_BYTES, seq, sealed, op);
		return;
	}
	store_be64(iv, seq);
	if (sa->mode == ALG_MODE_GMAC)
		gmac_describe(sa, iv + 8, sealed, seq, op);
	else
		aead_describe(sa, iv + 8, sealed, seq, op, sa->salt_len);
}

/* The ESP header, and at end, where the ICV begins, a trailer of so many bytes; plain is a constant. */
static inline __attribute__((always_inline)) void
esp_write(const struct sa *sa, uint8_t *esp, uint8_t *end, uint32_t trailer, uint8_t next, uint64_t seq,
	struct crypto_op *op, const bool plain)
{
	uint8_t *iv = esp + IPSEC_ESP_BYTES;

	store_be64(esp, (uint64_t)sa->spi << 32 | (uint32_t)seq);
	if (!plain && sa->pad_block)
		pad_write_block(end, trailer, next);
	else
		pad_write_short(end - trailer, trailer, next);
	op->session = sa->session;
	op->icv = end;
	if (!plain) {
		text_describe(sa, iv, seq, (uint32_t)(end - iv) - sa->iv_len, op);
		return;
	}
	/* RFC 4106 §3.1: the explicit IV has to be unique for the key; the 64-bit sequence number is. */
	store_be64(iv, seq);
	aead_describe(sa, iv + 8, (uint32_t)(end - iv) - 8, seq, op, 4);
}

static __attribute__((noinline)) void
protect_other(struct sa *sa, uint8_t *packet, uint32_t inner_len, uint32_t behind, uint64_t seq,
	struct crypto_op *op)
{
	uint32_t total = sa->size.front + inner_len + behind, at = IPV4_MIN_BYTES,
		 trailer = behind - sa->icv_len;
	uint8_t next;

	if (inner_len < sa->tfc) {
		memset(packet + sa->size.front + inner_len, 0, sa->tfc - inner_len);
		trailer -= sa->tfc - inner_len;
	}
	if (sa->head == SA_HEAD_V4)
		next = tunnel_write_v4(sa, packet, packet + sa->size.front, total);
	else
		next = outer_write(sa, packet, total, &at);
	if (sa->ah_len)
		ah_protect(sa, packet, total, at, next, seq, op);
	else
		esp_write(sa, packet + at, packet + total - sa->icv_len, trailer, next, seq, op, false);
}

void
ipsec_protect_sized(struct sa *sa, uint8_t *packet, uint32_t inner_len, uint32_t behind, uint64_t seq,
	struct crypto_op *op)
{
	uint8_t *inner = packet + SA_PLAIN_FRONT, *esp = packet + IPV4_MIN_BYTES, next;
	uint32_t total = SA_PLAIN_FRONT + inner_len + behind;

	if (__builtin_expect(!sa->plain, 0)) {
		protect_other(sa, packet, inner_len, behind, seq, op);
		return;
	}
	next = tunnel_write_v4(sa, packet, inner, total);
	esp_write(sa, esp, packet + total - sa->icv_len, behind - sa->icv_len, next, seq, op, true);
}

void
ipsec_finish(const struct sa *sa, uint8_t *packet, uint32_t len, struct crypto_op *op)
{
	struct ip_head head;

	if (sa->ah_len)
		ah_restore(packet, op, sa->icv_len);
	else if (ip_is_v6(packet) && ip_head_all(packet, len, &head))
		outer_udp_checksum(packet, len, head.len);
}
