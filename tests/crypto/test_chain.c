/* crypto/chain, and the engine ipsec_mb with operations whose bytes lie in pieces: cut at every offset, the
 * result is that of the same bytes in one place, and nothing between the pieces is touched. */
#include "crypto/chain.h"

#include "tests/crypto/crypto_rig.h"

int suite_chain(void);

#define PAYLOAD 48u
#define BYTES_MAX 128u
#define GAP 8u
#define CANARY 0xa5

/* Copies of a packet's bytes with gaps between the pieces. */
struct cut {
	uint8_t memory[(BYTES_MAX + GAP) * (GAP + 1)];
	struct crypto_piece pieces[BYTES_MAX + 3];
	struct crypto_chain chain;
	uint8_t *end; /* where the next piece goes */
};

static void
cut_begin(struct cut *cut)
{
	memset(cut->memory, CANARY, sizeof(cut->memory));
	cut->chain = (struct crypto_chain){cut->pieces, 0};
	cut->end = cut->memory + GAP;
}

static void
cut_add(struct cut *cut, const uint8_t *data, uint32_t bytes)
{
	memcpy(cut->end, data, bytes);
	cut->pieces[cut->chain.n++] = (struct crypto_piece){cut->end, bytes};
	cut->end += bytes + GAP;
}

static bool
canaries_live(const uint8_t *from, const uint8_t *to)
{
	for (; from < to; from++)
		if (*from != CANARY)
			return false;
	return true;
}

/* All of it again, in one place; what lies between must be as it was. */
static void
cut_join(const struct cut *cut, uint8_t *out)
{
	const uint8_t *at = cut->memory;

	for (unsigned i = 0; i < cut->chain.n; i++) {
		CU_ASSERT_TRUE(canaries_live(at, cut->pieces[i].data));
		at = cut->pieces[i].data;
		memcpy(out, at, cut->pieces[i].len);
		out += cut->pieces[i].len;
		at += cut->pieces[i].len;
	}
	CU_ASSERT_TRUE(canaries_live(at, cut->memory + sizeof(cut->memory)));
}

static void
test_gather(void)
{
	uint8_t bytes[24], out[32];
	struct cut cut;
	struct crypto_op op = {.chain = &cut.chain};

	rig_pattern(bytes, sizeof(bytes), 1);
	cut_begin(&cut);
	cut_add(&cut, bytes, 0);
	cut_add(&cut, bytes, 1);
	cut_add(&cut, bytes + 1, 20);
	cut_add(&cut, bytes, 0);
	cut_add(&cut, bytes + 21, 3);
	for (size_t room = 0; room <= sizeof(out); room++) {
		size_t n = room < sizeof(bytes) ? room : sizeof(bytes);

		memset(out, CANARY, sizeof(out));
		CU_ASSERT_EQUAL(chain_gather(&op, out, room), n);
		CU_ASSERT_EQUAL(memcmp(out, bytes, n), 0);
		CU_ASSERT_TRUE(canaries_live(out + n, out + sizeof(out)));
	}
	cut.chain.n = 0;
	CU_ASSERT_EQUAL(chain_gather(&op, out, sizeof(out)), 0);
}

/* Every text inside 24 bytes, in pieces of every size: it alone comes back. */
static void
test_scatter(void)
{
	uint8_t bytes[24], changed[24], out[24];
	struct cut cut;

	rig_pattern(bytes, sizeof(bytes), 1);
	rig_pattern(changed, sizeof(changed), 2);
	for (uint32_t step = 1; step <= 24; step++)
		for (uint32_t before = 0; before <= 24; before++)
			for (uint32_t len = 0; before + len <= 24; len++) {
				struct crypto_op op = {
					.chain = &cut.chain, .auth_before = (uint8_t)before, .text_len = len};

				cut_begin(&cut);
				for (uint32_t at = 0; at < 24; at += step)
					cut_add(&cut, bytes + at, at + step < 24 ? step : 24 - at);
				chain_scatter(&op, changed);
				cut_join(&cut, out);
				CU_ASSERT_EQUAL(memcmp(out, bytes, before), 0);
				CU_ASSERT_EQUAL(memcmp(out + before, changed + before, len), 0);
				CU_ASSERT_EQUAL(
					memcmp(out + before + len, bytes + before + len, 24 - before - len),
					0);
			}
}

