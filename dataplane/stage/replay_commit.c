/* replay_commit: the ICV was good, so the number is marked and the window may move (RFC 4303 §3.4.3).  The
 * window checks again: another copy may have been committed since replay_check. */
#include "dataplane/ipsec/sa.h"
#include "dataplane/worker.h"

/* Of two copies in flight the second is no packet that a wider window would have saved. */
static void
lag_forget(struct sa *sa, const struct pkt *pkt)
{
	uint32_t d = pkt->lag > 0 ? (uint32_t)pkt->lag : 0;

	sa->lag.packets--;
	if (!d)
		return;
	sa->lag.late--;
	sa->lag.lag_sum -= d;
	sa->lag.count[d < LAG_MAX ? d : LAG_MAX]--;
}

/* Overtaken in the engine: what a window must be wide enough for is how late it comes here. */
static void
lag_correct(struct sa *sa, struct pkt *pkt)
{
	int64_t lag = (int64_t)(sa->replay->right_edge(sa->window) - pkt->seq);

	if (lag <= 0 || lag <= pkt->lag)
		return;
	lag_forget(sa, pkt);
	pkt->lag = lag > INT32_MAX ? INT32_MAX : (int32_t)lag;
	lag_record(&sa->lag, pkt->lag);
}

static inline enum drop
commit_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *sa = pkt->sa;
	enum drop drop;

	if (unlikely(w->reorders) && sa->replay)
		lag_correct(sa, pkt);
	drop = sa->replay ? sa->replay->commit(sa->window, pkt->seq) : DROP_NONE;
	if (likely(!drop)) {
		sa->packets++;
		if (unlikely((int64_t)(pkt->seq - sa->ahead) > 0)) /* crypto_poll set it back for a bad ICV */
			sa->ahead = pkt->seq;
		return DROP_NONE;
	}
	sa->replays++;
	if (drop == DROP_REPLAY_DUP) {
		sa->duplicates++;
		lag_forget(sa, pkt);
	}
	return drop;
}

void
stage_replay_commit(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	worker_each(w, pkts, n, commit_one, STAGE_decap);
}
