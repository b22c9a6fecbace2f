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
	uint32_t payload_len;
};

static void
sealed_open(struct sealed *s, const struct transform *transform, uint8_t aad_len)
{
	s->rig = rig_open();
	s->transform = *transform;
	s->encrypt = rig_session(&s->rig, &s->transform, CRYPTO_ENCRYPT);
	s->decrypt = rig_session(&s->rig, &s->transform, CRYPTO_DECRYPT);
	s->payload_len = 48;
	rig_pattern(s->packet, sizeof(s->packet), 7);
	struct crypto_op op = rig_op(s->encrypt, &s->transform, s->packet, s->payload_len);
	op.aad_len = aad_len;
	CU_ASSERT_EQUAL_FATAL(rig_run_one(&s->rig, &op), CRYPTO_OK);
}

static void
sealed_open_words(struct sealed *s, const char *words)
{
	struct transform transform = rig_words(words);

	sealed_open(s, &transform, RIG_ESP_BYTES);
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
	struct crypto_op op = rig_op(s->decrypt, &s->transform, copy, s->payload_len);
	unsigned bytes = rig_bytes(&s->transform, s->payload_len);

	memcpy(copy, s->packet, sizeof(copy));
	op.aad_len = aad_len;
	if (bit / 8 < bytes)
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	else if (bit / 8 < bytes + aad_len)
		op.aad[bit / 8 - bytes] ^= (uint8_t)(1u << bit % 8);
	return rig_run_one(&s->rig, &op);
}

/* The first bit of the packet that is authenticated: an AEAD does not look at the header, of which op has a
 * copy, nor at the IV, but GMAC does at the IV (RFC 4543 §3.3). */
static unsigned
bit_first(const struct transform *t)
{
	if (!t->aead)
		return 0;
	return 8 * (RIG_ESP_BYTES + (t->mode == ALG_MODE_GMAC ? 0u : t->iv_len));
}

static void
bits_run(const struct transform *transform, uint8_t aad_len)
{
	struct sealed s;

	sealed_open(&s, transform, aad_len);
	unsigned to = 8 * (rig_bytes(&s.transform, s.payload_len) + (transform->aead ? aad_len : 0u));

	CU_ASSERT_EQUAL(sealed_try(&s, aad_len, UINT32_MAX), CRYPTO_OK);
	for (unsigned bit = bit_first(transform); bit < to; bit++)
		CU_ASSERT_EQUAL(sealed_try(&s, aad_len, bit), CRYPTO_BAD_ICV);
	CU_ASSERT_EQUAL(sealed_try(&s, aad_len, UINT32_MAX), CRYPTO_OK);
	sealed_close(&s);
}

/* All transforms that have an ICV; those with AAD with the high half of an ESN in it, and without. */
static void
test_bits(void)
{
	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;

		if (!rig_transform(i, &t) || !t.authenticated)
			continue;
		bits_run(&t, 8);
		if (t.aead)
			bits_run(&t, 12);
	}
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

/* Operations since the engine was made, and those that did not fit. */
static void
check_counters(const struct rig *rig, uint64_t submitted, uint64_t completed, uint64_t queue_full)
{
	const uint64_t *counters = rig->ops->counters(rig->engine);

	CU_ASSERT_EQUAL(counters[ENGINE_SUBMITTED], submitted);
	CU_ASSERT_EQUAL(counters[ENGINE_COMPLETED], completed);
	CU_ASSERT_EQUAL(counters[ENGINE_QUEUE_FULL], queue_full);
}

