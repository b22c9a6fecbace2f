/* Configurations, one after another, and their way into the workers.
 *
 * A generation has arrays of SAs and policies of its own; texts in them belong to the generation that first
 * had them, so a generation keeps its texts after its arrays have gone, until a whole file has replaced them.
 */
#include "ctrl/sadb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/alg.h"
#include "ctrl/sadb_priv.h"
#include "ctrl/target.h"
#include "dataplane/dp_sas.h"

#define MAKE_PORTION 16u  /* SAs that a worker makes at once */
#define SPI_RESERVED 255u /* RFC 4303 §2.1 */

struct generation {
	struct generation *before;
	struct cfg_gateway cfg;
	struct cfg_lab *loaded; /* a file; NULL: changed from the one before */
	char *name;		/* of an SA that came with it */
	bool arrays;		/* cfg.sas and cfg.policies are its own */
};

struct sadb {
	const struct ctrl_target *target;
	struct generation *last; /* in force; the first one is the target's */
	struct used_key *used;	 /* by outbound SAs that have gone */
	unsigned old;
};

enum status
sadb_create(const struct ctrl_target *target, struct sadb **out)
{
	struct sadb *sadb = calloc(1, sizeof(*sadb));

	*out = sadb;
	if (sadb)
		sadb->last = calloc(1, sizeof(*sadb->last));
	if (!sadb || !sadb->last) {
		free(sadb);
		*out = NULL;
		return ST_ERR_NOMEM;
	}
	sadb->target = target;
	sadb->last->cfg = *target->cfg;
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

static void
generation_free(struct generation *g)
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
		generation_free(sadb->last);
	}
	sadb_used_free(sadb->used);
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

/* A copy of what is in force, with room for one SA more. */
static struct generation *
generation_copy(const struct sadb *sadb)
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
		generation_free(g);
		return NULL;
	}
	memcpy(g->cfg.sas, was->sas, was->n_sas * sizeof(*was->sas));
	memcpy(g->cfg.policies, was->policies, was->n_policies * sizeof(*was->policies));
	return g;
}

/* One worker's part of a change. */
struct part {
	const struct dp *dp;
	struct dp_change *change;
	char *message;
	size_t bytes;
	bool done, made;
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
	part->made = true;
	part->status = dp_change_make(
		dp, part->change, MAKE_PORTION, &part->done, part->message, part->bytes);
}

static void
part_commit(struct dp *dp, void *arg, uint64_t now)
{
	dp_change_commit(dp, ((struct part *)arg)->change, now);
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
	for (unsigned w = 0; parts && w < target->workers; w++) {
		if (!parts[w].change)
			continue;
		*changed = dp_change_count(parts[w].change);
		if (!status || parts[w].made)
			target->call(target->ctx, w, status ? part_abort : part_commit, &parts[w]);
		dp_change_destroy(parts[w].change);
	}
	free(parts);
	return status;
}

static enum status
refuse(char *message, size_t bytes, const char *name, const char *why)
{
	snprintf(message, bytes, "SA %s: %s", name, why);
	return ST_ERR_CONFIG;
}

static enum status
no_memory(char *message, size_t bytes)
{
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	return ST_ERR_NOMEM;
}

static enum status
generation_enter(struct sadb *sadb, struct generation *g, unsigned *changed, char *message, size_t bytes)
{
	const struct cfg_sa *again = sadb_used_again(sadb->used, &g->cfg);
	struct used_key *used = NULL;
	enum status status = again ? refuse(message, bytes, again->name,
					     "its key was in use before, and its sequence numbers would be "
					     "used twice: a new SA wants a new key")
				   : sadb_used_find(sadb_cfg(sadb), &g->cfg, &used);

	if (!status)
		status = change_run(sadb, &g->cfg, changed, message, bytes);
	else if (!again)
		no_memory(message, bytes);
	if (status) {
		sadb_used_free(used);
		generation_free(g);
		return status;
	}
	sadb->used = sadb_used_join(sadb->used, used);
	g->before = sadb->last;
	sadb->last = g;
	sadb->old = 1; /* until sadb_age() knows better */
	return ST_OK;
}

