/* ICMP about fragments: "fragmentation needed" (RFC 792, RFC 1191 §4) and "packet too big" (RFC 4443 §3.2)
 * of a packet that cannot go on, "fragment reassembly time exceeded" (RFC 792, RFC 4443 §3.3) of one that did
 * not come whole; written, and read where one comes about a packet of ours.  Bytes in, bytes out; no EAL. */
#ifndef DATAPLANE_FRAG_ICMP_H
#define DATAPLANE_FRAG_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

#define FRAG_ICMP4_MAX 576u  /* RFC 1812 §4.3.2.3 */
#define FRAG_ICMP6_MAX 1280u /* RFC 4443 §2.4 (c) */

enum frag_icmp { FRAG_ICMP_TOO_BIG, FRAG_ICMP_LATE };

/* Writes the message to the source of the packet at ip (len bytes, whole header), sent by `from`, of the same
 * family, with the MTU (0 with LATE); returns its length, at most FRAG_ICMP6_MAX.  0 where there must be
 * none: about ICMP errors, later fragments (IPv6: with LATE only), and packets of no single sender or to no
 * single receiver (RFC 1122 §3.2.2, RFC 4443 §2.4 (e), which excepts "too big" to a group). */
uint32_t frag_icmp_write(enum frag_icmp what, const uint8_t *ip, uint32_t len, struct ip_addr from,
	uint32_t mtu, uint16_t id, uint8_t *out);

/* What such a message says of an IPsec packet. */
struct frag_report {
	enum frag_icmp what;
	uint32_t mtu; /* 0 with LATE */
	struct ip_addr src, dst; /* of the packet that was too big */
	uint32_t bytes;		 /* of it */
	uint8_t proto;		 /* ALG_ESP or ALG_AH */
	uint32_t spi, seq;
};

/* Is this an ICMP message of that kind?  The IP header was checked. */
bool frag_icmp_is(const uint8_t *ip, uint32_t len);
/* False where it is damaged, says "too big" of a packet that could have been cut, or is too short to name SPI
 * and sequence number.  An MTU of 0 (before RFC 1191) becomes the next plateau below the packet (§7.1). */
bool frag_icmp_read(const uint8_t *ip, uint32_t len, struct frag_report *report);

#endif
