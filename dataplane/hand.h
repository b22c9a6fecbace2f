/* Several workers of one gateway: who owns what, and how a packet comes to its owner.
 *
 * Each worker is a struct dp of its own, made from the same configuration.  An SA has one owner, for its
 * numbers and its window have one writer; the others have a light copy, which names the owner and has
 * neither session nor window nor any number to send.  A packet that another worker has to go on with is
 * handed over: it enters a stage there and finds the way from there by itself.  Rings are bounded; what finds
 * one full is dropped by name.
 *
 * A team is the rings.  Created before its workers and destroyed after them; each worker's thread puts into
 * the rings of the others and takes out of its own. */
#ifndef DATAPLANE_HAND_H
#define DATAPLANE_HAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/drop.h"

#define HAND_WORKERS_MAX 40u /* the process path's one too */
#define HAND_RING 8192u	     /* less one: packets that may wait for a worker */

struct dp;
struct dp_port;
struct hand;
struct rte_mbuf;
struct sa;
struct worker;

struct hand_team;

/* workers own SAs and have queues of ports.  process: one worker more has the process path, and nothing
 * else; if not, the first one has it.  ring: HAND_RING, or another power of two. */
enum status hand_team_create(unsigned workers, bool process, unsigned ring, struct hand_team **team);
/* Frees what is still in the rings. */
void hand_team_destroy(struct hand_team *team);
/* Of that port only the first n workers have a queue, 1 at least; else all have. */
void hand_team_queues(struct hand_team *team, unsigned port, unsigned n);
/* Packets in the ring of a worker; any thread. */
uint64_t hand_team_waiting(const struct hand_team *team, unsigned worker);

/* ---- what follows is for the dataplane ---- */

/* Where a packet enters.  The first ones fit into a byte that says "drop", together with the worker. */
enum hand_way {
	HAND_CLASSIFY,	   /* as it came from a port */
	HAND_POLICY_CHECK, /* decrypted, and for a tunnel of another worker */
	HAND_SA_IN,	   /* protected by an SA of another worker */
	HAND_IN_DROP,	   /* so many fit */
	HAND_REASSEMBLE = HAND_IN_DROP,
	HAND_QOS,     /* for a port by which another worker sends */
	HAND_OWN,     /* made here, and to be protected by an SA of another worker */
	HAND_PROCESS, /* for the process path */
	HAND_LEARN,   /* back from it: the flow is known from now on */
};

_Static_assert(DROP_COUNT + HAND_IN_DROP * HAND_WORKERS_MAX <= 256, "struct flow_entry has a byte for it");

/* No drop: the packet goes on at that worker.  Whoever ends packets knows (worker_drop()), so that those who
 * go on here ask nothing. */
static inline enum drop
hand_to(enum hand_way way, unsigned worker)
{
	return (enum drop)(DROP_COUNT + (unsigned)way * HAND_WORKERS_MAX + worker);
}

enum status hand_create(struct worker *worker, struct hand_team *team, unsigned self);
void hand_destroy(struct hand *hand);
/* Frees what waits in the ring of this worker. */
void hand_empty(struct hand *hand);
/* The packet goes to that worker, at the end of this turn. */
void hand_put(struct worker *worker, struct rte_mbuf *m, enum hand_way way, unsigned to);
/* The same as hand_to() says. */
void hand_drop(struct worker *worker, struct rte_mbuf *m, enum drop to);
/* A packet that the worker has made, with an SA that it does not own: its TTL is still to be taken from. */
void hand_own(struct worker *worker, struct rte_mbuf *m, const struct sa *sa);
/* To the process path, if it is another worker's; false: it is here. */
bool hand_process(struct worker *worker, struct rte_mbuf *m, unsigned cause);
/* Back from it, if it came from another worker. */
bool hand_learn(struct worker *worker, struct rte_mbuf *m);
/* A fragment, to where all of its packet meet; false: that is here. */
bool hand_fragment(struct worker *worker, struct rte_mbuf *m);
/* Takes what others have put, and works for it; true where there was anything. */
bool hand_run(struct worker *worker);
/* The end of a turn. */
void hand_flush(struct worker *worker);
/* Packets that are to be put. */
uint64_t hand_held(const struct hand *hand);
/* Is there anything to be taken? */
bool hand_due(const struct hand *hand);
/* Says by whom a port sends; where that is another one, nothing is endless. */
void hand_port(const struct worker *worker, struct dp_port *port);

/* Owners of the SAs of cfg, one byte each.  HAND_ANY: it has none yet, and gets one. */
#define HAND_ANY 255u
void hand_owners(const struct worker *worker, const struct cfg_gateway *cfg, uint8_t *owners);
/* Which of the workers this is; 0 where there is one. */
unsigned hand_self(const struct worker *worker);
/* How many of them, the first ones, own SAs. */
unsigned hand_owning(const struct worker *worker);

#endif
