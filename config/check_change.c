/* Changes during the run: each while sources send, and one of a port only when the one before is over. */
#include "config/check.h"

#define IPV6_MTU_MIN 1280u

static bool
overlap(const struct cfg_change *a, const struct cfg_change *b)
{
	bool later = a->at >= b->at;
	const struct cfg_change *first = later ? b : a, *second = later ? a : b;

	return a->end.node == b->end.node && a->end.port == b->end.port &&
	       second->at <= first->at + first->renegotiate;
}

static void
check_change(const struct check *check, unsigned index)
{
	const struct cfg_lab *lab = check->lab;
	const struct cfg_change *change = &lab->changes[index];
	const struct cfg_gateway *gateway = node_gateway(lab, change->end.node);

	if (cfg_port_family(&gateway->ports[change->end.port], false) && change->mtu < IPV6_MTU_MIN)
		check_fault(check, change, "mtu", "%u; allowed with an IPv6 address: %u and more",
			change->mtu, IPV6_MTU_MIN);
	if (!change->at)
		return;
	if (change->at >= lab->duration)
		check_fault(check, change, "at", "after the end; allowed: before lab.duration, or 0: never");
	for (unsigned i = 0; i < index; i++)
		if (lab->changes[i].at && overlap(&lab->changes[i], change))
			check_fault(check, change, "at",
				"%s of the same port is not over; allowed: later than its at and renegotiate",
				lab->changes[i].name);
}

void
check_changes(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_changes; i++)
		check_change(check, i);
}
