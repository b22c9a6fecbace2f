/* replay_check: the 64-bit number (RFC 4303 A2.2), the window before any cryptography (§3.4.3), and the lag.
 *
 * Lag is measured against the edge as it will be when the packets under way are committed, so that it does
 * not depend on how packets fall into bursts; the verdict itself is the window's, here and again at
 * replay_commit. */
#include "dataplane/far.h"
#include "dataplane/ipsec/esn.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

/* Distance behind the edge.  The header carries 32 bits: with ESN the nearer of the two meanings counts. */
static inline int64_t
lag_of(const struct sa *sa, uint64_t seq)
{
	return sa->esn ? (int32_t)((uint32_t)sa->ahead - (uint32_t)seq) : (int64_t)(sa->ahead - seq);
}

static inline int32_t
lag_clamp(int64_t lag)
{
	return lag > INT32_MAX ? INT32_MAX : lag < INT32_MIN ? INT32_MIN : (int32_t)lag;
}

static inline enum drop
replay_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *sa = pkt->sa;
	uint32_t header_seq = (uint32_t)pkt->seq;
	enum drop drop = DROP_NONE;

	(void)w;
	if (sa->esn)
		pkt->seq = sa->replay ? esn_infer(sa->replay->right_edge(sa->window), sa->window_size,
						header_seq)
				      : sa->ahead - (uint64_t)lag_of(sa, header_seq);
	pkt->lag = lag_clamp(lag_of(sa, pkt->seq));
	if (sa->replay)
		drop = sa->replay->check(sa->window, pkt->seq);
	if (unlikely(drop == DROP_REPLAY_DUP))
		sa->duplicates++;
	else
		lag_record(&sa->lag, pkt->lag);
	if (unlikely(drop)) {
		sa->replays++;
		return pkt->seq == 0 ? DROP_SEQ_ZERO : drop;
	}
	if (unlikely(sa->ah_len) &&
		(rte_pktmbuf_headroom(m) < pkt->ipsec_at * 4u || pkt_behind(m) < IPSEC_ESN_BYTES))
		return DROP_NO_ROOM;
	drop = ipsec_open(sa, rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m), pkt->ipsec_at * 4u,
		pkt->seq, &pkt->op);
	if (unlikely(drop))
		sa->errors++;
	else if (pkt->lag < 0)
		sa->ahead = pkt->seq;
	return drop;
}

void
stage_replay_check(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	if (unlikely(w->far))
		far_windows(pkts, n);
	worker_each(w, pkts, n, replay_one, STAGE_crypto_submit);
}
