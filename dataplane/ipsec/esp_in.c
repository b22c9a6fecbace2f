/* ESP in: describes the decryption of a packet, and afterwards finds the inner packet.  RFC 4303 §3.4, RFC
 * 4106 (GCM), RFC 3602 (CBC), RFC 2410 (NULL), RFC 6040 §4.2 (ECN).
 *
 * Nothing here trusts a length that came from the wire.  Does not look up the SA, infer ESN halves, check
 * replay or policy, nor count: the stages do.  IPv4 tunnel mode only. */
#include "dataplane/ipsec/ecn.h"
#include "dataplane/ipsec/esp.h"
#include "dataplane/ipsec/gcm.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/pad.h"

/* What encryption put before the text. */
static inline uint32_t
front_len(const struct sa *sa, const uint8_t *outer)
{
	return ipv4_header_len(outer) + SA_ESP_BYTES + sa->iv_len;
}

static inline void
aead_describe(const struct sa *sa, const uint8_t *iv, uint64_t seq, struct crypto_op *op)
{
	gcm_nonce_write(sa, iv, op);
	gcm_aad_write(sa, seq, op);
	op->auth_len = 0;
	op->auth_before = 0;
}

/* RFC 4303 §2.2.1: with ESN the high half is hashed where the ICV stands, so the ICV moves aside. */
static inline void
icv_move(const struct sa *sa, uint64_t seq, struct crypto_op *op)
{
	memcpy(op->icv_copy, op->icv, sa->icv_len);
	store_be32(op->icv, (uint32_t)(seq >> 32));
	op->icv = op->icv_copy;
}

static inline void
hmac_describe(const struct sa *sa, const uint8_t *iv, uint64_t seq, struct crypto_op *op)
{
	uint32_t before = SA_ESP_BYTES + sa->iv_len;
	uint32_t auth_len = sa->authenticated ? before + op->text_len : 0;

	if (sa->cbc)
		memcpy(op->iv, iv, sizeof(op->iv));
	else
		memset(op->iv, 0, sizeof(op->iv));
	op->aad_len = 0;
	op->auth_before = (uint16_t)before;
	if (sa->esn && sa->authenticated) {
		icv_move(sa, seq, op);
		auth_len += 4;
	}
	op->auth_len = auth_len;
}

enum drop
esp_open(const struct sa *sa, uint8_t *outer, uint32_t len, uint64_t seq, struct crypto_op *op)
{
	uint32_t front = front_len(sa, outer);
	uint8_t *text = outer + front;
	uint32_t text_len;

	if (len < front + sa->icv_len + sa->block)
		return DROP_ESP_LENGTH;
	text_len = len - front - sa->icv_len;
	if (sa->cbc && text_len & (sa->block - 1u))
		return DROP_ESP_LENGTH;
	op->session = sa->session;
	op->text = text;
	op->text_len = text_len;
	op->icv = text + text_len;
	op->result = CRYPTO_FAILED; /* until the engine says otherwise */
	if (sa->aead)
		aead_describe(sa, text - sa->iv_len, seq, op);
	else
		hmac_describe(sa, text - sa->iv_len, seq, op);
	return DROP_NONE;
}

/* RFC 1812 §5.2.2: version, header length, total length and checksum of what stands in `room` bytes.  Returns
 * the total length, 0 where this is no good packet. */
static inline uint32_t
inner_check(const uint8_t *ip, uint32_t room)
{
	uint32_t header_len, total;

	if (room < IPV4_MIN_BYTES)
		return 0;
	header_len = ipv4_header_len(ip);
	total = load_be16(ip + IPV4_LENGTH);
	if (ip[0] >> 4 != 4 || header_len < IPV4_MIN_BYTES || total < header_len || total > room)
		return 0;
	return ipv4_checksum_ok(ip, header_len) ? total : 0;
}

/* RFC 6040 §4.2; most packets change nothing. */
static inline enum drop
ecn_combine(const uint8_t *outer, uint8_t *inner)
{
	uint8_t before = inner[IPV4_TOS] & IPV4_ECN_MASK;
	uint8_t after = ecn_decap[before][outer[IPV4_TOS] & IPV4_ECN_MASK];
	uint16_t word = load_be16(inner); /* version, IHL, TOS */

	if (after == before)
		return DROP_NONE;
	if (after == ECN_DROP)
		return DROP_ECN;
	inner[IPV4_TOS] = (uint8_t)(inner[IPV4_TOS] ^ before ^ after);
	ipv4_checksum_update(inner, word, load_be16(inner));
	return DROP_NONE;
}

enum drop
esp_decap(const struct sa *sa, uint8_t *outer, uint32_t len, struct esp_inner *inner)
{
	uint32_t front = front_len(sa, outer);
	const uint8_t *trailer; /* pad length and next header */
	uint32_t room, pad, total;

	if (len < front + sa->icv_len + 2)
		return DROP_ESP_LENGTH;
	room = len - front - sa->icv_len - 2;
	trailer = outer + front + room;
	pad = trailer[0];
	/* First, as the rest of a dummy packet need not be well formed (RFC 4303 §2.6). */
	if (trailer[1] == IPV4_PROTO_NONE)
		return DROP_DUMMY;
	if (pad > room || !pad_is_good(trailer, pad))
		return DROP_PAD;
	if (trailer[1] != IPV4_PROTO_IPV4)
		return DROP_NEXT_HEADER;
	total = inner_check(outer + front, room - pad);
	if (!total)
		return DROP_IP_HEADER;
	inner->offset = front;
	inner->len = total; /* without TFC padding (RFC 4303 §2.7) */
	return ecn_combine(outer, outer + front);
}
