/* From the IP header to AH or ESP: IPv4 options, IPv6 extension headers (RFC 8200 §4), UDP encapsulation (RFC
 * 3948).  Does not put fragments together and looks into no other tunnels. */
#include "capture/ip_find.h"

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"

#define UDP_BYTES 8u
#define PORT_IKE 500u

static enum capture_kind
head_v4(const uint8_t *ip, uint32_t captured, struct ip_found *found)
{
	uint32_t head = ipv4_header_len(ip);

	if (captured < IPV4_MIN_BYTES || head < IPV4_MIN_BYTES || captured < head ||
		load_be16(ip + IPV4_LENGTH) < head)
		return CAPTURE_NO_IP;
	found->src = ip_load4(ip + IPV4_SRC);
	found->dst = ip_load4(ip + IPV4_DST);
	found->head = head;
	found->next_at = IPV4_PROTO;
	found->proto = ip[IPV4_PROTO];
	found->len = load_be16(ip + IPV4_LENGTH);
	return load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK) ? CAPTURE_FRAGMENT
									    : CAPTURE_OPENED;
}

/* Extension headers up to what is none, or to a fragment. */
static enum capture_kind
extensions_v6(const uint8_t *ip, uint32_t captured, struct ip_found *found)
{
	for (;;) {
		uint32_t at = found->head, bytes = 8;

		if (found->proto != IP_NEXT_HOP_BY_HOP && found->proto != IP_NEXT_ROUTING &&
			found->proto != IP_NEXT_DEST_OPTIONS && found->proto != IP_NEXT_FRAGMENT)
			return CAPTURE_OPENED;
		if (at + 8 > found->len)
			return CAPTURE_MALFORMED;
		if (at + 8 > captured)
			return CAPTURE_TRUNCATED;
		if (found->proto != IP_NEXT_FRAGMENT)
			bytes = (ip[at + 1] + 1u) * 8u;
		else if (load_be16(ip + at + 2) & 0xfff9) /* an "atomic" fragment is a packet (RFC 6946) */
			return CAPTURE_FRAGMENT;
		found->next_at = at;
		found->proto = ip[at];
		found->head = at + bytes;
	}
}

static enum capture_kind
head_v6(const uint8_t *ip, uint32_t captured, struct ip_found *found)
{
	if (captured < IPV6_MIN_BYTES)
		return CAPTURE_NO_IP;
	found->v6 = true;
	found->src = ip_load6(ip + IPV6_SRC);
	found->dst = ip_load6(ip + IPV6_DST);
	found->head = IPV6_MIN_BYTES;
	found->next_at = IPV6_NEXT;
	found->proto = ip[IPV6_NEXT];
	found->len = IPV6_MIN_BYTES + load_be16(ip + IPV6_LENGTH);
	return extensions_v6(ip, captured, found);
}

static bool
is_port(const struct ip_ports *ports, uint16_t port)
{
	for (unsigned i = 0; i < ports->n; i++)
		if (ports->port[i] == port)
			return true;
	return false;
}

/* RFC 3948 §2: what a datagram of an ESP port holds.  proto becomes ESP where it is that. */
static enum capture_kind
udp_look(const uint8_t *ip, uint32_t captured, const struct ip_ports *ports, struct ip_found *found)
{
	const uint8_t *udp = ip + found->head;
	uint32_t bytes = found->head + UDP_BYTES > captured ? 0 : load_be16(udp + 4);

	if (!bytes)
		return found->head + UDP_BYTES > found->len ? CAPTURE_OTHER : CAPTURE_TRUNCATED;
	uint16_t from = load_be16(udp), to = load_be16(udp + 2);
	if (!is_port(ports, from) && !is_port(ports, to))
		return from == PORT_IKE || to == PORT_IKE ? CAPTURE_IKE : CAPTURE_OTHER;
	if (bytes < UDP_BYTES + 1 || found->head + bytes > found->len)
		return CAPTURE_MALFORMED;
	if (bytes == UDP_BYTES + 1)
		return found->head + bytes > captured ? CAPTURE_TRUNCATED
		       : udp[UDP_BYTES] == 0xff	      ? CAPTURE_KEEPALIVE
						      : CAPTURE_MALFORMED;
	if (bytes < UDP_BYTES + 4)
		return CAPTURE_MALFORMED;
	if (found->head + UDP_BYTES + 4 > captured)
		return CAPTURE_TRUNCATED;
	if (load_be32(udp + UDP_BYTES) == 0)
		return CAPTURE_IKE;
	found->natt = true;
	found->proto = IPV4_PROTO_ESP;
	found->at = found->head + UDP_BYTES;
	found->len = found->head + bytes;
	return CAPTURE_OPENED;
}

enum capture_kind
ip_find(const uint8_t *ip, uint32_t captured, const struct ip_ports *ports, struct ip_found *found)
{
	enum capture_kind kind = CAPTURE_NO_IP;
	uint32_t spi_at;

	*found = (struct ip_found){0};
	if (captured && ip[0] >> 4 == 4)
		kind = head_v4(ip, captured, found);
	else if (captured && ip[0] >> 4 == 6)
		kind = head_v6(ip, captured, found);
	found->at = found->head;
	if (kind == CAPTURE_FRAGMENT && found->proto != IPV4_PROTO_ESP && found->proto != IP_NEXT_AH &&
		found->proto != IPV4_PROTO_UDP)
		return CAPTURE_OTHER;
	if (kind == CAPTURE_OPENED && found->proto == IPV4_PROTO_UDP)
		kind = udp_look(ip, captured, ports, found);
	else if (kind == CAPTURE_OPENED && found->proto != IPV4_PROTO_ESP && found->proto != IP_NEXT_AH)
		kind = CAPTURE_OTHER;
	if (kind != CAPTURE_OPENED)
		return kind;
	spi_at = found->at + (found->proto == IP_NEXT_AH ? 4 : 0);
	if (spi_at + 8 > found->len)
		return CAPTURE_MALFORMED;
	if (spi_at + 8 > captured)
		return CAPTURE_TRUNCATED;
	found->spi = load_be32(ip + spi_at);
	found->seq = load_be32(ip + spi_at + 4);
	return found->len > captured ? CAPTURE_TRUNCATED : CAPTURE_OPENED;
}
