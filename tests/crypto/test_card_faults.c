/* crypto/card: each fault alone, at given jobs and by chance; what the driver makes of it; and that an
 * operation is left alone once it was given back (its memory is freed at once: a sanitizer would tell). */
#include "tests/crypto/card_rig.h"

int suite_card_faults(void);

#define CBC "esp-aes 128 esp-sha-hmac"
#define US 1000u

/* 10 us a job, whatever its size, and one fault. */
static struct card_rig
faulty(struct cfg_engine *cfg, struct cfg_fault *fault, const char *words)
{
	*cfg = card_cfg();
	cfg->byte_time = 0;
	cfg->queue = 32;
	cfg->faults = fault;
	cfg->n_faults = 1;
	return card_open(cfg, words);
}

static void
submit_many(struct card_rig *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(card_submit_one(c, i, 64, 0), 1);
}

static void
test_reorder(void)
{
	uint64_t jobs[] = {2, 4};
	struct cfg_fault fault = {CFG_FAULT_REORDER, .jobs = jobs, .n_jobs = 2, .delay = 15 * US};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);

	submit_many(&c, 5); /* work until 10, 20, 30, 40, 50 us */
	card_expect(&c, 0, 10 * US, CRYPTO_OK);
	card_expect(&c, 2, 30 * US, CRYPTO_OK);
	card_expect(&c, 1, 35 * US, CRYPTO_OK);
	card_expect(&c, 4, 50 * US, CRYPTO_OK);
	card_expect(&c, 3, 55 * US, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_OUT_OF_ORDER), 2);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_COMPLETED), 5);
	card_close(&c);
}

/* Those behind wait, and the card has worked on. */
static void
test_late(void)
{
	uint64_t jobs[] = {2};
	struct cfg_fault fault = {CFG_FAULT_LATE, .jobs = jobs, .n_jobs = 1, .delay = 25 * US};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);

	submit_many(&c, 5);
	card_expect(&c, 0, 10 * US, CRYPTO_OK);
	card_expect(&c, 1, 45 * US, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_take(&c, 45 * US), 2);
	CU_ASSERT_EQUAL(card_take(&c, 45 * US), 3);
	card_expect(&c, 4, 50 * US, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_LATE), 1);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_OUT_OF_ORDER), 0);
	card_close(&c);
}

/* A good packet reported as forged: decryption only, and only where there is an ICV. */
static void
test_mac(void)
{
	static const struct {
		const char *words;
		bool decrypt;
		enum crypto_result result;
	} rows[] = {{CBC, false, CRYPTO_OK}, {CBC, true, CRYPTO_BAD_ICV},
		{"esp-gcm 128", true, CRYPTO_BAD_ICV}, {"esp-aes 128", true, CRYPTO_OK}};

	for (unsigned r = 0; r < 4; r++) {
		uint64_t jobs[] = {2, 3};
		struct cfg_fault fault = {CFG_FAULT_MAC, .jobs = jobs, .n_jobs = 2};
		struct cfg_engine cfg;
		struct card_rig c = faulty(&cfg, &fault, rows[r].words);
		struct crypto_op *op;

		for (unsigned job = 1; job <= 3; job++) { /* one packet, opened again or sealed again */
			struct crypto_session *session = job > 1 && rows[r].decrypt ? c.decrypt : c.encrypt;
			enum crypto_result wanted = job == 2 ? rows[r].result : CRYPTO_OK;

			if (job == 1)
				card_op(&c, 0, session, 64);
			op = c.op[0];
			op->session = session;
			if (job == 3)
				op->icv[0] ^= rows[r].decrypt; /* and one that is forged indeed */
			CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, &op, 1, job * 50u * US), 1);
			CU_ASSERT_EQUAL(card_take(&c, (job * 50u + 10u) * US), 0);
			if (job < 3)
				CU_ASSERT_EQUAL(op->result, wanted);
			if (job == 2 && rows[r].decrypt) /* sealed anew: decryption was in place */
				op->session = c.encrypt;
		}
		unsigned bad = rows[r].result == CRYPTO_BAD_ICV;

		CU_ASSERT_EQUAL(card_count(&c, ENGINE_MAC_FALSE), bad);
		CU_ASSERT_EQUAL(card_count(&c, ENGINE_MAC_MISCOMPARE), bad * 2);
		card_close(&c);
	}
}

