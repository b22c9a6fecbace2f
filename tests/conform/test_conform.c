/* conform/, cases of engines: each must find its fault, and only those that the fault touches may fail. */
#include "tests/conform/conform_rig.h"

#include "dataplane/replay/replay.h"
#include "tests/conform/faulty.h"

int suite_conform(void);

#define GCM "esp-gcm 192"
#define CBC "esp-aes 128 esp-sha-hmac"

static void
fault_expect(enum fault fault, const char *words, const char *failed, struct heard *heard)
{
	struct engine *inner = rig_open().engine, *reference = rig_open().engine;
	struct engine *engine = faulty_create(inner, fault);
	const struct conform_subject subject = {.engine = engine, .reference = reference, .window_most = 128};

	CU_ASSERT_PTR_NOT_NULL_FATAL(engine);
	rig_expect(&subject, words, failed, heard);
	engine_destroy(engine);
	engine_destroy(inner);
	engine_destroy(reference);
}

static void
test_sound(void)
{
	static const char *const words[] = {GCM, CBC, "esp-gmac", "esp-ccm 256", "esp-chacha20-poly1305",
		"esp-aes-ctr 256 esp-sha512-hmac", "esp-3des esp-md5-hmac", "esp-des",
		"esp-null esp-aes-xcbc-mac", "ah-sha256-hmac"};
	struct heard heard;

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
		fault_expect(FAULT_NONE, words[i], "", &heard);
		CU_ASSERT(heard.sum.lines[CONFORM_PASS] >= 8);
		CU_ASSERT(strstr(heard.order, "in order") != NULL);
	}
}

static void
test_computing(void)
{
	struct heard heard;

	fault_expect(FAULT_ICV_BIT, GCM, "icv esp_icv ", &heard);
	fault_expect(FAULT_ICV_BIT, CBC, "icv esp_icv ", &heard);
	fault_expect(FAULT_ICV_BIT, "ah-sha-hmac", "icv ", &heard);
	fault_expect(FAULT_SHORT, GCM, "short ", &heard);
	fault_expect(FAULT_LONG, CBC, "size esp_size ", &heard);
	fault_expect(FAULT_OUTSIDE, CBC, "short size ", &heard);
	fault_expect(FAULT_KEY, GCM, "session ", &heard);
	fault_expect(FAULT_KEY, CBC, "session ", &heard);
	fault_expect(FAULT_CHAIN, GCM, "chain ", &heard);
	fault_expect(FAULT_CHAIN, CBC, "chain ", &heard);
	fault_expect(FAULT_CHAIN, "ah-sha-hmac", "chain ", &heard);
}

/* What an engine does wrong in both directions alike only the published vectors and a second engine show. */
static void
test_compared(void)
{
	struct heard heard;

	fault_expect(FAULT_IV, "esp-aes 128", "vector short size esp_back esp_size esp_pad esp_tfc ", &heard);
	fault_expect(FAULT_AAD_BIT, "esp-gcm 192",
		"icv esp_out esp_size esp_pad esp_pad_beyond esp_next esp_tfc esp_icv esp_esn "
		"replay_rows replay_size replay_zero replay_esn ",
		&heard);
	fault_expect(FAULT_ESN, GCM, "esp_esn replay_rows replay_zero replay_esn ", &heard);
}

static void
test_completing(void)
{
	struct heard heard;

	fault_expect(FAULT_REVERSED, GCM, "", &heard);
	CU_ASSERT(strstr(heard.order, "out of order") != NULL);
	fault_expect(FAULT_TWICE, GCM, "order ", &heard);
	fault_expect(FAULT_FOREIGN, GCM, "order queue ", &heard);
	fault_expect(FAULT_LOST, "ah-sha-hmac", "icv chain order queue ", &heard);
	fault_expect(FAULT_OVERFLOW, GCM, "queue ", &heard);
	fault_expect(FAULT_EARLY, GCM, "due ", &heard);
	fault_expect(FAULT_LATE, GCM, "due ", &heard);
}

/* A window that is one too wide, and one that is as it must be. */
static enum drop
wide_check(const void *state, uint64_t seq)
{
	const struct replay_ops *bitmap = replay_find("bitmap");
	uint64_t edge = bitmap->right_edge(state);

	return seq == edge - 64 ? DROP_NONE : bitmap->check(state, seq);
}

static void
test_designs(void)
{
	struct replay_ops wide = *replay_find("bitmap");
	struct heard heard = {0};
	const struct conform_sink sink = {heard_line, &heard};

	CU_ASSERT_EQUAL(conform_replay(replay_find("bitmap"), &sink, &heard.sum), ST_OK);
	CU_ASSERT_STRING_EQUAL(heard.failed, "");
	CU_ASSERT(heard.sum.lines[CONFORM_PASS] >= 10);
	wide.name = "wide";
	wide.check = wide_check;
	CU_ASSERT_EQUAL(conform_replay(&wide, &sink, &heard.sum), ST_OK);
	CU_ASSERT_STRING_EQUAL(heard.failed, "replay_rows ");
	CU_ASSERT(heard.sum.lines[CONFORM_FAIL] > 3 && heard.sum.lines[CONFORM_PASS] > 0);
}

/* A transform that the engine says it does not have. */
static enum status
refuse(struct engine *engine, const struct transform *transform, const struct crypto_key *key,
	enum crypto_direction direction, struct crypto_session **session, char *message, size_t bytes)
{
	(void)engine, (void)transform, (void)key, (void)direction, (void)session;
	snprintf(message, bytes, "not this one");
	return ST_ERR_UNSUPPORTED;
}

static void
test_skipped(void)
{
	struct engine *inner = rig_open().engine;
	const struct engine_ops ops = {.name = "refuses", .session_create = refuse};
	struct engine engine = {.ops = &ops};
	const struct conform_subject subject = {.engine = &engine, .reference = inner};
	struct heard heard;

	rig_expect(&subject, GCM, "", &heard);
	CU_ASSERT_EQUAL(heard.sum.lines[CONFORM_SKIP], 1);
	CU_ASSERT_EQUAL(heard.sum.lines[CONFORM_PASS], 0);
	engine_destroy(inner);
}

int
suite_conform(void)
{
	CU_pSuite s = CU_add_suite("conform", NULL, NULL);

	if (!s || !CU_add_test(s, "a sound engine passes", test_sound) ||
		!CU_add_test(s, "what is computed wrongly", test_computing) ||
		!CU_add_test(s, "what only a comparison shows", test_compared) ||
		!CU_add_test(s, "what comes back wrongly", test_completing) ||
		!CU_add_test(s, "window designs", test_designs) ||
		!CU_add_test(s, "transforms that are not there", test_skipped))
		return (int)CU_get_error();
	return 0;
}
