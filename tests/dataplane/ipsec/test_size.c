/* dataplane/ipsec/size: against published numbers, and against packets put together field by field. */
#include "dataplane/ipsec/size.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

int suite_size(void);

static struct ipsec_shape
shape_of(const char *words, bool tunnel, bool v6, bool natt, bool align4)
{
	struct ipsec_shape shape = {.tunnel = tunnel, .v6 = v6, .natt = natt, .align4 = align4};
	char message[2048];

	CU_ASSERT_EQUAL_FATAL(transform_set_parse(words, &shape.set, message, sizeof(message)), ST_OK);
	return shape;
}

/* Largest inner packets of vendors' tables and of RFC arithmetic, tunnel mode, MTU 1500. */
static const struct {
	const char *words;
	bool v6, natt, align4;
	uint32_t inner;
} published[] = {
	{"esp-aes 128 esp-sha-hmac", false, false, true, 1438},
	{"esp-aes 256 esp-sha256-hmac", false, false, true, 1438},
	{"esp-aes 256 esp-sha-hmac", false, true, true, 1422},
	{"esp-aes 128 esp-sha256-hmac", false, true, true, 1422},
	{"esp-aes 256 esp-sha512-hmac", false, false, true, 1422},
	{"esp-3des esp-sha-hmac", false, false, true, 1446}, {"esp-gcm 128", false, false, true, 1446},
	{"esp-gcm 256", false, true, true, 1438},
	{"esp-aes 128 esp-sha-hmac", true, false, true, 1422}, /* 1500 - 40 - 8 - 16 - 12 = 1424, less 2 */
	{"esp-gcm 256", true, false, true, 1426},
	{"ah-sha-hmac", false, false, true, 1456},    /* 20 + 12 + 12 */
	{"ah-sha256-hmac", false, false, true, 1452}, /* 20 + 12 + 16 */
	{"ah-sha256-hmac", false, false, false, 1448},
	{"ah-sha256-hmac", true, false, true, 1428},	       /* 40 + 32 */
	{"ah-sha-hmac esp-aes 128", false, false, true, 1422}, /* 20 + 24 + 8 + 16 + 1424 */
};

static void
test_published(void)
{
	for (unsigned i = 0; i < sizeof(published) / sizeof(*published); i++) {
		struct ipsec_shape shape = shape_of(
			published[i].words, true, published[i].v6, published[i].natt, published[i].align4);
		struct ipsec_size size = ipsec_size_of(&shape);

		CU_ASSERT_EQUAL(ipsec_inner_max(&size, 1500, 0), published[i].inner);
	}
}

/* A packet written down field by field, pad byte by pad byte: RFC 4303 §2, RFC 4302 §2, RFC 3948 §2.1. */
static uint32_t
packet_build(const struct ipsec_shape *shape, uint32_t inner)
{
	const struct transform_set *set = &shape->set;
	uint32_t header = shape->v6 ? 40 : 20, at = header;
	uint32_t text = shape->tunnel ? inner : inner - header;

	if (set->has_ah) {
		uint32_t start = at;

		at += 12 + set->ah.icv_len;
		while ((at - start) % (shape->v6 || !shape->align4 ? 8 : 4))
			at++;
	}
	if (!set->has_esp)
		return at + text;
	if (shape->natt)
		at += 8;
	at += 8 + set->esp.iv_len;
	text += 2;
	while (text % set->esp.block)
		text++;
	return at + text + set->esp.icv_len;
}

/* Every inner size against the built packet; every MTU: the largest inner packet fits, one more does not. */
static void
check_shape(const struct ipsec_shape *shape)
{
	struct ipsec_size size = ipsec_size_of(shape);
	uint32_t stay = shape->tunnel ? 0 : shape->v6 ? 40 : 20;
	unsigned wrong = 0;

	for (uint32_t inner = stay + 1; inner < 700; inner++)
		wrong += ipsec_outer_len(&size, inner, stay) != packet_build(shape, inner);
	for (uint32_t mtu = 60; mtu < 700; mtu++) {
		uint32_t max = ipsec_inner_max(&size, mtu, stay);

		if (max > stay)
			wrong += packet_build(shape, max) > mtu || packet_build(shape, max + 1) <= mtu;
		else /* not even one byte */
			wrong += packet_build(shape, stay + 1) <= mtu;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static unsigned
check_words(const char *words)
{
	struct transform_set set;
	char message[2048];

	if (transform_set_parse(words, &set, message, sizeof(message)) != ST_OK)
		return 0;
	for (unsigned i = 0; i < 16; i++) {
		struct ipsec_shape shape = {set, i & 1, i >> 1 & 1, i >> 2 & 1, i >> 3 & 1};

		if (!set.has_ah || !shape.natt)
			check_shape(&shape);
	}
	return 1;
}

/* The first of the words split by '|'. */
static void
first_of(const char *words, char out[64])
{
	snprintf(out, 64, "%.*s", (int)strcspn(words, "|"), words);
}

static void
test_every_transform(void)
{
	char words[160], cipher[64], auth[64];
	unsigned esp = 0, ah = 0, both = 0;

	for (unsigned c = 0; c < ALG_CIPHER_COUNT; c++)
		for (unsigned a = 0; a < ALG_AUTH_COUNT; a++) {
			first_of(alg_cipher_info[c].ios, cipher);
			first_of(alg_auth_info[a].esp, auth);
			snprintf(words, sizeof(words), "%s %s", cipher, auth);
			esp += check_words(words);
			first_of(alg_auth_info[a].ah, auth);
			snprintf(words, sizeof(words), "%s %s", auth, cipher);
			both += a != ALG_AUTH_NONE && check_words(words);
			ah += c == 0 && a != ALG_AUTH_NONE && check_words(auth);
		}
	CU_ASSERT_TRUE(esp >= ALG_CIPHER_COUNT);
	CU_ASSERT_EQUAL(ah, ALG_AUTH_COUNT - 1);
	CU_ASSERT_TRUE(both >= ALG_AUTH_COUNT);
}

/* Nothing fits in no room at all, and no MTU makes the sums wrap. */
static void
test_no_room(void)
{
	struct ipsec_shape shape = shape_of("esp-aes 256 esp-sha512-hmac", true, true, true, true);
	struct ipsec_size size = ipsec_size_of(&shape);

	for (uint32_t mtu = 0; mtu < 40 + 8 + 8 + 16 + 16 + 32; mtu++)
		CU_ASSERT_EQUAL(ipsec_inner_max(&size, mtu, 0), 0);
	CU_ASSERT_EQUAL(ipsec_inner_max(&size, 40 + 8 + 8 + 16 + 16 + 32, 0), 14);
}

static void
test_ah_bytes(void)
{
	CU_ASSERT_EQUAL(ipsec_ah_bytes(12, false, true), 24);
	CU_ASSERT_EQUAL(ipsec_ah_bytes(16, false, true), 28);
	CU_ASSERT_EQUAL(ipsec_ah_bytes(16, false, false), 32);
	CU_ASSERT_EQUAL(ipsec_ah_bytes(16, true, true), 32);
	CU_ASSERT_EQUAL(ipsec_ah_bytes(24, true, true), 40);
}

int
suite_size(void)
{
	CU_pSuite s = CU_add_suite("size", NULL, NULL);

	if (!s || !CU_add_test(s, "published tables", test_published) ||
		!CU_add_test(s, "every transform, mode and family, by brute force", test_every_transform) ||
		!CU_add_test(s, "no room", test_no_room) || !CU_add_test(s, "AH", test_ah_bytes))
		return (int)CU_get_error();
	return 0;
}
