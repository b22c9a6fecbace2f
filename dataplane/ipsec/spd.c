/* The policy database: ordered rules over struct cfg_policy, read in place.  RFC 4301 §4.4.1, §5.2.
 *
 * Rules of one shape, that is of the same direction and lengths of prefixes, are found by a hash of their
 * addresses; a look-up asks each shape, of which a gateway has few however many rules it has, and takes the
 * first rule of all that match.  Rules of the same shape and addresses follow one another in a list.  They
 * are not decorrelated, as order decides (RFC 4301 §4.4.1). */
#include "dataplane/ipsec/spd.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PROTO_ANY 256u

struct shape {
	enum cfg_direction direction;
	uint8_t src_len, dst_len;
	uint32_t first; /* of its rules */
};

struct spd {
	const struct cfg_gateway *gateway;
	bool has_in; /* there are rules for what comes in */
	unsigned n_shapes;
	struct shape *shapes; /* by their first rules */
	uint32_t mask;	      /* slots - 1 */
	uint32_t *slots;      /* first rule of a shape and addresses; CFG_NONE: free */
	uint32_t *next;	      /* of each rule: the next such; CFG_NONE */
};

static bool
shape_fits(const struct shape *shape, const struct cfg_policy *policy)
{
	return shape->direction == policy->direction && shape->src_len == policy->src.len &&
	       shape->dst_len == policy->dst.len;
}

static bool
range_is_any(const struct cfg_range16 *range)
{
	return range->lo == 0 && range->hi == UINT16_MAX;
}

/* A packet that shows no ports matches rules with any port only: OPAQUE (RFC 4301 §4.4.1.1). */
static bool
ports_match(const struct cfg_policy *policy, const struct selector *s)
{
	if (!s->has_ports)
		return range_is_any(&policy->sport) && range_is_any(&policy->dport);
	return s->sport >= policy->sport.lo && s->sport <= policy->sport.hi && s->dport >= policy->dport.lo &&
	       s->dport <= policy->dport.hi;
}

/* All selectors but the DSCP. */
static bool
flow_matches(const struct cfg_policy *policy, const struct selector *s)
{
	return cfg_prefix_holds(&policy->src, s->src) && cfg_prefix_holds(&policy->dst, s->dst) &&
	       (policy->proto == PROTO_ANY || (policy->proto == s->proto && !s->opaque)) &&
	       ports_match(policy, s);
}

int
policy_matches(const struct cfg_policy *policy, const struct selector *selector)
{
	bool dscp = policy->dscp == 0 || (policy->dscp >> selector->dscp & 1);

	return dscp && flow_matches(policy, selector);
}

static uint64_t
bits_mask(unsigned len)
{
	return len ? UINT64_MAX << (64 - len) : 0;
}

static struct ip_addr
prefix_of(struct ip_addr address, unsigned len)
{
	address.hi &= bits_mask(len < 64 ? len : 64);
	address.lo &= bits_mask(len < 64 ? 0 : len - 64);
	return address;
}

