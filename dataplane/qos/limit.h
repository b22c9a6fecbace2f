/* How much may wait in a queue: so many packets or so many bytes of IP, as configured, exactly. */
#ifndef DATAPLANE_QOS_LIMIT_H
#define DATAPLANE_QOS_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

#define LIMIT_PACKETS_MAX (UINT32_C(1) << 24) /* in a queue limited in packets */
#define LIMIT_BYTES_PACKETS 65536	      /* in a queue limited in bytes, whatever the bytes say */
#define LIMIT_PACKET_MIN 20		      /* bytes: an IPv4 header */

struct limit {
	uint64_t packets; /* also the room that the queue needs */
	uint64_t bytes;
};

static inline enum status
limit_init(struct limit *limit, uint32_t value, enum cfg_unit unit)
{
	if (unit == CFG_UNIT_PACKETS) {
		*limit = (struct limit){value, UINT64_MAX};
		return value > LIMIT_PACKETS_MAX ? ST_ERR_RANGE : ST_OK;
	}
	*limit = (struct limit){value / LIMIT_PACKET_MIN + 1, value};
	if (limit->packets > LIMIT_BYTES_PACKETS)
		limit->packets = LIMIT_BYTES_PACKETS;
	return ST_OK;
}

/* May a packet of `more` bytes wait behind these? */
static inline bool
limit_admits(const struct limit *limit, uint64_t packets, uint64_t bytes, uint32_t more)
{
	return packets < limit->packets && bytes + more <= limit->bytes;
}

#endif
