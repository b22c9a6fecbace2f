/* crypto/ipsec_mb: the contract of crypto/engine.h.  What the algorithms compute is checked by
 * test_ipsec_mb_vectors.c and test_ipsec_mb_openssl.c. */
#include <stdlib.h>

#include "base/clock.h"
#include "tests/crypto/crypto_rig.h"

int suite_ipsec_mb(void);

#define PACKET_BYTES 256
#define QUEUE 1024u

/* One packet of a transform, sealed, and the session that opens it. */
struct sealed {
	struct rig rig;
	struct transform transform;
	struct crypto_session *encrypt, *decrypt;
	uint8_t packet[PACKET_BYTES];
	uint32_t text_len;
};

static void
sealed_open(struct sealed *s, const char *words, uint8_t aad_len)
{
	s->rig = rig_open();
	s->transform = rig_words(words);
	s->encrypt = rig_session(&s->rig, &s->transform, CRYPTO_ENCRYPT);
	s->decrypt = rig_session(&s->rig, &s->transform, CRYPTO_DECRYPT);
	s->text_len = 48;
	rig_pattern(s->packet, sizeof(s->packet), 7);
	struct crypto_op op = rig_op(s->encrypt, &s->transform, s->packet, s->text_len);
	op.aad_len = aad_len;
	CU_ASSERT_EQUAL_FATAL(rig_run_one(&s->rig, &op), CRYPTO_OK);
}

static void
sealed_close(struct sealed *s)
{
	s->rig.ops->session_destroy(s->rig.engine, s->encrypt);
	s->rig.ops->session_destroy(s->rig.engine, s->decrypt);
	rig_close(&s->rig);
}

/* Open a copy with one bit of the packet, or (from the packet's end on) of the AAD, turned. */
static uint8_t
sealed_try(struct sealed *s, uint8_t aad_len, unsigned bit)
{
	uint8_t copy[PACKET_BYTES];
	struct crypto_op op = rig_op(s->decrypt, &s->transform, copy, s->text_len);
	unsigned bytes = rig_bytes(&s->transform, s->text_len);

	memcpy(copy, s->packet, sizeof(copy));
	op.aad_len = aad_len;
	if (bit / 8 < bytes)
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	else if (bit / 8 < bytes + aad_len)
		op.aad[bit / 8 - bytes] ^= (uint8_t)(1u << bit % 8);
	return rig_run_one(&s->rig, &op);
}

static void
bits_run(const char *words, uint8_t aad_len)
{
	struct sealed s;

	sealed_open(&s, words, aad_len);
	/* The header and the IV in the packet are not what an AEAD authenticates: op has its own. */
	unsigned from = s.transform.aead ? RIG_ESP_BYTES + s.transform.iv_len : 0u;
	unsigned to = rig_bytes(&s.transform, s.text_len) + aad_len;

	CU_ASSERT_EQUAL(sealed_try(&s, aad_len, to * 8), CRYPTO_OK);
	for (unsigned bit = from * 8; bit < to * 8; bit++)
		CU_ASSERT_EQUAL(sealed_try(&s, aad_len, bit), CRYPTO_BAD_ICV);
	CU_ASSERT_EQUAL(sealed_try(&s, aad_len, to * 8), CRYPTO_OK);
	sealed_close(&s);
}

static void
test_bits(void)
{
	bits_run("esp-gcm 128", 8);
	bits_run("esp-gcm 192", 12);
	bits_run("esp-gcm 256", 12);
	bits_run("esp-aes 128 esp-sha-hmac", 0);
	bits_run("esp-aes 256 esp-sha256-hmac", 0);
	bits_run("esp-null esp-sha-hmac", 0);
	bits_run("esp-null esp-sha256-hmac", 0);
}

