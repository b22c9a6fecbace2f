/* Identifications for packets that a gateway cuts or makes itself: counters that an outsider can neither
 * guess nor use to count packets of others.  RFC 7739 §5.3: a keyed hash of the two addresses, and a counter
 * that few pairs of addresses share.  Not of IPv4 packets that came with one of their own.  No EAL. */
#ifndef DATAPLANE_FRAG_IDENT_H
#define DATAPLANE_FRAG_IDENT_H

#include <stdint.h>

#include "base/ip.h"

#define FRAG_IDENT_COUNTERS 1024u /* a power of two */

struct frag_ident {
	uint64_t key[2];
	uint32_t next[FRAG_IDENT_COUNTERS];
};

/* Key and counters are drawn from stream "ident.NAME" of the seed. */
void frag_ident_init(struct frag_ident *ident, uint64_t seed, const char *name);
/* For the next packet from src to dst; IPv4 uses 16 bits of it. */
uint32_t frag_ident_take(struct frag_ident *ident, struct ip_addr src, struct ip_addr dst);

#endif
