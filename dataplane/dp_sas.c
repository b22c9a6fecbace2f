/* Changes of SAs, prepared; contract in dp_sas.h.  How they take their place stands in dp_commit.c, and what
 * becomes of those that they replace in dp_old.c. */
#include "dataplane/dp_sas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/engine.h"
#include "dataplane/dp_change.h"
#include "dataplane/in_order.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/ipsec/spd.h"
#include "dataplane/keepalive.h"
#include "dataplane/life.h"
#include "dataplane/process.h"
#include "dataplane/worker.h"

#define MOVE_SLOTS 1024u /* of the SAD, moved at once */

bool
dp_sa_stands(const struct sa *sa)
{
	return sa->direction == CFG_IN && (sa->session || sa->light);
}

enum status
dp_sa_make(struct dp *dp, const struct cfg_sa *cfg, uint32_t index, unsigned owner, struct sa **out,
	char *message, size_t bytes)
{
	bool mine = owner == hand_self(dp->worker);
	struct sa *sa;
	enum status status = sa_create(cfg, index, mine ? dp->worker->engine : NULL, &sa, message, bytes);

	*out = NULL;
	if (status)
		return status;
	sa->owner = (uint8_t)owner;
	if (sa->light) {
		*out = sa;
		return ST_OK;
	}
	if (life_create(sa) || (cfg->in_order && !(sa->order = in_order_create()))) {
		free(sa->life);
		sa_destroy(sa, dp->worker->engine);
		return ST_ERR_NOMEM;
	}
	sa->finishes |= cfg->in_order;
	dp->worker->n_orders += cfg->in_order;
	dp->n_refused += !sa->session;
	*out = sa;
	return ST_OK;
}

void
dp_sa_free(struct dp *dp, struct sa *sa)
{
	if (!sa)
		return;
	dp->worker->n_orders -= sa->order != NULL;
	dp->n_refused -= !sa->session && !sa->light;
	in_order_destroy(sa->order);
	free(sa->life);
	sa_destroy(sa, dp->worker->engine);
}

void
dp_sas_bundle(struct dp *dp)
{
	for (unsigned i = 0; i < dp->cfg->n_sas; i++)
		if (dp->cfg->sas[i].over)
			sa_bundle(dp->sas[i], dp->sas[dp->cfg->sas[i].over_index]);
}

/* ESP that stays, and was under an AH that goes: it names that AH.  Its owner says so; `next` of light copies
 * is always set. */
static bool
is_orphan(const struct dp_change *change, uint32_t i)
{
	return change->sas[i]->next && !change->sas[i]->light && !change->cfg->sas[i].over &&
	       !(change->outer && change->outer[i] != CFG_NONE);
}

/* What the plan says of each SA: which are to be made, and which stay as they are. */
static enum status
plan_read(const struct dp *dp, struct dp_change *change, unsigned *n_new_in, char *message, size_t bytes)
{
	const struct cfg_gateway *cfg = change->cfg;
	unsigned goes = change->n_was;

	for (uint32_t i = 0; i < cfg->n_sas; i++) {
		const struct cfg_sa *sa = &cfg->sas[i];
		const struct plan *plan = &change->plan[i];

		if (plan->fate != FATE_NEW) {
			change->sas[i] = dp->sas[plan->was];
			goes--;
			if (is_orphan(change, i)) {
				snprintf(message, bytes,
					"SA %s: the AH over it goes, so it wants a new key too", sa->name);
				return ST_ERR_CONFIG;
			}
			if (dp->pool && keepalive_sends(change->sas[i], sa))
				change->keepalive[change->n_keepalive++] = change->sas[i];
		}
		if (plan->fate != FATE_KEPT)
			change->todo[change->n_todo++] = i;
		*n_new_in += plan->fate == FATE_NEW && sa->direction == CFG_IN;
		change->limited |= life_limited(sa);
	}
	return dp_old_places(goes, &change->places);
}

/* change->outer, where there is AH over ESP. */
static enum status
outer_create(struct dp_change *change)
{
	const struct cfg_gateway *cfg = change->cfg;

	for (uint32_t i = 0; i < cfg->n_sas; i++) {
		if (!cfg->sas[i].over)
			continue;
		if (!change->outer) {
			change->outer = malloc(cfg->n_sas * sizeof(*change->outer));
			if (!change->outer)
				return ST_ERR_NOMEM;
			memset(change->outer, 0xff, cfg->n_sas * sizeof(*change->outer)); /* CFG_NONE */
		}
		change->outer[cfg->sas[i].over_index] = i;
	}
	return ST_OK;
}

