/* The chain of IPv6 extension headers.  RFC 8200 §4.
 *
 * Reads what is needed to find its end, and judges nothing: options and routing types are their readers'
 * affair. */
#include "dataplane/ipsec/ip_head.h"

#define FRAGMENT_BYTES 8u
#define FRAGMENT_OFFSET 0xfff8u

static bool
is_extension(uint8_t proto)
{
	return proto == IP_PROTO_ROUTING || proto == IP_PROTO_FRAGMENT || proto == IP_PROTO_DESTINATION;
}

/* Past one header; false where it is not there whole. */
static bool
header_skip(const uint8_t *ip, uint32_t len, struct ip6_upper *upper)
{
	const uint8_t *header = ip + upper->offset;
	uint32_t bytes = FRAGMENT_BYTES;

	if (len - upper->offset < FRAGMENT_BYTES)
		return false;
	if (upper->proto != IP_PROTO_FRAGMENT)
		bytes = (header[1] + 1u) * 8;
	else
		upper->fragment = true;
	if (upper->proto == IP_PROTO_FRAGMENT && load_be16(header + 2) & FRAGMENT_OFFSET)
		upper->first = false;
	if (len - upper->offset < bytes)
		return false;
	upper->proto = header[0];
	upper->offset += bytes;
	return true;
}

void
ip6_upper_find(const uint8_t *ip, uint32_t len, struct ip6_upper *upper)
{
	*upper = (struct ip6_upper){.offset = IP6_BYTES, .proto = ip[IP6_NEXT], .first = true, .known = true};
	for (unsigned n = 0; upper->first; n++) {
		bool first_only = n == 0 && upper->proto == IP_PROTO_HOP_BY_HOP; /* §4.1: nowhere else */

		if (!first_only && !is_extension(upper->proto)) {
			upper->known = upper->proto != IP_PROTO_HOP_BY_HOP;
			return;
		}
		if (n == IP6_HEADERS_MAX || !header_skip(ip, len, upper)) {
			upper->known = false;
			return;
		}
	}
	/* more of them in the first fragment */
	upper->known = !is_extension(upper->proto) && upper->proto != IP_PROTO_HOP_BY_HOP;
}
