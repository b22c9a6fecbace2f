/* Neighbour discovery of IPv6 over Ethernet (RFC 4861 §4.3, §4.4, §7): solicitations and advertisements,
 * bytes in, bytes out.  Routers, prefixes and redirects are not spoken of: routes are static. */
#ifndef LIVE_ND_H
#define LIVE_ND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "config/cfg.h"

#define ND_FRAME_BYTES 86u /* Ethernet, IPv6, ICMPv6 with one link-layer address option */

enum nd_kind {
	ND_NONE, /* another packet */
	ND_BAD,	 /* it says that it is, and is not (RFC 4861 §7.1): not to be looked at further */
	ND_SOLICIT,
	ND_ADVERT,
};

struct nd_message {
	struct ip_addr src, dst; /* src "::": somebody looks whether the address is free (RFC 4862 §5.4) */
	struct ip_addr target;
	bool has_mac;
	struct cfg_mac mac;	  /* of the source, or of the target of an advertisement */
	bool solicited, override; /* advertisements */
};

/* An IPv6 packet of len bytes from its header on. */
enum nd_kind nd_read(const uint8_t *ip, uint32_t len, struct nd_message *message);

/* Whole frames of ND_FRAME_BYTES.  The question goes to the target's solicited-node group. */
void nd_write_solicit(
	uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own, struct ip_addr target);
/* The answer to a question from `to`; "::": to everybody. */
void nd_write_advert(uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own,
	const struct cfg_mac *to_mac, struct ip_addr to);

#endif
