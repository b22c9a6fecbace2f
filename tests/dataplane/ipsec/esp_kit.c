/* A second ESP on OpenSSL, and the tools of the ESP tests.  RFC 4303, 4106, 3602, 2404, 4868.
 * Lets CUnit fail where the tools themselves cannot work; tests nothing. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/dataplane/ipsec/esp_kit.h"

const struct kit_transform kit_transforms[] = {
	{"esp-gcm 128", 16, 4, 0, 8, 4, 16, true, false, 0},
	{"esp-gcm 192", 24, 4, 0, 8, 4, 16, true, false, 0},
	{"esp-gcm 256", 32, 4, 0, 8, 4, 16, true, false, 0},
	{"esp-aes 128 esp-sha-hmac", 16, 0, 20, 16, 16, 12, false, true, 1},
	{"esp-aes 192 esp-sha-hmac", 24, 0, 20, 16, 16, 12, false, true, 1},
	{"esp-aes 256 esp-sha-hmac", 32, 0, 20, 16, 16, 12, false, true, 1},
	{"esp-aes 128 esp-sha256-hmac", 16, 0, 32, 16, 16, 16, false, true, 256},
	{"esp-aes 192 esp-sha256-hmac", 24, 0, 32, 16, 16, 16, false, true, 256},
	{"esp-aes 256 esp-sha256-hmac", 32, 0, 32, 16, 16, 16, false, true, 256},
	{"esp-null esp-sha-hmac", 0, 0, 20, 0, 4, 12, false, false, 1},
	{"esp-null esp-sha256-hmac", 0, 0, 32, 0, 4, 16, false, false, 256},
	{"esp-aes 128", 16, 0, 0, 16, 16, 0, false, true, 0},
	{"esp-aes 192", 24, 0, 0, 16, 16, 0, false, true, 0},
	{"esp-aes 256", 32, 0, 0, 16, 16, 0, false, true, 0},
};
const unsigned kit_transform_count = sizeof(kit_transforms) / sizeof(kit_transforms[0]);

void
esp_kit_init(struct kit *kit, const struct kit_transform *t, bool esn)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	char message[256];
	struct cfg_sa *cfg = &kit->out_cfg;

	memset(kit, 0, sizeof(*kit));
	kit->t = t;
	cfg->name = "test";
	cfg->direction = CFG_OUT;
	cfg->spi = KIT_SPI;
	cfg->src = ip_v4(KIT_SRC);
	cfg->dst = ip_v4(KIT_DST);
	cfg->transform = t->words;
	for (unsigned i = 0; i < CFG_KEY_MAX; i++) {
		cfg->key[i] = (uint8_t)(i * 7 + 3);
		cfg->auth_key[i] = (uint8_t)(i * 5 + 0x61);
	}
	cfg->key_len = t->key + t->salt;
	cfg->auth_key_len = t->auth_key;
	cfg->esn = esn;
	cfg->first_seq = 1;
	cfg->df = CFG_DF_COPY;
	cfg->dscp = -1;
	cfg->ttl = 64;
	kit->in_cfg = *cfg;
	kit->in_cfg.direction = CFG_IN;
	kit->in_cfg.window = 64;
	kit->in_cfg.replay = "bitmap";
	CU_ASSERT_FATAL(engine_create(&engine, &kit->engine, message, sizeof(message)) == ST_OK);
}

void
kit_start(struct kit *kit)
{
	char message[256];

	CU_ASSERT_FATAL(sa_create(&kit->out_cfg, 0, kit->engine, &kit->out,
			message, sizeof(message)) == ST_OK);
	CU_ASSERT_FATAL(sa_create(&kit->in_cfg, 1, kit->engine, &kit->in,
			message, sizeof(message)) == ST_OK);
}

void
esp_kit_fini(struct kit *kit)
{
	sa_destroy(kit->out, kit->engine);
	sa_destroy(kit->in, kit->engine);
	kit->engine->ops->destroy(kit->engine);
}

void
kit_each(void (*test)(struct kit *kit))
{
	struct kit kit;

	for (unsigned i = 0; i < 2 * kit_transform_count; i++) {
		esp_kit_init(&kit, &kit_transforms[i / 2], i & 1);
		kit_start(&kit);
		test(&kit);
		esp_kit_fini(&kit);
	}
}

uint8_t
kit_run(struct kit *kit, struct crypto_op *op)
{
	struct crypto_op *done = NULL;

	CU_ASSERT_FATAL(kit->engine->ops->submit(kit->engine, &op, 1, 0) == 1);
	while (!kit->engine->ops->poll(kit->engine, &done, 1, 0))
		;
	CU_ASSERT_PTR_EQUAL(done, op);
	return op->result;
}

void
kit_inner(uint8_t *ip, uint32_t len, uint8_t tos, uint16_t fragment)
{
	const uint8_t header[] = {0x45, tos, (uint8_t)(len >> 8), (uint8_t)len, 0x12, 0x34,
		(uint8_t)(fragment >> 8), (uint8_t)fragment, 61, 17, 0, 0, 10, 1, 0, 5, 10, 2, 0, 7};
	uint16_t sum;

	memcpy(ip, header, sizeof(header));
	for (uint32_t i = sizeof(header); i < len; i++)
		ip[i] = (uint8_t)(i * 31 + len);
	sum = kit_checksum(ip, 20);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

uint16_t
kit_checksum(const uint8_t *ip, uint32_t header_len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < header_len; i += 2)
		if (i != 10)
			sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(0xffff - sum);
}

bool
kit_checksum_good(const uint8_t *ip)
{
	return (ip[10] << 8 | ip[11]) == kit_checksum(ip, (ip[0] & 15) * 4);
}

uint32_t
kit_trailer(uint8_t *p, uint8_t pad, uint8_t next_header)
{
	for (uint32_t i = 0; i < pad; i++)
		p[i] = (uint8_t)(i + 1);
	p[pad] = pad;
	p[pad + 1] = next_header;
	return pad + 2u;
}

static void
number_write(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

/* RFC 4303 §2.2.1: over the packet, and behind it the half that was not sent. */
static void
mac_make(const struct kit *kit, const uint8_t *esp, uint32_t len, uint64_t seq, uint8_t mac[64])
{
	uint8_t *copy = malloc(len + 4);
	uint32_t n = len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, esp, len);
	if (kit->out_cfg.esn) {
		number_write(copy + len, seq >> 32, 4);
		n += 4;
	}
	HMAC(kit->t->sha == 1 ? EVP_sha1() : EVP_sha256(), kit->out_cfg.auth_key, (int)kit->t->auth_key, copy,
		n, mac, NULL);
	free(copy);
}