static enum status
key_check(const struct cfg_sa *sa, const struct sadb_key *key, char *message, size_t bytes)
{
	struct transform t;
	char why[160];

	if (transform_parse(sa->transform, &t, message, bytes))
		return ST_ERR_CONFIG;
	snprintf(why, sizeof(why), "%s wants a key of %u bytes (%u given) and an auth-key of %u (%u given)",
		sa->transform, t.key_len, key->key_len, t.auth_key_len, key->auth_key_len);
	if (key->key_len != t.key_len || key->auth_key_len != t.auth_key_len)
		return refuse(message, bytes, sa->name, why);
	if (key->spi <= SPI_RESERVED)
		return refuse(message, bytes, sa->name, "the SPIs 0 to 255 are reserved (RFC 4303 §2.1)");
	return ST_OK;
}

/* Another SA to the same end has this SPI already. */
static bool
spi_taken(const struct cfg_gateway *cfg, uint32_t index)
{
	const struct cfg_sa *sa = &cfg->sas[index];

	for (uint32_t i = 0; i < cfg->n_sas; i++)
		if (i != index && cfg->sas[i].direction == sa->direction && cfg->sas[i].spi == sa->spi &&
			ip_equal(cfg->sas[i].dst, sa->dst))
			return true;
	return false;
}

static bool
in_bundle(const struct cfg_gateway *cfg, uint32_t index)
{
	if (cfg->sas[index].over)
		return true;
	for (uint32_t i = 0; i < cfg->n_sas; i++)
		if (cfg->sas[i].over && cfg->sas[i].over_index == index)
			return true;
	return false;
}

static void
key_set(struct cfg_sa *sa, const struct sadb_key *key)
{
	sa->spi = key->spi;
	memcpy(sa->key, key->key, sizeof(sa->key));
	memcpy(sa->auth_key, key->auth_key, sizeof(sa->auth_key));
	sa->first_seq = 1;
}

/* Gives the SA at index its key and lets it in. */
static enum status
new_enter(struct sadb *sadb, struct generation *g, uint32_t index, const struct sadb_key *key, char *message,
	size_t bytes)
{
	struct cfg_sa *sa = &g->cfg.sas[index];
	enum status status = key_check(sa, key, message, bytes);
	unsigned changed;

	key_set(sa, key);
	if (!status && spi_taken(&g->cfg, index))
		status = refuse(message, bytes, sa->name, "another SA to the same end has this SPI");
	if (status) {
		generation_free(g);
		return status;
	}
	return generation_enter(sadb, g, &changed, message, bytes);
}

enum status
sadb_rekey(struct sadb *sadb, uint32_t index, const struct sadb_key *key, char *message, size_t bytes)
{
	const char *name = sadb_cfg(sadb)->sas[index].name;
	struct generation *g;

	if (in_bundle(sadb_cfg(sadb), index))
		return refuse(message, bytes, name, "AH over ESP: both change together, by reload");
	if (key->spi == sadb_cfg(sadb)->sas[index].spi)
		return refuse(message, bytes, name, "it has this SPI already; a new SA wants a new one");
	g = generation_copy(sadb);
	return g ? new_enter(sadb, g, index, key, message, bytes) : no_memory(message, bytes);
}

/* The first policy that matches decides by which SA a packet must have come in (RFC 4301 §5.2): there,
 * another SA would be of no use without policies of its own. */
static const struct cfg_policy *
inbound_policy(const struct cfg_gateway *cfg, uint32_t index)
{
	for (unsigned p = 0; p < cfg->n_policies; p++)
		if (cfg->policies[p].direction == CFG_IN && cfg->policies[p].action == CFG_PROTECT &&
			cfg->policies[p].sa_index == index)
			return &cfg->policies[p];
	return NULL;
}

enum status
sadb_add(struct sadb *sadb, const char *name, uint32_t like, const struct sadb_key *key, char *message,
	size_t bytes)
{
	struct generation *g;
	uint32_t index = sadb_cfg(sadb)->n_sas;

	if (sadb_find(sadb, name, (int)sadb_cfg(sadb)->sas[like].direction) != CFG_NONE)
		return refuse(message, bytes, name, "there is one of that name; crypto sa rekey replaces it");
	if (in_bundle(sadb_cfg(sadb), like))
		return refuse(message, bytes, sadb_cfg(sadb)->sas[like].name, "AH over ESP: by reload alone");
	if (inbound_policy(sadb_cfg(sadb), like))
		return refuse(message, bytes, sadb_cfg(sadb)->sas[like].name,
			"inbound policies name it, and the new one would want its own: by reload");
	g = generation_copy(sadb);
	if (g)
		g->name = strdup(name);
	if (!g || !g->name) {
		if (g)
			generation_free(g);
		return no_memory(message, bytes);
	}
	g->cfg.sas[index] = g->cfg.sas[like];
	g->cfg.sas[index].name = g->name;
	g->cfg.n_sas++;
	return new_enter(sadb, g, index, key, message, bytes);
}

