/* in_order: packets of an SA go on in the order in which they entered the engine.  Others never come here.
 *
 * A late packet holds back those behind it, as far as there are places (in_order.h).  When it comes, many go
 * at once: as many as the stages behind can take, and the rest after those have worked. */
#include "dataplane/in_order.h"
#include "dataplane/worker.h"

#define LET_GO (WORKER_INBOX / 4)

/* It may have something to let go. */
static void
order_list(struct worker *w, struct in_order *order)
{
	if (order->listed)
		return;
	order->listed = true;
	order->more = w->order_ready;
	w->order_ready = order;
}

void
in_order_skip(struct worker *w, struct in_order *order, uint32_t ticket)
{
	order->gone[ticket % IN_ORDER_PLACES] = true;
	order_list(w, order);
	w->pending |= 1u << STAGE_in_order;
}

/* Lets go at most `room` packets; returns how many. */
static unsigned
order_run(struct worker *w, struct in_order *order, unsigned room)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	while (n < room && (m = in_order_take(order))) {
		crypto_pass(w, m);
		n++;
	}
	w->order_held -= n;
	return n;
}

void
stage_in_order(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	unsigned room = LET_GO;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *pkt = pkt_of(pkts[i]);

		in_order_arrive(pkt->sa->order, pkt->ticket, pkts[i]);
		order_list(w, pkt->sa->order);
	}
	w->order_held += n;
	while (w->order_ready && room) {
		struct in_order *order = w->order_ready;

		room -= order_run(w, order, room);
		if (!room)
			break; /* it stays in the list: there may be more */
		w->order_ready = order->more;
		order->listed = false;
	}
	if (w->order_ready)
		w->again |= 1u << STAGE_in_order;
}
