/* crypto/cryptodev_share.c: the workers of a gateway at the queue pairs of one device, or of several. */
#include <stdio.h>

#include <rte_cryptodev.h>

#include "tests/crypto/cryptodev_rig.h"

int suite_cryptodev_share(void);

#define USERS_MAX 8u
#define PACKETS 96u
#define PACKET_BYTES 256u
#define TEXT_BYTES 64u

static const char *const gcm_devices[] = {"crypto_aesni_mb3", "crypto_aesni_gcm3", "crypto_openssl3"};

static enum status
user_open(const char *device, unsigned user, unsigned users, struct engine **engine, char *message,
	size_t bytes)
{
	const struct cfg_engine cfg = {.name = "dev",
		.kind = "cryptodev",
		.device = device,
		.user = (uint8_t)user,
		.users = (uint8_t)users};

	*message = '\0';
	CU_ASSERT_FATAL(kit_init());
	return engine_create(&cfg, engine, message, bytes); /* keeps nothing of cfg */
}

/* All of them, user 0 first. */
static void
users_open(const char *device, unsigned users, struct engine **engines)
{
	char message[512];

	for (unsigned i = 0; i < users; i++) {
		enum status status = user_open(device, i, users, &engines[i], message, sizeof(message));

		if (status)
			fprintf(stderr, "%s: %s\n", device, message);
		CU_ASSERT_EQUAL_FATAL(status, ST_OK);
	}
}

/* One user's packets, under way until they are asked for. */
struct traffic {
	struct rig rig;
	struct transform transform;
	struct crypto_session *session;
	uint8_t packet[PACKETS][PACKET_BYTES];
	struct crypto_op op[PACKETS], *ops[PACKETS];
};

static void
traffic_make(struct traffic *t, struct engine *engine, const struct engine_ops *ops, unsigned seed)
{
	*t = (struct traffic){.rig = {.ops = ops, .engine = engine}};
	t->transform = rig_words("esp-gcm 128");
	t->session = cdrig_session(&t->rig, &t->transform, CRYPTO_ENCRYPT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t->session);
	for (unsigned i = 0; i < PACKETS; i++) {
		rig_pattern(t->packet[i], PACKET_BYTES, seed * 1000 + i);
		t->op[i] = rig_op(t->session, &t->transform, t->packet[i], TEXT_BYTES);
		t->ops[i] = &t->op[i];
	}
}

static void
traffic_take(struct traffic *t, unsigned n)
{
	struct crypto_op *done[PACKETS];

	CU_ASSERT_EQUAL_FATAL(t->rig.ops->poll(t->rig.engine, done, PACKETS, 0), n);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT(done[i] >= t->op && done[i] < t->op + PACKETS); /* its own, no other user's */
		CU_ASSERT_EQUAL(done[i]->result, CRYPTO_OK);
	}
}

/* The same packets by ipsec_mb. */
static void
traffic_compare(const struct traffic *t, unsigned seed)
{
	static const struct cfg_engine software = {.name = "mb", .kind = "ipsec_mb"};
	static struct traffic expected;
	struct engine *engine;
	char message[512];

	CU_ASSERT_EQUAL_FATAL(engine_create(&software, &engine, message, sizeof(message)), ST_OK);
	traffic_make(&expected, engine, engine_find("ipsec_mb"), seed);
	cdrig_run(&expected.rig, expected.ops, PACKETS);
	CU_ASSERT_EQUAL(memcmp(t->packet, expected.packet, sizeof(t->packet)), 0);
	engine->ops->session_destroy(engine, expected.session);
	engine_destroy(engine);
}

static void
traffic_end(struct traffic *t)
{
	t->rig.ops->session_destroy(t->rig.engine, t->session);
	engine_destroy(t->rig.engine);
}

/* By turns, each with packets under way while the other's are taken; then one goes, and the other works
 * on. */
static void
interleave(const char *device, unsigned leaves)
{
	static struct traffic t[2];
	struct engine *engines[2];
	unsigned stays = !leaves;

	users_open(device, 2, engines);
	for (unsigned u = 0; u < 2; u++)
		traffic_make(&t[u], engines[u], engine_find("cryptodev"), u);
	for (unsigned i = 0; i < PACKETS / 2; i += 8) {
		for (unsigned u = 0; u < 2; u++)
			CU_ASSERT_EQUAL(t[u].rig.ops->submit(engines[u], t[u].ops + i, 8, 0), 8);
		traffic_take(&t[1], 8);
		traffic_take(&t[0], 8);
	}
	CU_ASSERT_EQUAL(t[stays].rig.ops->submit(engines[stays], t[stays].ops + PACKETS / 2, PACKETS / 2, 0),
		PACKETS / 2);
	cdrig_run(&t[leaves].rig, t[leaves].ops + PACKETS / 2, PACKETS / 2);
	traffic_compare(&t[leaves], leaves);
	traffic_end(&t[leaves]);
	traffic_take(&t[stays], PACKETS / 2);
	traffic_compare(&t[stays], stays);
	traffic_end(&t[stays]);
}

