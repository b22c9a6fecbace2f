/* rx: takes a burst from each port.  Lines of headers are fetched before classify wants them. */
#include <rte_prefetch.h>

#include "dataplane/worker.h"

void
stage_rx(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp *dp = w->dp;
	unsigned taken = 0; /* classify has room for so many, wherever they go before */

	(void)pkts;
	(void)n;
	for (unsigned p = 0; p < dp->n_ports; p++) {
		struct port *port = dp->ports[p].port;
		int8_t outside = dp->ports[p].unprotected ? -1 : 0;
		struct inbox *out = &w->inbox[dp->ports[p].rx_to];
		struct rte_mbuf **burst = &out->pkts[out->n];
		unsigned room = WORKER_INBOX - taken, max = room < WORKER_BURST ? room : WORKER_BURST;
		unsigned got = port->ops->rx(port, burst, max, w->now);

		w->rx_more |= got == max;
		for (unsigned i = 0; i < got; i++) {
			rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
			if (w->engine) /* else a router: it leaves alone by which SA a packet is protected */
				pkt_of(burst[i])->sa = NULL;
			pkt_of(burst[i])->flags &= (uint8_t)~(PKT_READY | PKT_NESTED | PKT_TO_CUT);
			pkt_of(burst[i])->outside = outside;
		}
		if (unlikely(w->taps))
			tap_see(w, STAGE_rx, p, burst, got);
		out->n += got;
		taken += got;
		dp->ports[p].received += got;
		w->pending |= (uint32_t)(got != 0) << dp->ports[p].rx_to;
	}
	w->stats.rx += taken;
	w->stage[STAGE_rx].packets += taken;
}
