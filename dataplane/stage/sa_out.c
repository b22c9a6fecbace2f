/* sa_out: the sequence number and ESP round the packet (RFC 4303 §3.3).  After this point the order of
 * packets is the order of numbers; whatever reorders them later can push them out of the peer's window. */
#include "dataplane/ipsec/esp.h"
#include "dataplane/worker.h"

static inline enum drop
protect_one(struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *sa = pkt->sa;
	uint32_t inner = rte_pktmbuf_data_len(m);
	uint32_t behind = esp_tunnel_length(sa, inner) - sa->head_len - inner;

	/* RFC 4303 §3.3.3: the counter must not cycle; the SA is at its end */
	if (unlikely(sa->seq == sa->seq_max))
		return DROP_SEQ_EXHAUSTED;
	if (unlikely(rte_pktmbuf_headroom(m) < sa->head_len || rte_pktmbuf_tailroom(m) < behind))
		return DROP_NO_ROOM;
	pkt->seq = ++sa->seq;
	sa->packets++;
	sa->bytes += inner;
	esp_encap(sa, pkt_push(m, sa->head_len, behind), inner, pkt->seq, &pkt->op);
	pkt->flags |= PKT_ENCRYPTED;
	return DROP_NONE;
}

void
stage_sa_out(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = protect_one(pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
		else
			worker_put(w, STAGE_crypto_submit, pkts[i]);
	}
}
