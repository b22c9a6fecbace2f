/* What an ICMP error message tells a host: about which packet of its own (RFC 792, RFC 4443 §2.4). */
#ifndef LAB_ICMP_QUOTE_H
#define LAB_ICMP_QUOTE_H

#include <stdbool.h>
#include <stdint.h>

#define ICMP_HEAD_BYTES 8u

struct icmp_quote {
	uint8_t type, code;
	bool too_big;		/* "fragmentation needed" (RFC 1191 §4), "packet too big" (RFC 4443 §3.2) */
	uint32_t mtu;		/* with too_big */
	uint8_t proto;		/* of the packet that it is about */
	const uint8_t *ip, *l4; /* that packet, and 8 bytes at least behind its headers */
};

/* False where it is no error message, or quotes too little.  Its checksum is not looked at. */
bool icmp_quote_read(const uint8_t *ip, uint32_t bytes, struct icmp_quote *quote);

#endif
