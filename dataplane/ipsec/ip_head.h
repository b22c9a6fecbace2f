/* The head of a packet of either family: where its fields stand, and the upper layer of IPv6.  RFC 791 §3.1,
 * RFC 8200 §3, §4.
 *
 * Works on bytes in place, at any alignment.  But for ip6_upper_find() nothing here checks lengths: the
 * caller knows that the fixed header is there, 20 bytes or 40.  No EAL. */
#ifndef DATAPLANE_IPSEC_IP_HEAD_H
#define DATAPLANE_IPSEC_IP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "dataplane/ipsec/ipv4.h"

/* Offsets in bytes. */
enum ip6_field {
	IP6_LENGTH = 4, /* of what follows the fixed header */
	IP6_NEXT = 6,
	IP6_HOPS = 7,
	IP6_SRC = 8,
	IP6_DST = 24,
	IP6_BYTES = 40, /* the fixed header */
};

#define IP_PROTO_HOP_BY_HOP 0u
#define IP_PROTO_ROUTING 43u
#define IP_PROTO_FRAGMENT 44u
#define IP_PROTO_AH 51u
#define IP_PROTO_DESTINATION 60u
#define IP_PROTO_ICMP6 58u
#define IP6_HEADERS_MAX 8u /* extension headers that are looked behind */

static inline bool
ip_head_is_v4(const uint8_t *ip)
{
	return ip[0] >> 4 == 4;
}

/* DSCP and ECN. */
static inline uint8_t
ip_head_tos(const uint8_t *ip)
{
	return ip_head_is_v4(ip) ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
}

static inline struct ip_addr
ip_head_src(const uint8_t *ip)
{
	return ip_head_is_v4(ip) ? ip_load4(ip + IPV4_SRC) : ip_load6(ip + IP6_SRC);
}

static inline struct ip_addr
ip_head_dst(const uint8_t *ip)
{
	return ip_head_is_v4(ip) ? ip_load4(ip + IPV4_DST) : ip_load6(ip + IP6_DST);
}

/* The fixed header is whole: enough to be described. */
static inline bool
ip_head_is_whole(const uint8_t *ip, uint32_t len)
{
	return (len >= IPV4_MIN_BYTES && ip_head_is_v4(ip)) || (len >= IP6_BYTES && ip[0] >> 4 == 6);
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
