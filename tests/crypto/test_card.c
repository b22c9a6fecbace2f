/* crypto/card: when jobs come back, to the ns, what the queue and the slots hold, and what the fallback does.
 * Faults: test_card_faults.c. */
#include "tests/crypto/card_rig.h"

int suite_card(void);

#define GCM "esp-gcm 128"
#define CBC "esp-aes 128 esp-sha-hmac"

/* The inner engine's cryptography, whole: what a card encrypts a plain engine decrypts, and the other way. */
static void
test_cryptography(void)
{
	static const char *const words[] = {GCM, CBC, "esp-null esp-sha256-hmac"};
	struct cfg_engine cfg = card_cfg();

	for (unsigned w = 0; w < 3; w++) {
		struct card_rig c = card_open(&cfg, words[w]);
		struct rig plain = rig_open();
		struct crypto_session *open = rig_session(&plain, &c.transform, CRYPTO_DECRYPT);
		struct crypto_op *op = card_op(&c, 0, c.encrypt, 64), other;
		uint8_t clear[CARD_BYTES], *packet = c.packet[0];

		memcpy(clear, packet, sizeof(clear));
		CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, &op, 1, 0), 1);
		CU_ASSERT_EQUAL(card_take(&c, 100000), 0);
		other = rig_op(open, &c.transform, packet, 64);
		CU_ASSERT_EQUAL(rig_run_one(&plain, &other), CRYPTO_OK);
		CU_ASSERT_EQUAL(memcmp(other.text, clear + (other.text - packet), 64), 0);
		plain.ops->session_destroy(plain.engine, open);
		rig_close(&plain);
		card_close(&c);
	}
}

/* One unit: a job starts when it is submitted or when the one before is done, whichever is later. */
static void
test_timing(void)
{
	struct cfg_engine cfg = card_cfg();
	struct card_rig c;

	cfg.latency = 777;
	c = card_open(&cfg, GCM);
	CU_ASSERT_EQUAL(card_due_at(&c), TIME_NEVER);
	CU_ASSERT_EQUAL(card_submit_one(&c, 0, 100, 5), 1); /* work until 11,005 */
	CU_ASSERT_EQUAL(card_due_at(&c), 11782);
	CU_ASSERT_EQUAL(card_submit_one(&c, 1, 200, 7000), 1); /* until 23,005 */
	CU_ASSERT_EQUAL(card_due_at(&c), 11782);
	card_expect(&c, 0, 11782, CRYPTO_OK);
	card_expect(&c, 1, 23782, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_submit_one(&c, 2, 1, 30000), 1); /* idle since: until 40,010 */
	card_expect(&c, 2, 40787, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_due_at(&c), TIME_NEVER);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SUBMITTED), 3);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_COMPLETED), 3);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_OUT_OF_ORDER), 0);
	card_close(&c);
}

/* Fractions of a ns a byte, and a text of AH, which is authenticated only. */
static void
test_bytes(void)
{
	struct cfg_engine cfg = card_cfg();
	struct card_rig c;
	struct crypto_op *op;

	cfg.byte_time = 2.27;
	c = card_open(&cfg, "esp-null esp-sha-hmac");
	CU_ASSERT_EQUAL(card_submit_one(&c, 0, 1408, 0), 1);
	card_expect(&c, 0, 10000 + 3196, CRYPTO_OK); /* 3,196.16 */
	op = card_op(&c, 1, c.encrypt, 0);
	op->auth_len = 1000;
	CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, &op, 1, 50000), 1);
	card_expect(&c, 1, 50000 + 10000 + 2270, CRYPTO_OK);
	card_close(&c);
}

/* Two units: the short job overtakes the long one, and that is counted. */
static void
test_units(void)
{
	struct cfg_engine cfg = card_cfg();
	struct card_rig c;

	cfg.units = 2;
	c = card_open(&cfg, GCM);
	card_submit_one(&c, 0, 1400, 0); /* unit 0 until 24,000 */
	card_submit_one(&c, 1, 100, 0);	 /* unit 1 until 11,000 */
	card_submit_one(&c, 2, 100, 0);	 /* unit 1 until 22,000 */
	card_submit_one(&c, 3, 210, 0);	 /* unit 1 until 34,100 */
	card_submit_one(&c, 4, 10, 0);	 /* unit 0 until 34,100: after job 3, which came first */
	card_expect(&c, 1, 11000, CRYPTO_OK);
	card_expect(&c, 2, 22000, CRYPTO_OK);
	card_expect(&c, 0, 24000, CRYPTO_OK);
	card_expect(&c, 3, 34100, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_take(&c, 34100), 4);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_OUT_OF_ORDER), 1);
	card_close(&c);
}

/* The queue holds so many, whether or not the driver has asked for those that are completed. */
static void
test_queue(void)
{
	struct cfg_engine cfg = card_cfg();
	struct crypto_op *ops[12];
	struct card_rig c = card_open(&cfg, GCM);

	for (unsigned i = 0; i < 12; i++)
		ops[i] = card_op(&c, i, c.encrypt, 100);
	CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, ops, 12, 0), 8);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_QUEUE_FULL), 1);
	CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, ops + 8, 4, 10999), 0);
	CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, ops + 8, 4, 22000), 2); /* two are completed */
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_QUEUE_FULL), 3);
	CU_ASSERT_EQUAL(card_due_at(&c), 0);
	for (unsigned i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(card_take(&c, 22000), i);
	for (unsigned i = 2; i < 10; i++)
		card_expect(&c, i, (i + 1) * 11000u, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_due_at(&c), TIME_NEVER);
	card_close(&c);
}

