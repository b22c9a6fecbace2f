/* A second ESP on OpenSSL, of every transform.  RFC 4303, 4106, 4543, 4309, 7634, 3686, 3602, 2451, 2405,
 * 2410; MACs of tests/crypto/openssl_ref.h.  DES is 3DES with one key thrice, as its own stands in OpenSSL's
 * legacy provider. */
#include <stdlib.h>
#include <string.h>

#include "tests/crypto/openssl_ref.h"
#include "tests/dataplane/ipsec/esp_kit.h"

#define AEAD(words, key, salt, icv, mode)                                                                    \
	{words, key, salt, 0, 8, 4, icv, ALG_MODE_##mode, ALG_AUTH_NONE}
#define AEADS(words, salt, icv, mode)                                                                        \
	AEAD(words " 128", 16, salt, icv, mode), AEAD(words " 192", 24, salt, icv, mode),                    \
		AEAD(words " 256", 32, salt, icv, mode)
#define MACS(words, key, salt, iv, block, mode)                                                              \
	{words " esp-md5-hmac", key, salt, 16, iv, block, 12, mode, ALG_AUTH_HMAC_MD5_96},                   \
		{words " esp-sha-hmac", key, salt, 20, iv, block, 12, mode, ALG_AUTH_HMAC_SHA1_96},          \
		{words " esp-sha256-hmac", key, salt, 32, iv, block, 16, mode, ALG_AUTH_HMAC_SHA256_128},    \
		{words " esp-sha384-hmac", key, salt, 48, iv, block, 24, mode, ALG_AUTH_HMAC_SHA384_192},    \
		{words " esp-sha512-hmac", key, salt, 64, iv, block, 32, mode, ALG_AUTH_HMAC_SHA512_256},    \
		{words " esp-aes-xcbc-mac", key, salt, 16, iv, block, 12, mode, ALG_AUTH_AES_XCBC_96},       \
		{words " esp-aes-cmac", key, salt, 16, iv, block, 12, mode, ALG_AUTH_AES_CMAC_96}
#define CIPHER(words, key, salt, iv, block, mode)                                                            \
	MACS(words, key, salt, iv, block, ALG_MODE_##mode),                                                  \
	{                                                                                                    \
		words, key, salt, 0, iv, block, 0, ALG_MODE_##mode, ALG_AUTH_NONE                            \
	}

const struct kit_transform kit_transforms[] = {
	AEADS("esp-gcm", 4, 16, GCM),
	AEADS("esp-gcm-12", 4, 12, GCM),
	AEADS("esp-gcm-8", 4, 8, GCM),
	AEADS("esp-gmac", 4, 16, GMAC),
	AEADS("esp-ccm", 3, 16, CCM),
	AEADS("esp-ccm-12", 3, 12, CCM),
	AEADS("esp-ccm-8", 3, 8, CCM),
	AEAD("esp-chacha20-poly1305", 32, 4, 16, CHACHA),
	CIPHER("esp-aes 128", 16, 0, 16, 16, CBC),
	CIPHER("esp-aes 192", 24, 0, 16, 16, CBC),
	CIPHER("esp-aes 256", 32, 0, 16, 16, CBC),
	CIPHER("esp-aes-ctr 128", 16, 4, 8, 4, CTR),
	CIPHER("esp-aes-ctr 192", 24, 4, 8, 4, CTR),
	CIPHER("esp-aes-ctr 256", 32, 4, 8, 4, CTR),
	CIPHER("esp-3des", 24, 0, 8, 8, CBC),
	CIPHER("esp-des", 8, 0, 8, 8, CBC),
	MACS("esp-null", 0, 0, 0, 4, ALG_MODE_NULL),
};
const unsigned kit_transform_count = sizeof(kit_transforms) / sizeof(kit_transforms[0]);

static void
number_write(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

/* RFC 4303 §2.2.1: over the packet, and behind it the half that was not sent. */
static void
mac_make(const struct kit *kit, const uint8_t *esp, uint32_t len, uint64_t seq, uint8_t mac[EVP_MAX_MD_SIZE])
{
	uint8_t *copy = malloc(len + 4);
	struct ref ref = ref_open();

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, esp, len);
	number_write(copy + len, seq >> 32, 4);
	ref_mac(&ref, kit->t->auth, kit->out_cfg.auth_key, copy, len + (kit->out_cfg.esn ? 4 : 0), mac);
	ref_close(&ref);
	free(copy);
}

static const EVP_CIPHER *
cipher_of(const struct kit_transform *t)
{
	static const EVP_CIPHER *(*const aes[][3])(void) = {
		[ALG_MODE_CBC] = {EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc},
		[ALG_MODE_CTR] = {EVP_aes_128_ctr, EVP_aes_192_ctr, EVP_aes_256_ctr},
		[ALG_MODE_GCM] = {EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm},
		[ALG_MODE_GMAC] = {EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm},
		[ALG_MODE_CCM] = {EVP_aes_128_ccm, EVP_aes_192_ccm, EVP_aes_256_ccm}};

	if (t->mode == ALG_MODE_CHACHA)
		return EVP_chacha20_poly1305();
	return t->block == 8 ? EVP_des_ede3_cbc() : aes[t->mode][t->key / 8 - 2]();
}

/* The key as OpenSSL wants it. */
static const uint8_t *
key_of(const struct kit *kit, uint8_t room[24])
{
	if (kit->t->key != 8)
		return kit->out_cfg.key;
	for (unsigned i = 0; i < 24; i++)
		room[i] = kit->out_cfg.key[i % 8];
	return room;
}

/* Where the algorithm starts from: IV, or salt || IV, or that and a counter from 1 (RFC 3686 §4). */
static void
nonce_make(const struct kit *kit, const uint8_t *iv, uint8_t nonce[16])
{
	memset(nonce, 0, 16);
	memcpy(nonce, kit->out_cfg.key + kit->t->key, kit->t->salt);
	memcpy(nonce + kit->t->salt, iv, kit->t->iv);
	if (kit->t->mode == ALG_MODE_CTR)
		nonce[15] = 1;
}

/* Enciphers (1) or deciphers (0) in to out where nothing is authenticated. */
static void
plain_run(const struct kit *kit, int encrypt, const uint8_t *iv, const uint8_t *in, uint8_t *out,
	uint32_t len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[16], room[24];
	int n;

	nonce_make(kit, iv, nonce);
	EVP_CipherInit_ex(c, cipher_of(kit->t), NULL, key_of(kit, room), nonce, encrypt);
	EVP_CIPHER_CTX_set_padding(c, 0);
	CU_ASSERT_FATAL(EVP_CipherUpdate(c, out, &n, in, (int)len) == 1);
	EVP_CIPHER_CTX_free(c);
}

/* SPI || number, with ESN all of it (RFC 4106 §5); GMAC: and what follows up to the ICV (RFC 4543 §3.3). */
static void
aad_put(const struct kit *kit, EVP_CIPHER_CTX *c, const uint8_t *iv, uint64_t seq, const uint8_t *text,
	uint32_t len)
{
	uint8_t aad[12];
	int n;

	number_write(aad, kit->out_cfg.spi, 4);
	number_write(aad + 4, seq, kit->out_cfg.esn ? 8 : 4);
	EVP_CipherUpdate(c, NULL, &n, aad, kit->out_cfg.esn ? 12 : 8);
	if (kit->t->mode != ALG_MODE_GMAC)
		return;
	EVP_CipherUpdate(c, NULL, &n, iv, 8);
	EVP_CipherUpdate(c, NULL, &n, text, (int)len);
}

/* Checks or makes the tag.  False: wrong tag. */
static bool
aead_run(const struct kit *kit, int encrypt, const uint8_t *iv, uint64_t seq, const uint8_t *in, uint8_t *out,
	uint32_t len, uint8_t *tag)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n, icv = (int)kit->t->icv, ccm = kit->t->mode == ALG_MODE_CCM;
	bool good = true;
	uint8_t nonce[16], rest[16];

	nonce_make(kit, iv, nonce);
	EVP_CipherInit_ex(c, cipher_of(kit->t), NULL, NULL, NULL, encrypt);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)(kit->t->salt + kit->t->iv), NULL);
	if (ccm || !encrypt)
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, icv, encrypt ? NULL : tag);
	EVP_CipherInit_ex(c, NULL, NULL, kit->out_cfg.key, nonce, encrypt);
	if (ccm)
		EVP_CipherUpdate(c, NULL, &n, NULL, (int)len);
	aad_put(kit, c, iv, seq, in, len);
	if (kit->t->mode == ALG_MODE_GMAC)
		memcpy(out, in, len);
	else
		good = EVP_CipherUpdate(c, out, &n, in, (int)len) == 1;
	if (!ccm || encrypt) /* CCM has told already */
		good &= EVP_CipherFinal_ex(c, rest, &n) == 1;
	if (encrypt)
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, icv, tag);
	EVP_CIPHER_CTX_free(c);
	return good;
}

