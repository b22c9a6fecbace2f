/* CBWFQ policies: each class has one kind of share, each DSCP one class, and the shares fit the rate. */
#include "config/check.h"

/* Rate at which a port can send: its shaper's, or that of all paths of its link; 0: unlimited. */
static uint64_t
port_rate(const struct cfg_lab *lab, uint32_t node, uint32_t port, const struct cfg_qos *qos)
{
	const struct cfg_link *link;
	uint64_t sum = 0;
	unsigned mine;

	if (qos->shape)
		return qos->shape;
	link = link_at(lab, node, port, &mine);
	for (unsigned i = 0; link != NULL && i < link->n_paths; i++) {
		if (link->paths[i].rate == 0)
			return 0;
		sum += link->paths[i].rate;
	}
	return sum;
}

static void
check_share(const struct check *check, const struct cfg_class *class)
{
	bool is_default = class->dscp == 0;

	if (class->priority && class->bandwidth)
		check_fault(check, class, "bandwidth", "priority is given too; allowed: one of them");
	else if (is_default && class->priority)
		check_fault(check, class, "priority",
			"the default class cannot have priority; allowed: bandwidth, "
			"or nothing");
	else if (!is_default && !class->priority && !class->bandwidth)
		check_fault(
			check, class, "bandwidth", "missing; allowed: either priority or bandwidth, above 0");
}

static void
check_overlap(const struct check *check, const struct cfg_qos *qos, const struct cfg_class *class)
{
	for (const struct cfg_class *other = qos->classes; other < class; other++) {
		uint64_t both = other->dscp & class->dscp;

		if (both)
			check_fault(check, class, "dscp",
				"DSCP %d is in class \"%s\" too; allowed: each DSCP once",
				__builtin_ctzll(both), other->name);
		else if (other->dscp == 0 && class->dscp == 0)
			check_fault(check, class, "dscp",
				"missing: \"%s\" is the default class already; allowed: one "
				"class without dscp",
				other->name);
	}
}

static void
check_sum(const struct check *check, uint32_t node, uint32_t p, const struct cfg_qos *qos)
{
	uint64_t rate = port_rate(check->lab, node, p, qos), sum = 0;

	for (unsigned i = 0; i < qos->n_classes; i++)
		sum += qos->classes[i].priority + qos->classes[i].bandwidth;
	if (rate && sum > rate)
		check_fault(check, qos, "classes",
			"priority and bandwidth add up to %llu bit/s; allowed: at most %llu, "
			"the rate of the %s",
			(unsigned long long)sum, (unsigned long long)rate, qos->shape ? "shaper" : "link");
}

void
check_qos(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	for (unsigned g = 0; g < lab->n_gateways; g++) {
		for (unsigned p = 0; p < lab->gateways[g].n_ports; p++) {
			const struct cfg_qos *qos = &lab->gateways[g].ports[p].qos;

			if (qos->kind != CFG_QOS_CBWFQ)
				continue;
			if (qos->n_classes == 0)
				check_fault(check, qos, "classes", "missing; allowed: one class or more");
			for (unsigned i = 0; i < qos->n_classes; i++) {
				check_share(check, &qos->classes[i]);
				check_overlap(check, qos, &qos->classes[i]);
			}
			check_sum(check, lab->n_hosts + g, p, qos);
		}
	}
}
