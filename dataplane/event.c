/* What an event says of the packet. */
#include "dataplane/event.h"

#include "dataplane/ipsec/ip_head.h"

void
drop_event_read(struct drop_event *event, const uint8_t *ip, uint32_t len)
{
	struct ip6_upper upper;

	event->src = event->dst = ip_v4(0);
	if (!ip_head_is_whole(ip, len))
		return;
	event->src = ip_head_src(ip);
	event->dst = ip_head_dst(ip);
	event->dscp = ip_tos(ip) >> 2;
	if (ip_head_is_v4(ip)) {
		event->ip_id = load_be16(ip + IPV4_ID);
		event->proto = ip[IPV4_PROTO];
		return;
	}
	ip6_upper_find(ip, len, &upper);
	event->proto = upper.proto;
}
