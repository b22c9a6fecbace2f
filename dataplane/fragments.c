/* The state of a gateway's fragments: creation, what is due, and the end of fragments that became no packet.
 */
#include <stdlib.h>

#include "dataplane/fragment.h"
#include "dataplane/pmtu.h"
#include "dataplane/tell.h"

#define ICMP_COST_MAX UINT64_C(9000000000000)

/* Where an ended fragment finds no place, its event may be lost, but it is counted all the same. */
static void
fragment_end(void *ctx, void *pkt, enum drop reason)
{
	struct worker *w = ctx;
	struct ended *ended = w->fragments->ended;

	if (!reason) {
		w->stats.consumed++;
		w->fragments->outside |= pkt_of(pkt)->outside;
		rte_pktmbuf_free(pkt);
	} else if (ended->tail - ended->head == ended->size) {
		worker_drop(w, pkt, reason);
	} else {
		unsigned at = ended->tail++ & (ended->size - 1);

		ended->list[at].m = pkt;
		ended->list[at].reason = (uint8_t)reason;
	}
}

static enum status
reassembly_create(struct worker *w, const struct cfg_gateway *cfg)
{
	struct reasm_limits limits = {.packets = cfg->reassembly_max,
		.per_source = cfg->reassembly_source,
		.bytes = cfg->reassembly_bytes,
		.timeout = cfg->reassembly_timeout};
	struct fragments *f = w->fragments;
	unsigned size = 2 * WORKER_INBOX;

	if (!limits.packets || !cfg->n_sas)
		return ST_OK;
	while (size < limits.bytes / REASM_CHARGE_MIN + WORKER_INBOX)
		size *= 2;
	f->ended = calloc(1, sizeof(*f->ended) + size * sizeof(f->ended->list[0]));
	if (!f->ended)
		return ST_ERR_NOMEM;
	f->ended->size = size;
	return reasm_create(&limits, fragment_end, w, &f->reasm);
}

enum status
fragments_create(struct worker *w)
{
	const struct cfg_gateway *cfg = w->dp->cfg;
	struct fragments *f = calloc(1, sizeof(*f));

	w->fragments = f;
	if (!f)
		return ST_ERR_NOMEM;
	f->pmtu_due = TIME_NEVER;
	frag_ident_init(&f->ident, cfg->seed, cfg->name);
	if (cfg->icmp_rate > 0) {
		double cost = (double)NS_PER_SEC / cfg->icmp_rate;

		f->icmp_cost = cost < (double)ICMP_COST_MAX ? (uint64_t)cost : ICMP_COST_MAX;
	}
	return reassembly_create(w, cfg);
}

void
fragments_destroy(struct worker *w)
{
	if (!w->fragments)
		return;
	reasm_destroy(w->fragments->reasm);
	free(w->fragments->ended);
	free(w->fragments);
}

void
fragments_flush(struct worker *w)
{
	struct fragments *f = w->fragments;
	struct rte_mbuf *m;

	while (f->reasm && (m = reasm_take(f->reasm)))
		rte_pktmbuf_free(m);
	for (; f->ended && f->ended->head != f->ended->tail; f->ended->head++)
		rte_pktmbuf_free(f->ended->list[f->ended->head & (f->ended->size - 1)].m);
}

bool
fragments_run(struct worker *w, unsigned start)
{
	struct fragments *f = w->fragments;
	struct ended *ended = f->ended;
	bool moved = false;

	if (f->pmtu_due <= w->now)
		pmtu_age(w);
	if (!f->reasm)
		return false;
	reasm_run(f->reasm, w->now);
	while (ended->head != ended->tail && !worker_events_many(w, start)) {
		unsigned at = ended->head++ & (ended->size - 1);

		if (ended->list[at].reason == DROP_FRAG_TIMEOUT)
			tell_late(w, ended->list[at].m);
		worker_drop(w, ended->list[at].m, (enum drop)ended->list[at].reason);
		moved = true;
	}
	if (w->pending) /* what was told */
		worker_walk(w);
	return moved;
}

uint64_t
fragments_next_due(const struct worker *w)
{
	const struct fragments *f = w->fragments;

	if (!f->reasm)
		return TIME_NEVER;
	return f->ended->head != f->ended->tail ? w->now : reasm_next_due(f->reasm);
}

uint64_t
fragments_held(const struct worker *w)
{
	const struct fragments *f = w->fragments;
	uint64_t held = (f->pre.tail - f->pre.head) + (f->post.tail - f->post.head);

	return f->reasm ? held + reasm_held(f->reasm) + (f->ended->tail - f->ended->head) : held;
}
