/* What a live port counts besides its gateway.  Frames are what the device gave and took; packets what went
 * to and came from the dp.
 *
 * rx = to_dp + consumed + sum of rx_drops;  from_dp + created = tx + held + sum of tx_drops. */
#ifndef LIVE_PORT_STATS_H
#define LIVE_PORT_STATS_H

#include <stdint.h>

#include "dataplane/drop.h"

struct port_stats {
	uint64_t rx, rx_bytes; /* frames, bytes with Ethernet header and without FCS */
	uint64_t to_dp;
	uint64_t consumed; /* ARP and neighbour discovery */
	uint64_t from_dp;
	uint64_t created; /* ARP and neighbour discovery */
	uint64_t held;	  /* wait for their next hop's MAC; now, not a count */
	uint64_t tx, tx_bytes;
	uint64_t rx_drops[DROP_COUNT], tx_drops[DROP_COUNT];
};

#endif
