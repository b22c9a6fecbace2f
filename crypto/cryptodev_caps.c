/* What a DPDK crypto device can do of alg.def: algorithm numbers, the questions to its capabilities, and the
 * refusal that says what it offers instead.
 *
 * A device that offers both algorithms of a transform may still refuse the pair when the session is made;
 * that is cryptodev_session.c's to report. */
#include "crypto/cryptodev.h"

#include <stdio.h>
#include <string.h>

enum rte_crypto_aead_algorithm
cryptodev_aead(enum alg_cipher cipher)
{
	switch (alg_cipher_info[cipher].mode) {
	case ALG_MODE_GCM:
		return RTE_CRYPTO_AEAD_AES_GCM;
	case ALG_MODE_CCM:
		return RTE_CRYPTO_AEAD_AES_CCM;
	case ALG_MODE_CHACHA:
		return RTE_CRYPTO_AEAD_CHACHA20_POLY1305;
	default:
		return 0;
	}
}

enum rte_crypto_cipher_algorithm
cryptodev_cipher(enum alg_cipher cipher)
{
	const struct alg_cipher_info *info = &alg_cipher_info[cipher];

	if (info->mode == ALG_MODE_CTR)
		return RTE_CRYPTO_CIPHER_AES_CTR;
	if (info->mode != ALG_MODE_CBC)
		return 0;
	if (info->block == 16)
		return RTE_CRYPTO_CIPHER_AES_CBC;
	return info->key == 8 ? RTE_CRYPTO_CIPHER_DES_CBC : RTE_CRYPTO_CIPHER_3DES_CBC;
}

enum rte_crypto_auth_algorithm
cryptodev_auth(enum alg_auth auth)
{
	static const enum rte_crypto_auth_algorithm algorithms[ALG_AUTH_COUNT] = {
		[ALG_AUTH_HMAC_MD5_96] = RTE_CRYPTO_AUTH_MD5_HMAC,
		[ALG_AUTH_HMAC_SHA1_96] = RTE_CRYPTO_AUTH_SHA1_HMAC,
		[ALG_AUTH_HMAC_SHA256_128] = RTE_CRYPTO_AUTH_SHA256_HMAC,
		[ALG_AUTH_HMAC_SHA384_192] = RTE_CRYPTO_AUTH_SHA384_HMAC,
		[ALG_AUTH_HMAC_SHA512_256] = RTE_CRYPTO_AUTH_SHA512_HMAC,
		[ALG_AUTH_AES_XCBC_96] = RTE_CRYPTO_AUTH_AES_XCBC_MAC,
		[ALG_AUTH_AES_CMAC_96] = RTE_CRYPTO_AUTH_AES_CMAC,
	};

	return algorithms[auth];
}

unsigned
cryptodev_iv_len(enum alg_cipher cipher)
{
	const struct alg_cipher_info *info = &alg_cipher_info[cipher];

	/* CTR: nonce || IV || counter (RFC 3686 §4); AEADs: salt || IV */
	return info->mode == ALG_MODE_CTR ? 16 : info->salt + info->iv;
}

static const struct rte_cryptodev_symmetric_capability *
capability(const struct cryptodev_device *device, enum rte_crypto_sym_xform_type type, int algorithm)
{
	struct rte_cryptodev_sym_capability_idx index = {.type = type};

	if (type == RTE_CRYPTO_SYM_XFORM_AEAD)
		index.algo.aead = (enum rte_crypto_aead_algorithm)algorithm;
	else if (type == RTE_CRYPTO_SYM_XFORM_CIPHER)
		index.algo.cipher = (enum rte_crypto_cipher_algorithm)algorithm;
	else
		index.algo.auth = (enum rte_crypto_auth_algorithm)algorithm;
	return algorithm ? rte_cryptodev_sym_capability_get(device->id, &index) : NULL;
}

/* An operation decides whether its AAD has an extended sequence number, so both lengths are asked for. */
static bool
aead_offered(const struct cryptodev_device *device, enum alg_cipher cipher)
{
	const struct alg_cipher_info *info = &alg_cipher_info[cipher];
	const struct rte_cryptodev_symmetric_capability *c = capability(
		device, RTE_CRYPTO_SYM_XFORM_AEAD, cryptodev_aead(cipher));
	uint16_t iv = (uint16_t)cryptodev_iv_len(cipher);

	return c && !rte_cryptodev_sym_capability_check_aead(c, info->key, info->icv, 8, iv) &&
	       !rte_cryptodev_sym_capability_check_aead(c, info->key, info->icv, 12, iv);
}

