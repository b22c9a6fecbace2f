/* crypto/cryptodev: every DPDK device here, every transform that it claims, against OpenSSL: texts of 0 to
 * 300 bytes and some long ones, with and without ESN, all in one submit, and back; then every packet again
 * with a wrong ICV. */
#include "crypto/cryptodev.h"
#include "tests/crypto/cryptodev_rig.h"
#include "tests/crypto/openssl_ref.h"

int suite_cryptodev_openssl(void);

#define SHORT_MAX 300u
#define PACKETS (SHORT_MAX + 4)
#define ROOM 65536u

static const uint32_t long_texts[] = {1504, 9008, 65008};

struct packet {
	uint8_t *bytes, *start; /* of the mapping, of the packet in it */
	uint8_t icv[CRYPTO_ICV_MAX];
	uint32_t seed, text_len;
	bool esn;
};

struct bench {
	struct packet packet[PACKETS];
	struct crypto_op op[PACKETS], *ops[PACKETS];
	uint8_t *plain, *expected;
	unsigned n;
};

static uint32_t
length_at(unsigned i)
{
	return i <= SHORT_MAX ? i : long_texts[i - SHORT_MAX - 1];
}

static void
bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->plain = malloc(ROOM + 256);
	b->expected = malloc(ROOM + 256);
	CU_ASSERT_FATAL(b->plain && b->expected);
}

/* The bytes of a packet: just as many as the operation may touch, so that ASan sees what goes too far. */
static void
packet_make(struct packet *p, const struct transform *t, uint32_t text_len, unsigned i)
{
	size_t bytes = RIG_ESP_BYTES + t->iv_len + text_len + 4;

	*p = (struct packet){.seed = i, .text_len = text_len, .esn = i % 2 == 0};
	p->bytes = malloc(bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->bytes);
	p->start = p->bytes;
	rig_pattern(p->start, bytes, i);
}

static void
bench_fill(struct bench *b, const struct transform *t, struct crypto_session *session)
{
	b->n = 0;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct packet *p = &b->packet[b->n];

		if (!cdrig_length_valid(t, length_at(i)))
			continue;
		packet_make(p, t, length_at(i), i);
		b->op[b->n] = cdrig_op(session, t, p->start, p->text_len, p->esn, p->icv);
		b->op[b->n].iv[3] = (uint8_t)i;
		b->ops[b->n] = &b->op[b->n];
		b->n++;
	}
}

static void
bench_empty(struct bench *b)
{
	for (unsigned i = 0; i < b->n; i++)
		free(b->packet[i].bytes);
	b->n = 0;
}

static unsigned
faults_of_encryption(struct bench *b, const struct transform *t, struct ref *ref)
{
	uint8_t icv[CRYPTO_ICV_MAX];
	unsigned faults = 0;

	for (unsigned i = 0; i < b->n; i++) {
		const struct packet *p = &b->packet[i];
		const struct crypto_op *op = &b->op[i];
		size_t bytes = RIG_ESP_BYTES + t->iv_len + p->text_len + 4;

		rig_pattern(b->expected, bytes, p->seed);
		ref_seal(ref, t, op, rig_key, rig_auth_key, b->expected + (op->text - p->start), icv);
		if (op->result != CRYPTO_OK || memcmp(b->expected, p->start, bytes) ||
			memcmp(icv, p->icv, t->icv_len))
			faults++;
	}
	return faults;
}

static unsigned
faults_of_decryption(
	struct bench *b, struct rig *rig, const struct transform *t, struct crypto_session *session)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < b->n; i++) {
		b->op[i].session = session;
		b->op[i].result = 0xee;
	}
	cdrig_run(rig, b->ops, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		const struct packet *p = &b->packet[i];
		size_t bytes = RIG_ESP_BYTES + t->iv_len + p->text_len + 4;

		rig_pattern(b->plain, bytes, p->seed);
		faults += b->op[i].result != CRYPTO_OK || memcmp(b->plain, p->start, bytes);
	}
	return faults;
}

/* Everything once more, with one bit of each ICV turned. */
static unsigned
faults_of_icv(struct bench *b, struct rig *rig, const struct transform *t)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < b->n; i++)
		b->packet[i].icv[i % t->icv_len] ^= (uint8_t)(1u << i % 8);
	cdrig_run(rig, b->ops, b->n);
	for (unsigned i = 0; i < b->n; i++)
		faults += b->op[i].result != CRYPTO_BAD_ICV;
	return faults;
}

