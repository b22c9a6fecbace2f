/* crypto/cryptodev: packets in pieces give what they give in one, on every device: cut in two at every
 * offset, in three, in many, with empty pieces, and beside operations of other kinds in the same submit. */
#include <stdlib.h>

#include "tests/crypto/cryptodev_rig.h"

int suite_cryptodev_chain(void);

#define TEXT_BYTES 64u
#define PACKET_BYTES 128u
#define MANY 16u
#define CASES (PACKET_BYTES * 2)

/* One packet whole, and as many ways in pieces as fit into one submit. */
struct cuts {
	struct rig rig;
	struct transform transform;
	struct crypto_session *encrypt, *decrypt;
	uint8_t plain[PACKET_BYTES], whole[PACKET_BYTES];
	uint8_t icv[CRYPTO_ICV_MAX];
	uint32_t bytes; /* from the start of the packet to the end of what is authenticated */
	bool esn;
	unsigned n;
	struct cut {
		struct crypto_piece pieces[MANY];
		struct crypto_chain chain;
		uint8_t *memory[MANY];
		uint8_t icv[CRYPTO_ICV_MAX];
	} cut[CASES];
	struct crypto_op op[CASES], *ops[CASES];
};

/* A piece of its own memory, so that ASan sees who goes beyond it. */
static void
piece_add(struct cut *cut, const uint8_t *from, uint32_t bytes)
{
	unsigned i = cut->chain.n++;

	cut->memory[i] = malloc(bytes ? bytes : 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(cut->memory[i]);
	memcpy(cut->memory[i], from, bytes);
	cut->pieces[i] = (struct crypto_piece){cut->memory[i], bytes};
}

/* Where the bytes that an operation describes begin: text - auth_before. */
static uint32_t
start_of(const struct cuts *c)
{
	return c->transform.mode == ALG_MODE_GMAC ? RIG_ESP_BYTES : 0;
}

static void
op_add(struct cuts *c, struct crypto_session *session, const uint8_t *from, const uint32_t *at, unsigned n_at)
{
	struct cut *cut = &c->cut[c->n];
	struct crypto_op *op = &c->op[c->n];
	uint32_t last = start_of(c);

	memset(cut, 0, sizeof(*cut));
	memcpy(cut->icv, c->icv, sizeof(cut->icv));
	for (unsigned i = 0; i < n_at; i++) {
		piece_add(cut, from + last, at[i] - last);
		last = at[i];
	}
	piece_add(cut, from + last, c->bytes - last);
	cut->chain.pieces = cut->pieces;
	*op = cdrig_op(session, &c->transform, c->plain, TEXT_BYTES, c->esn, cut->icv);
	op->text = NULL;
	op->flags = CRYPTO_CHAIN;
	op->chain = &cut->chain;
	c->ops[c->n++] = op;
}

/* Every way of cutting. */
static void
cuts_fill(struct cuts *c, struct crypto_session *session, const uint8_t *from)
{
	uint32_t first = start_of(c), at[MANY];

	c->n = 0;
	for (uint32_t i = first; i <= c->bytes; i++)
		op_add(c, session, from, &i, 1);
	for (uint32_t i = first + 1; i + 13 < c->bytes; i += 5) {
		at[0] = i;
		at[1] = i + 13;
		op_add(c, session, from, at, 2);
	}
	for (unsigned i = 0; i < MANY - 1; i++)
		at[i] = first + i * 3;
	op_add(c, session, from, at, MANY - 1);
	for (unsigned i = 0; i < 3; i++) /* an empty piece in the middle */
		at[i] = first + 9;
	op_add(c, session, from, at, 3);
}

static bool
cut_equals(const struct cuts *c, const struct cut *cut, const uint8_t *expected)
{
	uint32_t at = start_of(c);

	for (unsigned i = 0; i < cut->chain.n; i++) {
		if (memcmp(cut->pieces[i].data, expected + at, cut->pieces[i].len))
			return false;
		at += cut->pieces[i].len;
	}
	return at == c->bytes;
}

static void
cuts_empty(struct cuts *c)
{
	for (unsigned i = 0; i < c->n; i++)
		for (unsigned j = 0; j < c->cut[i].chain.n; j++)
			free(c->cut[i].memory[j]);
	c->n = 0;
}

static void
cuts_run(struct cuts *c, struct crypto_session *session, const uint8_t *from, const uint8_t *expected)
{
	unsigned faults = 0;

	cuts_fill(c, session, from);
	cdrig_run(&c->rig, c->ops, c->n);
	for (unsigned i = 0; i < c->n; i++)
		faults += c->op[i].result != CRYPTO_OK || !cut_equals(c, &c->cut[i], expected) ||
			  memcmp(c->cut[i].icv, c->icv, c->transform.icv_len);
	CU_ASSERT_EQUAL(faults, 0);
	cuts_empty(c);
}

static void
bad_icv_run(struct cuts *c)
{
	unsigned faults = 0;

	cuts_fill(c, c->decrypt, c->whole);
	for (unsigned i = 0; i < c->n; i++)
		c->cut[i].icv[i % c->transform.icv_len] ^= 4;
	cdrig_run(&c->rig, c->ops, c->n);
	for (unsigned i = 0; i < c->n; i++)
		faults += c->op[i].result != CRYPTO_BAD_ICV;
	CU_ASSERT_EQUAL(faults, 0);
	cuts_empty(c);
}

/* Whole first, which the other suites have compared with OpenSSL. */
static void
whole_run(struct cuts *c)
{
	struct crypto_op op = cdrig_op(c->encrypt, &c->transform, c->whole, TEXT_BYTES, c->esn, c->icv);
	struct crypto_op *ops = &op;

	c->bytes = RIG_ESP_BYTES + c->transform.iv_len + TEXT_BYTES + (c->esn && !c->transform.aead ? 4 : 0);
	rig_pattern(c->plain, PACKET_BYTES, 3);
	memcpy(c->whole, c->plain, PACKET_BYTES);
	memset(c->icv, 0, sizeof(c->icv));
	cdrig_run(&c->rig, &ops, 1);
	CU_ASSERT_EQUAL(op.result, CRYPTO_OK);
}

static void
transform_run(struct cuts *c, const struct transform *t, bool esn)
{
	c->transform = *t;
	c->esn = esn;
	c->encrypt = cdrig_session(&c->rig, t, CRYPTO_ENCRYPT);
	c->decrypt = cdrig_session(&c->rig, t, CRYPTO_DECRYPT);
	if (c->encrypt && c->decrypt) {
		whole_run(c);
		cuts_run(c, c->encrypt, c->plain, c->whole);
		cuts_run(c, c->decrypt, c->whole, c->plain);
		if (t->authenticated)
			bad_icv_run(c);
	}
	c->rig.ops->session_destroy(c->rig.engine, c->encrypt);
	c->rig.ops->session_destroy(c->rig.engine, c->decrypt);
}

static void
test_cuts(void)
{
	struct cuts *c = calloc(1, sizeof(*c));
	struct cfg_engine cfg;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (unsigned d = 0; d < CDRIG_DEVICES; d++) {
		c->rig = cdrig_open(&cfg, cdrig_devices[d].device, 0);
		for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
			struct transform t;

			if (rig_transform(i, &t))
				transform_run(c, &t, i % 2);
		}
		rig_close(&c->rig);
	}
	free(c);
}

