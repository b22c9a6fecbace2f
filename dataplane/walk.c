/* The walker: visits stages in table order while any inbox holds packets, and a worker's way of ending
 * packets. */
#include "base/bytes.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/worker.h"

#define EVENTS_AHEAD 4u

static void (*const stage_runs[STAGE_COUNT])(struct worker *, struct rte_mbuf **, unsigned) = {
#define STAGE(name, text) [STAGE_##name] = stage_##name,
#include "dataplane/stage.def"
#undef STAGE
};

static void
stage_call(struct worker *w, enum stage stage)
{
	struct inbox *inbox = &w->inbox[stage];
	struct stage_stats *stats = &w->stage[stage];
	unsigned n = inbox->n;

	inbox->n = 0; /* a stage never puts into its own inbox */
	w->pending &= ~(1u << stage);
	stats->calls++;
	stats->packets += n;
	if (unlikely(w->taps))
		tap_see(w, stage, TAP_NO_PORT, inbox->pkts, n);
	stage_runs[stage](w, inbox->pkts, n);
}

static void
walk_timed(struct worker *w)
{
	uint64_t last = w->cycles(), now;

	for (; w->pending; last = now) {
		enum stage stage = (enum stage)__builtin_ctz(w->pending);
		struct stage_stats *stats = &w->stage[stage];
		uint64_t before = stats->packets; /* rx and crypto_poll count what they find themselves */

		stage_call(w, stage);
		now = w->cycles();
		stats->timed_packets += stats->packets - before;
		stats->timed_cycles += now - last;
	}
}

void
worker_walk(struct worker *w)
{
	do {
		if (w->timed)
			walk_timed(w);
		while (w->pending)
			stage_call(w, (enum stage)__builtin_ctz(w->pending));
		w->pending = w->again;
		w->again = 0;
	} while (w->pending);
}

/* What the packet itself says; the outermost header may be unreadable. */
static inline void
event_read_header(struct drop_event *event, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);

	event->bytes = rte_pktmbuf_pkt_len(m);
	if (unlikely(len < IPV4_MIN_BYTES || ip[0] != 0x45 || load_be16(ip + IPV4_LENGTH) != len)) {
		drop_event_read(event, ip, len);
		return;
	}
	event->src = ip_load4(ip + IPV4_SRC);
	event->dst = ip_load4(ip + IPV4_DST);
	event->ip_id = load_be16(ip + IPV4_ID);
	event->proto = ip[IPV4_PROTO];
	event->dscp = ip[IPV4_TOS] >> 2;
}

static void
event_fill(struct worker *w, struct drop_event *event, struct rte_mbuf *m, enum drop reason)
{
	const struct pkt *pkt = pkt_of(m);
	const struct sa *sa = pkt->sa;

	*event = (struct drop_event){.time_ns = w->now,
		.reason = (uint8_t)reason,
		.flow = pkt->flow,
		.num = pkt->num,
		.is_clone = (pkt->flags & PKT_CLONE) != 0,
		.is_piece = (pkt->flags & PKT_CUT) != 0};
	event_read_header(event, m);
	if (reason == DROP_NO_SA) { /* sa_in has seen that the ESP header is there */
		struct ipsec_peek peek = {0};

		ipsec_peek(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &peek);
		event->spi = peek.spi;
		event->seq = peek.seq;
	}
	if (!sa)
		return;
	event->sa = sa;
	event->spi = sa->spi;
	event->seq = pkt->seq;
	if (sa->direction == CFG_IN) {
		event->right_edge = sa->replay ? sa->replay->right_edge(sa->window) : sa->ahead;
		event->window = sa->replay ? sa->window_size : 0;
		event->lag = pkt->lag;
	}
}

/* NULL: the ring is full. */
static struct drop_event *
event_place(struct worker *w)
{
	if (w->event_head - __atomic_load_n(&w->event_tail, __ATOMIC_ACQUIRE) == WORKER_EVENTS) {
		w->stats.events_lost++;
		return NULL;
	}
	/* the places of the next ones but some: their lines are on the way while those before are written */
	__builtin_prefetch(&w->event[(w->event_head + EVENTS_AHEAD) % WORKER_EVENTS], 1);
	__builtin_prefetch((char *)&w->event[(w->event_head + EVENTS_AHEAD) % WORKER_EVENTS] + 64, 1);
	return &w->event[w->event_head % WORKER_EVENTS];
}

/* The ring has one writer, the worker, and one reader, which may be another thread: the head moves when the
 * event is there. */
static void
event_record(struct worker *w, struct rte_mbuf *m, enum drop reason)
{
	struct drop_event *event = event_place(w);

	if (!event)
		return;
	event_fill(w, event, m, reason);
	__atomic_store_n(&w->event_head, w->event_head + 1, __ATOMIC_RELEASE);
}

void
worker_tell(struct worker *w, const struct sa *sa, enum life life)
{
	struct drop_event *event = event_place(w);

	w->dp->life[life]++;
	if (!event)
		return;
	*event = (struct drop_event){.time_ns = w->now,
		.life = (uint8_t)life,
		.sa = sa,
		.spi = sa->spi,
		.seq = sa->direction == CFG_OUT ? sa->seq : sa->ahead,
		.src = sa->src,
		.dst = sa->dst,
		.proto = (uint8_t)sa->transform.proto,
		.flow = PKT_NO_FLOW};
	__atomic_store_n(&w->event_head, w->event_head + 1, __ATOMIC_RELEASE);
}

void
worker_drop(struct worker *w, struct rte_mbuf *m, enum drop reason)
{
	if (unlikely(reason >= DROP_COUNT)) {
		hand_drop(w, m, reason);
		return;
	}
	w->stats.drops[reason]++;
	event_record(w, m, reason);
	w->dead[w->n_dead++] = m;
	if (w->n_dead == WORKER_BURST)
		worker_bury(w);
}

/* The usual mbuf of one segment is as its pool wants it: its second line need not be looked at. */
static inline bool
is_plain_mbuf(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m);
}

void
worker_bury(struct worker *w)
{
	struct rte_mempool *pool = w->n_dead ? w->dead[0]->pool : NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_dead; i++) {
		struct rte_mbuf *m = w->dead[i];

		if (likely(m->pool == pool && is_plain_mbuf(m)))
			w->dead[n++] = m;
		else
			rte_pktmbuf_free(m);
	}
	if (n)
		rte_mempool_put_bulk(pool, (void **)w->dead, n);
	w->n_dead = 0;
}
