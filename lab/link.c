/* A link: parallel paths in both directions, seen by a gateway as a port and by a host as a cable. */
#include <stdio.h>
#include <string.h>

#include <rte_prefetch.h>

#include "base/bytes.h"
#include "lab/lab_priv.h"

static unsigned
link_node(const struct link *link)
{
	const struct cfg_lab *cfg = link->lab->cfg;

	return cfg->n_hosts + cfg->n_gateways + link->index;
}

/* For paths that are chosen by flow: what a router in the middle can see, that is SPI or ports. */
static uint32_t
flow_hash6(const uint8_t *ip, uint32_t len)
{
	struct ip6_upper upper;
	uint64_t h = 0, w;
	uint32_t ports = 0;

	ip6_upper_find(ip, len, &upper);
	if (upper.known && upper.first && upper.proto != IP_NEXT_ICMP6 && len >= upper.offset + 4)
		memcpy(&ports, ip + upper.offset, 4);
	for (uint32_t at = IPV6_SRC; at < IPV6_MIN_BYTES; at += 8) {
		memcpy(&w, ip + at, sizeof(w));
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	h = (h ^ (ports | (uint64_t)upper.proto << 32)) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

static uint32_t
flow_hash(const uint8_t *ip, uint32_t len)
{
	uint64_t h, ports = 0;

	if (!ip_head_is_v4(ip))
		return flow_hash6(ip, len);
	memcpy(&h, ip + IPV4_SRC, sizeof(h));
	if (ip[IPV4_PROTO] != IPV4_PROTO_ICMP)
		memcpy(&ports, ip + ipv4_header_len(ip), 4); /* ports, or the SPI */
	h = (h ^ (ports | (uint64_t)ip[IPV4_PROTO] << 32)) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

static void
link_drop(struct link *link, struct rte_mbuf *m, enum drop reason)
{
	link->drops[reason]++;
	flow_dropped_packet(link->lab, link_node(link), m, reason, pkt_of(m)->time_ns);
}

/* A link of one path without capture: nothing to choose, nothing to record. */
static inline void
send_plain(struct link *link, struct wire *wire, struct rte_mbuf *m)
{
	enum drop drop = wire_put(wire, m, rte_pktmbuf_data_len(m), pkt_of(m)->time_ns);

	if (unlikely(drop))
		link_drop(link, m, drop);
}

static void
send_one(struct link *link, unsigned direction, struct rte_mbuf *m)
{
	uint32_t len = rte_pktmbuf_data_len(m);
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	bool by_flow = link->cfg->select == CFG_SELECT_FLOW && link->cfg->n_paths > 1;
	uint32_t hash = by_flow ? flow_hash(ip, len) : 0;
	uint64_t start = pkt_of(m)->time_ns;
	enum drop drop = paths_put(link->paths[direction], m, len, hash, start);

	if (link->cfg->capture && link->lab->recorder && (!drop || drop == DROP_WIRE_LOSS))
		recorder_capture(link->lab->recorder, link->index, direction, start, ip, len);
	if (drop)
		link_drop(link, m, drop);
}

void
link_send(struct link_end *end, struct rte_mbuf **pkts, unsigned n)
{
	struct link *link = end->link;

	link->rx += n;
	for (unsigned i = 0; i < n && end->plain; i++)
		send_plain(link, end->plain, pkts[i]);
	for (unsigned i = 0; i < n && !end->plain; i++)
		send_one(link, end->direction, pkts[i]);
}

unsigned
link_receive(struct link_end *end, struct rte_mbuf **pkts, unsigned max, uint64_t now)
{
	struct wire_arrival arrivals[LAB_BURST];
	struct link *link = end->link;
	unsigned n = paths_get(
		link->paths[!end->direction], now, arrivals, max < LAB_BURST ? max : LAB_BURST);

	for (unsigned i = 0; i < n; i++) {
		pkts[i] = arrivals[i].pkt;
		rte_prefetch0(pkts[i]);
		rte_prefetch0(pkt_of(pkts[i]));
	}
	for (unsigned i = 0; i < n; i++) {
		struct pkt *pkt = pkt_of(pkts[i]);

		pkt->time_ns = arrivals[i].time_ns;
		if (end->before_gateway && pkt->flags & PKT_ENCRYPTED)
			flow_at_gateway(link->lab, pkt);
	}
	link->tx += n;
	return n;
}

uint64_t
link_next_due(const struct link_end *end)
{
	return paths_next_due(end->link->paths[!end->direction]);
}

/* The wire's copy of a packet. */
static void *
clone_packet(void *ctx, void *pkt)
{
	struct link *link = ctx;
	struct rte_mbuf *copy = pool_clone(link->lab->pool, pkt);

	if (!copy)
		return NULL;
	pkt_of(copy)->flags |= PKT_CLONE;
	link->created++;
	return copy;
}

static struct link_end *
end_of_port(struct port *port)
{
	return (struct link_end *)((char *)port - offsetof(struct link_end, port));
}

static unsigned
port_rx(struct port *port, struct rte_mbuf **pkts, unsigned max, uint64_t now)
{
	return link_receive(end_of_port(port), pkts, max, now);
}

static void
port_tx(struct port *port, struct rte_mbuf **pkts, unsigned n)
{
	link_send(end_of_port(port), pkts, n);
}

static uint64_t
port_next_due(const struct port *port)
{
	return link_next_due((const struct link_end *)((const char *)port - offsetof(struct link_end, port)));
}

static const struct port_ops port_ops = {.rx = port_rx, .tx = port_tx, .next_due = port_next_due};

/* The rate at which a port can send into a link: that of its path, or of all of them together. */
static uint64_t
link_rate(const struct cfg_link *cfg)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < cfg->n_paths; i++) {
		if (!cfg->paths[i].rate)
			return 0;
		sum += cfg->paths[i].rate;
	}
	return sum;
}

static uint64_t
node_poll(const struct cfg_lab *cfg, uint32_t node)
{
	return node < cfg->n_hosts ? cfg->hosts[node].poll_interval
				   : cfg->gateways[node - cfg->n_hosts].poll_interval;
}

/* Does the node at the other side of this end decrypt? */
static bool
decrypts(const struct cfg_lab *cfg, uint32_t node)
{
	const struct cfg_gateway *gateway;

	if (node < cfg->n_hosts)
		return false;
	gateway = &cfg->gateways[node - cfg->n_hosts];
	for (unsigned i = 0; i < gateway->n_sas; i++)
		if (gateway->sas[i].direction == CFG_IN)
			return true;
	return false;
}

enum status
link_create(struct lab *lab, unsigned index)
{
	struct link *link = &lab->links[index];

	link->cfg = &lab->cfg->links[index];
	link->lab = lab;
	link->index = index;
	for (unsigned e = 0; e < 2; e++) {
		struct link_end *end = &link->end[e];
		enum status status;

		end->port.ops = &port_ops;
		end->port.rate = link_rate(link->cfg);
		end->port.overhead = link->cfg->paths[0].overhead;
		end->port.peer_poll = node_poll(lab->cfg, link->cfg->end[!e].node);
		end->link = link;
		end->direction = e;
		end->before_gateway = decrypts(lab->cfg, link->cfg->end[e].node);
		status = paths_create(link->cfg, e, lab->cfg->seed, clone_packet, link, &link->paths[e]);
		if (status)
			return status;
		if (link->cfg->n_paths == 1 && !link->cfg->capture)
			end->plain = paths_wire(link->paths[e], 0);
	}
	return ST_OK;
}

uint64_t
link_held(const struct link *link)
{
	return (uint64_t)paths_held(link->paths[0]) + paths_held(link->paths[1]);
}

void
link_destroy(struct link *link)
{
	for (unsigned d = 0; d < 2; d++)
		paths_destroy(link->paths[d]);
}