/* All transforms and both directions by turns, in one submit. */
struct mix {
	struct transform transform[RIG_TRANSFORM_COUNT];
	struct crypto_session *session[RIG_TRANSFORM_COUNT][2];
	unsigned n_transforms;
	uint8_t (*packet)[PACKET_BYTES], (*alone)[PACKET_BYTES];
	struct crypto_op *op;
	struct crypto_op *ops[QUEUE];
};

static void
mix_open(struct mix *m, struct rig *rig)
{
	m->n_transforms = 0;
	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform *t = &m->transform[m->n_transforms];
		if (!rig_transform(i, t))
			continue;
		m->session[m->n_transforms][0] = rig_session(rig, t, CRYPTO_ENCRYPT);
		m->session[m->n_transforms++][1] = rig_session(rig, t, CRYPTO_DECRYPT);
	}
	m->packet = calloc(QUEUE, PACKET_BYTES);
	m->alone = calloc(QUEUE, PACKET_BYTES);
	m->op = calloc(QUEUE, sizeof(*m->op));
	CU_ASSERT_FATAL(m->packet && m->alone && m->op);
}

static void
mix_close(struct mix *m, struct rig *rig)
{
	for (unsigned i = 0; i < m->n_transforms; i++) {
		rig->ops->session_destroy(rig->engine, m->session[i][0]);
		rig->ops->session_destroy(rig->engine, m->session[i][1]);
	}
	free(m->packet);
	free(m->alone);
	free(m->op);
}

/* The i-th operation.  What is to be decrypted is first encrypted; every fifth of these then gets a wrong
 * ICV. */
static struct crypto_op
mix_op(struct mix *m, struct rig *rig, unsigned i, uint8_t *packet)
{
	unsigned which = i * 5 % m->n_transforms, decrypt = i / 3 % 2;
	const struct transform *t = &m->transform[which];
	uint32_t text_len = (i % 11) * 16;
	struct crypto_op op = rig_op(m->session[which][0], t, packet, text_len);

	rig_pattern(packet, PACKET_BYTES, i);
	if (!decrypt)
		return op;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	op.session = m->session[which][1];
	op.result = 0xee;
	if (i % 5 == 0 && t->icv_len)
		op.icv[i % t->icv_len] ^= 0x10;
	return op;
}

static void
test_mixed(void)
{
	struct rig rig = rig_open();
	struct mix m;
	unsigned bad = 0;

	mix_open(&m, &rig);
	for (unsigned i = 0; i < QUEUE; i++) {
		m.op[i] = mix_op(&m, &rig, i, m.alone[i]);
		uint8_t alone = rig_run_one(&rig, &m.op[i]);

		m.op[i] = mix_op(&m, &rig, i, m.packet[i]);
		m.op[i].aad[11] = alone; /* not used with 8 bytes of AAD */
		m.ops[i] = &m.op[i];
		bad += alone == CRYPTO_BAD_ICV;
	}
	rig_run(&rig, m.ops, QUEUE);
	for (unsigned i = 0; i < QUEUE; i++) {
		CU_ASSERT_EQUAL(m.op[i].result, m.op[i].aad[11]);
		CU_ASSERT_EQUAL(memcmp(m.packet[i], m.alone[i], PACKET_BYTES), 0);
	}
	CU_ASSERT(bad > 50);
	mix_close(&m, &rig);
	rig_close(&rig);
}

