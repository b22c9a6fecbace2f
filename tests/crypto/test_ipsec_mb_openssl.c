/* crypto/ipsec_mb against OpenSSL: every transform of alg.def, texts of 0 to 300 bytes and some long ones,
 * all in one submit so that lanes of unequal length meet, and back.
 *
 * Each packet ends with its ICV where a page ends that nobody may touch; what precedes and what is written
 * beside the packet shows as well. */
#include <sys/mman.h>

#include "tests/crypto/crypto_rig.h"
#include "tests/crypto/openssl_ref.h"

int suite_ipsec_mb_openssl(void);

#define PAGE 4096u
#define SHORT_MAX 300u
#define PACKET_MAX (SHORT_MAX + 4)

static const uint32_t long_texts[] = {1500, 9000, 65000};

/* Packets in one mapping, each on pages of its own with a closed page behind. */
struct bench {
	uint8_t *map;
	size_t bytes;
	unsigned n;
	uint8_t *end[PACKET_MAX];
	uint32_t seed[PACKET_MAX];
	uint32_t payload_len[PACKET_MAX];
	struct crypto_op op[PACKET_MAX];
	struct crypto_op *ops[PACKET_MAX];
};

static size_t
packet_pages(uint32_t payload_len)
{
	return (payload_len + 64 + PAGE - 1) / PAGE;
}

static uint32_t
length_at(unsigned i)
{
	return i <= SHORT_MAX ? i : long_texts[i - SHORT_MAX - 1];
}

static void
bench_open(struct bench *b)
{
	uint8_t *p;

	memset(b, 0, sizeof(*b));
	for (unsigned i = 0; i < PACKET_MAX; i++)
		b->bytes += (packet_pages(length_at(i)) + 1) * PAGE;
	b->map = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(b->map != MAP_FAILED);
	p = b->map;
	for (unsigned i = 0; i < PACKET_MAX; i++) {
		p += packet_pages(length_at(i)) * PAGE;
		b->end[i] = p;
		CU_ASSERT_EQUAL_FATAL(mprotect(p, PAGE, PROT_NONE), 0);
		p += PAGE;
	}
}

/* Every other packet has its ICV elsewhere, so that what is authenticated ends where the page does. */
static bool
icv_apart(uint32_t seed)
{
	return seed % 2;
}

static uint32_t
packet_bytes(const struct transform *t, uint32_t payload_len, uint32_t seed)
{
	return rig_bytes(t, payload_len) - (icv_apart(seed) ? t->icv_len : 0);
}

/* Ops for every length that the block allows. */
static void
bench_fill(struct bench *b, const struct transform *t, struct crypto_session *session)
{
	uint32_t block = rig_block(t);

	b->n = 0;
	for (unsigned i = 0; i < PACKET_MAX; i++) {
		uint32_t len = length_at(i) / block * block;
		if (len != length_at(i) && i <= SHORT_MAX)
			continue;
		uint8_t *p = b->end[i] - packet_bytes(t, len, i);

		rig_pattern(p, packet_bytes(t, len, i), i);
		b->op[b->n] = rig_op(session, t, p, len);
		if (icv_apart(i))
			b->op[b->n].icv = b->op[b->n].icv_copy;
		b->op[b->n].iv[3] = (uint8_t)i;
		b->op[b->n].aad_len = i % 4 < 2 ? 8 : 12;
		b->ops[b->n] = &b->op[b->n];
		b->payload_len[b->n] = len;
		b->seed[b->n++] = i;
	}
}

static uint8_t *
packet_of(struct bench *b, const struct transform *t, unsigned i)
{
	return b->end[b->seed[i]] - packet_bytes(t, b->payload_len[i], b->seed[i]);
}

static void
bench_encrypt(struct rig *rig, struct bench *b, const struct transform *t, struct ref *ref)
{
	static uint8_t expected[PAGE * 17]; /* of one packet; only tests may have such a thing */

	rig_run(rig, b->ops, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		const struct crypto_op *op = &b->op[i];
		uint8_t *p = packet_of(b, t, i), *text = expected + (op->text - p), icv[CRYPTO_ICV_MAX];
		size_t clear = rig_bytes(t, b->payload_len[i]) - t->icv_len;

		rig_pattern(expected, clear, b->seed[i]);
		ref_seal(ref, t, op, rig_key, rig_auth_key, text, icv);
		CU_ASSERT_EQUAL(op->result, CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(p, expected, clear), 0);
		CU_ASSERT_EQUAL(memcmp(op->icv, icv, t->icv_len), 0);
		CU_ASSERT_EQUAL(p[-1], 0);
		for (unsigned j = icv_apart(b->seed[i]) ? t->icv_len : 0; j < CRYPTO_ICV_MAX; j++)
			CU_ASSERT_EQUAL(op->icv_copy[j], 0);
	}
}

