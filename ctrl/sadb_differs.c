/* What a reload cannot change: ports, routes, the engine and what else a gateway is made of once. */
#include "ctrl/sadb_priv.h"

#include <string.h>

#include "config/cfg_net.h"

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool
prefix_equal(const struct cfg_prefix *a, const struct cfg_prefix *b)
{
	return ip_equal(a->addr, b->addr) && a->len == b->len && a->only_v6 == b->only_v6;
}

static bool
addresses_equal(const struct cfg_port *a, const struct cfg_port *b)
{
	if (cfg_port_addresses(a) != cfg_port_addresses(b))
		return false;
	for (unsigned i = 0; i < cfg_port_addresses(a); i++)
		if (!prefix_equal(cfg_port_address(a, i), cfg_port_address(b, i)))
			return false;
	return true;
}

static bool
class_equal(const struct cfg_class *a, const struct cfg_class *b)
{
	return text_equal(a->name, b->name) && a->dscp == b->dscp && a->priority == b->priority &&
	       a->burst == b->burst && a->police_always == b->police_always && a->bandwidth == b->bandwidth &&
	       a->queue_limit == b->queue_limit && a->unit == b->unit;
}

static bool
qos_equal(const struct cfg_qos *a, const struct cfg_qos *b)
{
	if (a->kind != b->kind || a->shape != b->shape || a->shape_burst != b->shape_burst ||
		a->queue_limit != b->queue_limit || a->unit != b->unit || a->n_classes != b->n_classes)
		return false;
	for (unsigned i = 0; i < a->n_classes; i++)
		if (!class_equal(&a->classes[i], &b->classes[i]))
			return false;
	return true;
}

static bool
ports_equal(const struct cfg_gateway *a, const struct cfg_gateway *b)
{
	if (a->n_ports != b->n_ports)
		return false;
	for (unsigned i = 0; i < a->n_ports; i++) {
		const struct cfg_port *x = &a->ports[i], *y = &b->ports[i];

		if (!text_equal(x->name, y->name) || !addresses_equal(x, y) ||
			x->mtu != y->mtu || x->ip_mtu != y->ip_mtu || x->fragmentation != y->fragmentation ||
			!qos_equal(&x->qos, &y->qos))
			return false;
	}
	return true;
}

static bool
routes_equal(const struct cfg_gateway *a, const struct cfg_gateway *b)
{
	if (a->n_routes != b->n_routes)
		return false;
	for (unsigned i = 0; i < a->n_routes; i++)
		if (!prefix_equal(&a->routes[i].to, &b->routes[i].to) ||
			!ip_equal(a->routes[i].via, b->routes[i].via))
			return false;
	return true;
}

const char *
sadb_differs(const struct cfg_gateway *a, const struct cfg_gateway *b)
{
	if (!ports_equal(a, b))
		return "ports";
	if (!routes_equal(a, b))
		return "routes";
	if (!text_equal(a->engine, b->engine))
		return "engine";
	if (a->sequence != b->sequence)
		return "sequence";
	if (a->platform != b->platform)
		return "platform";
	if (a->fragmentation != b->fragmentation)
		return "fragmentation";
	return a->is_router != b->is_router ? "is it a router or not: that" : NULL;
}