static void
test_queue(void)
{
	struct sealed s;
	struct crypto_op *op = calloc(QUEUE + 8, sizeof(*op)), *ops[QUEUE + 8], *done[QUEUE + 8];
	uint8_t packet[PACKET_BYTES] = {0};

	sealed_open_words(&s, "esp-aes 128 esp-sha-hmac");
	const struct engine_ops *engine = s.rig.ops;
	for (unsigned i = 0; i < QUEUE + 8; i++) {
		op[i] = rig_op(s.encrypt, &s.transform, packet, 16);
		ops[i] = &op[i];
	}
	CU_ASSERT_EQUAL(engine->next_due(s.rig.engine), TIME_NEVER);
	CU_ASSERT_EQUAL(engine->poll(s.rig.engine, done, 32, 0), 0);
	CU_ASSERT_EQUAL(engine->submit(s.rig.engine, ops, 0, 0), 0);
	check_counters(&s.rig, 1, 1, 0); /* sealed_open() had one */
	CU_ASSERT_EQUAL(engine->submit(s.rig.engine, ops, QUEUE + 8, 0), QUEUE);
	check_counters(&s.rig, 1 + QUEUE, 1, 8);
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
	check_counters(&s.rig, 1 + QUEUE + 5, 1 + QUEUE + 5, 8 + 8 + 3);
	CU_ASSERT_EQUAL(engine->next_due(s.rig.engine), TIME_NEVER);
	for (unsigned round = 0; round < 40; round++) /* around the ring's end, in bursts of odd size */
		rig_run(&s.rig, ops, 61);
	sealed_close(&s);
	free(op);
}

static const struct lengths {
	const char *words;
	uint32_t text_len, auth_len;
} wrong[] = {
	{"esp-aes 128 esp-sha-hmac", 15, 40},
	{"esp-aes 128 esp-sha-hmac", 17, 40},
	{"esp-aes 128 esp-sha-hmac", 32, 0},
	{"esp-aes 128 esp-sha-hmac", 32, 65535},
	{"esp-aes 128 esp-sha-hmac", 65536, 40},
	{"esp-aes 128 esp-sha-hmac", UINT32_MAX - 15, 40},
	{"esp-aes 256", 24, 40},
	{"esp-des esp-md5-hmac", 36, 40},
	{"esp-3des esp-sha512-hmac", 4, 40},
	{"esp-3des esp-sha512-hmac", 65536, 40},
	{"esp-3des esp-sha512-hmac", 32, 0},
	{"esp-aes-ctr 128 esp-md5-hmac", 65535, 40},
	{"esp-aes-ctr 128 esp-md5-hmac", 32, 0},
	{"esp-aes-ctr 192", 65535, 40},
	{"esp-null esp-sha384-hmac", 32, 0},
	{"esp-null esp-aes-cmac", 32, 0},
	{"esp-null esp-aes-cmac", 32, 65535},
	{"esp-null esp-aes-cmac", 32, UINT32_MAX},
	{"ah-aes-xcbc-mac", 0, 0},
	{"ah-aes-xcbc-mac", 0, UINT32_MAX},
	{"esp-ccm 128", 65535, 40},
	{"esp-ccm 192", 65535, 40},
	{"esp-ccm-8 256", UINT32_MAX, 40},
	{"esp-chacha20-poly1305", 65535, 40},
	{"esp-chacha20-poly1305", UINT32_MAX, 40},
};

static void
lengths_run(const struct lengths *lengths)
{
	struct sealed s;
	uint8_t packet[3][PACKET_BYTES], before[PACKET_BYTES];
	struct crypto_op op[3], *ops[3] = {&op[0], &op[1], &op[2]};

	sealed_open_words(&s, lengths->words);
	for (unsigned j = 0; j < 3; j++) {
		rig_pattern(packet[j], PACKET_BYTES, 9);
		op[j] = rig_op(s.encrypt, &s.transform, packet[j], 32);
	}
	op[1].text_len = lengths->text_len;
	op[1].auth_len = lengths->auth_len;
	memcpy(before, packet[1], PACKET_BYTES);
	rig_run(&s.rig, ops, 3);
	CU_ASSERT_EQUAL(op[0].result, CRYPTO_OK);
	CU_ASSERT_EQUAL(op[1].result, CRYPTO_FAILED);
	CU_ASSERT_EQUAL(op[2].result, CRYPTO_OK);
	CU_ASSERT_EQUAL(memcmp(packet[1], before, PACKET_BYTES), 0);
	CU_ASSERT_EQUAL(memcmp(packet[0], packet[2], PACKET_BYTES), 0);
	sealed_close(&s);
}