static bool
transform_run(struct rig *rig, struct bench *b, const struct transform *t, struct ref *ref)
{
	struct crypto_session *encrypt = cdrig_session(rig, t, CRYPTO_ENCRYPT);
	struct crypto_session *decrypt = cdrig_session(rig, t, CRYPTO_DECRYPT);
	unsigned faults[3] = {0};
	char words[128];

	CU_ASSERT_EQUAL(!encrypt, !decrypt);
	if (encrypt && decrypt) {
		bench_fill(b, t, encrypt);
		cdrig_run(rig, b->ops, b->n);
		faults[0] = faults_of_encryption(b, t, ref);
		faults[1] = faults_of_decryption(b, rig, t, decrypt);
		faults[2] = t->authenticated ? faults_of_icv(b, rig, t) : 0;
		bench_empty(b);
	}
	transform_text(t, words, sizeof(words));
	if (faults[0] + faults[1] + faults[2])
		fprintf(stderr, "%s: %u encrypt, %u decrypt, %u wrong ICV\n", words, faults[0], faults[1],
			faults[2]);
	CU_ASSERT_EQUAL(faults[0] + faults[1] + faults[2], 0);
	rig->ops->session_destroy(rig->engine, encrypt);
	rig->ops->session_destroy(rig->engine, decrypt);
	return encrypt && decrypt;
}

/* hardware: as if the device could not reach the memory of callers. */
static void
device_run(const struct cdrig_device *device, bool hardware)
{
	struct ref ref = ref_open();
	struct bench *b = malloc(sizeof(*b));
	struct transform must = rig_words(device->words);
	struct cfg_engine cfg;
	struct rig rig = cdrig_open(&cfg, device->device, 0);
	struct cryptodev *cd = (struct cryptodev *)rig.engine;
	unsigned done = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	cd->device.hardware = hardware;
	bench_open(b);
	CU_ASSERT(transform_run(&rig, b, &must, &ref));
	for (unsigned i = 0; i < RIG_TRANSFORM_COUNT; i++) {
		struct transform t;

		done += rig_transform(i, &t) && transform_run(&rig, b, &t, &ref);
	}
	CU_ASSERT(done > 0);
	cd->device.hardware = false;
	free(b->plain);
	free(b->expected);
	free(b);
	ref_close(&ref);
	rig_close(&rig);
}

static void
test_devices(void)
{
	for (unsigned i = 0; i < CDRIG_DEVICES; i++)
		device_run(&cdrig_devices[i], false);
}

static void
test_buffers(void)
{
	device_run(&cdrig_devices[0], true);
}

/* A device that makes whole digests and compares none: sessions that make an ICV are turned round. */
static void
test_compare(void)
{
	struct bench *b = malloc(sizeof(*b));
	struct transform t = rig_words("esp-null esp-sha256-hmac");
	struct cfg_engine cfg;
	struct rig rig = cdrig_open(&cfg, "crypto_openssl", 0);
	struct crypto_session *encrypt = cdrig_session(&rig, &t, CRYPTO_ENCRYPT);
	struct crypto_session *decrypt = cdrig_session(&rig, &t, CRYPTO_ENCRYPT);

	CU_ASSERT_FATAL(b && encrypt && decrypt);
	bench_open(b);
	decrypt->decrypt = decrypt->compare = true;
	bench_fill(b, &t, encrypt);
	cdrig_run(&rig, b->ops, b->n);
	CU_ASSERT_EQUAL(faults_of_decryption(b, &rig, &t, decrypt), 0);
	CU_ASSERT_EQUAL(faults_of_icv(b, &rig, &t), 0);
	bench_empty(b);
	rig.ops->session_destroy(rig.engine, encrypt);
	rig.ops->session_destroy(rig.engine, decrypt);
	free(b->plain);
	free(b->expected);
	free(b);
	rig_close(&rig);
}

int
suite_cryptodev_openssl(void)
{
	CU_pSuite s = CU_add_suite("cryptodev_openssl", NULL, NULL);

	CU_ADD_TEST(s, test_devices);
	CU_ADD_TEST(s, test_buffers);
	CU_ADD_TEST(s, test_compare);
	return 0;
}
