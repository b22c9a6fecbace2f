/* A packet that does not fit its way out: cut before encryption, after it, or dropped, and then its source is
 * told what would have fitted.  RFC 4301 §8, RFC 1812 §4.3.2, RFC 4443 §2.4, RFC 2473 §7. */
#include "dataplane/forward_send.h"
#include "dataplane/frag/way.h"
#include "dataplane/fragment.h"
#include "dataplane/tell.h"

#define WIRE_MAX 65535u		    /* bytes of a packet */
#define QUEUE_MAX ((1u << 17) - 1u) /* that a queue can charge (qos/pacer.h) */

static enum cfg_fragmentation
asked_for(const struct worker *w, const struct flow_entry *flow)
{
	const struct cfg_gateway *cfg = w->dp->cfg;

	if (flow->sa->cfg->fragmentation)
		return flow->sa->cfg->fragmentation;
	return cfg->ports[flow->port].fragmentation ? cfg->ports[flow->port].fragmentation
						    : cfg->fragmentation;
}

static struct frag_case
case_of(const struct worker *w, const uint8_t *ip, uint32_t len, const struct flow_entry *flow)
{
	struct frag_case c = {.protect = flow->sa != NULL, .v6 = ip_is_v6(ip)};

	c.df = !c.v6 && load_be16(ip + IPV4_FRAGMENT) & IPV4_DF;
	c.minimal = c.v6 && len <= FRAG_V6_MIN_MTU;
	if (flow->sa) {
		c.tunnel = flow->sa->head != SA_HEAD_TRANSPORT;
		c.bit = (enum cfg_df)flow->sa->df;
		c.before = asked_for(w, flow) == CFG_FRAG_BEFORE;
	}
	return c;
}

/* Can pieces of it be so small that they fit once protected? */
static bool
pieces_fit(const uint8_t *ip, uint32_t len, const struct flow_entry *flow)
{
	uint32_t most = ipsec_inner_max(&flow->sa->wire, flow->mtu, 0);
	struct frag_cut cut;

	return flow->sa->tfc <= most && frag_cut_plan(&cut, ip, len, most, true, 0);
}

/* As frag_way(), for a packet that is there. */
static enum frag_way
way_of(const struct worker *w, const uint8_t *ip, uint32_t len, uint32_t wire, const struct flow_entry *flow)
{
	struct frag_case c = case_of(w, ip, len, flow);
	enum frag_way way;

	/* what cannot be one packet once protected can only be cut before */
	c.before |= wire > WIRE_MAX;
	way = frag_way(&c);
	if (way == FRAG_BEFORE && flow->sa && !pieces_fit(ip, len, flow)) {
		c.before = false;
		way = frag_way(&c);
	}
	return way == FRAG_AFTER && wire > WIRE_MAX ? FRAG_REFUSE : way;
}

/* The line that the pieces will need, for a queue that comes before the cut. */
static uint32_t
line_bytes(const struct worker *w, uint32_t wire, const struct flow_entry *flow)
{
	uint32_t head = ip_is_v4(flow->sa->dst) ? IPV4_MIN_BYTES : IPV6_MIN_BYTES + FRAG6_BYTES;
	uint32_t per = (flow->mtu - head) & ~7u, pieces = (wire - head + per - 1) / per;
	uint64_t all = wire + (uint64_t)(pieces - 1) * (head + w->dp->ports[flow->port].port->overhead);

	return all < QUEUE_MAX ? (uint32_t)all : QUEUE_MAX;
}

/* The MTU that fits after encapsulation. */
static uint32_t
mtu_told(const uint8_t *ip, uint32_t len, const struct flow_entry *flow)
{
	uint32_t mtu = flow->mtu, least = ip_is_v6(ip) ? FRAG_V6_MIN_MTU : FRAG_V4_MIN_MTU;

	if (flow->sa) {
		uint32_t stay = ipsec_stay(flow->sa, ip, len);

		mtu = ipsec_inner_max(&flow->sa->wire, mtu, stay > len ? 0 : stay);
	}
	return mtu > least ? mtu : least;
}

enum drop
forward_too_big(
	struct worker *w, struct rte_mbuf *m, const uint8_t *ip, uint32_t len, const struct flow_entry *flow)
{
	struct pkt *pkt = pkt_of(m);

	if (flow->sa && !flow->sa->copy_dscp)
		pkt->dscp = ip_tos(flow->sa->outer) >> 2;
	switch (way_of(w, ip, len, pkt->wire_bytes, flow)) {
	case FRAG_BEFORE:
		worker_put(w, STAGE_pre_fragment, m);
		return DROP_NONE;
	case FRAG_AFTER:
		pkt->flags |= PKT_TO_CUT;
		if (w->after_queue)
			pkt->wire_bytes = line_bytes(w, pkt->wire_bytes, flow);
		worker_put(w, w->after_queue ? STAGE_qos : STAGE_sa_out, m);
		return DROP_NONE;
	case FRAG_REFUSE:
		break;
	}
	tell_too_big(w, ip, len, flow->port, mtu_told(ip, len, flow));
	return DROP_TOO_BIG;
}
