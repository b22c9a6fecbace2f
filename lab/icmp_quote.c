/* See icmp_quote.h. */
#include "lab/icmp_quote.h"

#include "dataplane/ipsec/ip_head.h"

#define UNREACHABLE 3u
#define FRAGMENTATION_NEEDED 4u
#define EXPIRED 11u
#define TOO_BIG6 2u
#define ERRORS6_BELOW 128u
#define QUOTE_MIN 8u /* RFC 792 */

static bool
is_error(bool v6, uint8_t type)
{
	return v6 ? type < ERRORS6_BELOW : type == UNREACHABLE || type == EXPIRED;
}

bool
icmp_quote_read(const uint8_t *ip, uint32_t bytes, struct icmp_quote *quote)
{
	struct ip_head head, inner;
	const uint8_t *icmp;
	bool v6 = ip_is_v6(ip);

	if (!ip_head_is_whole(ip, bytes) || !ip_head_all(ip, bytes, &head) ||
		head.next != (v6 ? IP_NEXT_ICMP6 : IPV4_PROTO_ICMP) || bytes < head.len + ICMP_HEAD_BYTES)
		return false;
	icmp = ip + head.len;
	quote->type = icmp[0];
	quote->code = icmp[1];
	if (!is_error(v6, quote->type))
		return false;
	quote->too_big = v6 ? quote->type == TOO_BIG6
			    : quote->type == UNREACHABLE && quote->code == FRAGMENTATION_NEEDED;
	quote->mtu = v6 ? load_be32(icmp + 4) : load_be16(icmp + 6);
	bytes -= head.len + ICMP_HEAD_BYTES;
	quote->ip = icmp + ICMP_HEAD_BYTES;
	if (!ip_head_is_whole(quote->ip, bytes) || !ip_head_all(quote->ip, bytes, &inner) ||
		bytes < inner.len + QUOTE_MIN)
		return false;
	quote->proto = inner.next;
	quote->l4 = quote->ip + inner.len;
	return true;
}
