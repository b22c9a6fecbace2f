/* The selectors of a packet: what policies and the flow cache look at.  RFC 4301 §4.4.1.1.
 *
 * Reads the ports of TCP, UDP and SCTP, which stand at the same place; ICMP type and code and the mobility
 * header are not selectors here. */
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/ipsec/spd.h"

/* The upper layer's header stands at `at`, or what is there is not it. */
static void
ports_read(const uint8_t *ip, uint32_t len, uint32_t at, bool there, struct selector *selector)
{
	selector->sport = 0;
	selector->dport = 0;
	selector->has_ports = there && ip_proto_has_ports(selector->proto) && len >= at + 4;
	if (selector->has_ports) {
		selector->sport = load_be16(ip + at);
		selector->dport = load_be16(ip + at + 2);
	}
}

static void
selector_read6(const uint8_t *ip, uint32_t len, struct selector *selector)
{
	struct ip6_upper upper;

	ip6_upper_find(ip, len, &upper);
	selector->proto = upper.proto;
	selector->opaque = !upper.known;
	ports_read(ip, len, upper.offset, upper.known && upper.first, selector);
}

void
selector_read(const uint8_t *ip, uint32_t len, struct selector *selector)
{
	bool first;

	selector->src = ip_head_src(ip);
	selector->dst = ip_head_dst(ip);
	selector->dscp = ip_tos(ip) >> 2;
	if (!ip_head_is_v4(ip)) {
		selector_read6(ip, len, selector);
		return;
	}
	first = (load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) == 0;
	selector->proto = ip[IPV4_PROTO];
	selector->opaque = 0;
	ports_read(ip, len, ipv4_header_len(ip), first, selector);
}
