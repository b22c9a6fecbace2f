/* Links, addresses and next hops: every node can be reached over its own link.
 *
 * Addresses are compared over the whole laboratory, so private networks cannot be used twice. */
#include "config/check.h"

#include <stdio.h>
#include <string.h>

#define IPV4_MTU_MIN 68u /* RFC 791 §3.2 */
#define IPV6_MTU_MIN 1280u
#define ADJUST_MSS_MIN 500u

/* How many links end there. */
static unsigned
count_links(const struct cfg_lab *lab, uint32_t node, uint32_t port)
{
	unsigned n = 0;

	for (unsigned i = 0; i < lab->n_links; i++)
		for (unsigned e = 0; e < 2; e++)
			n += lab->links[i].end[e].node == node && lab->links[i].end[e].port == port;
	return n;
}

static void
check_end_count(const struct check *check, const void *object, const char *kind, const char *name, unsigned n)
{
	if (n == 0)
		check_fault(check, object, "name",
			"%s %s is at the end of no link; allowed: exactly one link", kind, name);
	else if (n > 1)
		check_fault(check, object, "name",
			"%s %s is at the ends of %u links; allowed: exactly one link", kind, name, n);
}

static void
check_paths(const struct check *check, const struct cfg_link *link)
{
	for (unsigned i = 0; i < link->n_paths; i++) {
		const struct cfg_path *path = &link->paths[i];

		if (path->jitter != CFG_JITTER_NONE && path->jitter_scale == 0)
			check_fault(check, path, "jitter",
				"jitter of scale 0; allowed: with jitter_scale above 0");
	}
}

void
check_links(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	for (unsigned h = 0; h < lab->n_hosts; h++)
		check_end_count(check, &lab->hosts[h], "host", lab->hosts[h].name, count_links(lab, h, 0));
	for (unsigned g = 0; g < lab->n_gateways; g++) {
		const struct cfg_gateway *gateway = &lab->gateways[g];

		for (unsigned p = 0; p < gateway->n_ports; p++)
			check_end_count(check, &gateway->ports[p], "port", gateway->ports[p].name,
				count_links(lab, lab->n_hosts + g, p));
	}
	for (unsigned i = 0; i < lab->n_links; i++) {
		const struct cfg_link *link = &lab->links[i];

		if (link->end[0].node == link->end[1].node)
			check_fault(check, link, "ends", "both ends are at %s; allowed: two different nodes",
				node_name(lab, link->end[0].node));
		check_paths(check, link);
	}
}

/* 0/8, 127/8 and what is no unicast cannot be a node's (RFC 1122 §3.2.1.3), nor can "::", "::1", multicast
 * and what is mapped or compatible (RFC 4291 §2.5, §2.7). */
static bool
is_unicast(struct ip_addr address)
{
	unsigned top = ip_v4_of(address) >> 24;

	if (!ip_is_v4(address))
		return address.hi != 0 && address.hi >> 56 != 0xff;
	return top != 0 && top != 127 && top < 224;
}

static void
check_unicast(const struct check *check, const void *object, struct ip_addr address)
{
	char text[IP_TEXT_BYTES];

	if (!is_unicast(address))
		check_fault(check, object, "address", "%s cannot be the address of a node; allowed: unicast",
			ip_text(address, text));
}

static void
refuse_double_address(const struct check *check, const void *object, const char *name, struct ip_addr address)
{
	char text[IP_TEXT_BYTES];

	check_fault(check, object, "address", "%s has %s too; allowed: each address once", name,
		ip_text(address, text));
}

static void
check_host_address(const struct check *check, unsigned h)
{
	const struct cfg_lab *lab = check->lab;
	const struct cfg_host *host = &lab->hosts[h];
	char own[IP_TEXT_BYTES], net[IP_TEXT_BYTES];
	const struct cfg_gateway *gateway;
	const struct cfg_link *link;
	const struct cfg_port *port;
	unsigned mine;

	check_unicast(check, host, host->address);
	for (unsigned i = 0; i < h; i++)
		if (ip_equal(lab->hosts[i].address, host->address))
			refuse_double_address(check, host, lab->hosts[i].name, host->address);
	link = link_at(lab, h, 0, &mine);
	gateway = link ? node_gateway(lab, link->end[!mine].node) : NULL;
	if (gateway == NULL)
		return;
	port = &gateway->ports[link->end[!mine].port];
	if (!cfg_port_net(port, host->address))
		check_fault(check, host, "address",
			"%s is not in the network of its link; allowed: in %s/%u of %s.%s",
			ip_text(host->address, own), ip_text(port->address.addr, net),
			cfg_prefix_written(&port->address), gateway->name, port->name);
}

