/* crypto/rte_ipsec: what librte_ipsec makes is ESP as OpenSSL would make it, it opens what was made so, and
 * its answers arrive as the right verdicts.  Where it departs from the RFCs is for `conform` to say. */
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/esp_subject.h"
#include "tests/crypto/crypto_rig.h"
#include "tests/crypto/openssl_ref.h"
#include "tests/kit/kit.h"

int suite_rte_ipsec(void);

#define SPI 0x1001u
#define ROOM 2048u

static const uint8_t salt[4] = {0xca, 0xfe, 0xba, 0xbe};

/* A pair of subjects over one SA. */
struct pair {
	struct transform transform;
	struct crypto_key key;
	struct esp_subject_cfg cfg;
	struct esp_subject *out, *in;
};

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a = {0, 0};

	CU_ASSERT_FATAL(ip_parse(text, &a));
	return a;
}

static bool
pair_open(struct pair *p, const char *words, struct esp_subject_cfg cfg)
{
	char message[512] = "";

	CU_ASSERT_FATAL(kit_init());
	p->out = p->in = NULL;
	p->transform = rig_words(words);
	p->key = (struct crypto_key){
		rig_key, alg_cipher_info[p->transform.cipher].key, rig_auth_key, p->transform.auth_key_len};
	p->cfg = cfg;
	p->cfg.transform = &p->transform;
	p->cfg.key = &p->key;
	p->cfg.salt = salt;
	p->cfg.spi = SPI;
	p->cfg.first_seq = cfg.first_seq ? cfg.first_seq : 1;
	p->cfg.direction = CRYPTO_ENCRYPT;
	enum status status = esp_subject_ops_rte_ipsec.create(&p->cfg, &p->out, message, sizeof(message));
	p->cfg.direction = CRYPTO_DECRYPT;
	if (status == ST_OK)
		status = esp_subject_ops_rte_ipsec.create(&p->cfg, &p->in, message, sizeof(message));
	if (status != ST_OK && status != ST_ERR_UNSUPPORTED)
		fprintf(stderr, "%s: %s\n", words, message);
	return status == ST_OK;
}

static void
pair_close(struct pair *p)
{
	esp_subject_ops_rte_ipsec.destroy(p->out);
	esp_subject_ops_rte_ipsec.destroy(p->in);
}

/* An IP packet with `bytes` of payload; returns its length. */
static uint32_t
inner_make(uint8_t *ip, bool v6, uint32_t bytes, uint32_t seed)
{
	uint32_t header = v6 ? 40 : 20;

	rig_pattern(ip, header + bytes, seed);
	memset(ip, 0, header);
	ip[0] = v6 ? 0x60 : 0x45;
	if (v6) {
		store_be16(ip + 4, (uint16_t)bytes);
		ip[6] = 17;
		ip[7] = 64;
	} else {
		store_be16(ip + 2, (uint16_t)(header + bytes));
		ip[8] = 64;
		ip[9] = 17;
	}
	return header + bytes;
}

/* Checksum of an IPv4 header aside, which transport mode leaves for the packet's next owner to make. */
static bool
same(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (a[i] != b[i] && (a[0] >> 4 != 4 || (i != 10 && i != 11)))
			return false;
	return true;
}

