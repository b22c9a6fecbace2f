/* A gateway instance: creation from its configuration, turning, questions.  What packets go through stands in
 * stage/, in the order of stage.def. */
#include "dataplane/dp.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/engine.h"
#include "dataplane/dp_change.h"
#include "dataplane/dp_sas.h"
#include "dataplane/far.h"
#include "dataplane/fragment.h"
#include "dataplane/forward.h"
#include "dataplane/in_order.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/ipsec/spd.h"
#include "dataplane/keepalive.h"
#include "dataplane/life.h"
#include "dataplane/process.h"
#include "dataplane/worker.h"


static enum status
fail(char *message, size_t bytes, const char *name, const char *why, enum status status)
{
	snprintf(message, bytes, "%s: %s", name, why);
	return status;
}

static enum status
ports_create(struct dp *dp, struct port **ports)
{
	dp->ports = calloc(dp->cfg->n_ports, sizeof(*dp->ports));
	dp->local = local_create(dp->cfg);
	if (!dp->ports || !dp->local)
		return ST_ERR_NOMEM;
	dp->n_ports = dp->cfg->n_ports;
	for (unsigned i = 0; i < dp->n_ports; i++) {
		struct dp_port *p = &dp->ports[i];
		enum status status;

		p->cfg = &dp->cfg->ports[i];
		p->port = ports[i];
		p->mtu = dp_port_mtu(p->cfg);
		status = qos_create(&p->cfg->qos, p->port->rate, p->port->overhead, &p->qos);
		if (status)
			return status;
		p->endless = qos_is_endless(p->qos);
		hand_port(dp->worker, p);
	}
	return ST_OK;
}

/* What the gateway calls its engine; without a resolved one, a plain engine of that kind.  The worker that
 * has the process path alone encrypts nothing, and takes nothing of a device. */
static void
worker_engine_choose(struct worker *w, const struct cfg_gateway *cfg)
{
	if (hand_self(w) >= hand_owning(w)) {
		w->engine_cfg.kind = w->engine_cfg.name = "ipsec_mb";
		return;
	}
	if (cfg->engine_cfg)
		w->engine_cfg = *cfg->engine_cfg;
	else
		w->engine_cfg.kind = cfg->engine ? cfg->engine : "ipsec_mb";
	w->engine_cfg.name = cfg->engine ? cfg->engine : "ipsec_mb";
	w->engine_cfg.user = (uint8_t)hand_self(w);
	w->engine_cfg.users = (uint8_t)hand_owning(w);
}

static enum status
worker_engine_create(struct worker *w, const struct cfg_gateway *cfg, char *message, size_t bytes)
{
	if (!cfg->n_sas) /* a router needs no engine */
		return ST_OK;
	worker_engine_choose(w, cfg);
	char why[2000] = "";
	enum status status = engine_create(&w->engine_cfg, &w->engine, why, sizeof(why));

	if (status)
		snprintf(message, bytes, "engine \"%s\": %s", w->engine_cfg.name,
			why[0] ? why : status_text(status));
	w->reorders = !status && w->engine->ops->reorders;
	return status;
}

static enum status
worker_create(struct dp *dp, uint64_t (*cycles)(void), struct hand_team *team, unsigned self)
{
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);

	if (!w)
		return ST_ERR_NOMEM;
	memset(w, 0, sizeof(*w));
	dp->worker = w;
	w->dp = dp;
	w->cycles = cycles;
	w->after_queue = dp->cfg->sequence == CFG_SEQ_AFTER_QUEUE;
	w->far = dp->cfg->n_sas >= FAR_SAS;
	return hand_create(w, team, self);
}

/* What it needs to know the ports for. */
static enum status
worker_fill(struct dp *dp, char *message, size_t bytes)
{
	struct worker *w = dp->worker;
	enum status status;

	snprintf(message, bytes, "memory");
	w->local = dp->local;
	status = flow_cache_create(flow_cache_buckets(dp->cfg), &w->cache);
	if (!status)
		status = fragments_create(w);
	if (!status)
		status = process_create(w);
	return status ? status : worker_engine_create(w, dp->cfg, message, bytes);
}