/* The bits of the address behind the prefix: 0 none is set, 1 some are, 2 all are. */
static unsigned
host_part(const struct cfg_prefix *prefix)
{
	unsigned len = prefix->len;
	uint64_t hi_mask = len < 64 ? UINT64_MAX >> len : 0;
	uint64_t lo_mask = len <= 64 ? UINT64_MAX : (UINT64_C(1) << (128 - len)) - 1;
	uint64_t hi = prefix->addr.hi & hi_mask, lo = prefix->addr.lo & lo_mask;

	if (!hi && !lo)
		return 0;
	return hi == hi_mask && lo == lo_mask ? 2 : 1;
}

/* The first and last address of an IPv4 network are not a node's, but for RFC 3021; the first of an IPv6
 * network is that of all its routers (RFC 4291 §2.6.1), but for RFC 6164. */
static void
check_port_prefix(const struct check *check, const struct cfg_port *port, const struct cfg_prefix *own)
{
	bool v4 = ip_is_v4(own->addr);
	unsigned part = host_part(own), len = cfg_prefix_written(own);
	char text[IP_TEXT_BYTES];

	if (own->len == (v4 ? IP_V4_LEN : 0) || own->len == 128)
		check_fault(check, port, "address",
			"%s/%u is no network; allowed: an address and a length of 1..%u",
			ip_text(own->addr, text), len, v4 ? 31u : 127u);
	else if (own->len < 127 && (part == 0 || (part == 2 && v4)))
		check_fault(check, port, "address",
			"%s/%u is the %s address of the network; allowed: one between",
			ip_text(own->addr, text), len, part ? "broadcast" : "first");
}

static void
check_ip_mtu(const struct check *check, const struct cfg_port *port)
{
	unsigned least = cfg_port_family(port, false) ? IPV6_MTU_MIN : IPV4_MTU_MIN;

	if (port->ip_mtu && (port->ip_mtu < least || port->ip_mtu > port->mtu))
		check_fault(check, port, "ip_mtu", "%u; allowed: from %u to %u, which is mtu, or 0",
			port->ip_mtu, least, port->mtu);
}

static void
check_adjust_mss(const struct check *check, const struct cfg_port *port)
{
	if (port->tcp_adjust_mss && port->tcp_adjust_mss < ADJUST_MSS_MIN)
		check_fault(check, port, "tcp_adjust_mss", "%u; allowed: from %u to 1460 as in IOS, or 0",
			port->tcp_adjust_mss, ADJUST_MSS_MIN);
}

static bool
overlap(const struct cfg_prefix *a, const struct cfg_prefix *b)
{
	return cfg_prefix_holds(a, b->addr) || cfg_prefix_holds(b, a->addr);
}

/* Whose network else it is: an earlier one of the same port, or one of an earlier port. */
static void
check_overlap(const struct check *check, const struct cfg_gateway *gateway, unsigned p, unsigned i)
{
	const struct cfg_port *port = &gateway->ports[p];
	const struct cfg_prefix *own = cfg_port_address(port, i);
	char one[IP_TEXT_BYTES], other[IP_TEXT_BYTES];

	for (unsigned k = 0; k < i; k++) {
		const struct cfg_prefix *twin = cfg_port_address(port, k);

		if (ip_equal(twin->addr, own->addr))
			refuse_double_address(check, port, "the same port", own->addr);
		else if (overlap(twin, own))
			check_fault(check, port, "address",
				"the network of %s overlaps that of %s; allowed: one address a network",
				ip_text(own->addr, one), ip_text(twin->addr, other));
	}
	for (unsigned k = 0; k < p; k++)
		for (unsigned n = 0; n < cfg_port_addresses(&gateway->ports[k]); n++)
			if (overlap(cfg_port_address(&gateway->ports[k], n), own))
				check_fault(check, port, "address",
					"the network overlaps that of port %s; allowed: "
					"one port a network",
					gateway->ports[k].name);
}

