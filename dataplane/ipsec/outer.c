/* What stands before ESP or AH on the way out, but for the plain IPv4 tunnel: IPv6 tunnels, NAT-T, and the
 * packet's own header in transport mode.  RFC 4301 §5.1.2 (how outer headers are made), RFC 3948 §2.1, RFC
 * 4303 §3.1.1.
 *
 * Does not encrypt, and knows no buffers. */
#include <string.h>

#include "dataplane/ipsec/ipsec_priv.h"

#define KEEPALIVE 0xff

/* Identification, length and checksum of an IPv4 header that has all else. */
static void
v4_complete(uint8_t *ip, uint32_t head_len, uint32_t total)
{
	store_be16(ip + IPV4_LENGTH, (uint16_t)total);
	ipv4_checksum_set(ip, head_len);
}

/* DSCP, ECN and DF of the inner packet, whatever its family.  An IPv6 packet may not be fragmented by
 * routers, so it counts as one with DF (RFC 8200 §5). */
static uint16_t
inner_df(const struct sa *sa, const uint8_t *inner)
{
	if (sa->df != CFG_DF_COPY)
		return 0; /* the template's */
	return ip_is_v6(inner) ? IPV4_DF : load_be16(inner + IPV4_FRAGMENT) & IPV4_DF;
}

static void
v4_write(struct sa *sa, uint8_t *packet, const uint8_t *inner, uint32_t total)
{
	uint8_t tos = ip_tos(inner) & (sa->copy_dscp ? 0xffu : IPV4_ECN_MASK);
	uint16_t df = inner_df(sa, inner);

	memcpy(packet, sa->outer, IPV4_MIN_BYTES);
	packet[IPV4_TOS] |= tos;
	store_be16(packet + IPV4_ID, sa->ip_id++);
	store_be16(packet + IPV4_FRAGMENT, load_be16(packet + IPV4_FRAGMENT) | df);
	v4_complete(packet, IPV4_MIN_BYTES, total);
}

static void
v6_write(const struct sa *sa, uint8_t *packet, const uint8_t *inner, uint32_t total)
{
	uint8_t class = ip_tos(inner) & (sa->copy_dscp ? 0xffu : IPV4_ECN_MASK);

	memcpy(packet, sa->outer, IPV6_MIN_BYTES);
	ipv6_class_set(packet, ipv6_class(packet) | class);
	store_be16(packet + IPV6_LENGTH, (uint16_t)(total - IPV6_MIN_BYTES));
}

/* RFC 3948 §2.1: a checksum of zero; over IPv6 outer_udp_checksum() comes after the encryption. */
static void
udp_write(uint8_t *udp, uint32_t bytes)
{
	store_be16(udp, IPSEC_UDP_PORT);
	store_be16(udp + 2, IPSEC_UDP_PORT);
	store_be16(udp + 4, (uint16_t)bytes);
	store_be16(udp + 6, 0);
}

static uint8_t
tunnel_write(struct sa *sa, uint8_t *packet, uint32_t total, uint32_t *stay)
{
	const uint8_t *inner = packet + sa->size.front;
	bool v6 = ip_is_v6(inner);

	if (ip_is_v6(sa->outer))
		v6_write(sa, packet, inner, total);
	else
		v4_write(sa, packet, inner, total);
	if (sa->natt)
		udp_write(packet + sa->outer_len - IPSEC_UDP_BYTES, total - sa->outer_len + IPSEC_UDP_BYTES);
	*stay = sa->outer_len;
	return v6 ? IP_NEXT_IPV6 : IPV4_PROTO_IPV4;
}

/* The header moves to the front, and names us in place of what it named. */
static uint8_t
transport_write(struct sa *sa, uint8_t *packet, uint32_t total, uint32_t *stay)
{
	struct ip_head head = {0, 0, 0};
	uint8_t *inner = packet + sa->size.front;

	ip_head_stays(inner, total, &head); /* ipsec_behind() has seen that it can be read */
	memmove(packet, inner, head.len);
	packet[head.next_at] = sa->natt ? IPV4_PROTO_UDP : (uint8_t)sa->transform.proto;
	if (ip_is_v6(packet))
		store_be16(packet + IPV6_LENGTH, (uint16_t)(total - IPV6_MIN_BYTES));
	else
		v4_complete(packet, head.len, total);
	*stay = head.len;
	if (sa->natt) {
		udp_write(packet + head.len, total - head.len);
		*stay += IPSEC_UDP_BYTES;
	}
	return head.next;
}

uint8_t
outer_write(struct sa *sa, uint8_t *packet, uint32_t total, uint32_t *stay)
{
	if (sa->head == SA_HEAD_TRANSPORT)
		return transport_write(sa, packet, total, stay);
	return tunnel_write(sa, packet, total, stay);
}

void
outer_udp_checksum(uint8_t *packet, uint32_t len, uint32_t udp_at)
{
	uint8_t *udp = packet + udp_at;
	uint32_t bytes = len - udp_at;
	uint16_t sum;

	store_be16(udp + 6, 0);
	sum = ip_transport_checksum(packet, IPV4_PROTO_UDP, udp, bytes);
	store_be16(udp + 6, sum ? sum : 0xffff);
}

uint32_t
ipsec_keepalive_write(struct sa *sa, uint8_t *packet)
{
	uint32_t total = sa->outer_len + 1u, udp_at = sa->outer_len - IPSEC_UDP_BYTES;

	memcpy(packet, sa->outer, udp_at);
	packet[sa->outer_len] = KEEPALIVE;
	udp_write(packet + udp_at, IPSEC_UDP_BYTES + 1);
	if (ip_is_v6(packet)) {
		store_be16(packet + IPV6_LENGTH, IPSEC_UDP_BYTES + 1);
		outer_udp_checksum(packet, total, udp_at);
	} else {
		store_be16(packet + IPV4_ID, sa->ip_id++);
		v4_complete(packet, IPV4_MIN_BYTES, total);
	}
	return total;
}
