/* What a gateway can be asked, and told, between its turns. */
#include "crypto/engine.h"
#include "dataplane/dp.h"
#include "dataplane/fragment.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/process.h"
#include "dataplane/worker.h"

static const char *const stage_names[STAGE_COUNT] = {
#define STAGE(name, text) [STAGE_##name] = #name,
#include "dataplane/stage.def"
#undef STAGE
};

const struct cfg_gateway *
dp_cfg(const struct dp *dp)
{
	return dp->cfg;
}

const struct dp_stats *
dp_stats(const struct dp *dp)
{
	return &dp->worker->stats;
}

void
dp_stage_time(struct dp *dp, uint64_t (*cycles)(void))
{
	dp->worker->cycles = cycles;
}

const struct stage_stats *
dp_stage_stats(const struct dp *dp, enum stage stage)
{
	return &dp->worker->stage[stage];
}

const char *
dp_stage_name(enum stage stage)
{
	return stage_names[stage];
}

uint64_t
dp_held(const struct dp *dp)
{
	uint64_t held = dp->worker->in_engine + dp->worker->order_held + fragments_held(dp->worker) +
			process_held(dp->worker->process) + hand_held(dp->worker->hand);

	for (unsigned i = 0; i < dp->n_ports; i++)
		held += qos_held(dp->ports[i].qos);
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		held += dp->worker->inbox[s].n;
	return held;
}

const struct qos *
dp_qos(const struct dp *dp, unsigned port)
{
	return dp->ports[port].qos;
}

uint64_t
dp_mss_clamped(const struct dp *dp, unsigned port)
{
	return dp->ports[port].mss_clamped;
}

const struct engine *
dp_engine(const struct dp *dp)
{
	return dp->worker->engine;
}

unsigned
dp_sa_count(const struct dp *dp)
{
	return dp->cfg->n_sas;
}

uint64_t
dp_port_received(const struct dp *dp, unsigned port)
{
	return dp->ports[port].received;
}

void
dp_pmtu_forget(struct dp *dp)
{
	for (unsigned i = 0; i < dp->cfg->n_sas; i++)
		dp->sas[i]->path_mtu = 0;
	flow_cache_clear(dp->worker->cache); /* entries hold the MTU */
}

const struct sa *
dp_sa(const struct dp *dp, unsigned index)
{
	return dp->sas[index];
}

bool
dp_sa_owned(const struct dp *dp, unsigned index)
{
	return !dp->sas[index]->light;
}

void
dp_join_observe(struct dp *dp, void (*joined)(void *ctx, struct rte_mbuf *m), void *ctx)
{
	dp->worker->fragments->joined = joined;
	dp->worker->fragments->joined_ctx = ctx;
}

void
dp_echo_observe(struct dp *dp, void (*echoed)(void *ctx, struct rte_mbuf *question, struct pkt *answer),
	void *ctx)
{
	dp->worker->echoed = echoed;
	dp->worker->echoed_ctx = ctx;
}

const struct process_stats *
dp_process_stats(const struct dp *dp)
{
	return dp->worker->process ? &dp->worker->process->stats : NULL;
}

void
dp_sa_limit(struct dp *dp, unsigned index, uint64_t last)
{
	life_limit(dp->sas[index], last);
}

const uint64_t *
dp_lives(const struct dp *dp)
{
	return dp->life;
}

void
dp_sa_observe(struct dp *dp, unsigned index, void *observer)
{
	dp->sas[index]->observer = observer;
}