/* The ESP packet at `esp` (bytes of it) is what OpenSSL makes of `plain`. */
static bool
esp_matches(const struct pair *p, const uint8_t *esp, uint32_t bytes, const uint8_t *plain,
	uint32_t plain_len, uint8_t next, uint64_t seq)
{
	const struct transform *t = &p->transform;
	uint32_t block = t->block, text_len = (plain_len + 2 + block - 1) / block * block;
	uint32_t pad = text_len - plain_len - 2, head = 8u + t->iv_len;
	uint8_t want[ROOM] = {0}, icv[CRYPTO_ICV_MAX];
	struct ref ref = ref_open();
	struct crypto_op op = {.text_len = text_len,
		.auth_len = head + text_len,
		.auth_before = (uint8_t)head,
		.aad_len = p->cfg.esn ? 12 : 8};

	memcpy(want, esp, head);
	memcpy(want + head, plain, plain_len);
	for (uint32_t i = 0; i < pad; i++)
		want[head + plain_len + i] = (uint8_t)(i + 1);
	want[head + text_len - 2] = (uint8_t)pad;
	want[head + text_len - 1] = next;
	memcpy(op.iv, salt, t->salt_len);
	memcpy(op.iv + t->salt_len, esp + 8, t->iv_len);
	if (t->mode == ALG_MODE_CTR)
		op.iv[15] = 1;
	store_be32(op.aad, SPI);
	if (p->cfg.esn)
		store_be64(op.aad + 4, seq);
	else
		store_be32(op.aad + 4, (uint32_t)seq);
	if (p->cfg.esn && !t->aead) {
		store_be32(want + head + text_len, (uint32_t)(seq >> 32));
		op.auth_len += 4;
	}
	if (t->mode == ALG_MODE_GMAC) {
		op.text_len = 0;
		op.auth_before = t->iv_len;
		op.auth_len = t->iv_len + text_len;
	}
	ref_seal(&ref, t, &op, rig_key, rig_auth_key, want + head, icv);
	ref_close(&ref);
	return bytes == head + text_len + t->icv_len && load_be32(esp) == SPI &&
	       load_be32(esp + 4) == (uint32_t)seq && !memcmp(esp, want, head + text_len) &&
	       !memcmp(esp + head + text_len, icv, t->icv_len);
}

/* Out, compared with OpenSSL, in again. */
static void
packet_run(struct pair *p, uint32_t payload, uint64_t seq)
{
	uint8_t plain[ROOM], packet[ROOM];
	uint32_t inner = inner_make(plain, p->cfg.inner_v6, payload, payload), len = inner;
	uint32_t header = p->cfg.inner_v6 ? 40 : 20;
	uint32_t outer = !p->cfg.tunnel ? header
					: (ip_is_v4(p->cfg.src) ? 20u : 40u) + (p->cfg.natt ? 8u : 0u);
	uint32_t cut = p->cfg.tunnel ? 0 : header;

	memcpy(packet, plain, inner);
	CU_ASSERT_EQUAL_FATAL(esp_subject_ops_rte_ipsec.protect(p->out, packet, &len, ROOM, 0), ESP_ACCEPTED);
	CU_ASSERT(esp_matches(p, packet + outer, len - outer, plain + cut, inner - cut,
		!p->cfg.tunnel	  ? 17
		: p->cfg.inner_v6 ? 41
				  : 4,
		seq));
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.unprotect(p->in, packet, &len, ROOM), ESP_ACCEPTED);
	CU_ASSERT_EQUAL(len, inner);
	CU_ASSERT(same(plain, packet, inner));
}

static void
mode_run(const char *words, struct esp_subject_cfg cfg)
{
	struct pair p;

	if (pair_open(&p, words, cfg))
		for (uint32_t i = 0; i < 130; i++)
			packet_run(&p, i < 129 ? i : 1400, p.cfg.first_seq + i);
	else
		CU_FAIL("not supported");
	pair_close(&p);
}

static void
test_modes(void)
{
	static const char *const words[] = {"esp-gcm 128", "esp-gcm-8 256", "esp-ccm 128",
		"esp-chacha20-poly1305", "esp-gmac 128", "esp-aes 128 esp-sha-hmac",
		"esp-aes-ctr 256 esp-sha512-hmac", "esp-3des esp-md5-hmac", "esp-null esp-sha256-hmac",
		"esp-aes 256 esp-aes-xcbc-mac"};
	struct ip_addr a4 = addr("192.0.2.1"), b4 = addr("192.0.2.2");
	struct ip_addr a6 = addr("2001:db8::1"), b6 = addr("2001:db8::2");

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (unsigned v6 = 0; v6 < 2; v6++) {
			mode_run(words[i], (struct esp_subject_cfg){.inner_v6 = v6, .window = 64});
			mode_run(words[i],
				(struct esp_subject_cfg){
					.tunnel = true, .src = a4, .dst = b4, .inner_v6 = v6, .window = 64});
			mode_run(words[i],
				(struct esp_subject_cfg){
					.tunnel = true, .src = a6, .dst = b6, .inner_v6 = v6, .window = 64});
		}
		mode_run(words[i], (struct esp_subject_cfg){
					   .tunnel = true, .src = a4, .dst = b4, .natt = true, .window = 64});
	}
}

/* Over the end of 32 bits.  GMAC is left out: librte_ipsec authenticates the high half where RFC 4543 §3.3
 * does not have it. */
