/* The file of a live gateway: what can be checked without the rest of the network, and that its ports have
 * devices.  Whether those exist is for DPDK to say. */
#include <stdio.h>
#include <string.h>

#include "config/check.h"

static void
check_devices(const struct check *check, const struct cfg_gateway *gateway)
{
	for (unsigned p = 0; p < gateway->n_ports; p++) {
		const struct cfg_port *port = &gateway->ports[p];

		if (port->device == NULL || port->device[0] == '\0') {
			check_fault(check, port, "device",
				"missing; allowed: a DPDK device, \"net_af_packet0,iface=eth1\", or a PCI "
				"address");
			continue;
		}
		for (unsigned i = 0; i < p; i++)
			if (gateway->ports[i].device && strcmp(gateway->ports[i].device, port->device) == 0)
				check_fault(check, port, "device",
					"\"%s\" is that of port %s too; allowed: each device once",
					port->device, gateway->ports[i].name);
	}
}

static void
check_neighbours(const struct check *check, const struct cfg_gateway *gateway)
{
	for (unsigned i = 0; i < gateway->n_neighbours; i++) {
		struct cfg_neighbour *neighbour = &gateway->neighbours[i];
		char text[IP_TEXT_BYTES];

		neighbour->port = CFG_NONE;
		for (unsigned p = 0; p < gateway->n_ports && neighbour->port == CFG_NONE; p++)
			if (cfg_port_net(&gateway->ports[p], neighbour->address))
				neighbour->port = p;
		if (neighbour->port == CFG_NONE)
			check_fault(check, neighbour, "address",
				"%s is in no network of %s; allowed: the address of a neighbour",
				ip_text(neighbour->address, text), gateway->name);
	}
}

void
check_site(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	if (lab->n_gateways != 1) {
		check_fault(check, lab, "gateways", "%u gateways; allowed: exactly one", lab->n_gateways);
		return;
	}
	check_names(check);
	check_words(check);
	resolve_engines(check);
	check_engine_faults(check);
	resolve_gateways(check);
	check_sas(check);
	check_policies(check);
	check_devices(check, lab->gateways);
	check_neighbours(check, lab->gateways);
	if (check->faults->count)
		return;
	check_site_addresses(check);
	check_routes(check);
	check_qos(check);
}
