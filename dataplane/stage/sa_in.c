/* sa_in: SPI, destination and protocol name the SA (RFC 4303 §3.4.2). */
#include <rte_prefetch.h>

#include "base/ip.h"
#include "dataplane/ipsec/esp.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/worker.h"

static inline enum drop
sa_find(struct worker *w, struct rte_mbuf *m)
{
	const uint8_t *outer = rte_pktmbuf_mtod(m, const uint8_t *);
	struct pkt *pkt = pkt_of(m);
	uint32_t spi, seq;

	if (unlikely(!esp_peek(outer, rte_pktmbuf_data_len(m), &spi, &seq)))
		return DROP_ESP_LENGTH;
	pkt->seq = seq;
	pkt->sa = sad_find(w->dp->sad, spi, ip_load4(outer + 16), outer[9]);
	return likely(pkt->sa) ? DROP_NONE : DROP_NO_SA;
}

void
stage_sa_in(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = sa_find(w, pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
		else
			worker_put(w, STAGE_replay_check, pkts[i]);
	}
}
