/* A laboratory put together, and its driver: virtual time moves here and nowhere else.
 *
 * The driver turns every actor that is due, in a fixed order, until none has work, and then sets the clock to
 * the least due time.  Order: changes of the run, hosts, gateways and routers, each as the configuration
 * lists them. */
#include "lab/lab.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_mempool.h>

#include "lab/changes.h"
#include "lab/lab_priv.h"
#include "dataplane/pool.h"

#define PROGRESS_TURNS 1024u
#define EVENT_BURST 64u

static void
events_take(struct node_gateway *gateway)
{
	struct drop_event events[EVENT_BURST];
	unsigned n;

	while ((n = dp_events(gateway->dp, events, EVENT_BURST)))
		for (unsigned i = 0; i < n; i++) {
			flow_dropped(gateway->lab, gateway->lab->cfg->n_hosts + gateway->index, &events[i]);
			if (gateway->lab->observe)
				gateway->lab->observe(
					gateway->lab->observe_ctx, gateway->index, &events[i]);
		}
}

static bool
gateway_run(struct actor *actor, uint64_t now)
{
	struct node_gateway *gateway = (struct node_gateway *)actor;
	bool moved = dp_turn(gateway->dp, now);

	events_take(gateway);
	return moved;
}

static uint64_t
gateway_next_due(struct actor *actor)
{
	return dp_next_due(((struct node_gateway *)actor)->dp);
}

/* The end of the link that is plugged into this port of this node. */
static struct link_end *
end_find(struct lab *lab, uint32_t node, uint32_t port)
{
	for (unsigned l = 0; l < lab->cfg->n_links; l++)
		for (unsigned e = 0; e < 2; e++)
			if (lab->cfg->links[l].end[e].node == node && lab->cfg->links[l].end[e].port == port)
				return &lab->links[l].end[e];
	return NULL;
}

/* The numbers of each outbound SA are followed to where its packets arrive. */
static enum status
order_create(struct lab *lab, struct node_gateway *gateway)
{
	const struct cfg_gateway *cfg = dp_cfg(gateway->dp);

	gateway->order = calloc(cfg->n_sas + 1u, sizeof(struct reorder *));
	if (!gateway->order)
		return ST_ERR_NOMEM;
	for (unsigned i = 0; i < cfg->n_sas; i++) {
		if (cfg->sas[i].direction != CFG_OUT)
			continue;
		if (reorder_create(lab->cfg->reorder_depth, &gateway->order[i]))
			return ST_ERR_NOMEM;
		dp_sa_observe(gateway->dp, i, gateway->order[i]);
	}
	return ST_OK;
}

static enum status
gateway_create(struct lab *lab, unsigned index, char *message, size_t bytes)
{
	const struct cfg_gateway *cfg = &lab->cfg->gateways[index];
	struct node_gateway *gateway = &lab->gateways[index];
	enum status status;

	gateway->actor = (struct actor){.name = cfg->name, .run = gateway_run, .next_due = gateway_next_due};
	gateway->lab = lab;
	gateway->index = index;
	gateway->ports = calloc(cfg->n_ports, sizeof(struct port *));
	if (!gateway->ports)
		return ST_ERR_NOMEM;
	for (unsigned p = 0; p < cfg->n_ports; p++)
		gateway->ports[p] = &end_find(lab, lab->cfg->n_hosts + index, p)->port;
	status = dp_create(cfg, gateway->ports, lab->pool, lab->options.cycles, &gateway->dp, message, bytes);
	if (status)
		return status;
	dp_join_observe(gateway->dp, flow_joined, lab);
	dp_echo_observe(gateway->dp, flow_echoed, lab);
	dp_keepalive_until(gateway->dp, lab->cfg->duration); /* a source, too */
	return order_create(lab, gateway);
}

/* The largest IP packet that any source can bring; whoever wants more than an mbuf can hold gets NO_ROOM. */
static uint32_t
packet_bytes_max(const struct lab *lab)
{
	uint32_t max = 1500;

	for (unsigned t = 0; t < lab->cfg->n_traffic; t++)
		if (traffic_bytes_max(lab->traffic[t]) > max)
			max = traffic_bytes_max(lab->traffic[t]);
	return max < POOL_BYTES_MAX ? max : POOL_BYTES_MAX;
}

