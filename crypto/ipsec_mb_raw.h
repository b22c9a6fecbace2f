/* intel-ipsec-mb called directly for operations of one session in each direction: nothing of the engine round
 * it.  What a path through the engine is compared with.  One thread. */
#ifndef CRYPTO_IPSEC_MB_RAW_H
#define CRYPTO_IPSEC_MB_RAW_H

#include "crypto/engine.h"

struct ipsec_mb_raw;

/* ERR_UNSUPPORTED where the library has no one call for the transform: GMAC, AES-CCM with 192 bits. */
enum status ipsec_mb_raw_create(
	const struct transform *transform, const struct crypto_key *key, struct ipsec_mb_raw **raw);
void ipsec_mb_raw_destroy(struct ipsec_mb_raw *raw); /* NULL is fine */

/* The cryptography of n operations, whose own sessions are not looked at.  ICVs of decryption are computed
 * and not compared, and op->result stays. */
void ipsec_mb_raw_run(
	struct ipsec_mb_raw *raw, enum crypto_direction direction, struct crypto_op *const *ops, unsigned n);

#endif
