/* Creation, queueing and service of the process path.  Who comes here is decided in stage/switching.c. */
#include "dataplane/process.h"

#include <stdlib.h>

#include "dataplane/worker.h"

#define ROUTE_BUCKETS (1u << 13) /* as many flows as the flow cache knows */

const struct process_info process_info[PROCESS_COUNT] = {
#define PROCESS(id, text, meaning) [PROCESS_##id] = {text, meaning},
#include "dataplane/process.def"
#undef PROCESS
};

/* Where rx puts what arrives at each port; how many of them have each kind of switching. */
static void
ports_read(struct dp *dp, unsigned kinds[CFG_SWITCHING_PROCESS + 1])
{
	static const enum stage first[] = {[CFG_SWITCHING_INHERIT] = STAGE_classify,
		[CFG_SWITCHING_ONE_PATH] = STAGE_classify,
		[CFG_SWITCHING_FAST] = STAGE_switching,
		[CFG_SWITCHING_PROCESS] = STAGE_process};

	for (unsigned i = 0; i < dp->n_ports; i++) {
		enum cfg_switching switching = dp->ports[i].cfg->switching;

		if (switching == CFG_SWITCHING_INHERIT)
			switching = dp->cfg->switching;
		dp->ports[i].rx_to = first[switching];
		kinds[switching]++;
	}
}

static void
process_init(struct process *p, const struct cfg_gateway *cfg)
{
	p->cache_timeout = cfg->cache_timeout ? cfg->cache_timeout : UINT64_MAX;
	p->size = cfg->process_size ? cfg->process_size : UINT32_MAX;
	p->load = cfg->process_load;
	p->loaded = !p->load;
	p->load_end = PROCESS_LOAD_TIME;
	p->limit = cfg->process_queue;
	p->delay = cfg->process_delay;
	pacer_init(&p->pacer, cfg->process_rate * UINT64_C(8), 0); /* its byte is our packet */
}

enum status
process_create(struct worker *w)
{
	const struct cfg_gateway *cfg = w->dp->cfg;
	unsigned kinds[CFG_SWITCHING_PROCESS + 1] = {0}, size = 1;
	struct process *p;

	ports_read(w->dp, kinds);
	if (!kinds[CFG_SWITCHING_FAST] && !kinds[CFG_SWITCHING_PROCESS])
		return ST_OK;
	while (size < cfg->process_queue)
		size *= 2;
	p = calloc(1, sizeof(*p) + size * sizeof(p->jobs[0]));
	if (!p)
		return ST_ERR_NOMEM;
	w->process = p;
	p->mask = size - 1;
	process_init(p, cfg);
	return kinds[CFG_SWITCHING_FAST] ? flow_cache_create(ROUTE_BUCKETS, &p->routes) : ST_OK;
}

void
process_destroy(struct process *p)
{
	if (!p)
		return;
	flow_cache_destroy(p->routes);
	free(p);
}

void
process_forget(struct process *p)
{
	if (p && p->routes)
		flow_cache_clear(p->routes);
}

enum status
process_cache_create(const struct process *p, struct flow_cache **cache)
{
	*cache = NULL;
	return p && p->routes ? flow_cache_create(ROUTE_BUCKETS, cache) : ST_OK;
}

void
process_flush(struct process *p)
{
	for (; process_held(p); p->head++)
		rte_pktmbuf_free(p->jobs[p->head & p->mask].m);
}

void
process_put(struct worker *w, struct rte_mbuf *m, enum process_cause cause)
{
	if (!hand_process(w, m, cause))
		process_wait(w, m, cause);
}

void
process_wait(struct worker *w, struct rte_mbuf *m, enum process_cause cause)
{
	struct process *p = w->process;
	uint64_t start = pacer_next(&p->pacer, 1);

	p->stats.causes[cause]++;
	if (unlikely(process_held(p) >= p->limit)) {
		worker_drop(w, m, DROP_PROCESS_FULL);
		return;
	}
	if (start < w->now)
		start = w->now;
	pacer_take(&p->pacer, 1, start, w->now);
	p->jobs[p->tail++ & p->mask] = (struct process_job){
		.m = m, .due = p->pacer.full_ns + p->delay, .cause = cause};
	if (process_held(p) > p->stats.depth_max)
		p->stats.depth_max = process_held(p);
}

/* Only now is the flow known at interrupt level: what came before has had to wait here too. */
void
process_learn(struct process *p, const struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	struct flow_entry entry;

	if (flow_cache_look(p->routes, ip_head_is_v4(ip), ip, len, 0))
		return;
	entry = flow_entry_begin(ip, len, 0);
	entry.made_ns = now;
	flow_cache_add(p->routes, &entry);
}

bool
process_run(struct worker *w, unsigned start)
{
	struct process *p = w->process;
	bool moved = false;

	while (process_next_due(p) <= w->now && !worker_events_many(w, start)) {
		for (unsigned n = 0; n < WORKER_BURST && process_next_due(p) <= w->now; n++) {
			struct process_job *job = &p->jobs[p->head++ & p->mask];

			if (job->cause == PROCESS_MISS || job->cause == PROCESS_STALE) {
				if (hand_learn(w, job->m)) /* where the next of its flow come */
					continue;
				process_learn(p, job->m, job->due);
			}
			worker_put(w, STAGE_classify, job->m);
		}
		worker_walk(w);
		moved = true;
	}
	return moved;
}
