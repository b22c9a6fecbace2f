/* Frames of a capture: find the packet below the link layer (base/link_layer.h), and move it to other
 * addresses.
 *
 * The IPv4 header checksum is made anew, as a gateway would refuse the packet otherwise (and hosts that leave
 * checksums to their card capture it wrong).  The TCP or UDP checksum is updated by the difference (RFC
 * 1624), so it is as right, or as wrong, as it was: that works for first fragments too, where the rest of
 * the data is elsewhere. ICMPv6 has a checksum over the addresses too (RFC 4443 §2.3).  A routing header,
 * whose last address stands in the pseudo header, keeps its addresses. ICMP quotes of packets keep the
 * addresses they quote. */
#include "lab/traffic_capture.h"

#include "base/bytes.h"
#include "base/link_layer.h"
#include "dataplane/ipsec/ip_head.h"

#define TTL_LOW 8 /* below this it might not live through a laboratory */
#define TTL_NEW 64

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
	uint32_t skip = link_layer_bytes(link_type, v6 ? LINK_IPV6 : LINK_IPV4, frame, captured);

	if (skip > captured || captured - skip < IPV4_MIN_BYTES)
		return NULL;
	if (v6)
		return whole_ip6(frame + skip, captured - skip, bytes);
	const uint8_t *ip = frame + skip;
	uint32_t total = load_be16(ip + IPV4_LENGTH);
	if (ip[0] >> 4 != 4 || ipv4_header_len(ip) < IPV4_MIN_BYTES || total < ipv4_header_len(ip) ||
		total > captured - skip)
		return NULL;
	*bytes = total; /* what follows is padding of the frame */
	return ip;
}

/* Protocol and place of the transport header; false where it is not in this packet. */
static bool
transport_find(const uint8_t *ip, uint32_t bytes, uint8_t *proto, uint32_t *at)
{
	struct ip6_upper upper;

	if (ip_head_is_v4(ip)) {
		*proto = ip[IPV4_PROTO];
		*at = ipv4_header_len(ip);
		return (load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) == 0;
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
	if ((key->proto != IPV4_PROTO_TCP && key->proto != IPV4_PROTO_UDP) || !there || bytes < at + 4)
		return;
	key->sport = load_be16(ip + at);
	key->dport = load_be16(ip + at + 2);
}

/* RFC 1624, equation 3, for one 32-bit value: HC' = ~(~HC + ~m + m'). */
static uint16_t
checksum_adjust(uint16_t check, uint32_t from, uint32_t to)
{
	uint32_t sum = (uint16_t)~check;

	sum += (~from >> 16) + (~from & 0xffff);
	sum += (to >> 16) + (to & 0xffff);
	return (uint16_t)~ipv4_fold(sum);
}

/* Both addresses of a packet, from those that it has. */
static uint16_t
checksum_move(uint16_t check, const uint8_t *ip, struct ip_addr src, struct ip_addr dst)
{
	uint8_t to[32];

	if (ip_head_is_v4(ip)) {
		check = checksum_adjust(check, load_be32(ip + IPV4_SRC), ip_v4_of(src));
		return checksum_adjust(check, load_be32(ip + IPV4_DST), ip_v4_of(dst));
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
	if (proto == IPV4_PROTO_TCP)
		at += 16;
	else if (proto == IPV4_PROTO_UDP)
		at += 6;
	else if (proto == IP_NEXT_ICMP6 && !ip_head_is_v4(ip))
		at += 2;
	else
		return;
	if (bytes < at + 2)
		return;
	check = load_be16(ip + at);
	if (proto == IPV4_PROTO_UDP && check == 0)
		return; /* the sender made none */
	check = checksum_move(check, ip, src, dst);
	store_be16(ip + at, proto == IPV4_PROTO_UDP && check == 0 ? 0xffff : check);
}

void
capture_map(uint8_t *ip, uint32_t bytes, struct ip_addr src, struct ip_addr dst)
{
	bool v4 = ip_head_is_v4(ip);
	uint8_t *ttl = ip + (v4 ? (unsigned)IPV4_TTL : (unsigned)IPV6_HOPS);

	transport_checksum_update(ip, bytes, src, dst);
	if (*ttl < TTL_LOW)
		*ttl = TTL_NEW;
	if (!v4) {
		ip_store6(ip + IPV6_SRC, src);
		ip_store6(ip + IPV6_DST, dst);
		return;
	}
	ip_store4(ip + IPV4_SRC, src);
	ip_store4(ip + IPV4_DST, dst);
	ipv4_checksum_set(ip, ipv4_header_len(ip));
}
