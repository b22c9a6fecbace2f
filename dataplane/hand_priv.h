/* Inside of hand*.c. */
#ifndef DATAPLANE_HAND_PRIV_H
#define DATAPLANE_HAND_PRIV_H

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/hand.h"

#define HAND_PORTS_MAX 32u
#define HAND_BURST 64u
#define RING_ALIGN ((size_t)2 * RTE_CACHE_LINE_SIZE)

struct hand_team {
	unsigned n;	  /* workers in all */
	unsigned owners;  /* that own SAs: the first ones */
	unsigned process; /* which has the process path */
	uint8_t queues[HAND_PORTS_MAX];
	struct rte_ring *ring[HAND_WORKERS_MAX];
};

/* What waits for the end of the turn, or for more. */
struct hand_out {
	unsigned n;
	void *pkts[HAND_BURST];
};

struct hand {
	struct hand_team *team;
	unsigned self;
	struct hand_out out[HAND_WORKERS_MAX];
};

#endif
