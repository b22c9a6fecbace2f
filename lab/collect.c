/* Gathers the result of a run from hosts, gateways, links and flows, and checks that nothing was lost without
 * a name: rx + created = tx + consumed + held + drops, for every node, for all of them, and for mbufs. */
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "dataplane/ipsec/sa.h"
#include "lab/lab_priv.h"

static uint64_t
drops_sum(const uint64_t *drops)
{
	uint64_t sum = 0;

	for (unsigned d = 0; d < DROP_COUNT; d++)
		sum += drops[d];
	return sum;
}

/* Adds a node to the sums and says whether its books are in order. */
static void
node_close(struct result *r, struct result_node *node)
{
	node->balanced = node->rx + node->created ==
			 node->tx + node->consumed + node->held + drops_sum(node->drops);
	r->created += node->created;
	r->consumed += node->consumed;
	r->held += node->held;
	for (unsigned d = 0; d < DROP_COUNT; d++)
		r->drops[d] += node->drops[d];
	r->balanced_packets &= node->balanced;
}

static void
host_collect(struct result *r, const struct host *host)
{
	struct result_node *node = &r->nodes[r->n_nodes++];

	node->name = host->cfg->name;
	node->kind = RESULT_HOST;
	node->rx = host->rx;
	node->created = host->created;
	node->tx = host->tx;
	node->consumed = host->consumed;
	node->held = reasm_held(host->reasm);
	node->cycles = host->cycles;
	memcpy(node->drops, host->drops, sizeof(node->drops));
	node_close(r, node);
}

static enum status
stages_collect(struct result_node *node, const struct dp *dp)
{
	struct result_stage *stages = calloc(STAGE_COUNT, sizeof(*stages));

	if (!stages)
		return ST_ERR_NOMEM;
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		const struct stage_stats *stats = dp_stage_stats(dp, (enum stage)s);
		double share = stats->timed_packets ? (double)stats->packets / (double)stats->timed_packets
						    : 0;

		stages[s] = (struct result_stage){dp_stage_name((enum stage)s), stats->calls, stats->packets,
			(uint64_t)((double)stats->timed_cycles * share)};
	}
	node->stages = stages;
	node->n_stages = STAGE_COUNT;
	return ST_OK;
}

/* The numbers of the SA whose packets come in by this one. */
static const struct reorder_stats *
partner_order(const struct lab *lab, const struct cfg_sa *in)
{
	for (unsigned g = 0; g < lab->cfg->n_gateways; g++) {
		const struct cfg_gateway *cfg = &lab->cfg->gateways[g];

		for (unsigned i = 0; i < cfg->n_sas; i++)
			if (cfg->sas[i].direction == CFG_OUT && !strcmp(cfg->sas[i].name, in->name) &&
				ip_equal(cfg->sas[i].dst, in->dst)) {
				reorder_finish(lab->gateways[g].order[i]);
				return reorder_stats(lab->gateways[g].order[i]);
			}
	}
	return NULL;
}

static void
sas_collect(struct lab *lab, struct result *r, const struct dp *dp)
{
	const struct cfg_gateway *cfg = dp_cfg(dp);

	for (unsigned i = 0; i < cfg->n_sas; i++) {
		const struct sa *sa = dp_sa(dp, i);
		bool in = sa->direction == CFG_IN;

		r->sas[r->n_sas++] = (struct result_sa){.gateway = cfg,
			.cfg = &cfg->sas[i],
			.packets = sa->packets,
			.bytes = sa->bytes,
			.errors = sa->errors,
			.replays = sa->replays,
			.duplicates = sa->duplicates,
			.authenticated = sa->authenticated,
			.ah = sa->transform.proto == ALG_AH,
			.last_seq = !in		 ? sa->seq
				    : sa->replay ? sa->replay->right_edge(sa->window)
						 : sa->ahead,
			.lag = in ? &sa->lag : NULL,
			.at_gateway = in ? partner_order(lab, &cfg->sas[i]) : NULL};
	}
}

static struct result_engine
engine_collect(const struct cfg_gateway *cfg, const struct engine *engine)
{
	return (struct result_engine){.gateway = cfg,
		.cfg = cfg->engine_cfg,
		.counters = engine->ops->counters ? engine->ops->counters(engine) : NULL};
}

