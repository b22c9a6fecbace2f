/* The answer is made in place.  It takes the way of all packets that a gateway makes itself: by the outbound
 * policy, and where tunnels end in the clear only if a rule says so.
 *
 * Not answered: fragments, headers with options or extensions, and what came from no single host. */
#include "dataplane/echo.h"

#include "dataplane/forward_send.h"

#define ICMP_BYTES 8u
#define CHECKSUM 2u
#define REQUEST4 8u
#define REPLY4 0u
#define REQUEST6 128u
#define REPLY6 129u
#define HOPS 64u

static bool
is_request4(const uint8_t *ip, uint32_t len)
{
	uint32_t src = ip[IPV4_SRC];

	return len >= IPV4_MIN_BYTES + ICMP_BYTES && ip[0] == 0x45 && ip[IPV4_PROTO] == IPV4_PROTO_ICMP &&
	       !(load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK)) &&
	       ip[IPV4_MIN_BYTES] == REQUEST4 && src != 0 && src != 127 && src < 224;
}

static bool
is_request6(const uint8_t *ip, uint32_t len)
{
	return len >= IPV6_MIN_BYTES + ICMP_BYTES && ip[IPV6_NEXT] == IP_NEXT_ICMP6 &&
	       ip[IPV6_MIN_BYTES] == REQUEST6 && ip[IPV6_SRC] != 0xff && load_be64(ip + IPV6_SRC) != 0;
}

static void
ends_swap(uint8_t *src, uint8_t *dst, size_t bytes)
{
	uint8_t other[16];

	memcpy(other, src, bytes);
	memcpy(src, dst, bytes);
	memcpy(dst, other, bytes);
}

/* Another type; the rest of the message, and with it the sum, stays.  Swapped addresses add up to the same in
 * the pseudo header of ICMPv6.  RFC 1624 §3. */
static void
type_change(uint8_t *icmp, uint8_t from, uint8_t to)
{
	uint32_t sum = (uint16_t)~load_be16(icmp + CHECKSUM);

	sum += (uint16_t) ~(from << 8);
	sum += (uint32_t)to << 8;
	icmp[0] = to;
	store_be16(icmp + CHECKSUM, (uint16_t)~ipv4_fold(sum));
}

static void
answer_make(uint8_t *ip, bool v4)
{
	if (v4) {
		ends_swap(ip + IPV4_SRC, ip + IPV4_DST, 4);
		ip[IPV4_TTL] = HOPS + 1; /* forward_send() takes one */
		ipv4_checksum_set(ip, IPV4_MIN_BYTES);
		type_change(ip + IPV4_MIN_BYTES, REQUEST4, REPLY4);
	} else {
		ends_swap(ip + IPV6_SRC, ip + IPV6_DST, 16);
		ip[IPV6_HOPS] = HOPS + 1;
		type_change(ip + IPV6_MIN_BYTES, REQUEST6, REPLY6);
	}
}

bool
echo_take(struct worker *w, struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	bool v4 = ip_head_is_v4(ip);
	struct pkt answer = {.time_ns = w->now, .sent_ns = w->now, .flow = PKT_NO_FLOW};
	struct flow_entry way = {.drop = DROP_NONE};
	enum drop drop;

	if (!(v4 ? is_request4(ip, len) : is_request6(ip, len)) || worker_is_local(w, ip_head_src(ip)))
		return false;
	if (w->echoed)
		w->echoed(w->echoed_ctx, m, &answer);
	answer_make(ip, v4);
	w->stats.consumed++;
	w->stats.created++;
	*pkt_of(m) = answer;
	forward_resolve_own(w->dp, ip, len, &way);
	if (way.sa && way.sa->light) {
		hand_own(w, m, way.sa);
		return true;
	}
	drop = v4 ? forward_send(w, m, ip, len, &way, true) : forward_send(w, m, ip, len, &way, false);
	if (drop)
		worker_drop(w, m, drop);
	return true;
}
