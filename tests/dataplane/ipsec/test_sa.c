/* Making and ending SAs: sizes, numbers, templates, windows, and that every failure leaves nothing behind.
 * Uses an engine of its own that counts sessions and remembers what it was given; ciphers nothing. */
#include <stdio.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/bytes.h"
#include "tests/dataplane/ipsec/esp_kit.h"

int suite_sa(void);

/* ---- an engine that counts ---- */

struct counter {
	struct engine engine;
	int sessions;
	bool refuse;
	enum crypto_direction direction;
	uint8_t key[CFG_KEY_MAX], auth_key[CFG_KEY_MAX];
	unsigned key_len, auth_key_len;
};

static enum status
counter_session_create(struct engine *engine, const struct transform *transform, const struct crypto_key *key,
	enum crypto_direction direction, struct crypto_session **session, char *message, size_t bytes)
{
	struct counter *c = (struct counter *)engine;

	(void)transform;
	snprintf(message, bytes, "counted");
	if (c->refuse)
		return ST_ERR_UNSUPPORTED;
	c->sessions++;
	c->direction = direction;
	c->key_len = key->key_len;
	c->auth_key_len = key->auth_key_len;
	memcpy(c->key, key->key, key->key_len);
	memcpy(c->auth_key, key->auth_key, key->auth_key_len);
	*session = (struct crypto_session *)c->key; /* never looked into */
	return ST_OK;
}

static void
counter_session_destroy(struct engine *engine, struct crypto_session *session)
{
	struct counter *c = (struct counter *)engine;

	CU_ASSERT_PTR_EQUAL(session, c->key);
	c->sessions--;
}

static const struct engine_ops counter_ops = {
	.name = "counter",
	.session_create = counter_session_create,
	.session_destroy = counter_session_destroy,
};

static struct counter
counter_make(void)
{
	struct counter c = {.engine = {&counter_ops}};

	return c;
}

/* ---- good SAs ---- */

static void
cfg_make(struct cfg_sa *cfg, const struct kit_transform *t, enum cfg_direction direction)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->direction = direction;
	cfg->spi = KIT_SPI;
	cfg->src = ip_v4(KIT_SRC);
	cfg->dst = ip_v4(KIT_DST);
	cfg->transform = t->words;
	for (unsigned i = 0; i < CFG_KEY_MAX; i++) {
		cfg->key[i] = (uint8_t)(i + 1);
		cfg->auth_key[i] = (uint8_t)(0xff - i);
	}
	cfg->key_len = t->key + t->salt;
	cfg->auth_key_len = t->auth_key;
	cfg->window = 100;
	cfg->replay = "bitmap";
	cfg->first_seq = 1;
	cfg->dscp = -1;
	cfg->ttl = 64;
}

static void
check_sizes(const struct sa *sa, const struct kit_transform *t)
{
	CU_ASSERT_EQUAL((uintptr_t)sa % 64, 0);
	CU_ASSERT_EQUAL(sa->size.front, 28 + t->iv);
	CU_ASSERT_EQUAL(sa->iv_len, t->iv);
	CU_ASSERT_EQUAL(sa->icv_len, t->icv);
	CU_ASSERT_EQUAL(sa->size.block, t->block);
	CU_ASSERT_EQUAL(sa->mode, t->mode);
	CU_ASSERT_EQUAL(sa->authenticated, t->icv > 0);
}

