/* Configurations, one after another, and their way into the workers.
 *
 * A generation has arrays of SAs and policies of its own; texts in them belong to the generation that first
 * had them, so a generation keeps its texts after its arrays have gone, until a whole file has replaced them.
 * Where rekeys follow each other closely there are replaced SAs at any time: so each generation goes by
 * itself, when its last SA has gone.
 */
#include "ctrl/sadb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/lookup.h"
#include "ctrl/sadb_priv.h"
#include "ctrl/target.h"
#include "dataplane/dp_sas.h"

#define MAKE_PORTION 16u    /* SAs that a worker makes at once */
#define SETTLE_PORTION 256u /* and that it looks at */

enum status
sadb_create(const struct ctrl_target *target, struct sadb **out)
{
	struct sadb *sadb = calloc(1, sizeof(*sadb));

	*out = sadb;
	if (sadb)
		sadb->last = calloc(1, sizeof(*sadb->last));
	if (!sadb || !sadb->last || sadb_used_create(&sadb->used) ||
		sadb_used_reserve(sadb->used, target->cfg->n_sas)) {
		sadb_destroy(sadb);
		*out = NULL;
		return ST_ERR_NOMEM;
	}
	sadb->target = target;
	sadb->last->cfg = *target->cfg;
	sadb_used_add(sadb->used, target->cfg);
	return ST_OK;
}

static void
arrays_free(struct generation *g)
{
	if (!g->arrays)
		return;
	bytes_wipe(g->cfg.sas, g->cfg.n_sas * sizeof(*g->cfg.sas));
	free(g->cfg.sas);
	free(g->cfg.policies);
	g->arrays = false;
}

void
sadb_generation_free(struct generation *g)
{
	arrays_free(g);
	cfg_free(g->loaded);
	free(g->name);
	free(g);
}

void
sadb_destroy(struct sadb *sadb)
{
	if (!sadb)
		return;
	for (struct generation *before; sadb->last; sadb->last = before) {
		before = sadb->last->before;
		sadb_generation_free(sadb->last);
	}
	sadb_used_destroy(sadb->used);
	free(sadb);
}

const struct cfg_gateway *
sadb_cfg(const struct sadb *sadb)
{
	return &sadb->last->cfg;
}

uint32_t
sadb_find(const struct sadb *sadb, const char *name, int direction)
{
	const struct cfg_gateway *cfg = sadb_cfg(sadb);
	uint32_t found = CFG_NONE;

	for (uint32_t i = 0; i < cfg->n_sas; i++) {
		if (strcmp(cfg->sas[i].name, name) ||
			(direction >= 0 && (int)cfg->sas[i].direction != direction))
			continue;
		if (found != CFG_NONE)
			return CFG_NONE;
		found = i;
	}
	return found;
}

struct generation *
sadb_copy(const struct sadb *sadb)
{
	const struct cfg_gateway *was = sadb_cfg(sadb);
	struct generation *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->cfg = *was;
	g->cfg.sas = calloc(was->n_sas + 1u, sizeof(*g->cfg.sas));
	g->cfg.policies = calloc(was->n_policies + 1u, sizeof(*g->cfg.policies));
	g->arrays = true;
	if (!g->cfg.sas || !g->cfg.policies) {
		g->cfg.n_sas = 0;
		sadb_generation_free(g);
		return NULL;
	}
	memcpy(g->cfg.sas, was->sas, was->n_sas * sizeof(*was->sas));
	memcpy(g->cfg.policies, was->policies, was->n_policies * sizeof(*was->policies));
	return g;
}

/* One worker's part of a change. */
struct part {
	struct dp *dp;
	struct dp_change *change;
	char *message;
	size_t bytes;
	bool done;
	enum status status;
};

/* What a change reads of a dp is changed by nobody but this thread. */
static void
part_begin(struct dp *dp, void *arg, uint64_t now)
{
	(void)now;
	((struct part *)arg)->dp = dp;
}

static void
part_make(struct dp *dp, void *arg, uint64_t now)
{
	struct part *part = arg;

	(void)now;
	part->status = dp_change_make(
		dp, part->change, MAKE_PORTION, &part->done, part->message, part->bytes);
}

