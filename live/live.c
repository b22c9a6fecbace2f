/* The live driver: makes ports and workers, turns each worker on an lcore of its own, and lets the control
 * thread in between two bursts. */
#include "live/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "base/clock.h"
#include "base/rng.h"
#include "dataplane/hand.h"
#include "dataplane/pkt.h"
#include "dataplane/pool.h"
#include "live/live_priv.h"
#include "live/neigh.h"
#include "live/start.h"

#define IDLE_TURNS 64u /* without a packet, before a worker rests */
#define REST_NS 50000u
#define AGE_NS 100000000u   /* how often neighbours are looked after */
#define CALL_REST_NS 20000u /* how long the control thread sleeps between looks */
#define FRAME_LEAST 2048u   /* devices of software want room for their frames, which are powers of two */
#define FRAME_ROOM 64u	    /* Ethernet, and what else a device may leave at a frame */

/* ---- the worker's thread ---- */

static uint64_t
clock_now(const struct live *live)
{
	return live->clock.now(live->clock.ctx);
}

static void
call_serve(struct live_worker *w, uint64_t now)
{
	struct call *call = __atomic_load_n(&w->call, __ATOMIC_ACQUIRE);

	if (likely(!call))
		return;
	call->fn(w->dp, call->arg, now);
	__atomic_store_n(&w->call, NULL, __ATOMIC_RELEASE);
}

/* Takes nothing more in, and says when all is out. */
static void
worker_drain(struct live_worker *w, bool moved)
{
	for (unsigned p = 0; p < w->live->gateway.n_ports; p++)
		w->ports[p].closed = true;
	__atomic_store_n(&w->idle, !moved && dp_held(w->dp) == 0, __ATOMIC_SEQ_CST);
}

static uint64_t
devices_held(const struct live *live)
{
	uint64_t held = 0;

	for (unsigned p = 0; p < live->gateway.n_ports; p++)
		held += live->devices[p].neigh ? neigh_held(live->devices[p].neigh) : 0;
	return held;
}

/* Neighbours are the devices', so that one worker is enough. */
static void
neighbours_age(struct live_worker *w, uint64_t now)
{
	for (unsigned p = 0; p < w->live->gateway.n_ports && !w->index; p++)
		port_dpdk_age(&w->ports[p], now);
}

/* Nothing to do for a while: until the next thing that is due, but not for long, as nobody knows when a frame
 * arrives. */
static void
worker_rest(const struct live_worker *w, uint64_t now)
{
	uint64_t due = dp_next_due(w->dp);

	if (due > now)
		w->live->clock.rest(w->live->clock.ctx, time_min(due - now, REST_NS));
}

static int
worker_run(void *arg)
{
	struct live_worker *w = arg;
	struct live *live = w->live;
	bool sleeps = live->cfg->live.idle == CFG_IDLE_SLEEP;
	uint64_t age_due = 0;
	unsigned idle = 0;

	while (!__atomic_load_n(&live->stop, __ATOMIC_RELAXED)) {
		uint64_t now = clock_now(live);
		bool drain = __atomic_load_n(&live->drain, __ATOMIC_RELAXED), moved;

		if (unlikely(drain)) /* before it takes anything out of its ring: see all_idle() */
			__atomic_store_n(&w->idle, false, __ATOMIC_SEQ_CST);
		moved = dp_turn(w->dp, now);

		idle = moved ? 0 : idle + 1;
		call_serve(w, now);
		if (now >= age_due) {
			neighbours_age(w, now);
			age_due = now + AGE_NS;
		}
		if (unlikely(drain))
			worker_drain(w, moved);
		if (sleeps && idle >= IDLE_TURNS)
			worker_rest(w, now);
	}
	call_serve(w, clock_now(live));
	return 0;
}

/* ---- the control thread ---- */

