/* crypto/alg: the tables against the RFCs' numbers, and the words of an IOS transform set. */
#include "crypto/alg.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

int suite_alg(void);

/* Written down from the RFCs, apart from alg.def: lengths of key, salt, IV, block and ICV in bytes.  GCM:
 * RFC 4106 §3, §4, §6; GMAC: RFC 4543 §3; CCM: RFC 4309 §3, §4, §7; ChaCha20-Poly1305: RFC 7634 §2; CTR:
 * RFC 3686 §2, §3.1, §5.1; AES-CBC: RFC 3602 §2; 3DES: RFC 2451 §2; DES: RFC 2405 §2, §3; NULL: RFC 2410 §2.
 * Streams are padded to 4 bytes (RFC 4303 §2.4). */
static const struct cipher_row {
	const char *name, *shown, *synonym;
	enum alg_mode mode;
	uint8_t key, salt, iv, block, icv;
} ciphers[] = {
	{"AES_128_GCM", "esp-gcm 128", "esp-gcm", ALG_MODE_GCM, 16, 4, 8, 4, 16},
	{"AES_192_GCM", "esp-gcm 192", "", ALG_MODE_GCM, 24, 4, 8, 4, 16},
	{"AES_256_GCM", "esp-gcm 256", "", ALG_MODE_GCM, 32, 4, 8, 4, 16},
	{"AES_128_GCM_12", "esp-gcm-12 128", "esp-gcm-12", ALG_MODE_GCM, 16, 4, 8, 4, 12},
	{"AES_192_GCM_12", "esp-gcm-12 192", "", ALG_MODE_GCM, 24, 4, 8, 4, 12},
	{"AES_256_GCM_12", "esp-gcm-12 256", "", ALG_MODE_GCM, 32, 4, 8, 4, 12},
	{"AES_128_GCM_8", "esp-gcm-8 128", "esp-gcm-8", ALG_MODE_GCM, 16, 4, 8, 4, 8},
	{"AES_192_GCM_8", "esp-gcm-8 192", "", ALG_MODE_GCM, 24, 4, 8, 4, 8},
	{"AES_256_GCM_8", "esp-gcm-8 256", "", ALG_MODE_GCM, 32, 4, 8, 4, 8},
	{"AES_128_GMAC", "esp-gmac 128", "esp-gmac", ALG_MODE_GMAC, 16, 4, 8, 4, 16},
	{"AES_192_GMAC", "esp-gmac 192", "", ALG_MODE_GMAC, 24, 4, 8, 4, 16},
	{"AES_256_GMAC", "esp-gmac 256", "", ALG_MODE_GMAC, 32, 4, 8, 4, 16},
	{"AES_128_CCM", "esp-ccm 128", "esp-ccm", ALG_MODE_CCM, 16, 3, 8, 4, 16},
	{"AES_192_CCM", "esp-ccm 192", "", ALG_MODE_CCM, 24, 3, 8, 4, 16},
	{"AES_256_CCM", "esp-ccm 256", "", ALG_MODE_CCM, 32, 3, 8, 4, 16},
	{"AES_128_CCM_12", "esp-ccm-12 128", "esp-ccm-12", ALG_MODE_CCM, 16, 3, 8, 4, 12},
	{"AES_192_CCM_12", "esp-ccm-12 192", "", ALG_MODE_CCM, 24, 3, 8, 4, 12},
	{"AES_256_CCM_12", "esp-ccm-12 256", "", ALG_MODE_CCM, 32, 3, 8, 4, 12},
	{"AES_128_CCM_8", "esp-ccm-8 128", "esp-ccm-8", ALG_MODE_CCM, 16, 3, 8, 4, 8},
	{"AES_192_CCM_8", "esp-ccm-8 192", "", ALG_MODE_CCM, 24, 3, 8, 4, 8},
	{"AES_256_CCM_8", "esp-ccm-8 256", "", ALG_MODE_CCM, 32, 3, 8, 4, 8},
	{"CHACHA20_POLY1305", "esp-chacha20-poly1305", "", ALG_MODE_CHACHA, 32, 4, 8, 4, 16},
	{"AES_128_CTR", "esp-aes-ctr 128", "esp-aes-ctr", ALG_MODE_CTR, 16, 4, 8, 4, 0},
	{"AES_192_CTR", "esp-aes-ctr 192", "", ALG_MODE_CTR, 24, 4, 8, 4, 0},
	{"AES_256_CTR", "esp-aes-ctr 256", "", ALG_MODE_CTR, 32, 4, 8, 4, 0},
	{"AES_128_CBC", "esp-aes 128", "esp-aes", ALG_MODE_CBC, 16, 0, 16, 16, 0},
	{"AES_192_CBC", "esp-aes 192", "", ALG_MODE_CBC, 24, 0, 16, 16, 0},
	{"AES_256_CBC", "esp-aes 256", "", ALG_MODE_CBC, 32, 0, 16, 16, 0},
	{"3DES_CBC", "esp-3des", "", ALG_MODE_CBC, 24, 0, 8, 8, 0},
	{"DES_CBC", "esp-des", "", ALG_MODE_CBC, 8, 0, 8, 8, 0},
	{"NULL", "esp-null", "", ALG_MODE_NULL, 0, 0, 0, 4, 0},
};