static void
part_commit(struct dp *dp, void *arg, uint64_t now)
{
	dp_change_commit(dp, ((struct part *)arg)->change, now);
}

static void
part_settle(struct dp *dp, void *arg, uint64_t now)
{
	struct part *part = arg;

	dp_change_settle(dp, part->change, now, SETTLE_PORTION, &part->done);
}

static void
part_abort(struct dp *dp, void *arg, uint64_t now)
{
	(void)now;
	dp_change_abort(dp, ((struct part *)arg)->change);
}

static enum status
part_prepare(const struct sadb *sadb, unsigned worker, struct part *part, const struct cfg_gateway *cfg)
{
	const struct ctrl_target *target = sadb->target;
	enum status status = target->call(target->ctx, worker, part_begin, part);

	if (!status)
		status = dp_change_create(part->dp, cfg, &part->change, part->message, part->bytes);
	while (!status && !part->status && !part->done)
		status = target->call(target->ctx, worker, part_make, part);
	return status ? status : part->status;
}

static void
parts_call(const struct sadb *sadb, struct part *parts, ctrl_fn *fn)
{
	const struct ctrl_target *target = sadb->target;

	for (unsigned w = 0; w < target->workers; w++)
		if (parts[w].change)
			target->call(target->ctx, w, fn, &parts[w]);
}

/* All change at once; what is left to do for single SAs follows. */
static void
parts_commit(const struct sadb *sadb, struct part *parts)
{
	const struct ctrl_target *target = sadb->target;

	parts_call(sadb, parts, part_commit);
	for (unsigned w = 0; w < target->workers; w++)
		for (parts[w].done = false; !parts[w].done;)
			target->call(target->ctx, w, part_settle, &parts[w]);
}

/* All workers are ready, and then all change; or none does. */
static enum status
change_run(struct sadb *sadb, const struct cfg_gateway *cfg, unsigned *changed, char *message, size_t bytes)
{
	const struct ctrl_target *target = sadb->target;
	struct part *parts = calloc(target->workers, sizeof(*parts));
	enum status status = parts ? ST_OK : ST_ERR_NOMEM;

	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	for (unsigned w = 0; w < target->workers && !status; w++) {
		parts[w].message = message;
		parts[w].bytes = bytes;
		status = part_prepare(sadb, w, &parts[w], cfg);
	}
	if (!status)
		parts_commit(sadb, parts);
	else if (parts)
		parts_call(sadb, parts, part_abort);
	for (unsigned w = 0; parts && w < target->workers; w++) {
		if (parts[w].change)
			*changed = dp_change_count(parts[w].change);
		dp_change_destroy(parts[w].change);
	}
	free(parts);
	return status;
}

enum status
sadb_refuse(char *message, size_t bytes, const char *name, const char *why)
{
	snprintf(message, bytes, "SA %s: %s", name, why);
	return ST_ERR_CONFIG;
}

enum status
sadb_no_memory(char *message, size_t bytes)
{
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	return ST_ERR_NOMEM;
}

static bool
sa_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->direction == b->direction && a->spi == b->spi && ip_equal(a->src, b->src) &&
	       ip_equal(a->dst, b->dst) && !memcmp(a->key, b->key, sizeof(a->key)) &&
	       !memcmp(a->auth_key, b->auth_key, sizeof(a->auth_key));
}

static uint64_t
sa_hash(const struct cfg_sa *sa)
{
	return lookup_hash((uint64_t)sa->direction << 32 | sa->spi, &sa->dst, sizeof(sa->dst));
}

static bool
sa_known(const struct cfg_gateway *cfg, const struct lookup *sas, const struct cfg_sa *sa)
{
	uint32_t slot, at = lookup_first(sas, sa_hash(sa), &slot);

	while (at != LOOKUP_NONE && !sa_equal(&cfg->sas[at], sa))
		at = lookup_next(sas, &slot);
	return at != LOOKUP_NONE;
}

