/* tx: runs of packets for the same port leave together.  Start times of a port do not decrease. */
#include "dataplane/worker.h"

/* With the number taken after the queue, encrypted packets come here later than clear ones of the same turn.
 */
static void
sort_by_start(struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		unsigned k = i;

		for (; k && pkt_of(pkts[k - 1])->time_ns > pkt_of(m)->time_ns; k--)
			pkts[k] = pkts[k - 1];
		pkts[k] = m;
	}
}

void
stage_tx(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	unsigned first = 0;

	if (w->after_queue)
		sort_by_start(pkts, n);
	for (unsigned i = 0; i < n; i++) {
		uint8_t out = pkt_of(pkts[i])->out_port;
		struct port *port = w->dp->ports[out].port;

		if (i + 1 < n && pkt_of(pkts[i + 1])->out_port == out)
			continue;
		port->ops->tx(port, &pkts[first], i + 1 - first);
		first = i + 1;
	}
	w->stats.tx += n;
}
