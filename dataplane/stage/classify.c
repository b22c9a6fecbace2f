/* classify: header checks (RFC 1812 §5.2.2, RFC 8200 §3), IPsec for this gateway to sa_in, everything else by
 * the flow cache: protect, bypass, discard (RFC 4301 §5.1).  One look-up decides SA, egress port and MTU. */
#include "dataplane/far.h"
#include "dataplane/forward_send.h"

#include "dataplane/echo.h"
#include "dataplane/fragment.h"
#include "dataplane/ipsec/spd.h"
#include "dataplane/pmtu.h"

#define NATT_PORT 4500u /* RFC 3948 */

/* Version and lengths; trailing link-layer padding is cut off.  No jumbograms (RFC 2675): a length of 0 is
 * that of a packet with nothing in it. */
static enum drop
header_check6(struct rte_mbuf *m, const uint8_t *ip)
{
	uint32_t len = rte_pktmbuf_data_len(m), total;

	if (len < IPV6_MIN_BYTES)
		return DROP_RUNT;
	total = IPV6_MIN_BYTES + load_be16(ip + IPV6_LENGTH);
	if (total > len)
		return DROP_IP_HEADER;
	if (total < len)
		pkt_keep(m, 0, total);
	return DROP_NONE;
}

/* Header length, total length, checksum; trailing link-layer padding is cut off. */
static enum drop
header_check(struct rte_mbuf *m, const uint8_t *ip)
{
	uint32_t len = rte_pktmbuf_data_len(m), ihl, total;

	if (len < IPV4_MIN_BYTES)
		return DROP_RUNT;
	if (ip[0] >> 4 == 6)
		return header_check6(m, ip);
	ihl = ipv4_header_len(ip);
	total = load_be16(ip + IPV4_LENGTH);
	if (!ip_head_is_v4(ip) || ihl < IPV4_MIN_BYTES || total < ihl || total > len ||
		!ipv4_checksum_ok(ip, ihl))
		return DROP_IP_HEADER;
	pkt_keep(m, 0, total);
	return DROP_NONE;
}

/* The usual packet has no options and no padding. */
static inline bool
header_is_plain(const struct rte_mbuf *m, const uint8_t *ip)
{
	uint32_t len = rte_pktmbuf_data_len(m);

	return len >= IPV4_MIN_BYTES && ip[0] == 0x45 && load_be16(ip + IPV4_LENGTH) == len &&
	       ipv4_checksum_ok_plain(ip);
}

/* The upper layer of either family, as IPv6 tells it. */
static void
upper_find(const uint8_t *ip, uint32_t len, struct ip6_upper *upper)
{
	if (ip_head_is_v4(ip))
		*upper = (struct ip6_upper){.offset = ipv4_header_len(ip),
			.proto = ip[IPV4_PROTO],
			.fragment = (load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK)) != 0,
			.first = (load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) == 0,
			.known = true};
	else
		ip6_upper_find(ip, len, upper);
}

static inline bool
is_icmp(const uint8_t *ip)
{
	return ip_head_is_v4(ip) ? ip[IPV4_PROTO] == IPV4_PROTO_ICMP : ip[IPV6_NEXT] == IP_NEXT_ICMP6;
}

/* ESP, AH, or ESP in UDP for an address at which IPsec ends here? */
static bool
is_ipsec_here(const struct worker *w, const uint8_t *ip, uint32_t len, struct ip6_upper *upper)
{
	const struct local_address *local = local_find(w->local, ip_head_dst(ip));

	if (!local)
		return false;
	upper_find(ip, len, upper);
	if (!upper->known || upper->proto != IPV4_PROTO_UDP)
		return upper->known && (upper->proto == IPV4_PROTO_ESP || upper->proto == IP_NEXT_AH);
	if (local->natt && upper->fragment && w->fragments->reasm) /* whole, it will show its ports */
		return true;
	return local->natt && upper->first && len >= upper->offset + 4 &&
	       load_be16(ip + upper->offset + 2) == NATT_PORT;
}