/* RFC 2403 §2, §3; RFC 2404 §2, §3; RFC 4868 §2.1.1, §2.3; RFC 3566 §4; RFC 4494 §2. */
static const struct auth_row {
	const char *name, *esp, *ah;
	uint8_t key, icv;
} auths[] = {
	{"NONE", "", "", 0, 0},
	{"HMAC_MD5_96", "esp-md5-hmac", "ah-md5-hmac", 16, 12},
	{"HMAC_SHA1_96", "esp-sha-hmac", "ah-sha-hmac", 20, 12},
	{"HMAC_SHA256_128", "esp-sha256-hmac", "ah-sha256-hmac", 32, 16},
	{"HMAC_SHA384_192", "esp-sha384-hmac", "ah-sha384-hmac", 48, 24},
	{"HMAC_SHA512_256", "esp-sha512-hmac", "ah-sha512-hmac", 64, 32},
	{"AES_XCBC_96", "esp-aes-xcbc-mac", "ah-aes-xcbc-mac", 16, 12},
	{"AES_CMAC_96", "esp-aes-cmac", "ah-aes-cmac", 16, 12},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(COUNT(ciphers) == ALG_CIPHER_COUNT && COUNT(auths) == ALG_AUTH_COUNT, "a row for every row");

static struct transform
parse(const char *words)
{
	struct transform t = {0};
	char message[1024] = "untouched";

	CU_ASSERT_EQUAL(transform_parse(words, &t, message, sizeof(message)), ST_OK);
	CU_ASSERT_STRING_EQUAL(message, "untouched");
	return t;
}

/* All that a transform says must follow from the two rows. */
static void
check_transform(const char *words, const struct cipher_row *c, const struct auth_row *a)
{
	struct transform t = parse(words);
	bool aead = c->icv != 0;

	CU_ASSERT_EQUAL(t.proto, ALG_ESP);
	CU_ASSERT_EQUAL(t.cipher, (unsigned)(c - ciphers));
	CU_ASSERT_EQUAL(t.auth, (unsigned)(a - auths));
	CU_ASSERT_EQUAL(t.mode, c->mode);
	CU_ASSERT_EQUAL(t.aead, aead);
	CU_ASSERT_EQUAL(t.authenticated, aead || a->icv);
	CU_ASSERT_EQUAL(t.key_len, c->key + c->salt);
	CU_ASSERT_EQUAL(t.auth_key_len, a->key);
	CU_ASSERT_EQUAL(t.salt_len, c->salt);
	CU_ASSERT_EQUAL(t.iv_len, c->iv);
	CU_ASSERT_EQUAL(t.block, c->block);
	CU_ASSERT_EQUAL(t.icv_len, aead ? c->icv : a->icv);
}

/* Every pair, under its IOS words in both orders and its RFC names, and back to text. */
static void
check_pair(const struct cipher_row *c, const struct auth_row *a)
{
	char words[128], text[128];

	snprintf(words, sizeof(words), "%s%s%s", c->shown, a->esp[0] ? " " : "", a->esp);
	check_transform(words, c, a);
	struct transform t = parse(words);
	transform_text(&t, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, words);
	snprintf(words, sizeof(words), "%s %s", a->esp, c->shown);
	check_transform(words, c, a);
	snprintf(words, sizeof(words), "%s %s", c->name, a->esp[0] ? a->name : "");
	check_transform(words, c, a);
	if (!c->synonym[0])
		return;
	snprintf(words, sizeof(words), "%s %s", c->synonym, a->esp);
	check_transform(words, c, a);
}

static void
test_pairs(void)
{
	for (unsigned i = 0; i < COUNT(ciphers); i++)
		for (unsigned j = 0; j < COUNT(auths); j++)
			if (ciphers[i].icv ? !auths[j].icv : auths[j].icv || ciphers[i].key)
				check_pair(&ciphers[i], &auths[j]);
}

/* Capitals, spaces and hyphens where the names of the RFCs have '_'. */
static void
test_spelling(void)
{
	check_transform("  ESP-SHA256-HMAC\tEsp-Null ", &ciphers[30], &auths[3]);
	check_transform("aes-256-gcm", &ciphers[2], &auths[0]);
	check_transform("hmac-sha1-96 3des-cbc", &ciphers[28], &auths[2]);
	check_transform("null aes_xcbc_96", &ciphers[30], &auths[6]);
	check_transform("esp-aes 256 HMAC_SHA512_256", &ciphers[27], &auths[5]);
	check_transform("ESP-GCM", &ciphers[0], &auths[0]);
}

static void
check_ah(const struct transform *t, unsigned auth)
{
	CU_ASSERT_EQUAL(t->proto, ALG_AH);
	CU_ASSERT_EQUAL(t->cipher, ALG_CIPHER_NULL);
	CU_ASSERT_EQUAL(t->mode, ALG_MODE_NULL);
	CU_ASSERT_EQUAL(t->auth, auth);
	CU_ASSERT_TRUE(t->authenticated && !t->aead);
	CU_ASSERT_TRUE(t->key_len == 0 && t->salt_len == 0 && t->iv_len == 0 && t->block == 4);
	CU_ASSERT_EQUAL(t->auth_key_len, auths[auth].key);
	CU_ASSERT_EQUAL(t->icv_len, auths[auth].icv);
}

/* AH alone; over ESP with and without its own authentication, in any order; and what one SA may not be. */
static void
test_ah(void)
{
	struct transform_set set;
	char words[128], text[64], message[256] = "";

	for (unsigned i = 1; i < COUNT(auths); i++) {
		struct transform t = parse(auths[i].ah);

		check_ah(&t, i);
		transform_text(&t, text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, auths[i].ah);
		CU_ASSERT_EQUAL(transform_set_parse(auths[i].ah, &set, message, sizeof(message)), ST_OK);
		CU_ASSERT_TRUE(set.has_ah && !set.has_esp);
		snprintf(words, sizeof(words), "esp-md5-hmac %s esp-aes 256", auths[i].ah);
		CU_ASSERT_EQUAL(transform_set_parse(words, &set, message, sizeof(message)), ST_OK);
		CU_ASSERT_TRUE(set.has_ah && set.has_esp && set.esp.proto == ALG_ESP);
		CU_ASSERT_EQUAL(set.esp.cipher, ALG_CIPHER_AES_256_CBC);
		CU_ASSERT_EQUAL(set.esp.auth, ALG_AUTH_HMAC_MD5_96);
		check_ah(&set.ah, i);
	}
	CU_ASSERT_EQUAL(transform_set_parse("ah-sha-hmac esp-3des", &set, message, sizeof(message)), ST_OK);
	CU_ASSERT_TRUE(set.has_ah && set.has_esp && !set.esp.authenticated);
	CU_ASSERT_EQUAL(transform_set_parse("esp-gcm 256", &set, message, sizeof(message)), ST_OK);
	CU_ASSERT_TRUE(!set.has_ah && set.has_esp && set.esp.aead);
}

/* RFC 8221 §5 and §6: what MUST NOT or SHOULD NOT be used any more, and nothing else, has its advice. */
static void
test_advice(void)
{
	for (unsigned i = 0; i < COUNT(ciphers); i++) {
		const char *advice = alg_cipher_info[i].advice;
		bool des = !strcmp(ciphers[i].name, "DES_CBC"), des3 = !strcmp(ciphers[i].name, "3DES_CBC");

		CU_ASSERT_EQUAL(advice[0] != '\0', des || des3);
		CU_ASSERT_TRUE(!des || strstr(advice, "RFC 8221 §5: MUST NOT"));
		CU_ASSERT_TRUE(!des3 || strstr(advice, "RFC 8221 §5: SHOULD NOT"));
	}
	for (unsigned i = 0; i < COUNT(auths); i++) {
		bool md5 = !strcmp(auths[i].name, "HMAC_MD5_96");

		CU_ASSERT_EQUAL(alg_auth_info[i].advice[0] != '\0', md5);
		CU_ASSERT_TRUE(!md5 || strstr(alg_auth_info[i].advice, "RFC 8221 §6: MUST NOT"));
	}
}

#define CIPHERS                                                                                              \
	"esp-gcm 128, esp-gcm 192, esp-gcm 256, esp-gcm-12 128, esp-gcm-12 192, esp-gcm-12 256, "            \
	"esp-gcm-8 128, esp-gcm-8 192, esp-gcm-8 256, esp-gmac 128, esp-gmac 192, esp-gmac 256, "            \
	"esp-ccm 128, esp-ccm 192, esp-ccm 256, esp-ccm-12 128, esp-ccm-12 192, esp-ccm-12 256, "            \
	"esp-ccm-8 128, esp-ccm-8 192, esp-ccm-8 256, esp-chacha20-poly1305, esp-aes-ctr 128, "              \
	"esp-aes-ctr 192, esp-aes-ctr 256, esp-aes 128, esp-aes 192, esp-aes 256, esp-3des, esp-des, "       \
	"esp-null"
#define AUTHS                                                                                                \
	"esp-md5-hmac, esp-sha-hmac, esp-sha256-hmac, esp-sha384-hmac, esp-sha512-hmac, esp-aes-xcbc-mac, "  \
	"esp-aes-cmac"
#define AHS                                                                                                  \
	"ah-md5-hmac, ah-sha-hmac, ah-sha256-hmac, ah-sha384-hmac, ah-sha512-hmac, ah-aes-xcbc-mac, "        \
	"ah-aes-cmac"
#define ALL CIPHERS ", " AUTHS ", " AHS
#define UNKNOWN(word, nearest) "unknown transform \"" word "\"; the nearest is \"" nearest "\"; allowed: " ALL

static const struct {
	const char *words, *message;
} bad[] = {
	{"", "the transform is empty; allowed: " ALL},
	{" \t", "the transform is empty; allowed: " ALL},
	{"esp-ase 256", UNKNOWN("esp-ase 256", "esp-aes 256")},
	{"esp-aes 512", UNKNOWN("esp-aes 512", "esp-aes 128")},
	{"esp-aes 129 esp-sha-hmac", UNKNOWN("esp-aes 129", "esp-aes 128")},
	{"esp-aes 256 esp-sha265-hmac", UNKNOWN("esp-sha265-hmac", "esp-sha256-hmac")},
	{"esp-aes 256 128", UNKNOWN("128", "esp-gcm")},
	{"esp-aes esp-sha", UNKNOWN("esp-sha", "esp-sha-hmac")},
	{"esp-gcm128", UNKNOWN("esp-gcm128", "esp-gcm 128")},
	{"esp-gcm-16", UNKNOWN("esp-gcm-16", "esp-gcm-12")},
	{"esp-gcm-8 255", UNKNOWN("esp-gcm-8 255", "esp-gcm-8 256")},
	{"esp-4des", UNKNOWN("esp-4des", "esp-3des")},
	{"esp-chacha20", UNKNOWN("esp-chacha20", "esp-chacha20-poly1305")},
	{"ah-sha1-hmac", UNKNOWN("ah-sha1-hmac", "ah-sha-hmac")},
	{"ah-sha-hmac 96", UNKNOWN("ah-sha-hmac 96", "ah-sha-hmac")},
	{"esp-nul esp-sha-hmac", UNKNOWN("esp-nul", "esp-null")},
	{"a-word-that-is-longer-than-the-longest-phrase",
		UNKNOWN("a-word-that-is-longer-than-the-", "ah-sha-hmac")},
	{"esp-aes esp-gcm 256",
		"\"esp-aes 128\" and \"esp-gcm 256\" exclude one another: one cipher is allowed"},
	{"esp-des esp-3des", "\"esp-des\" and \"esp-3des\" exclude one another: one cipher is allowed"},
	{"ah-md5-hmac ah-sha-hmac",
		"\"ah-md5-hmac\" and \"ah-sha-hmac\" exclude one another: one authentication is allowed"},
	{"AES_128_CBC esp-aes",
		"\"esp-aes 128\" and \"esp-aes 128\" exclude one another: one cipher is allowed"},
	{"ah-sha-hmac esp-3des",
		"\"ah-sha-hmac esp-3des\" is AH over ESP, which is two SAs; allowed: one SA for the "
		"\"esp-\" words, and one for \"ah-\" with over = the name of the first"},
	{"ah-sha-hmac esp-null", "\"esp-null\" needs an authentication; allowed: " AUTHS},
	{"ah-sha-hmac esp-aes-cmac",
		"\"esp-aes-cmac\" has no cipher; without encryption it is \"esp-null esp-aes-cmac\"; "
		"allowed: " CIPHERS},
	{"esp-gmac esp-aes-cmac",
		"\"esp-gmac 128\" authenticates by itself; \"esp-aes-cmac\" is not allowed with it"},
	{"esp-null esp-sha-hmac esp-sha-hmac",
		"\"esp-sha-hmac\" and \"esp-sha-hmac\" exclude one another: one authentication is allowed"},
	{"esp-gcm 256 esp-sha-hmac",
		"\"esp-gcm 256\" authenticates by itself; \"esp-sha-hmac\" is not allowed with it"},
	{"esp-null", "\"esp-null\" needs an authentication; allowed: " AUTHS},
	{"esp-sha256-hmac",
		"\"esp-sha256-hmac\" has no cipher; without encryption it is \"esp-null esp-sha256-hmac\"; "
		"allowed: " CIPHERS},
};

static void
test_bad(void)
{
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct transform t;
		char message[1024] = "";

		memset(&t, 0x5a, sizeof(t));
		CU_ASSERT_EQUAL(transform_parse(bad[i].words, &t, message, sizeof(message)), ST_ERR_CONFIG);
		CU_ASSERT_STRING_EQUAL(message, bad[i].message);
		CU_ASSERT_EQUAL(t.icv_len, 0x5a);
	}
}