/* No multiple of the block, nothing to authenticate, and lengths beyond the library's: failed, nothing
 * written, and neighbours in the same burst are well. */
static void
test_lengths(void)
{
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		lengths_run(&wrong[i]);
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

/* Every transform takes keys of its own lengths, without the salt, and no others. */
static void
test_key_lengths(void)
{
	struct rig rig = rig_open();

	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;
		unsigned tried = 0, taken = 0, others = 0;

		if (!rig_transform(i, &t))
			continue;
		unsigned key_len = alg_cipher_info[t.cipher].key;
		for (unsigned key = 0; key <= 40; key++)
			for (unsigned auth = 0; auth <= 64; auth += auth % 4 == 3 ? 1 : 3) {
				enum status status = session_try(&rig, &t, key, auth);

				tried++;
				taken += status == ST_OK && key == key_len && auth == t.auth_key_len;
				others += status != ST_ERR_RANGE;
			}
		CU_ASSERT(tried > 1000 && taken == 1 && others == 1);
		CU_ASSERT_EQUAL(session_try(&rig, &t, UINT32_MAX, t.auth_key_len), ST_ERR_RANGE);
	}
	rig_close(&rig);
}

static enum status
pair_try(struct rig *rig, enum alg_cipher cipher, enum alg_auth auth)
{
	struct transform t = {.proto = ALG_ESP, .cipher = cipher, .auth = auth};

	return session_try(rig, &t, cipher < ALG_CIPHER_COUNT ? alg_cipher_info[cipher].key : 16,
		auth < ALG_AUTH_COUNT ? alg_auth_info[auth].key : 20);
}

/* Pairs that the parser does not let through, and rows that are not there. */
static void
test_refusals(void)
{
	struct rig rig = rig_open();

	for (unsigned i = 0; i <= ALG_CIPHER_COUNT; i++)
		for (unsigned j = 0; j <= ALG_AUTH_COUNT; j++) {
			bool there = i < ALG_CIPHER_COUNT && j < ALG_AUTH_COUNT;
			bool aead = there && alg_cipher_info[i].icv, auth = j != ALG_AUTH_NONE;
			bool good = there && (aead ? !auth : auth || i != ALG_CIPHER_NULL);

			CU_ASSERT_EQUAL(pair_try(&rig, i, j), good ? ST_OK : ST_ERR_UNSUPPORTED);
		}
	rig_close(&rig);
}

/* No globals: what one engine holds the other does not see; and destroy takes what is unpolled. */
static void
test_instances(void)
{
	struct sealed a, b;
	struct crypto_op *done;

	sealed_open_words(&a, "esp-gcm 128");
	sealed_open_words(&b, "esp-gcm 128");
	struct crypto_op op = rig_op(a.encrypt, &a.transform, a.packet, 48), *ops[] = {&op};
	CU_ASSERT_EQUAL(a.rig.ops->submit(a.rig.engine, ops, 1, 0), 1);
	CU_ASSERT_EQUAL(a.rig.ops->poll(b.rig.engine, &done, 1, 0), 0);
	CU_ASSERT_EQUAL(a.rig.ops->next_due(b.rig.engine), TIME_NEVER);
	CU_ASSERT_EQUAL(a.rig.ops->next_due(a.rig.engine), 0);
	check_counters(&a.rig, 2, 1, 0);
	check_counters(&b.rig, 1, 1, 0);
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
		!CU_add_test(s, "lengths of keys", test_key_lengths) ||
		!CU_add_test(s, "sessions that are refused", test_refusals) ||
		!CU_add_test(s, "instances know nothing of one another", test_instances) ||
		!CU_add_test(s, "table of engines", test_table))
		return (int)CU_get_error();
	return 0;
}
