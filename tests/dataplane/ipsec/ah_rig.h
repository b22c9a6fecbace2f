/* What the AH tests share: a pair of SAs, packets out and in, and the ICV made a second time: by OpenSSL over
 * a packet whose header the test has written out by hand as it is to be hashed (RFC 4302 Appendix A).
 *
 * Uses nothing of the code under test but its public calls. */
#ifndef TESTS_DATAPLANE_IPSEC_AH_RIG_H
#define TESTS_DATAPLANE_IPSEC_AH_RIG_H

#include <string.h>

#include <CUnit/CUnit.h>

#include "base/bytes.h"
#include "tests/crypto/openssl_ref.h"
#include "tests/dataplane/ipsec/esp_kit.h"

#define AH_SPI 0xa0b0c0d0u
#define AH_ROOM 2048u
#define AH_SEQ UINT64_C(0x1234567800000009)

/* Written down from RFC 2403, 2404, 4868, 3566 and 4494. */
struct ah_mac {
	const char *words;
	enum alg_auth auth;
	unsigned key, icv;
};

static const struct ah_mac ah_macs[] = {
	{"ah-md5-hmac", ALG_AUTH_HMAC_MD5_96, 16, 12},
	{"ah-sha-hmac", ALG_AUTH_HMAC_SHA1_96, 20, 12},
	{"ah-sha256-hmac", ALG_AUTH_HMAC_SHA256_128, 32, 16},
	{"ah-sha384-hmac", ALG_AUTH_HMAC_SHA384_192, 48, 24},
	{"ah-sha512-hmac", ALG_AUTH_HMAC_SHA512_256, 64, 32},
	{"ah-aes-xcbc-mac", ALG_AUTH_AES_XCBC_96, 16, 12},
	{"ah-aes-cmac", ALG_AUTH_AES_CMAC_96, 16, 12},
};
#define AH_MACS (sizeof(ah_macs) / sizeof(ah_macs[0]))

struct ah_shape {
	const struct ah_mac *mac;
	bool v6, esn, transport, align4;
};

struct ah_rig {
	struct ah_shape shape;
	struct engine *engine;
	struct cfg_sa out_cfg, in_cfg;
	struct sa *out, *in;
	struct ref ref;
};

