/* Between the two files of the engine ipsec_mb: what a session is.  Nobody else includes this. */
#ifndef CRYPTO_IPSEC_MB_H
#define CRYPTO_IPSEC_MB_H

#include <stdbool.h>
#include <stdint.h>

#include <intel-ipsec-mb.h>

#include "base/status.h"
#include "crypto/engine.h"

/* The library's multi-buffer managers count in 16 bits and refuse more than this. */
#define IPSEC_MB_BYTES_MAX ((1u << 16) - 2)

#define IPSEC_MB_STATE_MAX 64 /* of a hash, between blocks: SHA-512 */
#define IPSEC_MB_ROUND_KEYS (15 * IMB_AES_BLOCK_SIZE)

/* Read-only after creation.  The first line is all that AES-GCM needs beside the expanded key. */
struct crypto_session {
	aes_gcm_enc_dec_t gcm; /* not NULL: AES-GCM, called directly; else a job is made from the template */
	bool decrypt;
	bool hash;	    /* a job has an HMAC */
	uint8_t icv_len;    /* 0: no ICV */
	uint8_t block_mask; /* text_len & block_mask must be 0 */
	IMB_JOB job;	    /* all of a job that does not depend on the packet */
	struct gcm_key_data gcm_key __attribute__((aligned(64))); /* the type itself is not */
	uint8_t cbc_encrypt[IPSEC_MB_ROUND_KEYS] __attribute__((aligned(64)));
	uint8_t cbc_decrypt[IPSEC_MB_ROUND_KEYS] __attribute__((aligned(64)));
	uint8_t inner[IPSEC_MB_STATE_MAX] __attribute__((aligned(64))); /* HMAC: hash after key ^ ipad */
	uint8_t outer[IPSEC_MB_STATE_MAX] __attribute__((aligned(64))); /* HMAC: hash after key ^ opad */
};

extern const struct engine_ops engine_ops_ipsec_mb;

/* Keys are copied in expanded form.  ERR_UNSUPPORTED, ERR_RANGE (length of a key) or ERR_NOMEM. */
enum status ipsec_mb_session_new(IMB_MGR *manager, const struct transform *transform,
		const struct crypto_key *key, enum crypto_direction direction,
		struct crypto_session **session);
/* Wipes the keys; NULL is allowed. */
void ipsec_mb_session_free(struct crypto_session *session);

#endif
