/* Every transform of alg.def by OpenSSL, for engines to be compared with.  GMAC is GCM without text (RFC 4543
 * §3), DES is 3DES with one key thrice (its own is a legacy algorithm of OpenSSL 3), and AES-XCBC-MAC, which
 * OpenSSL lacks, is built from its AES as RFC 3566 §4 says. */
#ifndef TESTS_CRYPTO_CRYPTODEV_REF_H
#define TESTS_CRYPTO_CRYPTODEV_REF_H

#include <string.h>

#include <openssl/cmac.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/crypto/crypto_rig.h"

static inline const EVP_CIPHER *
ref_cipher(enum alg_cipher cipher)
{
	const struct alg_cipher_info *info = &alg_cipher_info[cipher];
	unsigned size = info->key / 8 - 2; /* 16, 24, 32: 0, 1, 2; another for what has one size */
	const EVP_CIPHER *gcm[] = {EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm()};
	const EVP_CIPHER *ccm[] = {EVP_aes_128_ccm(), EVP_aes_192_ccm(), EVP_aes_256_ccm()};
	const EVP_CIPHER *ctr[] = {EVP_aes_128_ctr(), EVP_aes_192_ctr(), EVP_aes_256_ctr()};
	const EVP_CIPHER *cbc[] = {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc()};

	switch (info->mode) {
	case ALG_MODE_GCM:
	case ALG_MODE_GMAC:
		return gcm[size];
	case ALG_MODE_CCM:
		return ccm[size];
	case ALG_MODE_CTR:
		return ctr[size];
	case ALG_MODE_CHACHA:
		return EVP_chacha20_poly1305();
	case ALG_MODE_CBC:
		return info->block == 8 ? EVP_des_ede3_cbc() : cbc[size];
	default:
		return EVP_enc_null();
	}
}

static inline const EVP_MD *
ref_digest(enum alg_auth auth)
{
	switch (auth) {
	case ALG_AUTH_HMAC_MD5_96:
		return EVP_md5();
	case ALG_AUTH_HMAC_SHA1_96:
		return EVP_sha1();
	case ALG_AUTH_HMAC_SHA256_128:
		return EVP_sha256();
	case ALG_AUTH_HMAC_SHA384_192:
		return EVP_sha384();
	case ALG_AUTH_HMAC_SHA512_256:
		return EVP_sha512();
	default:
		return NULL;
	}
}

static inline void
ref_block(const uint8_t key[16], uint8_t block[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	EVP_EncryptUpdate(ctx, block, &n, block, 16);
	EVP_CIPHER_CTX_free(ctx);
}

static inline void
ref_xcbc(const uint8_t *p, size_t n, uint8_t mac[16])
{
	uint8_t keys[3][16];

	for (unsigned k = 0; k < 3; k++) {
		memset(keys[k], (int)k + 1, 16);
		ref_block(rig_auth_key, keys[k]);
	}
	memset(mac, 0, 16);
	for (; n > 16; n -= 16, p += 16) {
		for (unsigned i = 0; i < 16; i++)
			mac[i] ^= p[i];
		ref_block(keys[0], mac);
	}
	for (unsigned i = 0; i < 16; i++)
		mac[i] ^= (i < n ? p[i] : i == n ? 0x80 : 0) ^ keys[n == 16 ? 1 : 2][i];
	ref_block(keys[0], mac);
}

static inline void
ref_mac(const struct transform *t, const uint8_t *p, size_t n, uint8_t icv[CRYPTO_ICV_MAX])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	size_t bytes = sizeof(mac);

	if (alg_auth_info[t->auth].mac == ALG_MAC_XCBC) {
		ref_xcbc(p, n, mac);
	} else if (alg_auth_info[t->auth].mac == ALG_MAC_CMAC) {
		EVP_MAC *cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
		EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(cmac);
		char name[] = "AES-128-CBC";
		OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("cipher", name, 0), OSSL_PARAM_END};

		CU_ASSERT_FATAL(EVP_MAC_init(ctx, rig_auth_key, 16, params) == 1);
		EVP_MAC_update(ctx, p, n);
		EVP_MAC_final(ctx, mac, &bytes, sizeof(mac));
		EVP_MAC_CTX_free(ctx);
		EVP_MAC_free(cmac);
	} else {
		CU_ASSERT_PTR_NOT_NULL_FATAL(
			HMAC(ref_digest(t->auth), rig_auth_key, t->auth_key_len, p, n, mac, NULL));
	}
	memcpy(icv, mac, t->icv_len);
}

static inline void
ref_init(EVP_CIPHER_CTX *ctx, const struct transform *t, const uint8_t *iv)
{
	uint8_t thrice[24];

	memcpy(thrice, rig_key, 8);
	memcpy(thrice + 8, rig_key, 8);
	memcpy(thrice + 16, rig_key, 8);
	CU_ASSERT_FATAL(EVP_EncryptInit_ex(ctx, ref_cipher(t->cipher), NULL, NULL, NULL) == 1);
	if (t->mode == ALG_MODE_CCM) {
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 11, NULL);
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, t->icv_len, NULL);
	}
	EVP_EncryptInit_ex(ctx, NULL, NULL, t->cipher == ALG_CIPHER_DES_CBC ? thrice : rig_key, iv);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
}

/* Encrypts what op describes, at `text` in place of op->text, and makes its ICV. */
static inline void
ref_encrypt(EVP_CIPHER_CTX *ctx, const struct transform *t, const struct crypto_op *op, uint8_t *text,
	uint8_t icv[CRYPTO_ICV_MAX])
{
	const uint8_t *before = text - op->auth_before;
	int n = 0;

	ref_init(ctx, t, op->iv);
	if (t->mode == ALG_MODE_CCM)
		EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)op->text_len);
	if (t->aead)
		EVP_EncryptUpdate(ctx, NULL, &n, op->aad, op->aad_len);
	if (t->mode == ALG_MODE_GMAC)
		EVP_EncryptUpdate(ctx, NULL, &n, before, (int)op->auth_len);
	n = 0;
	if (op->text_len || t->mode == ALG_MODE_CCM)
		EVP_EncryptUpdate(ctx, text, &n, text, (int)op->text_len);
	EVP_EncryptFinal_ex(ctx, text + n, &n);
	if (t->aead)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, t->icv_len, icv);
	else if (t->authenticated)
		ref_mac(t, before, op->auth_len, icv);
}

#endif
