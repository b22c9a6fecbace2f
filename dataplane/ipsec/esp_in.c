/* Opening a packet: describes its verification and decryption, and afterwards finds the inner packet.  RFC
 * 4303 §3.4, RFC 4302 §3.4, RFC 3948 §2 (NAT-T), and the algorithms that esp_out.c names.
 *
 * Nothing here trusts a length that came from the wire.  Does not look up the SA, infer ESN halves, check
 * replay or policy, nor count: the stages do. */
#include <string.h>

#include "dataplane/ipsec/aead.h"
#include "dataplane/ipsec/ipsec_priv.h"
#include "dataplane/ipsec/pad.h"

static enum drop
ah_peek(const uint8_t *packet, uint32_t len, struct ipsec_peek *peek)
{
	if (len < peek->at + IPSEC_AH_BYTES)
		return DROP_AH_LENGTH;
	peek->proto = ALG_AH;
	peek->spi = load_be32(packet + peek->at + 4);
	peek->seq = load_be32(packet + peek->at + 8);
	return DROP_NONE;
}

static inline enum drop
esp_peek(const uint8_t *packet, uint32_t len, struct ipsec_peek *peek)
{
	if (len < peek->at + IPSEC_ESP_BYTES)
		return DROP_ESP_LENGTH;
	peek->proto = ALG_ESP;
	peek->spi = load_be32(packet + peek->at);
	peek->seq = load_be32(packet + peek->at + 4);
	return DROP_NONE;
}

/* RFC 3948 §2.2, §2.3: four bytes of zero mark IKE, a single 0xff keeps the NAT awake. */
static enum drop
udp_peek(const uint8_t *packet, uint32_t len, struct ipsec_peek *peek)
{
	uint32_t at = peek->at + IPSEC_UDP_BYTES;

	if (len < at)
		return DROP_ESP_LENGTH;
	if (load_be16(packet + peek->at + 2) != IPSEC_UDP_PORT)
		return DROP_NOT_MINE;
	if (len == at + 1 && packet[at] == 0xff)
		return DROP_NATT_KEEPALIVE;
	if (len >= at + 4 && !load_be32(packet + at))
		return DROP_NATT_IKE;
	peek->at = (uint16_t)at;
	return esp_peek(packet, len, peek);
}

enum drop
ipsec_peek_other(const uint8_t *packet, uint32_t len, struct ipsec_peek *peek)
{
	struct ip_head head;

	if (!ip_head_all(packet, len, &head))
		return DROP_IP_HEADER;
	peek->at = head.len;
	if (head.next == ALG_ESP)
		return esp_peek(packet, len, peek);
	if (head.next == ALG_AH)
		return ah_peek(packet, len, peek);
	return head.next == IPV4_PROTO_UDP ? udp_peek(packet, len, peek) : DROP_NOT_MINE;
}

/* RFC 4303 §2.2.1: with ESN the high half is hashed where the ICV stands, so the ICV moves aside. */
static inline void
icv_move(const struct sa *sa, uint64_t seq, struct crypto_op *op)
{
	memcpy(op->icv_copy, op->icv, sa->icv_len);
	store_be32(op->icv, (uint32_t)(seq >> 32));
	op->icv = op->icv_copy;
}

/* CBC, CTR and NULL. */
static void
mac_describe(const struct sa *sa, uint8_t *text, uint32_t text_len, uint64_t seq, struct crypto_op *op)
{
	uint32_t before = IPSEC_ESP_BYTES + sa->iv_len;
	const uint8_t *iv = text - sa->iv_len;

	memset(op->iv, 0, sizeof(op->iv));
	if (sa->mode == ALG_MODE_CTR) { /* RFC 3686 §4 */
		memcpy(op->iv, sa->salt, 4);
		memcpy(op->iv + 4, iv, 8);
		store_be32(op->iv + 12, 1);
	} else if (sa->iv_len == 16) {
		memcpy(op->iv, iv, 16);
	} else if (sa->iv_len) {
		memcpy(op->iv, iv, 8);
	}
	op->text = text;
	op->text_len = text_len;
	op->aad_len = 0;
	op->flags = 0;
	op->result = CRYPTO_FAILED; /* until the engine says otherwise */
	op->auth_before = (uint8_t)before;
	op->auth_len = sa->authenticated ? before + text_len : 0;
	if (sa->esn && sa->authenticated) {
		icv_move(sa, seq, op);
		op->auth_len += IPSEC_ESN_BYTES;
	}
}