static void
bench_decrypt(struct rig *rig, struct bench *b, const struct transform *t, struct crypto_session *session)
{
	static uint8_t expected[PAGE * 17];

	for (unsigned i = 0; i < b->n; i++) {
		b->op[i].session = session;
		b->op[i].result = 0xee;
	}
	rig_run(rig, b->ops, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		const struct crypto_op *op = &b->op[i];
		uint8_t *p = packet_of(b, t, i);
		size_t clear = rig_bytes(t, b->payload_len[i]) - t->icv_len;

		rig_pattern(expected, clear, b->seed[i]);
		CU_ASSERT_EQUAL(op->result, CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(p, expected, clear), 0);
		CU_ASSERT_EQUAL(p[-1], 0);
	}
}

static void
transform_run(struct rig *rig, const struct transform *t, struct ref *ref)
{
	struct crypto_session *encrypt = rig_session(rig, t, CRYPTO_ENCRYPT);
	struct crypto_session *decrypt = rig_session(rig, t, CRYPTO_DECRYPT);
	struct bench b;

	bench_open(&b);
	bench_fill(&b, t, encrypt);
	bench_encrypt(rig, &b, t, ref);
	bench_decrypt(rig, &b, t, decrypt);
	munmap(b.map, b.bytes);
	rig->ops->session_destroy(rig->engine, encrypt);
	rig->ops->session_destroy(rig->engine, decrypt);
}

static void
test_transforms(void)
{
	struct rig rig = rig_open();
	struct ref ref = ref_open();
	unsigned n = 0;

	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;
		if (!rig_transform(i, &t))
			continue;
		transform_run(&rig, &t, &ref);
		n++;
	}
	/* 22 AEADs; 8 ciphers with 8 authentications (none is one), NULL with 7, AH with 7 */
	CU_ASSERT_EQUAL(n, 22 + 8 * 8 + 7 + 7);
	ref_close(&ref);
	rig_close(&rig);
}

/* RFC 4303 §2.2.1: the high half of the sequence number is authenticated behind the text and not sent.  It
 * stands exactly where the ICV goes; the receiver moves the ICV aside. */
static void
esn_run(struct rig *rig, struct ref *ref, const struct transform *t, uint32_t payload_len)
{
	struct crypto_session *encrypt = rig_session(rig, t, CRYPTO_ENCRYPT);
	struct crypto_session *decrypt = rig_session(rig, t, CRYPTO_DECRYPT);
	uint8_t packet[512], before[512], digest[EVP_MAX_MD_SIZE];
	const uint8_t high[4] = {0, 0, 1, 2};
	struct crypto_op op = rig_op(encrypt, t, packet, payload_len);

	rig_pattern(packet, sizeof(packet), payload_len);
	memcpy(before, packet, sizeof(before));
	memcpy(op.icv, high, 4);
	op.auth_len += 4;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	memcpy(op.icv_copy, op.icv, t->icv_len);
	memcpy(op.icv, high, 4);
	ref_mac(ref, t->auth, rig_auth_key, packet, op.auth_len, digest);
	CU_ASSERT_EQUAL(memcmp(op.icv_copy, digest, t->icv_len), 0);

	op.session = decrypt;
	op.icv = op.icv_copy;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	CU_ASSERT_EQUAL(memcmp(packet, before, op.auth_before + payload_len), 0);
	op.session = encrypt; /* again, to have ciphertext and this time the wrong high half */
	op.icv = op.text + payload_len;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	memcpy(op.icv_copy, op.icv, t->icv_len);
	memcpy(op.icv, "\0\0\1\3", 4);
	op.session = decrypt;
	op.icv = op.icv_copy;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_BAD_ICV);
	rig->ops->session_destroy(rig->engine, encrypt);
	rig->ops->session_destroy(rig->engine, decrypt);
}

static void
test_esn(void)
{
	struct rig rig = rig_open();
	struct ref ref = ref_open();

	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;
		if (!rig_transform(i, &t) || t.auth == ALG_AUTH_NONE)
			continue;
		/* even 16-byte steps put the four bytes before, across and behind the end of a block */
		for (uint32_t len = 0; len <= 208; len += rig_block(&t))
			esn_run(&rig, &ref, &t, len);
	}
	ref_close(&ref);
	rig_close(&rig);
}

int
suite_ipsec_mb_openssl(void)
{
	CU_pSuite s = CU_add_suite("ipsec_mb_openssl", NULL, NULL);

	if (!s ||
		!CU_add_test(s, "every transform, 0 to 65000 bytes, against guard pages", test_transforms) ||
		!CU_add_test(s, "MACs over the high half of an ESN where the ICV goes", test_esn))
		return (int)CU_get_error();
	return 0;
}