/* One transform in one direction: a packet, what op makes of it in one place, and its ICV. */
struct sample {
	struct rig *rig;
	struct transform transform;
	struct crypto_session *session;
	uint8_t packet[BYTES_MAX], expected[BYTES_MAX];
	uint8_t icv[CRYPTO_ICV_MAX], expected_icv[CRYPTO_ICV_MAX];
	uint8_t result;
	uint32_t from, bytes; /* of the packet, what the chain holds: from text - auth_before on */
};

/* The ICV lies apart, where encryption writes it and decryption finds it. */
static struct crypto_op
sample_op(struct sample *s, uint8_t *packet, uint8_t *icv)
{
	struct crypto_op op = rig_op(s->session, &s->transform, packet, PAYLOAD);

	op.icv = icv;
	memcpy(icv, s->icv, sizeof(s->icv));
	return op;
}

static void
sample_open(struct sample *s, struct rig *rig, const struct transform *t, bool decrypt, bool damage)
{
	uint8_t none[CRYPTO_ICV_MAX];

	*s = (struct sample){.rig = rig, .transform = *t};
	rig_pattern(s->packet, sizeof(s->packet), 3);
	s->session = rig_session(rig, t, CRYPTO_ENCRYPT);
	struct crypto_op op = sample_op(s, s->packet, none);
	s->from = (uint32_t)(op.text - op.auth_before - s->packet);
	s->bytes = op.auth_before + PAYLOAD;
	if (decrypt) {
		CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
		memcpy(s->icv, none, sizeof(s->icv));
		s->icv[0] ^= damage;
		rig->ops->session_destroy(rig->engine, s->session);
		s->session = rig_session(rig, t, CRYPTO_DECRYPT);
	}
	memcpy(s->expected, s->packet, sizeof(s->expected));
	op = sample_op(s, s->expected, s->expected_icv);
	s->result = rig_run_one(rig, &op);
	CU_ASSERT_EQUAL(s->result, damage && t->icv_len ? CRYPTO_BAD_ICV : CRYPTO_OK);
}

static void
cut_run(struct sample *s, struct cut *cut)
{
	uint8_t out[BYTES_MAX], icv[CRYPTO_ICV_MAX];
	struct crypto_op op = sample_op(s, s->packet, icv);

	op.text = NULL;
	op.flags = CRYPTO_CHAIN;
	op.chain = &cut->chain;
	CU_ASSERT_EQUAL(rig_run_one(s->rig, &op), s->result);
	cut_join(cut, out);
	CU_ASSERT_EQUAL(memcmp(out, s->expected + s->from, s->bytes), 0);
	CU_ASSERT_EQUAL(memcmp(icv, s->expected_icv, sizeof(icv)), 0);
}

/* In two at every place, with empty pieces at all ends; in equal pieces of every size from 1 on. */
static void
sample_cut(struct sample *s)
{
	const uint8_t *p = s->packet + s->from;
	struct cut cut;

	for (uint32_t at = 0; at <= s->bytes; at++) {
		cut_begin(&cut);
		cut_add(&cut, p, 0);
		cut_add(&cut, p, at);
		cut_add(&cut, p, 0);
		cut_add(&cut, p + at, s->bytes - at);
		cut_run(s, &cut);
	}
	for (uint32_t step = 1; step <= s->bytes; step++) {
		cut_begin(&cut);
		for (uint32_t at = 0; at < s->bytes; at += step)
			cut_add(&cut, p + at, at + step < s->bytes ? step : s->bytes - at);
		cut_run(s, &cut);
	}
}

/* A chain that ends too early: failed, and as it was. */
static void
sample_short(struct sample *s)
{
	uint8_t out[BYTES_MAX], icv[CRYPTO_ICV_MAX];
	struct crypto_op op = sample_op(s, s->packet, icv);
	struct cut cut;

	cut_begin(&cut);
	cut_add(&cut, s->packet + s->from, s->bytes - 9);
	cut_add(&cut, s->packet + s->from, 8);
	op.text = NULL;
	op.flags = CRYPTO_CHAIN;
	op.chain = &cut.chain;
	CU_ASSERT_EQUAL(rig_run_one(s->rig, &op), CRYPTO_FAILED);
	cut_join(&cut, out);
	CU_ASSERT_EQUAL(memcmp(out, s->packet + s->from, s->bytes - 9), 0);
	CU_ASSERT_EQUAL(memcmp(icv, s->icv, sizeof(icv)), 0);
}

