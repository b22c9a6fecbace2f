/* What tests of fragments through whole gateways share: two gateways of either family, the way from the one
 * to the other, and a receiving host.  For tests/dataplane/frag only. */
#ifndef TESTS_DATAPLANE_FRAG_FRAG_RIG_H
#define TESTS_DATAPLANE_FRAG_FRAG_RIG_H

#include <string.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "dataplane/frag/reasm.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

#define RIG_LAN6 ((struct ip_addr){0x20010db800010000, 1})
#define RIG_WAN6 ((struct ip_addr){0x20010db800030000, 1})
#define RIG_SRC6 ((struct ip_addr){0x20010db800010000, 10})
#define RIG_DST6 ((struct ip_addr){0x20010db800020000, 10})

static inline const struct pkt *
pkt_of_const(const struct rte_mbuf *m)
{
	return (const struct pkt *)(m + 1);
}

static inline struct cfg_prefix
rig_prefix6(struct ip_addr addr)
{
	return (struct cfg_prefix){.addr = addr, .len = 64, .only_v6 = true};
}

/* kit_gateway_init() with fragments, ICMP, and the families that are asked for. */
static inline void
rig_init(struct kit_gateway *g, const char *transform, bool inner6, bool outer6)
{
	kit_gateway_init(g, transform);
	g->cfg.icmp_rate = 1000;
	g->cfg.pmtu_ageing = 600 * NS_PER_SEC;
	g->cfg.reassembly_max = 64;
	g->cfg.reassembly_source = 64;
	g->cfg.reassembly_bytes = 1 << 20;
	g->cfg.reassembly_timeout = 30 * NS_PER_SEC;
	for (unsigned i = 0; i < 2; i++)
		g->ports[i].mtu = 9000;
	if (outer6) {
		g->ports[1].address = rig_prefix6(RIG_WAN6);
		for (unsigned i = 0; i < 2; i++)
			g->sas[i].src = g->sas[i].dst = RIG_WAN6;
	}
	if (!inner6)
		return;
	g->ports[0].address = rig_prefix6(RIG_LAN6);
	g->routes[0].to = rig_prefix6(RIG_DST6);
	for (unsigned i = 0; i < 2; i++) {
		g->policies[i].src = rig_prefix6(RIG_SRC6);
		g->policies[i].dst = rig_prefix6(RIG_DST6);
	}
}

static inline bool
rig_is_fragment(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	struct ip6_upper upper;

	if (!ip_is_v6(ip))
		return (load_be16(ip + 6) & 0x3fff) != 0;
	ip6_upper_find(ip, rte_pktmbuf_data_len(m), &upper);
	return upper.fragment;
}

static inline uint8_t
rig_proto(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	struct ip6_upper upper;

	if (!ip_is_v6(ip))
		return ip[9];
	ip6_upper_find(ip, rte_pktmbuf_data_len(m), &upper);
	return upper.proto;
}

/* All that left at the WAN goes to the peer. */
static inline void
rig_cross(struct kit_gateway *g, bool backwards)
{
	struct kit_port *wan = &g->port[1];

	for (unsigned i = 0; i < wan->n_out; i++)
		wan->in[i] = wan->out[backwards ? wan->n_out - 1 - i : i];
	wan->n_in = wan->n_out;
	wan->n_out = 0;
	wan->due = 10;
	while (dp_turn(g->peer, 10))
		;
}

static inline void
rig_end(void *ctx, void *pkt, enum drop reason)
{
	*(unsigned *)ctx += reason != DROP_NONE;
	rte_pktmbuf_free(pkt);
}

/* As a host does: the one packet that left at this port, put together where it came in pieces.  NULL where it
 * is not one. */
static inline struct rte_mbuf *
rig_join(struct kit_port *port)
{
	static const struct reasm_limits limits = {64, 64, 4 << 20, NS_PER_SEC};
	struct rte_mbuf *whole = NULL, *m;
	struct reasm *reasm;
	unsigned ended = 0;

	if (reasm_create(&limits, rig_end, &ended, &reasm))
		return NULL;
	for (unsigned i = 0; i < port->n_out; i++) {
		struct reasm_whole found;

		m = port->out[i];
		if (port->n_out > 1) {
			if (!reasm_put(reasm, m, rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m), 0,
				    &found))
				continue;
			m = found.first;
			reasm_join(reasm, &found, rte_pktmbuf_mtod(m, uint8_t *));
			pkt_keep(m, found.skip, found.bytes);
		}
		ended += whole != NULL;
		whole = m;
	}
	port->n_out = 0;
	while ((m = reasm_take(reasm))) {
		rte_pktmbuf_free(m);
		ended++;
	}
	reasm_destroy(reasm);
	if (!ended)
		return whole;
	rte_pktmbuf_free(whole);
	return NULL;
}

/* But for what two hops and a cut may change: TTL, checksum, DF and with it the identification. */
static inline bool
rig_same(const uint8_t *ip, uint32_t len, const uint8_t *was, uint32_t was_len)
{
	if (len != was_len || ip[0] != was[0] || ip[1] != was[1])
		return false;
	if (ip_is_v6(ip))
		return !memcmp(ip + 2, was + 2, 5) && ip[7] == was[7] - 2 &&
		       !memcmp(ip + 8, was + 8, len - 8);
	if (!ipv4_checksum_ok(ip, ipv4_header_len(ip)) || ip[8] != was[8] - 2)
		return false;
	return !memcmp(ip + 2, was + 2, 2) && ip[9] == was[9] && !memcmp(ip + 12, was + 12, len - 12);
}

#endif
