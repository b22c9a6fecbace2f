/* SAs before and after, compared: by name, by what their numbers belong to, and by key.  A hash of names and
 * one of keys, so that 100,000 SAs are planned as fast per SA as two. */
#include "dataplane/dp_plan.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/lookup.h"

/* What there was. */
struct before {
	const struct cfg_gateway *cfg;
	struct lookup names, keys;
};

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

static uint64_t
name_hash(const struct cfg_sa *sa)
{
	return lookup_hash_text((uint64_t)sa->direction, sa->name);
}

static uint64_t
key_hash(const struct cfg_sa *sa)
{
	return lookup_hash(
		lookup_hash((uint64_t)sa->direction, sa->key, sa->key_len), sa->auth_key, sa->auth_key_len);
}

static uint32_t
name_find(const struct before *before, const struct cfg_sa *sa, uint64_t hash)
{
	uint32_t slot, at;

	for (at = lookup_first(&before->names, hash, &slot); at != LOOKUP_NONE;
		at = lookup_next(&before->names, &slot)) {
		const struct cfg_sa *there = &before->cfg->sas[at];

		if (there->direction == sa->direction && !strcmp(there->name, sa->name))
			return at;
	}
	return CFG_NONE;
}

/* With the same key a number must not be used twice (RFC 4303 §3.3.3): the key of any SA that there is. */
static bool
key_in_use(const struct before *before, const struct cfg_sa *sa, uint64_t hash)
{
	uint32_t slot, at;

	if (!(sa->key_len + sa->auth_key_len))
		return false;
	for (at = lookup_first(&before->keys, hash, &slot); at != LOOKUP_NONE;
		at = lookup_next(&before->keys, &slot))
		if (before->cfg->sas[at].direction == sa->direction && key_equal(&before->cfg->sas[at], sa))
			return true;
	return false;
}

static enum status
before_create(struct before *before, const struct cfg_gateway *cfg)
{
	*before = (struct before){.cfg = cfg};
	if (lookup_create(&before->names, cfg->n_sas) || lookup_create(&before->keys, cfg->n_sas))
		return ST_ERR_NOMEM;
	for (uint32_t i = 0; i < cfg->n_sas; i++) {
		const struct cfg_sa *sa = &cfg->sas[i];
		uint64_t name = name_hash(sa), key = key_hash(sa);

		if (name_find(before, sa, name) == CFG_NONE)
			lookup_add(&before->names, name, i);
		if (!key_in_use(before, sa, key))
			lookup_add(&before->keys, key, i);
	}
	return ST_OK;
}

static enum status
plan_one(const struct before *before, const struct cfg_sa *sa, struct plan *plan, char *message, size_t bytes)
{
	plan->was = name_find(before, sa, name_hash(sa));
	if (plan->was != CFG_NONE && identity_equal(&before->cfg->sas[plan->was], sa)) {
		plan->fate = rest_equal(&before->cfg->sas[plan->was], sa) ? FATE_KEPT : FATE_ALTERED;
		return ST_OK;
	}
	plan->fate = FATE_NEW;
	if (!key_in_use(before, sa, key_hash(sa)))
		return ST_OK;
	snprintf(message, bytes,
		"SA %s: an SA with this key is in use, and its sequence numbers would be used twice: a new "
		"SA wants a new key; with the same key only window, replay, df, fragmentation, dscp, ttl, "
		"tfc, natt_keepalive, lifetime_seconds, lifetime_kilobytes, lifetime_soft and idle_time can "
		"change",
		sa->name);
	return ST_ERR_CONFIG;
}

enum status
dp_plan(const struct cfg_gateway *was, const struct cfg_gateway *cfg, struct plan *plan, char *message,
	size_t bytes)
{
	struct before before;
	enum status status = before_create(&before, was);

	if (status)
		snprintf(message, bytes, "%s", status_text(status));
	for (uint32_t i = 0; i < cfg->n_sas && !status; i++)
		status = plan_one(&before, &cfg->sas[i], &plan[i], message, bytes);
	lookup_destroy(&before.names);
	lookup_destroy(&before.keys);
	return status;
}
