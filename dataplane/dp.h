/* A gateway or router: an instance, of which a laboratory holds any number.
 *
 * Create, then turn it: dp_turn(now) takes what has arrived, works, sends.  Packets are mbufs with a struct
 * pkt behind them.  One thread. */
#ifndef DATAPLANE_DP_H
#define DATAPLANE_DP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/drop.h"
#include "dataplane/event.h"
#include "dataplane/life.h"
#include "dataplane/stage.h"

struct dp;
struct engine;
struct hand_team;
struct pkt;
struct port;
struct process_stats;
struct qos;
struct rte_mbuf;
struct rte_mempool;
struct sa;

/* rx + created + taken = tx + consumed + held + handed + sum of drops, at any time between turns. */
struct dp_stats {
	uint64_t rx, created, tx, consumed;
	uint64_t handed, taken; /* to and from other workers of the gateway */
	uint64_t drops[DROP_COUNT];
	uint64_t events_lost; /* drop events that found the ring full; the drops are counted all the same */
};

/* ports: one for each cfg->ports, in that order, the caller's, to outlive the gateway.  pool: where packets
 * come from that the gateway makes itself (keepalives), with struct pkt behind each mbuf; NULL: it makes
 * none. cycles: a cycle counter for stage times, or NULL.  cfg is borrowed.  ERR_CONFIG and ERR_UNSUPPORTED
 * write one line into message. */
enum status dp_create(const struct cfg_gateway *cfg, struct port **ports, struct rte_mempool *pool,
	uint64_t (*cycles)(void), struct dp **dp, char *message, size_t bytes);
/* The same as one of several workers, which is turned by a thread of its own: number `self` of the team. */
enum status dp_create_worker(const struct cfg_gateway *cfg, struct port **ports, struct rte_mempool *pool,
	uint64_t (*cycles)(void), struct hand_team *team, unsigned self, struct dp **dp, char *message,
	size_t bytes);
/* Frees what waits in its queues and its engine. */
void dp_flush(struct dp *dp);
/* Frees it; its queues must be empty (dp_flush). */
void dp_destroy(struct dp *dp);

/* Do what is due; true where any packet moved.  Bounded: call again while it says true. */
bool dp_turn(struct dp *dp, uint64_t now);
/* When the next turn is due: arrivals and departures, rounded up to the poll interval. */
uint64_t dp_next_due(const struct dp *dp);
/* No keepalive is due after `end`, and no look at lifetimes: else there would always be something to do. */
void dp_keepalive_until(struct dp *dp, uint64_t end);

/* Takes at most max events, drops and ends of SAs, oldest first.  Another thread may, while this one turns;
 * one at a time. */
unsigned dp_events(struct dp *dp, struct drop_event *out, unsigned max);

const struct cfg_gateway *dp_cfg(const struct dp *dp);
const struct dp_stats *dp_stats(const struct dp *dp);
/* From now on stages are timed by that counter; NULL: no more. */
void dp_stage_time(struct dp *dp, uint64_t (*cycles)(void));
const struct stage_stats *dp_stage_stats(const struct dp *dp, enum stage stage);
const char *dp_stage_name(enum stage stage);
/* Packets inside: queues, inboxes, engine.  What waits in the rings between workers is nobody's: handed less
 * taken, over all of them. */
uint64_t dp_held(const struct dp *dp);
const struct qos *dp_qos(const struct dp *dp, unsigned port);
/* SYNs whose MSS was lowered to the tcp_adjust_mss of this port. */
uint64_t dp_mss_clamped(const struct dp *dp, unsigned port);
/* NULL for a router. */
const struct engine *dp_engine(const struct dp *dp);
unsigned dp_sa_count(const struct dp *dp);
const struct sa *dp_sa(const struct dp *dp, unsigned index);
/* Of several workers: is it this one that owns the SA?  What others know of it stands still. */
bool dp_sa_owned(const struct dp *dp, unsigned index);
/* The outbound SA sends no number beyond `last`: as many as its owner has reserved. */
void dp_sa_limit(struct dp *dp, unsigned index, uint64_t last);
/* What has become of SAs, LIFE_COUNT counters. */
const uint64_t *dp_lives(const struct dp *dp);
/* Packets that came in at a port. */
uint64_t dp_port_received(const struct dp *dp, unsigned port);
/* Forgets what ICMP has told of path MTUs. */
void dp_pmtu_forget(struct dp *dp);
/* joined() is called with each protected packet that was put together from fragments, before it is decrypted.
 */
void dp_join_observe(struct dp *dp, void (*joined)(void *ctx, struct rte_mbuf *m), void *ctx);
/* echoed() is called with each echo that the gateway answers, and may say in the answer of which flow it is
 * (flow, num, sent_bytes). */
void dp_echo_observe(struct dp *dp,
	void (*echoed)(void *ctx, struct rte_mbuf *question, struct pkt *answer), void *ctx);
/* What the process path did; NULL where no port has one. */
const struct process_stats *dp_process_stats(const struct dp *dp);
/* Hang an observer on it, for those who meet its packets later. */
void dp_sa_observe(struct dp *dp, unsigned index, void *observer);

#endif
