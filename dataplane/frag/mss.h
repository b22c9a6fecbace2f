/* MSS clamping (IOS "ip tcp adjust-mss"): the MSS option of a SYN or SYN-ACK that passes is lowered, so that
 * both ends of a connection send segments that fit once protected.  RFC 9293 §3.2 (options), §3.7.1.
 *
 * A SYN without the option is left alone: its sender means 536 over IPv4 and 1220 over IPv6 (RFC 9293
 * §3.7.1), and there is no room for one.  So is one whose option list is damaged.  Bytes in place; no EAL. */
#ifndef DATAPLANE_FRAG_MSS_H
#define DATAPLANE_FRAG_MSS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/ipsec/ip_head.h"

#define MSS_TCP_FLAGS 13u /* offset in the TCP header */
#define MSS_TCP_SYN 0x02u
#define MSS_OPTIONS_MAX 10u /* that fit into a TCP header */

/* Where MSS options stand in a packet of len bytes whose IP header was checked: a SYN, whole or the first
 * fragment, with its TCP header whole and options in order. */
struct mss_places {
	uint32_t tcp;		      /* offset of the TCP header */
	uint32_t n;		      /* options, more than one if somebody is playful; 0: nothing to clamp */
	uint32_t at[MSS_OPTIONS_MAX]; /* offset of the value of each */
};

void mss_find(const uint8_t *ip, uint32_t len, struct mss_places *places);

/* Lowers what is larger than mss, with the checksum (RFC 1624); never raises.  True where it did. */
bool mss_clamp(uint8_t *ip, uint32_t len, uint32_t mss);

/* Cheap: false where a TCP packet is certainly no SYN; others are for mss_clamp().  Later fragments may look
 * like one. */
static inline bool
mss_may_be_syn(const uint8_t *ip, uint32_t len, const bool v4)
{
	uint32_t flags = (v4 ? ipv4_header_len(ip) : (uint32_t)IPV6_MIN_BYTES) + MSS_TCP_FLAGS;

	if (!v4 && ip[IPV6_NEXT] != IPV4_PROTO_TCP)
		return true; /* extension headers */
	return len > flags && ip[flags] & MSS_TCP_SYN;
}

#endif
