/* The security policy database of one gateway: ordered rules, first match wins.  RFC 4301 §4.4.1.
 * Slow path only: the flow cache remembers its answers.  No EAL.  Written by control, read by the worker. */
#ifndef DATAPLANE_IPSEC_SPD_H
#define DATAPLANE_IPSEC_SPD_H

#include <stdint.h>

#include "config/cfg.h"

struct spd;

/* What selectors look at, host byte order.  Ports are 0 where the packet has none (not the first fragment, no
 * transport protocol with ports): then only rules with any port match (RFC 4301 §4.4.1.1 OPAQUE). */
struct selector {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto, dscp;
	uint8_t has_ports;
	uint8_t opaque; /* IPv6: the upper layer cannot be told, only rules with any proto match */
};

/* Reads the selectors of a packet whose header was checked. */
void selector_read(const uint8_t *ip, uint32_t len, struct selector *selector);

/* True where the packet is one of this policy's. */
int policy_matches(const struct cfg_policy *policy, const struct selector *selector);

/* The rules of a gateway, which are read in place and must live on; made anew where they have changed.
 * ERR_NOMEM. */
enum status spd_create(const struct cfg_gateway *gateway, struct spd **spd);
void spd_destroy(struct spd *spd); /* NULL is fine */

/* First rule of that direction that matches; NULL where none does. */
const struct cfg_policy *spd_find(
	const struct spd *spd, enum cfg_direction direction, const struct selector *selector);

/* The rule for a packet that came in the clear where tunnels end (RFC 4301 §5.2, 3b): the first in-rule that
 * matches, NULL where none does.  Where the gateway has no in-rules, the first out-rule that matches the
 * reverse of the packet, its DSCP as it is: an entry of the SPD is for both ways (RFC 4301 §4.4.1). */
const struct cfg_policy *spd_find_clear(const struct spd *spd, const struct selector *selector);
/* Are there in-rules? */
int spd_has_in(const struct spd *spd);

/* Inbound check (RFC 4301 §5.2 step 4): may a packet with these selectors have come in by this SA?  True
 * where the first matching in-rule is protect by SA sa_index; where the gateway has no in-rules, where the
 * reverse of an out-rule (source and destination swapped, DSCP left out) that protects to a partner of that
 * SA matches. sa_index: as rules name it, which is the AH of AH over ESP. */
int spd_inbound_allowed(const struct spd *spd, uint32_t sa_index, const struct selector *selector);

#endif