enum status
live_call(struct live *live, unsigned worker, void (*fn)(struct dp *dp, void *arg, uint64_t now), void *arg)
{
	struct call call = {fn, arg};
	struct live_worker *w;

	if (worker >= live->n_workers)
		return ST_ERR_RANGE;
	w = &live->workers[worker];
	if (!w->running) {
		fn(w->dp, arg, clock_now(live));
		return ST_OK;
	}
	__atomic_store_n(&w->call, &call, __ATOMIC_RELEASE);
	while (__atomic_load_n(&w->call, __ATOMIC_ACQUIRE))
		live->clock.rest(live->clock.ctx, CALL_REST_NS);
	return ST_OK;
}

enum status
live_run(struct live *live)
{
	for (unsigned i = 0; i < live->n_workers; i++) {
		struct live_worker *w = &live->workers[i];

		w->running = true;
		if (rte_eal_remote_launch(worker_run, w, w->lcore)) {
			w->running = false;
			live_stop(live, 0);
			return ST_ERR_UNSUPPORTED;
		}
	}
	return ST_OK;
}

static bool
workers_idle(const struct live *live)
{
	for (unsigned i = 0; i < live->n_workers; i++)
		if (live->workers[i].running && !__atomic_load_n(&live->workers[i].idle, __ATOMIC_SEQ_CST))
			return false;
	return true;
}

/* A packet that goes from one worker to another is in the first, in the ring, or in the second: who looks at
 * them in this order meets it.  One that is handed on twice meanwhile may be missed, and is counted as held.
 */
static bool
all_idle(const struct live *live)
{
	if (!workers_idle(live))
		return false;
	for (unsigned i = 0; live->team && i < live->n_workers; i++)
		if (hand_team_waiting(live->team, i))
			return false;
	return workers_idle(live) && devices_held(live) == 0;
}

void
live_stop(struct live *live, uint64_t drain_ns)
{
	uint64_t end = clock_now(live) + drain_ns;

	__atomic_store_n(&live->drain, true, __ATOMIC_RELAXED);
	while (drain_ns && !all_idle(live) && clock_now(live) < end)
		live->clock.rest(live->clock.ctx, REST_NS);
	__atomic_store_n(&live->stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < live->n_workers; i++) {
		if (live->workers[i].running)
			rte_eal_wait_lcore(live->workers[i].lcore);
		live->workers[i].running = false;
	}
}

/* ---- making and unmaking ---- */

/* With hugepages the devices may want to reach it: EAL's memory.  Else our own. */
static enum status
packets_create(struct live *live)
{
	unsigned n = live->cfg->live.mbufs;
	uint32_t most = FRAME_LEAST;

	for (unsigned p = 0; p < live->gateway.n_ports; p++)
		while (most < live->gateway.ports[p].mtu + FRAME_ROOM)
			most *= 2;
	if (most > POOL_BYTES_MAX)
		most = POOL_BYTES_MAX;
	if (!rte_eal_has_hugepages())
		return pool_create(n, most, &live->pool);
	live->pool = rte_pktmbuf_pool_create(
		"live", n, 256, sizeof(struct pkt), (uint16_t)pool_room(most), (int)rte_socket_id());
	return live->pool ? ST_OK : ST_ERR_NOMEM;
}

static enum status
devices_open(struct live *live, char *message, size_t bytes)
{
	enum status status = ST_OK;

	for (unsigned p = 0; p < live->gateway.n_ports && !status; p++)
		status = live_device_open(&live->devices[p], &live->gateway, p,
			(uint16_t)live->cfg->live.workers, live->pool, live->cfg->live.neighbour_ageing,
			message, bytes);
	return status;
}

/* Who has no queue of a device gets its packets from those who have. */
static enum status
team_create(struct live *live)
{
	unsigned owners = live->cfg->live.workers;
	enum status status;

	if (live->n_workers == 1)
		return ST_OK;
	status = hand_team_create(owners, live->n_workers > owners, HAND_RING, &live->team);
	for (unsigned p = 0; p < live->gateway.n_ports && !status; p++)
		hand_team_queues(live->team, p, live->devices[p].queues);
	return status;
}

