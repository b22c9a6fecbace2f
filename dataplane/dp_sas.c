/* Changes of SAs; contract in dp_sas.h.
 *
 * Memory that packets may name is freed when no packet is inside the gateway, and not before the next call
 * after that, so that events which point to it have been read.  A gateway that is never empty keeps what was
 * replaced. */
#include "dataplane/dp_sas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/engine.h"
#include "dataplane/far.h"
#include "dataplane/forward.h"
#include "dataplane/in_order.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/ipsec/spd.h"
#include "dataplane/keepalive.h"
#include "dataplane/life.h"
#include "dataplane/process.h"
#include "dataplane/worker.h"

enum fate { FATE_KEPT, FATE_ALTERED, FATE_NEW };

struct plan {
	enum fate fate;
	uint32_t was;	 /* its index before; CFG_NONE: there was none of that name */
	struct sa *made; /* altered: what it becomes; new: itself */
};

struct dp_change {
	const struct cfg_gateway *cfg;
	struct local *local;
	struct spd *spd;
	uint32_t unprotected; /* bit p: port p */
	struct sa **sas, **keepalive;
	struct dp_old_sa *old; /* places for those that go, a list */
	uint8_t *owners;
	unsigned n, next, count;
	struct plan plan[];
};

enum old_state { OLD_ACCEPTS, OLD_GONE, OLD_QUIET };

/* An SA that has been replaced or removed. */
struct dp_old_sa {
	struct dp_old_sa *next;
	struct sa *sa;
	enum old_state state;
	const char *name; /* of an SA that accepts: policies are those of its successor */
	uint64_t packets, since;
};

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

static uint32_t
index_of(const struct cfg_gateway *cfg, const char *name, enum cfg_direction direction, uint32_t guess)
{
	if (guess < cfg->n_sas && cfg->sas[guess].direction == direction &&
		!strcmp(cfg->sas[guess].name, name))
		return guess;
	for (uint32_t i = 0; i < cfg->n_sas; i++)
		if (cfg->sas[i].direction == direction && !strcmp(cfg->sas[i].name, name))
			return i;
	return CFG_NONE;
}

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool
key_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->key_len == b->key_len && a->auth_key_len == b->auth_key_len &&
	       !memcmp(a->key, b->key, a->key_len) && !memcmp(a->auth_key, b->auth_key, a->auth_key_len);
}

/* What the numbers of an SA belong to. */
static bool
identity_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->spi == b->spi && ip_equal(a->src, b->src) && ip_equal(a->dst, b->dst) &&
	       !strcmp(a->transform, b->transform) && key_equal(a, b) && a->esn == b->esn &&
	       a->mode == b->mode && a->natt == b->natt && a->align4 == b->align4 &&
	       a->in_order == b->in_order && text_equal(a->over, b->over);
}

static bool
life_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->lifetime_seconds == b->lifetime_seconds && a->lifetime_kilobytes == b->lifetime_kilobytes &&
	       a->lifetime_soft == b->lifetime_soft && a->idle_time == b->idle_time;
}

static bool
rest_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->window == b->window && text_equal(a->replay, b->replay) && a->df == b->df &&
	       a->fragmentation == b->fragmentation && a->dscp == b->dscp && a->ttl == b->ttl &&
	       a->natt_keepalive == b->natt_keepalive && a->tfc == b->tfc && life_equal(a, b);
}

/* With the same key a number must not be used twice (RFC 4303 §3.3.3): the key of any SA that there is. */
static bool
key_in_use(const struct cfg_gateway *cfg, const struct cfg_sa *sa)
{
	for (unsigned i = 0; i < cfg->n_sas; i++)
		if (cfg->sas[i].direction == sa->direction && sa->key_len + sa->auth_key_len &&
			key_equal(&cfg->sas[i], sa))
			return true;
	return false;
}

static enum status
plan_one(const struct cfg_gateway *was, const struct cfg_gateway *cfg, uint32_t i, struct plan *plan,
	char *message, size_t bytes)
{
	const struct cfg_sa *sa = &cfg->sas[i];

	plan->was = index_of(was, sa->name, sa->direction, i);
	if (plan->was != CFG_NONE && identity_equal(&was->sas[plan->was], sa)) {
		plan->fate = rest_equal(&was->sas[plan->was], sa) ? FATE_KEPT : FATE_ALTERED;
		return ST_OK;
	}
	plan->fate = FATE_NEW;
	if (!key_in_use(was, sa))
		return ST_OK;
	snprintf(message, bytes,
		"SA %s: an SA with this key is in use, and its sequence numbers would be used twice: a new "
		"SA wants a new key; with the same key only window, replay, df, fragmentation, dscp, ttl, "
		"tfc, natt_keepalive, lifetime_seconds, lifetime_kilobytes, lifetime_soft and idle_time can "
		"change",
		sa->name);
	return ST_ERR_CONFIG;
}

