/* AH and ESP in an IP packet of either family, of which perhaps not all was captured. */
#ifndef CAPTURE_IP_FIND_H
#define CAPTURE_IP_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "capture/kind.h"

#define IP_FIND_PORTS 8u

/* UDP ports that carry ESP (RFC 3948: 4500). */
struct ip_ports {
	uint16_t port[IP_FIND_PORTS];
	unsigned n;
};

struct ip_found {
	struct ip_addr src, dst;
	bool v6, natt;
	uint8_t proto;	  /* what follows the IP header and its extensions; with natt ESP */
	uint32_t head;	  /* bytes of the IP header with its extensions */
	uint32_t next_at; /* offset of the byte that names what follows it */
	uint32_t at;	  /* offset of AH or ESP: head, and 8 more with natt */
	uint32_t len;	  /* of the packet as its header says it */
	uint32_t spi, seq;
};

/* CAPTURE_OPENED: AH or ESP, captured whole, with a SPI and a number.  Else why not; src, dst, head, proto
 * and len are valid for all but CAPTURE_NO_IP; spi too for CAPTURE_TRUNCATED where its bytes are there, else
 * it is 0. */
enum capture_kind ip_find(
	const uint8_t *ip, uint32_t captured, const struct ip_ports *ports, struct ip_found *found);

#endif
