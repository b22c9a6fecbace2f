/* decap: padding, next header, inner header, ECN; the mbuf becomes the inner packet.  What AH over ESP leaves
 * is protected still, and goes to sa_in once more. */
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

static inline enum drop
decap_one(struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *sa = pkt->sa;
	uint32_t len = rte_pktmbuf_data_len(m);
	struct ipsec_inner inner;
	bool tfc;
	enum drop drop = ipsec_decap(
		sa, rte_pktmbuf_mtod(m, uint8_t *), len, pkt->ipsec_at * 4u, &inner, &tfc);

	if (unlikely(drop)) {
		sa->errors += drop != DROP_DUMMY;
		sa->dummies += drop == DROP_DUMMY;
		return drop;
	}
	if (unlikely(tfc))
		sa->tfc_packets++;
	sa->bytes += inner.len;
	pkt_keep(m, inner.offset, inner.len);
	pkt->flags &= (uint8_t)~PKT_ENCRYPTED;
	return DROP_NONE;
}

/* The ESP inside an AH. */
static void
nested_pass(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);

	pkt->over = pkt->sa;
	pkt->flags |= PKT_NESTED;
	worker_put(w, STAGE_sa_in, m);
}

void
stage_decap(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct sa *sa = pkt_of(pkts[i])->sa;
		enum drop drop = decap_one(pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
		else if (unlikely(sa->ah_len && sa->next))
			nested_pass(w, pkts[i]);
		else
			pkts[kept++] = pkts[i];
	}
	worker_put_all(w, STAGE_policy_check, pkts, kept);
}