static enum status
sources_create(struct lab *lab, char *message, size_t bytes)
{
	const struct cfg_lab *cfg = lab->cfg;

	lab->traffic = calloc(cfg->n_traffic + 1u, sizeof(struct traffic *));
	if (!lab->traffic)
		return ST_ERR_NOMEM;
	for (unsigned t = 0; t < cfg->n_traffic; t++) {
		enum status status = traffic_create(
			cfg, &cfg->traffic[t], cfg->duration, &lab->traffic[t], message, bytes);

		if (status)
			return status;
	}
	return ST_OK;
}

static enum status
nodes_create(struct lab *lab, char *message, size_t bytes)
{
	const struct cfg_lab *cfg = lab->cfg;
	enum status status = ST_OK;

	for (unsigned l = 0; l < cfg->n_links && !status; l++)
		status = link_create(lab, l);
	for (unsigned h = 0; h < cfg->n_hosts && !status; h++)
		status = host_create(lab, h, end_find(lab, h, 0));
	for (unsigned g = 0; g < cfg->n_gateways && !status; g++)
		status = gateway_create(lab, g, message, bytes);
	return status;
}

static enum status
parts_create(struct lab *lab, char *message, size_t bytes)
{
	const struct cfg_lab *cfg = lab->cfg;
	enum status status;

	lab->hosts = calloc(cfg->n_hosts + 1u, sizeof(*lab->hosts));
	lab->gateways = calloc(cfg->n_gateways + 1u, sizeof(*lab->gateways));
	lab->links = calloc(cfg->n_links + 1u, sizeof(*lab->links));
	lab->pattern = malloc(PACKET_PATTERN);
	lab->sums = calloc(PACKET_PATTERN + 1u, sizeof(*lab->sums));
	if (!lab->hosts || !lab->gateways || !lab->links || !lab->pattern || !lab->sums)
		return ST_ERR_NOMEM;
	packet_pattern_fill(lab->pattern);
	packet_sums_fill(lab->pattern, lab->sums);
	status = sources_create(lab, message, bytes);
	if (!status)
		status = pool_create(cfg->mbufs, packet_bytes_max(lab), &lab->pool);
	if (!status)
		status = flows_create(lab);
	if (!status)
		status = tcp_sources_create(lab);
	if (!status)
		status = pings_create(lab);
	if (!status)
		status = changes_create(lab, &lab->changes);
	return status ? status : nodes_create(lab, message, bytes);
}

enum status
lab_create(const struct cfg_lab *cfg, const struct lab_options *options, struct lab **out, char *message,
	size_t bytes)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	enum status status;

	*out = NULL;
	message[0] = '\0';
	if (!lab)
		return ST_ERR_NOMEM;
	lab->cfg = cfg;
	lab->last = cfg->duration + cfg->drain;
	lab->options = *options;
	status = parts_create(lab, message, bytes);
	if (status) {
		if (!message[0])
			snprintf(message, bytes, "laboratory: %s", status_text(status));
		lab_destroy(lab);
		return status;
	}
	*out = lab;
	return ST_OK;
}

/* Turns an actor where it is due; adds its cycles where they are counted. */
static bool
actor_turn(struct lab *lab, struct actor *actor, uint64_t *cycles)
{
	uint64_t start;
	bool moved;

	if (actor->next_due(actor) > lab->now && lab->now < lab->last)
		return false;
	if (!lab->options.cycles)
		return actor->run(actor, lab->now);
	start = lab->options.cycles();
	moved = actor->run(actor, lab->now);
	*cycles += lab->options.cycles() - start;
	return moved;
}

static bool
all_turn(struct lab *lab)
{
	bool moved = changes_run(lab->changes, lab->now);

	for (unsigned h = 0; h < lab->cfg->n_hosts; h++)
		moved |= actor_turn(lab, &lab->hosts[h].actor, &lab->hosts[h].cycles);
	for (unsigned g = 0; g < lab->cfg->n_gateways; g++)
		moved |= actor_turn(lab, &lab->gateways[g].actor, &lab->gateways[g].cycles);
	return moved;
}

