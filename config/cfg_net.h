/* What is asked about addresses: those of a port, which may have several of either family, each in a network
 * of its own, and those at the end of a link.  Any thread. */
#ifndef CONFIG_CFG_NET_H
#define CONFIG_CFG_NET_H

#include "config/cfg.h"

/* How many a port has, and each of them with its network: number 0 is the one that was written first. */
static inline unsigned
cfg_port_addresses(const struct cfg_port *port)
{
	return 1 + port->n_more;
}

static inline const struct cfg_prefix *
cfg_port_address(const struct cfg_port *port, unsigned i)
{
	return i ? &port->more[i - 1] : &port->address;
}

/* The network of the port that holds addr, with the port's own address there; NULL where none does. */
static inline const struct cfg_prefix *
cfg_port_net(const struct cfg_port *port, struct ip_addr addr)
{
	for (unsigned i = 0; i < cfg_port_addresses(port); i++)
		if (cfg_prefix_holds(cfg_port_address(port, i), addr))
			return cfg_port_address(port, i);
	return NULL;
}

/* Is addr one of the port's own? */
static inline bool
cfg_port_has(const struct cfg_port *port, struct ip_addr addr)
{
	for (unsigned i = 0; i < cfg_port_addresses(port); i++)
		if (ip_equal(cfg_port_address(port, i)->addr, addr))
			return true;
	return false;
}

/* The first of one family; NULL where the port has none. */
static inline const struct cfg_prefix *
cfg_port_family(const struct cfg_port *port, bool v4)
{
	for (unsigned i = 0; i < cfg_port_addresses(port); i++)
		if (ip_is_v4(cfg_port_address(port, i)->addr) == v4)
			return cfg_port_address(port, i);
	return NULL;
}

/* What the port calls itself before addr: its address in the same network, else its first of the same family;
 * NULL where it has none (RFC 1122 §3.3.4.3, RFC 6724 §5). */
static inline const struct cfg_prefix *
cfg_port_source(const struct cfg_port *port, struct ip_addr addr)
{
	const struct cfg_prefix *net = cfg_port_net(port, addr);

	return net ? net : cfg_port_family(port, ip_is_v4(addr));
}

static inline const struct cfg_port *
cfg_end_port(const struct cfg_lab *lab, const struct cfg_end *end)
{
	return end->node < lab->n_hosts ? NULL : &lab->gateways[end->node - lab->n_hosts].ports[end->port];
}

/* Has the host or port at the end of a link that address? */
static inline bool
cfg_end_has(const struct cfg_lab *lab, const struct cfg_end *end, struct ip_addr addr)
{
	const struct cfg_port *port = cfg_end_port(lab, end);

	return port ? cfg_port_has(port, addr) : ip_equal(lab->hosts[end->node].address, addr);
}

/* Its address before `with`: of the same family, where it has one. */
static inline struct ip_addr
cfg_end_address(const struct cfg_lab *lab, const struct cfg_end *end, struct ip_addr with)
{
	const struct cfg_port *port = cfg_end_port(lab, end);
	const struct cfg_prefix *source;

	if (!port)
		return lab->hosts[end->node].address;
	source = cfg_port_source(port, with);
	return source ? source->addr : port->address.addr;
}

#endif