/* Enciphers (1) or deciphers (0) in to out; GCM checks or makes the tag.  False: wrong tag. */
static bool
cipher_run(const struct kit *kit, int encrypt, const uint8_t *iv, uint64_t seq, const uint8_t *in,
	uint8_t *out, uint32_t len, uint8_t *tag)
{
	static const EVP_CIPHER *(*const kinds[2][3])(void) = {
		{EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc},
		{EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm}};
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const uint8_t *key = kit->out_cfg.key;
	uint8_t nonce[16], aad[12], rest[16];
	bool good;
	int n;

	memcpy(nonce, iv, kit->t->iv);
	number_write(aad, kit->out_cfg.spi, 4);
	number_write(aad + 4, seq, kit->out_cfg.esn ? 8 : 4);
	if (kit->t->gcm) {
		memcpy(nonce, key + kit->t->key, 4);
		memcpy(nonce + 4, iv, 8);
	}
	EVP_CipherInit_ex(c, kinds[kit->t->gcm][kit->t->key / 8 - 2](), NULL, key, nonce, encrypt);
	EVP_CIPHER_CTX_set_padding(c, 0);
	if (kit->t->gcm)
		EVP_CipherUpdate(c, NULL, &n, aad, kit->out_cfg.esn ? 12 : 8);
	EVP_CipherUpdate(c, out, &n, in, (int)len);
	if (kit->t->gcm && !encrypt)
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, tag);
	good = EVP_CipherFinal_ex(c, rest, &n) == 1;
	if (kit->t->gcm && encrypt)
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag);
	EVP_CIPHER_CTX_free(c);
	return good;
}