static void
test_queue(void)
{
	struct sealed s;
	struct crypto_op *op = calloc(QUEUE + 8, sizeof(*op)), *ops[QUEUE + 8], *done[QUEUE + 8];
	uint8_t packet[PACKET_BYTES] = {0};

	sealed_open(&s, "esp-aes 128 esp-sha-hmac", 0);
	const struct engine_ops *engine = s.rig.ops;
	for (unsigned i = 0; i < QUEUE + 8; i++) {
		op[i] = rig_op(s.encrypt, &s.transform, packet, 16);
		ops[i] = &op[i];
	}
	CU_ASSERT_EQUAL(engine->next_due(s.rig.engine), TIME_NEVER);
	CU_ASSERT_EQUAL(engine->poll(s.rig.engine, done, 32, 0), 0);
	CU_ASSERT_EQUAL(engine->submit(s.rig.engine, ops, 0, 0), 0);
	CU_ASSERT_EQUAL(engine->submit(s.rig.engine, ops, QUEUE + 8, 0), QUEUE);
	CU_ASSERT_EQUAL(op[QUEUE - 1].result, CRYPTO_OK);
	CU_ASSERT_EQUAL(op[QUEUE].result, 0xee); /* refused: not touched */
	CU_ASSERT_EQUAL(engine->submit(s.rig.engine, ops + QUEUE, 8, 0), 0);
	CU_ASSERT_EQUAL(engine->next_due(s.rig.engine), 0);
	CU_ASSERT_EQUAL(engine->poll(s.rig.engine, done, 0, 0), 0);
	CU_ASSERT_EQUAL(engine->poll(s.rig.engine, done, 5, 0), 5);
	CU_ASSERT_EQUAL(engine->submit(s.rig.engine, ops + QUEUE, 8, 0), 5);
	CU_ASSERT_EQUAL(engine->poll(s.rig.engine, done + 5, QUEUE + 3, 0), QUEUE);
	CU_ASSERT_EQUAL(memcmp(done, ops, (QUEUE + 5) * sizeof(*ops)), 0);
	CU_ASSERT_EQUAL(op[QUEUE + 5].result, 0xee);
	CU_ASSERT_EQUAL(engine->next_due(s.rig.engine), TIME_NEVER);
	for (unsigned round = 0; round < 40; round++) /* around the ring's end, in bursts of odd size */
		rig_run(&s.rig, ops, 61);
	sealed_close(&s);
	free(op);
}

/* CBC with a length that is no multiple of 16 and lengths beyond the library's: failed, nothing written, and
 * neighbours in the same burst are well. */
static void
test_lengths(void)
{
	struct sealed s;
	uint8_t packet[3][PACKET_BYTES], before[PACKET_BYTES];
	struct crypto_op op[3], *ops[3] = {&op[0], &op[1], &op[2]};
	static const struct {
		uint32_t text_len, auth_len;
	} wrong[] = {{15, 40}, {17, 40}, {32, 0}, {32, 65535}, {65536, 40}, {UINT32_MAX - 15, 40}};

	sealed_open(&s, "esp-aes 128 esp-sha-hmac", 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (unsigned j = 0; j < 3; j++) {
			rig_pattern(packet[j], PACKET_BYTES, 9);
			op[j] = rig_op(s.encrypt, &s.transform, packet[j], 32);
		}
		op[1].text_len = wrong[i].text_len;
		op[1].auth_len = wrong[i].auth_len;
		memcpy(before, packet[1], PACKET_BYTES);
		rig_run(&s.rig, ops, 3);
		CU_ASSERT_EQUAL(op[0].result, CRYPTO_OK);
		CU_ASSERT_EQUAL(op[1].result, CRYPTO_FAILED);
		CU_ASSERT_EQUAL(op[2].result, CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(packet[1], before, PACKET_BYTES), 0);
		CU_ASSERT_EQUAL(memcmp(packet[0], packet[2], PACKET_BYTES), 0);
	}
	sealed_close(&s);
}

static enum status
session_try(struct rig *rig, const struct transform *transform, unsigned key_len, unsigned auth_key_len)
{
	struct crypto_key key = {rig_key, key_len, rig_auth_key, auth_key_len};
	struct crypto_session *session = NULL;
	char message[256];
	enum status status = rig->ops->session_create(
		rig->engine, transform, &key, CRYPTO_ENCRYPT, &session, message, sizeof(message));

	CU_ASSERT_EQUAL(session != NULL, status == ST_OK);
	if (session)
		rig->ops->session_destroy(rig->engine, session);
	return status;
}

