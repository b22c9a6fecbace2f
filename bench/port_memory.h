/* A port in memory: hands out packets that were prepared, and keeps what the gateway sends.  No wire, no time
 * of its own.  One thread. */
#ifndef BENCH_PORT_MEMORY_H
#define BENCH_PORT_MEMORY_H

#include "dataplane/port/port.h"

struct port_memory {
	struct port port;
	struct rte_mbuf *const *in; /* the caller's, with what is still to be handed out from `at` to n_in */
	unsigned at, n_in;
	unsigned burst;	       /* packets at most that it hands out at once */
	struct rte_mbuf **out; /* the caller's, with room for all that can be sent */
	unsigned n_out;
};

void port_memory_init(struct port_memory *port, unsigned burst, uint64_t rate, struct rte_mbuf **out);

/* More of `in` can be had: up to the n-th. */
static inline void
port_memory_feed(struct port_memory *port, struct rte_mbuf *const *in, unsigned at, unsigned n)
{
	port->in = in;
	port->at = at;
	port->n_in = n;
}

#endif
