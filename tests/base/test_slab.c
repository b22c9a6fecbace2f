/* base/slab.c: pieces are whole lines, apart, empty when taken and wiped when given back. */
#include <stdint.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "base/slab.h"

int suite_slab(void);

#define PIECES 3000u

struct piece {
	uint8_t *memory;
	size_t bytes;
	uint8_t mark;
};

static int
is_all(const struct piece *piece, uint8_t value)
{
	for (size_t i = 0; i < piece->bytes; i++)
		if (piece->memory[i] != value)
			return 0;
	return 1;
}

static void
piece_take(struct slab *slab, struct piece *piece, struct rng *rng)
{
	piece->bytes = 1 + rng_below(rng, rng_below(rng, 10) ? 2000 : 6000);
	piece->mark = (uint8_t)(1 + rng_below(rng, 255));
	piece->memory = slab_take(slab, piece->bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(piece->memory);
	CU_ASSERT_EQUAL((uintptr_t)piece->memory % 64, 0);
	CU_ASSERT_TRUE(is_all(piece, 0));
	memset(piece->memory, piece->mark, piece->bytes);
}

/* Nobody writes into another's piece, whatever comes and goes. */
static void
churn(struct slab *slab)
{
	static struct piece pieces[PIECES];
	struct rng rng;

	memset(pieces, 0, sizeof(pieces));
	rng_init(&rng, 1, "slab");
	for (unsigned i = 0; i < 20 * PIECES; i++) {
		struct piece *piece = &pieces[rng_below(&rng, PIECES)];

		if (piece->memory) {
			CU_ASSERT_TRUE(is_all(piece, piece->mark));
			slab_give(slab, piece->memory, piece->bytes);
			piece->memory = NULL;
		} else {
			piece_take(slab, piece, &rng);
		}
	}
	for (unsigned i = 0; i < PIECES; i++)
		slab_give(slab, pieces[i].memory, pieces[i].bytes);
}

static void
test_churn(void)
{
	struct slab *slab = slab_create();

	CU_ASSERT_PTR_NOT_NULL_FATAL(slab);
	churn(slab);
	slab_destroy(slab);
}

static void
test_heap(void)
{
	churn(NULL);
	slab_destroy(NULL);
	slab_give(NULL, NULL, 64);
}

#ifndef __SANITIZE_ADDRESS__
/* The slab keeps it, so it can be looked at: but for a pointer at its start nothing is left. */
static void
test_wiped(void)
{
	struct slab *slab = slab_create();
	struct piece piece = {.bytes = 1000};
	struct rng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(slab);
	rng_init(&rng, 2, "slab");
	piece_take(slab, &piece, &rng);
	slab_give(slab, piece.memory, piece.bytes);
	for (size_t i = sizeof(void *); i < piece.bytes; i++)
		CU_ASSERT_EQUAL(piece.memory[i], 0);
	CU_ASSERT_PTR_EQUAL(slab_take(slab, piece.bytes), piece.memory);
	slab_give(slab, piece.memory, piece.bytes);
	slab_destroy(slab);
}
#endif

int
suite_slab(void)
{
	CU_pSuite s = CU_add_suite("slab", NULL, NULL);

	CU_ADD_TEST(s, test_churn);
	CU_ADD_TEST(s, test_heap);
#ifndef __SANITIZE_ADDRESS__
	CU_ADD_TEST(s, test_wiped);
#endif
	return 0;
}
