/* What the tests of crypto engines share: an engine, every transform that alg.def allows, and packets with
 * known bytes. */
#ifndef TESTS_CRYPTO_CRYPTO_RIG_H
#define TESTS_CRYPTO_CRYPTO_RIG_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "config/cfg.h"
#include "crypto/engine.h"

/* Pairs of ESP, then AH. */
#define RIG_PAIR_COUNT ((unsigned)ALG_CIPHER_COUNT * (unsigned)ALG_AUTH_COUNT)
#define RIG_TRANSFORM_COUNT (RIG_PAIR_COUNT + (unsigned)ALG_AUTH_COUNT)
#define RIG_ESP_BYTES 8u /* SPI and sequence number */

struct rig {
	const struct engine_ops *ops;
	struct engine *engine;
};

static const uint8_t rig_key[64] = "the key of the cipher is here 32";
static const uint8_t rig_auth_key[64] = "authentication has this one, and it is longer than needed.";

static inline struct rig
rig_open_engine(const struct cfg_engine *cfg)
{
	struct rig rig = {.ops = engine_find(cfg->kind)};
	char message[256];

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig.ops);
	CU_ASSERT_EQUAL_FATAL(engine_create(cfg, &rig.engine, message, sizeof(message)), ST_OK);
	return rig;
}

static inline struct rig
rig_open(void)
{
	static const struct cfg_engine cfg = {.name = "ipsec_mb", .kind = "ipsec_mb"};

	return rig_open_engine(&cfg);
}

static inline void
rig_close(struct rig *rig)
{
	engine_destroy(rig->engine);
}

/* The i-th transform, false where the algorithms do not go together. */
static inline bool
rig_transform(unsigned i, struct transform *transform)
{
	struct transform pair = {.proto = ALG_ESP, .cipher = i / ALG_AUTH_COUNT, .auth = i % ALG_AUTH_COUNT};
	char words[128], message[256];

	if (i >= RIG_PAIR_COUNT)
		pair = (struct transform){
			.proto = ALG_AH, .cipher = ALG_CIPHER_NULL, .auth = i - RIG_PAIR_COUNT};
	transform_text(&pair, words, sizeof(words));
	return transform_parse(words, transform, message, sizeof(message)) == ST_OK;
}

static inline struct transform
rig_words(const char *words)
{
	struct transform transform = {0};
	char message[256] = "";

	CU_ASSERT_EQUAL_FATAL(transform_parse(words, &transform, message, sizeof(message)), ST_OK);
	return transform;
}

static inline struct crypto_session *
rig_session_with(struct rig *rig, const struct transform *t, const uint8_t *key, const uint8_t *auth_key,
	enum crypto_direction direction)
{
	struct crypto_key keys = {key, alg_cipher_info[t->cipher].key, auth_key, t->auth_key_len};
	struct crypto_session *session = NULL;
	char message[256];

	CU_ASSERT_EQUAL_FATAL(rig->ops->session_create(
				      rig->engine, t, &keys, direction, &session, message, sizeof(message)),
		ST_OK);
	return session;
}

static inline struct crypto_session *
rig_session(struct rig *rig, const struct transform *transform, enum crypto_direction direction)
{
	return rig_session_with(rig, transform, rig_key, rig_auth_key, direction);
}

/* Bytes that depend on seed and place. */
static inline void
rig_pattern(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

/* The nonce of a mode, as crypto/engine.h lays it out. */
static inline void
rig_nonce(struct crypto_op *op, const struct transform *transform)
{
	memcpy(op->iv, "IV: 16 bytes in.", sizeof(op->iv));
	if (transform->mode == ALG_MODE_CTR)
		memcpy(op->iv + 12, "\0\0\0\1", 4); /* RFC 3686 §4 */
}

/* A packet at p: ESP header, IV, payload, ICV.  With AH it is authenticated whole, with GMAC all but the
 * header, and neither has a text.  Nothing is written but op. */
static inline struct crypto_op
rig_op(struct crypto_session *session, const struct transform *transform, uint8_t *p, uint32_t payload_len)
{
	bool gmac = transform->mode == ALG_MODE_GMAC, clear = gmac || transform->proto == ALG_AH;
	uint8_t head = (uint8_t)(RIG_ESP_BYTES + transform->iv_len);
	uint8_t before = gmac ? transform->iv_len : head;
	struct crypto_op op = {
		.session = session,
		.text = p + head,
		.icv = p + head + payload_len,
		.text_len = clear ? 0 : payload_len,
		.auth_len = before + payload_len,
		.auth_before = before,
		.aad_len = RIG_ESP_BYTES,
		.result = 0xee,
	};

	rig_nonce(&op, transform);
	memcpy(op.aad, "SPI, seq.low", sizeof(op.aad));
	return op;
}

static inline uint32_t
rig_bytes(const struct transform *transform, uint32_t payload_len)
{
	return RIG_ESP_BYTES + transform->iv_len + payload_len + transform->icv_len;
}

/* What a payload must be a multiple of, so that the engine takes it. */
static inline uint32_t
rig_block(const struct transform *transform)
{
	return transform->mode == ALG_MODE_CBC ? transform->block : 1;
}

/* Through the engine, which must take all and give them back in order. */
static inline void
rig_run(struct rig *rig, struct crypto_op **ops, unsigned n)
{
	struct crypto_op *done[1024];

	CU_ASSERT_EQUAL_FATAL(rig->ops->submit(rig->engine, ops, n, 0), n);
	CU_ASSERT_EQUAL_FATAL(rig->ops->poll(rig->engine, done, 1024, 0), n);
	CU_ASSERT_EQUAL(memcmp(ops, done, n * sizeof(*ops)), 0);
}

static inline uint8_t
rig_run_one(struct rig *rig, struct crypto_op *op)
{
	rig_run(rig, &op, 1);
	return op->result;
}

#endif
