/* The table of packets that wait for fragments: found by key, given up in order of coming, counted by source.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "dataplane/frag/reasm_priv.h"

static uint32_t
mix(const struct reasm *r, uint64_t h, uint64_t w)
{
	h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 29;
	h *= UINT64_C(0xc2b2ae3d27d4eb4f);
	return (uint32_t)(h >> 32) & r->mask;
}

static uint32_t
source_slot(const struct reasm *r, struct ip_addr addr)
{
	return mix(r, addr.hi * 31, addr.lo);
}

static uint32_t
train_slot(const struct reasm *r, const struct reasm_key *key)
{
	uint64_t a = key->src.hi ^ key->src.lo * 3, b = key->dst.hi * 5 ^ key->dst.lo * 7;

	return mix(r, a + b * 11, (uint64_t)key->proto << 32 | key->id);
}

static bool
key_equal(const struct reasm_key *a, const struct reasm_key *b)
{
	return a->id == b->id && a->proto == b->proto && ip_equal(a->src, b->src) && ip_equal(a->dst, b->dst);
}

uint32_t
reasm_train_find(const struct reasm *r, const struct reasm_key *key)
{
	uint32_t t = r->train_hash[train_slot(r, key)];

	while (t != REASM_NONE && !key_equal(&r->trains[t].key, key))
		t = r->trains[t].hash_next;
	return t;
}

/* The record of a source; a new one where it has none, of which there are as many as trains. */
static uint32_t
source_get(struct reasm *r, struct ip_addr addr)
{
	uint32_t slot = source_slot(r, addr), s = r->source_hash[slot];

	while (s != REASM_NONE && !ip_equal(r->sources[s].addr, addr))
		s = r->sources[s].next;
	if (s != REASM_NONE)
		return s;
	s = r->free_source;
	r->free_source = r->sources[s].next;
	r->sources[s] = (struct reasm_source){.addr = addr, .next = r->source_hash[slot]};
	r->source_hash[slot] = s;
	return s;
}

static void
source_put(struct reasm *r, uint32_t source)
{
	uint32_t *link = &r->source_hash[source_slot(r, r->sources[source].addr)];

	if (--r->sources[source].trains)
		return;
	while (*link != source)
		link = &r->sources[*link].next;
	*link = r->sources[source].next;
	r->sources[source].next = r->free_source;
	r->free_source = source;
}

static void
oldest_end(struct reasm *r)
{
	uint32_t oldest = r->oldest;

	reasm_train_empty(r, oldest, DROP_FRAG_LIMIT);
	reasm_train_del(r, oldest);
}

uint32_t
reasm_train_add(struct reasm *r, const struct reasm_key *key, uint64_t due)
{
	uint32_t t, slot, source;
	struct reasm_train *train;

	if (r->free_train == REASM_NONE)
		oldest_end(r);
	source = source_get(r, key->src);
	if (r->sources[source].trains++ == r->limits.per_source) {
		source_put(r, source);
		return REASM_NONE;
	}
	t = r->free_train;
	train = &r->trains[t];
	r->free_train = train->newer;
	slot = train_slot(r, key);
	*train = (struct reasm_train){.key = *key,
		.due = due,
		.first = REASM_NONE,
		.last = REASM_NONE,
		.source = source,
		.hash_next = r->train_hash[slot],
		.older = r->newest,
		.newer = REASM_NONE};
	r->train_hash[slot] = t;
	if (r->newest == REASM_NONE)
		r->oldest = t;
	else
		r->trains[r->newest].newer = t;
	r->newest = t;
	return t;
}

void
reasm_train_empty(struct reasm *r, uint32_t t, enum drop reason)
{
	struct reasm_train *train = &r->trains[t];

	while (train->first != REASM_NONE) {
		struct reasm_piece *piece = &r->pieces[train->first];
		uint32_t next = piece->next;

		piece->next = r->free_piece;
		r->free_piece = train->first;
		train->first = next;
		r->held--;
		if (piece->pkt)
			r->end(r->ctx, piece->pkt, reason);
	}
	train->last = REASM_NONE;
	train->received = 0;
	r->charge -= train->charge;
	train->charge = 0;
}

