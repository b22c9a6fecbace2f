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

static void
check_selectors(const struct check *check, const struct cfg_policy *policy)
{
	bool has_ports = policy->proto == PROTO_TCP || policy->proto == PROTO_UDP ||
			 policy->proto == PROTO_ANY;

	if (has_ports)
		return;
	if (!is_all_ports(&policy->sport))
		check_fault(check, policy, "sport",
			"protocol %u has no ports; allowed: proto udp, tcp or any", policy->proto);
	if (!is_all_ports(&policy->dport))
		check_fault(check, policy, "dport",
			"protocol %u has no ports; allowed: proto udp, tcp or any", policy->proto);
}

static void
check_policy_sa(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_policy *policy)
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

		for (unsigned i = 0; i < gateway->n_policies; i++) {
			check_selectors(check, &gateway->policies[i]);
			check_policy_sa(check, gateway, &gateway->policies[i]);
		}
	}
}