/* A short buffer cuts the message and nothing else; none at all is allowed. */
static void
test_short_message(void)
{
	struct transform t;
	char message[32];

	for (size_t bytes = 1; bytes <= 24; bytes++) {
		memset(message, '#', sizeof(message));
		CU_ASSERT_EQUAL(transform_parse("esp-dxs", &t, message, bytes), ST_ERR_CONFIG);
		CU_ASSERT_EQUAL(strnlen(message, bytes), bytes - 1);
		CU_ASSERT_EQUAL(strncmp(message, "unknown transform \"esp-dxs\"", bytes - 1), 0);
		CU_ASSERT_EQUAL(message[bytes], '#');
	}
	CU_ASSERT_EQUAL(transform_parse("esp-dxs", &t, NULL, 0), ST_ERR_CONFIG);
}

static void
test_key_lengths(void)
{
	unsigned key = 99, auth = 99;
	char message[256] = "";

	CU_ASSERT_TRUE(transform_key_lengths("esp-gcm 256", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(key, 36);
	CU_ASSERT_EQUAL(auth, 0);
	CU_ASSERT_TRUE(transform_key_lengths("esp-null esp-sha-hmac", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(key, 0);
	CU_ASSERT_EQUAL(auth, 20);
	CU_ASSERT_TRUE(transform_key_lengths("ah-sha512-hmac", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(key, 0);
	CU_ASSERT_EQUAL(auth, 64);
	CU_ASSERT_TRUE(transform_key_lengths("esp-ccm-8 256 ", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(key, 35);
	CU_ASSERT_EQUAL(auth, 0);
	CU_ASSERT_TRUE(transform_key_lengths("esp-3des esp-md5-hmac", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(key, 24);
	CU_ASSERT_EQUAL(auth, 16);
	CU_ASSERT_FALSE(transform_key_lengths("esp-null", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(auth, 16);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "needs an authentication"));
}

/* Names that tshark must know, in its own spelling. */
static void
test_tshark(void)
{
	CU_ASSERT_STRING_EQUAL(
		alg_cipher_info[ALG_CIPHER_AES_256_GCM].tshark, "AES-GCM with 16 octet ICV [RFC4106]");
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_AES_128_CBC].tshark, "AES-CBC [RFC3602]");
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_NULL].tshark, "NULL");
	CU_ASSERT_STRING_EQUAL(alg_auth_info[ALG_AUTH_NONE].tshark, "NULL");
	CU_ASSERT_STRING_EQUAL(alg_auth_info[ALG_AUTH_HMAC_SHA1_96].tshark, "HMAC-SHA-1-96 [RFC2404]");
	CU_ASSERT_STRING_EQUAL(alg_auth_info[ALG_AUTH_HMAC_SHA256_128].tshark, "HMAC-SHA-256-128 [RFC4868]");
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_3DES_CBC].tshark, "TripleDES-CBC [RFC2451]");
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_DES_CBC].tshark, "DES-CBC [RFC2405]");
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_AES_192_CTR].tshark, "AES-CTR [RFC3686]");
	CU_ASSERT_STRING_EQUAL(
		alg_cipher_info[ALG_CIPHER_AES_128_GCM_8].tshark, "AES-GCM with 8 octet ICV [RFC4106]");
	CU_ASSERT_STRING_EQUAL(
		alg_cipher_info[ALG_CIPHER_AES_128_GCM_12].tshark, "AES-GCM with 12 octet ICV [RFC4106]");
	CU_ASSERT_STRING_EQUAL(alg_auth_info[ALG_AUTH_HMAC_SHA512_256].tshark, "HMAC-SHA-512-256 [RFC4868]");
	CU_ASSERT_STRING_EQUAL(alg_auth_info[ALG_AUTH_HMAC_MD5_96].tshark, "HMAC-MD5-96 [RFC2403]");
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_NULL].name, "NULL");
	for (unsigned i = 0; i < COUNT(ciphers); i++)
		CU_ASSERT_STRING_EQUAL(alg_cipher_info[i].name, ciphers[i].name);
	for (unsigned i = 0; i < COUNT(auths); i++)
		CU_ASSERT_STRING_EQUAL(alg_auth_info[i].name, auths[i].name);
}

