/* Pieces of memory out of chunks: see slab.h.
 *
 * A chunk is cut from its start; what is given back waits in a list of pieces of its length, and goes to the
 * next who wants so much.  Chunks begin small, as most gateways have few SAs, and double up to a huge page.
 * Larger pieces, and all of them where the address sanitizer is to see who uses what was given back, come
 * from the heap.  Chunks are freed by slab_destroy() alone. */
#include "base/slab.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"

#define LINE_BYTES 64u
#define CHUNK_FIRST ((size_t)1 << 14)
#define HUGE_BYTES ((size_t)1 << 21)
#define LENGTHS 65u /* pieces of so many lines less one at most: 4 KiB */

#ifdef __SANITIZE_ADDRESS__
#define FROM_CHUNKS 0
#else
#define FROM_CHUNKS 1
#endif

/* At the start of a piece that waits, and of a chunk. */
struct link {
	struct link *next;
};

struct slab {
	pthread_mutex_t lock;
	struct link *chunks;
	uint8_t *rest; /* of the newest chunk */
	size_t rest_bytes, chunk_bytes;
	struct link *waiting[LENGTHS]; /* by length in lines */
};

struct slab *
slab_create(void)
{
	struct slab *slab = calloc(1, sizeof(*slab));

	if (!slab)
		return NULL;
	pthread_mutex_init(&slab->lock, NULL);
	slab->chunk_bytes = CHUNK_FIRST;
	return slab;
}

void
slab_destroy(struct slab *slab)
{
	struct link *next;

	if (!slab)
		return;
	for (struct link *chunk = slab->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	pthread_mutex_destroy(&slab->lock);
	free(slab);
}

static void
piece_wait(struct slab *slab, void *memory, size_t lines)
{
	struct link *piece = memory;

	piece->next = slab->waiting[lines];
	slab->waiting[lines] = piece;
}

/* A new chunk to cut; what was left of the one before is a piece too. */
static int
chunk_add(struct slab *slab)
{
	size_t bytes = slab->chunk_bytes;
	struct link *chunk = aligned_alloc(bytes < HUGE_BYTES ? LINE_BYTES : HUGE_BYTES, bytes);

	if (!chunk)
		return 0;
	if (bytes >= HUGE_BYTES) /* a wish; without it packets are slower */
		madvise(chunk, bytes, MADV_HUGEPAGE);
	else
		slab->chunk_bytes *= 2;
	if (slab->rest_bytes)
		piece_wait(slab, slab->rest, slab->rest_bytes / LINE_BYTES);
	chunk->next = slab->chunks;
	slab->chunks = chunk;
	slab->rest = (uint8_t *)chunk + LINE_BYTES;
	slab->rest_bytes = bytes - LINE_BYTES;
	return 1;
}

static void *
piece_find(struct slab *slab, size_t lines)
{
	struct link *piece = slab->waiting[lines];
	void *cut;

	if (piece) {
		slab->waiting[lines] = piece->next;
		return piece;
	}
	if (slab->rest_bytes < lines * LINE_BYTES && !chunk_add(slab))
		return NULL;
	cut = slab->rest;
	slab->rest += lines * LINE_BYTES;
	slab->rest_bytes -= lines * LINE_BYTES;
	return cut;
}

static size_t
lines_of(size_t bytes)
{
	return bytes ? (bytes + LINE_BYTES - 1) / LINE_BYTES : 1;
}

static int
is_from_chunk(const struct slab *slab, size_t lines)
{
	return FROM_CHUNKS && slab && lines < LENGTHS;
}

void *
slab_take(struct slab *slab, size_t bytes)
{
	size_t lines = lines_of(bytes);
	void *memory;

	if (is_from_chunk(slab, lines)) {
		pthread_mutex_lock(&slab->lock);
		memory = piece_find(slab, lines);
		pthread_mutex_unlock(&slab->lock);
	} else {
		memory = aligned_alloc(LINE_BYTES, lines * LINE_BYTES);
	}
	return memory ? memset(memory, 0, lines * LINE_BYTES) : NULL;
}

void
slab_give(struct slab *slab, void *memory, size_t bytes)
{
	size_t lines = lines_of(bytes);

	if (!memory)
		return;
	bytes_wipe(memory, lines * LINE_BYTES);
	if (!is_from_chunk(slab, lines)) {
		free(memory);
		return;
	}
	pthread_mutex_lock(&slab->lock);
	piece_wait(slab, memory, lines);
	pthread_mutex_unlock(&slab->lock);
}
