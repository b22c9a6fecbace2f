/* What AES-GCM in ESP authenticates and starts from, the same in both directions.  RFC 4106.
 * Fills struct crypto_op only; the text is described by esp_out.c and esp_in.c. */
#ifndef DATAPLANE_IPSEC_GCM_H
#define DATAPLANE_IPSEC_GCM_H

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/engine.h"
#include "dataplane/ipsec/sa.h"

/* Nonce: salt || the 8 bytes of the IV field (§4). */
static inline void
gcm_nonce_write(const struct sa *sa, const uint8_t *iv, struct crypto_op *op)
{
	memcpy(op->iv, sa->salt, 4);
	memcpy(op->iv + 4, iv, 8);
	memset(op->iv + 12, 0, 4);
}

/* AAD: SPI || sequence number, with ESN all 64 bits of it (§5). */
static inline void
gcm_aad_write(const struct sa *sa, uint64_t seq, struct crypto_op *op)
{
	store_be32(op->aad, sa->spi);
	if (sa->esn) {
		store_be64(op->aad + 4, seq);
		op->aad_len = 12;
	} else {
		store_be64(op->aad + 4, seq << 32); /* 4 bytes of number, 4 of zero that nobody reads */
		op->aad_len = 8;
	}
}

#endif
