/* What the AEADs of ESP start from and authenticate besides the text, the same in both directions: AES-GCM
 * (RFC 4106), GMAC (RFC 4543), AES-CCM (RFC 4309), ChaCha20-Poly1305 (RFC 7634). Fills struct crypto_op only;
 * the text is described by esp_out.c and esp_in.c. */
#ifndef DATAPLANE_IPSEC_AEAD_H
#define DATAPLANE_IPSEC_AEAD_H

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/engine.h"
#include "dataplane/ipsec/sa.h"

/* Nonce: salt || the 8 bytes of the IV field (RFC 4106 §4; RFC 4309 §4 has 3 bytes of salt). */
static inline void
aead_nonce_write(const struct sa *sa, const uint8_t *iv, struct crypto_op *op, uint32_t salt_len)
{
	memcpy(op->iv, sa->salt, 4);
	memcpy(op->iv + salt_len, iv, 8);
	memset(op->iv + 12, 0, 4);
}

/* What an AEAD does not vary, in one run of bytes.  CRYPTO_FAILED: until the engine says otherwise. */
static inline void
aead_op_begin(struct crypto_op *op, uint8_t aad_len)
{
	op->auth_len = 0;
	op->auth_before = 0;
	op->flags = 0;
	op->aad_len = aad_len;
	op->result = CRYPTO_FAILED;
}

/* AAD: SPI || sequence number, with ESN all 64 bits of it (RFC 4106 §5). */
static inline void
aead_aad_write(const struct sa *sa, uint64_t seq, struct crypto_op *op)
{
	if (sa->esn) {
		store_be32(op->aad, sa->spi);
		store_be64(op->aad + 4, seq);
		aead_op_begin(op, 12);
	} else {
		store_be64(op->aad, (uint64_t)sa->spi << 32 | (uint32_t)seq);
		store_be32(op->aad + 8, 0); /* which nobody reads */
		aead_op_begin(op, 8);
	}
}

/* text: behind the IV, of text_len bytes with padding and trailer.  salt_len is the SA's. */
static inline void
aead_describe(const struct sa *sa, uint8_t *text, uint32_t text_len, uint64_t seq, struct crypto_op *op,
	uint32_t salt_len)
{
	aead_nonce_write(sa, text - 8, op, salt_len);
	aead_aad_write(sa, seq, op);
	op->text = text;
	op->text_len = text_len;
}

/* RFC 4543 §3: all is authenticated, the IV too, and nothing enciphered. */
static inline void
gmac_describe(const struct sa *sa, uint8_t *text, uint32_t text_len, uint64_t seq, struct crypto_op *op)
{
	aead_describe(sa, text, 0, seq, op, 4);
	op->auth_len = 8 + text_len;
	op->auth_before = 8;
}

#endif
