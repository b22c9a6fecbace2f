/* The SAD against the plainest set there is: an array with a place for every possible triple. */
#include <stdlib.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/sad.h"

#define SPIS 1024u
#define DSTS 64u
#define PROTOS 3u
#define TRIPLES (SPIS * DSTS * PROTOS)

int suite_sad(void);

/* SAs are never looked into: any distinct addresses do. */
static char cells[TRIPLES];

struct triple {
	uint32_t spi;
	struct ip_addr dst;
	uint8_t proto;
	struct sa *sa;
};

/* Triples that share two of three parts with many others, SPIs in rows as IKE daemons give them. */
static struct triple
triple_make(uint32_t i)
{
	static const uint8_t protos[PROTOS] = {50, 51, 17};
	struct triple t = {
		.spi = 0x1000 + i % SPIS,
		.dst = ip_v4(0x0a000001 + i / SPIS % DSTS * 256),
		.proto = protos[i / SPIS / DSTS],
		.sa = (struct sa *)&cells[i],
	};

	return t;
}

static uint64_t
step(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static struct sa *
find(const struct sad *sad, const struct triple *t)
{
	return sad_find(sad, t->spi, t->dst, t->proto);
}

/* Every triple is found or not as the array says. */
static void
check_all(const struct sad *sad, const unsigned char *present)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < TRIPLES; i++) {
		struct triple t = triple_make(i);

		count += present[i];
		CU_ASSERT_PTR_EQUAL(find(sad, &t), present[i] ? t.sa : NULL);
	}
	CU_ASSERT_EQUAL(sad_count(sad), count);
}

/* Adds with probability 1 - bias/8, deletes else, each checked. */
static void
run_random(struct sad *sad, unsigned char *present, uint64_t *state, unsigned n, unsigned bias)
{
	while (n--) {
		uint32_t i = (uint32_t)(step(state) % TRIPLES);
		struct triple t = triple_make(i);

		if (step(state) % 8 < bias) {
			CU_ASSERT_EQUAL(
				sad_del(sad, t.spi, t.dst, t.proto), present[i] ? ST_OK : ST_ERR_NOT_FOUND);
			present[i] = 0;
		} else {
			CU_ASSERT_EQUAL(sad_add(sad, t.spi, t.dst, t.proto, t.sa),
				present[i] ? ST_ERR_EXISTS : ST_OK);
			present[i] = 1;
		}
		CU_ASSERT_PTR_EQUAL(find(sad, &t), present[i] ? t.sa : NULL);
	}
}

/* More than 100,000 entries at its fullest, then thinned out, filled and emptied. */
static void
test_random(void)
{
	unsigned char *present = calloc(TRIPLES, 1);
	uint64_t state = 20;
	struct sad *sad = NULL;

	CU_ASSERT_FATAL(present && sad_create(&sad) == ST_OK);
	check_all(sad, present);
	run_random(sad, present, &state, 300000, 1);
	CU_ASSERT(sad_count(sad) > 100000);
	check_all(sad, present);
	run_random(sad, present, &state, 300000, 6);
	check_all(sad, present);
	run_random(sad, present, &state, 100000, 3);
	check_all(sad, present);
	for (uint32_t i = 0; i < TRIPLES; i++) {
		struct triple t = triple_make(i);

		CU_ASSERT_EQUAL(sad_del(sad, t.spi, t.dst, t.proto), present[i] ? ST_OK : ST_ERR_NOT_FOUND);
		present[i] = 0;
	}
	check_all(sad, present);
	sad_destroy(sad);
	free(present);
}

/* In a table that never grows, every order of deletion of small sets: the followers have to move right. */
static void
test_clusters(void)
{
	unsigned char *present = calloc(TRIPLES, 1);
	uint64_t state = 21;
	struct sad *sad = NULL;

	CU_ASSERT_FATAL(present && sad_create(&sad) == ST_OK);
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t set[32];

		for (unsigned i = 0; i < 32; i++) { /* half of the smallest table */
			set[i] = (round * 32 + i) * 7919u % TRIPLES;
			struct triple t = triple_make(set[i]);
			CU_ASSERT_EQUAL(sad_add(sad, t.spi, t.dst, t.proto, t.sa), ST_OK);
			present[set[i]] = 1;
		}
		for (unsigned left = 32; left; left--) {
			unsigned pick = (unsigned)(step(&state) % left);
			struct triple t = triple_make(set[pick]);

			CU_ASSERT_EQUAL(sad_del(sad, t.spi, t.dst, t.proto), ST_OK);
			present[set[pick]] = 0;
			set[pick] = set[left - 1];
			for (unsigned i = 0; i + 1 < left; i++) {
				t = triple_make(set[i]);
				CU_ASSERT_PTR_EQUAL(find(sad, &t), t.sa);
			}
		}
		CU_ASSERT_EQUAL(sad_count(sad), 0);
	}
	sad_destroy(sad);
	free(present);
}

