/* The way on for a packet whose flow is known: what classify and policy_check have in common. */
#ifndef DATAPLANE_FORWARD_SEND_H
#define DATAPLANE_FORWARD_SEND_H

#include "dataplane/forward.h"
#include "dataplane/frag/mss.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

/* The same for one that is larger than flow->mtu on the wire (too_big.c). */
enum drop forward_too_big(struct worker *worker, struct rte_mbuf *m, const uint8_t *ip, uint32_t len,
	const struct flow_entry *flow);

/* A SYN, perhaps, of a flow that is clamped. */
void forward_clamp(struct worker *worker, uint8_t *ip, uint32_t len, const struct flow_entry *flow);

#define FORWARD_INLINE static inline __attribute__((always_inline))

/* One hop, then to the SA or to the egress queue; else why not.  len: bytes at ip.  v4 is a constant, so that
 * a packet is asked for its family once. */
FORWARD_INLINE enum drop
forward_send(struct worker *w, struct rte_mbuf *m, uint8_t *ip, uint32_t len, const struct flow_entry *flow,
	const bool v4)
{
	struct pkt *pkt = pkt_of(m);

	if (unlikely(flow->drop || flow->clamp)) { /* neighbours: one comparison */
		if (flow->drop)
			return (enum drop)flow->drop;
		if (unlikely(mss_may_be_syn(ip, len, v4)))
			forward_clamp(w, ip, len, flow);
	}
	if (unlikely(!(v4 ? forward_ttl(ip) : forward_hops(ip))))
		return DROP_TTL;
	pkt->out_port = flow->port;
	if (likely(w->engine)) /* a router does not protect, and others may have */
		pkt->sa = flow->sa;
	pkt->dscp = (v4 ? ip[IPV4_TOS] : ip_tos(ip)) >> 2;
	pkt->wire_bytes = flow->sa ? ipsec_wire_length(flow->sa, ip, len) : len;
	if (unlikely(pkt->wire_bytes > flow->mtu))
		return forward_too_big(w, m, ip, len, flow);
	if (flow->sa && !flow->sa->copy_dscp)
		pkt->dscp = ip_tos(flow->sa->outer) >> 2;
	worker_put(w, flow->sa && !w->after_queue ? STAGE_sa_out : STAGE_qos, m);
	return DROP_NONE;
}

FORWARD_INLINE enum drop
forward_family(struct worker *w, struct rte_mbuf *m, const struct sa *sa_in, const bool v4)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m), in = sa_in ? sa_in->policy + 1 : 0;
	const struct flow_entry *flow = flow_cache_look(w->cache, v4, ip, len, in);

	if (unlikely(!flow))
		flow = forward_learn(w, sa_in, ip, len);
	return forward_send(w, m, ip, len, flow, v4);
}

/* A packet whose header was checked: in the clear from a port (sa_in NULL), or come in by an SA. */
FORWARD_INLINE enum drop
forward_packet(struct worker *w, struct rte_mbuf *m, const struct sa *sa_in)
{
	if (likely(ip_head_is_v4(rte_pktmbuf_mtod(m, const uint8_t *))))
		return forward_family(w, m, sa_in, true);
	return forward_family(w, m, sa_in, false);
}

#endif