/* Number i of a port's addresses. */
static void
check_port_address(const struct check *check, unsigned g, unsigned p, unsigned i)
{
	const struct cfg_lab *lab = check->lab;
	const struct cfg_port *port = &lab->gateways[g].ports[p];
	const struct cfg_prefix *own = cfg_port_address(port, i);

	check_unicast(check, port, own->addr);
	check_port_prefix(check, port, own);
	for (unsigned h = 0; h < lab->n_hosts; h++)
		if (ip_equal(lab->hosts[h].address, own->addr))
			refuse_double_address(check, port, lab->hosts[h].name, own->addr);
	for (unsigned k = 0; k < g; k++)
		for (unsigned q = 0; q < lab->gateways[k].n_ports; q++)
			if (cfg_port_has(&lab->gateways[k].ports[q], own->addr))
				refuse_double_address(check, port, lab->gateways[k].name, own->addr);
	check_overlap(check, &lab->gateways[g], p, i);
}

static void
check_port(const struct check *check, unsigned g, unsigned p)
{
	const struct cfg_port *port = &check->lab->gateways[g].ports[p];

	if (cfg_port_family(port, false) && port->mtu < IPV6_MTU_MIN)
		check_fault(check, port, "mtu",
			"%u is less than any link of IPv6 has (RFC 8200 §5); allowed: from %u on", port->mtu,
			IPV6_MTU_MIN);
	check_ip_mtu(check, port);
	check_adjust_mss(check, port);
	for (unsigned i = 0; i < cfg_port_addresses(port); i++)
		check_port_address(check, g, p, i);
}

/* Two ports on one link are in one network for each family that both of them have, and have one at least. */
static void
check_link_network(const struct check *check, const struct cfg_link *link)
{
	for (unsigned e = 0; e < 2; e++) {
		const struct cfg_port *port = cfg_end_port(check->lab, &link->end[e]);
		const struct cfg_port *other = cfg_end_port(check->lab, &link->end[!e]);
		const struct cfg_prefix *lost = NULL;
		bool joined = false;
		char text[IP_TEXT_BYTES];

		for (unsigned i = 0; port && other && i < cfg_port_addresses(other); i++) {
			const struct cfg_prefix *there = cfg_port_address(other, i);

			if (cfg_port_net(port, there->addr))
				joined = true;
			else if (!lost || cfg_port_family(port, ip_is_v4(there->addr)))
				lost = there;
		}
		if (lost && (!joined || cfg_port_family(port, ip_is_v4(lost->addr))))
			check_fault(check, link, "ends",
				"%s at one end is not in the network of %s; allowed: one "
				"network at both ends",
				ip_text(lost->addr, text), link->ends[e]);
	}
}

/* What the ports of a gateway alone can be asked. */
void
check_site_addresses(const struct check *check)
{
	const struct cfg_gateway *gateway = &check->lab->gateways[0];

	for (unsigned p = 0; p < gateway->n_ports; p++)
		check_port(check, 0, p);
}

void
check_addresses(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	for (unsigned h = 0; h < lab->n_hosts; h++)
		check_host_address(check, h);
	for (unsigned g = 0; g < lab->n_gateways; g++)
		for (unsigned p = 0; p < lab->gateways[g].n_ports; p++)
			check_port(check, g, p);
	for (unsigned i = 0; i < lab->n_links; i++)
		check_link_network(check, &lab->links[i]);
}

static void
check_via(const struct check *check, unsigned g, const struct cfg_route *route)
{
	const struct cfg_lab *lab = check->lab;
	const struct cfg_gateway *gateway = &lab->gateways[g];
	char via[IP_TEXT_BYTES], other[IP_TEXT_BYTES];
	const struct cfg_link *link;
	unsigned mine;

	ip_text(route->via, via);
	if (ip_is_v4(route->to.addr) != ip_is_v4(route->via))
		check_fault(check, route, "via",
			"%s is of another family than the destination; allowed: one family", via);
	if (route->port == CFG_NONE) {
		check_fault(check, route, "via",
			"a route to nowhere: %s is in no network of %s; allowed: the "
			"address of a neighbour",
			via, gateway->name);
		return;
	}
	link = link_at(lab, lab->n_hosts + g, route->port, &mine);
	if (link != NULL && !cfg_end_has(lab, &link->end[!mine], route->via))
		check_fault(check, route, "via", "a route to nowhere: nobody on link %s has %s; allowed: %s",
			link->name, via,
			ip_text(cfg_end_address(lab, &link->end[!mine], route->via), other));
}

void
check_routes(const struct check *check)
{
	for (unsigned g = 0; g < check->lab->n_gateways; g++)
		for (unsigned r = 0; r < check->lab->gateways[g].n_routes; r++)
			check_via(check, g, &check->lab->gateways[g].routes[r]);
}
