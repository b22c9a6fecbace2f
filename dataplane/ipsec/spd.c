/* The policy database: ordered rules over struct cfg_policy, read in place.  RFC 4301 §4.4.1, §5.2.
 *
 * A linear search: the flow cache answers for all but the first packet of a flow.  Rules are not
 * decorrelated, as order decides (RFC 4301 §4.4.1); nothing is kept here between calls. */
#include <stdbool.h>

#include "dataplane/ipsec/spd.h"

#define PROTO_ANY 256u

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

const struct cfg_policy *
spd_find(const struct cfg_gateway *gateway, enum cfg_direction direction, const struct selector *selector)
{
	for (unsigned i = 0; i < gateway->n_policies; i++) {
		const struct cfg_policy *policy = &gateway->policies[i];

		if (policy->direction == direction && policy_matches(policy, selector))
			return policy;
	}
	return NULL;
}

static bool
has_rules(const struct cfg_gateway *gateway, enum cfg_direction direction)
{
	for (unsigned i = 0; i < gateway->n_policies; i++)
		if (gateway->policies[i].direction == direction)
			return true;
	return false;
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

/* The rules, all of the way out, read backwards.  Order still decides, but a rule for some DSCPs only cannot
 * refuse: the sender chose by its own DSCP rules, which are not known here. */
static bool
reverse_allowed(const struct cfg_gateway *gateway, const struct cfg_sa *in, const struct selector *selector)
{
	struct selector back = *selector;

	back.src = selector->dst;
	back.dst = selector->src;
	back.sport = selector->dport;
	back.dport = selector->sport;
	for (unsigned i = 0; i < gateway->n_policies; i++) {
		const struct cfg_policy *policy = &gateway->policies[i];

		if (!flow_matches(policy, &back))
			continue;
		if (protects_to_partner(gateway, policy, in))
			return true;
		if (policy->dscp == 0)
			return false;
	}
	return false;
}

/* Policies name the AH SA of AH over ESP, and the last that a packet came in by is the ESP SA inside. */
static uint32_t
bundle_head(const struct cfg_gateway *gateway, uint32_t sa_index)
{
	for (uint32_t i = 0; i < gateway->n_sas; i++)
		if (gateway->sas[i].over && gateway->sas[i].over_index == sa_index &&
			gateway->sas[i].direction == CFG_IN)
			return i;
	return sa_index;
}

int
spd_inbound_allowed(const struct cfg_gateway *gateway, uint32_t sa_index, const struct selector *selector)
{
	const struct cfg_policy *policy;

	if (sa_index >= gateway->n_sas)
		return false;
	sa_index = bundle_head(gateway, sa_index);
	if (!has_rules(gateway, CFG_IN))
		return reverse_allowed(gateway, &gateway->sas[sa_index], selector);
	policy = spd_find(gateway, CFG_IN, selector);
	return policy && policy->action == CFG_PROTECT && policy->sa_index == sa_index;
}
