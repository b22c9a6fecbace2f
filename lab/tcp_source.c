/* Makes the connections of each TCP source. */
#include <stdio.h>
#include <stdlib.h>

#include "lab/lab_priv.h"
#include "lab/tcp_ends.h"

#define IP4_TCP_BYTES 40u
#define IP6_TCP_BYTES 60u

/* The largest payload by the MTU of a host. */
static uint32_t
host_mss(const struct cfg_host *host)
{
	uint32_t heads = ip_is_v4(host->address) ? IP4_TCP_BYTES : IP6_TCP_BYTES;

	return host->mtu > heads + TCP_MSS_MIN ? host->mtu - heads : TCP_MSS_MIN;
}

/* What an end may have under way: sizes its scoreboard. */
static uint64_t
send_max(const struct cfg_traffic *cfg, bool client)
{
	if (cfg->request)
		return client ? cfg->request : cfg->response;
	if (!client)
		return 1;
	return cfg->bytes ? cfg->bytes : UINT64_MAX;
}

static enum status
end_create(struct lab *lab, struct tcp_source *source, uint32_t i, struct rng *rng)
{
	const struct cfg_traffic *cfg = source->cfg;
	struct tcp_end *end = &source->ends[i];
	bool client = i < source->n;
	const struct cfg_host *host = &lab->cfg->hosts[client ? cfg->from_host : cfg->to_end.node];
	struct tcp_options options = {.mss = cfg->mss ? cfg->mss : host_mss(host),
		.window = cfg->window,
		.send_max = send_max(cfg, client),
		.congestion = cfg->congestion,
		.sack = cfg->sack,
		.ecn = cfg->ecn != 0,
		.rto_min = cfg->rto_min,
		.ack_delay = cfg->ack_delay,
		.iss = (uint32_t)rng_u64(rng)};
	enum status status = tcp_conn_create(&options, &end->conn);

	end->flow = source->first_flow + i;
	end->host = client ? cfg->from_host : cfg->to_end.node;
	lab->flows[end->flow].iss = options.iss;
	if (!status)
		tcp_app_init(&end->app, cfg, &source->outcome, end->conn, client);
	return status;
}

static enum status
source_create(struct lab *lab, unsigned t, uint32_t first_flow)
{
	const struct cfg_traffic *cfg = &lab->cfg->traffic[t];
	struct tcp_source *source = calloc(1, sizeof(*source));
	enum status status = ST_OK;
	char stream[256];
	struct rng rng;

	lab->tcp[t] = source;
	if (!source)
		return ST_ERR_NOMEM;
	source->cfg = cfg;
	source->n = cfg->flows;
	source->first_flow = first_flow;
	source->outcome.start = traffic_start(lab->traffic[t]);
	source->outcome.stop = traffic_limit(lab->traffic[t]);
	snprintf(stream, sizeof(stream), "think.%s", cfg->name);
	rng_init(&source->outcome.rng, lab->cfg->seed, stream);
	snprintf(stream, sizeof(stream), "iss.%s", cfg->name);
	rng_init(&rng, lab->cfg->seed, stream);
	source->ends = calloc(2 * (size_t)source->n, sizeof(*source->ends));
	if (!source->ends || !delay_init(&source->outcome.completed))
		return ST_ERR_NOMEM;
	for (uint32_t i = 0; i < 2 * source->n && !status; i++)
		status = end_create(lab, source, i, &rng);
	return status;
}

enum status
tcp_sources_create(struct lab *lab)
{
	enum status status = ST_OK;
	uint32_t flow = 0;

	lab->tcp = calloc(lab->cfg->n_traffic + 1u, sizeof(struct tcp_source *));
	if (!lab->tcp)
		return ST_ERR_NOMEM;
	for (unsigned t = 0; t < lab->cfg->n_traffic && !status; t++) {
		if (lab->cfg->traffic[t].kind == CFG_TRAFFIC_TCP)
			status = source_create(lab, t, flow);
		flow += traffic_flow_count(lab->traffic[t]);
	}
	return status;
}

static void
source_destroy(struct tcp_source *source)
{
	if (!source)
		return;
	for (uint32_t i = 0; source->ends && i < 2 * source->n; i++)
		tcp_conn_destroy(source->ends[i].conn);
	delay_fini(&source->outcome.completed);
	free(source->ends);
	free(source);
}

void
tcp_sources_destroy(struct lab *lab)
{
	for (unsigned t = 0; lab->tcp && t < lab->cfg->n_traffic; t++)
		source_destroy(lab->tcp[t]);
	free(lab->tcp);
}