static enum status
try_session(struct card_rig *c, const char *words, struct crypto_session **session)
{
	struct transform t = rig_words(words);
	struct crypto_key key = {rig_key, alg_cipher_info[t.cipher].key, rig_auth_key, t.auth_key_len};
	char message[256] = "untouched";
	enum status status = c->rig.ops->session_create(
		c->rig.engine, &t, &key, CRYPTO_ENCRYPT, session, message, sizeof(message));

	if (status) {
		CU_ASSERT_PTR_NOT_NULL(strstr(message, "test"));
	}
	return status;
}

/* Slots and algorithms without a fallback. */
static void
test_slots(void)
{
	struct cfg_engine cfg = card_cfg();
	struct crypto_session *more = NULL;
	struct card_rig c;

	cfg.profile = "ipsec-spa";
	cfg.sa_slots = 3;
	c = card_open(&cfg, CBC); /* takes two */
	CU_ASSERT_EQUAL(try_session(&c, GCM, &more), ST_ERR_UNSUPPORTED);
	CU_ASSERT_EQUAL(try_session(&c, "esp-aes 128 esp-sha256-hmac", &more), ST_ERR_UNSUPPORTED);
	CU_ASSERT_EQUAL(try_session(&c, CBC, &more), ST_OK);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SESSIONS), 3);
	c.rig.ops->session_destroy(c.rig.engine, more);
	CU_ASSERT_EQUAL(try_session(&c, CBC, &more), ST_OK); /* the slot is free again */
	struct crypto_session *fourth = NULL;
	CU_ASSERT_EQUAL(try_session(&c, CBC, &fourth), ST_ERR_RANGE);
	CU_ASSERT_PTR_NULL(fourth);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SESSIONS_REFUSED), 3);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SESSIONS_SOFTWARE), 0);
	c.rig.ops->session_destroy(c.rig.engine, more);
	card_close(&c);
}

/* What has no slot is done at once, past a full queue, and overtakes what the card works on. */
static void
test_fallback(void)
{
	struct cfg_engine cfg = card_cfg();
	struct crypto_session *soft = NULL;
	struct crypto_op *ops[3];
	struct card_rig c;

	cfg.sa_slots = 2;
	cfg.queue = 1;
	cfg.fallback = CFG_FALLBACK_ON;
	c = card_open(&cfg, GCM);
	CU_ASSERT_EQUAL(try_session(&c, GCM, &soft), ST_OK);
	ops[0] = card_op(&c, 0, c.encrypt, 100);
	ops[1] = card_op(&c, 1, soft, 100);
	ops[2] = card_op(&c, 2, c.encrypt, 100);
	CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, ops, 3, 50), 2);
	CU_ASSERT_EQUAL(card_due_at(&c), 0);
	CU_ASSERT_EQUAL(card_take(&c, 50), 1);
	CU_ASSERT_EQUAL(ops[1]->result, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_take(&c, 11049), CARD_OPS);
	CU_ASSERT_EQUAL(card_take(&c, 11050), 0);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_FALLBACK), 1);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SESSIONS_SOFTWARE), 1);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SUBMITTED), 1);
	c.rig.ops->session_destroy(c.rig.engine, soft);
	card_close(&c);
}

/* A profile says all; what the configuration gives itself overrides it. */
static void
test_profiles(void)
{
	struct cfg_engine cfg = {
		.name = "test", .kind = "card", .profile = "vam2plus", .timeout = NS_PER_SEC};
	struct card_rig c = card_open(&cfg, CBC);

	card_submit_one(&c, 0, 16, 0);
	card_submit_one(&c, 1, 1408, 0);
	card_expect(&c, 0, 42827 + 50000, CRYPTO_OK);
	card_expect(&c, 1, 2 * 42827 + 50000, CRYPTO_OK); /* packets a second count, not bytes */
	card_close(&c);
	cfg.latency = 1;
	cfg.byte_time = 100;
	cfg.packet_time = 7;
	cfg.fallback = CFG_FALLBACK_OFF;
	c = card_open(&cfg, CBC);
	card_submit_one(&c, 0, 16, 0);
	card_expect(&c, 0, 1608, CRYPTO_OK);
	CU_ASSERT_EQUAL(try_session(&c, GCM, &c.encrypt), ST_ERR_UNSUPPORTED);
	card_close(&c);
}

static void
refuse(const struct cfg_engine *cfg, const char *word)
{
	struct engine *engine = NULL;
	char message[256] = "";

	CU_ASSERT_EQUAL(engine_create(cfg, &engine, message, sizeof(message)), ST_ERR_CONFIG);
	CU_ASSERT_PTR_NULL(engine);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, word));
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "test"));
}

static void
test_refused(void)
{
	struct cfg_engine cfg = card_cfg(), inner = card_cfg();

	cfg.profile = "aimm";
	refuse(&cfg, "aimm");
	cfg.profile = NULL;
	inner.name = "within";
	cfg.inner_engine = &inner;
	refuse(&cfg, "within");
}

int
suite_card(void)
{
	CU_pSuite s = CU_add_suite("card", NULL, NULL);

	CU_ADD_TEST(s, test_cryptography);
	CU_ADD_TEST(s, test_timing);
	CU_ADD_TEST(s, test_bytes);
	CU_ADD_TEST(s, test_units);
	CU_ADD_TEST(s, test_queue);
	CU_ADD_TEST(s, test_slots);
	CU_ADD_TEST(s, test_fallback);
	CU_ADD_TEST(s, test_profiles);
	CU_ADD_TEST(s, test_refused);
	return 0;
}
