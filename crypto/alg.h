/* Transforms: which algorithms an SA uses and what they cost in bytes.  Rows in alg.def.
 * RFC 4303 §2 for the fields, each row names its own RFC. */
#ifndef CRYPTO_ALG_H
#define CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum alg_cipher {
#define CIPHER(name, ios, tshark, key, salt_iv_block_icv, rfc) ALG_CIPHER_##name,
#define AUTH(name, ios, tshark, key, icv, rfc)
#include "crypto/alg.def"
#undef CIPHER
#undef AUTH
	ALG_CIPHER_COUNT
};

enum alg_auth {
#define CIPHER(name, ios, tshark, key, salt_iv_block_icv, rfc)
#define AUTH(name, ios, tshark, key, icv, rfc) ALG_AUTH_##name,
#include "crypto/alg.def"
#undef CIPHER
#undef AUTH
	ALG_AUTH_COUNT
};

struct alg_cipher_info {
	const char *name; /* "AES_128_GCM" */
	const char
		*ios; /* words of an IOS transform set: "esp-gcm 128"; each may have synonyms split by '|' */
	const char *tshark; /* name in Wireshark's esp_sa table */
	uint8_t key;	    /* bytes of cipher key without salt */
	uint8_t salt, iv;   /* implicit (RFC 4106 §4) and explicit IV bytes */
	uint8_t block;	    /* inner + pad + 2 is a multiple of it, at least 4 */
	uint8_t icv;	    /* AEAD: bytes of ICV; 0: needs an auth row */
	const char *rfc;
};

struct alg_auth_info {
	const char *name; /* "HMAC_SHA1_96" */
	const char *ios;
	const char *tshark;
	uint8_t key, icv;
	const char *rfc;
};

extern const struct alg_cipher_info alg_cipher_info[ALG_CIPHER_COUNT];
extern const struct alg_auth_info alg_auth_info[ALG_AUTH_COUNT];

/* A cipher and an authentication, with the sums that the datapath asks for. */
struct transform {
	enum alg_cipher cipher;
	enum alg_auth auth; /* ALG_AUTH_NONE with AEAD, and for encryption alone */
	bool aead;
	bool authenticated; /* false: no ICV, hence no replay check */
	uint8_t key_len;    /* of keying material: cipher key || salt */
	uint8_t auth_key_len;
	uint8_t iv_len, block, icv_len;
};

/* Parse IOS words ("esp-aes 128 esp-sha-hmac", "esp-gcm 256", "esp-null esp-sha256-hmac").  Unknown words and
 * combinations that make no sense (AEAD with HMAC, null with nothing) are ERR_CONFIG with one line in message
 * that names what is allowed and the nearest. */
enum status transform_parse(const char *words, struct transform *transform, char *message, size_t bytes);
/* The IOS words of a transform, into out. */
void transform_text(const struct transform *transform, char *out, size_t bytes);
/* For cfg_hooks: key lengths of a transform by its words. */
bool transform_key_lengths(
	const char *words, unsigned *key_len, unsigned *auth_key_len, char *message, size_t bytes);

#endif