/* Never completed: given up when the timeout is over, to the ns, and its place is free again. */
static void
test_lost(void)
{
	uint64_t jobs[] = {1, 3};
	struct cfg_fault fault = {CFG_FAULT_LOST, .jobs = jobs, .n_jobs = 2};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);

	submit_many(&c, 3);
	card_expect(&c, 1, 20 * US, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_due_at(&c), 1000 * US);
	card_expect(&c, 0, 1000 * US, CRYPTO_LOST);
	CU_ASSERT_EQUAL(card_take(&c, 1000 * US), 2);
	CU_ASSERT_EQUAL(c.op[2]->result, CRYPTO_LOST);
	card_op_free(&c, 2);
	CU_ASSERT_EQUAL(card_due_at(&c), TIME_NEVER);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_LOST), 2);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_COMPLETED), 1);
	for (unsigned i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(card_submit_one(&c, i, 64, 2000 * US), 1); /* all 32 places */
	CU_ASSERT_EQUAL(card_submit_one(&c, 32, 64, 2000 * US), 0);
	card_close(&c);
}

/* Later than the timeout: lost for the driver, and its completion finds nobody who waits. */
static void
test_stale(void)
{
	uint64_t jobs[] = {1};
	struct cfg_fault fault = {CFG_FAULT_REORDER, .jobs = jobs, .n_jobs = 1, .delay = 5000 * US};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);

	submit_many(&c, 2);
	card_expect(&c, 1, 20 * US, CRYPTO_OK);
	card_expect(&c, 0, 1000 * US, CRYPTO_LOST); /* freed here */
	CU_ASSERT_EQUAL(card_submit_one(&c, 0, 64, 5009 * US), 1); /* another one at the same place */
	CU_ASSERT_EQUAL(card_take(&c, 5010 * US), CARD_OPS);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_STALE), 1);
	card_expect(&c, 0, 5019 * US, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_LOST), 1);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_OUT_OF_ORDER), 0);
	card_close(&c);
}

/* A completion at the very deadline is in time. */
static void
test_deadline(void)
{
	for (unsigned late = 0; late < 2; late++) {
		uint64_t jobs[] = {1};
		struct cfg_fault fault = {
			CFG_FAULT_REORDER, .jobs = jobs, .n_jobs = 1, .delay = 990 * US + late};
		struct cfg_engine cfg;
		struct card_rig c = faulty(&cfg, &fault, CBC);

		submit_many(&c, 1);
		card_expect(&c, 0, 1000 * US, late ? CRYPTO_LOST : CRYPTO_OK);
		CU_ASSERT_EQUAL(card_count(&c, ENGINE_LOST), late);
		card_close(&c);
	}
}

static void
test_duplicate(void)
{
	struct cfg_fault fault = {CFG_FAULT_DUPLICATE, .rate = 1};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);

	for (unsigned round = 0; round < 3; round++) { /* more jobs than the queue has places */
		uint64_t start = round * 1000u * US;

		for (unsigned i = 0; i < 32; i++)
			CU_ASSERT_EQUAL(card_submit_one(&c, i, 64, start), 1);
		for (unsigned i = 0; i < 32; i++)
			card_expect(&c, i, start + (i + 1) * 10u * US, CRYPTO_OK);
	}
	CU_ASSERT_EQUAL(card_take(&c, NS_PER_SEC), CARD_OPS);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_DUPLICATE), 96);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_COMPLETED), 96);
	card_close(&c);
}

/* All units stand still: what was to be completed later comes so much later, in the same order. */
static void
test_stuck(void)
{
	uint64_t jobs[] = {3};
	struct cfg_fault fault = {CFG_FAULT_STUCK, .jobs = jobs, .n_jobs = 1, .delay = 100 * US};
	struct cfg_engine cfg = card_cfg();
	struct card_rig c;

	cfg.byte_time = 10;
	cfg.units = 2;
	cfg.latency = 5 * US;
	cfg.faults = &fault;
	cfg.n_faults = 1;
	c = card_open(&cfg, CBC);
	card_submit_one(&c, 0, 992, 0);	 /* unit 0 until 19.92 us, seen at 24.92 */
	card_submit_one(&c, 1, 0, 0);	 /* unit 1 until 10.24 (24 bytes authenticated), seen at 15.24 */
	card_submit_one(&c, 2, 64, 0);	 /* starts at 10.24, and the card stands until 110.24 */
	card_submit_one(&c, 3, 64, 0);
	card_expect(&c, 1, 115240, CRYPTO_OK);
	card_expect(&c, 0, 124920, CRYPTO_OK);
	card_expect(&c, 2, 125880, CRYPTO_OK); /* 110.24 + 10.64 + 5 */
	card_expect(&c, 3, 135560, CRYPTO_OK); /* unit 0: 19.92 + 100 + 10.64 + 5 */
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_STUCK), 1);
	card_close(&c);
}

