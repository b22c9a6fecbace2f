/* crypto/cryptodev: the contract of crypto/engine.h, names of devices, refusals, and engines that come and
 * go. What the algorithms compute is checked by test_cryptodev_openssl.c. */
#include <stdlib.h>

#include <rte_malloc.h>

#include "base/clock.h"
#include "tests/crypto/cryptodev_rig.h"

int suite_cryptodev(void);

#define PACKET_BYTES 256u
#define TEXT_BYTES 64u

static enum status
try_open(const char *device, char *message, size_t bytes)
{
	struct cfg_engine cfg = {.name = "dev", .kind = "cryptodev", .device = device};
	struct engine *engine = NULL;
	enum status status = engine_create(&cfg, &engine, message, bytes);

	engine_destroy(engine);
	return status;
}

static void
test_names(void)
{
	struct cfg_engine cfg[3];
	struct rig one = cdrig_open(&cfg[0], "crypto_openssl", 0);
	struct rig two = cdrig_open(&cfg[1], "crypto_openssl,max_nb_queue_pairs=2", 0);
	struct rig three = cdrig_open(&cfg[2], "crypto_openssl7", 0);
	char message[512] = "";

	CU_ASSERT_EQUAL(try_open("crypto_openssl0", message, sizeof(message)), ST_ERR_EXISTS);
	CU_ASSERT_EQUAL(try_open("crypto_openssl1", message, sizeof(message)), ST_ERR_EXISTS);
	CU_ASSERT_EQUAL(try_open("crypto_openssl7", message, sizeof(message)), ST_ERR_EXISTS);
	CU_ASSERT_STRING_EQUAL(message,
		"device \"crypto_openssl7\" has an engine already; without its number each "
		"engine gets a device of its own");
	rig_close(&two);
	CU_ASSERT_EQUAL(try_open("crypto_openssl1", message, sizeof(message)), ST_OK);
	rig_close(&one);
	rig_close(&three);
	/* a name that ends with its driver's own number */
	one = cdrig_open(&cfg[0], "crypto_chacha20_poly1305", 0);
	two = cdrig_open(&cfg[1], "crypto_chacha20_poly1305", 0);
	rig_close(&one);
	rig_close(&two);
	CU_ASSERT_EQUAL(try_open("crypto_aesni_mb,max_nb_queue_pairs=1", message, sizeof(message)), ST_OK);
}

static void
test_bad_names(void)
{
	char message[512] = "", longer[600];

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_EQUAL(try_open(NULL, message, sizeof(message)), ST_ERR_CONFIG);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "needs a device"));
	CU_ASSERT_EQUAL(try_open("crypto_opensl", message, sizeof(message)), ST_ERR_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "\"crypto_opensl\": no driver makes it"));
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "crypto_openssl, "));
	CU_ASSERT_EQUAL(try_open("", message, sizeof(message)), ST_ERR_NOT_FOUND);
	memset(longer, '7', sizeof(longer));
	memcpy(longer, "crypto_openssl", 14);
	longer[sizeof(longer) - 1] = '\0';
	CU_ASSERT_EQUAL(try_open(longer, message, sizeof(message)), ST_ERR_NOT_FOUND);
	memcpy(longer, "crypto_openssl,worker=", 22);
	CU_ASSERT_EQUAL(try_open(longer, message, sizeof(message)), ST_ERR_RANGE);
	CU_ASSERT_EQUAL(try_open("crypto_scheduler,worker=crypto_opensl", message, sizeof(message)),
		ST_ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("crypto_scheduler", message, sizeof(message)), ST_ERR_CONFIG);
	CU_ASSERT_EQUAL(try_open("0000:ff:1f.7", message, sizeof(message)), ST_ERR_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "no crypto device at this PCI address"));
	CU_ASSERT_EQUAL(
		try_open("crypto_openssl", message, sizeof(message)), ST_OK); /* nothing was left behind */
}

