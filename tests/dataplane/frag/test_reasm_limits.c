/* Reassembly that is abused: trains that never end, floods, noise; time. */
#include "base/rng.h"
#include "dataplane/frag/reasm_priv.h"
#include "tests/dataplane/frag/reasm_rig.h"

int suite_reasm_limits(void);

static void
test_timeout(void)
{
	struct rig *rig = malloc(sizeof(*rig));

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 4, 4, 1 << 16);
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), TIME_NEVER);
	put_piece(rig, false, 1, 0, 8, true, 100);
	put_piece(rig, true, 2, 0, 8, true, 200);
	put_piece(rig, false, 1, 16, 8, true, 900); /* the first counts */
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), 100 + TIMEOUT);
	reasm_run(rig->r, 99 + TIMEOUT);
	CU_ASSERT_EQUAL(reasm_held(rig->r), 3);
	reasm_run(rig->r, 100 + TIMEOUT);
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_TIMEOUT], 2);
	CU_ASSERT_EQUAL(reasm_next_due(rig->r), 200 + TIMEOUT);
	/* what comes too late begins anew */
	CU_ASSERT_FALSE(put_piece(rig, true, 2, 8, 3, false, 200 + TIMEOUT));
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_TIMEOUT], 3);
	CU_ASSERT_TRUE(put_piece(rig, true, 2, 0, 8, true, 201 + TIMEOUT));
	/* an overlap is over when its time is */
	put_piece(rig, false, 7, 0, 8, true, 3000);
	put_piece(rig, false, 7, 0, 16, true, 3000);
	CU_ASSERT_FALSE(put_piece(rig, false, 7, 0, 8, true, 2999 + TIMEOUT));
	CU_ASSERT_FALSE(put_piece(rig, false, 7, 0, 8, true, 3000 + TIMEOUT));
	CU_ASSERT_TRUE(put_piece(rig, false, 7, 8, 3, false, 3000 + TIMEOUT));
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_OVERLAP], 3);
	stop(rig);
	free(rig);
}

/* Trains that never end, from one source and from many: memory is bounded, good packets pass between them. */
static void
test_floods(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	uint8_t ip[2000];
	unsigned good = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 64, 8, 1 << 16); /* 128 fragments of 512 bytes */
	for (uint32_t i = 0; i < 10000; i++) {
		bool v6 = i & 1;

		put(rig, ip, make(ip, v6, 6, i, 8, 16, true), 1);
		CU_ASSERT(reasm_held(rig->r) <= 2 * 8 + 1); /* IPv4 and IPv6 are two sources */
		put_piece(rig, v6, i, 0, 8, true, 1);
		good += put_piece(rig, v6, i, 8, 3, false, 1);
	}
	CU_ASSERT_EQUAL(good, 10000);
	CU_ASSERT_EQUAL(rig->ended[DROP_FRAG_LIMIT], 10000 - 2 * 8);
	good = 0;
	for (uint32_t i = 0; i < 10000; i++) {
		put(rig, ip, make(ip, i & 1, 1000 + i, i, 8, 16, true), 1);
		CU_ASSERT(reasm_held(rig->r) <= 64);
		put_piece(rig, false, i, 0, 8, true, 1);
		good += put_piece(rig, false, i, 8, 3, false, 1);
	}
	CU_ASSERT_EQUAL(good, 10000);
	/* by bytes: 65536 / 1500 */
	for (uint32_t i = 0; i < 1000; i++) {
		put(rig, ip, make(ip, false, 100000 + i, i, 8, 1480, true), 1);
		CU_ASSERT(i < 100 || reasm_held(rig->r) == 43);
	}
	/* one packet alone takes no more either: its own newcomer is refused */
	for (uint32_t i = 0; i < 1000; i++) {
		put(rig, ip, make(ip, true, 3, 3, i * 16, 8, true), 1);
		CU_ASSERT(reasm_held(rig->r) <= 128);
	}
	CU_ASSERT_EQUAL(reasm_held(rig->r), 128);
	stop(rig);
	free(rig);
}

/* A million fragments of many sources: trains that never end, and overlaps. All that is kept stays within the
 * limits; what ended is counted, once. */
static void
test_million(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	uint32_t most = 0, heaviest = 0;
	uint8_t ip[2000];
	struct rng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 1024, 16, 1 << 19);
	rng_init(&rng, 1, "million");
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t at = (uint32_t)rng_below(&rng, 4) * 1024;
		uint32_t bytes = 512 + (uint32_t)rng_below(&rng, 65) * 8;
		uint32_t id = i / 3, source = id % 500;

		put(rig, ip, make(ip, id & 1, source, id, at + 8, bytes, true), i / 1000);
		most = reasm_held(rig->r) > most ? reasm_held(rig->r) : most;
		heaviest = rig->r->charge > heaviest ? rig->r->charge : heaviest;
	}
	CU_ASSERT(most > 500 && most <= (1 << 19) / REASM_CHARGE_MIN);
	CU_ASSERT(heaviest > 1 << 18 && heaviest <= 1 << 19);
	CU_ASSERT_EQUAL(rig->whole, 0);
	CU_ASSERT_EQUAL(ended_sum(rig) + reasm_held(rig->r), 1000000);
	CU_ASSERT(rig->ended[DROP_FRAG_LIMIT] > 100000 && rig->ended[DROP_FRAG_OVERLAP] > 100000);
	stop(rig);
	free(rig);
}

/* Any bytes at all. */
static void
test_noise(void)
{
	struct rig *rig = malloc(sizeof(*rig));
	struct rng rng;
	uint8_t ip[200];

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	start(rig, 16, 16, 1 << 14);
	rng_init(&rng, 1, "noise");
	for (uint32_t n = 0; n < 200000; n++) {
		uint32_t len = 48 + (uint32_t)rng_below(&rng, 150);

		rng_bytes(&rng, ip, len);
		if (n & 1) {
			ip[0] = 0x60 | (ip[0] & 15);
			ip[6] = n & 2 ? 44 : ip[6] % 64;
			memset(ip + 8, 0, 32);
			ip[45] = ip[44] = ip[46] = 0;
		} else {
			ip[0] = (uint8_t)(0x45 + ip[0] % 3);
			memset(ip + 12, 0, 8);
			ip[4] = 0;
		}
		ip[n & 1 ? 42 : 6] &= 0x20;
		put(rig, ip, len, n < 100000 ? n : n * 100);
	}
	CU_ASSERT(rig->whole > 100 && rig->ended[DROP_FRAG_OVERLAP] > 100 &&
		  rig->ended[DROP_FRAG_TIMEOUT] > 100);
	stop(rig);
	free(rig);
}

int
suite_reasm_limits(void)
{
	CU_pSuite s = CU_add_suite("reasm_limits", NULL, NULL);

	CU_ADD_TEST(s, test_timeout);
	CU_ADD_TEST(s, test_floods);
	CU_ADD_TEST(s, test_million);
	CU_ADD_TEST(s, test_noise);
	return 0;
}
