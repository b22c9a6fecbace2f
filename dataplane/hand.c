/* Handing over: a worker's side.  Nothing that is handed over points into the worker it comes from: SAs are
 * named, and found again where the packet goes. */
#include "dataplane/hand.h"

#include <stdlib.h>

#include "dataplane/forward_send.h"
#include "dataplane/hand_priv.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/process.h"

#define TAKEN_MAX (WORKER_INBOX / 2) /* in one go */

static const enum stage way_stage[] = {[HAND_CLASSIFY] = STAGE_classify,
	[HAND_POLICY_CHECK] = STAGE_policy_check,
	[HAND_SA_IN] = STAGE_sa_in,
	[HAND_REASSEMBLE] = STAGE_reassemble,
	[HAND_QOS] = STAGE_qos};

enum status
hand_create(struct worker *w, struct hand_team *team, unsigned self)
{
	if (!team)
		return ST_OK;
	if (self >= team->n)
		return ST_ERR_RANGE;
	w->hand = calloc(1, sizeof(*w->hand));
	if (!w->hand)
		return ST_ERR_NOMEM;
	w->hand->team = team;
	w->hand->self = self;
	return ST_OK;
}

void
hand_destroy(struct hand *hand)
{
	free(hand);
}

void
hand_empty(struct hand *hand)
{
	void *m;

	while (hand && !rte_ring_dequeue(hand->team->ring[hand->self], &m))
		rte_pktmbuf_free(m);
}

uint64_t
hand_held(const struct hand *hand)
{
	uint64_t held = 0;

	for (unsigned i = 0; hand && i < hand->team->n; i++)
		held += hand->out[i].n;
	return held;
}

bool
hand_due(const struct hand *hand)
{
	return hand && !rte_ring_empty(hand->team->ring[hand->self]);
}

/* ---- putting ---- */

static void
out_flush(struct worker *w, unsigned to)
{
	struct hand_out *out = &w->hand->out[to];
	unsigned put = rte_ring_mp_enqueue_burst(w->hand->team->ring[to], out->pkts, out->n, NULL);

	w->stats.handed += put;
	for (; unlikely(put < out->n); put++)
		worker_drop(w, out->pkts[put], DROP_HANDOVER_FULL);
	out->n = 0;
}

void
hand_flush(struct worker *w)
{
	for (unsigned i = 0; i < w->hand->team->n; i++)
		if (w->hand->out[i].n)
			out_flush(w, i);
}

void
hand_put(struct worker *w, struct rte_mbuf *m, enum hand_way way, unsigned to)
{
	struct hand_out *out = &w->hand->out[to];
	struct pkt *pkt = pkt_of(m);

	pkt->hand.way = (uint8_t)way;
	if (w->engine && pkt->sa) {
		pkt->hand.index = pkt->sa->index;
		pkt->hand.spi = pkt->sa->spi;
		pkt->hand.dst = pkt->sa->dst;
		pkt->hand.proto = (uint8_t)pkt->sa->transform.proto;
	}
	if (out->n == HAND_BURST)
		out_flush(w, to);
	out->pkts[out->n++] = m;
}

void
hand_drop(struct worker *w, struct rte_mbuf *m, enum drop to)
{
	unsigned what = (unsigned)to - DROP_COUNT;

	hand_put(w, m, (enum hand_way)(what / HAND_WORKERS_MAX), what % HAND_WORKERS_MAX);
}

void
hand_own(struct worker *w, struct rte_mbuf *m, const struct sa *sa)
{
	hand_put(w, m, HAND_OWN, sa->owner);
}

bool
hand_process(struct worker *w, struct rte_mbuf *m, unsigned cause)
{
	struct hand *hand = w->hand;

	if (!hand)
		return false;
	pkt_of(m)->hand.home = (uint8_t)hand->self;
	if (hand->team->process == hand->self)
		return false;
	pkt_of(m)->hand.cause = (uint8_t)cause;
	hand_put(w, m, HAND_PROCESS, hand->team->process);
	return true;
}

