/* Sessions of the engine ipsec_mb: expanded keys, which way operations go, and the template of a job.
 *
 * AES-GCM and GMAC bind functions of the library (RFC 4106, RFC 4543).  All else fills a job once; per packet
 * it is copied and gets addresses and lengths.  HMAC keys are kept as the hash state after the first block
 * (RFC 2104 §4), so the key itself is not stored.  A row of alg.def that is not in the two tables below is
 * unsupported.  Runs no packets. */
#include "crypto/ipsec_mb.h"

#include <string.h>

#include "base/bytes.h"
#include "base/slab.h"

/* 16, 24 and 32 bytes are 0, 1 and 2. */
static unsigned
size_of(const struct crypto_key *key)
{
	return key->key_len / 8 - 2;
}

/* The library has one function for each key size. */
static void
gcm_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	const aes_gcm_pre_t expand[] = {manager->gcm128_pre, manager->gcm192_pre, manager->gcm256_pre};
	const aes_gcm_enc_dec_t encrypt[] = {manager->gcm128_enc, manager->gcm192_enc, manager->gcm256_enc};
	const aes_gcm_enc_dec_t decrypt[] = {manager->gcm128_dec, manager->gcm192_dec, manager->gcm256_dec};
	unsigned size = size_of(key);

	expand[size](key->key, &session->key.gcm);
	session->gcm = session->decrypt ? decrypt[size] : encrypt[size];
	session->route = session->icv_len == 16 ? IPSEC_MB_GCM_16 : IPSEC_MB_GCM;
}

static void
gmac_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	const struct ipsec_mb_gmac gmac[] = {
		{manager->gmac128_init, manager->gmac128_update, manager->gmac128_finalize},
		{manager->gmac192_init, manager->gmac192_update, manager->gmac192_finalize},
		{manager->gmac256_init, manager->gmac256_update, manager->gmac256_finalize},
	};

	gcm_bind(manager, session, key);
	session->gmac = gmac[size_of(key)];
	session->route = IPSEC_MB_GMAC;
}

static void
aes_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	const keyexp_t expand[] = {manager->keyexp_128, manager->keyexp_192, manager->keyexp_256};
	IMB_JOB *job = &session->job;

	expand[size_of(key)](key->key, session->key.aes.encrypt, session->key.aes.decrypt);
	job->enc_keys = session->key.aes.encrypt;
	job->dec_keys = session->key.aes.decrypt;
	job->key_len_in_bytes = key->key_len;
	job->iv_len_in_bytes = IMB_AES_BLOCK_SIZE;
}

static void
cbc_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	aes_bind(manager, session, key);
	session->job.cipher_mode = IMB_CIPHER_CBC;
	session->block_mask = IMB_AES_BLOCK_SIZE - 1;
}

/* The counter block comes whole, with its 1 (RFC 3686 §4). */
static void
ctr_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	aes_bind(manager, session, key);
	session->job.cipher_mode = IMB_CIPHER_CNTR;
}

/* The tag is of the plaintext, so the order is the other one. */
static void
ccm_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	IMB_JOB *job = &session->job;

	aes_bind(manager, session, key);
	job->cipher_mode = IMB_CIPHER_CCM;
	job->hash_alg = IMB_AUTH_AES_CCM;
	job->chain_order = session->decrypt ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->iv_len_in_bytes = 11;
	session->job_aead = true;
	if (key->key_len == IMB_KEY_192_BYTES)
		session->route = IPSEC_MB_CCM_192;
}

static void
chacha_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	IMB_JOB *job = &session->job;

	(void)manager;
	memcpy(session->key.chacha, key->key, sizeof(session->key.chacha));
	job->enc_keys = job->dec_keys = session->key.chacha;
	job->key_len_in_bytes = key->key_len;
	job->iv_len_in_bytes = 12;
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	session->route = IPSEC_MB_JOB_TAIL;
	session->job_aead = true;
}

/* One key schedule, or three. */
static void
des_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	unsigned n = key->key_len / IMB_DES_BLOCK_SIZE;
	IMB_JOB *job = &session->job;

	for (unsigned i = 0; i < n; i++) {
		session->key.des.schedules[i] = session->key.des.schedule[i];
		manager->des_key_sched(session->key.des.schedule[i], key->key + i * IMB_DES_BLOCK_SIZE);
	}
	job->enc_keys = job->dec_keys = n == 1 ? session->key.des.schedules[0] : session->key.des.schedules;
	job->cipher_mode = n == 1 ? IMB_CIPHER_DES : IMB_CIPHER_DES3;
	job->key_len_in_bytes = key->key_len;
	job->iv_len_in_bytes = IMB_DES_BLOCK_SIZE;
	session->block_mask = IMB_DES_BLOCK_SIZE - 1;
}

