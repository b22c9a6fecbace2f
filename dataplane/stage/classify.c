/* classify: IPv4 header checks (RFC 1812 §5.2.2), ESP for this gateway to sa_in, everything else by the flow
 * cache: protect, bypass, discard (RFC 4301 §5.1).  One look-up decides SA, egress port and MTU. */
#include "base/ip.h"
#include "dataplane/forward.h"
#include "dataplane/ipsec/esp.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/worker.h"

/* Header length, total length, checksum; trailing link-layer padding is cut off. */
static enum drop
header_check_slow(struct rte_mbuf *m, const uint8_t *ip)
{
	uint32_t len = rte_pktmbuf_data_len(m), ihl, total;

	if (len < SA_IPV4_BYTES)
		return DROP_RUNT;
	ihl = ipv4_header_len(ip);
	total = load_be16(ip + IPV4_LENGTH);
	if (ip[0] >> 4 != 4 || ihl < SA_IPV4_BYTES || total < ihl || total > len ||
		!ipv4_checksum_ok(ip, ihl))
		return DROP_IP_HEADER;
	pkt_keep(m, 0, total);
	return DROP_NONE;
}

/* The usual packet has no options and no padding. */
static inline enum drop
header_check(struct rte_mbuf *m, const uint8_t *ip)
{
	uint32_t len = rte_pktmbuf_data_len(m);

	if (likely(len >= SA_IPV4_BYTES && ip[0] == 0x45 && load_be16(ip + IPV4_LENGTH) == len &&
		    ipv4_checksum_ok_plain(ip)))
		return DROP_NONE;
	return header_check_slow(m, ip);
}

static inline const struct flow_entry *
flow_find(struct worker *w, const uint8_t *ip, uint32_t len)
{
	struct flow_key key = flow_key_read(ip, len, 0);
	const struct flow_entry *found = flow_cache_find(w->cache, key);
	struct flow_entry entry = {.key = key};

	if (likely(found))
		return found;
	forward_resolve_out(w->dp, ip, len, &entry);
	return flow_cache_add(w->cache, &entry);
}

/* A packet for somebody else. */
static inline enum drop
forward_one(struct worker *w, struct rte_mbuf *m, uint8_t *ip)
{
	struct pkt *pkt = pkt_of(m);
	uint32_t len = rte_pktmbuf_data_len(m);
	const struct flow_entry *flow = flow_find(w, ip, len);

	if (unlikely(flow->drop))
		return (enum drop)flow->drop;
	if (unlikely(!forward_ttl(ip)))
		return DROP_TTL;
	pkt->out_port = flow->port;
	pkt->dscp = ip[1] >> 2;
	if (likely(w->engine)) /* a router does not protect, and others may have */
		pkt->sa = flow->sa;
	pkt->wire_bytes = flow->sa ? esp_tunnel_length(flow->sa, len) : len;
	if (unlikely(pkt->wire_bytes > flow->mtu))
		return DROP_TOO_BIG;
	if (flow->sa && !flow->sa->copy_dscp)
		pkt->dscp = flow->sa->outer[1] >> 2;
	worker_put(w, flow->sa && !w->after_queue ? STAGE_sa_out : STAGE_qos, m);
	return DROP_NONE;
}

static inline enum drop
classify_one(struct worker *w, struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	enum drop drop = header_check(m, ip);

	if (unlikely(drop))
		return drop;
	if (!worker_is_local(w, ip_load4(ip + IPV4_DST)))
		return forward_one(w, m, ip);
	if (ip[9] != IPV4_PROTO_ESP)
		return DROP_NOT_MINE;
	if (load_be16(ip + 6) & 0x3fff) /* more fragments, or an offset */
		return DROP_FRAGMENT;
	worker_put(w, STAGE_sa_in, m);
	return DROP_NONE;
}

void
stage_classify(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = classify_one(w, pkts[i]);

		if (unlikely(drop))
			worker_drop(w, pkts[i], drop);
	}
}
