/* Distances counted by hand. */
#include <limits.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/distance.h"

int suite_distance(void);

static unsigned
between(const char *a, const char *b)
{
	return text_distance(a, strlen(a), b, strlen(b));
}

static void
test_by_hand(void)
{
	CU_ASSERT_EQUAL(between("", ""), 0);
	CU_ASSERT_EQUAL(between("window", "window"), 0);
	CU_ASSERT_EQUAL(between("window", ""), 6);
	CU_ASSERT_EQUAL(between("", "spi"), 3);
	CU_ASSERT_EQUAL(between("widnow", "window"), 1); /* neighbours changed places */
	CU_ASSERT_EQUAL(between("windw", "window"), 1);
	CU_ASSERT_EQUAL(between("windoww", "window"), 1);
	CU_ASSERT_EQUAL(between("wandow", "window"), 1);
	CU_ASSERT_EQUAL(between("kitten", "sitting"), 3);
	CU_ASSERT_EQUAL(between("ca", "abc"), 3); /* no edit between two that changed places */
}

static void
test_lengths(void)
{
	char a[DISTANCE_WORD_MAX + 1], b[DISTANCE_WORD_MAX + 1];

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	CU_ASSERT_EQUAL(text_distance(a, DISTANCE_WORD_MAX, b, DISTANCE_WORD_MAX), DISTANCE_WORD_MAX);
	CU_ASSERT_EQUAL(text_distance(a, DISTANCE_WORD_MAX + 1, b, 1), UINT_MAX);
	CU_ASSERT_EQUAL(text_distance(a, 1, b, DISTANCE_WORD_MAX + 1), UINT_MAX);
	CU_ASSERT_EQUAL(text_distance("spi 12", 3, "spi 99", 3), 0); /* what stands behind does not count */
}

int
suite_distance(void)
{
	CU_pSuite s = CU_add_suite("distance", NULL, NULL);

	CU_ADD_TEST(s, test_by_hand);
	CU_ADD_TEST(s, test_lengths);
	return 0;
}
