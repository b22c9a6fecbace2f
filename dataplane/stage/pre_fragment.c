/* pre_fragment: cuts packets before encryption, into pieces of one size that fit once protected (IOS
 * "look-ahead"); and packets that go on in the clear, into pieces as large as the port takes (RFC 791 §3.2).
 *
 * Who comes here may be cut: forward_too_big() has asked. */
#include "dataplane/forward.h"
#include "dataplane/fragment.h"
#include "dataplane/ipsec/ipsec.h"

/* A router leaves alone by which SA a packet is protected. */
static const struct sa *
sa_of(const struct worker *w, const struct rte_mbuf *m)
{
	return w->engine ? ((const struct pkt *)(m + 1))->sa : NULL;
}

static bool
pre_plan(struct worker *w, struct rte_mbuf *m, struct frag_cut *cut)
{
	const struct sa *sa = sa_of(w, m);
	uint32_t mtu = forward_mtu(w->dp, pkt_of(m)->out_port, sa);
	uint32_t most = sa ? ipsec_inner_max(&sa->wire, mtu, 0) : mtu, id = 0;
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	/* IPv4 only; with DF it need not have one (RFC 6864 §4.1) */
	if (!load_be16(ip + IPV4_ID))
		id = frag_ident_take(&w->fragments->ident, ip_head_src(ip), ip_head_dst(ip));
	return frag_cut_plan(cut, ip, rte_pktmbuf_data_len(m), most, sa != NULL, id);
}

/* The last piece ends where the packet did, and there may be no room for what protection puts behind it,
 * least of all with TFC: to the front with it. */
static void
room_make(struct rte_mbuf *m, uint32_t wire)
{
	uint32_t len = rte_pktmbuf_data_len(m);

	if (unlikely(pkt_behind(m) + len < wire + IPSEC_ESN_BYTES && m->data_off > PKT_HEADROOM))
		pkt_keep_front(m, 0, len);
}

static void
pre_pass(struct worker *w, struct rte_mbuf *m)
{
	const struct sa *sa = sa_of(w, m);
	uint32_t len = rte_pktmbuf_data_len(m), wire = len;

	if (sa) {
		wire = ipsec_wire_length(sa, rte_pktmbuf_mtod(m, const uint8_t *), len);
		room_make(m, wire);
	}
	pkt_of(m)->wire_bytes = wire;
	worker_put(w, sa && !w->after_queue ? STAGE_sa_out : STAGE_qos, m);
}

void
stage_pre_fragment(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct cutter *c = &w->fragments->pre;

	c->plan = pre_plan;
	c->pass = pre_pass;
	cutter_run(w, STAGE_pre_fragment, c, pkts, n);
}
