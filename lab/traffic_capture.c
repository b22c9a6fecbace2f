/* Frames of a capture: find the IPv4 packet below the link layer, and move it to other addresses.
 *
 * Link layers: Ethernet with up to two VLAN tags, Linux cooked v1 and v2, BSD loopback, raw IP.
 * The IP header checksum is made anew, as a gateway would refuse the packet otherwise (and hosts that
 * leave checksums to their card capture it wrong).  The TCP or UDP checksum is updated by the difference
 * (RFC 1624), so it is as right, or as wrong, as it was: that works for first fragments too, where the
 * rest of the data is elsewhere.
 * No IPv6, no MPLS, no PPPoE, no LLC/SNAP; ICMP quotes of packets keep the addresses they quote. */
#include "lab/traffic_capture.h"

#include <pcap/pcap.h>
#include <stddef.h>

#include "base/bytes.h"

#define ETHERTYPE_IPV4 0x0800
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

/* Bytes before the IPv4 packet; more than were captured where there is none. */
static uint32_t
link_skip(const struct link_layer *link, const uint8_t *frame, uint32_t captured)
{
	uint32_t at = link->header;

	if (captured < at)
		return UINT32_MAX;
	if (link->says == SAYS_IP)
		return 0;
	if (link->says == SAYS_FAMILY) {
		uint32_t family = load_be32(frame); /* AF_INET, in the byte order of whoever captured */
		return family == 2 || family == 0x02000000 ? at : UINT32_MAX;
	}
	uint16_t type = load_be16(frame + link->type_at);
	for (unsigned tags = 0; tags < TAGS_MAX && is_vlan_tag(type) && captured - at >= 4; tags++) {
		type = load_be16(frame + at + 2); /* after the tag control information */
		at += 4;
	}
	return type == ETHERTYPE_IPV4 ? at : UINT32_MAX;
}

static uint32_t
header_bytes(const uint8_t *ip)
{
	return (ip[0] & 15u) * 4;
}

const uint8_t *
capture_ipv4(int link_type, const uint8_t *frame, uint32_t captured, uint32_t *bytes)
{
	const struct link_layer *link = link_find(link_type);
	uint32_t skip = link ? link_skip(link, frame, captured) : UINT32_MAX;

	if (skip > captured || captured - skip < IPV4_HEADER)
		return NULL;
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

void
capture_key_get(const uint8_t *ip, uint32_t bytes, struct capture_key *key)
{
	uint32_t header = header_bytes(ip);

	*key = (struct capture_key){load_be32(ip + 12), load_be32(ip + 16), 0, 0, ip[9]};
	if ((ip[9] != PROTO_TCP && ip[9] != PROTO_UDP) || is_later_fragment(ip) || bytes < header + 4)
		return;
	key->sport = load_be16(ip + header);
	key->dport = load_be16(ip + header + 2);
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

/* The addresses are in the pseudo header of TCP and UDP (RFC 9293 §3.1, RFC 768). */
static void
transport_checksum_update(uint8_t *ip, uint32_t bytes, uint32_t src, uint32_t dst)
{
	bool udp = ip[9] == PROTO_UDP;
	uint32_t at = header_bytes(ip) + (udp ? 6 : 16);

	if ((!udp && ip[9] != PROTO_TCP) || is_later_fragment(ip) || bytes < at + 2)
		return;
	uint16_t check = load_be16(ip + at);
	if (udp && check == 0)
		return; /* the sender made none */
	check = checksum_adjust(check, load_be32(ip + 12), src);
	check = checksum_adjust(check, load_be32(ip + 16), dst);
	store_be16(ip + at, udp && check == 0 ? 0xffff : check);
}

void
capture_map(uint8_t *ip, uint32_t bytes, uint32_t src, uint32_t dst)
{
	transport_checksum_update(ip, bytes, src, dst);
	store_be32(ip + 12, src);
	store_be32(ip + 16, dst);
	if (ip[8] < TTL_LOW)
		ip[8] = TTL_NEW;
	header_checksum_set(ip);
}
