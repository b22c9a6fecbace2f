/* Frames of a capture: find the packet below the link layer, and move it to other addresses.
 *
 * Link layers: Ethernet with up to two VLAN tags, Linux cooked v1 and v2, BSD loopback, raw IP. The IPv4
 * header checksum is made anew, as a gateway would refuse the packet otherwise (and hosts that leave
 * checksums to their card capture it wrong).  The TCP or UDP checksum is updated by the difference (RFC
 * 1624), so it is as right, or as wrong, as it was: that works for first fragments too, where the rest of
 * the data is elsewhere. ICMPv6 has a checksum over the addresses too (RFC 4443 §2.3).  A routing header,
 * whose last address stands in the pseudo header, keeps its addresses. No MPLS, no PPPoE, no LLC/SNAP; ICMP
 * quotes of packets keep the addresses they quote. */
#include "lab/traffic_capture.h"

#include <pcap/pcap.h>
#include <stddef.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define IPV4_HEADER 20u
#define PROTO_TCP 6
#define PROTO_UDP 17
#define TTL_LOW 8 /* below this it might not live through a laboratory */
#define TTL_NEW 64
#define TAGS_MAX 2u

enum link_says { SAYS_IP, SAYS_ETHERTYPE, SAYS_FAMILY };

struct link_layer {
	int link_type;
	uint8_t header;	 /* bytes */
	uint8_t type_at; /* where it says what follows */
	enum link_says says;
};

static const struct link_layer link_layers[] = {
	{DLT_EN10MB, 14, 12, SAYS_ETHERTYPE},
	{DLT_LINUX_SLL, 16, 14, SAYS_ETHERTYPE},
	{DLT_LINUX_SLL2, 20, 0, SAYS_ETHERTYPE},
	{DLT_RAW, 0, 0, SAYS_IP},
	{DLT_IPV4, 0, 0, SAYS_IP},
	{DLT_IPV6, 0, 0, SAYS_IP},
	{DLT_NULL, 4, 0, SAYS_FAMILY},
	{DLT_LOOP, 4, 0, SAYS_FAMILY},
};

static const struct link_layer *
link_find(int link_type)
{
	for (size_t i = 0; i < sizeof(link_layers) / sizeof(link_layers[0]); i++)
		if (link_layers[i].link_type == link_type)
			return &link_layers[i];
	return NULL;
}

bool
capture_link_known(int link_type)
{
	return link_find(link_type) != NULL;
}

static bool
is_vlan_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100; /* 802.1Q, 802.1ad, an older one */
}

/* Address families, in the byte order of whoever captured.  That of IPv6 is another on Linux, NetBSD,
 * FreeBSD and macOS. */
static bool
family_is(uint32_t family, bool v6)
{
	if (family >> 16)
		family = __builtin_bswap32(family);
	return v6 ? family == 10 || family == 24 || family == 28 || family == 30 : family == 2;
}

/* Bytes before the packet; more than were captured where there is none of that family. */
static uint32_t
link_skip(const struct link_layer *link, bool v6, const uint8_t *frame, uint32_t captured)
{
	uint32_t at = link->header;

	if (captured < at)
		return UINT32_MAX;
	if (link->says == SAYS_IP)
		return 0;
	if (link->says == SAYS_FAMILY)
		return family_is(load_be32(frame), v6) ? at : UINT32_MAX;
	uint16_t type = load_be16(frame + link->type_at);
	for (unsigned tags = 0; tags < TAGS_MAX && is_vlan_tag(type) && captured - at >= 4; tags++) {
		type = load_be16(frame + at + 2); /* after the tag control information */
		at += 4;
	}
	return type == (v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4) ? at : UINT32_MAX;
}

static uint32_t
header_bytes(const uint8_t *ip)
{
	return (ip[0] & 15u) * 4;
}

/* No jumbograms (RFC 2675). */
static const uint8_t *
whole_ip6(const uint8_t *ip, uint32_t there, uint32_t *bytes)
{
	if (there < IPV6_MIN_BYTES || ip[0] >> 4 != 6 || load_be16(ip + IPV6_LENGTH) > there - IPV6_MIN_BYTES)
		return NULL;
	*bytes = IPV6_MIN_BYTES + load_be16(ip + IPV6_LENGTH);
	return ip;
}

const uint8_t *
capture_ip(int link_type, bool v6, const uint8_t *frame, uint32_t captured, uint32_t *bytes)
{
	const struct link_layer *link = link_find(link_type);
	uint32_t skip = link ? link_skip(link, v6, frame, captured) : UINT32_MAX;

	if (skip > captured || captured - skip < IPV4_HEADER)
		return NULL;
	if (v6)
		return whole_ip6(frame + skip, captured - skip, bytes);
	const uint8_t *ip = frame + skip;
	uint32_t total = load_be16(ip + 2);
	if (ip[0] >> 4 != 4 || header_bytes(ip) < IPV4_HEADER || total < header_bytes(ip) ||
		total > captured - skip)
		return NULL;
	*bytes = total; /* what follows is padding of the frame */
	return ip;
}

