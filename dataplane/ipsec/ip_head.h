/* Where an IP header ends and what follows it: IPv4 with options, IPv6 with extension headers.  RFC 791 §3.1,
 * RFC 8200 §4.1, RFC 4303 §3.1.1 (what stands before ESP in transport mode).
 *
 * Lengths come from the wire and are checked against len here.  No EAL. */
#ifndef DATAPLANE_IPSEC_IP_HEAD_H
#define DATAPLANE_IPSEC_IP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "dataplane/ipsec/ipv4.h"

/* Offsets in bytes. */
enum ipv6_field {
	IPV6_LENGTH = 4, /* of what follows the 40 bytes */
	IPV6_NEXT = 6,
	IPV6_HOPS = 7,
	IPV6_SRC = 8,
	IPV6_DST = 24,
	IPV6_MIN_BYTES = 40,
};

#define IP_NEXT_HOP_BY_HOP 0u
#define IP_NEXT_IPV6 41u
#define IP_NEXT_ROUTING 43u
#define IP_NEXT_FRAGMENT 44u
#define IP_NEXT_AH 51u
#define IP_NEXT_ICMP6 58u
#define IP_NEXT_DEST_OPTIONS 60u
#define IPV6_HEADERS_MAX 8u /* extension headers that ip6_upper_find() looks behind */

struct ip_head {
	uint16_t len;	  /* bytes of the header with those of its extensions that belong to it */
	uint16_t next_at; /* offset of the byte that names what follows */
	uint8_t next;	  /* that byte */
};

static inline bool
ip_is_v6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6;
}

/* Traffic class of IPv6: DSCP and ECN, as TOS of IPv4. */
static inline uint8_t
ipv6_class(const uint8_t *ip)
{
	return (uint8_t)(load_be16(ip) >> 4);
}

static inline void
ipv6_class_set(uint8_t *ip, uint8_t class)
{
	store_be16(ip, (uint16_t)((load_be16(ip) & 0xf00f) | class << 4));
}

/* DSCP and ECN of either family. */
static inline uint8_t
ip_tos(const uint8_t *ip)
{
	return ip_is_v6(ip) ? ipv6_class(ip) : ip[IPV4_TOS];
}

/* The whole header of a packet of len bytes: IPv6 with all hop-by-hop, routing and destination options
 * headers. False where it is longer than the packet. */
bool ip_head_all(const uint8_t *ip, uint32_t len, struct ip_head *head);
/* The part that stays in front of AH or ESP in transport mode: IPv6 destination options belong to it only
 * where a routing header follows them.  False where the header is broken, or the packet is a fragment. */
bool ip_head_stays(const uint8_t *ip, uint32_t len, struct ip_head *head);

/* The checksum of TCP, UDP or ICMPv6 over `bytes` from l4 on and the pseudo header of ip (RFC 9293 §3.1, RFC
 * 768, RFC 8200 §8.1), the checksum field being zero.  May be 0. */
uint16_t ip_transport_checksum(const uint8_t *ip, uint8_t proto, const uint8_t *l4, uint32_t bytes);

/* The checksum of `bytes` alone, as of ICMP (RFC 792); 0 where they have a right one in them. */
uint16_t ip_checksum(const uint8_t *p, uint32_t bytes);

static inline bool
ip_head_is_v4(const uint8_t *ip)
{
	return ip[0] >> 4 == 4;
}

static inline struct ip_addr
ip_head_src(const uint8_t *ip)
{
	return ip_head_is_v4(ip) ? ip_load4(ip + IPV4_SRC) : ip_load6(ip + IPV6_SRC);
}

static inline struct ip_addr
ip_head_dst(const uint8_t *ip)
{
	return ip_head_is_v4(ip) ? ip_load4(ip + IPV4_DST) : ip_load6(ip + IPV6_DST);
}

/* The fixed header is whole: enough to be described. */
static inline bool
ip_head_is_whole(const uint8_t *ip, uint32_t len)
{
	return (len >= IPV4_MIN_BYTES && ip_head_is_v4(ip)) || (len >= IPV6_MIN_BYTES && ip[0] >> 4 == 6);
}

/* TCP, UDP and SCTP have their ports at the same place. */
static inline bool
ip_proto_has_ports(uint8_t proto)
{
	return proto == IPV4_PROTO_TCP || proto == IPV4_PROTO_UDP || proto == IPV4_PROTO_SCTP;
}

/* What stands behind the extension headers. */
struct ip6_upper {
	uint32_t offset;
	uint8_t proto;
	bool fragment; /* a part of a packet, or said to be one */
	bool first;    /* the upper layer's header begins at offset: no fragment, or the first */
	bool known;    /* false: the chain is damaged or too long, proto is the header not read */
};

/* AH and ESP are upper layers (RFC 4301 §4.4.1.1).  In a later fragment proto is what its fragment header
 * says, as in IPv4. */
void ip6_upper_find(const uint8_t *ip, uint32_t len, struct ip6_upper *upper);

#endif