static enum status
sas_make(struct dp *dp, const uint8_t *owners, char *message, size_t bytes)
{
	enum status status = sad_create(&dp->sad);

	snprintf(message, bytes, "security associations: memory");
	dp->sas = calloc(dp->cfg->n_sas + 1u, sizeof(struct sa *));
	if (status || !dp->sas)
		return ST_ERR_NOMEM;
	for (unsigned i = 0; i < dp->cfg->n_sas; i++) {
		const struct cfg_sa *cfg = &dp->cfg->sas[i];

		status = dp_sa_make(dp, cfg, i, owners[i], &dp->sas[i], message, bytes);
		if (status)
			return status;
		if (dp_sa_stands(dp->sas[i]))
			status = sad_add(dp->sad, cfg->spi, cfg->dst, (uint8_t)dp->sas[i]->transform.proto,
				dp->sas[i]);
		if (status) {
			snprintf(message, bytes, "SA %s: %s", cfg->name, status_text(status));
			return status;
		}
	}
	return ST_OK;
}

static enum status
sas_create(struct dp *dp, char *message, size_t bytes)
{
	uint8_t *owners = malloc(dp->cfg->n_sas + 1u);
	enum status status = ST_ERR_NOMEM;
	bool limited = false;

	if (owners) {
		memset(owners, HAND_ANY, dp->cfg->n_sas + 1u);
		hand_owners(dp->worker, dp->cfg, owners);
		status = sas_make(dp, owners, message, bytes);
	}
	free(owners);
	if (status)
		return status;
	dp_sas_bundle(dp);
	for (unsigned i = 0; i < dp->cfg->n_sas; i++)
		limited |= life_limited(&dp->cfg->sas[i]);
	life_begin(dp, limited);
	for (unsigned i = 0; i < dp->n_ports; i++)
		dp->ports[i].unprotected = forward_unprotected(dp->cfg, i);
	return keepalive_create(dp);
}

enum status
dp_create(const struct cfg_gateway *cfg, struct port **ports, struct rte_mempool *pool,
	uint64_t (*cycles)(void), struct dp **out, char *message, size_t bytes)
{
	return dp_create_worker(cfg, ports, pool, cycles, NULL, 0, out, message, bytes);
}

enum status
dp_create_worker(const struct cfg_gateway *cfg, struct port **ports, struct rte_mempool *pool,
	uint64_t (*cycles)(void), struct hand_team *team, unsigned self, struct dp **out, char *message,
	size_t bytes)
{
	struct dp *dp = calloc(1, sizeof(*dp));
	char why[2048] = "memory";
	enum status status = ST_ERR_NOMEM;

	*out = NULL;
	if (!dp)
		return fail(message, bytes, cfg->name, why, status);
	dp->cfg = cfg;
	dp->pool = pool;
	status = worker_create(dp, cycles, team, self);
	if (!status) {
		snprintf(why, sizeof(why), "ports (at most 32)");
		status = cfg->n_ports <= 32 ? ports_create(dp, ports) : ST_ERR_RANGE;
	}
	if (!status)
		status = worker_fill(dp, why, sizeof(why));
	if (!status)
		status = sas_create(dp, why, sizeof(why));
	if (!status)
		status = spd_create(cfg, &dp->spd);
	if (status) {
		dp_destroy(dp);
		return fail(message, bytes, cfg->name, why, status);
	}
	*out = dp;
	return ST_OK;
}

/* Packets that wait in a queue go back to their pool. */
static void
queue_empty(struct qos *qos)
{
	struct qos_out out[WORKER_BURST];
	unsigned n;

	while (qos_held(qos)) {
		n = qos_get(qos, TIME_NEVER - 1, out, WORKER_BURST);
		for (unsigned i = 0; i < n; i++)
			rte_pktmbuf_free(out[i].pkt);
	}
}

/* What is under way in the engine, given up or not: at the end of time all of it is back. */
static void
engine_empty(struct worker *w)
{
	struct crypto_op *done[WORKER_BURST];
	unsigned n;

	while (w->in_engine && (n = w->engine->ops->poll(w->engine, done, WORKER_BURST, TIME_NEVER - 1))) {
		for (unsigned i = 0; i < n; i++)
			rte_pktmbuf_free(pkt_mbuf(pkt_of_op(done[i])));
		w->in_engine -= n;
	}
}

void
dp_flush(struct dp *dp)
{
	engine_empty(dp->worker);
	hand_empty(dp->worker->hand);
	for (unsigned i = 0; i < dp->cfg->n_sas; i++)
		if (dp->sas[i]->order)
			in_order_flush(dp->sas[i]->order);
	dp_sas_flush_old(dp);
	dp->worker->order_held = 0;
	fragments_flush(dp->worker);
	process_flush(dp->worker->process);
	for (unsigned i = 0; i < dp->n_ports; i++)
		queue_empty(dp->ports[i].qos);
	worker_bury(dp->worker);
}

static void
worker_destroy(struct worker *w)
{
	if (!w)
		return;
	engine_destroy(w->engine);
	fragments_destroy(w);
	process_destroy(w->process);
	flow_cache_destroy(w->cache);
	hand_destroy(w->hand);
	free(w);
}

