/* base/lookup: each member is found among many by its hash, and what was never entered is not; members of one
 * hash are all handed out. */
#include "base/lookup.h"

#include <CUnit/CUnit.h>

#define MANY 10000u

int suite_lookup(void);

static uint64_t
hash_of(uint32_t number)
{
	return lookup_hash(7, &number, sizeof(number));
}

/* How many steps until `at` is found; 0: it is not there. */
static unsigned
steps_to(const struct lookup *lookup, uint64_t hash, uint32_t wanted)
{
	uint32_t slot, at = lookup_first(lookup, hash, &slot);
	unsigned steps = 1;

	for (; at != LOOKUP_NONE && at != wanted; steps++)
		at = lookup_next(lookup, &slot);
	return at == wanted ? steps : 0;
}

static void
test_many(void)
{
	struct lookup lookup;
	unsigned steps = 0, missing = 0;

	CU_ASSERT_EQUAL_FATAL(lookup_create(&lookup, MANY), ST_OK);
	for (uint32_t i = 0; i < MANY; i++)
		lookup_add(&lookup, hash_of(i), i);
	for (uint32_t i = 0; i < MANY; i++) {
		steps += steps_to(&lookup, hash_of(i), i);
		missing += !steps_to(&lookup, hash_of(i), i);
		CU_ASSERT_EQUAL(steps_to(&lookup, hash_of(i + MANY), i + MANY), 0);
	}
	CU_ASSERT_EQUAL(missing, 0);
	CU_ASSERT(steps < 3 * MANY); /* numbers one after the other lie well apart */
	lookup_destroy(&lookup);
}

static void
test_one_hash(void)
{
	struct lookup lookup;
	uint32_t slot, at, found = 0;

	CU_ASSERT_EQUAL_FATAL(lookup_create(&lookup, 3), ST_OK);
	for (uint32_t i = 0; i < 3; i++)
		lookup_add(&lookup, UINT64_MAX, i); /* the last slot: a walk goes on at the first */
	for (at = lookup_first(&lookup, UINT64_MAX, &slot); at != LOOKUP_NONE;
		at = lookup_next(&lookup, &slot))
		found |= 1u << at;
	CU_ASSERT_EQUAL(found, 7);
	lookup_destroy(&lookup);
}

static void
test_empty(void)
{
	struct lookup lookup = {0};
	uint32_t slot;

	lookup_destroy(&lookup);
	CU_ASSERT_EQUAL_FATAL(lookup_create(&lookup, 0), ST_OK);
	CU_ASSERT_EQUAL(lookup_first(&lookup, 5, &slot), LOOKUP_NONE);
	lookup_destroy(&lookup);
}

/* What stands before, and how long it is, counts too. */
static void
test_hash(void)
{
	CU_ASSERT_NOT_EQUAL(lookup_hash_text(0, "a-b"), lookup_hash_text(1, "a-b"));
	CU_ASSERT_NOT_EQUAL(lookup_hash(0, "a\0b", 1), lookup_hash(0, "a\0b", 2));
	CU_ASSERT_NOT_EQUAL(lookup_hash_text(0, "twelve bytes"), lookup_hash_text(0, "twelve bytez"));
	CU_ASSERT_EQUAL(lookup_hash_text(3, "twelve bytes"), lookup_hash(3, "twelve bytes", 12));
}

int
suite_lookup(void)
{
	CU_pSuite s = CU_add_suite("lookup", NULL, NULL);

	CU_ADD_TEST(s, test_many);
	CU_ADD_TEST(s, test_one_hash);
	CU_ADD_TEST(s, test_empty);
	CU_ADD_TEST(s, test_hash);
	return 0;
}