static inline void
ah_rig_open(struct ah_rig *rig, struct ah_shape shape)
{
	static const struct cfg_engine engine = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	struct cfg_sa *cfg = &rig->out_cfg;
	char message[256];

	*rig = (struct ah_rig){.shape = shape, .ref = ref_open()};
	*cfg = (struct cfg_sa){.name = "ah",
		.direction = CFG_OUT,
		.spi = AH_SPI,
		.src = shape.v6 ? (struct ip_addr){UINT64_C(0x20010db800000000), 1} : IP_V4(KIT_SRC),
		.dst = shape.v6 ? (struct ip_addr){UINT64_C(0x20010db800000000), 2} : IP_V4(KIT_DST),
		.transform = shape.mac->words,
		.auth_key_len = shape.mac->key,
		.esn = shape.esn,
		.first_seq = 1,
		.dscp = -1,
		.ttl = 64,
		.mode = shape.transport ? CFG_MODE_TRANSPORT : CFG_MODE_TUNNEL,
		.align4 = shape.align4};
	for (unsigned i = 0; i < CFG_KEY_MAX; i++)
		cfg->auth_key[i] = (uint8_t)(i * 5 + 0x61);
	rig->in_cfg = *cfg;
	rig->in_cfg.direction = CFG_IN;
	CU_ASSERT_EQUAL_FATAL(engine_create(&engine, &rig->engine, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL_FATAL(
		sa_create(cfg, 0, rig->engine, &rig->out, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL_FATAL(
		sa_create(&rig->in_cfg, 1, rig->engine, &rig->in, message, sizeof(message)), ST_OK);
}

static inline void
ah_rig_close(struct ah_rig *rig)
{
	sa_destroy(rig->out, rig->engine);
	sa_destroy(rig->in, rig->engine);
	engine_destroy(rig->engine);
	ref_close(&rig->ref);
}

static inline uint8_t
ah_run(struct ah_rig *rig, struct crypto_op *op)
{
	struct crypto_op *done = NULL;

	CU_ASSERT_EQUAL_FATAL(rig->engine->ops->submit(rig->engine, &op, 1, 0), 1);
	CU_ASSERT_EQUAL_FATAL(rig->engine->ops->poll(rig->engine, &done, 1, 0), 1);
	return op->result;
}

/* RFC 4302 §2.2, §2.6: with its ICV padded. */
static inline uint32_t
ah_bytes(const struct ah_shape *shape)
{
	uint32_t n = 12 + shape->mac->icv, to = shape->v6 || !shape->align4 ? 8 : 4;

	while (n % to)
		n++;
	return n;
}

/* A packet of `head` bytes of header and n of body. */
static inline void
ah_body(uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 29 + n);
}

/* Header of an IPv4 packet of len bytes round options (a multiple of 4). */
static inline uint32_t
ah_v4(uint8_t *ip, const uint8_t *options, uint32_t bytes, uint32_t len)
{
	const uint8_t head[] = {(uint8_t)(0x45 + bytes / 4), 0xb9, (uint8_t)(len >> 8), (uint8_t)len, 0x12,
		0x34, 0x40, 0, 61, 253, 0, 0, 10, 1, 0, 5, 10, 2, 0, 7};
	uint16_t sum;

	memcpy(ip, head, 20);
	if (bytes)
		memcpy(ip + 20, options, bytes);
	sum = kit_checksum(ip, 20 + bytes);
	store_be16(ip + 10, sum);
	ah_body(ip + 20 + bytes, len - 20 - bytes);
	return len;
}

/* The same of IPv6 round extension headers, the first of number `first` (253: none). */
static inline uint32_t
ah_v6(uint8_t *ip, uint8_t first, const uint8_t *extensions, uint32_t bytes, uint32_t len)
{
	const uint8_t head[] = {0x6b, 0x91, 0x23, 0x45, (uint8_t)((len - 40) >> 8), (uint8_t)(len - 40),
		first, 61,
		0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 7};

	memcpy(ip, head, 40);
	if (bytes)
		memcpy(ip + 40, extensions, bytes);
	ah_body(ip + 40 + bytes, len - 40 - bytes);
	return len;
}

/* What the fixed header's fields are in the ICV (RFC 4302 §3.3.3.1.1.1, §3.3.3.1.2.1). */
static inline void
ah_mute_fixed(uint8_t *ip)
{
	if (ip[0] >> 4 == 4) {
		ip[1] = 0;
		memset(ip + 6, 0, 3);
		memset(ip + 10, 0, 2);
	} else {
		ip[0] = 0x60;
		memset(ip + 1, 0, 3);
		ip[7] = 0;
	}
}

/* The ICV of a packet whose header is to be hashed as the `at` bytes at muted say. */
static inline void
ah_icv(struct ah_rig *rig, const uint8_t *packet, uint32_t len, const uint8_t *muted, uint32_t at,
	uint64_t seq, uint8_t icv[EVP_MAX_MD_SIZE])
{
	uint8_t copy[AH_ROOM + 4];

	memcpy(copy, packet, len);
	memcpy(copy, muted, at);
	memset(copy + at + 12, 0, rig->shape.mac->icv);
	store_be32(copy + len, (uint32_t)(seq >> 32)); /* §2.5.1 */
	ref_mac(&rig->ref, rig->shape.mac->auth, rig->out_cfg.auth_key, copy, len + (rig->shape.esn ? 4 : 0),
		icv);
}

/* Protects a copy of the packet; what results begins at packet. Returns its length. */
static inline uint32_t
ah_send(struct ah_rig *rig, uint8_t *packet, const uint8_t *inner, uint32_t len, uint64_t seq)
{
	uint32_t front = ah_bytes(&rig->shape) + (rig->shape.transport ? 0 : rig->shape.v6 ? 40 : 20);
	struct crypto_op op;

	CU_ASSERT_EQUAL_FATAL(rig->out->size.front, front);
	CU_ASSERT_EQUAL_FATAL(ipsec_behind(rig->out, inner, len), 0);
	memcpy(packet + front, inner, len);
	ipsec_protect(rig->out, packet, len, seq, &op);
	CU_ASSERT_EQUAL_FATAL(ah_run(rig, &op), CRYPTO_OK);
	CU_ASSERT(rig->out->finishes);
	ipsec_finish(rig->out, packet, front + len, &op);
	return front + len;
}

struct ah_verdict {
	enum drop drop; /* of peek or open; the rest where NONE */
	uint8_t crypto;
	enum drop decap; /* only where CRYPTO_OK */
	struct ipsec_inner inner;
};

/* What a gateway does; the packet must be as it was before decap, whatever the verdict. */
static inline struct ah_verdict
ah_receive_at(struct ah_rig *rig, uint8_t *packet, uint32_t len, uint32_t at, uint64_t seq)
{
	struct ah_verdict v = {.crypto = CRYPTO_FAILED};
	uint8_t before[AH_ROOM];
	struct crypto_op op;
	bool tfc;

	memcpy(before, packet, len);
	v.drop = ipsec_open(rig->in, packet, len, at, seq, &op);
	if (v.drop == DROP_NONE) {
		v.crypto = ah_run(rig, &op);
		ipsec_close(rig->in, packet, &op);
	}
	CU_ASSERT(!memcmp(packet, before, len));
	if (v.crypto == CRYPTO_OK)
		v.decap = ipsec_decap(rig->in, packet, len, at, &v.inner, &tfc);
	return v;
}

static inline struct ah_verdict
ah_receive(struct ah_rig *rig, uint8_t *packet, uint32_t len, uint64_t seq)
{
	struct ah_verdict v = {.crypto = CRYPTO_FAILED};
	struct ipsec_peek peek;

	v.drop = ipsec_peek(packet, len, &peek);
	if (v.drop)
		return v;
	CU_ASSERT(peek.proto == 51);
	return ah_receive_at(rig, packet, len, peek.at, seq);
}

/* Whether it came through, and as this. */
static inline bool
ah_got(const struct ah_verdict *v, const uint8_t *packet, const uint8_t *inner, uint32_t len)
{
	return v->drop == DROP_NONE && v->crypto == CRYPTO_OK && v->decap == DROP_NONE &&
	       v->inner.len == len && !memcmp(packet + v->inner.offset, inner, len);
}

/* Calls test for every MAC and shape. */
static inline void
ah_each(void (*test)(struct ah_rig *rig))
{
	struct ah_rig rig;

	for (unsigned i = 0; i < AH_MACS * 16; i++) {
		struct ah_shape shape = {
			&ah_macs[i / 16], (i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0};

		ah_rig_open(&rig, shape);
		test(&rig);
		ah_rig_close(&rig);
	}
}

#endif