/* Longer than the timeout: the queue runs full and stays so, though the driver has given up what is in it. */
static void
test_stuck_long(void)
{
	uint64_t jobs[] = {1};
	struct cfg_fault fault = {CFG_FAULT_STUCK, .jobs = jobs, .n_jobs = 1, .delay = 3000 * US};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);

	submit_many(&c, 32);
	CU_ASSERT_EQUAL(card_submit_one(&c, 32, 64, 500 * US), 0);
	card_expect(&c, 0, 1000 * US, CRYPTO_LOST);
	for (unsigned i = 1; i < 32; i++) {
		CU_ASSERT_EQUAL(card_take(&c, 1000 * US), i);
		CU_ASSERT_EQUAL(c.op[i]->result, CRYPTO_LOST);
		card_op_free(&c, i);
	}
	CU_ASSERT_EQUAL(card_submit_one(&c, 32, 64, 2999 * US), 0);
	CU_ASSERT_EQUAL(card_submit_one(&c, 32, 64, 3010 * US), 1);
	card_expect(&c, 32, 3330 * US, CRYPTO_OK);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_LOST), 32);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_STALE), 32);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_QUEUE_FULL), 2);
	card_close(&c);
}

/* Damaged while encrypting: the peer finds it.  While decrypting, or without an ICV: it is said at once. */
static void
test_short(void)
{
	static const char *const words[] = {CBC, "esp-gcm 128", "esp-aes 128", "ah-sha-hmac"};

	for (unsigned w = 0; w < 4; w++) {
		struct cfg_fault fault = {CFG_FAULT_SHORT, .bytes = 100};
		struct cfg_engine cfg;
		struct card_rig c = faulty(&cfg, &fault, words[w]);
		struct rig plain = rig_open();
		struct crypto_session *open = rig_session(&plain, &c.transform, CRYPTO_DECRYPT);

		for (unsigned i = 0; i < 2; i++) {
			uint32_t bytes = i ? 128 : 64;
			struct crypto_op *op = card_op(&c, i, c.encrypt, bytes), other;
			bool icv = c.transform.icv_len != 0;

			CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, &op, 1, i * 50u * US), 1);
			CU_ASSERT_EQUAL(card_take(&c, (i * 50u + 10u) * US), i);
			CU_ASSERT_EQUAL(op->result, i || icv ? CRYPTO_OK : CRYPTO_FAILED);
			other = rig_op(open, &c.transform, c.packet[i], bytes);
			if (icv)
				CU_ASSERT_EQUAL(rig_run_one(&plain, &other), i ? CRYPTO_OK : CRYPTO_BAD_ICV);
		}
		CU_ASSERT_EQUAL(card_count(&c, ENGINE_SHORT_DAMAGED), 1);
		plain.ops->session_destroy(plain.engine, open);
		rig_close(&plain);
		card_close(&c);
	}
}

static void
test_short_decrypt(void)
{
	struct cfg_fault fault = {CFG_FAULT_SHORT, .bytes = 100};
	struct cfg_engine cfg;
	struct card_rig c = faulty(&cfg, &fault, CBC);
	struct rig plain = rig_open();
	struct crypto_session *seal = rig_session(&plain, &c.transform, CRYPTO_ENCRYPT);

	for (unsigned i = 0; i < 2; i++) {
		struct crypto_op *op = card_op(&c, i, c.decrypt, i ? 112 : 96);
		struct crypto_op first = rig_op(seal, &c.transform, c.packet[i], i ? 112 : 96);

		CU_ASSERT_EQUAL(rig_run_one(&plain, &first), CRYPTO_OK);
		CU_ASSERT_EQUAL(c.rig.ops->submit(c.rig.engine, &op, 1, i * 50u * US), 1);
		CU_ASSERT_EQUAL(card_take(&c, (i * 50u + 10u) * US), i);
		CU_ASSERT_EQUAL(op->result, i ? CRYPTO_OK : CRYPTO_BAD_ICV);
	}
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SHORT_DAMAGED), 1);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_MAC_MISCOMPARE), 1);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_MAC_FALSE), 0);
	plain.ops->session_destroy(plain.engine, seal);
	rig_close(&plain);
	card_close(&c);
}