static bool
is_later_fragment(const uint8_t *ip)
{
	return (load_be16(ip + 6) & 0x1fff) != 0;
}

/* Protocol and place of the transport header; false where it is not in this packet. */
static bool
transport_find(const uint8_t *ip, uint32_t bytes, uint8_t *proto, uint32_t *at)
{
	struct ip6_upper upper;

	if (ip_head_is_v4(ip)) {
		*proto = ip[9];
		*at = header_bytes(ip);
		return !is_later_fragment(ip);
	}
	ip6_upper_find(ip, bytes, &upper);
	*proto = upper.proto;
	*at = upper.offset;
	return upper.known && upper.first;
}

void
capture_key_get(const uint8_t *ip, uint32_t bytes, struct capture_key *key)
{
	uint32_t at;
	bool there;

	*key = (struct capture_key){.src = ip_head_src(ip), .dst = ip_head_dst(ip)};
	there = transport_find(ip, bytes, &key->proto, &at);
	if ((key->proto != PROTO_TCP && key->proto != PROTO_UDP) || !there || bytes < at + 4)
		return;
	key->sport = load_be16(ip + at);
	key->dport = load_be16(ip + at + 2);
}

static uint32_t
sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* RFC 791: over the header, its checksum field taken as 0. */
static void
header_checksum_set(uint8_t *ip)
{
	uint32_t sum = 0;

	store_be16(ip + 10, 0);
	for (uint32_t i = 0; i < header_bytes(ip); i += 2)
		sum += load_be16(ip + i);
	store_be16(ip + 10, (uint16_t)~sum_fold(sum));
}

/* RFC 1624, equation 3, for one 32-bit value: HC' = ~(~HC + ~m + m'). */
static uint16_t
checksum_adjust(uint16_t check, uint32_t from, uint32_t to)
{
	uint32_t sum = (uint16_t)~check;

	sum += (~from >> 16) + (~from & 0xffff);
	sum += (to >> 16) + (to & 0xffff);
	return (uint16_t)~sum_fold(sum);
}

/* Both addresses of a packet, from those that it has. */
static uint16_t
checksum_move(uint16_t check, const uint8_t *ip, struct ip_addr src, struct ip_addr dst)
{
	uint8_t to[32];

	if (ip_head_is_v4(ip)) {
		check = checksum_adjust(check, load_be32(ip + 12), ip_v4_of(src));
		return checksum_adjust(check, load_be32(ip + 16), ip_v4_of(dst));
	}
	ip_store6(to, src);
	ip_store6(to + 16, dst);
	for (unsigned i = 0; i < sizeof(to); i += 4)
		check = checksum_adjust(check, load_be32(ip + IPV6_SRC + i), load_be32(to + i));
	return check;
}

/* The addresses are in the pseudo header of TCP and UDP (RFC 9293 §3.1, RFC 768). */
static void
transport_checksum_update(uint8_t *ip, uint32_t bytes, struct ip_addr src, struct ip_addr dst)
{
	uint8_t proto;
	uint32_t at;
	uint16_t check;

	if (!transport_find(ip, bytes, &proto, &at))
		return;
	if (proto == PROTO_TCP)
		at += 16;
	else if (proto == PROTO_UDP)
		at += 6;
	else if (proto == IP_NEXT_ICMP6 && !ip_head_is_v4(ip))
		at += 2;
	else
		return;
	if (bytes < at + 2)
		return;
	check = load_be16(ip + at);
	if (proto == PROTO_UDP && check == 0)
		return; /* the sender made none */
	check = checksum_move(check, ip, src, dst);
	store_be16(ip + at, proto == PROTO_UDP && check == 0 ? 0xffff : check);
}

void
capture_map(uint8_t *ip, uint32_t bytes, struct ip_addr src, struct ip_addr dst)
{
	bool v4 = ip_head_is_v4(ip);
	uint8_t *ttl = ip + (v4 ? 8u : IPV6_HOPS);

	transport_checksum_update(ip, bytes, src, dst);
	if (*ttl < TTL_LOW)
		*ttl = TTL_NEW;
	if (!v4) {
		ip_store6(ip + IPV6_SRC, src);
		ip_store6(ip + IPV6_DST, dst);
		return;
	}
	ip_store4(ip + 12, src);
	ip_store4(ip + 16, dst);
	header_checksum_set(ip);
}