/* Where the numbers of new SAs begin. */
static enum status
numbers_begin(const struct sadb *sadb, struct cfg_gateway *cfg, char *message, size_t bytes)
{
	const struct ctrl_target *target = sadb->target;
	const struct cfg_gateway *was = sadb_cfg(sadb);
	enum status status = ST_OK;
	struct lookup sas;

	if (!target->begin)
		return ST_OK;
	if (lookup_create(&sas, was->n_sas))
		return sadb_no_memory(message, bytes);
	for (uint32_t i = 0; i < was->n_sas; i++)
		lookup_add(&sas, sa_hash(&was->sas[i]), i);
	for (uint32_t i = 0; i < cfg->n_sas && !status; i++)
		if (!sa_known(was, &sas, &cfg->sas[i]))
			status = target->begin(target->ctx, &cfg->sas[i], message, bytes);
	lookup_destroy(&sas);
	return status || !target->begun ? status : target->begun(target->ctx, message, bytes);
}

static enum status
used_refuse(const struct sadb *sadb, const struct cfg_gateway *cfg, char *message, size_t bytes)
{
	const struct cfg_sa *again;

	if (sadb_used_again(sadb->used, sadb_cfg(sadb), cfg, &again) ||
		sadb_used_reserve(sadb->used, cfg->n_sas))
		return sadb_no_memory(message, bytes);
	return again ? sadb_refuse(message, bytes, again->name,
			       "its key was in use before, and its sequence numbers would be used twice: a "
			       "new SA wants a new key")
		     : ST_OK;
}

enum status
sadb_enter(struct sadb *sadb, struct generation *g, unsigned *changed, char *message, size_t bytes)
{
	enum status status = used_refuse(sadb, &g->cfg, message, bytes);

	if (!status)
		status = numbers_begin(sadb, &g->cfg, message, bytes);
	if (!status)
		status = change_run(sadb, &g->cfg, changed, message, bytes);
	if (status) {
		sadb_generation_free(g);
		return status;
	}
	sadb_used_add(sadb->used, &g->cfg);
	g->number = sadb->last->number + 1;
	g->before = sadb->last;
	sadb->last = g;
	sadb->old = 1; /* until sadb_age() knows better */
	return ST_OK;
}

struct aging {
	struct dp *dp;
	unsigned left;
	bool done;
};

static struct generation *
generation_of(struct generation *from, const struct cfg_sa *sa)
{
	while (from && (sa < from->cfg.sas || sa >= from->cfg.sas + from->cfg.n_sas))
		from = from->before;
	return from;
}

static void
old_see(void *ctx, const struct cfg_sa *sa)
{
	struct generation *g = generation_of(((struct sadb *)ctx)->last, sa);

	if (g)
		g->used = true;
}

static void
age(struct dp *dp, void *arg, uint64_t now)
{
	struct aging *aging = arg;

	aging->dp = dp;
	aging->left = dp_sas_age(dp, now, SADB_IDLE_NS, SETTLE_PORTION, &aging->done);
}

/* What nothing points into any more. */
static void
generations_free(struct sadb *sadb)
{
	uint64_t oldest = UINT64_MAX; /* that is read, of those whose texts may be further back */

	for (struct generation **at = &sadb->last, *g; (g = *at);) {
		bool read = g == sadb->last || g->used;
		bool whole = g->loaded != NULL; /* has all its texts, and those of later ones */

		if (read)
			oldest = g->number;
		else
			arrays_free(g);
		if (read || oldest < g->until) {
			at = &g->before;
		} else {
			*at = g->before;
			sadb_generation_free(g);
		}
		if (whole)
			oldest = UINT64_MAX;
	}
}

void
sadb_age(struct sadb *sadb)
{
	const struct ctrl_target *target = sadb->target;
	unsigned left = 0;

	if (!sadb->old)
		return;
	for (struct generation *g = sadb->last; g; g = g->before)
		g->used = false;
	for (unsigned w = 0; w < target->workers; w++) {
		struct aging aging = {0};

		while (!aging.done)
			if (target->call(target->ctx, w, age, &aging))
				return;
		/* what is seen there is changed by nobody but this thread */
		dp_sas_see_old(aging.dp, old_see, sadb);
		left += aging.left;
	}
	sadb->old = left;
	generations_free(sadb);
}
