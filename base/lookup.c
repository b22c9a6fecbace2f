/* A table of twice as many slots as members, so that each walk comes to a free one. */
#include "base/lookup.h"

#include <stdlib.h>
#include <string.h>

enum status
lookup_create(struct lookup *lookup, uint32_t n)
{
	uint64_t slots = 2;

	while (slots < 2 * (uint64_t)n + 1)
		slots *= 2;
	*lookup = (struct lookup){.mask = (uint32_t)(slots - 1)};
	lookup->slots = malloc(slots * sizeof(*lookup->slots));
	if (!lookup->slots)
		return ST_ERR_NOMEM;
	memset(lookup->slots, 0xff, slots * sizeof(*lookup->slots)); /* LOOKUP_NONE */
	return ST_OK;
}

void
lookup_destroy(struct lookup *lookup)
{
	free(lookup->slots);
	*lookup = (struct lookup){0};
}

/* Every bit of both words reaches every bit of the folded product. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ UINT64_C(0x9e3779b97f4a7c15)) *
				    (b ^ UINT64_C(0xc2b2ae3d27d4eb4f));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
lookup_hash(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	uint64_t word;

	hash = mix(hash, n);
	for (; n; n -= n < sizeof(word) ? n : sizeof(word), at += sizeof(word)) {
		word = 0;
		memcpy(&word, at, n < sizeof(word) ? n : sizeof(word));
		hash = mix(hash, word);
	}
	return hash;
}

uint64_t
lookup_hash_text(uint64_t hash, const char *text)
{
	return lookup_hash(hash, text, strlen(text));
}

void
lookup_add(struct lookup *lookup, uint64_t hash, uint32_t at)
{
	uint32_t slot = (uint32_t)hash & lookup->mask;

	while (lookup->slots[slot] != LOOKUP_NONE)
		slot = (slot + 1) & lookup->mask;
	lookup->slots[slot] = at;
}
