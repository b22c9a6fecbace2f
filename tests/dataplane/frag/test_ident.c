/* Identifications: each pair of addresses counts up by one, from a place that only the seed knows. */
#include "dataplane/frag/ident.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

int suite_ident(void);

#define PAIRS 2000u

static struct ip_addr
host(uint32_t n)
{
	return (struct ip_addr){0x20010db800010000, n};
}

static void
test_counts(void)
{
	struct frag_ident *ident = malloc(sizeof(*ident)), *same = malloc(sizeof(*same));
	uint32_t first, other;

	CU_ASSERT_FATAL(ident && same);
	frag_ident_init(ident, 1, "gwa");
	frag_ident_init(same, 1, "gwa");
	CU_ASSERT_EQUAL(memcmp(ident, same, sizeof(*ident)), 0);
	first = frag_ident_take(ident, host(1), host(2));
	other = frag_ident_take(ident, host(2), host(1));
	CU_ASSERT_NOT_EQUAL(other, first);
	for (uint32_t i = 1; i < 100; i++)
		CU_ASSERT_EQUAL(frag_ident_take(ident, host(1), host(2)), first + i);
	CU_ASSERT_EQUAL(frag_ident_take(same, host(1), host(2)), first);
	frag_ident_init(same, 1, "gwb");
	CU_ASSERT_NOT_EQUAL(frag_ident_take(same, host(1), host(2)), first);
	frag_ident_init(same, 2, "gwa");
	CU_ASSERT_NOT_EQUAL(frag_ident_take(same, host(1), host(2)), first);
	free(ident);
	free(same);
}

/* Whoever asks for his own learns nothing of others: they are spread over all 32 bits, and do not move when
 * his do. */
static void
test_spread(void)
{
	struct frag_ident *ident = malloc(sizeof(*ident));
	unsigned bits[32] = {0}, near = 0;
	uint32_t mine, last = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(ident);
	frag_ident_init(ident, 1, "gwa");
	for (uint32_t i = 0; i < PAIRS; i++) {
		uint32_t id = frag_ident_take(ident, host(1), host(2 + i));

		for (unsigned b = 0; b < 32; b++)
			bits[b] += id >> b & 1;
		near += i && id - last + 1000 < 2000;
		last = id;
	}
	for (unsigned b = 0; b < 32; b++)
		CU_ASSERT(bits[b] > PAIRS / 2 - 150 && bits[b] < PAIRS / 2 + 150);
	CU_ASSERT_EQUAL(near, 0);
	mine = frag_ident_take(ident, host(7), host(8));
	for (uint32_t i = 0; i < 10; i++)
		frag_ident_take(ident, host(9), host(10));
	CU_ASSERT_EQUAL(frag_ident_take(ident, host(7), host(8)), mine + 1);
	free(ident);
}

int
suite_ident(void)
{
	CU_pSuite s = CU_add_suite("ident", NULL, NULL);

	CU_ADD_TEST(s, test_counts);
	CU_ADD_TEST(s, test_spread);
	return 0;
}
