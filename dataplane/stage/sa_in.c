/* sa_in: SPI, destination and protocol name the SA (RFC 4303 §3.4.2, RFC 4302 §3.4.2), behind UDP too (RFC
 * 3948). */
#include <rte_prefetch.h>

#include "base/ip.h"
#include "dataplane/far.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/worker.h"

#define AT_MAX (UINT8_MAX * 4u)

/* ESP under AH comes by that AH and no other way, and what comes by such an AH is that ESP (RFC 4301 §5.2).
 * An SA of another worker goes there. */
static enum drop
bundle_check(const struct pkt *pkt, struct sa *sa)
{
	const struct sa *by = pkt->flags & PKT_NESTED ? pkt->over : NULL;

	if (sa->light) { /* an ESP has the owner of the AH over it, so that nothing nested comes here */
		sa->packets++;
		return by ? DROP_POLICY_IN : hand_to(HAND_SA_IN, sa->owner);
	}
	if (!sa->ah_len && sa->next && sa->next != by)
		return DROP_POLICY_IN;
	return by && by->next != sa ? DROP_POLICY_IN : DROP_NONE;
}

/* By such an AH comes that ESP and nothing else, not even what UDP 4500 has besides. */
static enum drop
nested_drop(enum drop drop)
{
	return drop == DROP_NOT_MINE || drop == DROP_NATT_KEEPALIVE || drop == DROP_NATT_IKE ? DROP_POLICY_IN
											     : drop;
}

/* SAs without a session do not stand in the SAD, so that nobody else has to ask whether there is one. */
static enum drop
sa_missing(const struct worker *w, struct pkt *pkt, const struct ipsec_peek *peek, struct ip_addr dst)
{
	for (unsigned i = 0; w->dp->n_refused && i < w->dp->cfg->n_sas; i++) {
		struct sa *sa = w->dp->sas[i];

		if (sa->session || sa->light || sa->direction != CFG_IN || sa->spi != peek->spi ||
			sa->transform.proto != peek->proto || !ip_equal(sa->dst, dst))
			continue;
		pkt->sa = sa;
		pkt->lag = 0;
		return DROP_NO_SESSION;
	}
	return DROP_NO_SA;
}

static inline enum drop
sa_find(struct worker *w, struct rte_mbuf *m)
{
	const uint8_t *packet = rte_pktmbuf_mtod(m, const uint8_t *);
	struct pkt *pkt = pkt_of(m);
	struct ipsec_peek peek;
	struct ip_addr dst;
	enum drop drop = ipsec_peek(packet, rte_pktmbuf_data_len(m), &peek);

	if (unlikely(drop))
		return pkt->flags & PKT_NESTED ? nested_drop(drop) : drop;
	if (unlikely(peek.at > AT_MAX))
		return DROP_IP_HEADER;
	pkt->seq = peek.seq;
	pkt->ipsec_at = (uint8_t)(peek.at / 4);
	dst = unlikely(ip_is_v6(packet)) ? ip_load6(packet + IPV6_DST) : ip_load4(packet + IPV4_DST);
	pkt->sa = sad_find(w->dp->sad, peek.spi, dst, peek.proto);
	if (unlikely(!pkt->sa))
		return sa_missing(w, pkt, &peek, dst);
	return unlikely(pkt->sa->next || pkt->flags & PKT_NESTED) ? bundle_check(pkt, pkt->sa) : DROP_NONE;
}

void
stage_sa_in(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	if (unlikely(w->far))
		far_spis(w, pkts, n);
	worker_each(w, pkts, n, sa_find, STAGE_replay_check);
}