static void
header_write(const struct kit *kit, uint8_t *packet, uint32_t header_len, uint8_t tos, uint64_t seq,
	uint32_t len)
{
	memset(packet, 0, header_len); /* options are "end of options" */
	packet[0] = (uint8_t)(0x40 | header_len / 4);
	packet[1] = tos;
	number_write(packet + 2, len, 2);
	packet[8] = 64;
	packet[9] = 50;
	number_write(packet + 12, KIT_SRC, 4);
	number_write(packet + 16, KIT_DST, 4);
	number_write(packet + 10, kit_checksum(packet, header_len), 2);
	number_write(packet + header_len, kit->out_cfg.spi, 4);
	number_write(packet + header_len + 4, (uint32_t)seq, 4);
}

uint32_t
kit_seal(const struct kit *kit, uint8_t *packet, uint32_t header_len, uint8_t tos, uint64_t seq,
	const uint8_t *text, uint32_t text_len)
{
	uint32_t len = header_len + 8 + kit->t->iv + text_len + kit->t->icv;
	uint8_t *esp = packet + header_len, *iv = esp + 8, *body = iv + kit->t->iv, mac[EVP_MAX_MD_SIZE];

	header_write(kit, packet, header_len, tos, seq, len);
	for (uint32_t i = 0; i < kit->t->iv; i++)
		iv[i] = (uint8_t)(seq * 0x9d + i * 0x3b);
	if (kit_is_aead(kit->t)) {
		CU_ASSERT(aead_run(kit, 1, iv, seq, text, body, text_len, body + text_len));
		return len;
	}
	if (kit->t->mode == ALG_MODE_NULL)
		memcpy(body, text, text_len);
	else
		plain_run(kit, 1, iv, text, body, text_len);
	if (kit->t->icv) {
		mac_make(kit, esp, 8 + kit->t->iv + text_len, seq, mac);
		memcpy(body + text_len, mac, kit->t->icv);
	}
	return len;
}