static enum status
parts_create(struct dp *dp, struct dp_change *change)
{
	const struct cfg_gateway *cfg = change->cfg;

	change->local = local_create(cfg);
	change->sas = calloc(cfg->n_sas + 1u, sizeof(struct sa *));
	change->keepalive = calloc(cfg->n_sas + 1u, sizeof(struct sa *));
	change->todo = calloc(cfg->n_sas + 1u, sizeof(*change->todo));
	change->owners = calloc(cfg->n_sas + 1u, 1);
	if (!change->local || !change->sas || !change->keepalive || !change->todo || !change->owners ||
		spd_create(cfg, &change->spd) || flow_cache_create(flow_cache_buckets(cfg), &change->cache) ||
		process_cache_create(dp->worker->process, &change->routes) ||
		(!dp->old && dp_old_create(dp->n_ports, &dp->old)))
		return ST_ERR_NOMEM;
	return outer_create(change);
}

/* As many entries as the SAD can come to have: the worker may take some out meanwhile. */
static enum status
spare_create(const struct dp *dp, struct dp_change *change, unsigned n_new_in)
{
	unsigned entries = n_new_in + dp_old_count(dp->old);

	for (unsigned i = 0; i < change->n_was; i++)
		entries += dp->cfg->sas[i].direction == CFG_IN;
	return sad_spare_create(dp->sad, entries, &change->spare);
}

/* An SA stays where its numbers are, and a new one of its name, too; an ESP goes with the AH over it. */
static void
owners_plan(const struct dp *dp, struct dp_change *change)
{
	for (uint32_t i = 0; i < change->n; i++) {
		const struct plan *plan = &change->plan[i];
		bool anew = plan->was == CFG_NONE || (plan->fate == FATE_NEW && change->cfg->sas[i].over);

		change->owners[i] = anew ? HAND_ANY : dp->sas[plan->was]->owner;
	}
	hand_owners(dp->worker, change->cfg, change->owners);
}

static enum status
change_prepare(struct dp *dp, struct dp_change *change, char *message, size_t bytes)
{
	unsigned n_new_in = 0;
	enum status status = parts_create(dp, change);

	if (!status)
		status = dp_ports_create(dp, change, message, bytes);
	if (!status && !dp->worker->engine && change->n) {
		snprintf(message, bytes,
			"a gateway that was started without SAs has no engine: start it anew");
		return ST_ERR_CONFIG;
	}
	if (!status)
		status = dp_plan(dp->cfg, change->cfg, change->plan, message, bytes);
	if (!status) {
		owners_plan(dp, change);
		status = plan_read(dp, change, &n_new_in, message, bytes);
	}
	if (!status)
		status = dp_place_create(dp, change);
	return status ? status : spare_create(dp, change, n_new_in);
}

enum status
dp_change_create(
	struct dp *dp, const struct cfg_gateway *cfg, struct dp_change **out, char *message, size_t bytes)
{
	struct dp_change *change = calloc(1, sizeof(*change) + cfg->n_sas * sizeof(change->plan[0]));
	enum status status;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (!change)
		return ST_ERR_NOMEM;
	change->cfg = cfg;
	change->n = cfg->n_sas;
	change->n_was = dp->cfg->n_sas;
	status = change_prepare(dp, change, message, bytes);
	if (status)
		dp_change_destroy(change);
	else
		*out = change;
	return status;
}

unsigned
dp_change_count(const struct dp_change *change)
{
	return change->n_todo;
}

static enum status
make_one(struct dp *dp, struct dp_change *change, uint32_t i, char *message, size_t bytes)
{
	const struct cfg_sa *cfg = &change->cfg->sas[i];
	struct plan *plan = &change->plan[i];
	enum status status = dp_sa_make(dp, cfg, i, change->owners[i], &plan->made, message, bytes);

	if (status)
		return status;
	if (plan->fate == FATE_ALTERED) {
		plan->made->policy = change->sas[i]->policy;
		return ST_OK;
	}
	plan->made->policy = plan->number;
	change->sas[i] = plan->made;
	if (dp->pool && keepalive_sends(plan->made, cfg))
		change->keepalive[change->n_keepalive++] = plan->made;
	return ST_OK;
}

enum status
dp_change_make(struct dp *dp, struct dp_change *change, unsigned n, bool *done, char *message, size_t bytes)
{
	enum status status = ST_OK;

	*done = false;
	if (change->spare && !change->moved) {
		change->moved = sad_move(dp->sad, change->spare, MOVE_SLOTS);
		return ST_OK;
	}
	for (; change->next < change->n_todo && n && !status; change->next++, n--)
		status = make_one(dp, change, change->todo[change->next], message, bytes);
	*done = change->next == change->n_todo;
	return status;
}

void
dp_change_abort(struct dp *dp, struct dp_change *change)
{
	sad_move_stop(dp->sad);
	for (unsigned i = 0; i < change->n_todo; i++)
		dp_sa_free(dp, change->plan[change->todo[i]].made);
}

void
dp_change_destroy(struct dp_change *change)
{
	if (!change)
		return;
	dp_old_places_free(change->places);
	sad_spare_destroy(change->spare);
	flow_cache_destroy(change->cache);
	flow_cache_destroy(change->routes);
	dp_ports_destroy(change);
	spd_destroy(change->spd);
	free(change->local);
	free(change->sas);
	free(change->keepalive);
	free(change->place);
	free(change->todo);
	free(change->owners);
	free(change->outer);
	free(change);
}
