/* post_fragment: cuts packets after encryption.  The gateway is their source, so it may cut IPv6 too (RFC
 * 8200 §4.5).  The other end has to put them together before it can decrypt (RFC 4303 §3.4.1). */
#include "dataplane/forward.h"
#include "dataplane/fragment.h"

static bool
post_plan(struct worker *w, struct rte_mbuf *m, struct frag_cut *cut)
{
	const uint8_t *packet = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct pkt *pkt = pkt_of(m);
	/* AH authenticates the identification of IPv4, so what it has stays, and be it 0 */
	uint32_t id = ip_is_v6(packet) ? frag_ident_take(&w->fragments->ident, ip_head_src(packet),
						 ip_head_dst(packet))
				       : 0;

	return frag_cut_plan(cut, packet, rte_pktmbuf_data_len(m),
		forward_mtu(w->dp, pkt->out_port, pkt->sa), false, id);
}

static void
post_pass(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);

	if (pkt->flags & PKT_READY) {
		worker_put(w, STAGE_tx, m);
	} else {
		pkt->wire_bytes = rte_pktmbuf_data_len(m);
		worker_put(w, STAGE_qos, m);
	}
}

void
stage_post_fragment(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct cutter *c = &w->fragments->post;

	c->plan = post_plan;
	c->pass = post_pass;
	cutter_run(w, STAGE_post_fragment, c, pkts, n);
}
