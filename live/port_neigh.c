/* Questions and answers about neighbours, RFC 826 and RFC 4861 §7.2: what a port says and understands.
 *
 * Learnt is what an answer to a question of ours says, what somebody who asks for us says of himself, and
 * news of those who are known already; of addresses in the port's own network only. */
#include <rte_mbuf.h>

#include "config/cfg_net.h"
#include "dataplane/ipsec/ip_head.h"
#include "live/arp.h"
#include "live/ether.h"
#include "live/nd.h"
#include "live/neigh.h"
#include "live/port_dpdk.h"

static bool
is_own(const struct port_dpdk *port, struct ip_addr addr)
{
	return cfg_port_has(port->device->cfg, addr);
}

static bool
is_neighbour(const struct port_dpdk *port, struct ip_addr addr)
{
	return cfg_port_net(port->device->cfg, addr) && !is_own(port, addr);
}

/* A frame of our own, to be filled; NULL where the pool is empty: whoever asks asks again. */
static uint8_t *
frame_make(struct port_dpdk *port, uint32_t bytes, struct rte_mbuf **m)
{
	*m = rte_pktmbuf_alloc(port->pool);
	if (!*m)
		return NULL;
	(*m)->data_len = (uint16_t)bytes;
	(*m)->pkt_len = bytes;
	port->stats.created++;
	return rte_pktmbuf_mtod(*m, uint8_t *);
}

void
port_dpdk_ask(struct port_dpdk *port, struct ip_addr addr)
{
	const struct live_device *device = port->device;
	const struct cfg_prefix *own = cfg_port_source(device->cfg, addr);
	struct rte_mbuf *m;
	uint8_t *frame;

	if (!own)
		return;
	frame = frame_make(port, ip_is_v4(addr) ? ARP_FRAME_BYTES : ND_FRAME_BYTES, &m);
	if (!frame)
		return;
	if (ip_is_v4(addr))
		arp_write_request(frame, &device->mac, own->addr, addr);
	else
		nd_write_solicit(frame, &device->mac, own->addr, addr);
	port_dpdk_send(port, &m, 1);
}

/* addr is known now: what waited for it goes. */
static void
learn(struct port_dpdk *port, struct ip_addr addr, const struct cfg_mac *mac, bool create)
{
	struct rte_mbuf *frames[NEIGH_HELD];
	void *released[NEIGH_HELD];
	unsigned n, ready = 0;

	if (!is_neighbour(port, addr))
		return;
	n = neigh_learn(port->device->neigh, addr, mac, create, port->now, released);
	for (unsigned i = 0; i < n; i++) {
		frames[ready] = released[i];
		ready += port_dpdk_wrap(port, frames[ready], mac);
	}
	if (ready)
		port_dpdk_send(port, frames, ready);
}

void
port_dpdk_learn(struct port_dpdk *port, struct ip_addr addr, const struct cfg_mac *mac)
{
	learn(port, addr, mac, false);
}

/* The message is read: done with it. */
static void
consume(struct port_dpdk *port, struct rte_mbuf *m, bool good)
{
	if (good)
		port->stats.consumed++;
	else
		port->stats.rx_drops[DROP_NEIGH_BAD]++;
	rte_pktmbuf_free(m);
}

void
port_dpdk_take_arp(struct port_dpdk *port, struct rte_mbuf *m)
{
	struct arp_message message;
	bool good = arp_read(rte_pktmbuf_mtod_offset(m, const uint8_t *, ETHER_BYTES),
		rte_pktmbuf_data_len(m) - ETHER_BYTES, &message);
	struct rte_mbuf *answer;
	uint8_t *frame;

	consume(port, m, good);
	if (!good)
		return;
	learn(port, message.sender, &message.sender_mac, message.request && is_own(port, message.target));
	if (!message.request || !is_own(port, message.target))
		return;
	frame = frame_make(port, ARP_FRAME_BYTES, &answer);
	if (!frame)
		return;
	arp_write_reply(frame, &port->device->mac, message.target, &message.sender_mac, message.sender);
	port_dpdk_send(port, &answer, 1);
}

/* The answer goes to the MAC that the question gives, or came from (RFC 4861 §7.2.4). */
static void
solicit_take(struct port_dpdk *port, const struct nd_message *message, const struct cfg_mac *from)
{
	const struct cfg_mac *mac = message->has_mac ? &message->mac : from;
	struct rte_mbuf *answer;
	uint8_t *frame;

	if (!is_own(port, message->target))
		return;
	if (message->has_mac)
		learn(port, message->src, mac, true);
	frame = frame_make(port, ND_FRAME_BYTES, &answer);
	if (!frame)
		return;
	nd_write_advert(frame, &port->device->mac, message->target, mac, message->src);
	port_dpdk_send(port, &answer, 1);
}

bool
port_dpdk_take_nd(struct port_dpdk *port, struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct cfg_mac from = ether_mac(frame + ETHER_SRC);
	struct nd_message message;
	enum nd_kind kind = nd_read(frame + ETHER_BYTES, rte_pktmbuf_data_len(m) - ETHER_BYTES, &message);

	if (kind == ND_NONE)
		return false;
	consume(port, m, kind != ND_BAD);
	if (kind == ND_SOLICIT)
		solicit_take(port, &message, &from);
	else if (kind == ND_ADVERT && message.has_mac)
		learn(port, message.target, &message.mac, false);
	return true;
}

static void
give_up(struct port_dpdk *port, void **released, unsigned n)
{
	port->stats.tx_drops[DROP_NEIGH_NONE] += n;
	for (unsigned i = 0; i < n; i++)
		rte_pktmbuf_free(released[i]);
}

void
port_dpdk_age(struct port_dpdk *port, uint64_t now)
{
	void *released[NEIGH_HELD];
	struct ip_addr addr;
	unsigned n;
	bool ask;

	port->now = now;
	while (neigh_age(port->device->neigh, now, &addr, &ask, released, &n)) {
		if (ask)
			port_dpdk_ask(port, addr);
		give_up(port, released, n);
	}
}

void
port_dpdk_drain(struct port_dpdk *port)
{
	void *released[NEIGH_HELD];
	unsigned n;

	while ((n = neigh_drain(port->device->neigh, released)))
		give_up(port, released, n);
}
