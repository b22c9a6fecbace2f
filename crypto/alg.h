/* Transforms: which algorithms an SA uses and what they cost in bytes.  Rows in alg.def.
 * RFC 4303 §2 and RFC 4302 §2 for the fields, each row names its own RFC. */
#ifndef CRYPTO_ALG_H
#define CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum alg_cipher {
#define CIPHER(name, ios, tshark, mode, bytes, source) ALG_CIPHER_##name,
#define AUTH(name, words, tshark, mac, bytes, source)
#include "crypto/alg.def"
#undef CIPHER
#undef AUTH
	ALG_CIPHER_COUNT
};

enum alg_auth {
#define CIPHER(name, ios, tshark, mode, bytes, source)
#define AUTH(name, words, tshark, mac, bytes, source) ALG_AUTH_##name,
#include "crypto/alg.def"
#undef CIPHER
#undef AUTH
	ALG_AUTH_COUNT
};

/* How a cipher is driven.  GMAC enciphers nothing and authenticates what AEADs would encipher (RFC 4543). */
enum alg_mode {
	ALG_MODE_NULL,
	ALG_MODE_CBC,
	ALG_MODE_CTR,
	ALG_MODE_GCM,
	ALG_MODE_GMAC,
	ALG_MODE_CCM,
	ALG_MODE_CHACHA,
};

enum alg_mac { ALG_MAC_NONE, ALG_MAC_HMAC, ALG_MAC_XCBC, ALG_MAC_CMAC };

/* IP protocol numbers. */
enum alg_proto { ALG_ESP = 50, ALG_AH = 51 };

struct alg_cipher_info {
	const char *name;   /* "AES_128_GCM" */
	const char *ios;    /* words of an IOS transform set: "esp-gcm 128"; synonyms are split by '|' */
	const char *tshark; /* name in Wireshark's esp_sa table, "": none */
	enum alg_mode mode;
	uint8_t key;	  /* bytes of cipher key without salt */
	uint8_t salt, iv; /* implicit (RFC 4106 §4) and explicit IV bytes */
	uint8_t block;	  /* inner + pad + 2 is a multiple of it, at least 4 */
	uint8_t icv;	  /* AEAD: bytes of ICV; 0: needs an auth row */
	const char *rfc;
	const char *advice; /* why it is deprecated; "": it is not */
};

struct alg_auth_info {
	const char *name;     /* "HMAC_SHA1_96" */
	const char *esp, *ah; /* words, as alg_cipher_info.ios */
	const char *tshark;
	enum alg_mac mac;
	uint8_t key, icv;
	const char *rfc, *advice;
};

extern const struct alg_cipher_info alg_cipher_info[ALG_CIPHER_COUNT];
extern const struct alg_auth_info alg_auth_info[ALG_AUTH_COUNT];

/* What one SA does: a cipher and an authentication, with the sums that the datapath asks for.
 * AH: cipher NULL, iv_len 0, block 4. */
struct transform {
	enum alg_proto proto;
	enum alg_cipher cipher;
	enum alg_auth auth; /* ALG_AUTH_NONE with AEAD, and for encryption alone */
	enum alg_mode mode; /* of the cipher */
	bool aead;	    /* GCM, GMAC, CCM, ChaCha20-Poly1305: the cipher makes the ICV */
	bool authenticated; /* false: no ICV, hence no replay check */
	uint8_t key_len;    /* of keying material: cipher key || salt */
	uint8_t auth_key_len;
	uint8_t salt_len, iv_len, block, icv_len;
};

/* An IOS transform set: ESP, AH, or AH over ESP, which is two SAs on one packet. */
struct transform_set {
	bool has_esp, has_ah;
	struct transform esp, ah;
};

/* Parse IOS words ("esp-aes 128 esp-sha-hmac", "esp-gcm 256", "ah-sha-hmac esp-3des") or names of rows
 * ("AES_128_CBC HMAC_SHA1_96", which are ESP).  Unknown words and combinations that make no sense (AEAD with
 * HMAC, null with nothing) are ERR_CONFIG with one line in message that names what is allowed and the
 * nearest. */
enum status transform_set_parse(const char *words, struct transform_set *set, char *message, size_t bytes);
/* The same for one SA: AH over ESP is refused. */
enum status transform_parse(const char *words, struct transform *transform, char *message, size_t bytes);
/* The IOS words of a transform, into out. */
void transform_text(const struct transform *transform, char *out, size_t bytes);
/* For cfg_hooks: key lengths of a transform by its words. */
bool transform_key_lengths(
	const char *words, unsigned *key_len, unsigned *auth_key_len, char *message, size_t bytes);

#endif
