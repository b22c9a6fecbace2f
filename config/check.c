/* What all checks ask: where an address is, what is plugged in where, and how a fault is said. */
#include "config/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/read.h"

void
check_fault(const struct check *check, const void *object, const char *key, const char *format, ...)
{
	char path[TREE_PATH_MAX], text[1024];
	struct fault_at at = read_where(check->reader, object, key, path);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault(check->faults, &at, "%s", text);
}

void
check_warn(const struct check *check, const void *object, const char *key, const char *format, ...)
{
	char path[TREE_PATH_MAX], text[1024];
	struct fault_at at = read_where(check->reader, object, key, path);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault(check->warnings, &at, "warning: %s", text);
}

const char *
node_name(const struct cfg_lab *lab, uint32_t node)
{
	return node < lab->n_hosts ? lab->hosts[node].name : lab->gateways[node - lab->n_hosts].name;
}

const struct cfg_gateway *
node_gateway(const struct cfg_lab *lab, uint32_t node)
{
	return node < lab->n_hosts ? NULL : &lab->gateways[node - lab->n_hosts];
}

const struct cfg_link *
link_at(const struct cfg_lab *lab, uint32_t node, uint32_t port, unsigned *mine)
{
	for (unsigned i = 0; i < lab->n_links; i++)
		for (*mine = 0; *mine < 2; ++*mine)
			if (lab->links[i].end[*mine].node == node && lab->links[i].end[*mine].port == port)
				return &lab->links[i];
	return NULL;
}

uint32_t
gateway_of(const struct cfg_lab *lab, struct ip_addr address)
{
	for (unsigned g = 0; g < lab->n_gateways; g++)
		for (unsigned p = 0; p < lab->gateways[g].n_ports; p++)
			if (cfg_port_has(&lab->gateways[g].ports[p], address))
				return g;
	return CFG_NONE;
}