/* A move into a larger table, a few slots at a time, while entries come and go; in some rounds it is given
 * up, in others the table is full before it is done. */
static void
test_move(void)
{
	uint64_t state = 22;

	for (unsigned round = 0; round < 12; round++) {
		unsigned char *present = calloc(TRIPLES, 1);
		struct sad *sad = NULL;
		struct sad_spare *spare;
		unsigned calls = 0;

		CU_ASSERT_FATAL(present && sad_create(&sad) == ST_OK);
		run_random(sad, present, &state, 500 + round * 70, 2);
		CU_ASSERT_EQUAL_FATAL(sad_spare_create(sad, 4 * sad_count(sad) + 600, &spare), ST_OK);
		CU_ASSERT_PTR_NOT_NULL_FATAL(spare);
		for (bool done = false; !done && (round % 4 != 3 || calls < 20); calls++) {
			done = sad_move(sad, spare, 7);
			run_random(sad, present, &state, 6, calls % 2 ? 5 : 3);
			for (uint32_t i = calls % 31; i < TRIPLES && calls % 8 == 0; i += 31) {
				struct triple t = triple_make(i);

				if (present[i])
					CU_ASSERT_EQUAL(sad_del(sad, t.spi, t.dst, t.proto), ST_OK);
				present[i] = 0;
			}
		}
		CU_ASSERT(calls >= 20);
		sad_move_stop(sad);
		sad_spare_destroy(spare);
		check_all(sad, present);
		run_random(sad, present, &state, 200, 4);
		check_all(sad, present);
		CU_ASSERT_EQUAL(sad_spare_create(sad, 10, &spare), ST_OK);
		CU_ASSERT_PTR_NULL(spare);
		sad_destroy(sad);
		free(present);
	}
}

/* Each part of the triple counts; extreme values are values like others. */
static void
test_triple(void)
{
	struct sa *a = (struct sa *)&cells[0], *b = (struct sa *)&cells[1];
	struct sad *sad = NULL;

	CU_ASSERT_FATAL(sad_create(&sad) == ST_OK);
	CU_ASSERT_PTR_NULL(sad_find(sad, 0, ip_v4(0), 0));
	CU_ASSERT_EQUAL(sad_del(sad, 0, ip_v4(0), 0), ST_ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(sad_add(sad, 0, ip_v4(0), 0, a), ST_OK);
	CU_ASSERT_EQUAL(sad_add(sad, 0, ip_v4(0), 0, b), ST_ERR_EXISTS);
	CU_ASSERT_PTR_EQUAL(sad_find(sad, 0, ip_v4(0), 0), a);
	CU_ASSERT_EQUAL(sad_add(sad, UINT32_MAX, ip_v4(UINT32_MAX), 255, b), ST_OK);
	CU_ASSERT_PTR_EQUAL(sad_find(sad, UINT32_MAX, ip_v4(UINT32_MAX), 255), b);
	CU_ASSERT_EQUAL(sad_add(sad, 256, ip_v4(7), 50, a), ST_OK);
	CU_ASSERT_PTR_NULL(sad_find(sad, 7, ip_v4(256), 50));
	CU_ASSERT_PTR_NULL(sad_find(sad, 256, ip_v4(7), 51));
	CU_ASSERT_PTR_NULL(sad_find(sad, 257, ip_v4(7), 50));
	CU_ASSERT_PTR_NULL(sad_find(sad, 256, ip_v4(6), 50));
	CU_ASSERT_EQUAL(sad_count(sad), 3);
	sad_destroy(sad);
	sad_destroy(NULL);
}

int
suite_sad(void)
{
	CU_pSuite s = CU_add_suite("sad", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_triple);
	CU_ADD_TEST(s, test_clusters);
	CU_ADD_TEST(s, test_random);
	CU_ADD_TEST(s, test_move);
	return (int)CU_get_error();
}