static enum status
gateway_collect(struct lab *lab, struct result *r, const struct node_gateway *gateway)
{
	const struct cfg_gateway *cfg = dp_cfg(gateway->dp);
	const struct dp_stats *stats = dp_stats(gateway->dp);
	struct result_node *node = &r->nodes[r->n_nodes++];

	node->name = cfg->name;
	node->kind = cfg->is_router ? RESULT_ROUTER : RESULT_GATEWAY;
	node->rx = stats->rx;
	node->created = stats->created;
	node->tx = stats->tx;
	node->consumed = stats->consumed;
	node->held = dp_held(gateway->dp);
	node->cycles = gateway->cycles;
	node->process = dp_process_stats(gateway->dp);
	memcpy(node->drops, stats->drops, sizeof(node->drops));
	node_close(r, node);
	r->events_lost += stats->events_lost;
	sas_collect(lab, r, gateway->dp);
	if (dp_engine(gateway->dp) && cfg->engine_cfg)
		r->engines[r->n_engines++] = engine_collect(cfg, dp_engine(gateway->dp));
	for (unsigned p = 0; p < cfg->n_ports; p++)
		r->ports[r->n_ports++] = (struct result_port){
			cfg, &cfg->ports[p], dp_qos(gateway->dp, p), dp_mss_clamped(gateway->dp, p)};
	return stages_collect(node, gateway->dp);
}

static void
link_collect(struct result *r, const struct link *link)
{
	struct result_node *node = &r->nodes[r->n_nodes++];

	node->name = link->cfg->name;
	node->kind = RESULT_LINK;
	node->rx = link->rx;
	node->created = link->created;
	node->tx = link->tx;
	node->held = link_held(link);
	memcpy(node->drops, link->drops, sizeof(node->drops));
	node_close(r, node);
	for (unsigned d = 0; d < 2; d++)
		for (unsigned p = 0; p < link->cfg->n_paths; p++)
			r->wires[r->n_wires++] = (struct result_wire){link->cfg, &link->cfg->paths[p], d,
				*wire_stats(paths_wire(link->paths[d], p))};
}

static void
flow_fill(struct lab *lab, struct result_flow *out, struct flow *flow)
{
	const struct cfg_traffic *traffic = &lab->cfg->traffic[flow->traffic];
	uint64_t ended;

	reorder_finish(flow->at_gateway);
	reorder_finish(flow->at_receiver);
	*out = (struct result_flow){.class_name = flow->class_name,
		.traffic = traffic->name,
		.index = flow->index,
		.src = flow->id.src,
		.dst = flow->id.dst,
		.sport = flow->id.sport,
		.dport = flow->id.dport,
		.proto = flow->id.proto,
		.dscp = flow->id.dscp,
		.sent = flow->sent,
		.sent_bytes = flow->sent_bytes,
		.delivered = flow->delivered,
		.delivered_bytes = flow->delivered_bytes,
		.duplicates = flow->duplicates,
		.corrupt = flow->corrupt,
		.clone_drops = flow->clone_drops,
		.delay = flow->delay,
		.ipdv = flow->ipdv,
		.at_gateway = *reorder_stats(flow->at_gateway),
		.at_receiver = *reorder_stats(flow->at_receiver)};
	memcpy(out->drops, flow->drops, sizeof(out->drops));
	ended = flow->originals + fate_count(&flow->fate, out->drops) + drops_sum(out->drops);
	out->held = flow->sent > ended ? flow->sent - ended : 0;
}

static enum status
class_find(struct result *r, const struct result_flow *flow, struct result_flow **class)
{
	for (unsigned c = 0; c < r->n_classes; c++) {
		*class = &r->classes[c];
		if (!strcmp((*class)->class_name, flow->class_name))
			return ST_OK;
	}
	*class = &r->classes[r->n_classes];
	(*class)->class_name = flow->class_name;
	(*class)->dscp = flow->dscp;
	if (!delay_init(&(*class)->delay) || !delay_init(&(*class)->ipdv))
		return ST_ERR_NOMEM;
	r->n_classes++;
	return ST_OK;
}

static enum status
class_add(struct result *r, const struct result_flow *flow)
{
	struct result_flow *class;
	enum status status = class_find(r, flow, &class);

	if (status)
		return status;
	class->index++;
	class->sent += flow->sent;
	class->sent_bytes += flow->sent_bytes;
	class->delivered += flow->delivered;
	class->delivered_bytes += flow->delivered_bytes;
	class->duplicates += flow->duplicates;
	class->corrupt += flow->corrupt;
	class->clone_drops += flow->clone_drops;
	class->held += flow->held;
	for (unsigned d = 0; d < DROP_COUNT; d++)
		class->drops[d] += flow->drops[d];
	delay_merge(&class->delay, &flow->delay);
	delay_merge(&class->ipdv, &flow->ipdv);
	reorder_stats_merge(&class->at_gateway, &flow->at_gateway);
	reorder_stats_merge(&class->at_receiver, &flow->at_receiver);
	return ST_OK;
}