int
kit_unseal(const struct kit *kit, const uint8_t *packet, uint32_t len, uint64_t seq, uint8_t *text)
{
	const uint8_t *esp = packet + (packet[0] & 15) * 4, *iv = esp + 8, *body = iv + kit->t->iv;
	uint32_t text_len = len - (uint32_t)(body - packet) - kit->t->icv;
	uint8_t mac[EVP_MAX_MD_SIZE];

	if (kit_is_aead(kit->t)) {
		memcpy(mac, body + text_len, kit->t->icv);
		return aead_run(kit, 0, iv, seq, body, text, text_len, mac) ? (int)text_len : -1;
	}
	if (kit->t->icv) {
		mac_make(kit, esp, 8 + kit->t->iv + text_len, seq, mac);
		if (memcmp(mac, body + text_len, kit->t->icv))
			return -1;
	}
	if (kit->t->mode == ALG_MODE_NULL)
		memcpy(text, body, text_len);
	else
		plain_run(kit, 0, iv, body, text, text_len);
	return (int)text_len;
}

/* CBC of one block from an IV of zero is that block enciphered. */
void
kit_block(const struct kit *kit, const uint8_t in[16], uint8_t out[16])
{
	static const uint8_t zero[16];

	plain_run(kit, 1, zero, in, out, kit->t->block);
}