static uint64_t
all_next_due(struct lab *lab)
{
	uint64_t due = changes_next_due(lab->changes);

	for (unsigned h = 0; h < lab->cfg->n_hosts; h++)
		due = time_min(due, lab->hosts[h].actor.next_due(&lab->hosts[h].actor));
	for (unsigned g = 0; g < lab->cfg->n_gateways; g++)
		due = time_min(due, lab->gateways[g].actor.next_due(&lab->gateways[g].actor));
	return due;
}

static void
progress_tell(struct lab *lab)
{
	struct lab_progress progress = {.now = lab->now, .end = lab->cfg->duration};

	for (unsigned h = 0; h < lab->cfg->n_hosts; h++)
		progress.created += lab->hosts[h].created;
	for (unsigned g = 0; g < lab->cfg->n_gateways; g++)
		for (unsigned d = 0; d < DROP_COUNT; d++)
			progress.dropped += dp_stats(lab->gateways[g].dp)->drops[d];
	for (unsigned l = 0; l < lab->cfg->n_links; l++)
		for (unsigned d = 0; d < DROP_COUNT; d++)
			progress.dropped += lab->links[l].drops[d];
	lab->options.progress(lab->options.ctx, &progress);
}

void
lab_record(struct lab *lab, struct recorder *recorder)
{
	lab->recorder = recorder;
}

void
lab_observe(struct lab *lab, void (*taken)(void *ctx, unsigned gateway, const struct drop_event *event),
	void *ctx)
{
	lab->observe = taken;
	lab->observe_ctx = ctx;
}

struct dp *
lab_gateway(struct lab *lab, unsigned index)
{
	return lab->gateways[index].dp;
}

uint64_t
lab_now(const struct lab *lab)
{
	return lab->now;
}

void
lab_run(struct lab *lab)
{
	uint64_t last = lab->last, due = all_next_due(lab);
	uint64_t start = lab->options.cycles ? lab->options.cycles() : 0;

	while (due <= last) {
		lab->now = due;
		while (all_turn(lab))
			;
		if (lab->options.progress && lab->turns % PROGRESS_TURNS == 0)
			progress_tell(lab);
		lab->turns++;
		due = all_next_due(lab);
		if (due > last && due != TIME_NEVER && lab->now < last)
			due = last;	  /* between polls, and cut off: what was to be sent by now is sent */
		else if (due <= lab->now) /* whoever says so had his turn: time goes on regardless */
			due = lab->now + 1;
	}
	if (lab->options.cycles)
		lab->wall_cycles = lab->options.cycles() - start;
}

static void
gateway_destroy(struct node_gateway *gateway)
{
	unsigned n = gateway->dp ? dp_cfg(gateway->dp)->n_sas : 0;

	for (unsigned i = 0; gateway->order && i < n; i++)
		reorder_destroy(gateway->order[i]);
	dp_destroy(gateway->dp);
	free(gateway->order);
	free(gateway->ports);
}

/* With what is still under way in queues and wires, which nobody looks at any more: to take it out would
 * count in their statistics, and those are part of the result. */
static void
packets_free(struct lab *lab)
{
	pool_destroy(lab->pool);
	lab->pool = NULL;
}

struct result *
lab_result(struct lab *lab)
{
	enum status status = ST_OK;

	if (!lab->result) {
		status = collect(lab, &lab->result);
		packets_free(lab);
	}
	return status ? NULL : lab->result;
}

void
lab_destroy(struct lab *lab)
{
	if (!lab)
		return;
	collect_free(lab->result);
	packets_free(lab);
	for (unsigned g = 0; lab->gateways && g < lab->cfg->n_gateways; g++)
		gateway_destroy(&lab->gateways[g]);
	for (unsigned l = 0; lab->links && l < lab->cfg->n_links; l++)
		if (lab->links[l].lab)
			link_destroy(&lab->links[l]);
	for (unsigned h = 0; lab->hosts && h < lab->cfg->n_hosts; h++)
		host_destroy(&lab->hosts[h]);
	changes_destroy(lab->changes);
	tcp_sources_destroy(lab);
	pings_destroy(lab);
	flows_destroy(lab);
	for (unsigned t = 0; lab->traffic && t < lab->cfg->n_traffic; t++)
		traffic_destroy(lab->traffic[t]);
	free(lab->traffic);
	free(lab->pattern);
	free(lab->sums);
	free(lab->links);
	free(lab->gateways);
	free(lab->hosts);
	free(lab);
}
