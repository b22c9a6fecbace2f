/* crypto/key_warn: what is warned of, in which words, and that nobody sees a key. */
#include "crypto/key_warn.h"

#include <stdio.h>
#include <string.h>

#define OPENSSL_SUPPRESS_DEPRECATED /* DES_is_weak_key() has no successor */
#include <openssl/des.h>

#include <CUnit/CUnit.h>

#include "crypto/alg.h"

int suite_key_warn(void);

#define DES "DES has keys of 56 bits (RFC 8221 §5: MUST NOT): for reproduction only"
#define DES3 "3DES has 64-bit blocks (RFC 8221 §5: SHOULD NOT): for reproduction only"
#define MD5 "MD5 is broken (RFC 8221 §6: MUST NOT): for reproduction only"
#define ALONE "nothing authenticates what is encrypted (RFC 8221 §4: MUST NOT): for reproduction only"
#define SINGLE "two neighbours of the three DES keys are the same, which makes 3DES a single DES"
#define KEY "the key of some cipher, 36 bytes long.."
#define AUTH "an authentication key that is long enough for all, namely 64 b.."

static const struct {
	const char *transform, *key, *auth_key, *message; /* "": no warning */
} rows[] = {
	{"esp-gcm 256", KEY, AUTH, ""}, {"esp-gcm 256", "", AUTH, "the cipher key is all zeros"},
	{"esp-gcm 128", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0salt", AUTH, "the cipher key is all zeros"},
	{"esp-gcm 128", "aaaaaaaaaaaaaaaasalt", AUTH, "all bytes of the cipher key are the same"},
	{"esp-gcm 128", "aaaaaaaaaaaaaaabaaaa", AUTH, ""},
	{"esp-gcm 128", "not all zero but the salt", AUTH, ""},
	{"CHACHA20_POLY1305", "", AUTH, "the cipher key is all zeros"},
	{"esp-aes 256 esp-sha256-hmac", KEY, AUTH, ""},
	{"esp-aes 256 esp-sha256-hmac", KEY, "", "the authentication key is all zeros"},
	{"esp-aes esp-sha-hmac", "zzzzzzzzzzzzzzzz", "....................",
		"all bytes of the cipher key are the same; all bytes of the authentication key are the same"},
	{"esp-aes 192", KEY, AUTH, ALONE}, {"esp-aes-ctr 192", KEY, AUTH, ALONE},
	{"esp-null esp-sha512-hmac", KEY, AUTH, ""}, {"ah-sha-hmac", KEY, AUTH, ""},
	{"ah-md5-hmac", KEY, AUTH, MD5},
	{"ah-md5-hmac", KEY, "", MD5 "; the authentication key is all zeros"},
	{"esp-des esp-md5-hmac", KEY, AUTH, DES "; " MD5}, {"esp-des", KEY, AUTH, DES "; " ALONE},
	{"esp-des esp-sha-hmac", "\x1e\x1e\x1e\x1e\x0f\x0f\x0f\x0f", AUTH,
		DES "; the cipher key is a weak key of DES"},
	{"esp-des esp-sha-hmac", "\x01\x00\x00\x01\x01\x01\x01\x01", AUTH,
		DES "; the cipher key is a weak key of DES"},
	{"esp-des esp-sha-hmac", "\xe0\xff\xe1\xfe\xf0\xfe\xf1\xff", AUTH,
		DES "; the cipher key is a semi-weak key of DES"},
	{"esp-3des esp-sha-hmac", KEY, AUTH, DES3},
	{"esp-3des esp-sha-hmac", "key One.key Two.key Thr.", AUTH, DES3},
	{"esp-3des esp-sha-hmac", "key One.key One.key Two.", AUTH, DES3 "; " SINGLE},
	{"esp-3des esp-sha-hmac", "key Two.key One.key One.", AUTH, DES3 "; " SINGLE},
	{"esp-3des esp-sha-hmac", "key Two.key One.jdx!Nod/", AUTH, DES3 "; " SINGLE}, /* but for parity */
	{"esp-3des esp-sha-hmac", "key One.jdx!Nod/key Two.", AUTH, DES3 "; " SINGLE},
	{"esp-3des esp-sha-hmac", "key Two.key One.jdx!Nof/", AUTH, DES3},
	{"esp-3des esp-sha-hmac", "key One.key Two.key One.", AUTH, DES3}, /* two keys: weaker, not single */
	{"esp-3des esp-sha-hmac", "key One.\x1f\x01\x1f\x01\x0e\x01\x0e\x01key Two.", AUTH,
		DES3 "; the cipher key is a semi-weak key of DES"},
	{"esp-3des esp-sha-hmac", "key One.key Two.\xfe\xff\xfe\xfe\xfe\xfe\xfe\xfe", AUTH,
		DES3 "; the cipher key is a weak key of DES"},
	{"esp-what", "", "", ""}, {"ah-sha-hmac esp-des", "", "", ""}, /* two SAs: each is asked for itself */
};

static void
test_rows(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned key_len = 0, auth_len = 0;
		uint8_t key[64] = {0}, auth_key[96] = {0};
		char message[512] = "";

		memcpy(key, rows[i].key, strlen(rows[i].key));
		if (!strncmp(rows[i].transform, "esp-gcm 128", 11) && !rows[i].key[0])
			memcpy(key + 16, "salt", 4);
		memcpy(auth_key, rows[i].auth_key, strlen(rows[i].auth_key));
		transform_key_lengths(rows[i].transform, &key_len, &auth_len, NULL, 0);
		CU_ASSERT_EQUAL(key_warning(rows[i].transform, key, key_len, auth_key, auth_len, message,
					sizeof(message)),
			rows[i].message[0] != '\0');
		CU_ASSERT_STRING_EQUAL(message, rows[i].message);
	}
}