static void
refusal(const char *device, const char *words, const char *expected)
{
	struct transform t = rig_words(words);
	struct crypto_key keys = {rig_key, alg_cipher_info[t.cipher].key, rig_auth_key, t.auth_key_len};
	struct crypto_session *session = NULL;
	struct cfg_engine cfg;
	struct rig rig = cdrig_open(&cfg, device, 0);
	char message[512] = "";

	CU_ASSERT_EQUAL(rig.ops->session_create(
				rig.engine, &t, &keys, CRYPTO_ENCRYPT, &session, message, sizeof(message)),
		ST_ERR_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(message, expected);
	rig_close(&rig);
}

static void
test_refusals(void)
{
	refusal("crypto_chacha20_poly1305", "esp-aes-ctr 192 esp-sha384-hmac",
		"crypto_chacha20_poly13050 cannot do AES_192_CTR with HMAC_SHA384_192: it offers "
		"CHACHA20_POLY1305; no authentication");
	refusal("crypto_null", "esp-gcm 128",
		"crypto_null0 cannot do AES_128_GCM: it offers no cipher; no authentication");
	refusal("crypto_openssl", "esp-gcm-8 128",
		"crypto_openssl0 cannot do AES_128_GCM_8: it offers AES_128_GCM, AES_192_GCM, AES_256_GCM, "
		"AES_128_GMAC, AES_192_GMAC, AES_256_GMAC, AES_128_CCM, AES_192_CCM, AES_256_CCM, "
		"AES_128_CCM_12, "
		"AES_192_CCM_12, AES_256_CCM_12, AES_128_CCM_8, AES_192_CCM_8, AES_256_CCM_8, AES_128_CTR, "
		"AES_192_CTR, AES_256_CTR, AES_128_CBC, AES_192_CBC, AES_256_CBC, 3DES_CBC, DES_CBC; "
		"HMAC_MD5_96, HMAC_SHA1_96, HMAC_SHA256_128, HMAC_SHA384_192, HMAC_SHA512_256, AES_CMAC_96");
}

/* Packets of one transform to play with. */
struct batch {
	struct cfg_engine cfg;
	struct rig rig;
	struct transform transform;
	struct crypto_session *session;
	uint8_t packet[64][PACKET_BYTES];
	struct crypto_op op[64], *ops[64], *done[64];
};

static void
batch_open(struct batch *b, const char *device, uint32_t queue, const char *words)
{
	memset(b, 0, sizeof(*b));
	b->rig = cdrig_open(&b->cfg, device, queue);
	b->transform = rig_words(words);
	b->session = cdrig_session(&b->rig, &b->transform, CRYPTO_ENCRYPT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->session);
	for (unsigned i = 0; i < 64; i++) {
		rig_pattern(b->packet[i], PACKET_BYTES, i);
		b->op[i] = rig_op(b->session, &b->transform, b->packet[i], TEXT_BYTES);
		b->ops[i] = &b->op[i];
	}
}

static void
batch_close(struct batch *b)
{
	b->rig.ops->session_destroy(b->rig.engine, b->session);
	rig_close(&b->rig);
}

static unsigned
submit(struct batch *b, unsigned from, unsigned n)
{
	return b->rig.ops->submit(b->rig.engine, b->ops + from, n, 0);
}

static unsigned
poll(struct batch *b, unsigned max)
{
	return b->rig.ops->poll(b->rig.engine, b->done, max, 0);
}

static void
queue_run(const char *device)
{
	struct batch b;

	batch_open(&b, device, 8, "esp-aes 128 esp-sha-hmac");
	const struct engine_ops *ops = b.rig.ops;
	const uint64_t *counters = ops->counters(b.rig.engine);
	CU_ASSERT_EQUAL(ops->next_due(b.rig.engine), TIME_NEVER);
	CU_ASSERT_EQUAL(submit(&b, 0, 20), 8);
	CU_ASSERT_EQUAL(submit(&b, 8, 4), 0);
	CU_ASSERT_EQUAL(ops->next_due(b.rig.engine), 0);
	CU_ASSERT_EQUAL(poll(&b, 3), 3);
	CU_ASSERT_EQUAL(submit(&b, 8, 12), 3);
	for (unsigned got = 3, n; got < 11; got += n) {
		CU_ASSERT_EQUAL(ops->next_due(b.rig.engine), 0);
		n = poll(&b, 64);
		CU_ASSERT_FATAL(n > 0);
	}
	CU_ASSERT_EQUAL(ops->next_due(b.rig.engine), TIME_NEVER);
	CU_ASSERT_EQUAL(poll(&b, 64), 0);
	CU_ASSERT_EQUAL(counters[ENGINE_SUBMITTED], 11);
	CU_ASSERT_EQUAL(counters[ENGINE_COMPLETED], 11);
	CU_ASSERT_EQUAL(counters[ENGINE_QUEUE_FULL], 12 + 4 + 9);
	for (unsigned i = 0; i < 11; i++)
		CU_ASSERT_EQUAL(b.op[i].result, CRYPTO_OK);
	CU_ASSERT_EQUAL(submit(&b, 0, 5), 5); /* destroyed with some under way */
	batch_close(&b);
}

static void
test_queue(void)
{
	queue_run("crypto_aesni_mb");
	queue_run("crypto_openssl");
	queue_run("crypto_scheduler,worker=crypto_openssl,mode=round-robin");
}

/* What cannot be done at all fails alone, wherever it stands. */
static void
test_bad_lengths(void)
{
	struct batch b;

	batch_open(&b, "crypto_aesni_mb", 0, "esp-aes 128 esp-sha-hmac");
	for (unsigned i = 0; i < 64; i += 7) {
		b.op[i].text_len = i % 2 ? 17 : 16;
		b.op[i].auth_len = i % 2 ? b.op[i].auth_len : i == 0 ? 0 : 70000;
	}
	b.op[21].text_len = 0; /* crypto/cryptodev_quirk.def */
	CU_ASSERT_EQUAL(submit(&b, 0, 64), 64);
	CU_ASSERT_EQUAL(poll(&b, 64), 64);
	for (unsigned i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(b.op[i].result, i % 7 ? CRYPTO_OK : CRYPTO_FAILED);
	batch_close(&b);
}

/* Three bursts go to two workers by turns; the first worker is asked first. */
static void
test_out_of_order(void)
{
	static const unsigned order[] = {0, 2, 1};
	struct batch b;

	batch_open(&b, "crypto_scheduler,worker=crypto_openssl,worker=crypto_openssl,mode=round-robin", 0,
		"esp-aes 256 esp-sha256-hmac");
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(submit(&b, i, 1), 1);
	CU_ASSERT_EQUAL(poll(&b, 64), 3);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_PTR_EQUAL(b.done[i], &b.op[order[i]]);
		CU_ASSERT_EQUAL(b.op[i].result, CRYPTO_OK);
	}
	batch_close(&b);
}

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	CU_ASSERT_EQUAL(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

static void
device_visit(const struct cdrig_device *device, unsigned n)
{
	struct crypto_session *sessions[300];
	struct transform t = rig_words(device->words);
	struct cfg_engine cfg;
	struct rig rig = cdrig_open(&cfg, device->device, 0);

	for (unsigned i = 0; i < n; i++) {
		sessions[i] = cdrig_session(&rig, &t, i % 2 ? CRYPTO_DECRYPT : CRYPTO_ENCRYPT);
		CU_ASSERT_PTR_NOT_NULL_FATAL(sessions[i]);
	}
	for (unsigned i = 0; i < n; i++)
		rig.ops->session_destroy(rig.engine, sessions[i]);
	rig_close(&rig);
}

/* More sessions than the first pool holds, and engines that come and go leaving no more in EAL's memory
 * than DPDK itself does (crypto/cryptodev_device.c). */
static void
test_come_and_go(void)
{
	CU_ASSERT_FATAL(kit_init());
	for (unsigned d = 0; d < CDRIG_DEVICES; d++) {
		const struct cdrig_device *device = &cdrig_devices[d];

		device_visit(device, 300);
		size_t before = heap_used();
		for (unsigned round = 0; round < 20; round++)
			device_visit(device, 3);
		CU_ASSERT(heap_used() - before <= 20 * (strstr(device->device, "scheduler") ? 4096 : 1024));
	}
}

int
suite_cryptodev(void)
{
	CU_pSuite s = CU_add_suite("cryptodev", NULL, NULL);

	CU_ADD_TEST(s, test_names);
	CU_ADD_TEST(s, test_bad_names);
	CU_ADD_TEST(s, test_refusals);
	CU_ADD_TEST(s, test_queue);
	CU_ADD_TEST(s, test_bad_lengths);
	CU_ADD_TEST(s, test_out_of_order);
	CU_ADD_TEST(s, test_come_and_go);
	return 0;
}