/* IPsec goes to sa_in, and fragments of it to reassemble; true where it went, or was refused. */
static bool
ipsec_take(struct worker *w, struct rte_mbuf *m, const uint8_t *ip, enum drop *drop)
{
	struct ip6_upper upper;

	if (!is_ipsec_here(w, ip, rte_pktmbuf_data_len(m), &upper))
		return false;
	if (upper.fragment && !w->fragments->reasm)
		*drop = DROP_FRAGMENT;
	else
		worker_put(w, upper.fragment ? STAGE_reassemble : STAGE_sa_in, m);
	return true;
}

/* The same, and ICMP about the way of a host's SA. */
static bool
special_take(struct worker *w, struct rte_mbuf *m, const uint8_t *ip, enum drop *drop)
{
	return ipsec_take(w, m, ip, drop) ||
	       (w->local->hosts && is_icmp(ip) && !worker_is_local(w, ip_head_dst(ip)) &&
		       pmtu_take_for_host(w, m));
}

/* The usual packet of IPsec: ESP in IPv4, whole, for this gateway. */
static inline bool
is_plain_esp(const struct worker *w, const uint8_t *ip)
{
	return ip[IPV4_PROTO] == IPV4_PROTO_ESP &&
	       !(load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK)) &&
	       local_find(w->local, ip_load4(ip + IPV4_DST));
}

/* What came in the clear: pkt->outside is FLOW_INSIDE or FLOW_OUTSIDE. */
static inline __attribute__((always_inline)) enum drop
forward_clear(struct worker *w, struct rte_mbuf *m, const bool v4)
{
	return forward_family(w, m, NULL, (uint32_t)pkt_of(m)->outside, v4);
}

static inline enum drop
classify_v4(struct worker *w, struct rte_mbuf *m, const uint8_t *ip)
{
	enum drop drop = DROP_NONE;

	if (!(w->local->may[ip[IPV4_PROTO]] & LOCAL_V4))
		return forward_clear(w, m, true);
	if (likely(is_plain_esp(w, ip)))
		worker_put(w, STAGE_sa_in, m);
	else if (!special_take(w, m, ip, &drop))
		return forward_clear(w, m, true);
	return drop;
}

static __attribute__((noinline)) enum drop
classify_other(struct worker *w, struct rte_mbuf *m, const uint8_t *ip)
{
	enum drop drop = header_check(m, ip);

	if (drop)
		return drop;
	if (ip_head_is_v4(ip))
		return classify_v4(w, m, ip);
	if (w->local->may[ip[IPV6_NEXT]] & LOCAL_V6 && special_take(w, m, ip, &drop))
		return drop;
	return forward_clear(w, m, false);
}

static inline enum drop
classify_one(struct worker *w, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	return likely(header_is_plain(m, ip)) ? classify_v4(w, m, ip) : classify_other(w, m, ip);
}

/* Has a policy refused what is for this gateway itself?  Only a rule of the way in can refuse ICMP about a
 * tunnel's way, which routers send that nobody has rules for: what it says decides (RFC 4301 §6.1.1, §8.2).
 */
static bool
is_refused_own(const struct worker *w, struct rte_mbuf *m, enum drop drop)
{
	if (drop != DROP_POLICY_NONE && drop != DROP_NOT_IPSEC &&
		(drop != DROP_POLICY_DISCARD || spd_has_in(w->dp->spd)))
		return false;
	return is_icmp(rte_pktmbuf_mtod(m, const uint8_t *)) && pkt_of(m)->outside &&
	       worker_is_local(w, ip_head_dst(rte_pktmbuf_mtod(m, const uint8_t *)));
}

/* What is for this gateway itself may be ICMP about a tunnel's way, or a ping. */
static bool
own_take(struct worker *w, struct rte_mbuf *m, enum drop drop)
{
	if (drop == DROP_NOT_MINE)
		return pmtu_take(w, m) || echo_take(w, m);
	return is_refused_own(w, m, drop) && pmtu_take(w, m);
}

void
stage_classify(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	if (unlikely(w->far))
		far_flows(w, pkts, n, false);
	for (unsigned i = 0; i < n; i++) {
		enum drop drop = classify_one(w, pkts[i]);

		if (unlikely(drop) && !own_take(w, pkts[i], drop))
			worker_drop(w, pkts[i], drop);
	}
}
