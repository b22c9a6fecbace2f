/* One core's share of a gateway: inboxes, flow cache, engine, counters.  Used by stages; nobody else looks
 * inside. One thread. */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <stdbool.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "base/clock.h"
#include "dataplane/dp.h"
#include "dataplane/flow_cache.h"
#include "dataplane/hand.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/life.h"
#include "dataplane/local.h"
#include "dataplane/pkt.h"
#include "dataplane/port/port.h"
#include "dataplane/qos/qos.h"
#include "dataplane/stage.h"
#include "dataplane/tap.h"

#define WORKER_BURST 64u    /* packets that rx takes from a port at once */
#define WORKER_INBOX 512u   /* packets an inbox can hold */
#define WORKER_EVENTS 4096u /* a power of two, more than the packets of one turn */
#define WORKER_ROUNDS 16u   /* rx rounds in one turn */
#define WORKER_TIMED 16u    /* reading the counter at every stage of every turn would cost 5 % */

struct inbox {
	unsigned n;
	struct rte_mbuf *pkts[WORKER_INBOX];
};

struct dp_port {
	const struct cfg_port *cfg;
	struct port *port; /* the owner's */
	uint32_t mtu;	   /* largest IP packet */
	bool endless;	   /* nothing ever waits for it (qos_pass) */
	bool foreign;	   /* `sender`, another worker, sends (hand.h) */
	uint8_t sender;
	bool unprotected;  /* forward_unprotected() */
	struct qos *qos;
	uint64_t received;    /* packets */
	enum stage rx_to;     /* what arrives goes there first */
	uint64_t mss_clamped; /* SYNs whose MSS was lowered to its tcp_adjust_mss */
};

struct worker {
	struct dp *dp;
	uint64_t now;
	uint32_t pending;	   /* bit s: inbox of stage s holds packets */
	uint32_t again;		   /* bit s: stage s goes on when those behind have emptied their inboxes */
	struct tap *taps;	   /* who wants copies of packets; NULL: nobody */
	bool far;		   /* there are many SAs (far.h) */
	bool after_queue;	   /* the sequence number is taken after the queue */
	const struct local *local; /* where IPsec ends */
	struct engine *engine;
	struct cfg_engine engine_cfg; /* of the engine: what the configuration says, and whose it is */
	unsigned in_engine;	      /* packets under way there */
	bool reorders;		      /* the engine may finish in another order */
	unsigned n_orders;	      /* SAs with in_order */
	unsigned order_held;	      /* packets that wait for their turn */
	struct in_order *order_ready;
	struct fragments *fragments;
	struct process *process; /* NULL: all ports have one path */
	struct flow_cache *cache;
	uint64_t (*cycles)(void); /* NULL: stages are not timed */
	uint64_t turns;
	bool timed;   /* this turn's stages are timed: one turn in WORKER_TIMED */
	bool rx_more; /* a port gave as many packets as it was asked for */
	struct dp_stats stats;
	struct stage_stats stage[STAGE_COUNT];
	void (*echoed)(void *ctx, struct rte_mbuf *question, struct pkt *answer); /* NULL: nobody watches */
	void *echoed_ctx;
	struct hand *hand; /* to other workers; NULL: this is the only one */
	/* both count up; head: the worker's, next to write; tail: of whoever takes them */
	unsigned event_head, event_tail;
	unsigned n_dead; /* dropped, and not yet back in their pools: at the end of a turn all are */
	struct rte_mbuf *dead[WORKER_BURST];
	struct inbox inbox[STAGE_COUNT];
	struct drop_event event[WORKER_EVENTS];
};

