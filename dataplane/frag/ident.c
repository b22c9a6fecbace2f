/* See ident.h.  One hash serves for both functions of RFC 7739 §5.3: its halves say nothing of each other. */
#include "dataplane/frag/ident.h"

#include <stdio.h>

#include "base/rng.h"
#include "base/siphash.h"

void
frag_ident_init(struct frag_ident *ident, uint64_t seed, const char *name)
{
	char stream[80];
	struct rng rng;

	snprintf(stream, sizeof(stream), "ident.%s", name);
	rng_init(&rng, seed, stream);
	for (unsigned i = 0; i < 2; i++)
		ident->key[i] = rng_u64(&rng);
	for (unsigned i = 0; i < FRAG_IDENT_COUNTERS; i++)
		ident->next[i] = (uint32_t)rng_u64(&rng);
}

uint32_t
frag_ident_take(struct frag_ident *ident, struct ip_addr src, struct ip_addr dst)
{
	const uint64_t words[4] = {src.hi, src.lo, dst.hi, dst.lo};
	uint64_t hash = siphash_words(ident->key, words, 4);

	return (uint32_t)hash + ident->next[(hash >> 32) & (FRAG_IDENT_COUNTERS - 1)]++;
}
