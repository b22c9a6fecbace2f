/* Receiving. */
#include "live/port_dpdk.h"

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "base/clock.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/pkt.h"
#include "live/ether.h"
#include "live/neigh.h"

#define AHEAD 4u /* frames between the one that is looked at and the one that is fetched */

static void
end(struct port_dpdk *port, struct rte_mbuf *m, enum drop reason)
{
	port->stats.rx_drops[reason]++;
	rte_pktmbuf_free(m);
}

/* Frames in several segments are joined: packets have one. */
static enum drop
frame_check(struct rte_mbuf *m)
{
	if (unlikely(m->nb_segs > 1) && rte_pktmbuf_linearize(m))
		return DROP_NO_ROOM;
	if (unlikely(rte_pktmbuf_data_len(m) < ETHER_BYTES))
		return DROP_RUNT;
	return unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN) ? DROP_ETHERTYPE : DROP_NONE;
}

/* An IP packet for the gateway; false: the frame has ended. */
static inline bool
frame_take(struct port_dpdk *port, struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	enum drop drop = frame_check(m);
	struct pkt *pkt = pkt_of(m);
	uint16_t type;

	if (unlikely(drop)) {
		end(port, m, drop);
		return false;
	}
	type = load_be16(frame + ETHER_TYPE);
	if (unlikely(type != ETHER_IPV4)) {
		if (type == ETHER_ARP) {
			port_dpdk_take_arp(port, m);
			return false;
		}
		if (type != ETHER_IPV6) {
			end(port, m, DROP_ETHERTYPE);
			return false;
		}
		if (port_dpdk_take_nd(port, m))
			return false;
	}
	if (unlikely(memcmp(frame + ETHER_DST, &port->device->mac, sizeof(struct cfg_mac)))) {
		end(port, m, DROP_OTHER_MAC);
		return false;
	}
	pkt_keep(m, ETHER_BYTES, rte_pktmbuf_data_len(m) - ETHER_BYTES);
	pkt->time_ns = pkt->sent_ns = now;
	pkt->seq = pkt->num = 0;
	pkt->flow = PKT_NO_FLOW;
	pkt->flags = 0;
	pkt->lag = 0;
	return true;
}

static unsigned
port_rx(struct port *base, struct rte_mbuf **pkts, unsigned max, uint64_t now)
{
	struct port_dpdk *port = (struct port_dpdk *)base;
	unsigned n, kept = 0;

	port->now = now;
	if (unlikely(port->closed))
		return 0;
	n = rte_eth_rx_burst(port->device->id, port->queue, pkts, (uint16_t)max);
	port->stats.rx += n;
	for (unsigned i = 0; i < n && i < AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (i + AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + AHEAD], void *));
		port->stats.rx_bytes += rte_pktmbuf_pkt_len(m);
		if (likely(frame_take(port, m, now)))
			pkts[kept++] = m;
	}
	port->stats.to_dp += kept;
	return kept;
}

/* Nobody knows when a frame arrives. */
static uint64_t
port_next_due(const struct port *base)
{
	(void)base;
	return TIME_NEVER;
}

static const struct port_ops ops = {.rx = port_rx, .tx = port_dpdk_tx, .next_due = port_next_due};

void
port_dpdk_init(struct port_dpdk *port, struct live_device *device, uint16_t queue, struct rte_mempool *pool)
{
	*port = (struct port_dpdk){
		.port = {.ops = &ops, .overhead = 24}, /* preamble, FCS, gap; the header is in no IP packet */
		.device = device,
		.pool = pool,
		.queue = queue};
}