struct dp {
	const struct cfg_gateway *cfg;
	struct dp_port *ports;
	struct rte_mempool *pool; /* NULL: no packets of its own */
	struct local *local;
	unsigned n_ports;
	struct sa **sas; /* in order of cfg->sas */
	struct sad *sad;
	uint32_t *place; /* sa->policy to the index that rules name, or CFG_NONE; NULL: the same */
	struct dp_old
		*old; /* SAs that were replaced, but packets may name them (dp_old.c); NULL: none ever */
	struct spd *spd;
	unsigned n_refused;    /* SAs for which the engine has no session */
	struct sa **keepalive; /* those that send NAT-keepalives */
	unsigned n_keepalive;
	uint64_t keepalive_end;	      /* the last time for one, and for a look at lifetimes */
	uint64_t life_due, life_next; /* of the next round of looks, and of the one after this */
	unsigned life_at;	      /* the SA to look at next */
	uint64_t life[LIFE_COUNT];    /* what has happened */
	struct worker *worker;
};

/* Index of an SA that came in with a packet as rules name it; CFG_NONE: none names it any more. */
static inline uint32_t
dp_place(const struct dp *dp, const struct sa *sa)
{
	return dp->place ? dp->place[sa->policy] : sa->policy;
}

/* Since the turn began, when event_head was `start`, drops have filled half of the event ring: time to let
 * the owner take them.  Where nobody does, the head stands still, and nothing is held up. */
static inline bool
worker_events_many(const struct worker *worker, unsigned start)
{
	return worker->event_head - start > WORKER_EVENTS / 2;
}

/* Ends a packet: counts, records the event, frees it by the end of the turn; or hands it over (hand_to()). */
void worker_drop(struct worker *worker, struct rte_mbuf *m, enum drop reason);
/* Frees what was dropped. */
void worker_bury(struct worker *worker);
/* Counts and records what has become of an SA. */
void worker_tell(struct worker *worker, const struct sa *sa, enum life life);
/* Work for all inboxes until they are empty. */
void worker_walk(struct worker *worker);

/* Is dst an address of this gateway's ports? */
static inline bool
worker_is_local(const struct worker *worker, struct ip_addr dst)
{
	const struct local_address *found = local_find(worker->local, dst);

	return found && found->own;
}

/* Pass a packet on to a stage. */
static inline void
worker_put(struct worker *worker, enum stage stage, struct rte_mbuf *m)
{
	struct inbox *inbox = &worker->inbox[stage];

	if (unlikely(inbox->n == WORKER_INBOX)) {
		worker_drop(worker, m, DROP_INBOX);
		return;
	}
	inbox->pkts[inbox->n++] = m;
	worker->pending |= 1u << stage;
}

/* Pass n packets on to one stage. */
static inline void
worker_put_all(struct worker *worker, enum stage stage, struct rte_mbuf **pkts, unsigned n)
{
	struct inbox *inbox = &worker->inbox[stage];
	unsigned room = WORKER_INBOX - inbox->n, fit = n < room ? n : room;

	if (!n)
		return;
	memcpy(&inbox->pkts[inbox->n], pkts, fit * sizeof(*pkts));
	inbox->n += fit;
	worker->pending |= 1u << stage;
	for (unsigned i = fit; unlikely(i < n); i++)
		worker_drop(worker, pkts[i], DROP_INBOX);
}

/* The body of a stage with one way on: what one() has no reason to drop goes to `next`. */
static inline __attribute__((always_inline)) void
worker_each(struct worker *worker, struct rte_mbuf **pkts, unsigned n,
	enum drop (*one)(struct worker *worker, struct rte_mbuf *m), enum stage next)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		enum drop drop = one(worker, pkts[i]);

		if (unlikely(drop))
			worker_drop(worker, pkts[i], drop);
		else
			pkts[kept++] = pkts[i];
	}
	worker_put_all(worker, next, pkts, kept);
}

/* Start everything that leaves port's queue by now (qos.c). */
void qos_drain(struct worker *worker, unsigned port);
/* The port has another policy: what waits goes into its queues, and what finds no room there leaves at once.
 */
void qos_move(struct worker *worker, unsigned port, struct qos *to);

#endif
