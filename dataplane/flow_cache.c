/* Memory and replacement of the flow cache; look-ups stand in the header. */
#include "dataplane/flow_cache.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "config/cfg.h"

#define HUGE_BYTES ((size_t)1 << 21)
#define FLOW_BUCKETS (1u << 13)	    /* 16,384 flows, 1 MiB */
#define FLOW_BUCKETS_MAX (1u << 21) /* 4,194,304 flows, 256 MiB */

unsigned
flow_cache_buckets(const struct cfg_gateway *cfg)
{
	unsigned buckets = FLOW_BUCKETS;

	while (buckets < 2 * (uint64_t)cfg->n_sas && buckets < FLOW_BUCKETS_MAX)
		buckets *= 2;
	return buckets;
}

enum status
flow_cache_create(unsigned buckets, struct flow_cache **cache)
{
	struct flow_cache *c = calloc(1, sizeof(*c));
	size_t bytes;

	if (!c)
		return ST_ERR_NOMEM;
	bytes = (size_t)buckets * 2 * sizeof(*c->entries);
	c->entries = aligned_alloc(bytes < HUGE_BYTES ? 64 : HUGE_BYTES, bytes);
	if (!c->entries) {
		free(c);
		return ST_ERR_NOMEM;
	}
	if (bytes >= HUGE_BYTES) /* a wish; without it look-ups are slower */
		madvise(c->entries, bytes, MADV_HUGEPAGE);
	c->mask = buckets - 1;
	c->shift = 32u + (unsigned)__builtin_clz(buckets);
	flow_cache_clear(c);
	*cache = c;
	return ST_OK;
}

void
flow_cache_destroy(struct flow_cache *cache)
{
	if (!cache)
		return;
	free(cache->entries);
	free(cache);
}

void
flow_cache_clear(struct flow_cache *cache)
{
	for (size_t i = 0; i < 2 * ((size_t)cache->mask + 1); i++)
		cache->entries[i] = (struct flow_entry){.key = {0, FLOW_NO_KEY}};
}

void
flow_cache_forget(struct flow_cache *cache, const struct flow_entry *entry)
{
	cache->entries[entry - cache->entries].key = (struct flow_key){0, FLOW_NO_KEY};
}

struct flow_entry
flow_entry_begin(const uint8_t *ip, uint32_t len, uint32_t sa_in)
{
	struct flow_entry entry = {.sa_top = (uint16_t)(sa_in >> 16)};

	if (ip_head_is_v4(ip)) {
		entry.key = flow_key_read(ip, len, sa_in);
		return entry;
	}
	entry.key = flow_key_read6(ip, len, sa_in);
	memcpy(entry.addresses, ip + IPV6_SRC, FLOW_ADDRESSES);
	return entry;
}

const struct flow_entry *
flow_cache_add(struct flow_cache *cache, const struct flow_entry *entry)
{
	struct flow_entry *bucket = flow_cache_bucket(cache, entry->key);

	cache->misses++;
	if (bucket[0].key.rest != FLOW_NO_KEY)
		bucket[1] = bucket[0];
	bucket[0] = *entry;
	return &bucket[0];
}
