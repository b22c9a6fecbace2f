/* Ethernet as a live port has it: no tags, no trailers.  Offsets and sizes in bytes. */
#ifndef LIVE_ETHER_H
#define LIVE_ETHER_H

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "config/cfg.h"

enum ether_field {
	ETHER_DST = 0,
	ETHER_SRC = 6,
	ETHER_TYPE = 12,
	ETHER_BYTES = 14,
};

#define ETHER_IPV4 0x0800u
#define ETHER_ARP 0x0806u
#define ETHER_IPV6 0x86ddu

static inline void
ether_write(uint8_t *frame, const struct cfg_mac *dst, const struct cfg_mac *src, uint16_t type)
{
	memcpy(frame + ETHER_DST, dst, sizeof(*dst));
	memcpy(frame + ETHER_SRC, src, sizeof(*src));
	store_be16(frame + ETHER_TYPE, type);
}

static inline struct cfg_mac
ether_mac(const uint8_t *p)
{
	struct cfg_mac mac;

	memcpy(&mac, p, sizeof(mac));
	return mac;
}

#endif