/* What the parser relies on, for rows to come: phrases of at most 31 bytes in lower case, none twice. */
static void
test_rows(void)
{
	for (unsigned i = 0; i < ALG_CIPHER_COUNT; i++) {
		const struct alg_cipher_info *c = &alg_cipher_info[i];

		CU_ASSERT_TRUE(c->ios[0] != '\0' && c->block >= 4 && c->icv % 4 == 0);
		CU_ASSERT_EQUAL(strcspn(c->ios, "ABCDEFGHIJKLMNOPQRSTUVWXYZ\t"), strlen(c->ios));
		for (const char *p = c->ios; *p; p += strcspn(p, "|") + (p[strcspn(p, "|")] == '|'))
			CU_ASSERT_TRUE(strcspn(p, "|") < 32);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT_STRING_NOT_EQUAL(c->ios, alg_cipher_info[j].ios);
	}
	for (unsigned i = 1; i < ALG_AUTH_COUNT; i++) {
		const struct alg_auth_info *a = &alg_auth_info[i];

		CU_ASSERT_TRUE(a->esp[0] != '\0' && strlen(a->esp) < 32 && a->icv && a->icv % 4 == 0);
		CU_ASSERT_TRUE(a->ah[0] != '\0' && strlen(a->ah) < 32 && a->icv <= 32);
	}
}

int
suite_alg(void)
{
	CU_pSuite s = CU_add_suite("alg", NULL, NULL);

	if (!s || !CU_add_test(s, "every pair of algorithms, under all its names", test_pairs) ||
		!CU_add_test(s, "spelling", test_spelling) ||
		!CU_add_test(s, "AH, and AH over ESP", test_ah) ||
		!CU_add_test(s, "what should not be used any more says so", test_advice) ||
		!CU_add_test(s, "transforms that are refused, and how", test_bad) ||
		!CU_add_test(s, "message buffers of any size", test_short_message) ||
		!CU_add_test(s, "key lengths", test_key_lengths) ||
		!CU_add_test(s, "names for tshark", test_tshark) ||
		!CU_add_test(s, "shape of the rows", test_rows))
		return (int)CU_get_error();
	return 0;
}
