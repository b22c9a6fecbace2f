/* The places of packets that are to leave the engine in order: a ring by ticket. */
#include "dataplane/in_order.h"

#include <stdlib.h>

struct in_order *
in_order_create(void)
{
	return calloc(1, sizeof(struct in_order));
}

struct rte_mbuf *
in_order_take(struct in_order *order)
{
	while (order->first != order->next) {
		unsigned at = order->first % IN_ORDER_PLACES;
		struct rte_mbuf *m = order->place[at];

		if (!m && !order->gone[at])
			return NULL;
		order->place[at] = NULL;
		order->gone[at] = false;
		order->first++;
		if (m)
			return m;
	}
	return NULL;
}

void
in_order_flush(struct in_order *order)
{
	for (unsigned i = 0; i < IN_ORDER_PLACES; i++) {
		if (order->place[i])
			rte_pktmbuf_free(order->place[i]);
		order->place[i] = NULL;
		order->gone[i] = false;
	}
	order->first = order->next;
}

void
in_order_destroy(struct in_order *order)
{
	free(order);
}
