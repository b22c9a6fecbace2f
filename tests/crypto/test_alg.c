/* crypto/alg: the tables against the RFCs' numbers, and the words of an IOS transform set. */
#include "crypto/alg.h"

#include <string.h>

#include <CUnit/CUnit.h>

int suite_alg(void);

/* RFC 4106 §4, RFC 3602 §2 and §5, RFC 2410, RFC 2404 §3 and RFC 4868 §2.3, written down apart from alg.def.
 */
static const struct {
	const char *words, *text;
	enum alg_cipher cipher;
	enum alg_auth auth;
	bool aead, authenticated;
	uint8_t key_len, auth_key_len, iv_len, block, icv_len;
} good[] = {
	{"esp-gcm 128", "esp-gcm 128", ALG_CIPHER_AES_128_GCM, ALG_AUTH_NONE, true, true, 20, 0, 8, 4, 16},
	{"esp-gcm", "esp-gcm 128", ALG_CIPHER_AES_128_GCM, ALG_AUTH_NONE, true, true, 20, 0, 8, 4, 16},
	{"esp-gcm 192", "esp-gcm 192", ALG_CIPHER_AES_192_GCM, ALG_AUTH_NONE, true, true, 28, 0, 8, 4, 16},
	{"esp-gcm 256", "esp-gcm 256", ALG_CIPHER_AES_256_GCM, ALG_AUTH_NONE, true, true, 36, 0, 8, 4, 16},
	{"esp-aes", "esp-aes 128", ALG_CIPHER_AES_128_CBC, ALG_AUTH_NONE, false, false, 16, 0, 16, 16, 0},
	{"esp-aes 192", "esp-aes 192", ALG_CIPHER_AES_192_CBC, ALG_AUTH_NONE, false, false, 24, 0, 16, 16, 0},
	{"esp-aes esp-sha-hmac", "esp-aes 128 esp-sha-hmac", ALG_CIPHER_AES_128_CBC, ALG_AUTH_HMAC_SHA1_96,
		false, true, 16, 20, 16, 16, 12},
	{"esp-aes 256 esp-sha256-hmac", "esp-aes 256 esp-sha256-hmac", ALG_CIPHER_AES_256_CBC,
		ALG_AUTH_HMAC_SHA256_128, false, true, 32, 32, 16, 16, 16},
	{"  ESP-SHA256-HMAC\tEsp-Null ", "esp-null esp-sha256-hmac", ALG_CIPHER_NULL,
		ALG_AUTH_HMAC_SHA256_128, false, true, 0, 32, 0, 4, 16},
};

static void
test_good(void)
{
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct transform t = {0};
		char message[256] = "untouched", text[64];

		CU_ASSERT_EQUAL_FATAL(transform_parse(good[i].words, &t, message, sizeof(message)), ST_OK);
		CU_ASSERT_STRING_EQUAL(message, "untouched");
		CU_ASSERT_EQUAL(t.cipher, good[i].cipher);
		CU_ASSERT_EQUAL(t.auth, good[i].auth);
		CU_ASSERT_EQUAL(t.aead, good[i].aead);
		CU_ASSERT_EQUAL(t.authenticated, good[i].authenticated);
		CU_ASSERT_EQUAL(t.key_len, good[i].key_len);
		CU_ASSERT_EQUAL(t.auth_key_len, good[i].auth_key_len);
		CU_ASSERT_EQUAL(t.iv_len, good[i].iv_len);
		CU_ASSERT_EQUAL(t.block, good[i].block);
		CU_ASSERT_EQUAL(t.icv_len, good[i].icv_len);
		transform_text(&t, text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, good[i].text);
	}
}

#define CIPHERS "esp-gcm 128, esp-gcm 192, esp-gcm 256, esp-aes 128, esp-aes 192, esp-aes 256, esp-null"
#define AUTHS "esp-sha-hmac, esp-sha256-hmac"
#define UNKNOWN(word, nearest)                                                                               \
	"unknown transform \"" word "\"; the nearest is \"" nearest "\"; allowed: " CIPHERS ", " AUTHS

static const struct {
	const char *words, *message;
} bad[] = {
	{"", "the transform is empty; allowed: " CIPHERS ", " AUTHS},
	{" \t", "the transform is empty; allowed: " CIPHERS ", " AUTHS},
	{"esp-ase 256", UNKNOWN("esp-ase 256", "esp-aes 256")},
	{"esp-aes 512", UNKNOWN("esp-aes 512", "esp-aes 128")},
	{"esp-aes 129 esp-sha-hmac", UNKNOWN("esp-aes 129", "esp-aes 128")},
	{"esp-aes 256 esp-sha265-hmac", UNKNOWN("esp-sha265-hmac", "esp-sha256-hmac")},
	{"esp-aes 256 128", UNKNOWN("128", "esp-gcm")},
	{"esp-aes esp-sha", UNKNOWN("esp-sha", "esp-sha-hmac")},
	{"esp-gcm128", UNKNOWN("esp-gcm128", "esp-gcm 128")},
	{"esp-nul esp-sha-hmac", UNKNOWN("esp-nul", "esp-null")},
	{"a-word-that-is-longer-than-the-longest-phrase",
		UNKNOWN("a-word-that-is-longer-than-the-", "esp-sha-hmac")},
	{"esp-aes esp-gcm 256",
		"\"esp-aes 128\" and \"esp-gcm 256\" exclude one another: one cipher is allowed"},
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
		char message[512] = "";

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
		CU_ASSERT_EQUAL(transform_parse("esp-des", &t, message, bytes), ST_ERR_CONFIG);
		CU_ASSERT_EQUAL(strnlen(message, bytes), bytes - 1);
		CU_ASSERT_EQUAL(strncmp(message, "unknown transform \"esp-des\"", bytes - 1), 0);
		CU_ASSERT_EQUAL(message[bytes], '#');
	}
	CU_ASSERT_EQUAL(transform_parse("esp-des", &t, NULL, 0), ST_ERR_CONFIG);
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
	CU_ASSERT_FALSE(transform_key_lengths("esp-null", &key, &auth, message, sizeof(message)));
	CU_ASSERT_EQUAL(auth, 20);
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
	CU_ASSERT_STRING_EQUAL(alg_cipher_info[ALG_CIPHER_NULL].name, "NULL");
	CU_ASSERT_STRING_EQUAL(alg_auth_info[ALG_AUTH_HMAC_SHA1_96].name, "HMAC_SHA1_96");
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
	}
}

int
suite_alg(void)
{
	CU_pSuite s = CU_add_suite("alg", NULL, NULL);

	if (!s || !CU_add_test(s, "transforms that are allowed", test_good) ||
		!CU_add_test(s, "transforms that are refused, and how", test_bad) ||
		!CU_add_test(s, "message buffers of any size", test_short_message) ||
		!CU_add_test(s, "key lengths", test_key_lengths) ||
		!CU_add_test(s, "names for tshark", test_tshark) ||
		!CU_add_test(s, "shape of the rows", test_rows))
		return (int)CU_get_error();
	return 0;
}