static enum status
worker_create(struct live *live, unsigned index, unsigned lcore, char *message, size_t bytes)
{
	struct live_worker *w = &live->workers[index];
	unsigned n = live->gateway.n_ports;

	w->live = live;
	w->index = index;
	w->lcore = lcore;
	w->ports = calloc(n, sizeof(*w->ports));
	w->dp_ports = calloc(n, sizeof(struct port *));
	if (!w->ports || !w->dp_ports)
		return ST_ERR_NOMEM;
	for (unsigned p = 0; p < n; p++) {
		port_dpdk_init(&w->ports[p], &live->devices[p], (uint16_t)index, live->pool);
		w->ports[p].closed = index >= live->devices[p].queues;
		w->dp_ports[p] = &w->ports[p].port;
	}
	return dp_create_worker(&live->gateway, w->dp_ports, live->pool, live->clock.cycles, live->team,
		index, &w->dp, message, bytes);
}

static enum status
workers_create(struct live *live, char *message, size_t bytes)
{
	unsigned lcore = rte_get_next_lcore((unsigned)-1, 1, 0);
	enum status status = ST_OK;

	for (unsigned i = 0; i < live->n_workers && !status; i++) {
		if (lcore >= RTE_MAX_LCORE) {
			snprintf(message, bytes, "EAL has no lcore for worker %u", i);
			return ST_ERR_RANGE;
		}
		status = worker_create(live, i, lcore, message, bytes);
		lcore = rte_get_next_lcore(lcore, 1, 0);
	}
	return status;
}

static enum status
parts_create(struct live *live, char *message, size_t bytes)
{
	enum status status;

	live->devices = calloc(live->gateway.n_ports, sizeof(*live->devices));
	live->workers = aligned_alloc(RTE_CACHE_LINE_SIZE, live->n_workers * sizeof(*live->workers));
	if (!live->devices || !live->workers)
		return ST_ERR_NOMEM;
	memset(live->workers, 0, live->n_workers * sizeof(*live->workers));
	status = packets_create(live);
	if (!status)
		status = devices_open(live, message, bytes);
	if (!status)
		status = team_create(live);
	return status ? status : workers_create(live, message, bytes);
}

enum status
live_create(const struct cfg_lab *cfg, const struct live_clock *clock, struct live **out, char *message,
	size_t bytes)
{
	struct live *live = calloc(1, sizeof(*live));
	enum status status = ST_ERR_NOMEM;

	*out = NULL;
	message[0] = '\0';
	if (live) {
		live->cfg = cfg;
		live->gateway = cfg->gateways[0];
		live->gateway.poll_interval = 1; /* every turn looks at the ports */
		live->clock = *clock;
		live->n_workers = live_worker_count(cfg);
		/* of identifications, which nobody may foresee */
		status = rng_seed_draw(&live->gateway.seed) ? parts_create(live, message, bytes)
							    : ST_ERR_UNSUPPORTED;
	}
	if (status) {
		if (!message[0])
			snprintf(message, bytes, "%s", status_text(status));
		live_destroy(live);
		return status;
	}
	*out = live;
	return ST_OK;
}

static void
worker_destroy(struct live_worker *w)
{
	if (w->dp)
		dp_flush(w->dp);
	dp_destroy(w->dp);
	free(w->dp_ports);
	free(w->ports);
}

void
live_destroy(struct live *live)
{
	if (!live)
		return;
	for (unsigned p = 0; live->workers && p < live->gateway.n_ports; p++)
		if (live->workers[0].ports)
			port_dpdk_drain(&live->workers[0].ports[p]);
	for (unsigned i = 0; live->workers && i < live->n_workers; i++)
		worker_destroy(&live->workers[i]);
	hand_team_destroy(live->team);
	for (unsigned p = 0; live->devices && p < live->gateway.n_ports; p++)
		if (live->devices[p].gateway)
			live_device_close(&live->devices[p]);
	rte_mempool_free(live->pool);
	free(live->workers);
	free(live->devices);
	free(live);
}
