/* Sessions of the engine ipsec_mb: expanded keys, and the template of a job.
 *
 * AES-GCM (RFC 4106) binds one of the library's functions.  AES-CBC (RFC 3602), NULL (RFC 2410) and HMAC (RFC
 * 2404, RFC 4868) fill a job once; per packet it is copied and gets addresses and lengths.  HMAC keys are
 * kept as the hash state after the first block (RFC 2104 §4), so the key itself is not stored.  Runs no
 * packets. */
#include "crypto/ipsec_mb.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* Rows that this engine does not know stay 0, which is no mode and no hash of the library. */
static const IMB_CIPHER_MODE cipher_modes[ALG_CIPHER_COUNT] = {
	[ALG_CIPHER_AES_128_GCM] = IMB_CIPHER_GCM,
	[ALG_CIPHER_AES_192_GCM] = IMB_CIPHER_GCM,
	[ALG_CIPHER_AES_256_GCM] = IMB_CIPHER_GCM,
	[ALG_CIPHER_AES_128_CBC] = IMB_CIPHER_CBC,
	[ALG_CIPHER_AES_192_CBC] = IMB_CIPHER_CBC,
	[ALG_CIPHER_AES_256_CBC] = IMB_CIPHER_CBC,
	[ALG_CIPHER_NULL] = IMB_CIPHER_NULL,
};

static const IMB_HASH_ALG hash_algs[ALG_AUTH_COUNT] = {
	[ALG_AUTH_NONE] = IMB_AUTH_NULL,
	[ALG_AUTH_HMAC_SHA1_96] = IMB_AUTH_HMAC_SHA_1,
	[ALG_AUTH_HMAC_SHA256_128] = IMB_AUTH_HMAC_SHA_256,
};

static bool
transform_supported(const struct transform *transform)
{
	/* Compared as numbers: the configuration of a later version may hand us more than we know. */
	if ((unsigned)transform->cipher >= ALG_CIPHER_COUNT || (unsigned)transform->auth >= ALG_AUTH_COUNT)
		return false;
	IMB_CIPHER_MODE mode = cipher_modes[transform->cipher];
	IMB_HASH_ALG hash = hash_algs[transform->auth];

	if (!mode || !hash)
		return false;
	if (mode == IMB_CIPHER_GCM)
		return hash == IMB_AUTH_NULL;
	return mode != IMB_CIPHER_NULL || hash != IMB_AUTH_NULL;
}

/* The library has one function for each key size; 16, 24 and 32 bytes are 0, 1 and 2. */
static void
gcm_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	const aes_gcm_pre_t expand[] = {manager->gcm128_pre, manager->gcm192_pre, manager->gcm256_pre};
	const aes_gcm_enc_dec_t encrypt[] = {manager->gcm128_enc, manager->gcm192_enc, manager->gcm256_enc};
	const aes_gcm_enc_dec_t decrypt[] = {manager->gcm128_dec, manager->gcm192_dec, manager->gcm256_dec};
	unsigned size = key->key_len / 8 - 2;

	expand[size](key->key, &session->gcm_key);
	session->gcm = session->decrypt ? decrypt[size] : encrypt[size];
}

static void
cbc_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	const keyexp_t expand[] = {manager->keyexp_128, manager->keyexp_192, manager->keyexp_256};
	IMB_JOB *job = &session->job;

	expand[key->key_len / 8 - 2](key->key, session->cbc_encrypt, session->cbc_decrypt);
	job->enc_keys = session->cbc_encrypt;
	job->dec_keys = session->cbc_decrypt;
	job->key_len_in_bytes = key->key_len;
	job->iv_len_in_bytes = IMB_AES_BLOCK_SIZE;
	session->block_mask = IMB_AES_BLOCK_SIZE - 1;
}

/* RFC 2104 §2: the first block is the key, padded with zeros and XORed with a repeated byte. */
static void
hmac_half(hash_one_block_t one_block, const struct crypto_key *key, uint8_t pad,
	uint8_t state[IPSEC_MB_STATE_MAX])
{
	uint8_t block[IMB_SHA_256_BLOCK_SIZE];

	memset(block, pad, sizeof(block));
	for (unsigned i = 0; i < key->auth_key_len; i++)
		block[i] ^= key->auth_key[i];
	one_block(block, state);
	bytes_wipe(block, sizeof(block));
}

static void
hmac_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	IMB_JOB *job = &session->job;
	hash_one_block_t one_block = job->hash_alg == IMB_AUTH_HMAC_SHA_1 ? manager->sha1_one_block
									  : manager->sha256_one_block;

	hmac_half(one_block, key, 0x36, session->inner);
	hmac_half(one_block, key, 0x5c, session->outer);
	job->u.HMAC._hashed_auth_key_xor_ipad = session->inner;
	job->u.HMAC._hashed_auth_key_xor_opad = session->outer;
	job->auth_tag_output_len_in_bytes = session->icv_len;
	session->hash = true;
}

/* The ICV covers the ciphertext (RFC 4303 §3.3.2.1), hence encrypt then hash, and hash then decrypt. */
static void
job_bind(const IMB_MGR *manager, struct crypto_session *session, const struct transform *transform,
	const struct crypto_key *key)
{
	IMB_JOB *job = &session->job;

	job->cipher_mode = cipher_modes[transform->cipher];
	job->cipher_direction = session->decrypt ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
	job->chain_order = session->decrypt ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	job->hash_alg = hash_algs[transform->auth];
	if (job->cipher_mode == IMB_CIPHER_CBC)
		cbc_bind(manager, session, key);
	if (job->hash_alg != IMB_AUTH_NULL)
		hmac_bind(manager, session, key);
}

enum status
ipsec_mb_session_new(IMB_MGR *manager, const struct transform *transform, const struct crypto_key *key,
	enum crypto_direction direction, struct crypto_session **session)
{
	if (!transform_supported(transform))
		return ST_ERR_UNSUPPORTED;
	const struct alg_cipher_info *cipher = &alg_cipher_info[transform->cipher];
	const struct alg_auth_info *auth = &alg_auth_info[transform->auth];

	if (key->key_len != cipher->key || key->auth_key_len != auth->key)
		return ST_ERR_RANGE;
	struct crypto_session *made = aligned_alloc(_Alignof(struct crypto_session), sizeof(*made));
	if (!made)
		return ST_ERR_NOMEM;
	memset(made, 0, sizeof(*made));
	made->decrypt = direction == CRYPTO_DECRYPT;
	made->icv_len = cipher->icv ? cipher->icv : auth->icv;
	if (cipher_modes[transform->cipher] == IMB_CIPHER_GCM)
		gcm_bind(manager, made, key);
	else
		job_bind(manager, made, transform, key);
	*session = made;
	return ST_OK;
}

void
ipsec_mb_session_free(struct crypto_session *session)
{
	if (!session)
		return;
	bytes_wipe(session, sizeof(*session));
	free(session);
}
