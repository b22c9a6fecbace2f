/* qos: the egress queues.  Departure times are exact: before packets of this instant are queued, the port
 * starts everything that leaves until now (contract of dataplane/qos/qos.h). */
#include <rte_prefetch.h>

#include "dataplane/ipsec/sa.h"
#include "dataplane/worker.h"

/* A packet whose transmission starts.  With the number taken after the queue, ESP comes now. */
static inline void
start_one(struct worker *w, struct rte_mbuf *m, uint64_t start_ns)
{
	struct pkt *pkt = pkt_of(m);

	pkt->time_ns = start_ns;
	if (w->after_queue && pkt->sa && pkt->sa->direction == CFG_OUT) {
		pkt->flags |= PKT_READY;
		worker_put(w, STAGE_sa_out, m);
	} else {
		worker_put(w, STAGE_tx, m);
	}
}

/* The same for several. */
static inline void
start_all(struct worker *w, const struct qos_out *out, unsigned n)
{
	struct rte_mbuf *pkts[WORKER_BURST];

	for (unsigned i = 0; i < n && w->after_queue; i++)
		start_one(w, out[i].pkt, out[i].start_ns);
	if (w->after_queue)
		return;
	for (unsigned i = 0; i < n; i++) {
		pkts[i] = out[i].pkt;
		pkt_of(pkts[i])->time_ns = out[i].start_ns;
	}
	worker_put_all(w, STAGE_tx, pkts, n);
}

/* Inboxes are bounded. */
static inline bool
has_room(const struct worker *w)
{
	return w->inbox[STAGE_tx].n + w->inbox[STAGE_sa_out].n <= WORKER_INBOX / 2;
}

void
qos_drain(struct worker *w, unsigned port)
{
	struct qos *qos = w->dp->ports[port].qos;
	struct qos_out out[WORKER_BURST];
	unsigned n;

	do {
		/* all of it comes to tx at once: the rest at the next call */
		if (!has_room(w))
			return;
		n = qos_get(qos, w->now, out, WORKER_BURST);
		for (unsigned i = 0; i < n; i++) {
			rte_prefetch0(pkt_of(out[i].pkt)); /* it may have waited long */
			rte_prefetch0(out[i].pkt);
		}
		start_all(w, out, n);
	} while (n == WORKER_BURST);
}

void
qos_move(struct worker *w, unsigned port, struct qos *to)
{
	struct dp_port *p = &w->dp->ports[port];
	struct qos_out from, first;

	qos_carry(to, p->qos);
	while (qos_get(p->qos, TIME_NEVER - 1, &from, 1)) {
		const struct pkt *pkt = pkt_of(from.pkt);

		while (!qos_restore(to, from.pkt, pkt->wire_bytes, pkt->dscp, w->now) &&
			qos_get(to, TIME_NEVER - 1, &first, 1)) {
			if (!has_room(w))
				worker_walk(w);
			start_one(w, first.pkt, w->now);
		}
	}
	p->qos = to;
	p->endless = qos_is_endless(to);
	worker_walk(w);
}

void
stage_qos(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	uint32_t touched = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *pkt = pkt_of(pkts[i]);
		const struct dp_port *port = &w->dp->ports[pkt->out_port];
		enum drop drop;

		if (port->endless && has_room(w) && qos_pass(port->qos, pkt->wire_bytes)) {
			start_one(w, pkts[i], w->now);
			continue;
		}
		if (unlikely(port->foreign)) {
			hand_put(w, pkts[i], HAND_QOS, port->sender);
			continue;
		}
		drop = qos_put(port->qos, pkts[i], pkt->wire_bytes, pkt->dscp, w->now);
		touched |= 1u << pkt->out_port;
		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
	}
	for (; touched; touched &= touched - 1)
		qos_drain(w, (unsigned)__builtin_ctz(touched));
}