static void
test_refusals(void)
{
	struct rig rig = rig_open();
	struct transform gcm = rig_words("esp-gcm 256"), cbc = rig_words("esp-aes 128 esp-sha-hmac"), odd;

	CU_ASSERT_EQUAL(session_try(&rig, &gcm, 32, 0), ST_OK);
	CU_ASSERT_EQUAL(session_try(&rig, &gcm, 36, 0), ST_ERR_RANGE); /* with the salt */
	CU_ASSERT_EQUAL(session_try(&rig, &gcm, 16, 0), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(session_try(&rig, &gcm, 32, 20), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(session_try(&rig, &cbc, 16, 20), ST_OK);
	CU_ASSERT_EQUAL(session_try(&rig, &cbc, 16, 25), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(session_try(&rig, &cbc, 16, 0), ST_ERR_RANGE);
	odd = cbc;
	odd.cipher = ALG_CIPHER_COUNT;
	CU_ASSERT_EQUAL(session_try(&rig, &odd, 16, 20), ST_ERR_UNSUPPORTED);
	odd = cbc;
	odd.auth = ALG_AUTH_COUNT;
	CU_ASSERT_EQUAL(session_try(&rig, &odd, 16, 20), ST_ERR_UNSUPPORTED);
	odd = gcm;
	odd.auth = ALG_AUTH_HMAC_SHA1_96;
	CU_ASSERT_EQUAL(session_try(&rig, &odd, 32, 20), ST_ERR_UNSUPPORTED);
	odd = cbc;
	odd.cipher = ALG_CIPHER_NULL;
	odd.auth = ALG_AUTH_NONE;
	CU_ASSERT_EQUAL(session_try(&rig, &odd, 0, 0), ST_ERR_UNSUPPORTED);
	rig_close(&rig);
}

/* No globals: what one engine holds the other does not see; and destroy takes what is unpolled. */
static void
test_instances(void)
{
	struct sealed a, b;
	struct crypto_op *done;

	sealed_open(&a, "esp-gcm 128", 8);
	sealed_open(&b, "esp-gcm 128", 8);
	struct crypto_op op = rig_op(a.encrypt, &a.transform, a.packet, 48), *ops[] = {&op};
	CU_ASSERT_EQUAL(a.rig.ops->submit(a.rig.engine, ops, 1, 0), 1);
	CU_ASSERT_EQUAL(a.rig.ops->poll(b.rig.engine, &done, 1, 0), 0);
	CU_ASSERT_EQUAL(a.rig.ops->next_due(b.rig.engine), TIME_NEVER);
	CU_ASSERT_EQUAL(a.rig.ops->next_due(a.rig.engine), 0);
	sealed_close(&b);
	sealed_close(&a);
	a.rig.ops->destroy(NULL);
}

static void
test_table(void)
{
	CU_ASSERT(engine_kind_count >= 1);
	for (unsigned i = 0; i < engine_kind_count; i++)
		CU_ASSERT_PTR_EQUAL(engine_find(engine_kinds[i]->name), engine_kinds[i]);
	CU_ASSERT_STRING_EQUAL(engine_find("ipsec_mb")->name, "ipsec_mb");
	CU_ASSERT_PTR_NULL(engine_find("ipsec"));
	CU_ASSERT_PTR_NULL(engine_find(""));
}

int
suite_ipsec_mb(void)
{
	CU_pSuite s = CU_add_suite("ipsec_mb", NULL, NULL);

	if (!s || !CU_add_test(s, "every bit of header, text, ICV and AAD counts", test_bits) ||
		!CU_add_test(s, "mixed sessions and directions in one submit", test_mixed) ||
		!CU_add_test(s, "queue: full, part taken, around its end", test_queue) ||
		!CU_add_test(s, "lengths that cannot be", test_lengths) ||
		!CU_add_test(s, "sessions that are refused", test_refusals) ||
		!CU_add_test(s, "instances know nothing of one another", test_instances) ||
		!CU_add_test(s, "table of engines", test_table))
		return (int)CU_get_error();
	return 0;
}
