/* A port in memory: see port_memory.h.  It touches of a packet what the contract of ports says, the time of
 * its arrival. */
#include "bench/port_memory.h"

#include <string.h>

#include "base/clock.h"
#include "dataplane/pkt.h"

static unsigned
memory_rx(struct port *port, struct rte_mbuf **pkts, unsigned max, uint64_t now)
{
	struct port_memory *p = (struct port_memory *)port;
	unsigned n = p->n_in - p->at;

	if (n > max)
		n = max;
	if (n > p->burst)
		n = p->burst;
	for (unsigned i = 0; i < n; i++) {
		pkts[i] = p->in[p->at + i];
		pkt_of(pkts[i])->time_ns = now;
	}
	p->at += n;
	return n;
}

static void
memory_tx(struct port *port, struct rte_mbuf **pkts, unsigned n)
{
	struct port_memory *p = (struct port_memory *)port;

	memcpy(p->out + p->n_out, pkts, n * sizeof(struct rte_mbuf *));
	p->n_out += n;
}

static uint64_t
memory_next_due(const struct port *port)
{
	const struct port_memory *p = (const struct port_memory *)port;

	return p->at < p->n_in ? 0 : TIME_NEVER;
}

static const struct port_ops memory_ops = {.rx = memory_rx, .tx = memory_tx, .next_due = memory_next_due};

void
port_memory_init(struct port_memory *port, unsigned burst, uint64_t rate, struct rte_mbuf **out)
{
	*port = (struct port_memory){.port = {.ops = &memory_ops, .rate = rate}, .burst = burst, .out = out};
}
