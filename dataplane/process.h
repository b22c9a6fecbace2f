/* The slow one of a router's two paths: process switching.  What cannot be switched at interrupt level waits
 * in a bounded queue (IOS: the input hold queue), which a process serves at a rate, one packet after another;
 * process_delay later a packet goes on to classify, and from there as any other.  What the stages switching
 * and process put in comes out here, in the same order.
 *
 * A gateway all of whose ports have one path has no struct process.  Times are ns and exact: a packet's due
 * time follows from those before it, not from polls.  Allocates once.  One thread. */
#ifndef DATAPLANE_PROCESS_H
#define DATAPLANE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "dataplane/flow_cache.h"
#include "dataplane/qos/pacer.h"

struct rte_mbuf;
struct worker;

enum process_cause {
#define PROCESS(id, text, meaning) PROCESS_##id,
#include "dataplane/process.def"
#undef PROCESS
	PROCESS_COUNT,
	PROCESS_NOT = PROCESS_COUNT, /* it goes the fast way */
};

struct process_info {
	const char *text, *meaning;
};

extern const struct process_info process_info[PROCESS_COUNT];

struct process_stats {
	uint64_t fast;			/* packets that went the other way, at ports with two */
	uint64_t causes[PROCESS_COUNT]; /* packets that came to the queue, dropped ones too */
	uint32_t depth_max;		/* packets in the queue, at most */
};

#define PROCESS_LOAD_TIME (NS_PER_SEC / 100) /* over which the load is measured */

struct process_job {
	struct rte_mbuf *m;
	uint64_t due;	/* goes on then */
	uint32_t cause; /* enum process_cause */
};

struct process {
	struct flow_cache *routes; /* keys and made_ns; NULL: no port is fast */
	uint64_t cache_timeout;	   /* UINT64_MAX: never */
	uint32_t size;		   /* larger ones go slow under load; UINT32_MAX: none do */
	uint32_t load;		   /* packets/s from which on it is load */
	bool loaded;		   /* in the last whole PROCESS_LOAD_TIME */
	uint32_t arrived;	   /* since the one before load_end began */
	uint64_t load_end;
	struct process_stats stats;
	struct pacer pacer; /* in packets: the process */
	uint64_t delay;
	uint32_t head, tail, mask, limit; /* head: next to go on; both run freely */
	struct process_job jobs[];
};

/* w->process: NULL where no port has a use for it. */
enum status process_create(struct worker *worker);
void process_destroy(struct process *process);
/* Frees what waits. */
void process_flush(struct process *process);
/* Queue a packet, or drop it where the queue is full. */
void process_put(struct worker *worker, struct rte_mbuf *m, enum process_cause cause);
/* The same at the worker that serves the queue. */
void process_wait(struct worker *worker, struct rte_mbuf *m, enum process_cause cause);
/* Pass on what is due by now; true where anything was.  start: of events (worker.h). */
bool process_run(struct worker *worker, unsigned start);

/* From now on the flow of m is known at interrupt level. */
void process_learn(struct process *process, const struct rte_mbuf *m, uint64_t now);
/* Routes have changed: all flows are unknown at interrupt level.  NULL is fine. */
void process_forget(struct process *process);
/* The same without stopping for long: an empty cache to put in place of the one that there is.  Any thread;
 * *cache NULL: it needs none. */
enum status process_cache_create(const struct process *process, struct flow_cache **cache);

static inline uint32_t
process_held(const struct process *process)
{
	return process ? process->tail - process->head : 0;
}

static inline uint64_t
process_next_due(const struct process *process)
{
	return process_held(process) ? process->jobs[process->head & process->mask].due : TIME_NEVER;
}

#endif