static void
null_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	(void)manager;
	(void)key;
	session->job.cipher_mode = IMB_CIPHER_NULL;
}

/* RFC 2104 §2: the first block is the key, padded with zeros and XORed with a repeated byte. */
static void
hmac_half(hash_one_block_t one_block, unsigned block_bytes, const struct crypto_key *key, uint8_t pad,
	uint8_t state[IPSEC_MB_STATE_MAX])
{
	uint8_t block[IMB_SHA_512_BLOCK_SIZE];

	memset(block, pad, block_bytes);
	for (unsigned i = 0; i < key->auth_key_len; i++)
		block[i] ^= key->auth_key[i];
	one_block(block, state);
	bytes_wipe(block, sizeof(block));
}

static void
hmac_bind(struct crypto_session *session, const struct crypto_key *key, IMB_HASH_ALG alg,
	hash_one_block_t one_block, unsigned block_bytes)
{
	IMB_JOB *job = &session->job;

	hmac_half(one_block, block_bytes, key, 0x36, session->auth_key.hmac.inner);
	hmac_half(one_block, block_bytes, key, 0x5c, session->auth_key.hmac.outer);
	job->hash_alg = alg;
	job->u.HMAC._hashed_auth_key_xor_ipad = session->auth_key.hmac.inner;
	job->u.HMAC._hashed_auth_key_xor_opad = session->auth_key.hmac.outer;
}

#define HMAC_BIND(name, alg, one_block, block_bytes)                                                         \
	static void name(                                                                                    \
		const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)        \
	{                                                                                                    \
		hmac_bind(session, key, alg, manager->one_block, block_bytes);                               \
	}
HMAC_BIND(md5_bind, IMB_AUTH_MD5, md5_one_block, 64) /* the library has no name for it */
HMAC_BIND(sha1_bind, IMB_AUTH_HMAC_SHA_1, sha1_one_block, IMB_SHA1_BLOCK_SIZE)
HMAC_BIND(sha256_bind, IMB_AUTH_HMAC_SHA_256, sha256_one_block, IMB_SHA_256_BLOCK_SIZE)
HMAC_BIND(sha384_bind, IMB_AUTH_HMAC_SHA_384, sha384_one_block, IMB_SHA_384_BLOCK_SIZE)
HMAC_BIND(sha512_bind, IMB_AUTH_HMAC_SHA_512, sha512_one_block, IMB_SHA_512_BLOCK_SIZE)

/* RFC 3566 §4: K1, which enciphers, and the two that end the last block. */
static void
xcbc_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	IMB_JOB *job = &session->job;

	manager->xcbc_keyexp(key->auth_key, session->auth_key.aes.round_keys, session->auth_key.aes.first,
		session->auth_key.aes.second);
	job->hash_alg = IMB_AUTH_AES_XCBC;
	job->u.XCBC._k1_expanded = (const uint32_t *)session->auth_key.aes.round_keys;
	job->u.XCBC._k2 = session->auth_key.aes.first;
	job->u.XCBC._k3 = session->auth_key.aes.second;
}

static void
cmac_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	IMB_JOB *job = &session->job;

	manager->keyexp_128(key->auth_key, session->auth_key.aes.round_keys, session->auth_key.aes.unused);
	manager->cmac_subkey_gen_128(
		session->auth_key.aes.round_keys, session->auth_key.aes.first, session->auth_key.aes.second);
	job->hash_alg = IMB_AUTH_AES_CMAC;
	session->route = IPSEC_MB_JOB_TAIL;
	job->u.CMAC._key_expanded = session->auth_key.aes.round_keys;
	job->u.CMAC._skey1 = session->auth_key.aes.first;
	job->u.CMAC._skey2 = session->auth_key.aes.second;
}

static void
none_bind(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key)
{
	(void)manager;
	(void)session;
	(void)key;
}

typedef void (*bind_fn)(const IMB_MGR *manager, struct crypto_session *session, const struct crypto_key *key);

