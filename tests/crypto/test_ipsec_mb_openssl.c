/* crypto/ipsec_mb against OpenSSL: every transform of alg.def, texts of 0 to 300 bytes and some long ones,
 * all in one submit so that lanes of unequal length meet, and back.
 *
 * Each packet ends with its ICV where a page ends that nobody may touch; what precedes and what is written
 * beside the packet shows as well. */
#include <sys/mman.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/crypto/crypto_rig.h"

int suite_ipsec_mb_openssl(void);

#define PAGE 4096u
#define SHORT_MAX 300u
#define PACKET_MAX (SHORT_MAX + 4)

static const uint32_t long_texts[] = {1500, 9000, 65000};

/* A row of alg.def that is missing here fails its test. */
static const EVP_CIPHER *
cipher_of(enum alg_cipher cipher)
{
	switch (cipher) {
	case ALG_CIPHER_AES_128_GCM:
		return EVP_aes_128_gcm();
	case ALG_CIPHER_AES_192_GCM:
		return EVP_aes_192_gcm();
	case ALG_CIPHER_AES_256_GCM:
		return EVP_aes_256_gcm();
	case ALG_CIPHER_AES_128_CBC:
		return EVP_aes_128_cbc();
	case ALG_CIPHER_AES_192_CBC:
		return EVP_aes_192_cbc();
	case ALG_CIPHER_AES_256_CBC:
		return EVP_aes_256_cbc();
	default:
		return cipher == ALG_CIPHER_NULL ? EVP_enc_null() : NULL;
	}
}

static const EVP_MD *
digest_of(enum alg_auth auth)
{
	return auth == ALG_AUTH_HMAC_SHA1_96	  ? EVP_sha1()
	       : auth == ALG_AUTH_HMAC_SHA256_128 ? EVP_sha256()
						  : NULL;
}

/* Encrypt what op describes, in place, by the other implementation. */
static void
reference_run(EVP_CIPHER_CTX *ctx, const struct transform *t, const struct crypto_op *op, uint8_t *text,
	uint8_t *icv)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	int n = 0;

	CU_ASSERT_FATAL(EVP_EncryptInit_ex(ctx, cipher_of(t->cipher), NULL, rig_key, op->iv) == 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	if (t->aead)
		EVP_EncryptUpdate(ctx, NULL, &n, op->aad, op->aad_len);
	EVP_EncryptUpdate(ctx, text, &n, text, (int)op->text_len);
	EVP_EncryptFinal_ex(ctx, text + n, &n);
	if (t->aead) {
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, t->icv_len, icv);
	} else if (t->authenticated) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(HMAC(digest_of(t->auth), rig_auth_key, t->auth_key_len,
			text - op->auth_before, op->auth_len, digest, NULL));
		memcpy(icv, digest, t->icv_len);
	}
}

/* Packets in one mapping, each on pages of its own with a closed page behind. */
struct bench {
	uint8_t *map;
	size_t bytes;
	unsigned n;
	uint8_t *end[PACKET_MAX];
	uint32_t text_len[PACKET_MAX];
	struct crypto_op op[PACKET_MAX];
	struct crypto_op *ops[PACKET_MAX];
};