void
reasm_train_del(struct reasm *r, uint32_t t)
{
	struct reasm_train *train = &r->trains[t];
	uint32_t *link = &r->train_hash[train_slot(r, &train->key)];

	while (*link != t)
		link = &r->trains[*link].hash_next;
	*link = train->hash_next;
	if (train->older == REASM_NONE)
		r->oldest = train->newer;
	else
		r->trains[train->older].newer = train->newer;
	if (train->newer == REASM_NONE)
		r->newest = train->older;
	else
		r->trains[train->newer].older = train->older;
	source_put(r, train->source);
	train->newer = r->free_train;
	r->free_train = t;
}

bool
reasm_room(struct reasm *r, uint32_t charge, uint32_t keep)
{
	while (charge > r->limits.bytes - r->charge) {
		if (r->oldest == keep)
			return false;
		oldest_end(r);
	}
	return true;
}

void
reasm_run(struct reasm *r, uint64_t now)
{
	while (r->oldest != REASM_NONE && r->trains[r->oldest].due <= now) {
		uint32_t oldest = r->oldest;

		reasm_train_empty(r, oldest, DROP_FRAG_TIMEOUT);
		reasm_train_del(r, oldest);
	}
}

uint64_t
reasm_next_due(const struct reasm *r)
{
	return r->oldest == REASM_NONE ? TIME_NEVER : r->trains[r->oldest].due;
}

unsigned
reasm_held(const struct reasm *r)
{
	return r->held;
}

void *
reasm_take(struct reasm *r)
{
	while (r->oldest != REASM_NONE) {
		struct reasm_train *train = &r->trains[r->oldest];

		for (uint32_t p = train->first; p != REASM_NONE; p = r->pieces[p].next) {
			void *pkt = r->pieces[p].pkt;

			r->pieces[p].pkt = NULL;
			if (pkt)
				return pkt;
		}
		uint32_t oldest = r->oldest;

		reasm_train_empty(r, oldest, DROP_NONE);
		reasm_train_del(r, oldest);
	}
	return NULL;
}

static void
lists_fill(struct reasm *r)
{
	for (uint32_t i = 0; i <= r->mask; i++)
		r->train_hash[i] = r->source_hash[i] = REASM_NONE;
	for (uint32_t i = 0; i < r->limits.packets; i++) {
		r->trains[i].newer = i + 1 < r->limits.packets ? i + 1 : REASM_NONE;
		r->sources[i].next = i + 1; /* there is one more */
	}
	r->sources[r->limits.packets].next = REASM_NONE;
	for (uint32_t i = 0; i < r->n_pieces; i++)
		r->pieces[i].next = i + 1 < r->n_pieces ? i + 1 : REASM_NONE;
	r->oldest = r->newest = REASM_NONE;
}

enum status
reasm_create(const struct reasm_limits *limits, reasm_end_fn *end, void *ctx, struct reasm **out)
{
	struct reasm *r;

	*out = NULL;
	if (limits->packets < 1 || limits->packets > 65536 || limits->bytes < REASM_CHARGE_MIN)
		return ST_ERR_RANGE;
	r = calloc(1, sizeof(*r));
	if (!r)
		return ST_ERR_NOMEM;
	r->limits = *limits;
	r->end = end;
	r->ctx = ctx;
	r->n_pieces = limits->bytes / REASM_CHARGE_MIN;
	for (r->mask = 1; r->mask < 2 * limits->packets; r->mask *= 2)
		;
	r->mask--;
	r->train_hash = calloc(r->mask + 1u, sizeof(*r->train_hash));
	r->source_hash = calloc(r->mask + 1u, sizeof(*r->source_hash));
	r->trains = calloc(limits->packets, sizeof(*r->trains));
	r->sources = calloc(limits->packets + 1u, sizeof(*r->sources)); /* one that is refused at once */
	r->pieces = calloc(r->n_pieces, sizeof(*r->pieces));
	if (!r->train_hash || !r->source_hash || !r->trains || !r->sources || !r->pieces) {
		reasm_destroy(r);
		return ST_ERR_NOMEM;
	}
	lists_fill(r);
	*out = r;
	return ST_OK;
}

void
reasm_destroy(struct reasm *r)
{
	if (!r)
		return;
	free(r->train_hash);
	free(r->source_hash);
	free(r->trains);
	free(r->sources);
	free(r->pieces);
	free(r);
}