/* Which of 64 jobs are lost by chance, as bits. */
static uint64_t
lost_by_chance(uint64_t seed, const char *owner, unsigned more)
{
	struct cfg_fault faults[] = {
		{CFG_FAULT_LOST, .rate = 0.3}, {CFG_FAULT_DUPLICATE, .rate = 0.5}};
	struct cfg_engine cfg = card_cfg();
	uint64_t lost = 0;
	struct card_rig c;

	cfg.seed = seed;
	cfg.owner = owner;
	cfg.queue = 64;
	cfg.faults = faults;
	cfg.n_faults = 1 + more;
	c = card_open(&cfg, "esp-gcm 128");
	submit_many(&c, 64);
	for (unsigned i = 0, at; i < 64 && (at = card_take(&c, NS_PER_SEC)) < CARD_OPS; i++) {
		lost |= (uint64_t)(c.op[at]->result == CRYPTO_LOST) << at;
		card_op_free(&c, at);
	}
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_LOST), (unsigned)__builtin_popcountll(lost));
	card_close(&c);
	return lost;
}

/* The same seed and gateway: the same jobs, whatever other faults there are. */
static void
test_chance(void)
{
	uint64_t lost = lost_by_chance(1, "gwa", 0);

	CU_ASSERT(__builtin_popcountll(lost) > 8 && __builtin_popcountll(lost) < 32);
	CU_ASSERT_EQUAL(lost_by_chance(1, "gwa", 0), lost);
	CU_ASSERT_EQUAL(lost_by_chance(1, "gwa", 1), lost);
	CU_ASSERT_NOT_EQUAL(lost_by_chance(1, "gwb", 0), lost);
	CU_ASSERT_NOT_EQUAL(lost_by_chance(2, "gwa", 0), lost);
}

/* Many jobs and all faults: each comes back exactly once, and nothing is left. */
static void
test_all(void)
{
	struct cfg_fault faults[] = {{CFG_FAULT_REORDER, .rate = 0.1, .delay = 300 * US},
		{CFG_FAULT_LOST, .rate = 0.05}, {CFG_FAULT_LATE, .rate = 0.02, .delay = 1200 * US},
		{CFG_FAULT_DUPLICATE, .rate = 0.1}, {CFG_FAULT_STUCK, .rate = 0.01, .delay = 900 * US},
		{CFG_FAULT_SHORT, .bytes = 50}, {CFG_FAULT_MAC, .rate = 0.1}};
	struct cfg_engine cfg = card_cfg();
	uint64_t taken = 0, back = 0, now = 0;
	struct card_rig c;

	cfg.units = 3;
	cfg.faults = faults;
	cfg.n_faults = 7;
	c = card_open(&cfg, CBC);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned free_at = 0, at;

		now += 1 + round * 7919u % 20000;
		while ((at = card_take(&c, now)) < CARD_OPS) {
			card_op_free(&c, at);
			back++;
		}
		while (c.op[free_at])
			free_at++;
		taken += card_submit_one(&c, free_at, 16 * (1 + round % 9), now);
	}
	for (unsigned at; (at = card_take(&c, now + NS_PER_SEC)) < CARD_OPS; back++)
		card_op_free(&c, at);
	CU_ASSERT_EQUAL(back, taken);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_SUBMITTED), taken);
	CU_ASSERT_EQUAL(card_count(&c, ENGINE_COMPLETED) + card_count(&c, ENGINE_LOST), taken);
	CU_ASSERT(card_count(&c, ENGINE_QUEUE_FULL) && card_count(&c, ENGINE_STALE) &&
		  card_count(&c, ENGINE_DUPLICATE) && card_count(&c, ENGINE_OUT_OF_ORDER));
	CU_ASSERT_EQUAL(card_due_at(&c), TIME_NEVER);
	card_close(&c);
}

int
suite_card_faults(void)
{
	CU_pSuite s = CU_add_suite("card_faults", NULL, NULL);

	CU_ADD_TEST(s, test_reorder);
	CU_ADD_TEST(s, test_late);
	CU_ADD_TEST(s, test_mac);
	CU_ADD_TEST(s, test_lost);
	CU_ADD_TEST(s, test_stale);
	CU_ADD_TEST(s, test_deadline);
	CU_ADD_TEST(s, test_duplicate);
	CU_ADD_TEST(s, test_stuck);
	CU_ADD_TEST(s, test_stuck_long);
	CU_ADD_TEST(s, test_short);
	CU_ADD_TEST(s, test_short_decrypt);
	CU_ADD_TEST(s, test_chance);
	CU_ADD_TEST(s, test_all);
	return 0;
}