static void
test_transforms(void)
{
	struct counter c = counter_make();
	struct cfg_sa cfg;
	struct sa *sa;

	for (unsigned i = 0; i < 2 * kit_transform_count; i++) {
		const struct kit_transform *t = &kit_transforms[i / 2];
		enum cfg_direction direction = i & 1 ? CFG_IN : CFG_OUT;

		cfg_make(&cfg, t, direction);
		CU_ASSERT_FATAL(sa_create(&cfg, 7, &c.engine, &sa, (char[256]){0}, 256) == ST_OK);
		check_sizes(sa, t);
		CU_ASSERT_EQUAL(c.direction, direction == CFG_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT);
		CU_ASSERT(c.key_len == t->key && c.auth_key_len == t->auth_key);
		CU_ASSERT(!memcmp(c.key, cfg.key, t->key) && !memcmp(c.auth_key, cfg.auth_key, t->auth_key));
		CU_ASSERT(!memcmp(sa->salt, cfg.key + t->key, t->salt));
		CU_ASSERT(sa->spi == KIT_SPI && sa->index == 7);
		CU_ASSERT(ip_equal(sa->src, ip_v4(KIT_SRC)) && ip_equal(sa->dst, ip_v4(KIT_DST)));
		CU_ASSERT(sa->cfg == &cfg && sa->direction == direction);
		CU_ASSERT(!sa->packets && !sa->bytes && !sa->errors && !sa->replays && !sa->duplicates);
		CU_ASSERT_EQUAL(sa->lag.count != NULL, direction == CFG_IN);
		/* no window on the way out, nor where nothing is authenticated */
		CU_ASSERT_EQUAL(sa->replay != NULL, direction == CFG_IN && t->icv);
		CU_ASSERT_EQUAL(sa->window != NULL, direction == CFG_IN && t->icv);
		CU_ASSERT_EQUAL(sa->window_size, direction == CFG_IN && t->icv ? 100 : 0);
		CU_ASSERT_EQUAL((uintptr_t)sa->window % 64, 0);
		sa_destroy(sa, &c.engine);
		CU_ASSERT_EQUAL(c.sessions, 0);
	}
	sa_destroy(NULL, &c.engine);
}

static void
test_numbers(void)
{
	static const struct {
		uint64_t first, before; /* the number sent before, or the right edge */
		bool esn;
	} rows[] = {
		{0, 0, false},
		{1, 0, false},
		{2, 1, false},
		{5000, 4999, false},
		{UINT64_C(0x100000000), 0xffffffff, false}, /* used up from the start */
		{0, 0, true},
		{1, 0, true},
		{UINT64_C(0x100000001), UINT64_C(0x100000000), true},
		{UINT64_MAX, UINT64_MAX - 1, true},
	};
	struct counter c = counter_make();
	struct cfg_sa cfg;
	struct sa *sa;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cfg_make(&cfg, &kit_transforms[0], CFG_OUT);
		cfg.first_seq = rows[i].first;
		cfg.esn = rows[i].esn;
		CU_ASSERT_FATAL(sa_create(&cfg, 0, &c.engine, &sa, (char[256]){0}, 256) == ST_OK);
		CU_ASSERT_EQUAL(sa->seq, rows[i].before);
		CU_ASSERT_EQUAL(sa->seq_max, rows[i].esn ? UINT64_MAX : UINT32_MAX);
		CU_ASSERT_EQUAL(sa->esn, rows[i].esn);
		sa_destroy(sa, &c.engine);
		cfg.direction = CFG_IN;
		CU_ASSERT_FATAL(sa_create(&cfg, 0, &c.engine, &sa, (char[256]){0}, 256) == ST_OK);
		CU_ASSERT_EQUAL(sa->replay->right_edge(sa->window), rows[i].before);
		CU_ASSERT_EQUAL(sa->ahead, rows[i].before);
		sa_destroy(sa, &c.engine);
	}
}

static void
test_window(void)
{
	static const uint32_t windows[] = {0, 1, 63, 64, 1000, REPLAY_WINDOW_MAX};
	struct counter c = counter_make();
	struct cfg_sa cfg;
	struct sa *sa;

	for (unsigned i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		cfg_make(&cfg, &kit_transforms[2], CFG_IN);
		cfg.window = windows[i];
		CU_ASSERT_FATAL(sa_create(&cfg, 0, &c.engine, &sa, (char[256]){0}, 256) == ST_OK);
		CU_ASSERT_EQUAL(sa->window_size, windows[i]);
		CU_ASSERT_EQUAL(sa->replay != NULL, windows[i] > 0);
		CU_ASSERT_EQUAL(sa->replay ? sa->replay->commit(sa->window, 1) : DROP_NONE, DROP_NONE);
		sa_destroy(sa, &c.engine);
	}
}