static bool
des_warned(const uint8_t *key)
{
	char message[256] = "";

	CU_ASSERT_TRUE(key_warning(
		"esp-des esp-sha-hmac", key, 8, (const uint8_t *)AUTH, 20, message, sizeof(message)));
	return strstr(message, "weak key of DES") != NULL;
}

/* Every key whose halves are made of two bytes each, from those that weak keys consist of, with OpenSSL's
 * list; then the same without parity. */
static void
test_des_list(void)
{
	static const uint8_t left[] = {0x01, 0xfe, 0x1f, 0xe0, 0x10},
			     right[] = {0x01, 0xfe, 0x0e, 0xf1, 0x10};
	unsigned weak = 0;

	for (unsigned i = 0; i < 625; i++) {
		uint8_t a = left[i % 5], b = left[i / 5 % 5], c = right[i / 25 % 5], d = right[i / 125];
		DES_cblock key = {a, b, a, b, c, d, c, d};
		bool expected = DES_is_weak_key(&key);

		if (a == b && a == c && a == d)
			continue; /* "all bytes are the same" goes first */
		weak += expected;
		CU_ASSERT_EQUAL(des_warned(key), expected);
		for (unsigned j = 0; j < 8; j++)
			key[j] ^= (i + j) % 2;
		CU_ASSERT_EQUAL(des_warned(key), expected);
	}
	CU_ASSERT_EQUAL(weak, 14); /* 16, less two that consist of one byte */
}

/* Lengths that are wrong, no keys at all, and short buffers: nothing is read or written outside. */
static void
test_edges(void)
{
	char message[64];

	CU_ASSERT_FALSE(key_warning("esp-aes esp-sha-hmac", NULL, 0, NULL, 0, message, sizeof(message)));
	CU_ASSERT_TRUE(key_warning("esp-3des esp-sha-hmac", NULL, 0, NULL, 0, message, sizeof(message)));
	CU_ASSERT_TRUE(
		key_warning("esp-3des", (const uint8_t *)"short", 5, NULL, 0, message, sizeof(message)));
	CU_ASSERT_TRUE(key_warning("esp-des", (const uint8_t *)"\1", 1, NULL, 0, NULL, 0));
	for (size_t bytes = 1; bytes < sizeof(message); bytes++) {
		memset(message, '#', sizeof(message));
		CU_ASSERT_TRUE(key_warning("esp-des", NULL, 0, NULL, 0, message, bytes));
		CU_ASSERT_EQUAL(strnlen(message, bytes), bytes - 1);
		CU_ASSERT_EQUAL(message[bytes], '#');
	}
}

int
suite_key_warn(void)
{
	CU_pSuite s = CU_add_suite("key_warn", NULL, NULL);

	if (!s || !CU_add_test(s, "warnings, word by word", test_rows) ||
		!CU_add_test(s, "weak keys of DES are those of OpenSSL", test_des_list) ||
		!CU_add_test(s, "no keys, short keys, short buffers", test_edges))
		return (int)CU_get_error();
	return 0;
}
