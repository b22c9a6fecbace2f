/* crypto_poll: finished packets go on by direction; a bad ICV ends here (RFC 4303 §3.4.4). */
#include "dataplane/in_order.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/worker.h"

#define POLL_BURST (WORKER_INBOX / 4)

/* Under ESN a packet from below the window is taken for one of the next 2^32, and fails its ICV (A2.2). */
static enum drop
failure_name(const struct sa *sa, const struct pkt *pkt)
{
	if (pkt->op.result == CRYPTO_LOST)
		return DROP_ENGINE_LOST;
	if (pkt->op.result != CRYPTO_BAD_ICV)
		return DROP_ENGINE;
	return sa->esn && sa->replay && pkt->lag >= (int64_t)sa->window_size ? DROP_ICV_ESN : DROP_ICV;
}

/* A bad ICV, or an engine that could not. */
static void
end_one(struct worker *w, struct sa *sa, struct rte_mbuf *m)
{
	sa->errors++;
	/* a forged number must not colour the lag of those that follow */
	if (sa->direction == CFG_IN && sa->replay)
		sa->ahead = sa->replay->right_edge(sa->window);
	if (sa->order)
		in_order_skip(w, sa->order, pkt_of(m)->ticket);
	worker_drop(w, m, failure_name(sa, pkt_of(m)));
}

/* AH puts its header back whatever the result; UDP over IPv6 gets its checksum; in_order waits. */
static void
finish_more(struct worker *w, struct sa *sa, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	uint8_t *packet = rte_pktmbuf_mtod(m, uint8_t *);

	if (sa->direction == CFG_IN)
		ipsec_close(sa, packet, &pkt->op);
	else if (sa->ah_len || sa->natt)
		ipsec_finish(sa, packet, rte_pktmbuf_data_len(m), &pkt->op);
	if (pkt->op.result != CRYPTO_OK)
		end_one(w, sa, m);
	else if (sa->order)
		worker_put(w, STAGE_in_order, m);
	else
		crypto_pass(w, m);
}

static inline void
finish_one(struct worker *w, struct pkt *pkt)
{
	struct sa *sa = pkt->sa;
	struct rte_mbuf *m = pkt_mbuf(pkt);

	if (unlikely(sa->finishes))
		finish_more(w, sa, m);
	else if (unlikely(pkt->op.result != CRYPTO_OK))
		end_one(w, sa, m);
	else
		crypto_pass_plain(w, m, sa);
}

static void
tap_done(struct worker *w, struct crypto_op **done, unsigned n)
{
	struct rte_mbuf *pkts[POLL_BURST];

	for (unsigned i = 0; i < n; i++)
		pkts[i] = pkt_mbuf(pkt_of_op(done[i]));
	tap_see(w, STAGE_crypto_poll, TAP_NO_PORT, pkts, n);
}

void
stage_crypto_poll(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct crypto_op *done[POLL_BURST];
	unsigned got, room = POLL_BURST;

	(void)pkts;
	(void)n;
	got = w->engine->ops->poll(w->engine, done, room, w->now);
	w->in_engine -= got;
	w->stage[STAGE_crypto_poll].packets += got;
	if (unlikely(w->taps))
		tap_done(w, done, got);
	for (unsigned i = 0; i < got; i++)
		finish_one(w, pkt_of_op(done[i]));
	if (got == room) /* there may be more than the inboxes behind can hold */
		w->again |= 1u << STAGE_crypto_poll;
}
