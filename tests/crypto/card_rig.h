/* What the tests of the engine card share: a card of a shape, packets of a size, and which of them come back
 * when. */
#ifndef TESTS_CRYPTO_CARD_RIG_H
#define TESTS_CRYPTO_CARD_RIG_H

#include <stdlib.h>

#include "base/clock.h"
#include "tests/crypto/crypto_rig.h"

#define CARD_OPS 64u
#define CARD_BYTES 1600u

struct card_rig {
	struct rig rig;
	struct transform transform;
	struct crypto_session *encrypt, *decrypt;
	struct crypto_op *op[CARD_OPS]; /* each in memory of its own, so that a touch too late is seen */
	uint8_t *packet[CARD_OPS];
};

/* 10 us a job and 10 ns a byte, no latency. */
static inline struct cfg_engine
card_cfg(void)
{
	return (struct cfg_engine){.name = "test", .kind = "card", .owner = "gw", .seed = 1,
		.packet_time = 10000, .byte_time = 10, .queue = 8, .timeout = 1000000};
}

static inline struct card_rig
card_open(const struct cfg_engine *cfg, const char *words)
{
	struct card_rig c = {.rig.ops = engine_find("card"), .transform = rig_words(words)};
	char message[256] = "";

	CU_ASSERT_PTR_NOT_NULL_FATAL(c.rig.ops);
	CU_ASSERT_EQUAL_FATAL(engine_create(cfg, &c.rig.engine, message, sizeof(message)), ST_OK);
	c.encrypt = rig_session(&c.rig, &c.transform, CRYPTO_ENCRYPT);
	c.decrypt = rig_session(&c.rig, &c.transform, CRYPTO_DECRYPT);
	return c;
}

/* Operation i with so many bytes of text, not submitted. */
static inline struct crypto_op *
card_op(struct card_rig *c, unsigned i, struct crypto_session *session, uint32_t bytes)
{
	c->packet[i] = malloc(CARD_BYTES);
	c->op[i] = malloc(sizeof(struct crypto_op));
	CU_ASSERT_FATAL(c->packet[i] && c->op[i]);
	rig_pattern(c->packet[i], CARD_BYTES, i);
	*c->op[i] = rig_op(session, &c->transform, c->packet[i], bytes);
	return c->op[i];
}

/* It has come back; nobody has a right to its memory any more. */
static inline void
card_op_free(struct card_rig *c, unsigned i)
{
	free(c->packet[i]);
	free(c->op[i]);
	c->packet[i] = NULL;
	c->op[i] = NULL;
}

static inline unsigned
card_submit_one(struct card_rig *c, unsigned i, uint32_t bytes, uint64_t now)
{
	struct crypto_op *op = card_op(c, i, c->encrypt, bytes);
	unsigned taken = c->rig.ops->submit(c->rig.engine, &op, 1, now);

	if (!taken)
		card_op_free(c, i);
	return taken;
}

/* Index of the operation that comes back, alone, at now; CARD_OPS where none does. */
static inline unsigned
card_take(struct card_rig *c, uint64_t now)
{
	struct crypto_op *done[2];
	unsigned n = c->rig.ops->poll(c->rig.engine, done, 1, now);

	for (unsigned i = 0; n && i < CARD_OPS; i++)
		if (c->op[i] == done[0])
			return i;
	CU_ASSERT_EQUAL(n, 0);
	return CARD_OPS;
}

/* Nothing comes back before t, and then operation i, with that result; it is freed. */
static inline void
card_expect(struct card_rig *c, unsigned i, uint64_t t, enum crypto_result result)
{
	CU_ASSERT_EQUAL(card_take(c, t - 1), CARD_OPS);
	CU_ASSERT_EQUAL(card_take(c, t), i);
	CU_ASSERT_EQUAL(c->op[i]->result, result);
	CU_ASSERT(c->op[i]->session == c->encrypt || c->op[i]->session == c->decrypt);
	card_op_free(c, i);
}

static inline uint64_t
card_count(const struct card_rig *c, enum engine_counter counter)
{
	return c->rig.ops->counters(c->rig.engine)[counter];
}

static inline uint64_t
card_due_at(const struct card_rig *c)
{
	return c->rig.ops->next_due(c->rig.engine);
}

static inline void
card_close(struct card_rig *c)
{
	c->rig.ops->session_destroy(c->rig.engine, c->encrypt);
	c->rig.ops->session_destroy(c->rig.engine, c->decrypt);
	rig_close(&c->rig);
	for (unsigned i = 0; i < CARD_OPS; i++)
		card_op_free(c, i);
}

#endif
