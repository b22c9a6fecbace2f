/* base/siphash: the reference's vectors of whole words (key 00 01 .. 0f, message 00 01 02 ..), which
 * OpenSSL's SIPHASH gives too. */
#include "base/siphash.h"

#include <CUnit/CUnit.h>

int suite_siphash(void);

static void
test_vectors(void)
{
	static const struct {
		unsigned words;
		uint64_t want;
	} rows[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x93f5f5799a932462}, {2, 0x3f2acc7f57c29bdb},
		{4, 0x7127512f72f27cce}};
	const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	uint64_t message[4];

	for (unsigned i = 0; i < 4; i++)
		message[i] = key[0] + 0x0808080808080808 * (uint64_t)i;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CU_ASSERT_EQUAL(siphash_words(key, message, rows[i].words), rows[i].want);
}

int
suite_siphash(void)
{
	CU_pSuite s = CU_add_suite("siphash", NULL, NULL);

	CU_ADD_TEST(s, test_vectors);
	return 0;
}
