/* crypto_submit: a burst of operations to the engine; what does not fit its queue is dropped by name. */
#include "dataplane/far.h"
#include "dataplane/in_order.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

/* An AH puts its header back: the event is to show the packet that came. */
static void
full_drop(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);

	ipsec_close(pkt->sa, rte_pktmbuf_mtod(m, uint8_t *), &pkt->op);
	worker_drop(w, m, DROP_ENGINE_FULL);
}

/* For SAs with in_order: a place for the way back.  Returns how many have one, or need none. */
static unsigned
places_take(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *pkt = pkt_of(pkts[i]);

		if (pkt->sa->order && !in_order_enter(pkt->sa->order, &pkt->ticket))
			full_drop(w, pkts[i]);
		else
			pkts[kept++] = pkts[i];
	}
	return kept;
}

static void
refuse(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);

	if (pkt->sa->order)
		in_order_skip(w, pkt->sa->order, pkt->ticket);
	full_drop(w, m);
}

/* A few at a time, and the sessions of the next few are fetched meanwhile. */
static unsigned
far_submit(struct worker *w, struct crypto_op **ops, unsigned n)
{
	unsigned at = 0, taken, some, ahead = n < FAR_SESSIONS ? n : FAR_SESSIONS;

	far_sessions(w, ops, ahead);
	do {
		some = ahead - at;
		ahead = n - ahead < FAR_SESSIONS ? n : ahead + FAR_SESSIONS;
		far_sessions(w, ops + at + some, ahead - at - some);
		taken = w->engine->ops->submit(w->engine, ops + at, some, w->now);
		at += taken;
	} while (taken == some && at < n);
	return at;
}

void
stage_crypto_submit(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct crypto_op *ops[WORKER_INBOX];
	unsigned at;

	if (unlikely(w->n_orders))
		n = places_take(w, pkts, n);
	for (unsigned i = 0; i < n; i++)
		ops[i] = &pkt_of(pkts[i])->op;
	at = unlikely(w->far && w->engine->ops->prefetch) ? far_submit(w, ops, n)
							  : w->engine->ops->submit(w->engine, ops, n, w->now);
	w->in_engine += at;
	while (unlikely(at < n)) {
		unsigned taken = 0;

		refuse(w, pkts[at++]);
		if (at < n && w->engine->ops->refuses) /* those behind may be done in software, and fit */
			taken = w->engine->ops->submit(w->engine, ops + at, n - at, w->now);
		w->in_engine += taken;
		at += taken;
	}
	w->pending |= 1u << STAGE_crypto_poll;
}
