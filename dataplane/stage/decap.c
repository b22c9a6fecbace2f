/* decap: padding, next header, inner header, ECN; the mbuf becomes the inner packet. */
#include "dataplane/ipsec/esp.h"
#include "dataplane/worker.h"

static inline enum drop
decap_one(struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *sa = pkt->sa;
	uint32_t len = rte_pktmbuf_data_len(m);
	struct esp_inner inner;
	enum drop drop = esp_decap(sa, rte_pktmbuf_mtod(m, uint8_t *), len, &inner);

	if (unlikely(drop)) {
		sa->errors += drop != DROP_DUMMY;
		return drop;
	}
	sa->bytes += inner.len;
	pkt_keep(m, inner.offset, inner.len);
	pkt->flags &= (uint8_t)~PKT_ENCRYPTED;
	return DROP_NONE;
}

void
stage_decap(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = decap_one(pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
		else
			worker_put(w, STAGE_policy_check, pkts[i]);
	}
}
