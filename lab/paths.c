/* Parallel paths: the commonest cause of reordering in a network, since paths of unequal delay or load bring
 * packets home in another order than they left (RFC 4737 §1).
 *
 * The merge keeps nothing back: it asks the wire whose next arrival is first for all that arrives before any
 * other wire's next, so order is exact and arrivals stay in their wires until they are due.
 *
 * No hashing of packets here (the caller knows its headers), no failing over from a full path to another. */
#include "lab/paths.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

struct path {
	struct wire *wire;
	uint64_t due_ns; /* wire_next_due() of it, kept here as the merge reads it often */
	int64_t weight;
	int64_t credit; /* smooth weighted round robin; sum over all paths is 0 */
};

struct paths {
	enum cfg_select select;
	unsigned n;
	unsigned turn; /* path of the next packet, round robin */
	int64_t weight_sum;
	struct path path[];
};

/* Where no path has a weight, all weigh the same. */
static void
weights_init(struct paths *paths, const struct cfg_link *cfg)
{
	for (unsigned i = 0; i < paths->n; i++) {
		paths->path[i].weight = cfg->paths[i].weight;
		paths->weight_sum += cfg->paths[i].weight;
	}
	if (paths->weight_sum)
		return;
	for (unsigned i = 0; i < paths->n; i++)
		paths->path[i].weight = 1;
	paths->weight_sum = paths->n;
}

/* Name of the rng stream, to be freed; NULL where memory is short. */
static char *
stream_name(const struct cfg_link *cfg, unsigned i, unsigned direction)
{
	const char *link = cfg->name ? cfg->name : "";
	const char *path = cfg->paths[i].name;
	char *name;
	int n = path ? asprintf(&name, "%s.%s.%u", link, path, direction)
		     : asprintf(&name, "%s.%u.%u", link, i, direction);
	return n < 0 ? NULL : name;
}

enum status
paths_create(const struct cfg_link *cfg, unsigned direction, uint64_t seed,
	void *(*clone)(void *ctx, void *pkt), void *ctx, struct paths **paths)
{
	*paths = NULL;
	if (!cfg->n_paths)
		return ST_ERR_CONFIG;
	struct paths *p = calloc(1, sizeof(*p) + cfg->n_paths * sizeof(p->path[0]));
	if (!p)
		return ST_ERR_NOMEM;
	p->select = cfg->select;
	p->n = cfg->n_paths;
	weights_init(p, cfg);

	enum status status = ST_OK;
	for (unsigned i = 0; i < p->n && status == ST_OK; i++) {
		char *stream = stream_name(cfg, i, direction);
		status = stream ? wire_create(&cfg->paths[i], seed, stream, clone, ctx, &p->path[i].wire)
				: ST_ERR_NOMEM;
		free(stream);
		p->path[i].due_ns = TIME_NEVER;
	}
	if (status != ST_OK) {
		paths_destroy(p);
		return status;
	}
	*paths = p;
	return ST_OK;
}

void
paths_destroy(struct paths *paths)
{
	if (!paths)
		return;
	for (unsigned i = 0; i < paths->n; i++)
		wire_destroy(paths->path[i].wire);
	free(paths);
}

static unsigned
turn_next(struct paths *paths)
{
	unsigned i = paths->turn;
	paths->turn = i + 1 < paths->n ? i + 1 : 0;
	return i;
}

/* Every path earns its weight, the richest (the first of them) is taken and pays for all.  Over weight_sum
 * packets each path is taken `weight` times, and never in a clump that could be avoided. */
static unsigned
weight_next(struct paths *paths)
{
	unsigned best = 0;
	for (unsigned i = 0; i < paths->n; i++) {
		paths->path[i].credit += paths->path[i].weight;
		if (paths->path[i].credit > paths->path[best].credit)
			best = i;
	}
	paths->path[best].credit -= paths->weight_sum;
	return best;
}

static unsigned
path_select(struct paths *paths, uint32_t flow_hash)
{
	switch (paths->select) {
	case CFG_SELECT_FLOW:
		/* Times 2^32 / golden ratio, so that hashes that differ in low bits only spread too. */
		return (uint64_t)(flow_hash * UINT32_C(0x9e3779b1)) * paths->n >> 32;
	case CFG_SELECT_WEIGHT:
		return weight_next(paths);
	case CFG_SELECT_PACKET:
		break;
	}
	return turn_next(paths);
}

enum drop
paths_put(struct paths *paths, void *pkt, uint32_t bytes, uint32_t flow_hash, uint64_t start_ns)
{
	if (paths->n == 1)
		return wire_put(paths->path[0].wire, pkt, bytes, start_ns);
	struct path *path = &paths->path[path_select(paths, flow_hash)];
	enum drop drop = wire_put(path->wire, pkt, bytes, start_ns);
	path->due_ns = wire_next_due(path->wire);
	return drop;
}

/* The path whose next arrival is first.  *until: the last time at which it is still its turn, before another
 * path's next arrival (or with it, for a lower index). */
static struct path *
path_first(struct paths *paths, uint64_t *until)
{
	unsigned first = 0;
	uint64_t limit = TIME_NEVER;

	for (unsigned i = 1; i < paths->n; i++) {
		uint64_t due = paths->path[i].due_ns;
		if (due < paths->path[first].due_ns) {
			/* `first` has the lower index and wins a tie: i has its turn up to the ns before. */
			limit = paths->path[first].due_ns - 1;
			first = i;
		} else if (due < limit) {
			limit = due;
		}
	}
	*until = limit;
	return &paths->path[first];
}

unsigned
paths_get(struct paths *paths, uint64_t now, struct wire_arrival *out, unsigned max)
{
	if (paths->n == 1)
		return wire_get(paths->path[0].wire, now, out, max);

	unsigned n = 0;
	while (n < max) {
		uint64_t until;
		struct path *path = path_first(paths, &until);
		if (path->due_ns > now || path->due_ns == TIME_NEVER)
			break;
		n += wire_get(path->wire, time_min(until, now), out + n, max - n);
		path->due_ns = wire_next_due(path->wire);
	}
	return n;
}

uint64_t
paths_next_due(const struct paths *paths)
{
	if (paths->n == 1)
		return wire_next_due(paths->path[0].wire);
	uint64_t due = TIME_NEVER;
	for (unsigned i = 0; i < paths->n; i++)
		due = time_min(due, paths->path[i].due_ns);
	return due;
}

unsigned
paths_held(const struct paths *paths)
{
	unsigned held = 0;
	for (unsigned i = 0; i < paths->n; i++)
		held += wire_held(paths->path[i].wire);
	return held;
}

unsigned
paths_count(const struct paths *paths)
{
	return paths->n;
}

struct wire *
paths_wire(struct paths *paths, unsigned i)
{
	return paths->path[i].wire;
}