/* Bytes worked out by hand: 4500 + 2032 + c000 + 0201 + c633 + 6402 = 2 5168 → 516a, and so on. */
static void
test_template(void)
{
	static const struct {
		int32_t dscp;
		enum cfg_df df;
		uint8_t ttl;
		uint8_t tos, flags;
		uint16_t sum;
	} rows[] = {
		{-1, CFG_DF_COPY, 0x20, 0x00, 0x00, 0x516a},
		{0, CFG_DF_CLEAR, 0x20, 0x00, 0x00, 0x516a},
		{46, CFG_DF_SET, 0x20, 0xb8, 0x40, 0x9222},
		{63, CFG_DF_COPY, 0xff, 0xfc, 0x00, 0x3167},
	};
	struct counter c = counter_make();
	struct cfg_sa cfg;
	struct sa *sa;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t want[20] = {0x45, rows[i].tos, 0, 0, 0, 0, rows[i].flags, 0, rows[i].ttl, 50,
			(uint8_t)(rows[i].sum >> 8), (uint8_t)rows[i].sum, 192, 0, 2, 1, 198, 51, 100, 2};

		cfg_make(&cfg, &kit_transforms[0], CFG_OUT);
		cfg.dscp = rows[i].dscp;
		cfg.df = rows[i].df;
		cfg.ttl = rows[i].ttl;
		CU_ASSERT_FATAL(sa_create(&cfg, 0, &c.engine, &sa, (char[256]){0}, 256) == ST_OK);
		CU_ASSERT(memcmp(sa->outer, want, 20) == 0);
		CU_ASSERT_EQUAL(sa->copy_dscp, rows[i].dscp < 0);
		CU_ASSERT_EQUAL(sa->df, rows[i].df);
		sa_destroy(sa, &c.engine);
	}
}

/* ---- SAs that cannot be ---- */

static void
check_refused(const struct cfg_sa *cfg, struct counter *c, enum status want)
{
	struct sa *sa = (struct sa *)c;

	CU_ASSERT_EQUAL(sa_create(cfg, 0, &c->engine, &sa, (char[256]){0}, 256), want);
	CU_ASSERT_PTR_NULL(sa);
	CU_ASSERT_EQUAL(c->sessions, 0);
}

static void
test_refused_keys(void)
{
	struct counter c = counter_make();
	struct cfg_sa cfg;

	for (unsigned i = 0; i < kit_transform_count; i++) {
		const struct kit_transform *t = &kit_transforms[i];

		for (unsigned len = 0; len <= CFG_KEY_MAX; len++) {
			cfg_make(&cfg, t, CFG_OUT);
			cfg.key_len = len;
			if (len != t->key + t->salt)
				check_refused(&cfg, &c, ST_ERR_CONFIG);
			cfg_make(&cfg, t, CFG_IN);
			cfg.auth_key_len = len;
			if (len != t->auth_key)
				check_refused(&cfg, &c, ST_ERR_CONFIG);
		}
	}
}

static void
test_refused(void)
{
	struct counter c = counter_make();
	struct cfg_sa cfg;

	cfg_make(&cfg, &kit_transforms[0], CFG_IN);
	cfg.transform = "esp-rot13";
	check_refused(&cfg, &c, ST_ERR_CONFIG);
	cfg_make(&cfg, &kit_transforms[0], CFG_IN);
	cfg.replay = "no such window";
	check_refused(&cfg, &c, ST_ERR_NOT_FOUND);
	cfg.replay = NULL;
	check_refused(&cfg, &c, ST_ERR_NOT_FOUND);
	cfg_make(&cfg, &kit_transforms[0], CFG_IN);
	cfg.window = REPLAY_WINDOW_MAX + 1;
	check_refused(&cfg, &c, ST_ERR_RANGE);
	cfg_make(&cfg, &kit_transforms[0], CFG_OUT);
	cfg.dscp = 64;
	check_refused(&cfg, &c, ST_ERR_RANGE);
	cfg_make(&cfg, &kit_transforms[0], CFG_OUT);
	cfg.first_seq = UINT64_C(0x100000001);
	check_refused(&cfg, &c, ST_ERR_RANGE);
	cfg_make(&cfg, &kit_transforms[0], CFG_IN);
	c.refuse = true;
	check_refused(&cfg, &c, ST_ERR_UNSUPPORTED);
}

int
suite_sa(void)
{
	CU_pSuite s = CU_add_suite("sa", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_transforms);
	CU_ADD_TEST(s, test_numbers);
	CU_ADD_TEST(s, test_window);
	CU_ADD_TEST(s, test_template);
	CU_ADD_TEST(s, test_refused_keys);
	CU_ADD_TEST(s, test_refused);
	return (int)CU_get_error();
}
