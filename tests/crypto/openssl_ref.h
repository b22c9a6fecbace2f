/* What an operation must give, computed by OpenSSL: every row of alg.def.
 *
 * A row that is missing here fails its test.  AES-XCBC (RFC 3566), which OpenSSL lacks, is put together from
 * its AES. */
#ifndef TESTS_CRYPTO_OPENSSL_REF_H
#define TESTS_CRYPTO_OPENSSL_REF_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include <CUnit/CUnit.h>

#include "crypto/engine.h"

struct ref {
	EVP_CIPHER_CTX *ctx;
};

#define REF_AES(mode, call)                                                                                  \
	[ALG_CIPHER_AES_128_##mode] = EVP_aes_128_##call, [ALG_CIPHER_AES_192_##mode] = EVP_aes_192_##call,  \
	[ALG_CIPHER_AES_256_##mode] = EVP_aes_256_##call

static inline const EVP_CIPHER *
ref_cipher(enum alg_cipher cipher)
{
	static const EVP_CIPHER *(*const ciphers[ALG_CIPHER_COUNT])(void) = {
		REF_AES(GCM, gcm),
		REF_AES(GCM_12, gcm),
		REF_AES(GCM_8, gcm),
		REF_AES(GMAC, gcm),
		REF_AES(CCM, ccm),
		REF_AES(CCM_12, ccm),
		REF_AES(CCM_8, ccm),
		REF_AES(CTR, ctr),
		REF_AES(CBC, cbc),
		[ALG_CIPHER_CHACHA20_POLY1305] = EVP_chacha20_poly1305,
		[ALG_CIPHER_3DES_CBC] = EVP_des_ede3_cbc,
		[ALG_CIPHER_DES_CBC] = EVP_des_ede3_cbc, /* DES is 3DES with one key thrice */
		[ALG_CIPHER_NULL] = EVP_enc_null,
	};

	CU_ASSERT_PTR_NOT_NULL_FATAL(ciphers[cipher]);
	return ciphers[cipher]();
}

/* Everything but the ICV's length, which all AEADs of OpenSSL want before or after. */
static inline void
ref_aead(struct ref *ref, const struct transform *t, const struct crypto_op *op, const uint8_t *key,
	uint8_t *text, uint8_t *icv)
{
	int n, nonce = t->salt_len + t->iv_len, ccm = t->mode == ALG_MODE_CCM;

	EVP_EncryptInit_ex(ref->ctx, ref_cipher(t->cipher), NULL, NULL, NULL);
	EVP_CIPHER_CTX_ctrl(ref->ctx, EVP_CTRL_AEAD_SET_IVLEN, nonce, NULL);
	if (ccm)
		EVP_CIPHER_CTX_ctrl(ref->ctx, EVP_CTRL_AEAD_SET_TAG, t->icv_len, NULL);
	CU_ASSERT_FATAL(EVP_EncryptInit_ex(ref->ctx, NULL, NULL, key, op->iv) == 1);
	if (ccm)
		EVP_EncryptUpdate(ref->ctx, NULL, &n, NULL, (int)op->text_len);
	EVP_EncryptUpdate(ref->ctx, NULL, &n, op->aad, op->aad_len);
	if (t->mode == ALG_MODE_GMAC)
		EVP_EncryptUpdate(ref->ctx, NULL, &n, text - op->auth_before, (int)op->auth_len);
	if (op->text_len || ccm)
		CU_ASSERT_FATAL(EVP_EncryptUpdate(ref->ctx, text, &n, text, (int)op->text_len) == 1);
	CU_ASSERT_FATAL(EVP_EncryptFinal_ex(ref->ctx, icv, &n) == 1);
	CU_ASSERT_FATAL(EVP_CIPHER_CTX_ctrl(ref->ctx, EVP_CTRL_AEAD_GET_TAG, t->icv_len, icv) == 1);
}

static inline void
ref_encipher(struct ref *ref, const struct transform *t, const struct crypto_op *op, const uint8_t *key,
	uint8_t *text)
{
	uint8_t thrice[24];
	int n;

	for (unsigned i = 0; t->cipher == ALG_CIPHER_DES_CBC && i < sizeof(thrice); i++)
		thrice[i] = key[i % 8];
	CU_ASSERT_FATAL(EVP_EncryptInit_ex(ref->ctx, ref_cipher(t->cipher), NULL,
				t->cipher == ALG_CIPHER_DES_CBC ? thrice : key, op->iv) == 1);
	EVP_CIPHER_CTX_set_padding(ref->ctx, 0);
	CU_ASSERT_FATAL(EVP_EncryptUpdate(ref->ctx, text, &n, text, (int)op->text_len) == 1);
}

static inline void
ref_block(struct ref *ref, const uint8_t *key, const uint8_t *in, uint8_t *out)
{
	int n;

	CU_ASSERT_FATAL(EVP_EncryptInit_ex(ref->ctx, EVP_aes_128_ecb(), NULL, key, NULL) == 1);
	EVP_CIPHER_CTX_set_padding(ref->ctx, 0);
	EVP_EncryptUpdate(ref->ctx, out, &n, in, 16);
}

/* RFC 3566 §4, step by step. */
static inline void
ref_xcbc(struct ref *ref, const uint8_t *key, const uint8_t *data, unsigned n, uint8_t mac[16])
{
	uint8_t keys[3][16], e[16] = {0};

	for (unsigned i = 0; i < 3; i++) {
		memset(keys[i], (int)i + 1, 16);
		ref_block(ref, key, keys[i], keys[i]);
	}
	for (; n > 16; data += 16, n -= 16) {
		for (unsigned i = 0; i < 16; i++)
			e[i] ^= data[i];
		ref_block(ref, keys[0], e, e);
	}
	for (unsigned i = 0; i < n; i++)
		e[i] ^= data[i];
	if (n < 16)
		e[n] ^= 0x80;
	for (unsigned i = 0; i < 16; i++)
		e[i] ^= keys[n == 16 ? 1 : 2][i];
	ref_block(ref, keys[0], e, mac);
}

static inline void
ref_cmac(const uint8_t *key, const uint8_t *data, unsigned n, uint8_t mac[16])
{
	char cipher[] = "AES-128-CBC";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_end()};
	size_t bytes;

	CU_ASSERT_PTR_NOT_NULL_FATAL(
		EVP_Q_mac(NULL, "CMAC", NULL, NULL, params, key, 16, data, n, mac, 16, &bytes));
}

/* Of n bytes at data; truncated by the caller. */
static inline void
ref_mac(struct ref *ref, enum alg_auth auth, const uint8_t *key, const uint8_t *data, unsigned n,
	uint8_t mac[EVP_MAX_MD_SIZE])
{
	static const EVP_MD *(*const digests[ALG_AUTH_COUNT])(void) = {
		[ALG_AUTH_HMAC_MD5_96] = EVP_md5,
		[ALG_AUTH_HMAC_SHA1_96] = EVP_sha1,
		[ALG_AUTH_HMAC_SHA256_128] = EVP_sha256,
		[ALG_AUTH_HMAC_SHA384_192] = EVP_sha384,
		[ALG_AUTH_HMAC_SHA512_256] = EVP_sha512,
	};

	if (auth == ALG_AUTH_AES_XCBC_96) {
		ref_xcbc(ref, key, data, n, mac);
	} else if (auth == ALG_AUTH_AES_CMAC_96) {
		ref_cmac(key, data, n, mac);
	} else {
		CU_ASSERT_PTR_NOT_NULL_FATAL(digests[auth]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(
			HMAC(digests[auth](), key, alg_auth_info[auth].key, data, n, mac, NULL));
	}
}

static inline struct ref
ref_open(void)
{
	struct ref ref = {EVP_CIPHER_CTX_new()};

	CU_ASSERT_PTR_NOT_NULL_FATAL(ref.ctx);
	return ref;
}

static inline void
ref_close(struct ref *ref)
{
	EVP_CIPHER_CTX_free(ref->ctx);
}

/* Encrypt what op describes, in place at text.  op itself lends lengths, nonce and AAD. */
static inline void
ref_seal(struct ref *ref, const struct transform *t, const struct crypto_op *op, const uint8_t *key,
	const uint8_t *auth_key, uint8_t *text, uint8_t *icv)
{
	uint8_t mac[EVP_MAX_MD_SIZE];

	if (t->aead) {
		ref_aead(ref, t, op, key, text, icv);
		return;
	}
	ref_encipher(ref, t, op, key, text);
	if (t->auth == ALG_AUTH_NONE)
		return;
	ref_mac(ref, t->auth, auth_key, text - op->auth_before, op->auth_len, mac);
	memcpy(icv, mac, t->icv_len);
}

#endif
