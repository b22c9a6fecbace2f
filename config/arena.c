/* Memory of one loaded configuration.  One malloc a piece: files are small, and the sanitizers then see the
 * bounds of every piece.  No growing, no freeing of single pieces. */
#include "config/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

struct arena_block {
	struct arena_block *next;
	size_t bytes;
	max_align_t data[];
};

void *
arena_alloc(struct arena *arena, size_t n, size_t size)
{
	struct arena_block *block = NULL;
	size_t bytes;

	if (!__builtin_mul_overflow(n, size, &bytes) && bytes < SIZE_MAX - sizeof(*block))
		block = calloc(1, sizeof(*block) + bytes);
	if (block == NULL) {
		arena->failed = true;
		return NULL;
	}
	block->bytes = bytes;
	block->next = arena->blocks;
	arena->blocks = block;
	return block->data;
}

const char *
arena_text(struct arena *arena, const char *text)
{
	return text ? arena_print(arena, "%s", text) : NULL;
}

const char *
arena_print(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *out;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	out = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1, 1);
	if (out == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(out, (size_t)n + 1, format, args);
	va_end(args);
	return out;
}

void
arena_free(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		bytes_wipe(block->data, block->bytes);
		free(block);
	}
}