static size_t
packet_pages(uint32_t text_len)
{
	return (text_len + 64 + PAGE - 1) / PAGE;
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

/* Ops for every length that the block allows. */
static void
bench_fill(struct bench *b, const struct transform *t, struct crypto_session *session)
{
	uint32_t block = t->iv_len == 16 ? 16 : 1;

	b->n = 0;
	for (unsigned i = 0; i < PACKET_MAX; i++) {
		uint32_t len = length_at(i) / block * block;
		if (len != length_at(i) && i <= SHORT_MAX)
			continue;
		uint8_t *p = b->end[i] - rig_bytes(t, len);

		rig_pattern(p, rig_bytes(t, len), i);
		b->op[b->n] = rig_op(session, t, p, len);
		b->op[b->n].iv[3] = (uint8_t)i;
		b->op[b->n].aad_len = i % 2 ? 8 : 12;
		b->ops[b->n] = &b->op[b->n];
		b->text_len[b->n++] = i;
	}
}

static void
bench_encrypt(struct rig *rig, struct bench *b, const struct transform *t, EVP_CIPHER_CTX *ctx)
{
	static uint8_t expected[PAGE * 17]; /* of one packet; only tests may have such a thing */

	rig_run(rig, b->ops, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		const struct crypto_op *op = &b->op[i];
		uint8_t *p = op->text - op->auth_before, *text = expected + op->auth_before;

		rig_pattern(expected, rig_bytes(t, op->text_len), b->text_len[i]);
		reference_run(ctx, t, op, text, text + op->text_len);
		CU_ASSERT_EQUAL(op->result, CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(p, expected, rig_bytes(t, op->text_len)), 0);
		CU_ASSERT_EQUAL(p[-1], 0);
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
		uint8_t *p = op->text - op->auth_before;

		rig_pattern(expected, rig_bytes(t, op->text_len), b->text_len[i]);
		CU_ASSERT_EQUAL(op->result, CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(p, expected, op->auth_before + op->text_len), 0);
		CU_ASSERT_EQUAL(p[-1], 0);
	}
}

static void
transform_run(struct rig *rig, const struct transform *t, EVP_CIPHER_CTX *ctx)
{
	struct crypto_session *encrypt = rig_session(rig, t, CRYPTO_ENCRYPT);
	struct crypto_session *decrypt = rig_session(rig, t, CRYPTO_DECRYPT);
	struct bench b;

	bench_open(&b);
	bench_fill(&b, t, encrypt);
	bench_encrypt(rig, &b, t, ctx);
	bench_decrypt(rig, &b, t, decrypt);
	munmap(b.map, b.bytes);
	rig->ops->session_destroy(rig->engine, encrypt);
	rig->ops->session_destroy(rig->engine, decrypt);
}

static void
test_transforms(void)
{
	struct rig rig = rig_open();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned n = 0;

	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;
		if (!rig_transform(i, &t))
			continue;
		transform_run(&rig, &t, ctx);
		n++;
	}
	CU_ASSERT(n >= 14); /* 3 GCM, 3 CBC with three authentications, NULL with two */
	EVP_CIPHER_CTX_free(ctx);
	rig_close(&rig);
}

/* RFC 4303 §2.2.1: the high half of the sequence number is authenticated behind the text and not sent.  It
 * stands exactly where the ICV goes; the receiver moves the ICV aside. */
static void
esn_run(struct rig *rig, const struct transform *t, uint32_t text_len)
{
	struct crypto_session *encrypt = rig_session(rig, t, CRYPTO_ENCRYPT);
	struct crypto_session *decrypt = rig_session(rig, t, CRYPTO_DECRYPT);
	uint8_t packet[512], before[512], digest[EVP_MAX_MD_SIZE];
	const uint8_t high[4] = {0, 0, 1, 2};
	struct crypto_op op = rig_op(encrypt, t, packet, text_len);

	rig_pattern(packet, sizeof(packet), text_len);
	memcpy(before, packet, sizeof(before));
	memcpy(op.icv, high, 4);
	op.auth_len += 4;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	memcpy(op.icv_copy, op.icv, t->icv_len);
	memcpy(op.icv, high, 4);
	HMAC(digest_of(t->auth), rig_auth_key, t->auth_key_len, packet, op.auth_len, digest, NULL);
	CU_ASSERT_EQUAL(memcmp(op.icv_copy, digest, t->icv_len), 0);

	op.session = decrypt;
	op.icv = op.icv_copy;
	CU_ASSERT_EQUAL(rig_run_one(rig, &op), CRYPTO_OK);
	CU_ASSERT_EQUAL(memcmp(packet, before, op.auth_before + text_len), 0);
	op.session = encrypt; /* again, to have ciphertext and this time the wrong high half */
	op.icv = op.text + text_len;
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

	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;
		if (!rig_transform(i, &t) || !digest_of(t.auth))
			continue;
		/* 16-byte steps put the four bytes before, across and behind the end of a hash block */
		for (uint32_t len = 0; len <= 208; len += t.cipher == ALG_CIPHER_NULL ? 1 : 16)
			esn_run(&rig, &t, len);
	}
	rig_close(&rig);
}

int
suite_ipsec_mb_openssl(void)
{
	CU_pSuite s = CU_add_suite("ipsec_mb_openssl", NULL, NULL);

	if (!s ||
		!CU_add_test(s, "every transform, 0 to 65000 bytes, against guard pages", test_transforms) ||
		!CU_add_test(s, "HMAC over the high half of an ESN where the ICV goes", test_esn))
		return (int)CU_get_error();
	return 0;
}
