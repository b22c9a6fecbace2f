/* Gateways with more SAs than the caches hold: what a stage will ask for is fetched for a whole burst before
 * it asks, so that the packets of a burst wait for memory together and not one after the other.  Others pay
 * for one question a burst (worker.far). */
#ifndef DATAPLANE_FAR_H
#define DATAPLANE_FAR_H

#include "base/ip.h"
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/worker.h"

#define FAR_SAS 1024u /* from so many on */
#define FAR_LINE 64u
#define FAR_SESSIONS 8u /* that are fetched while as many are worked with: all of a burst would wait in line */

/* The lines of an SA that a packet on its way out looks at, and those that one on its way in does. */
#define FAR_OUT offsetof(struct sa, errors)
#define FAR_IN offsetof(struct sa, path_mtu)

static inline void
far_sa(const struct sa *sa, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += FAR_LINE)
		__builtin_prefetch((const char *)sa + at, 1);
}

/* Before the flow cache is asked: its bucket, and then the SA that stands there, usually in the first place.
 * came: by an SA, else from a port. */
static inline void
far_flows(const struct worker *w, struct rte_mbuf **pkts, unsigned n, bool came)
{
	const struct flow_entry *bucket[WORKER_INBOX];
	struct flow_key key[WORKER_INBOX];

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *ip = rte_pktmbuf_mtod(pkts[i], const uint8_t *);
		uint32_t by = came ? pkt_of(pkts[i])->sa->policy + 1 : (uint32_t)pkt_of(pkts[i])->outside;

		bucket[i] = NULL;
		if (rte_pktmbuf_data_len(pkts[i]) < IPV4_MIN_BYTES || !ip_head_is_v4(ip) ||
			ip[IPV4_PROTO] == IPV4_PROTO_ESP)
			continue;
		key[i] = flow_key_read(ip, rte_pktmbuf_data_len(pkts[i]), by);
		bucket[i] = flow_cache_bucket(w->cache, key[i]);
		__builtin_prefetch(bucket[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		if (!bucket[i] || flow_key_equal(bucket[i], key[i])) {
			if (bucket[i] && bucket[i]->sa)
				far_sa(bucket[i]->sa, FAR_OUT);
			bucket[i] = NULL;
		} else {
			__builtin_prefetch(++bucket[i]);
		}
	}
	for (unsigned i = 0; i < n; i++)
		if (bucket[i] && bucket[i]->sa)
			far_sa(bucket[i]->sa, FAR_OUT);
}

/* Before the SAD is asked. */
static inline void
far_spis(const struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *ip = rte_pktmbuf_mtod(pkts[i], const uint8_t *);
		struct ipsec_peek peek;

		if (ip_head_is_v4(ip) && !ipsec_peek(ip, rte_pktmbuf_data_len(pkts[i]), &peek))
			sad_prefetch(w->dp->sad, peek.spi, ip_load4(ip + IPV4_DST), peek.proto);
	}
}

/* Before windows are. */
static inline void
far_windows(struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		far_sa(pkt_of(pkts[i])->sa, FAR_IN);
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(pkt_of(pkts[i])->sa->window, 1);
}

/* Before the engine works.  There is one that wants it. */
static inline void
far_sessions(const struct worker *w, struct crypto_op **ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		w->engine->ops->prefetch(ops[i]->session);
}

#endif
