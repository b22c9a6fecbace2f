/* What comes out of ESP or AH: a whole packet in tunnel mode, the rest of one in transport mode.
 * RFC 4301 §5.2, RFC 6040 §4.2 (ECN), RFC 3948 §3.1.2 (checksums behind a NAT), RFC 1812 §5.2.2, RFC 8200 §3.
 *
 * Nothing here trusts a length that came from the wire. */
#include <string.h>

#include "dataplane/ipsec/ecn.h"
#include "dataplane/ipsec/ipsec_priv.h"

/* Version, header length, total length and checksum of what stands in `room` bytes.  Returns the total
 * length, 0 where this is no good packet. */
static inline uint32_t
v4_check(const uint8_t *ip, uint32_t room)
{
	uint32_t header_len, total;

	if (room < IPV4_MIN_BYTES)
		return 0;
	header_len = ipv4_header_len(ip);
	total = load_be16(ip + IPV4_LENGTH);
	if (ip[0] >> 4 != 4 || header_len < IPV4_MIN_BYTES || total < header_len || total > room)
		return 0;
	return ipv4_checksum_ok(ip, header_len) ? total : 0;
}

static uint32_t
v6_check(const uint8_t *ip, uint32_t room)
{
	uint32_t total;

	if (room < IPV6_MIN_BYTES || !ip_is_v6(ip))
		return 0;
	total = IPV6_MIN_BYTES + load_be16(ip + IPV6_LENGTH);
	return total > room ? 0 : total;
}

/* RFC 6040 §4.2, where the fields differ: equal ones stay what they are. */
static enum drop
ecn_combine(uint8_t outer_tos, uint8_t *inner)
{
	uint8_t before = ip_tos(inner) & IPV4_ECN_MASK, after = ecn_decap[before][outer_tos & IPV4_ECN_MASK];
	uint16_t word = load_be16(inner); /* version, IHL, TOS */

	if (after == before)
		return DROP_NONE;
	if (after == ECN_DROP)
		return DROP_ECN;
	if (ip_is_v6(inner)) {
		ipv6_class_set(inner, (uint8_t)(ipv6_class(inner) ^ before ^ after));
		return DROP_NONE;
	}
	inner[IPV4_TOS] = (uint8_t)(inner[IPV4_TOS] ^ before ^ after);
	ipv4_checksum_update(inner, word, load_be16(inner));
	return DROP_NONE;
}

enum drop
inner_tunnel(const uint8_t *packet, uint8_t *inner, uint32_t room, uint8_t next, uint32_t *total)
{
	uint8_t outer_tos = ip_tos(packet), tos;

	if (next == IPV4_PROTO_IPV4) {
		*total = v4_check(inner, room);
		if (!*total)
			return DROP_IP_HEADER;
		tos = inner[IPV4_TOS];
	} else if (next == IP_NEXT_IPV6) {
		*total = v6_check(inner, room);
		if (!*total)
			return DROP_IP_HEADER;
		tos = ipv6_class(inner);
	} else {
		return DROP_NEXT_HEADER;
	}
	return (outer_tos ^ tos) & IPV4_ECN_MASK ? ecn_combine(outer_tos, inner) : DROP_NONE;
}

/* The bytes at l4 that the checksum is over: UDP says them itself, and TFC padding may follow (RFC 4303
 * §2.7).  0 where there is no checksum, or the header is broken. */
static uint32_t
checksum_bytes(const uint8_t *l4, uint32_t bytes, bool udp)
{
	uint32_t said;

	if (!udp)
		return bytes < 20 ? 0 : bytes;
	if (bytes < IPSEC_UDP_BYTES || !load_be16(l4 + 6))
		return 0;
	said = load_be16(l4 + 4);
	return said < IPSEC_UDP_BYTES || said > bytes ? 0 : said;
}

/* A NAT changed addresses that TCP and UDP have summed up; what the peer had for addresses is not known
 * without IKE, so the checksum is made anew (RFC 3948 §3.1.2, third way).  The ICV has proved the rest. */
static void
checksum_renew(uint8_t *ip, uint32_t len)
{
	struct ip_head head;
	uint32_t bytes;
	uint16_t sum;
	uint8_t *l4;
	bool udp;

	if (!ip_head_all(ip, len, &head)) /* options may have been inside */
		return;
	udp = head.next == IPV4_PROTO_UDP;
	if (!udp && head.next != IPV4_PROTO_TCP)
		return;
	l4 = ip + head.len;
	bytes = checksum_bytes(l4, len - head.len, udp);
	if (!bytes)
		return;
	store_be16(l4 + (udp ? 6 : 16), 0);
	sum = ip_transport_checksum(ip, head.next, l4, bytes);
	store_be16(l4 + (udp ? 6 : 16), udp && !sum ? 0xffff : sum);
}

enum drop
inner_transport(const struct sa *sa, uint8_t *packet, uint32_t at, uint32_t text, uint32_t text_len,
	uint8_t next, struct ipsec_inner *inner)
{
	uint32_t head_len = at - (sa->natt ? IPSEC_UDP_BYTES : 0), len = head_len + text_len;
	uint8_t *ip = packet + text - head_len;
	struct ip_head head;

	if (!ip_head_all(packet, at, &head) || head.len != head_len)
		return DROP_IP_HEADER;
	memmove(ip, packet, head_len);
	ip[head.next_at] = next;
	if (ip_is_v6(ip)) {
		store_be16(ip + IPV6_LENGTH, (uint16_t)(len - IPV6_MIN_BYTES));
	} else {
		store_be16(ip + IPV4_LENGTH, (uint16_t)len);
		ipv4_checksum_set(ip, head_len);
	}
	if (sa->natt)
		checksum_renew(ip, len);
	*inner = (struct ipsec_inner){text - head_len, len};
	return DROP_NONE;
}
