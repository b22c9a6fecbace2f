/* Stages: burst functions with an inbox each, visited by the walker (walk.c).  Rows in stage.def. */
#ifndef DATAPLANE_STAGE_H
#define DATAPLANE_STAGE_H

#include <stdint.h>

struct rte_mbuf;
struct worker;

enum stage {
#define STAGE(name, text) STAGE_##name,
#include "dataplane/stage.def"
#undef STAGE
	STAGE_COUNT
};

/* A stage owns the n packets it is handed: it passes each on (worker_put), hands it to an engine, queue or
 * port, or ends it (worker_drop).  It never puts into its own inbox.  rx is called with none. */
#define STAGE(name, text) void stage_##name(struct worker *worker, struct rte_mbuf **pkts, unsigned n);
#include "dataplane/stage.def"
#undef STAGE

struct stage_stats {
	uint64_t calls, packets;
	uint64_t timed_packets, timed_cycles; /* of a sample of turns, where the worker was given a counter */
};

#endif
