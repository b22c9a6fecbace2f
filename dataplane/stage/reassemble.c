/* reassemble: fragments of protected packets wait until all are there, and go to classify as one (RFC 4303
 * §3.4.1, RFC 4301 §5.2).  The packet is made in the buffer of its first fragment; the others are consumed.
 */
#include "dataplane/fragment.h"

/* The whole packet came when the last of it did. */
static void
whole_pass(struct worker *w, const struct reasm_whole *whole, uint64_t time_ns)
{
	struct rte_mbuf *m = whole->first;
	struct pkt *pkt = pkt_of(m);
	struct fragments *f = w->fragments;

	pkt->time_ns = time_ns;
	f->outside = pkt->outside;
	reasm_join(f->reasm, whole, rte_pktmbuf_mtod(m, uint8_t *));
	pkt->outside = f->outside;
	pkt_keep(m, whole->skip, whole->bytes);
	if (f->joined)
		f->joined(f->joined_ctx, m);
	pkt->flags &= (uint8_t)~PKT_FRAGMENT;
	worker_put(w, STAGE_classify, m);
}

static void
put_one(struct worker *w, struct rte_mbuf *m)
{
	struct reasm *r = w->fragments->reasm;
	uint64_t time_ns = pkt_of(m)->time_ns; /* it may be gone afterwards */
	struct reasm_whole whole;

	if (!reasm_put(r, m, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), w->now, &whole))
		return;
	if (unlikely(!pkt_can_hold(whole.first, whole.skip, whole.bytes)))
		reasm_refuse(r, &whole, DROP_NO_ROOM);
	else
		whole_pass(w, &whole, time_ns);
}

void
stage_reassemble(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!w->hand || !hand_fragment(w, pkts[i]))
			put_one(w, pkts[i]);
}
