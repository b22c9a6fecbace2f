/* policy_check: may this packet have come in by this SA, and where does it go (RFC 4301 §5.2).  The answer is
 * in the flow cache under the SA's index. */
#include "dataplane/forward_send.h"

static inline enum drop
check_one(struct worker *w, struct rte_mbuf *m)
{
	const struct sa *sa = pkt_of(m)->sa;
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	const struct flow_entry *flow = flow_cache_look(w->cache, ip, len, sa->policy + 1);

	if (unlikely(!flow))
		flow = forward_learn(w, sa, ip, len);
	/* from here on a packet in the clear, or one for the next tunnel */
	return forward_send(w, m, ip, len, flow);
}

void
stage_policy_check(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = check_one(w, pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
	}
}