uint32_t
kit_seal(const struct kit *kit, uint8_t *packet, uint32_t header_len, uint8_t tos, uint64_t seq,
	const uint8_t *text, uint32_t text_len)
{
	uint32_t len = header_len + 8 + kit->t->iv + text_len + kit->t->icv;
	uint8_t *esp = packet + header_len, *iv = esp + 8, *body = iv + kit->t->iv, mac[64];

	memset(packet, 0, header_len); /* options are "end of options" */
	packet[0] = (uint8_t)(0x40 | header_len / 4);
	packet[1] = tos;
	number_write(packet + 2, len, 2);
	packet[8] = 64;
	packet[9] = 50;
	number_write(packet + 12, KIT_SRC, 4);
	number_write(packet + 16, KIT_DST, 4);
	number_write(packet + 10, kit_checksum(packet, header_len), 2);
	number_write(esp, kit->out_cfg.spi, 4);
	number_write(esp + 4, (uint32_t)seq, 4);
	for (uint32_t i = 0; i < kit->t->iv; i++)
		iv[i] = (uint8_t)(seq * 0x9d + i * 0x3b);
	if (kit->t->gcm || kit->t->cbc)
		cipher_run(kit, 1, iv, seq, text, body, text_len, body + text_len);
	else
		memcpy(body, text, text_len);
	if (kit->t->sha) {
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
	uint8_t mac[64];

	if (kit->t->sha) {
		mac_make(kit, esp, 8 + kit->t->iv + text_len, seq, mac);
		if (memcmp(mac, body + text_len, kit->t->icv))
			return -1;
	}
	memcpy(mac, body + text_len, kit->t->icv);
	if (!kit->t->gcm && !kit->t->cbc)
		memcpy(text, body, text_len);
	else if (!cipher_run(kit, 0, iv, seq, body, text, text_len, mac))
		return -1;
	return (int)text_len;
}

void
kit_block(const struct kit *kit, const uint8_t in[16], uint8_t out[16])
{
	static const EVP_CIPHER *(*const kinds[3])(void) = {
		EVP_aes_128_ecb, EVP_aes_192_ecb, EVP_aes_256_ecb};
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	EVP_EncryptInit_ex(c, kinds[kit->t->key / 8 - 2](), NULL, kit->out_cfg.key, NULL);
	EVP_CIPHER_CTX_set_padding(c, 0);
	EVP_EncryptUpdate(c, out, &n, in, 16);
	EVP_CIPHER_CTX_free(c);
}

struct kit_verdict
kit_receive(struct kit *kit, uint8_t *packet, uint32_t len, uint64_t seq)
{
	struct kit_verdict v = {.crypto = CRYPTO_FAILED};
	struct crypto_op op;

	v.open = esp_open(kit->in, packet, len, seq, &op);
	if (v.open != DROP_NONE)
		return v;
	v.crypto = kit_run(kit, &op);
	if (v.crypto == CRYPTO_OK)
		v.decap = esp_decap(kit->in, packet, len, &v.inner);
	return v;
}

void
guard_init(struct guard *guard, size_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	guard->room = (room + page - 1) / page * page;
	guard->map_bytes = guard->room + 2 * page;
	guard->map = mmap(NULL, guard->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(guard->map != MAP_FAILED);
	CU_ASSERT_FATAL(mprotect(guard->map + page, guard->room, PROT_READ | PROT_WRITE) == 0);
}

void
guard_fini(struct guard *guard)
{
	munmap(guard->map, guard->map_bytes);
}

uint8_t *
guard_front(const struct guard *guard)
{
	return guard->map + (guard->map_bytes - guard->room) / 2;
}

uint8_t *
guard_back(const struct guard *guard, size_t n)
{
	return guard_front(guard) + guard->room - n;
}