#define AES_SIZES(mode, bind)                                                                                \
	[ALG_CIPHER_AES_128_##mode] = bind, [ALG_CIPHER_AES_192_##mode] = bind,                              \
	[ALG_CIPHER_AES_256_##mode] = bind
static const bind_fn cipher_binds[ALG_CIPHER_COUNT] = {
	AES_SIZES(GCM, gcm_bind),
	AES_SIZES(GCM_12, gcm_bind),
	AES_SIZES(GCM_8, gcm_bind),
	AES_SIZES(GMAC, gmac_bind),
	AES_SIZES(CCM, ccm_bind),
	AES_SIZES(CCM_12, ccm_bind),
	AES_SIZES(CCM_8, ccm_bind),
	AES_SIZES(CTR, ctr_bind),
	AES_SIZES(CBC, cbc_bind),
	[ALG_CIPHER_CHACHA20_POLY1305] = chacha_bind,
	[ALG_CIPHER_3DES_CBC] = des_bind,
	[ALG_CIPHER_DES_CBC] = des_bind,
	[ALG_CIPHER_NULL] = null_bind,
};

static const bind_fn auth_binds[ALG_AUTH_COUNT] = {
	[ALG_AUTH_NONE] = none_bind,
	[ALG_AUTH_HMAC_MD5_96] = md5_bind,
	[ALG_AUTH_HMAC_SHA1_96] = sha1_bind,
	[ALG_AUTH_HMAC_SHA256_128] = sha256_bind,
	[ALG_AUTH_HMAC_SHA384_192] = sha384_bind,
	[ALG_AUTH_HMAC_SHA512_256] = sha512_bind,
	[ALG_AUTH_AES_XCBC_96] = xcbc_bind,
	[ALG_AUTH_AES_CMAC_96] = cmac_bind,
};

static bool
transform_supported(const struct transform *transform)
{
	/* Compared as numbers: the configuration of a later version may hand us more than we know. */
	if ((unsigned)transform->cipher >= ALG_CIPHER_COUNT || (unsigned)transform->auth >= ALG_AUTH_COUNT)
		return false;
	if (!cipher_binds[transform->cipher] || !auth_binds[transform->auth])
		return false;
	bool aead = alg_cipher_info[transform->cipher].icv, auth = alg_auth_info[transform->auth].icv;

	return aead ? !auth : auth || transform->cipher != ALG_CIPHER_NULL;
}

/* AES-GCM and GMAC have no job, and only a MAC has a key of its own: the rest of the struct is not there. */
static size_t
session_bytes(const struct crypto_session *session)
{
	static const size_t bytes[] = {
		[IPSEC_MB_HAS_KEY] = offsetof(struct crypto_session, gmac),
		[IPSEC_MB_HAS_GMAC] = offsetof(struct crypto_session, job),
		[IPSEC_MB_HAS_JOB] = offsetof(struct crypto_session, auth_key),
		[IPSEC_MB_HAS_ALL] = sizeof(struct crypto_session),
	};

	return bytes[session->has];
}

/* The ICV covers the ciphertext (RFC 4303 §3.3.2.1), hence encrypt then hash, and hash then decrypt. */
static void
job_begin(struct crypto_session *session)
{
	IMB_JOB *job = &session->job;

	session->route = IPSEC_MB_JOB;
	job->cipher_direction = session->decrypt ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
	job->chain_order = session->decrypt ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	job->hash_alg = IMB_AUTH_NULL;
	job->auth_tag_output_len_in_bytes = session->icv_len;
}

/* What is known before the keys are expanded. */
static struct crypto_session
session_begin(const struct transform *transform, enum crypto_direction direction)
{
	const struct alg_cipher_info *cipher = &alg_cipher_info[transform->cipher];
	bind_fn bind = cipher_binds[transform->cipher];

	return (struct crypto_session){.decrypt = direction == CRYPTO_DECRYPT,
		.auth = transform->auth != ALG_AUTH_NONE,
		.has = transform->auth != ALG_AUTH_NONE ? IPSEC_MB_HAS_ALL
		       : bind == gcm_bind		? IPSEC_MB_HAS_KEY
		       : bind == gmac_bind		? IPSEC_MB_HAS_GMAC
							: IPSEC_MB_HAS_JOB,
		.icv_len = cipher->icv ? cipher->icv : alg_auth_info[transform->auth].icv};
}

enum status
ipsec_mb_session_new(IMB_MGR *manager, struct slab *memory, const struct transform *transform,
	const struct crypto_key *key, enum crypto_direction direction, struct crypto_session **session)
{
	struct crypto_session begun, *made;

	if (!transform_supported(transform))
		return ST_ERR_UNSUPPORTED;
	if (key->key_len != alg_cipher_info[transform->cipher].key ||
		key->auth_key_len != alg_auth_info[transform->auth].key)
		return ST_ERR_RANGE;
	begun = session_begin(transform, direction);
	made = slab_take(memory, session_bytes(&begun));
	if (!made)
		return ST_ERR_NOMEM;
	memcpy(made, &begun, offsetof(struct crypto_session, key));
	if (made->has >= IPSEC_MB_HAS_JOB)
		job_begin(made);
	cipher_binds[transform->cipher](manager, made, key);
	auth_binds[transform->auth](manager, made, key);
	*session = made;
	return ST_OK;
}

void
ipsec_mb_session_free(struct slab *memory, struct crypto_session *session)
{
	if (session)
		slab_give(memory, session, session_bytes(session));
}
