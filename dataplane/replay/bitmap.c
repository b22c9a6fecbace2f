/* The idea of RFC 6479: numbers are bits at fixed places in a ring of words, so moving the right edge
 * shifts nothing, it only clears the words that the edge enters.  A window of W numbers touches at most
 * (W + 62) / 64 + 1 words; the ring has at least so many, hence a word that is cleared never holds a number
 * of the window, and no bit that was left behind is ever looked at.  The left edge is compared as a distance,
 * to the packet: RFC 6479's sample code takes one too many.
 *
 * Not here: RFC 6479's concurrent readers; one thread writes and reads a window. */
#include <stdbool.h>
#include <string.h>

#include "dataplane/replay/replay_priv.h"

struct bitmap {
	uint64_t edge; /* highest number committed */
	uint32_t window;
	uint32_t mask; /* words - 1; words is a power of two, so that places stay fixed where numbers wrap */
	uint64_t word[];
};

static uint32_t
words_of(uint32_t window)
{
	uint32_t need = (window + 62) / 64 + 1, words = 1;

	while (words < need)
		words *= 2;
	return words;
}

static inline uint64_t
bit_of(uint64_t seq)
{
	return UINT64_C(1) << seq % 64;
}

/* Distances are modulo 2^64; up to 2^63 - 1 ahead is ahead. */
static inline bool
is_ahead(const struct bitmap *b, uint64_t seq)
{
	return (int64_t)(seq - b->edge) > 0;
}

size_t
replay_bitmap_bytes(uint32_t window)
{
	size_t bytes = sizeof(struct bitmap) + words_of(window) * sizeof(uint64_t);
	return (bytes + 63) / 64 * 64;
}

void
replay_bitmap_init(void *state, uint32_t window, uint64_t right_edge)
{
	struct bitmap *b = state;

	memset(b, 0, replay_bitmap_bytes(window));
	b->edge = right_edge;
	b->window = window;
	b->mask = words_of(window) - 1;
	b->word[right_edge / 64 & b->mask] |= bit_of(right_edge);
	if (right_edge < window)
		b->word[0] |= 1; /* number 0 is never sent: RFC 4303 §3.3.3 */
}

enum drop
replay_bitmap_check(const void *state, uint64_t seq)
{
	const struct bitmap *b = state;

	if (is_ahead(b, seq))
		return DROP_NONE;
	if (b->edge - seq >= b->window)
		return DROP_REPLAY_OLD;
	return b->word[seq / 64 & b->mask] & bit_of(seq) ? DROP_REPLAY_DUP : DROP_NONE;
}

/* Clears the words that the edge enters on its way up by `step`, at most one turn of the ring. */
static void
edge_move(struct bitmap *b, uint64_t step)
{
	uint64_t block = b->edge / 64, blocks = (b->edge % 64 + step) / 64;

	if (blocks > b->mask)
		blocks = b->mask + 1;
	for (uint64_t i = 1; i <= blocks; i++)
		b->word[(block + i) & b->mask] = 0;
	b->edge += step;
}

enum drop
replay_bitmap_commit(void *state, uint64_t seq)
{
	struct bitmap *b = state;

	if (is_ahead(b, seq)) {
		edge_move(b, seq - b->edge);
	} else {
		enum drop drop = replay_bitmap_check(b, seq);
		if (drop != DROP_NONE)
			return drop;
	}
	b->word[seq / 64 & b->mask] |= bit_of(seq);
	return DROP_NONE;
}

uint64_t
replay_bitmap_right_edge(const void *state)
{
	return ((const struct bitmap *)state)->edge;
}
