/* The selectors of a packet: what policies and the flow cache look at.  RFC 4301 §4.4.1.1.
 *
 * Reads the ports of TCP, UDP and SCTP, which stand at the same place; ICMP type and code and the mobility
 * header are not selectors here. */
#include <stdbool.h>

#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/spd.h"

static bool
proto_has_ports(uint8_t proto)
{
	return proto == IPV4_PROTO_TCP || proto == IPV4_PROTO_UDP || proto == IPV4_PROTO_SCTP;
}

void
selector_read(const uint8_t *ip, uint32_t len, struct selector *selector)
{
	uint32_t header_len = ipv4_header_len(ip);
	bool first = (load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) == 0;

	selector->src = ip_load4(ip + IPV4_SRC);
	selector->dst = ip_load4(ip + IPV4_DST);
	selector->proto = ip[IPV4_PROTO];
	selector->dscp = ip[IPV4_TOS] >> 2;
	selector->sport = 0;
	selector->dport = 0;
	selector->has_ports = first && proto_has_ports(selector->proto) && len >= header_len + 4;
	if (selector->has_ports) {
		selector->sport = load_be16(ip + header_len);
		selector->dport = load_be16(ip + header_len + 2);
	}
}
