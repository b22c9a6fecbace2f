/* crypto sa rekey, add, delete, window and reload as configurations: the one in force, and what is asked of
 * it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/alg.h"
#include "ctrl/sadb_priv.h"

#define SPI_RESERVED 255u /* RFC 4303 §2.1 */

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
		return sadb_refuse(message, bytes, sa->name, why);
	if (key->spi <= SPI_RESERVED)
		return sadb_refuse(
			message, bytes, sa->name, "the SPIs 0 to 255 are reserved (RFC 4303 §2.1)");
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
		status = sadb_refuse(message, bytes, sa->name, "another SA to the same end has this SPI");
	if (status) {
		sadb_generation_free(g);
		return status;
	}
	return sadb_enter(sadb, g, &changed, message, bytes);
}

enum status
sadb_rekey(struct sadb *sadb, uint32_t index, const struct sadb_key *key, char *message, size_t bytes)
{
	const char *name = sadb_cfg(sadb)->sas[index].name;
	struct generation *g;

	if (in_bundle(sadb_cfg(sadb), index))
		return sadb_refuse(message, bytes, name, "AH over ESP: both change together, by reload");
	if (key->spi == sadb_cfg(sadb)->sas[index].spi)
		return sadb_refuse(message, bytes, name, "it has this SPI already; a new SA wants a new one");
	g = sadb_copy(sadb);
	return g ? new_enter(sadb, g, index, key, message, bytes) : sadb_no_memory(message, bytes);
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
		return sadb_refuse(
			message, bytes, name, "there is one of that name; crypto sa rekey replaces it");
	if (in_bundle(sadb_cfg(sadb), like))
		return sadb_refuse(
			message, bytes, sadb_cfg(sadb)->sas[like].name, "AH over ESP: by reload alone");
	if (inbound_policy(sadb_cfg(sadb), like))
		return sadb_refuse(message, bytes, sadb_cfg(sadb)->sas[like].name,
			"inbound policies name it, and the new one would want its own: by reload");
	g = sadb_copy(sadb);
	if (g)
		g->name = strdup(name);
	if (!g || !g->name) {
		if (g)
			sadb_generation_free(g);
		return sadb_no_memory(message, bytes);
	}
	g->cfg.sas[index] = g->cfg.sas[like];
	g->until = UINT64_MAX;
	g->cfg.sas[index].name = g->name;
	g->cfg.n_sas++;
	return new_enter(sadb, g, index, key, message, bytes);
}

/* Of an SA that is not in the last generation any more. */
static void
name_forget(struct sadb *sadb, const char *name)
{
	for (struct generation *g = sadb->last; g; g = g->before)
		if (g->name == name)
			g->until = sadb->last->number;
}

enum status
sadb_delete(struct sadb *sadb, uint32_t index, char *message, size_t bytes)
{
	const struct cfg_gateway *cfg = sadb_cfg(sadb);
	const char *name = cfg->sas[index].name;
	struct generation *g;
	enum status status;
	unsigned changed;

	if (in_bundle(cfg, index))
		return sadb_refuse(message, bytes, name, "AH over ESP: by reload alone");
	for (unsigned p = 0; p < cfg->n_policies; p++)
		if (cfg->policies[p].action == CFG_PROTECT && cfg->policies[p].sa_index == index) {
			snprintf(message, bytes, "SA %s: policy %s names it", name, cfg->policies[p].name);
			return ST_ERR_CONFIG;
		}
	g = sadb_copy(sadb);
	if (!g)
		return sadb_no_memory(message, bytes);
	memmove(&g->cfg.sas[index], &g->cfg.sas[index + 1], (g->cfg.n_sas - index - 1) * sizeof(*g->cfg.sas));
	g->cfg.n_sas--;
	for (unsigned p = 0; p < g->cfg.n_policies; p++)
		if (g->cfg.policies[p].sa_index != CFG_NONE && g->cfg.policies[p].sa_index > index)
			g->cfg.policies[p].sa_index--;
	for (uint32_t i = 0; i < g->cfg.n_sas; i++)
		if (g->cfg.sas[i].over && g->cfg.sas[i].over_index > index)
			g->cfg.sas[i].over_index--;
	status = sadb_enter(sadb, g, &changed, message, bytes);
	if (!status)
		name_forget(sadb, name);
	return status;
}

enum status
sadb_window(struct sadb *sadb, uint32_t index, uint32_t window, char *message, size_t bytes)
{
	struct generation *g;
	unsigned changed;

	if (sadb_cfg(sadb)->sas[index].direction != CFG_IN)
		return sadb_refuse(
			message, bytes, sadb_cfg(sadb)->sas[index].name, "an outbound SA has no window");
	g = sadb_copy(sadb);
	if (!g)
		return sadb_no_memory(message, bytes);
	g->cfg.sas[index].window = window;
	return sadb_enter(sadb, g, &changed, message, bytes);
}

/* What of a gateway's configuration can change while it runs (config/differs.c). */
static void
changes_take(struct cfg_gateway *cfg, const struct cfg_gateway *now)
{
	cfg->sas = now->sas;
	cfg->n_sas = now->n_sas;
	cfg->policies = now->policies;
	cfg->n_policies = now->n_policies;
	cfg->ports = now->ports;
	cfg->routes = now->routes;
	cfg->n_routes = now->n_routes;
	cfg->neighbours = now->neighbours;
	cfg->n_neighbours = now->n_neighbours;
	cfg->log_rate = now->log_rate;
	cfg->log_burst = now->log_burst;
	cfg->fragmentation = now->fragmentation;
	cfg->pmtu_ageing = now->pmtu_ageing;
}

enum status
sadb_load(struct sadb *sadb, struct cfg_lab *lab, unsigned *changed, char *message, size_t bytes)
{
	const struct ctrl_target *target = sadb->target;
	const struct cfg_gateway *was = sadb_cfg(sadb), *now = NULL;
	struct generation *g = calloc(1, sizeof(*g));
	enum status status = g ? ST_OK : ST_ERR_NOMEM;

	if (!g)
		sadb_no_memory(message, bytes);
	for (unsigned i = 0; i < lab->n_gateways; i++)
		if (!strcmp(lab->gateways[i].name, was->name))
			now = &lab->gateways[i];
	if (g && !now) {
		snprintf(message, bytes, "%s: there is no gateway \"%s\" in it", lab->file, was->name);
		status = ST_ERR_CONFIG;
	}
	if (!status && cfg_fixed_differs(target->lab, was, lab, now, message, bytes))
		status = ST_ERR_CONFIG;
	if (status) {
		cfg_free(lab);
		free(g);
		return status;
	}
	g->cfg = *was;
	changes_take(&g->cfg, now);
	g->until = UINT64_MAX;
	g->loaded = lab;
	status = sadb_enter(sadb, g, changed, message, bytes);
	if (!status && target->changed)
		target->changed(target->ctx, was, sadb_cfg(sadb));
	return status;
}