static void
test_engine(void)
{
	struct rig rig = rig_open();

	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT * 3; i++) {
		struct transform t;
		struct sample s;

		if (!rig_transform(i / 3, &t))
			continue;
		sample_open(&s, &rig, &t, i % 3 > 0, i % 3 > 1);
		sample_cut(&s);
		sample_short(&s);
		rig.ops->session_destroy(rig.engine, s.session);
	}
	rig_close(&rig);
}

/* In one submit with others, before, between and behind them. */
static void
test_among_others(void)
{
	struct rig rig = rig_open();
	struct sample s[3];
	struct cut cut[3];
	struct crypto_op op[9], *ops[9];
	uint8_t packet[9][BYTES_MAX], icv[9][CRYPTO_ICV_MAX], out[BYTES_MAX];
	static const char *const words[] = {"esp-aes esp-sha-hmac", "esp-gcm 256", "esp-3des esp-aes-cmac"};

	for (unsigned i = 0; i < 9; i++) {
		struct sample *sample = &s[i % 3];
		struct transform t = rig_words(words[i % 3]);

		if (i < 3)
			sample_open(sample, &rig, &t, i == 1, false);
		memcpy(packet[i], sample->packet, BYTES_MAX);
		op[i] = sample_op(sample, packet[i], icv[i]);
		ops[i] = &op[i];
		if (i % 4)
			continue;
		cut_begin(&cut[i / 4]);
		cut_add(&cut[i / 4], packet[i] + sample->from, 17);
		cut_add(&cut[i / 4], packet[i] + sample->from + 17, sample->bytes - 17);
		op[i].text = NULL;
		op[i].flags = CRYPTO_CHAIN;
		op[i].chain = &cut[i / 4].chain;
	}
	rig_run(&rig, ops, 9);
	for (unsigned i = 0; i < 9; i++) {
		const struct sample *sample = &s[i % 3];

		memcpy(out, packet[i] + sample->from, sample->bytes);
		if (i % 4 == 0)
			cut_join(&cut[i / 4], out);
		CU_ASSERT_EQUAL(op[i].result, CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(out, sample->expected + sample->from, sample->bytes), 0);
		CU_ASSERT_EQUAL(memcmp(icv[i], sample->expected_icv, CRYPTO_ICV_MAX), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		rig.ops->session_destroy(rig.engine, s[i].session);
	rig_close(&rig);
}

/* Longer than any packet, and a length that is a lie. */
static void
test_long(void)
{
	struct rig rig = rig_open();
	struct transform t = rig_words("esp-gcm 128");
	struct crypto_session *session = rig_session(&rig, &t, CRYPTO_ENCRYPT);
	static uint8_t bytes[70000];
	uint8_t icv[16];
	struct crypto_piece piece = {bytes, sizeof(bytes)};
	struct crypto_chain chain = {&piece, 1};
	static const struct {
		uint32_t text_len;
		uint8_t result;
	} rows[] = {{65535, CRYPTO_OK}, {66000, CRYPTO_FAILED}, {UINT32_MAX, CRYPTO_FAILED}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct crypto_op op = rig_op(session, &t, bytes, 0);

		memset(bytes, 0, sizeof(bytes));
		op.text = NULL;
		op.icv = icv;
		op.text_len = rows[i].text_len;
		op.flags = CRYPTO_CHAIN;
		op.chain = &chain;
		CU_ASSERT_EQUAL(rig_run_one(&rig, &op), rows[i].result);
		CU_ASSERT_EQUAL(bytes[16] || bytes[17] || bytes[18], rows[i].result == CRYPTO_OK);
		CU_ASSERT_EQUAL(bytes[15] || bytes[16 + 65535], 0);
	}
	rig.ops->session_destroy(rig.engine, session);
	rig_close(&rig);
}

int
suite_chain(void)
{
	CU_pSuite s = CU_add_suite("chain", NULL, NULL);

	if (!s || !CU_add_test(s, "gather", test_gather) || !CU_add_test(s, "scatter", test_scatter) ||
		!CU_add_test(s, "every transform, cut everywhere", test_engine) ||
		!CU_add_test(s, "among operations in one piece", test_among_others) ||
		!CU_add_test(s, "too long", test_long))
		return (int)CU_get_error();
	return 0;
}
