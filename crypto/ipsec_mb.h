/* Between the files of the engine ipsec_mb: what a session is.  Nobody else includes this. */
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
#define IPSEC_MB_LINE __attribute__((aligned(64)))

/* Which way operations go; the one question that is asked of each. */
enum ipsec_mb_route {
	IPSEC_MB_GCM_16,   /* the library's function for one packet; first, and with an ICV of known length */
	IPSEC_MB_GCM,	   /* the same, ICV of any length */
	IPSEC_MB_GMAC,	   /* its functions for a MAC in pieces */
	IPSEC_MB_CCM_192,  /* put together here: the library has CCM for 128 and 256 bits alone */
	IPSEC_MB_JOB,	   /* a job, made from the session's template */
	IPSEC_MB_JOB_TAIL, /* the same, with functions that read on behind the end */
};

struct ipsec_mb_gmac {
	aes_gmac_init_t init;
	aes_gmac_update_t update;
	aes_gmac_finalize_t finalize;
};

#define IPSEC_MB_BLOCK __attribute__((aligned(16)))

/* Keys of the cipher as the library wants them. */
union ipsec_mb_cipher_key {
	struct gcm_key_data gcm IPSEC_MB_BLOCK; /* the type itself is not */
	struct {
		uint8_t encrypt[IPSEC_MB_ROUND_KEYS] IPSEC_MB_BLOCK;
		uint8_t decrypt[IPSEC_MB_ROUND_KEYS] IPSEC_MB_BLOCK;
	} aes;
	struct {
		uint64_t schedule[3][IMB_DES_KEY_SCHED_SIZE / sizeof(uint64_t)];
		const void *schedules[3]; /* 3DES: where they are */
	} des;
	uint8_t chacha[32];
};

union ipsec_mb_auth_key {
	struct {
		uint8_t inner[IPSEC_MB_STATE_MAX] IPSEC_MB_LINE; /* hash after key ^ ipad */
		uint8_t outer[IPSEC_MB_STATE_MAX] IPSEC_MB_LINE; /* hash after key ^ opad */
	} hmac;
	struct {
		uint8_t round_keys[IPSEC_MB_ROUND_KEYS] IPSEC_MB_LINE;
		uint8_t unused[IPSEC_MB_ROUND_KEYS] IPSEC_MB_LINE; /* the expansion writes these too */
		uint8_t first[IMB_AES_BLOCK_SIZE];		   /* XCBC: K2; CMAC: K1 */
		uint8_t second[IMB_AES_BLOCK_SIZE];		   /* XCBC: K3; CMAC: K2 */
	} aes;
};

/* What of a session is there: memory ends behind it. */
enum ipsec_mb_has { IPSEC_MB_HAS_KEY, IPSEC_MB_HAS_GMAC, IPSEC_MB_HAS_JOB, IPSEC_MB_HAS_ALL };

/* Read-only after creation.  AES-GCM has the first 1,024 bytes alone.  There the round keys of 128 bits end
 * with the third line, and the powers of the hash key begin a line: a short packet reads five lines. */
struct crypto_session {
	uint8_t route; /* enum ipsec_mb_route */
	bool decrypt;
	bool auth;	    /* auth_len is used, and not 0 */
	bool job_aead;	    /* the job has AAD, and authenticates its text */
	uint8_t icv_len;    /* 0: no ICV */
	uint8_t block_mask; /* text_len & block_mask must be 0 */
	uint8_t has;	    /* enum ipsec_mb_has */
	aes_gcm_enc_dec_t gcm;
	union ipsec_mb_cipher_key key;
	struct ipsec_mb_gmac gmac;
	IMB_JOB job IPSEC_MB_LINE; /* all of a job that does not depend on the packet */
	union ipsec_mb_auth_key auth_key;
};

_Static_assert(offsetof(struct crypto_session, key) == 16, "round keys of AES-128 end with the third line");
_Static_assert(offsetof(struct crypto_session, gmac) == 1024, "a session of AES-GCM");

#define IPSEC_MB_BURST 128u		      /* IMB_MAX_BURST_SIZE, and half of what the manager holds */
#define IPSEC_MB_BOUNCE_BYTES (65536u + 256u) /* the longest packet, and auth_before */

/* What operations are run with; a part of the engine. */
struct ipsec_mb_runner {
	IMB_MGR *manager; /* its lanes are empty between calls */
	struct gcm_context_data gcm_context IPSEC_MB_LINE;
	/* Computed ICVs of a burst wait here for the comparison. */
	uint8_t tags[IPSEC_MB_BURST][CRYPTO_ICV_MAX] IPSEC_MB_LINE;
	uint8_t bounce[IPSEC_MB_BOUNCE_BYTES + 64] IPSEC_MB_LINE; /* chained operations, one at a time */
};

extern const struct engine_ops engine_ops_ipsec_mb;

/* Does all of the operations. */
void ipsec_mb_run(struct ipsec_mb_runner *runner, struct crypto_op **ops, unsigned n);

/* Keys are copied in expanded form.  ERR_UNSUPPORTED, ERR_RANGE (length of a key) or ERR_NOMEM. */
enum status ipsec_mb_session_new(IMB_MGR *manager, struct slab *memory, const struct transform *transform,
	const struct crypto_key *key, enum crypto_direction direction, struct crypto_session **session);
/* Wipes the keys; NULL is allowed. */
void ipsec_mb_session_free(struct slab *memory, struct crypto_session *session);

/* AES-CCM with 192 bits (RFC 4309), one packet; the manager's lanes are empty before and after.  tag: the
 * whole one, 16 bytes. */
void ipsec_mb_ccm_192(IMB_MGR *manager, const struct crypto_session *session, struct crypto_op *op,
	uint8_t tag[IMB_AES_BLOCK_SIZE]);

/* A job of the session: its template, and what comes with every packet.  tag: where a computed ICV is to be
 * compared. */
static inline void
ipsec_mb_job_make(IMB_JOB *job, const struct crypto_session *session, struct crypto_op *op, uint8_t *tag)
{
	*job = session->job;
	job->src = op->text - op->auth_before;
	job->dst = op->text;
	job->cipher_start_src_offset_in_bytes = op->auth_before;
	job->msg_len_to_cipher_in_bytes = op->text_len;
	job->msg_len_to_hash_in_bytes = op->auth_len;
	job->iv = op->iv;
	job->auth_tag_output = session->decrypt ? tag : op->icv;
	job->user_data = op;
	if (session->job_aead) {
		job->hash_start_src_offset_in_bytes = op->auth_before;
		job->msg_len_to_hash_in_bytes = op->text_len;
		job->u.CCM.aad = op->aad;
		job->u.CCM.aad_len_in_bytes = op->aad_len;
	} else if (!op->text_len) { /* CBC lanes narrower than AVX-512 run away on an empty text */
		job->cipher_mode = IMB_CIPHER_NULL;
	}
}

#endif
