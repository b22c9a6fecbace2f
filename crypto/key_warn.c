/* Warnings about keys and algorithms that protect nothing.  They run all the same: what a laboratory has to
 * reproduce was often configured like that.
 *
 * Weak and semi-weak keys of DES as in NIST SP 800-67 §3.4.2; parity bits, the last of each byte, are
 * ignored, as DES does.  Does not guess at the entropy of keys that look like keys. */
#include "crypto/key_warn.h"

#include <stdio.h>
#include <string.h>

#include "crypto/alg.h"

#define DES_KEY 8u

/* With parity, as the standard prints them. */
static const uint8_t des_weak[][DES_KEY] = {
	{0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01},
	{0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe},
	{0xe0, 0xe0, 0xe0, 0xe0, 0xf1, 0xf1, 0xf1, 0xf1},
	{0x1f, 0x1f, 0x1f, 0x1f, 0x0e, 0x0e, 0x0e, 0x0e},
};

/* In pairs, each of which undoes what the other does. */
static const uint8_t des_semi_weak[][DES_KEY] = {
	{0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe},
	{0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01},
	{0x1f, 0xe0, 0x1f, 0xe0, 0x0e, 0xf1, 0x0e, 0xf1},
	{0xe0, 0x1f, 0xe0, 0x1f, 0xf1, 0x0e, 0xf1, 0x0e},
	{0x01, 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1},
	{0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1, 0x01},
	{0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e, 0xfe},
	{0xfe, 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e},
	{0x01, 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e},
	{0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e, 0x01},
	{0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1, 0xfe},
	{0xfe, 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1},
};

static bool
des_equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t differ = 0;

	for (unsigned i = 0; i < DES_KEY; i++)
		differ |= a[i] ^ b[i];
	return !(differ & 0xfe);
}

static bool
des_listed(const uint8_t (*list)[DES_KEY], unsigned n, const uint8_t *key)
{
	for (unsigned i = 0; i < n; i++)
		if (des_equal(list[i], key))
			return true;
	return false;
}

/* What is wrong with one key of DES, or three. */
static const char *
des_reason(const uint8_t *key, unsigned bytes)
{
	for (unsigned i = 0; i + 2 * DES_KEY <= bytes; i += DES_KEY)
		if (des_equal(key + i, key + i + DES_KEY))
			return "two neighbours of the three DES keys are the same, which makes 3DES a single "
			       "DES";
	for (unsigned i = 0; i + DES_KEY <= bytes; i += DES_KEY) {
		if (des_listed(des_weak, sizeof(des_weak) / DES_KEY, key + i))
			return "the cipher key is a weak key of DES";
		if (des_listed(des_semi_weak, sizeof(des_semi_weak) / DES_KEY, key + i))
			return "the cipher key is a semi-weak key of DES";
	}
	return NULL;
}

static bool
bytes_same(const uint8_t *key, unsigned bytes)
{
	for (unsigned i = 1; i < bytes; i++)
		if (key[i] != key[0])
			return false;
	return bytes > 0;
}

static const char *
cipher_reason(enum alg_cipher cipher, const uint8_t *key, unsigned bytes)
{
	if (bytes > alg_cipher_info[cipher].key)
		bytes = alg_cipher_info[cipher].key; /* without the salt */
	if (bytes_same(key, bytes))
		return key[0] ? "all bytes of the cipher key are the same" : "the cipher key is all zeros";
	return cipher == ALG_CIPHER_DES_CBC || cipher == ALG_CIPHER_3DES_CBC ? des_reason(key, bytes) : NULL;
}

static const char *
auth_reason(const uint8_t *key, unsigned bytes)
{
	if (!bytes_same(key, bytes))
		return NULL;
	return key[0] ? "all bytes of the authentication key are the same"
		      : "the authentication key is all zeros";
}

/* Behind what is there already, with "; " between.  NULL and "" add nothing. */
static void
reason_add(char *message, size_t bytes, const char *reason, const char *tail)
{
	size_t used = bytes ? strnlen(message, bytes) : 0;

	if (reason && *reason && used < bytes)
		snprintf(message + used, bytes - used, "%s%s%s", used ? "; " : "", reason, tail);
}

bool
key_warning(const char *transform, const uint8_t *key, unsigned key_len, const uint8_t *auth_key,
	unsigned auth_key_len, char *message, size_t bytes)
{
	static const char reproduction[] = ": for reproduction only";
	struct transform t;
	char line[512] = "";

	if (transform_parse(transform, &t, NULL, 0) != ST_OK)
		return false;
	reason_add(line, sizeof(line), alg_cipher_info[t.cipher].advice, reproduction);
	reason_add(line, sizeof(line), alg_auth_info[t.auth].advice, reproduction);
	if (!t.authenticated)
		reason_add(line, sizeof(line),
			"nothing authenticates what is encrypted (RFC 8221 §4: MUST NOT)", reproduction);
	reason_add(line, sizeof(line), cipher_reason(t.cipher, key, key_len), "");
	reason_add(line, sizeof(line), auth_reason(auth_key, auth_key_len), "");
	if (!line[0])
		return false;
	snprintf(message, bytes, "%s", line);
	return true;
}
