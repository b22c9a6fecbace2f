/* Policies: those that protect name an SA of their own direction (RFC 4301 §4.4.1), the others name none. */
#include "config/check.h"

#include "config/words.h"

#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_ANY 256

static bool
is_all_ports(const struct cfg_range16 *range)
{
	return range->lo == 0 && range->hi == UINT16_MAX;
}

/* 4, 6, or 0 for any. */
static unsigned
prefix_family(const struct cfg_prefix *prefix)
{
	return ip_is_v4(prefix->addr) ? 4 : prefix->only_v6 ? 6 : 0;
}

static void
check_selectors(const struct check *check, const struct cfg_policy *policy)
{
	bool has_ports = policy->proto == PROTO_TCP || policy->proto == PROTO_UDP ||
			 policy->proto == PROTO_ANY;

	if (prefix_family(&policy->src) + prefix_family(&policy->dst) == 4 + 6)
		check_fault(check, policy, "dst",
			"src is of the other family, so no packet has both; allowed: one family, or \"any\"");
	if (has_ports)
		return;
	if (!is_all_ports(&policy->sport))
		check_fault(check, policy, "sport",
			"protocol %u has no ports; allowed: proto udp, tcp or any", policy->proto);
	if (!is_all_ports(&policy->dport))
		check_fault(check, policy, "dport",
			"protocol %u has no ports; allowed: proto udp, tcp or any", policy->proto);
}

/* Transport mode keeps the packet's addresses, so only packets between the ends of the SA can go by it. */
static void
check_transport_end(const struct check *check, const struct cfg_policy *policy, const char *key,
	const struct cfg_prefix *prefix, const struct cfg_sa *sa, struct ip_addr end)
{
	char text[IP_TEXT_BYTES];

	if (prefix->len != 128 || !ip_equal(prefix->addr, end))
		check_fault(check, policy, key,
			"SA \"%s\" is of transport mode, for packets between its own ends; allowed: \"%s\"",
			sa->name, ip_text(end, text));
}

/* bundles: the gateway has AH over ESP. */
static void
check_policy_sa(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_policy *policy,
	bool bundles)
{
	const struct cfg_sa *sa;

	if (policy->action != CFG_PROTECT) {
		if (policy->sa != NULL)
			check_fault(check, policy, "sa", "action \"%s\" takes no SA; allowed: none",
				cfg_action_word(policy->action));
		return;
	}
	if (policy->sa == NULL) {
		check_fault(check, policy, "sa",
			"missing; allowed: the name of an SA of %s, of direction \"%s\"", gateway->name,
			cfg_direction_word(policy->direction));
		return;
	}
	if (policy->sa_index == CFG_NONE)
		return;
	sa = &gateway->sas[policy->sa_index];
	if (bundles && sa_outside(gateway, sa) != NULL)
		check_fault(check, policy, "sa", "SA \"%s\" is inside SA \"%s\"; allowed: the AH SA over it",
			sa->name, sa_outside(gateway, sa)->name);
	if (sa_mode(gateway, sa) == CFG_MODE_TRANSPORT) {
		check_transport_end(check, policy, "src", &policy->src, sa, sa->src);
		check_transport_end(check, policy, "dst", &policy->dst, sa, sa->dst);
	}
	if (sa->direction != policy->direction)
		check_fault(check, policy, "sa",
			"SA \"%s\" has direction \"%s\"; allowed: an SA of direction \"%s\"", sa->name,
			cfg_direction_word(sa->direction), cfg_direction_word(policy->direction));
}

void
check_policies(const struct check *check)
{
	for (unsigned g = 0; g < check->lab->n_gateways; g++) {
		const struct cfg_gateway *gateway = &check->lab->gateways[g];
		bool bundles = false;

		for (unsigned i = 0; i < gateway->n_sas; i++)
			bundles |= gateway->sas[i].over_index != CFG_NONE;
		for (unsigned i = 0; i < gateway->n_policies; i++) {
			check_selectors(check, &gateway->policies[i]);
			check_policy_sa(check, gateway, &gateway->policies[i], bundles);
		}
	}
}