static enum status
flows_collect(struct lab *lab, struct result *r)
{
	for (unsigned i = 0; i < lab->n_flows; i++) {
		enum status status;

		flow_fill(lab, &r->flows[i], &lab->flows[i]);
		r->n_flows++;
		r->corrupt += r->flows[i].corrupt;
		status = class_add(r, &r->flows[i]);
		if (status)
			return status;
	}
	for (unsigned t = 0; t < lab->cfg->n_traffic; t++)
		r->traffic_skipped += traffic_skipped(lab->traffic[t]);
	return ST_OK;
}

static enum status
result_alloc(const struct lab *lab, struct result *r)
{
	const struct cfg_lab *cfg = lab->cfg;
	unsigned sas = 0, ports = 0, wires = 0;

	for (unsigned g = 0; g < cfg->n_gateways; g++) {
		sas += cfg->gateways[g].n_sas;
		ports += cfg->gateways[g].n_ports;
	}
	for (unsigned l = 0; l < cfg->n_links; l++)
		wires += 2 * cfg->links[l].n_paths;
	r->classes = calloc(2 * cfg->n_traffic + 1u, sizeof(*r->classes));
	r->flows = calloc(lab->n_flows + 1u, sizeof(*r->flows));
	r->tcp = calloc(cfg->n_traffic + 1u, sizeof(*r->tcp));
	r->pings = calloc(cfg->n_traffic + 1u, sizeof(*r->pings));
	r->sas = calloc(sas + 1u, sizeof(*r->sas));
	r->engines = calloc(cfg->n_gateways + 1u, sizeof(*r->engines));
	r->ports = calloc(ports + 1u, sizeof(*r->ports));
	r->wires = calloc(wires + 1u, sizeof(*r->wires));
	r->nodes = calloc(cfg->n_hosts + cfg->n_gateways + cfg->n_links + 1u, sizeof(*r->nodes));
	return r->classes && r->flows && r->tcp && r->pings && r->sas && r->engines && r->ports && r->wires &&
			       r->nodes
		       ? ST_OK
		       : ST_ERR_NOMEM;
}

/* The sum over nodes, and the pool against what nodes hold. */
static void
balance(struct lab *lab, struct result *r)
{
	r->dropped = drops_sum(r->drops);
	r->answers = lab->answers;
	r->balanced_packets &= r->created == r->consumed + r->held + r->dropped;
	r->mbufs_total = lab->cfg->mbufs;
	r->mbufs_free = rte_mempool_avail_count(lab->pool);
	r->balanced_mbufs = r->mbufs_total - r->mbufs_free == r->held;
}

enum status
collect(struct lab *lab, struct result **out)
{
	struct result *r = calloc(1, sizeof(*r));
	enum status status;

	if (!r)
		return ST_ERR_NOMEM;
	*out = r;
	r->cfg = lab->cfg;
	r->seed = lab->cfg->seed;
	r->end_ns = lab->now;
	r->turns = lab->turns;
	r->wall_cycles = lab->wall_cycles;
	r->balanced_packets = true;
	status = result_alloc(lab, r);
	for (unsigned h = 0; h < lab->cfg->n_hosts && !status; h++)
		host_collect(r, &lab->hosts[h]);
	for (unsigned g = 0; g < lab->cfg->n_gateways && !status; g++)
		status = gateway_collect(lab, r, &lab->gateways[g]);
	for (unsigned l = 0; l < lab->cfg->n_links && !status; l++)
		link_collect(r, &lab->links[l]);
	if (!status)
		status = flows_collect(lab, r);
	if (!status)
		status = tcp_collect(lab, r);
	for (unsigned t = 0; t < lab->cfg->n_traffic && !status; t++)
		if (lab->pings[t])
			r->pings[r->n_pings++] = ping_result(lab->pings[t]);
	if (!status)
		balance(lab, r);
	return status;
}

void
collect_free(struct result *r)
{
	if (!r)
		return;
	for (unsigned c = 0; c < r->n_classes; c++) {
		delay_fini(&r->classes[c].delay);
		delay_fini(&r->classes[c].ipdv);
	}
	for (unsigned t = 0; t < r->n_tcp; t++)
		delay_fini(&r->tcp[t].completed);
	for (unsigned i = 0; r->nodes && i < r->n_nodes; i++)
		free((void *)(uintptr_t)r->nodes[i].stages);
	free(r->classes);
	free(r->flows);
	free(r->tcp);
	free(r->pings);
	free(r->sas);
	free(r->engines);
	free(r->ports);
	free(r->wires);
	free(r->nodes);
	free(r);
}