/* Chains for which the device has its own way, and packets that it collects in lanes, by turns. */
static void
test_mixed(void)
{
	struct transform gcm = rig_words("esp-gcm 128"), cbc = rig_words("esp-aes 128 esp-sha-hmac");
	struct cuts *c = calloc(1, sizeof(*c));
	struct crypto_op *ops[2 * CASES], *op = calloc(CASES, sizeof(*op));
	uint8_t *packets = malloc(CASES * PACKET_BYTES);
	struct cfg_engine cfg;

	CU_ASSERT_FATAL(c && op && packets);
	c->rig = cdrig_open(&cfg, "crypto_aesni_mb", 0);
	struct crypto_session *other = cdrig_session(&c->rig, &cbc, CRYPTO_ENCRYPT);
	c->transform = gcm;
	c->encrypt = cdrig_session(&c->rig, &gcm, CRYPTO_ENCRYPT);
	whole_run(c);
	cuts_fill(c, c->encrypt, c->plain);
	for (unsigned i = 0; i < c->n; i++) {
		op[i] = rig_op(other, &cbc, packets + i * PACKET_BYTES, 16 * (i % 4 + 1));
		ops[2 * i] = &op[i];
		ops[2 * i + 1] = c->ops[i];
	}
	cdrig_run(&c->rig, ops, 2 * c->n);
	for (unsigned i = 0; i < c->n; i++) {
		CU_ASSERT_EQUAL(op[i].result, CRYPTO_OK);
		CU_ASSERT(c->op[i].result == CRYPTO_OK && cut_equals(c, &c->cut[i], c->whole));
	}
	cuts_empty(c);
	c->rig.ops->session_destroy(c->rig.engine, other);
	c->rig.ops->session_destroy(c->rig.engine, c->encrypt);
	rig_close(&c->rig);
	free(packets);
	free(op);
	free(c);
}

/* A chain that is shorter than what is asked of it. */
static void
test_short(void)
{
	struct cuts *c = calloc(1, sizeof(*c));
	struct cfg_engine cfg;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (unsigned d = 0; d < CDRIG_DEVICES; d++) {
		c->rig = cdrig_open(&cfg, cdrig_devices[d].device, 0);
		c->transform = rig_words(cdrig_devices[d].words);
		c->encrypt = cdrig_session(&c->rig, &c->transform, CRYPTO_ENCRYPT);
		whole_run(c);
		cuts_fill(c, c->encrypt, c->plain);
		for (unsigned i = 0; i < c->n; i++)
			c->op[i].text_len += 16, c->op[i].auth_len += 16;
		cdrig_run(&c->rig, c->ops, c->n);
		for (unsigned i = 0; i < c->n; i++)
			CU_ASSERT_EQUAL(c->op[i].result, CRYPTO_FAILED);
		cuts_empty(c);
		c->rig.ops->session_destroy(c->rig.engine, c->encrypt);
		rig_close(&c->rig);
	}
	free(c);
}

int
suite_cryptodev_chain(void)
{
	CU_pSuite s = CU_add_suite("cryptodev_chain", NULL, NULL);

	CU_ADD_TEST(s, test_cuts);
	CU_ADD_TEST(s, test_mixed);
	CU_ADD_TEST(s, test_short);
	return 0;
}
