/* rx: takes a burst from each port.  Lines of headers are fetched before classify wants them. */
#include <rte_prefetch.h>

#include "dataplane/worker.h"

void
stage_rx(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp *dp = w->dp;
	struct inbox *out = &w->inbox[STAGE_classify];

	(void)pkts;
	(void)n;
	for (unsigned p = 0; p < dp->n_ports; p++) {
		struct port *port = dp->ports[p].port;
		struct rte_mbuf **burst = &out->pkts[out->n];
		unsigned room = WORKER_INBOX - out->n, max = room < WORKER_BURST ? room : WORKER_BURST;
		unsigned got = port->ops->rx(port, burst, max, w->now);

		w->rx_more |= got == max;
		for (unsigned i = 0; i < got; i++) {
			rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
			if (w->engine) /* else a router: it leaves alone by which SA a packet is protected */
				pkt_of(burst[i])->sa = NULL;
			pkt_of(burst[i])->flags &= (uint8_t)~(PKT_READY | PKT_NESTED | PKT_TO_CUT);
		}
		out->n += got;
		w->stats.rx += got;
		dp->ports[p].received += got;
	}
	if (out->n)
		w->pending |= 1u << STAGE_classify;
	w->stage[STAGE_rx].packets += out->n;
}