void
dp_destroy(struct dp *dp)
{
	if (!dp)
		return;
	for (unsigned i = 0; dp->ports && i < dp->n_ports; i++)
		qos_destroy(dp->ports[i].qos);
	for (unsigned i = 0; dp->sas && i < dp->cfg->n_sas; i++)
		dp_sa_free(dp, dp->sas[i]);
	dp_sas_free_old(dp);
	sad_destroy(dp->sad);
	spd_destroy(dp->spd);
	worker_destroy(dp->worker);
	free(dp->keepalive);
	free(dp->place);
	free(dp->sas);
	free(dp->local);
	free(dp->ports);
	free(dp);
}

static bool
queues_due(const struct dp *dp, uint64_t now)
{
	for (unsigned i = 0; i < dp->n_ports; i++)
		if (qos_next_due(dp->ports[i].qos) <= now)
			return true;
	return false;
}

/* Start everything that leaves the queues until now, before packets of this instant arrive in them. */
static bool
queues_drain(struct worker *w, unsigned events)
{
	bool moved = false;

	while (queues_due(w->dp, w->now) && !worker_events_many(w, events)) {
		for (unsigned i = 0; i < w->dp->n_ports; i++)
			qos_drain(w, i);
		worker_walk(w);
		moved = true;
	}
	return moved;
}

/* An engine that works in its own time finishes between turns. */
static bool
engine_drain(struct worker *w)
{
	if (!w->in_engine || w->engine->ops->next_due(w->engine) > w->now)
		return false;
	w->pending |= 1u << STAGE_crypto_poll;
	worker_walk(w);
	return true;
}

bool
dp_turn(struct dp *dp, uint64_t now)
{
	struct worker *w = dp->worker;
	unsigned events = w->event_head;
	bool moved;

	w->now = now;
	w->timed = w->cycles && w->turns++ % WORKER_TIMED == 0;
	moved = queues_drain(w, events);
	moved |= engine_drain(w);
	moved |= keepalive_run(w);
	moved |= life_run(w);
	moved |= fragments_run(w, events);
	moved |= process_run(w, events);
	w->rx_more = now % dp->cfg->poll_interval == 0; /* between polls only queues are served */
	for (unsigned round = 0; round < WORKER_ROUNDS && w->rx_more; round++) {
		if (worker_events_many(w, events))
			break;
		uint64_t rx = w->stats.rx;

		w->rx_more = false;
		if (w->hand)
			moved |= hand_run(w);
		w->pending |= 1u << STAGE_rx;
		worker_walk(w);
		moved |= w->stats.rx != rx;
		queues_drain(w, events);
		moved |= fragments_run(w, events);
		moved |= process_run(w, events);
	}
	if (w->hand)
		hand_flush(w);
	worker_bury(w);
	return moved;
}

uint64_t
dp_next_due(const struct dp *dp)
{
	const struct worker *w = dp->worker;
	uint64_t poll = dp->cfg->poll_interval, due = TIME_NEVER, early = TIME_NEVER;

	for (unsigned i = 0; i < dp->n_ports; i++) {
		const struct dp_port *p = &dp->ports[i];
		uint64_t start = qos_next_due(p->qos);

		due = time_min(due, time_min(start, p->port->ops->next_due(p->port)));
		/* what leaves must be out before a peer that looks more often does */
		if (p->port->peer_poll && p->port->peer_poll < poll)
			early = time_min(early, time_round_up(start, p->port->peer_poll));
	}
	due = time_min(due, keepalive_next_due(dp));
	due = time_min(due, life_next_due(dp));
	due = time_min(due, fragments_next_due(w));
	if (w->in_engine)
		due = time_min(due, w->engine->ops->next_due(w->engine));
	early = time_min(early, process_next_due(w->process)); /* it knows no polls */
	if (hand_due(w->hand))
		due = time_min(due, w->now);
	return time_min(early, time_round_up(due, poll));
}

void
dp_keepalive_until(struct dp *dp, uint64_t end)
{
	dp->keepalive_end = end;
}

unsigned
dp_events(struct dp *dp, struct drop_event *out, unsigned max)
{
	struct worker *w = dp->worker;
	unsigned n = 0;

	unsigned head = __atomic_load_n(&w->event_head, __ATOMIC_ACQUIRE), tail = w->event_tail;

	while (n < max && tail != head)
		out[n++] = w->event[tail++ % WORKER_EVENTS];
	__atomic_store_n(&w->event_tail, tail, __ATOMIC_RELEASE);
	return n;
}