/* A place for each SA that may go, so that commit needs no memory. */
static bool
places_create(struct dp_change *change, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct dp_old_sa *place = calloc(1, sizeof(*place));

		if (!place)
			return false;
		place->next = change->old;
		change->old = place;
	}
	return true;
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

enum status
dp_change_create(const struct dp *dp, const struct cfg_gateway *cfg, struct dp_change **out, char *message,
	size_t bytes)
{
	struct dp_change *change = calloc(1, sizeof(*change) + cfg->n_sas * sizeof(change->plan[0]));
	unsigned goes = dp->cfg->n_sas;
	enum status status = ST_OK;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (!change)
		return ST_ERR_NOMEM;
	change->cfg = cfg;
	change->n = cfg->n_sas;
	change->local = local_create(cfg);
	change->sas = calloc(cfg->n_sas + 1u, sizeof(struct sa *));
	change->keepalive = calloc(cfg->n_sas + 1u, sizeof(struct sa *));
	change->owners = calloc(cfg->n_sas + 1u, 1);
	if (!change->local || !change->sas || !change->keepalive || !change->owners ||
		spd_create(cfg, &change->spd))
		status = ST_ERR_NOMEM;
	for (unsigned p = 0; p < cfg->n_ports; p++)
		change->unprotected |= (uint32_t)forward_unprotected(cfg, p) << p;
	if (!status && !dp->worker->engine && cfg->n_sas) {
		snprintf(message, bytes,
			"a gateway that was started without SAs has no engine: start it anew");
		status = ST_ERR_CONFIG;
	}
	for (unsigned i = 0; i < cfg->n_sas && !status; i++) {
		status = plan_one(dp->cfg, cfg, i, &change->plan[i], message, bytes);
		change->count += change->plan[i].fate != FATE_KEPT;
		goes -= change->plan[i].fate != FATE_NEW;
	}
	if (!status)
		owners_plan(dp, change);
	if (!status && !places_create(change, goes)) {
		snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
		status = ST_ERR_NOMEM;
	}
	if (status)
		dp_change_destroy(change);
	else
		*out = change;
	return status;
}

unsigned
dp_change_count(const struct dp_change *change)
{
	return change->count;
}

enum status
dp_change_make(struct dp *dp, struct dp_change *change, unsigned n, bool *done, char *message, size_t bytes)
{
	enum status status = ST_OK;

	if (!change->next)
		status = sad_reserve(dp->sad, change->count);
	if (status)
		snprintf(message, bytes, "%s", status_text(status));
	for (; change->next < change->n && n && !status; change->next++) {
		struct plan *plan = &change->plan[change->next];

		if (plan->fate == FATE_KEPT)
			continue;
		status = dp_sa_make(dp, &change->cfg->sas[change->next], change->next,
			change->owners[change->next], &plan->made, message, bytes);
		n--;
	}
	*done = change->next == change->n;
	return status;
}

void
dp_change_abort(struct dp *dp, struct dp_change *change)
{
	for (unsigned i = 0; i < change->n; i++)
		dp_sa_free(dp, change->plan[i].made);
}

void
dp_change_destroy(struct dp_change *change)
{
	if (!change)
		return;
	for (struct dp_old_sa *next; change->old; change->old = next) {
		next = change->old->next;
		free(change->old);
	}
	spd_destroy(change->spd);
	free(change->local);
	free(change->owners);
	free(change->sas);
	free(change->keepalive);
	free(change);
}

static void
sad_remove(struct dp *dp, const struct sa *sa)
{
	uint8_t proto = (uint8_t)sa->transform.proto;

	if (sa->direction == CFG_IN && sad_find(dp->sad, sa->spi, sa->dst, proto) == sa)
		sad_del(dp->sad, sa->spi, sa->dst, proto);
}

/* Goes to the list of what was replaced; with a successor an inbound SA still accepts. */
static void
sa_retire(struct dp *dp, struct dp_change *change, struct sa *sa, uint32_t successor, uint64_t now)
{
	struct dp_old_sa *old = change->old;

	change->old = old->next;
	*old = (struct dp_old_sa){.sa = sa, .next = dp->old, .state = OLD_GONE, .since = now};
	old->packets = sa->packets;
	dp->old = old;
	if (dp_sa_stands(sa) && successor != CFG_NONE) {
		old->state = OLD_ACCEPTS;
		old->name = sa->cfg->name;
	} else {
		sad_remove(dp, sa);
	}
}

