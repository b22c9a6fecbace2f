/* ESP out: from a clear IPv4 packet to one that waits for encryption.  RFC 4303 §3.3, RFC 4106 (GCM),
 * RFC 3602 (CBC), RFC 2410 (NULL), RFC 6040 §4.1 (ECN), NIST SP 800-38A Appendix C (unpredictable IV).
 *
 * One pass of wide stores, no loops; the branches depend on the SA only, so a burst on one SA predicts them.
 * Does not take sequence numbers, count, move the inner packet or look for room: its callers do. */
#include "dataplane/ipsec/esp.h"
#include "dataplane/ipsec/gcm.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/pad.h"

uint32_t
esp_inner_max(const struct sa *sa, uint32_t mtu)
{
	uint32_t fixed = sa->head_len + (uint32_t)sa->icv_len;
	uint32_t blocks;

	if (mtu < fixed + sa->block)
		return 0;
	blocks = (mtu - fixed) & ~(sa->block - 1u);
	return blocks - 2; /* the largest packet needs no padding, just pad length and next header */
}

/* The template holds all that is constant, and in place of the checksum the 16-bit sum of it; what varies was
 * 0 there, so it is or-ed into the header and added to the sum. */
static inline void
outer_write(struct sa *sa, uint8_t *outer, uint32_t total)
{
	const uint8_t *inner = outer + sa->head_len;
	uint64_t tos = inner[IPV4_TOS] & (sa->copy_dscp ? 0xffu : IPV4_ECN_MASK);
	uint64_t df = sa->df == CFG_DF_COPY ? load_be16(inner + IPV4_FRAGMENT) & IPV4_DF : 0;
	uint64_t id = sa->ip_id++;
	uint64_t sum = load_be16(sa->outer + IPV4_CHECKSUM) + tos + total + id + df;

	store_be64(outer, load_be64(sa->outer) | tos << 48 | (uint64_t)total << 32 | id << 16 | df);
	memcpy(outer + IPV4_TTL, sa->outer + IPV4_TTL, SA_IPV4_BYTES - IPV4_TTL);
	store_be16(outer + IPV4_CHECKSUM, (uint16_t)~ipv4_fold(sum));
}

/* RFC 4106 §3.1: the explicit IV has to be unique for the key; the 64-bit sequence number is. */
static inline void
aead_describe(const struct sa *sa, uint8_t *esp, uint64_t seq, uint32_t sealed, struct crypto_op *op)
{
	uint8_t *iv = esp + SA_ESP_BYTES;

	store_be64(iv, seq);
	gcm_nonce_write(sa, iv, op);
	gcm_aad_write(sa, seq, op);
	op->text = iv + 8;
	op->text_len = sealed;
	op->auth_len = 0;
	op->auth_before = 0;
}

/* SP 800-38A Appendix C, first method: the IV is a nonce enciphered under the same key.  CBC with an IV of
 * zero does just that to its first block, so the nonce stands where the IV goes and the text begins there. */
static inline void
nonce_write(const struct sa *sa, uint8_t *iv, uint64_t seq)
{
	store_be64(iv, seq);
	store_be64(iv + 8, (uint64_t)sa->spi << 32);
}

/* CBC and NULL, with HMAC or alone: all from the ESP header to the next header is authenticated. */
static inline void
hmac_describe(const struct sa *sa, uint8_t *esp, uint64_t seq, uint32_t sealed, struct crypto_op *op)
{
	uint32_t text_len = sa->iv_len + sealed;
	uint32_t auth_len = sa->authenticated ? SA_ESP_BYTES + text_len : 0;

	if (sa->cbc)
		nonce_write(sa, esp + SA_ESP_BYTES, seq);
	memset(op->iv, 0, sizeof(op->iv));
	op->text = esp + SA_ESP_BYTES;
	op->text_len = text_len;
	op->auth_before = SA_ESP_BYTES;
	op->aad_len = 0;
	if (sa->esn && sa->authenticated) {
		/* RFC 4303 §2.2.1: hashed behind the trailer but not sent; the ICV goes over it */
		store_be32(op->icv, (uint32_t)(seq >> 32));
		auth_len += 4;
	}
	op->auth_len = auth_len;
}

void
esp_encap(struct sa *sa, uint8_t *outer, uint32_t inner_len, uint64_t seq, struct crypto_op *op)
{
	uint32_t trailer = esp_trailer_length(sa, inner_len);
	uint32_t sealed = inner_len + trailer;
	uint8_t *esp = outer + SA_IPV4_BYTES;
	uint8_t *end = outer + sa->head_len + sealed;

	outer_write(sa, outer, sa->head_len + sealed + sa->icv_len);
	store_be64(esp, (uint64_t)sa->spi << 32 | (uint32_t)seq);
	/* Blocks of 4 always have an ICV of 12 bytes or more behind them; CBC may have nothing. */
	if (sa->cbc)
		pad_write_block(end, trailer);
	else
		pad_write_short(end - trailer, trailer);
	op->session = sa->session;
	op->icv = end;
	op->result = CRYPTO_FAILED; /* until the engine says otherwise */
	if (sa->aead)
		aead_describe(sa, esp, seq, sealed, op);
	else
		hmac_describe(sa, esp, seq, sealed, op);
}