static void
test_two(void)
{
	for (unsigned d = 0; d < sizeof(gcm_devices) / sizeof(gcm_devices[0]); d++)
		for (unsigned round = 0; round < 4; round++)
			interleave(gcm_devices[d], round % 2);
}

/* How many devices there are, and how many queue pairs of the one that has most. */
static void
check_devices(const char *device, unsigned users, unsigned devices, unsigned pairs)
{
	struct engine *engines[USERS_MAX];
	unsigned most = 0;

	users_open(device, users, engines);
	CU_ASSERT_EQUAL(rte_cryptodev_count(), devices);
	for (unsigned id = 0; id < RTE_CRYPTO_MAX_DEVS; id++)
		if (rte_cryptodev_is_valid_dev((uint8_t)id))
			most = RTE_MAX(most, rte_cryptodev_queue_pair_count((uint8_t)id));
	CU_ASSERT_EQUAL(most, pairs);
	for (unsigned i = 0; i < users; i++)
		engine_destroy(engines[i]);
	CU_ASSERT_EQUAL(rte_cryptodev_count(), 0);
}

/* A made device has one pair more than is worked with, where it can. */
static void
test_mappings(void)
{
	check_devices("crypto_openssl", 3, 3, 2);
	check_devices("crypto_openssl0", 3, 1, 4);
	check_devices("crypto_openssl0", 8, 1, 8);
	check_devices("crypto_openssl0 crypto_openssl1", 2, 2, 2);
	check_devices("crypto_openssl0 crypto_openssl1", 5, 2, 4);
	check_devices(" crypto_openssl0,max_nb_queue_pairs=3  crypto_openssl0 crypto_aesni_mb5 ", 3, 2, 3);
	check_devices("crypto_scheduler,worker=crypto_openssl,mode=round-robin", 2, 4, 1);
}

static void
check_refused(const char *device, unsigned user, unsigned users, enum status expected, const char *text)
{
	struct engine *engine = NULL;
	char message[512];

	CU_ASSERT_EQUAL(user_open(device, user, users, &engine, message, sizeof(message)), expected);
	CU_ASSERT_STRING_EQUAL(message, text);
	engine_destroy(engine);
}

static void
test_refusals(void)
{
	static const char there[] = "device \"crypto_openssl4\" has an engine already; without its number "
				    "each engine gets a device of its own";
	struct engine *engine, *other;
	char m[512];

	check_refused("crypto_openssl4,max_nb_queue_pairs=2", 0, 3, ST_ERR_RANGE,
		"device \"crypto_openssl4\" has 2 queue pairs, but 3 workers are to have one "
		"each; allowed: fewer workers, or more devices, with spaces between");
	check_refused("crypto_openssl4 crypto_openssl5", 0, 1, ST_ERR_CONFIG,
		"device \"crypto_openssl4 crypto_openssl5\" names 2 devices for 1 worker; allowed: as many "
		"as workers (live.workers), or fewer");
	check_refused("crypto_scheduler4,worker=crypto_openssl", 0, 2, ST_ERR_CONFIG,
		"device \"crypto_scheduler4\": a scheduler has one engine; without its number each "
		"of 2 workers gets one of its own");
	CU_ASSERT_EQUAL(rte_cryptodev_count(), 0); /* nothing was left behind */
	CU_ASSERT_EQUAL(user_open("crypto_openssl4", 1, 2, &engine, m, sizeof(m)), ST_OK);
	check_refused("crypto_openssl4", 1, 2, ST_ERR_EXISTS, there); /* the same one again */
	check_refused("crypto_openssl4", 0, 3, ST_ERR_EXISTS, there); /* another gateway's */
	check_refused("crypto_openssl4", 0, 1, ST_ERR_EXISTS, there);
	CU_ASSERT_EQUAL_FATAL(user_open("crypto_openssl4", 0, 2, &other, m, sizeof(m)), ST_OK);
	engine_destroy(engine);
	CU_ASSERT_EQUAL_FATAL(user_open("crypto_openssl4", 1, 2, &engine, m, sizeof(m)), ST_OK);
	engine_destroy(other);
	engine_destroy(engine);
	CU_ASSERT_EQUAL_FATAL(user_open("crypto_openssl4", 0, 1, &engine, m, sizeof(m)), ST_OK);
	check_refused("crypto_openssl4", 0, 2, ST_ERR_EXISTS, there); /* it is another's alone */
	engine_destroy(engine);
}

int
suite_cryptodev_share(void)
{
	CU_pSuite s = CU_add_suite("cryptodev_share", NULL, NULL);

	CU_ADD_TEST(s, test_two);
	CU_ADD_TEST(s, test_mappings);
	CU_ADD_TEST(s, test_refusals);
	return 0;
}
