/* Does a packet of each source get to its host, or a ping to its port?  Goes the way of the packet, from node
 * to node, as the gateways will: policies first, then the route to the outer destination; where the tunnel
 * ends, to the inner one.
 *
 * A packet that a policy throws away is no fault of the file: that may be what the laboratory shows.  MTU,
 * TTL and inbound policies are not looked at. */
#include "config/check.h"

#include <stdarg.h>
#include <stdio.h>

#define HOPS_MAX 64

/* A packet on its way. */
struct walker {
	const struct cfg_traffic *traffic;
	bool back; /* from `to` to `from`, as half of TCP goes */
	struct ip_addr src, dst;
	const struct cfg_sa *sa; /* it is protected by that SA; NULL: in clear */
	enum cfg_mode mode;	 /* of sa */
	uint32_t node;		 /* where it is */
};

enum step { STEP_ON, STEP_ARRIVED, STEP_POLICY, STEP_LOST };

static bool
in_ports(const struct cfg_range16 *range, uint16_t port)
{
	return port >= range->lo && port <= range->hi;
}

/* What a capture holds is not known, so only addresses count for it. */
static bool
matches(const struct cfg_policy *policy, const struct walker *walker)
{
	const struct cfg_traffic *traffic = walker->traffic;

	if (policy->direction != CFG_OUT || !cfg_prefix_holds(&policy->src, walker->src) ||
		!cfg_prefix_holds(&policy->dst, walker->dst))
		return false;
	if (traffic->kind == CFG_TRAFFIC_PCAP)
		return true;
	if (policy->proto <= UINT8_MAX && policy->proto != traffic->proto)
		return false;
	if (policy->dscp && !(policy->dscp >> traffic->dscp & 1))
		return false;
	return in_ports(&policy->sport, walker->back ? traffic->dport : traffic->sport) &&
	       in_ports(&policy->dport, walker->back ? traffic->sport : traffic->dport);
}

static void
set_sa(struct walker *walker, const struct cfg_gateway *gateway, uint32_t index)
{
	walker->sa = &gateway->sas[index];
	walker->mode = sa_mode(gateway, walker->sa);
}

/* Does the gateway decrypt what the packet is in? */
static bool
ends_here(const struct cfg_lab *lab, const struct cfg_gateway *gateway, const struct walker *walker)
{
	return sa_end_gateway(lab, walker->mode, walker->sa->dst) == (uint32_t)(gateway - lab->gateways);
}

/* An echo for this gateway itself, in the clear or decrypted here. */
static bool
is_target(const struct cfg_lab *lab, const struct walker *walker, const struct cfg_gateway *gateway)
{
	return !walker->back && walker->node == walker->traffic->to_end.node &&
	       (walker->sa == NULL || ends_here(lab, gateway, walker));
}

/* Encrypts, decrypts or throws away, as the gateway will.  What was decrypted goes on in the clear, unless a
 * rule protects it anew or throws it away. */
static enum step
apply_policy(const struct cfg_lab *lab, struct walker *walker, const struct cfg_gateway *gateway)
{
	bool decrypted = walker->sa != NULL;

	if (decrypted && !ends_here(lab, gateway, walker))
		return STEP_ON;
	walker->sa = NULL;
	for (unsigned i = 0; i < gateway->n_policies; i++) {
		const struct cfg_policy *policy = &gateway->policies[i];

		if (!matches(policy, walker))
			continue;
		if (policy->action == CFG_PROTECT)
			set_sa(walker, gateway, policy->sa_index);
		return policy->action == CFG_DISCARD ? STEP_POLICY : STEP_ON;
	}
	return gateway->n_policies && !decrypted ? STEP_POLICY : STEP_ON;
}

/* Port and next hop for an address: a network of its own, or the longest route.  False where there is none.
 */