bool
hand_learn(struct worker *w, struct rte_mbuf *m)
{
	if (!w->hand || pkt_of(m)->hand.home == w->hand->self)
		return false;
	hand_put(w, m, HAND_LEARN, pkt_of(m)->hand.home);
	return true;
}

/* Of what all fragments of a packet have in common. */
static uint64_t
fragment_mix(const uint8_t *ip)
{
	struct ip_addr src = ip_head_src(ip), dst = ip_head_dst(ip);
	uint32_t id = 0;

	if (ip_head_is_v4(ip))
		id = load_be16(ip + IPV4_ID);
	else if (ip[IPV6_NEXT] == IP_NEXT_FRAGMENT)
		id = load_be32(ip + IPV6_MIN_BYTES + 4);
	return flow_mix(flow_mix(src.hi ^ dst.lo, src.lo ^ dst.hi), id);
}

bool
hand_fragment(struct worker *w, struct rte_mbuf *m)
{
	uint64_t mix = fragment_mix(rte_pktmbuf_mtod(m, const uint8_t *));
	unsigned to = (unsigned)(mix % w->hand->team->owners);

	if (to == w->hand->self)
		return false;
	hand_put(w, m, HAND_REASSEMBLE, to);
	return true;
}

/* ---- taking ---- */

/* The SA by which a decrypted packet came in; policies are those of the worker that it has come to. */
static bool
inbound_find(const struct worker *w, struct pkt *pkt)
{
	pkt->sa = sad_find(w->dp->sad, pkt->hand.spi, pkt->hand.dst, pkt->hand.proto);
	return pkt->sa != NULL;
}

/* The SA that has protected a packet, as far as it is known here: for those who watch. */
static struct sa *
outbound_find(const struct worker *w, const struct pkt_hand *hand)
{
	struct sa *sa = hand->index < w->dp->cfg->n_sas ? w->dp->sas[hand->index] : NULL;

	return sa && sa->spi == hand->spi && sa->direction == CFG_OUT && ip_equal(sa->dst, hand->dst) ? sa
												      : NULL;
}

/* A packet of this gateway's own: it takes the way that such packets take. */
static void
own_take(struct worker *w, struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	struct flow_entry way = {.drop = DROP_NONE};
	enum drop drop;

	forward_resolve_own(w->dp, ip, len, &way);
	if (way.sa && way.sa->light) {
		hand_own(w, m, way.sa);
		return;
	}
	drop = ip_head_is_v4(ip) ? forward_send(w, m, ip, len, &way, true)
				 : forward_send(w, m, ip, len, &way, false);
	if (drop)
		worker_drop(w, m, drop);
}

static void
take_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *protected = w->engine && pkt->sa ? outbound_find(w, &pkt->hand) : NULL;
	enum hand_way way = (enum hand_way)pkt->hand.way;

	if (w->engine)
		pkt->sa = protected;
	switch (way) {
	case HAND_POLICY_CHECK:
		if (!inbound_find(w, pkt)) { /* its SA has gone, and so have its policies */
			worker_drop(w, m, DROP_POLICY_IN);
			return;
		}
		break;
	case HAND_OWN:
		own_take(w, m);
		return;
	case HAND_PROCESS:
		process_wait(w, m, (enum process_cause)pkt->hand.cause);
		return;
	case HAND_LEARN:
		process_learn(w->process, m, w->now);
		worker_put(w, STAGE_classify, m);
		return;
	default:
		break;
	}
	worker_put(w, way_stage[way], m);
}

bool
hand_run(struct worker *w)
{
	struct rte_ring *ring = w->hand->team->ring[w->hand->self];
	void *pkts[TAKEN_MAX];
	unsigned n = rte_ring_sc_dequeue_burst(ring, pkts, TAKEN_MAX, NULL);

	w->stats.taken += n;
	for (unsigned i = 0; i < n; i++) {
		if (i + 4 < n)
			rte_prefetch0(pkt_of(pkts[i + 4]));
		rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)pkts[i], void *));
		take_one(w, pkts[i]);
	}
	worker_walk(w);
	return n != 0;
}