enum status
sadb_delete(struct sadb *sadb, uint32_t index, char *message, size_t bytes)
{
	const struct cfg_gateway *cfg = sadb_cfg(sadb);
	struct generation *g;
	unsigned changed;

	if (in_bundle(cfg, index))
		return refuse(message, bytes, cfg->sas[index].name, "AH over ESP: by reload alone");
	for (unsigned p = 0; p < cfg->n_policies; p++)
		if (cfg->policies[p].action == CFG_PROTECT && cfg->policies[p].sa_index == index) {
			snprintf(message, bytes, "SA %s: policy %s names it", cfg->sas[index].name,
				cfg->policies[p].name);
			return ST_ERR_CONFIG;
		}
	g = generation_copy(sadb);
	if (!g)
		return no_memory(message, bytes);
	memmove(&g->cfg.sas[index], &g->cfg.sas[index + 1], (g->cfg.n_sas - index - 1) * sizeof(*g->cfg.sas));
	g->cfg.n_sas--;
	for (unsigned p = 0; p < g->cfg.n_policies; p++)
		if (g->cfg.policies[p].sa_index != CFG_NONE && g->cfg.policies[p].sa_index > index)
			g->cfg.policies[p].sa_index--;
	for (uint32_t i = 0; i < g->cfg.n_sas; i++)
		if (g->cfg.sas[i].over && g->cfg.sas[i].over_index > index)
			g->cfg.sas[i].over_index--;
	return generation_enter(sadb, g, &changed, message, bytes);
}

enum status
sadb_window(struct sadb *sadb, uint32_t index, uint32_t window, char *message, size_t bytes)
{
	struct generation *g;
	unsigned changed;

	if (sadb_cfg(sadb)->sas[index].direction != CFG_IN)
		return refuse(
			message, bytes, sadb_cfg(sadb)->sas[index].name, "an outbound SA has no window");
	g = generation_copy(sadb);
	if (!g)
		return no_memory(message, bytes);
	g->cfg.sas[index].window = window;
	return generation_enter(sadb, g, &changed, message, bytes);
}

enum status
sadb_load(struct sadb *sadb, struct cfg_lab *lab, unsigned *changed, char *message, size_t bytes)
{
	const struct cfg_gateway *was = sadb_cfg(sadb), *now = NULL;
	struct generation *g = calloc(1, sizeof(*g));
	const char *differs = NULL;

	for (unsigned i = 0; i < lab->n_gateways; i++)
		if (!strcmp(lab->gateways[i].name, was->name))
			now = &lab->gateways[i];
	if (now)
		differs = sadb_differs(was, now);
	if (!g || !now || differs) {
		snprintf(message, bytes,
			!g    ? "out of memory"
			: now ? "%s: %s differs, and cannot change while the gateway runs"
			      : "%s: there is no gateway \"%s\" in it",
			lab->file, now ? differs : was->name);
		cfg_free(lab);
		free(g);
		return ST_ERR_CONFIG;
	}
	g->cfg = *was;
	g->cfg.sas = now->sas;
	g->cfg.n_sas = now->n_sas;
	g->cfg.policies = now->policies;
	g->cfg.n_policies = now->n_policies;
	g->loaded = lab;
	return generation_enter(sadb, g, changed, message, bytes);
}

static void
age(struct dp *dp, void *arg, uint64_t now)
{
	*(unsigned *)arg += dp_sas_age(dp, now, SADB_IDLE_NS);
}

/* Nothing points into configurations of before any more. */
static void
generations_free(struct sadb *sadb)
{
	bool whole = false; /* a file has replaced all texts of those before */

	for (struct generation *g = sadb->last, *before; g; g = before) {
		before = g->before;
		if (g != sadb->last && before)
			arrays_free(g);
		whole |= g->loaded != NULL;
		while (whole && before) {
			g->before = before->before;
			generation_free(before);
			before = g->before;
		}
	}
}

void
sadb_age(struct sadb *sadb)
{
	const struct ctrl_target *target = sadb->target;
	unsigned left = 0;
	enum status status = ST_OK;

	if (!sadb->old)
		return;
	for (unsigned w = 0; w < target->workers && !status; w++)
		status = target->call(target->ctx, w, age, &left);
	if (status)
		return;
	sadb->old = left;
	if (!left)
		generations_free(sadb);
}

unsigned
sadb_old(const struct sadb *sadb)
{
	return sadb->old;
}
