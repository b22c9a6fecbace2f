/* A port of a gateway: where packets come from and go to.  In a laboratory it is the end of a link, live it
 * is a DPDK port.  Data of a packet starts at its IP header.  One thread a port. */
#ifndef DATAPLANE_PORT_PORT_H
#define DATAPLANE_PORT_PORT_H

#include <stdint.h>

#include "config/cfg.h"

struct rte_mbuf;
struct port;

struct port_ops {
	/* At most max packets that have arrived by now; pkt->time_ns is the arrival. */
	unsigned (*rx)(struct port *port, struct rte_mbuf **pkts, unsigned max, uint64_t now);
	/* Takes all n; pkt->time_ns says when each starts; drops of the medium are the medium's to count. */
	void (*tx)(struct port *port, struct rte_mbuf **pkts, unsigned n);
	/* Next arrival, TIME_NEVER where none is known. */
	uint64_t (*next_due)(const struct port *port);
};

struct port {
	const struct port_ops *ops;
	uint64_t rate;	    /* bit/s, 0: infinitely fast */
	uint32_t overhead;  /* layer-2 bytes a packet */
	uint64_t peer_poll; /* ns: how often the other side looks; 0: no more often than this one */
	const struct cfg_gateway
		*gateway; /* whose routes count since they were changed; NULL: as it was made */
};

#endif
