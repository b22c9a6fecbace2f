/* Ping as a traffic source: flow 0 are the echoes, flow 1 the answers.  It sends nothing by itself: when the
 * next echo leaves is up to what came back (ping.c, ping_host.c). */
#include "lab/traffic_priv.h"

static unsigned
nothing_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	(void)now, (void)out, (void)max;
	traffic_due_set(traffic, TIME_NEVER);
	return 0;
}

static void
ping_flow_get(const struct traffic *traffic, unsigned flow, struct traffic_flow *out)
{
	*out = traffic->flow;
	if (flow) {
		out->src = traffic->flow.dst;
		out->dst = traffic->flow.src;
	}
}

static const struct traffic_ops ping_ops = {.get = nothing_get, .flow_get = ping_flow_get};

enum status
traffic_ping_create(const struct traffic_args *args, struct traffic **traffic)
{
	struct traffic *t = traffic_alloc(args, &ping_ops, sizeof(*t), 2);

	if (!t)
		return ST_ERR_NOMEM;
	t->flow.sport = t->flow.dport = 0;
	if (args->cfg->sweep_max > t->bytes_max)
		t->bytes_max = args->cfg->sweep_max;
	t->due = TIME_NEVER;
	*traffic = t;
	return ST_OK;
}