enum drop
ipsec_open(
	const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at, uint64_t seq, struct crypto_op *op)
{
	uint32_t front = at + IPSEC_ESP_BYTES + sa->iv_len, text_len;
	uint8_t *text = packet + front;

	if (__builtin_expect(sa->ah_len, 0))
		return ah_open(sa, packet, len, at, seq, op);
	if (len < front + sa->icv_len + sa->size.block)
		return DROP_ESP_LENGTH;
	text_len = len - front - sa->icv_len;
	if (sa->mode == ALG_MODE_CBC && text_len & (sa->size.block - 1u))
		return DROP_ESP_LENGTH;
	op->session = sa->session;
	op->icv = text + text_len;
	if (sa->mode < ALG_MODE_GCM)
		mac_describe(sa, text, text_len, seq, op);
	else if (__builtin_expect(sa->mode == ALG_MODE_GMAC, 0))
		gmac_describe(sa, text, text_len, seq, op);
	else
		aead_describe(sa, text, text_len, seq, op, sa->salt_len);
	return DROP_NONE;
}

void
ipsec_close(const struct sa *sa, uint8_t *packet, const struct crypto_op *op)
{
	if (sa->ah_len)
		ah_restore(packet, op, sa->icv_len);
}

/* The usual: IPv4 in IPv4, no options, and ECN as outside.  Returns the length, 0 where it is not so. */
static inline uint32_t
inner_plain(const struct sa *sa, const uint8_t *packet, const uint8_t *inner, uint32_t room, uint8_t next)
{
	uint32_t total;

	if (next != IPV4_PROTO_IPV4 || sa->head != SA_HEAD_V4 || room < IPV4_MIN_BYTES || inner[0] != 0x45)
		return 0;
	total = load_be16(inner + IPV4_LENGTH);
	if (total < IPV4_MIN_BYTES || total > room || !ipv4_checksum_ok_plain(inner))
		return 0;
	return (packet[IPV4_TOS] ^ inner[IPV4_TOS]) & IPV4_ECN_MASK ? 0 : total;
}

/* The text, without padding and what names it, as a packet. */
static inline enum drop
text_decap(const struct sa *sa, uint8_t *packet, uint32_t at, uint32_t text, uint32_t text_len, uint8_t next,
	struct ipsec_inner *inner, bool *tfc)
{
	uint32_t total = inner_plain(sa, packet, packet + text, text_len, next);
	enum drop drop = DROP_NONE;

	if (__builtin_expect(!total, 0)) {
		if (sa->head == SA_HEAD_TRANSPORT)
			return inner_transport(sa, packet, at, text, text_len, next, inner);
		drop = inner_tunnel(packet, packet + text, text_len, next, &total);
	}
	inner->offset = text;
	inner->len = total; /* without TFC padding (RFC 4303 §2.7) */
	*tfc = total < text_len;
	return drop;
}

static inline int
pad_matches(const struct sa *sa, const uint8_t *end, uint32_t pad)
{
	return __builtin_expect(pad < 4 && !sa->pad_block, 1) ? pad_short_is_good(end, pad)
							      : pad_is_good(end, pad);
}

static enum drop
ah_decap(
	const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at, struct ipsec_inner *inner, bool *tfc)
{
	uint32_t text = at + sa->ah_len;
	enum drop drop = text_decap(sa, packet, at, text, len - text, packet[at], inner, tfc);

	*tfc = false;
	return drop;
}

enum drop
ipsec_decap(
	const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at, struct ipsec_inner *inner, bool *tfc)
{
	uint32_t front = at + IPSEC_ESP_BYTES + sa->iv_len, room, pad;
	const uint8_t *trailer; /* pad length and next header */

	*tfc = false;
	if (__builtin_expect(sa->ah_len, 0))
		return ah_decap(sa, packet, len, at, inner, tfc);
	if (len < front + sa->icv_len + 2)
		return DROP_ESP_LENGTH;
	room = len - front - sa->icv_len - 2;
	trailer = packet + front + room;
	pad = trailer[0];
	/* First, as the rest of a dummy packet need not be well formed (RFC 4303 §2.6). */
	if (trailer[1] == IPV4_PROTO_NONE)
		return DROP_DUMMY;
	if (pad > room || !pad_matches(sa, trailer, pad))
		return DROP_PAD;
	return text_decap(sa, packet, at, front, room - pad, trailer[1], inner, tfc);
}
