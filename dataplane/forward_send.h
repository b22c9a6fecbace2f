/* The way on for a packet whose flow is known: what classify and policy_check have in common. */
#ifndef DATAPLANE_FORWARD_SEND_H
#define DATAPLANE_FORWARD_SEND_H

#include "dataplane/forward.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

/* The same for one that is larger than flow->mtu on the wire (too_big.c). */
enum drop forward_too_big(struct worker *worker, struct rte_mbuf *m, const uint8_t *ip, uint32_t len,
	const struct flow_entry *flow);

/* One hop, then to the SA or to the egress queue; else why not.  len: bytes at ip. */
static inline enum drop
forward_send(struct worker *w, struct rte_mbuf *m, uint8_t *ip, uint32_t len, const struct flow_entry *flow)
{
	struct pkt *pkt = pkt_of(m);

	if (unlikely(flow->drop))
		return (enum drop)flow->drop;
	if (unlikely(!forward_hop(ip)))
		return DROP_TTL;
	pkt->out_port = flow->port;
	if (likely(w->engine)) /* a router does not protect, and others may have */
		pkt->sa = flow->sa;
	pkt->wire_bytes = flow->sa ? ipsec_wire_length(flow->sa, ip, len) : len;
	pkt->dscp = ip_head_tos(flow->sa && !flow->sa->copy_dscp ? flow->sa->outer : ip) >> 2;
	if (unlikely(pkt->wire_bytes > flow->mtu))
		return forward_too_big(w, m, ip, len, flow);
	worker_put(w, flow->sa && !w->after_queue ? STAGE_sa_out : STAGE_qos, m);
	return DROP_NONE;
}

#endif