/* All bits of all words reach the upper half of the product's folding. */
static uint64_t
mix(uint64_t h, uint64_t word)
{
	unsigned __int128 product = (unsigned __int128)(h ^ word) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Where the rules of this shape for these addresses stand, or a free slot. */
static uint32_t *
slot_find(const struct spd *spd, const struct shape *shape, struct ip_addr src, struct ip_addr dst)
{
	struct ip_addr s = prefix_of(src, shape->src_len), d = prefix_of(dst, shape->dst_len);
	uint64_t h = mix(mix(mix(mix(shape->first + 1u, s.hi), s.lo), d.hi), d.lo);

	for (;; h++) {
		uint32_t *slot = &spd->slots[h & spd->mask];
		const struct cfg_policy *policy;

		if (*slot == CFG_NONE)
			return slot;
		policy = &spd->gateway->policies[*slot];
		if (shape_fits(shape, policy) && ip_equal(prefix_of(policy->src.addr, shape->src_len), s) &&
			ip_equal(prefix_of(policy->dst.addr, shape->dst_len), d))
			return slot;
	}
}

/* The first rule from `from` on that matches; CFG_NONE.  dscp: false: of any DSCP. */
static uint32_t
find_from(const struct spd *spd, enum cfg_direction direction, const struct selector *selector, bool dscp,
	uint32_t from)
{
	const struct cfg_policy *policies = spd->gateway->policies;
	uint32_t best = CFG_NONE;

	for (unsigned i = 0; i < spd->n_shapes && spd->shapes[i].first < best; i++) {
		const struct shape *shape = &spd->shapes[i];
		uint32_t at;

		if (shape->direction != direction)
			continue;
		for (at = *slot_find(spd, shape, selector->src, selector->dst); at < best; at = spd->next[at])
			if (at >= from && (dscp ? policy_matches(&policies[at], selector)
						: flow_matches(&policies[at], selector)))
				best = at;
	}
	return best;
}

const struct cfg_policy *
spd_find(const struct spd *spd, enum cfg_direction direction, const struct selector *selector)
{
	uint32_t at = find_from(spd, direction, selector, true, 0);

	return at == CFG_NONE ? NULL : &spd->gateway->policies[at];
}

/* Whether the rule protects by an SA that goes where `in` comes from. */
static bool
protects_to_partner(
	const struct cfg_gateway *gateway, const struct cfg_policy *policy, const struct cfg_sa *in)
{
	const struct cfg_sa *out;

	if (policy->action != CFG_PROTECT || policy->sa_index >= gateway->n_sas)
		return false;
	out = &gateway->sas[policy->sa_index];
	return ip_equal(out->src, in->dst) && ip_equal(out->dst, in->src);
}

/* Of the packets that answer. */
static struct selector
reverse_of(const struct selector *selector)
{
	struct selector back = *selector;

	back.src = selector->dst;
	back.dst = selector->src;
	back.sport = selector->dport;
	back.dport = selector->sport;
	return back;
}

const struct cfg_policy *
spd_find_clear(const struct spd *spd, const struct selector *selector)
{
	struct selector back = reverse_of(selector);

	return spd->has_in ? spd_find(spd, CFG_IN, selector) : spd_find(spd, CFG_OUT, &back);
}

int
spd_has_in(const struct spd *spd)
{
	return spd->has_in;
}

/* The rules, all of the way out, read backwards.  Order still decides, but a rule for some DSCPs only cannot
 * refuse: the sender chose by its own DSCP rules, which are not known here. */
static bool
reverse_allowed(const struct spd *spd, const struct cfg_sa *in, const struct selector *selector)
{
	struct selector back = reverse_of(selector);
	const struct cfg_policy *policy;

	for (uint32_t at = 0; (at = find_from(spd, CFG_OUT, &back, false, at)) != CFG_NONE; at++) {
		policy = &spd->gateway->policies[at];
		if (protects_to_partner(spd->gateway, policy, in))
			return true;
		if (policy->dscp == 0)
			return false;
	}
	return false;
}

int
spd_inbound_allowed(const struct spd *spd, uint32_t sa_index, const struct selector *selector)
{
	const struct cfg_policy *policy;

	if (sa_index >= spd->gateway->n_sas)
		return false;
	if (!spd->has_in)
		return reverse_allowed(spd, &spd->gateway->sas[sa_index], selector);
	policy = spd_find(spd, CFG_IN, selector);
	return policy && policy->action == CFG_PROTECT && policy->sa_index == sa_index;
}

/* The shape of a rule, a new one if need be. */
static struct shape *
shape_find(struct spd *spd, uint32_t at)
{
	const struct cfg_policy *policy = &spd->gateway->policies[at];
	struct shape *more;

	for (unsigned i = 0; i < spd->n_shapes; i++)
		if (shape_fits(&spd->shapes[i], policy))
			return &spd->shapes[i];
	more = realloc(spd->shapes, (spd->n_shapes + 1u) * sizeof(*more));
	if (!more)
		return NULL;
	spd->shapes = more;
	more += spd->n_shapes++;
	*more = (struct shape){policy->direction, policy->src.len, policy->dst.len, at};
	return more;
}

/* From the last rule to the first, so that each goes before those of its slot. */
static void
rules_put(struct spd *spd)
{
	for (uint32_t at = spd->gateway->n_policies; at-- > 0;) {
		const struct cfg_policy *policy = &spd->gateway->policies[at];
		uint32_t *slot = slot_find(spd, shape_find(spd, at), policy->src.addr, policy->dst.addr);

		spd->next[at] = *slot;
		*slot = at;
	}
}

enum status
spd_create(const struct cfg_gateway *gateway, struct spd **out)
{
	struct spd *spd = calloc(1, sizeof(*spd));
	uint64_t slots = 2;

	*out = NULL;
	if (!spd)
		return ST_ERR_NOMEM;
	while (slots < 2 * (uint64_t)gateway->n_policies + 1)
		slots *= 2;
	spd->gateway = gateway;
	spd->mask = (uint32_t)(slots - 1);
	spd->slots = malloc(slots * sizeof(*spd->slots));
	spd->next = malloc((gateway->n_policies + UINT64_C(1)) * sizeof(*spd->next));
	if (!spd->slots || !spd->next)
		goto fail;
	memset(spd->slots, 0xff, slots * sizeof(*spd->slots)); /* CFG_NONE */
	for (uint32_t at = 0; at < gateway->n_policies; at++) {
		spd->has_in |= gateway->policies[at].direction == CFG_IN;
		if (!shape_find(spd, at))
			goto fail;
	}
	rules_put(spd);
	*out = spd;
	return ST_OK;
fail:
	spd_destroy(spd);
	return ST_ERR_NOMEM;
}

void
spd_destroy(struct spd *spd)
{
	if (!spd)
		return;
	free(spd->shapes);
	free(spd->slots);
	free(spd->next);
	free(spd);
}
