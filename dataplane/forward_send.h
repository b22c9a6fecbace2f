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

/* To the SA; the packet is in pkt but for what depends on it. */
FORWARD_INLINE enum drop
forward_protect(struct worker *w, struct rte_mbuf *m, const uint8_t *ip, uint32_t len,
	const struct flow_entry *flow, struct sa *sa)
{
	struct pkt *pkt = pkt_of(m);

	pkt->sa = sa;
	pkt->wire_bytes = ipsec_wire_length(sa, ip, len);
	if (unlikely(pkt->wire_bytes > flow->mtu))
		return forward_too_big(w, m, ip, len, flow);
	if (unlikely(!sa->copy_dscp))
		pkt->dscp = ip_tos(sa->outer) >> 2;
	if (likely(!w->after_queue))
		worker_put(w, STAGE_sa_out, m);
	else
		worker_put(w, STAGE_qos, m);
	return DROP_NONE;
}

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
	pkt->dscp = (v4 ? ip[IPV4_TOS] : ip_tos(ip)) >> 2;
	if (flow->sa)
		return forward_protect(w, m, ip, len, flow, flow->sa);
	if (likely(w->engine)) /* a router does not protect, and others may have */
		pkt->sa = NULL;
	pkt->wire_bytes = len;
	if (unlikely(len > flow->mtu))
		return forward_too_big(w, m, ip, len, flow);
	worker_put(w, STAGE_qos, m);
	return DROP_NONE;
}

FORWARD_INLINE enum drop
forward_family(struct worker *w, struct rte_mbuf *m, const struct sa *sa_in, uint32_t in, const bool v4)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	const struct flow_entry *flow = flow_cache_look(w->cache, v4, ip, len, in);

	if (unlikely(!flow))
		flow = forward_learn(w, sa_in, in, ip, len);
	return forward_send(w, m, ip, len, flow, v4);
}

/* A packet whose header was checked: in the clear from a port (sa_in NULL, in FLOW_INSIDE or FLOW_OUTSIDE),
 * or come in by an SA (in: sa_in->policy + 1). */
FORWARD_INLINE enum drop
forward_packet(struct worker *w, struct rte_mbuf *m, const struct sa *sa_in, uint32_t in)
{
	if (likely(ip_head_is_v4(rte_pktmbuf_mtod(m, const uint8_t *))))
		return forward_family(w, m, sa_in, in, true);
	return forward_family(w, m, sa_in, in, false);
}

#endif
