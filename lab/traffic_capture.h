/* Frames of a capture: where the IP packet lies, which flow it is of, and how it is moved to other
 * addresses. Pure functions over bytes; private to lab/traffic_pcap.c and its tests. */
#ifndef LAB_TRAFFIC_CAPTURE_H
#define LAB_TRAFFIC_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

/* The 5-tuple, host byte order; ports are 0 where there are none (other protocols, later fragments). */
struct capture_key {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

/* The IPv4 packet in `frame`, or with v6 the IPv6 packet (`captured` bytes of the frame are there), its total
 * length in *bytes.  NULL where it is something else, broken, or not captured whole. */
const uint8_t *
capture_ip(int link_type, bool v6, const uint8_t *frame, uint32_t captured, uint32_t *bytes);
/* `ip` is a packet that capture_ip() found. */
void
capture_key_get(const uint8_t *ip, uint32_t bytes, struct capture_key *key);
/* Give the packet new addresses of its family, and TTL or hop limit 64 where it had less than 8; checksums
 * follow. */
void
capture_map(uint8_t *ip, uint32_t bytes, struct ip_addr src, struct ip_addr dst);

#endif
