/* policy_check: may this packet have come in by this SA, and where does it go (RFC 4301 §5.2).  The answer is
 * in the flow cache under the SA's index. */
#include "dataplane/forward.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

static inline const struct flow_entry *
flow_find(struct worker *w, const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	struct flow_key key = flow_key_read(ip, len, sa->policy + 1);
	const struct flow_entry *found = flow_cache_find(w->cache, key);
	struct flow_entry entry = {.key = key};

	if (likely(found))
		return found;
	forward_resolve_in(w->dp, sa->policy, ip, len, &entry);
	return flow_cache_add(w->cache, &entry);
}

static inline enum drop
check_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	const struct flow_entry *flow = flow_find(w, pkt->sa, ip, len);

	if (unlikely(flow->drop))
		return (enum drop)flow->drop;
	if (unlikely(!forward_ttl(ip)))
		return DROP_TTL;
	pkt->out_port = flow->port;
	pkt->sa = flow->sa; /* from here on a packet in the clear, or one for the next tunnel */
	pkt->wire_bytes = flow->sa ? ipsec_wire_length(flow->sa, ip, len) : len;
	pkt->dscp = flow->sa && !flow->sa->copy_dscp ? flow->sa->outer[IPV4_TOS] >> 2 : ip[IPV4_TOS] >> 2;
	if (unlikely(pkt->wire_bytes > flow->mtu))
		return DROP_TOO_BIG;
	worker_put(w, flow->sa && !w->after_queue ? STAGE_sa_out : STAGE_qos, m);
	return DROP_NONE;
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
