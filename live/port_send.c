/* Sending: where a packet goes next, and the Ethernet address there. */
#include <rte_ethdev.h>

#include "config/cfg_net.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/pkt.h"
#include "live/ether.h"
#include "live/neigh.h"
#include "live/port_dpdk.h"

#define SEND_TRIES 4u /* a device that is full may take more in a moment */
#define BURST 64u

void
port_dpdk_send(struct port_dpdk *port, struct rte_mbuf **frames, unsigned n)
{
	unsigned sent = 0;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += rte_pktmbuf_pkt_len(frames[i]);
	for (unsigned tries = 0; sent < n && tries < SEND_TRIES; tries++)
		sent += rte_eth_tx_burst(port->device->id, port->queue, &frames[sent], (uint16_t)(n - sent));
	port->stats.tx += sent;
	for (; sent < n; sent++) {
		bytes -= rte_pktmbuf_pkt_len(frames[sent]);
		port->stats.tx_drops[DROP_PORT_FULL]++;
		rte_pktmbuf_free(frames[sent]);
	}
	port->stats.tx_bytes += bytes;
}

bool
port_dpdk_wrap(struct port_dpdk *port, struct rte_mbuf *m, const struct cfg_mac *mac)
{
	bool v4 = ip_head_is_v4(rte_pktmbuf_mtod(m, const uint8_t *));

	if (unlikely(rte_pktmbuf_headroom(m) < ETHER_BYTES)) {
		port->stats.tx_drops[DROP_NO_ROOM]++;
		rte_pktmbuf_free(m);
		return false;
	}
	m->ol_flags = 0; /* what was said of the frame that came in */
	ether_write(pkt_push(m, ETHER_BYTES, 0), mac, &port->device->mac, v4 ? ETHER_IPV4 : ETHER_IPV6);
	return true;
}

/* The neighbour by whom dst is reached through this port: itself, or the `via` of the longest route.  False
 * where no route leads there any more. */
static bool
next_hop(const struct port_dpdk *port, struct ip_addr dst, struct ip_addr *hop)
{
	const struct live_device *device = port->device;
	const struct cfg_gateway *gateway = port->port.gateway ? port->port.gateway : device->gateway;
	int longest = -1;

	*hop = dst;
	if (cfg_port_net(device->cfg, dst))
		return true;
	for (unsigned i = 0; i < gateway->n_routes; i++) {
		const struct cfg_route *route = &gateway->routes[i];

		if (route->port == device->index && route->to.len > longest &&
			cfg_prefix_holds(&route->to, dst)) {
			longest = route->to.len;
			*hop = route->via;
		}
	}
	return longest >= 0;
}

static struct port_hop *
hop_of(struct port_dpdk *port, struct ip_addr dst)
{
	uint64_t hash = (dst.hi ^ dst.lo) * UINT64_C(0x9e3779b97f4a7c15);

	return &port->hops[hash >> 56];
}

/* Asks the table; true: *mac.  Else the packet has ended or waits. */
static bool
hop_resolve(struct port_dpdk *port, struct rte_mbuf *m, struct ip_addr dst, struct cfg_mac *mac)
{
	struct neigh_table *neigh = port->device->neigh;
	struct ip_addr via;
	bool routed = next_hop(port, dst, &via);
	uint32_t version = neigh_version(neigh); /* before: what changes meanwhile is seen the next time */
	bool ask;
	enum neigh_answer answer;

	/* it waited in a queue while routes changed: it goes where those before it went */
	if (!routed && ip_equal(hop_of(port, dst)->dst, dst) && hop_of(port, dst)->until) {
		*mac = hop_of(port, dst)->mac;
		return true;
	}
	answer = neigh_resolve(neigh, via, m, port->now, mac, &ask);
	if (ask)
		port_dpdk_ask(port, via);
	if (answer == NEIGH_KNOWN)
		*hop_of(port, dst) = (struct port_hop){
			.dst = dst, .until = port->now + PORT_HOP_NS, .mac = *mac, .version = version};
	if (answer == NEIGH_FULL) {
		port->stats.tx_drops[DROP_NEIGH_QUEUE]++;
		rte_pktmbuf_free(m);
	}
	return answer == NEIGH_KNOWN;
}

static inline bool
hop_find(struct port_dpdk *port, struct rte_mbuf *m, struct cfg_mac *mac)
{
	struct ip_addr dst = ip_head_dst(rte_pktmbuf_mtod(m, const uint8_t *));
	const struct port_hop *hop = hop_of(port, dst);

	if (likely(ip_equal(hop->dst, dst) && port->now < hop->until &&
		    hop->version == neigh_version(port->device->neigh))) {
		*mac = hop->mac;
		return true;
	}
	return hop_resolve(port, m, dst, mac);
}

void
port_dpdk_tx(struct port *base, struct rte_mbuf **pkts, unsigned n)
{
	struct port_dpdk *port = (struct port_dpdk *)base;
	struct rte_mbuf *frames[BURST];
	unsigned ready = 0;

	port->stats.from_dp += n;
	for (unsigned i = 0; i < n; i++) {
		struct cfg_mac mac;

		if (hop_find(port, pkts[i], &mac) && port_dpdk_wrap(port, pkts[i], &mac))
			frames[ready++] = pkts[i];
		if (ready == BURST) {
			port_dpdk_send(port, frames, ready);
			ready = 0;
		}
	}
	if (ready)
		port_dpdk_send(port, frames, ready);
}