/* Where an old SA has the SPI that a new one is to have, it makes room. */
static void
sad_place(struct dp *dp, struct sa *sa)
{
	uint8_t proto = (uint8_t)sa->transform.proto;
	const struct sa *there;

	if (!dp_sa_stands(sa))
		return;
	there = sad_find(dp->sad, sa->spi, sa->dst, proto);
	for (struct dp_old_sa *old = dp->old; there && old; old = old->next)
		if (old->sa == there)
			old->state = OLD_GONE;
	if (there)
		sad_del(dp->sad, sa->spi, sa->dst, proto);
	sad_add(dp->sad, sa->spi, sa->dst, proto, sa);
}

/* What came by an old SA passes where its successor's does, and nowhere once there is none. */
static void
old_policies(struct dp *dp, const struct cfg_gateway *cfg)
{
	for (struct dp_old_sa *old = dp->old; old; old = old->next) {
		uint32_t index = old->state == OLD_ACCEPTS ? index_of(cfg, old->name, CFG_IN, 0) : CFG_NONE;

		if (index == CFG_NONE && old->state == OLD_ACCEPTS) {
			old->state = OLD_GONE;
			sad_remove(dp, old->sa);
		}
		old->sa->policy = index == CFG_NONE ? cfg->n_sas : index;
	}
}

static void
sas_exchange(struct dp *dp, struct dp_change *change, uint64_t now)
{
	for (uint32_t i = 0; i < change->n; i++) {
		struct plan *plan = &change->plan[i];
		struct sa *was = plan->was == CFG_NONE ? NULL : dp->sas[plan->was];

		change->sas[i] = plan->fate == FATE_NEW ? plan->made : was;
		if (plan->fate == FATE_ALTERED) {
			sa_alter(was, plan->made);
			life_carry(was, plan->made);
			dp_sa_free(dp, plan->made);
		}
		if (plan->fate == FATE_NEW && was)
			sa_retire(dp, change, was, i, now);
		if (was)
			dp->sas[plan->was] = NULL;
		plan->made = NULL;
	}
	for (unsigned k = 0; k < dp->cfg->n_sas; k++)
		if (dp->sas[k])
			sa_retire(dp, change, dp->sas[k], CFG_NONE, now);
	for (uint32_t i = 0; i < change->n; i++) {
		struct sa *sa = change->sas[i];

		sa->cfg = &change->cfg->sas[i];
		sa->index = sa->policy = i;
		if (change->plan[i].fate == FATE_NEW)
			sad_place(dp, sa);
	}
}

void
dp_change_commit(struct dp *dp, struct dp_change *change, uint64_t now)
{
	struct sa **sas = dp->sas, **keepalive = dp->keepalive;
	struct local *local = dp->local;
	struct spd *spd = dp->spd;

	sas_exchange(dp, change, now);
	dp->sas = change->sas;
	dp->cfg = change->cfg;
	dp->local = change->local;
	dp->worker->local = dp->local;
	dp->worker->far = dp->cfg->n_sas >= FAR_SAS;
	dp->spd = change->spd;
	for (unsigned p = 0; p < dp->n_ports; p++)
		dp->ports[p].unprotected = change->unprotected >> p & 1;
	dp->keepalive = change->keepalive;
	keepalive_list(dp);
	life_begin(dp);
	dp_sas_bundle(dp);
	old_policies(dp, change->cfg);
	flow_cache_clear(dp->worker->cache);
	process_forget(dp->worker->process); /* routes may have changed */
	change->sas = sas; /* to be freed with it */
	change->keepalive = keepalive;
	change->local = local;
	change->spd = spd;
}

/* One step on the way out; true where it is over. */
static bool
old_step(struct dp *dp, struct dp_old_sa *old, uint64_t now, uint64_t idle)
{
	switch (old->state) {
	case OLD_ACCEPTS:
		if (old->sa->packets != old->packets) {
			old->packets = old->sa->packets;
			old->since = now;
		} else if (now - old->since >= idle) {
			sad_remove(dp, old->sa);
			old->state = OLD_GONE;
		}
		return false;
	case OLD_GONE:
		if (!dp_held(dp))
			old->state = OLD_QUIET;
		return false;
	case OLD_QUIET:
		return true;
	}
	return false;
}

unsigned
dp_sas_age(struct dp *dp, uint64_t now, uint64_t idle)
{
	unsigned left = 0;

	for (struct dp_old_sa **at = &dp->old, *old; (old = *at);) {
		if (old_step(dp, old, now, idle)) {
			*at = old->next;
			dp_sa_free(dp, old->sa);
			free(old);
		} else {
			at = &old->next;
			left++;
		}
	}
	return left;
}

void
dp_sas_flush_old(struct dp *dp)
{
	for (struct dp_old_sa *old = dp->old; old; old = old->next)
		if (old->sa->order)
			in_order_flush(old->sa->order);
}

void
dp_sas_free_old(struct dp *dp)
{
	for (struct dp_old_sa *next; dp->old; dp->old = next) {
		next = dp->old->next;
		dp_sa_free(dp, dp->old->sa);
		free(dp->old);
	}
}