static void
test_esn(void)
{
	static const char *const words[] = {"esp-gcm 128", "esp-ccm 256", "esp-aes 128 esp-sha-hmac",
		"esp-chacha20-poly1305", "esp-null esp-sha256-hmac"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		mode_run(words[i],
			(struct esp_subject_cfg){.window = 64, .esn = true, .first_seq = 0xffffffc0u});
}

/* A packet with this number, made by `out`. */
static uint32_t
numbered(struct pair *p, uint64_t seq, uint8_t packet[ROOM])
{
	uint32_t len = inner_make(packet, false, 40, (uint32_t)seq);

	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.protect(p->out, packet, &len, ROOM, seq), ESP_ACCEPTED);
	return len;
}

static enum esp_verdict
arrive(struct pair *p, uint64_t seq)
{
	uint8_t packet[ROOM];
	uint32_t len = numbered(p, seq, packet);

	return esp_subject_ops_rte_ipsec.unprotect(p->in, packet, &len, ROOM);
}

/* Only numbers that librte_ipsec 22.11 can mark: see the head of crypto/rte_ipsec.c. */
static void
test_verdicts(void)
{
	struct pair p;
	uint8_t packet[ROOM], copy[ROOM];
	uint32_t len, before;

	CU_ASSERT_FATAL(pair_open(&p, "esp-gcm 128", (struct esp_subject_cfg){.window = 64}));
	CU_ASSERT_EQUAL(arrive(&p, 1), ESP_ACCEPTED);
	CU_ASSERT_EQUAL(arrive(&p, 1), ESP_REPLAY);
	CU_ASSERT_EQUAL(arrive(&p, 95), ESP_ACCEPTED);
	CU_ASSERT_EQUAL(arrive(&p, 64), ESP_ACCEPTED);
	CU_ASSERT_EQUAL(arrive(&p, 64), ESP_REPLAY);
	CU_ASSERT_EQUAL(arrive(&p, 30), ESP_REPLAY);
	before = len = numbered(&p, 5000, packet);
	packet[len - 1] ^= 1;
	memcpy(copy, packet, len);
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.unprotect(p.in, packet, &len, ROOM), ESP_BAD_ICV);
	CU_ASSERT(len == before && !memcmp(packet, copy, len)); /* as they were */
	CU_ASSERT_EQUAL(arrive(&p, 94), ESP_ACCEPTED);		/* the window has not moved */
	packet[len - 1] ^= 1;
	len -= 1;
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.unprotect(p.in, packet, &len, ROOM), ESP_BAD_PACKET);
	len = 30;
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.unprotect(p.in, packet, &len, ROOM), ESP_BAD_PACKET);
	len = inner_make(packet, false, 40, 1);
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.unprotect(p.in, packet, &len, ROOM), ESP_BAD_PACKET);
	len = inner_make(packet, false, 40, 1);
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.protect(p.out, packet, &len, len, 0), ESP_BAD_PACKET);
	CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.protect(p.out, packet, &len, ROOM, UINT64_C(0x100000000)),
		ESP_EXHAUSTED);
	pair_close(&p);
}

static void
test_refusals(void)
{
	static const char *const words[] = {"esp-des esp-sha-hmac", "ah-sha-hmac", "esp-aes"};
	char message[512];
	struct pair p;

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		CU_ASSERT(!pair_open(&p, words[i], (struct esp_subject_cfg){.window = 64}));
		CU_ASSERT_EQUAL(esp_subject_ops_rte_ipsec.create(&p.cfg, &p.out, message, sizeof(message)),
			ST_ERR_UNSUPPORTED);
		CU_ASSERT_PTR_NOT_NULL(strstr(message, "librte_ipsec has no "));
	}
	CU_ASSERT(!pair_open(&p, "esp-gcm 128", (struct esp_subject_cfg){.window = 1u << 24}));
	pair_close(&p);
}

int
suite_rte_ipsec(void)
{
	CU_pSuite s = CU_add_suite("rte_ipsec", NULL, NULL);

	CU_ADD_TEST(s, test_modes);
	CU_ADD_TEST(s, test_esn);
	CU_ADD_TEST(s, test_verdicts);
	CU_ADD_TEST(s, test_refusals);
	return 0;
}
