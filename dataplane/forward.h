/* The slow answer to "what becomes of this packet": policy and route.  The flow cache remembers it.  No EAL.
 */
#ifndef DATAPLANE_FORWARD_H
#define DATAPLANE_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "config/cfg.h"
#include "dataplane/flow_cache.h"
#include "dataplane/ipsec/ip_head.h"

struct dp;
struct sa;
struct worker;

/* One hop (RFC 1812 §5.3.1): decrements TTL and mends the checksum; false where the packet must not go on. */
static inline int
forward_ttl(uint8_t *ip)
{
	uint16_t sum;

	if (ip[IPV4_TTL] <= 1)
		return 0;
	ip[IPV4_TTL]--;
	/* RFC 1624 with m - m' = 0x0100, which the machine, having the bytes the other way round, reads as 1:
	 * the checksum grows by as much, and 0xfeff becomes 0, not 0xffff */
	memcpy(&sum, ip + IPV4_CHECKSUM, sizeof(sum));
	sum = (uint16_t)(sum + 1 + (sum >= 0xfffe));
	memcpy(ip + IPV4_CHECKSUM, &sum, sizeof(sum));
	return 1;
}

/* The same for IPv6, which has a hop limit and no checksum (RFC 8200 §3). */
static inline int
forward_hops(uint8_t *ip)
{
	if (ip[IPV6_HOPS] <= 1)
		return 0;
	ip[IPV6_HOPS]--;
	return 1;
}

/* What becomes of a packet that the flow cache does not know, and from now on does: one in the clear from a
 * port (sa_in NULL), or the inner packet that came in by an SA.  in: as in its key. */
const struct flow_entry *forward_learn(
	struct worker *worker, const struct sa *sa_in, uint32_t in, const uint8_t *ip, uint32_t len);
/* For a packet in the clear from a port: outbound policy, then route.  RFC 4301 §5.1. */
void forward_resolve_out(const struct dp *dp, const uint8_t *ip, uint32_t len, struct flow_entry *entry);
/* For one in the clear from a port where tunnels end: inbound policy, then as for what came by an SA.  RFC
 * 4301 §5.2, 3b.  A gateway without policies protects nothing. */
void forward_resolve_outside(const struct dp *dp, const uint8_t *ip, uint32_t len, struct flow_entry *entry);
/* For the inner packet that came in by SA sa_index: inbound policy, then route.  RFC 4301 §5.2. */
void forward_resolve_in(
	const struct dp *dp, uint32_t sa_index, const uint8_t *ip, uint32_t len, struct flow_entry *entry);
/* For a packet that the gateway makes itself and a policy may want protected: on the protected side it goes
 * in the clear, as what was decrypted does. */
void forward_resolve_own(const struct dp *dp, const uint8_t *ip, uint32_t len, struct flow_entry *entry);
/* Largest packet on the wire that may leave by this port, protected by sa or in the clear (NULL). */
uint32_t forward_mtu(const struct dp *dp, uint32_t port, const struct sa *sa);
/* Does any tunnel end at this port, or any SA lead through it?  Then what lies behind it is the unprotected
 * side. */
bool forward_unprotected(const struct cfg_gateway *cfg, uint32_t port);
/* Index of the egress port to dst by longest prefix, connected networks first; CFG_NONE where there is none.
 */
uint32_t forward_route(const struct cfg_gateway *cfg, struct ip_addr dst);

#endif