static bool
find_hop(const struct cfg_gateway *gateway, struct ip_addr address, uint32_t *port, struct ip_addr *hop)
{
	int longest = -1;

	for (unsigned p = 0; p < gateway->n_ports; p++) {
		if (cfg_port_net(&gateway->ports[p], address)) {
			*port = p;
			*hop = address;
			return true;
		}
	}
	for (unsigned r = 0; r < gateway->n_routes; r++) {
		const struct cfg_route *route = &gateway->routes[r];

		if (cfg_prefix_holds(&route->to, address) && route->to.len > longest) {
			longest = route->to.len;
			*port = route->port;
			*hop = route->via;
		}
	}
	return longest >= 0;
}

static enum step __attribute__((format(printf, 3, 4)))
lost(const struct check *check, const struct walker *walker, const char *format, ...)
{
	const struct cfg_traffic *traffic = walker->traffic;
	char why[200];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	check_fault(check, traffic, "to", "no route from %s to %s: %s; allowed: routes all the way",
		walker->back ? traffic->to : traffic->from, walker->back ? traffic->from : traffic->to, why);
	return STEP_LOST;
}

/* Which port it leaves by; the link there must lead to the next hop. */
static enum step
leave_gateway(
	const struct check *check, struct walker *walker, const struct cfg_gateway *gateway, uint32_t *port)
{
	struct ip_addr target, hop = {0};
	const struct cfg_link *link;
	char text[IP_TEXT_BYTES];
	unsigned mine;

	if (apply_policy(check->lab, walker, gateway) == STEP_POLICY)
		return STEP_POLICY;
	target = walker->sa != NULL ? walker->sa->dst : walker->dst;
	if (!find_hop(gateway, target, port, &hop))
		return lost(check, walker, "%s has none to %s", gateway->name, ip_text(target, text));
	link = link_at(check->lab, walker->node, *port, &mine);
	if (!cfg_end_has(check->lab, &link->end[!mine], hop))
		return lost(check, walker, "nobody at %s.%s has %s", gateway->name,
			gateway->ports[*port].name, ip_text(hop, text));
	return STEP_ON;
}

/* From this node to the next. */
static enum step
walk_step(const struct check *check, struct walker *walker)
{
	const struct cfg_lab *lab = check->lab;
	const struct cfg_gateway *gateway = node_gateway(lab, walker->node);
	enum step step = STEP_ON;
	const struct cfg_link *link;
	uint32_t port = 0;
	unsigned mine;

	if (gateway != NULL && is_target(lab, walker, gateway))
		return STEP_ARRIVED;
	if (gateway != NULL)
		step = leave_gateway(check, walker, gateway, &port);
	if (step != STEP_ON)
		return step;
	link = link_at(lab, walker->node, port, &mine);
	walker->node = link->end[!mine].node;
	if (node_gateway(lab, walker->node) != NULL)
		return STEP_ON;
	if (walker->node == (walker->back ? walker->traffic->from_host : walker->traffic->to_end.node))
		return STEP_ARRIVED;
	return lost(check, walker, "the way ends at host %s", node_name(lab, walker->node));
}

static void
walk(const struct check *check, const struct cfg_traffic *traffic, bool back)
{
	const struct cfg_lab *lab = check->lab;
	const struct cfg_end host = {traffic->from_host, 0};
	const struct cfg_end *from = back ? &traffic->to_end : &host, *to = back ? &host : &traffic->to_end;
	struct ip_addr with = lab->hosts[traffic->from_host].address;
	struct walker walker = {
		.traffic = traffic,
		.back = back,
		.node = from->node,
		.src = cfg_end_address(lab, from, with),
		.dst = cfg_end_address(lab, to, with),
	};

	for (unsigned hops = 0; hops < HOPS_MAX; hops++)
		if (walk_step(check, &walker) != STEP_ON)
			return;
	lost(check, &walker, "the way turns in a circle at %s", node_name(lab, walker.node));
}

void
check_walk(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_traffic; i++) {
		const struct cfg_traffic *traffic = &check->lab->traffic[i];

		walk(check, traffic, false);
		if (traffic->class_back)
			walk(check, traffic, true);
	}
}
