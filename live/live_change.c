/* Neighbours and next hops of a gateway whose routes have changed.  Routes themselves come to the ports with
 * the datapath's (dataplane/dp_sas.h), between the same two bursts; here ports are told to look at them, and
 * given MACs are exchanged. */
#include <string.h>

#include "live/live_priv.h"
#include "live/neigh.h"

static bool
neighbour_same(const struct cfg_gateway *cfg, const struct cfg_neighbour *neighbour)
{
	for (unsigned i = 0; i < cfg->n_neighbours; i++)
		if (ip_equal(cfg->neighbours[i].address, neighbour->address) &&
			!memcmp(&cfg->neighbours[i].mac, &neighbour->mac, sizeof(neighbour->mac)))
			return true;
	return false;
}

struct neighbour_call {
	struct live *live;
	const struct cfg_neighbour *neighbour;
};

/* On a worker's thread, as packets may wait for it. */
static void
neighbour_give(struct dp *dp, void *arg, uint64_t now)
{
	const struct neighbour_call *call = arg;
	const struct cfg_neighbour *neighbour = call->neighbour;
	struct port_dpdk *port = &call->live->workers[0].ports[neighbour->port];

	(void)dp;
	(void)now;
	port_dpdk_learn(port, neighbour->address, &neighbour->mac);
	neigh_add_static(port->device->neigh, neighbour->address, &neighbour->mac);
}

void
live_changed(struct live *live, const struct cfg_gateway *was, const struct cfg_gateway *now)
{
	for (unsigned i = 0; i < was->n_neighbours; i++)
		if (!neighbour_same(now, &was->neighbours[i]))
			neigh_del_static(
				live->devices[was->neighbours[i].port].neigh, was->neighbours[i].address);
	for (unsigned i = 0; i < now->n_neighbours; i++) {
		struct neighbour_call call = {live, &now->neighbours[i]};

		if (!neighbour_same(was, call.neighbour))
			live_call(live, 0, neighbour_give, &call);
	}
	for (unsigned p = 0; p < live->gateway.n_ports; p++)
		neigh_touch(live->devices[p].neigh);
}
