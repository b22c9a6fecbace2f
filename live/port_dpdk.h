/* A port of a worker's gateway over one queue of a DPDK device: Ethernet off and on, neighbours.
 *
 * Received: IP for this MAC goes to the dp with its data at the IP header and a fresh struct pkt, arrived
 * now; ARP and neighbour discovery end here; all else is dropped by name.  Sent: next hop, its MAC, Ethernet,
 * at once; start times are the past by then.  One thread: the worker's. */
#ifndef LIVE_PORT_DPDK_H
#define LIVE_PORT_DPDK_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/port.h"
#include "live/device.h"
#include "live/port_stats.h"

struct rte_mbuf;
struct rte_mempool;

#define PORT_HOPS 256u			 /* destinations whose next hop a port remembers */
#define PORT_HOP_NS UINT64_C(1000000000) /* for so long, then the table is asked again */

struct port_hop {
	struct ip_addr dst;
	uint64_t until; /* 0: empty */
	struct cfg_mac mac;
	uint32_t version; /* of the table */
};

struct port_dpdk {
	struct port port; /* first */
	struct live_device *device;
	struct rte_mempool *pool; /* for questions and answers */
	uint16_t queue;
	bool closed;		 /* takes nothing more in */
	uint64_t now;		 /* of the last rx */
	struct port_stats stats; /* but for held, which is the device's */
	struct port_hop hops[PORT_HOPS];
};

void port_dpdk_init(
	struct port_dpdk *port, struct live_device *device, uint16_t queue, struct rte_mempool *pool);
/* Repeats questions to neighbours and gives up on those who never answer.  Of one worker only. */
void port_dpdk_age(struct port_dpdk *port, uint64_t now);
/* addr has that MAC, as somebody says who must know: what waits for it is sent. */
void port_dpdk_learn(struct port_dpdk *port, struct ip_addr addr, const struct cfg_mac *mac);
/* Gives up what still waits for a neighbour. */
void port_dpdk_drain(struct port_dpdk *port);

/* port_send.c: frames that are complete; what the device does not take is dropped. */
void port_dpdk_send(struct port_dpdk *port, struct rte_mbuf **frames, unsigned n);
/* Puts Ethernet in front of an IP packet; false where there is no room: dropped. */
bool port_dpdk_wrap(struct port_dpdk *port, struct rte_mbuf *m, const struct cfg_mac *mac);
void port_dpdk_tx(struct port *port, struct rte_mbuf **pkts, unsigned n);
/* port_neigh.c: a message from the wire ends here; at is behind the Ethernet header. */
void port_dpdk_take_arp(struct port_dpdk *port, struct rte_mbuf *m);
/* True where it was neighbour discovery, and has ended. */
bool port_dpdk_take_nd(struct port_dpdk *port, struct rte_mbuf *m);
/* Asks the network who has the address. */
void port_dpdk_ask(struct port_dpdk *port, struct ip_addr addr);

#endif
