/* Tunnels that end at a port are torn down, and come back. */
#ifndef DATAPLANE_TUNNEL_H
#define DATAPLANE_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>

struct dp;

/* Another MTU for a port, from the next packet on; its tunnels are the caller's to tear down. */
void tunnel_port_mtu(struct dp *dp, unsigned port, uint32_t mtu);
/* All SAs of both directions that end at that port's address; between turns. */
void tunnel_port_down(struct dp *dp, unsigned port);
void tunnel_port_up(struct dp *dp, unsigned port);

#endif
