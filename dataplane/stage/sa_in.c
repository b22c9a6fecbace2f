/* sa_in: SPI, destination and protocol name the SA (RFC 4303 §3.4.2, RFC 4302 §3.4.2), behind UDP too (RFC
 * 3948). */
#include <rte_prefetch.h>

#include "base/ip.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/worker.h"

#define AT_MAX (UINT8_MAX * 4u)

/* ESP under AH comes by that AH and no other way, and what comes by such an AH is that ESP (RFC 4301 §5.2).
 */
static enum drop
bundle_check(const struct pkt *pkt, const struct sa *sa)
{
	const struct sa *by = pkt->flags & PKT_NESTED ? pkt->over : NULL;

	if (!sa->ah_len && sa->next && sa->next != by)
		return DROP_POLICY_IN;
	return by && by->next != sa ? DROP_POLICY_IN : DROP_NONE;
}

static inline enum drop
sa_find(struct worker *w, struct rte_mbuf *m)
{
	const uint8_t *packet = rte_pktmbuf_mtod(m, const uint8_t *);
	struct pkt *pkt = pkt_of(m);
	struct ipsec_peek peek;
	enum drop drop = ipsec_peek(packet, rte_pktmbuf_data_len(m), &peek);

	if (unlikely(drop))
		return drop == DROP_NOT_MINE && pkt->flags & PKT_NESTED ? DROP_POLICY_IN : drop;
	if (unlikely(peek.at > AT_MAX))
		return DROP_IP_HEADER;
	pkt->seq = peek.seq;
	pkt->ipsec_at = (uint8_t)(peek.at / 4);
	pkt->sa = sad_find(w->dp->sad, peek.spi,
		unlikely(ip_is_v6(packet)) ? ip_load6(packet + IPV6_DST) : ip_load4(packet + IPV4_DST),
		peek.proto);
	if (unlikely(!pkt->sa))
		return DROP_NO_SA;
	return unlikely(pkt->sa->next || pkt->flags & PKT_NESTED) ? bundle_check(pkt, pkt->sa) : DROP_NONE;
}

void
stage_sa_in(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = sa_find(w, pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
		else
			worker_put(w, STAGE_replay_check, pkts[i]);
	}
}