static bool
gmac_offered(const struct cryptodev_device *device, enum alg_cipher cipher)
{
	const struct alg_cipher_info *info = &alg_cipher_info[cipher];
	const struct rte_cryptodev_symmetric_capability *c = capability(
		device, RTE_CRYPTO_SYM_XFORM_AUTH, RTE_CRYPTO_AUTH_AES_GMAC);

	return c && !rte_cryptodev_sym_capability_check_auth(
			    c, info->key, info->icv, (uint16_t)cryptodev_iv_len(cipher));
}

static bool
cipher_offered(const struct cryptodev_device *device, enum alg_cipher cipher)
{
	const struct alg_cipher_info *info = &alg_cipher_info[cipher];

	if (info->mode == ALG_MODE_NULL)
		return true; /* then the device only authenticates */
	if (info->mode == ALG_MODE_GMAC)
		return gmac_offered(device, cipher);
	if (info->icv)
		return aead_offered(device, cipher);
	const struct rte_cryptodev_symmetric_capability *c = capability(
		device, RTE_CRYPTO_SYM_XFORM_CIPHER, cryptodev_cipher(cipher));
	return c &&
	       !rte_cryptodev_sym_capability_check_cipher(c, info->key, (uint16_t)cryptodev_iv_len(cipher));
}

/* full: as in cryptodev_caps_check(). */
static bool
auth_offered(const struct cryptodev_device *device, enum alg_auth auth, unsigned *full)
{
	const struct alg_auth_info *info = &alg_auth_info[auth];
	const struct rte_cryptodev_symmetric_capability *c = capability(
		device, RTE_CRYPTO_SYM_XFORM_AUTH, cryptodev_auth(auth));

	*full = 0;
	if (auth == ALG_AUTH_NONE)
		return true;
	if (!c)
		return false;
	if (!rte_cryptodev_sym_capability_check_auth(c, info->key, info->icv, 0))
		return true;
	*full = c->auth.digest_size.max;
	return *full > info->icv &&
	       !rte_cryptodev_sym_capability_check_auth(c, info->key, (uint16_t)*full, 0);
}

static void
append(char *message, size_t bytes, const char *text)
{
	size_t used = strnlen(message, bytes);

	if (used < bytes)
		snprintf(message + used, bytes - used, "%s", text);
}

static void
append_item(char *message, size_t bytes, const char *name, bool *first)
{
	append(message, bytes, *first ? "" : ", ");
	append(message, bytes, name);
	*first = false;
}

static void
append_offers(const struct cryptodev_device *device, char *message, size_t bytes)
{
	bool first = true;
	unsigned full;

	for (unsigned i = 0; i < ALG_CIPHER_COUNT; i++)
		if (i != ALG_CIPHER_NULL && cipher_offered(device, (enum alg_cipher)i))
			append_item(message, bytes, alg_cipher_info[i].name, &first);
	append(message, bytes, first ? "no cipher; " : "; ");
	first = true;
	for (unsigned i = 0; i < ALG_AUTH_COUNT; i++)
		if (i != ALG_AUTH_NONE && auth_offered(device, (enum alg_auth)i, &full))
			append_item(message, bytes, alg_auth_info[i].name, &first);
	append(message, bytes, first ? "no authentication" : "");
}

enum status
cryptodev_caps_check(const struct cryptodev_device *device, const struct transform *transform, unsigned *full,
	char *message, size_t bytes)
{
	*full = 0;
	if (cipher_offered(device, transform->cipher) && auth_offered(device, transform->auth, full))
		return ST_OK;
	snprintf(message, bytes, "%s cannot do %s%s%s: it offers ", device->name,
		alg_cipher_info[transform->cipher].name, transform->auth == ALG_AUTH_NONE ? "" : " with ",
		transform->auth == ALG_AUTH_NONE ? "" : alg_auth_info[transform->auth].name);
	append_offers(device, message, bytes);
	return ST_ERR_UNSUPPORTED;
}
