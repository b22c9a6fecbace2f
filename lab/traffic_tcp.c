/* TCP as a traffic source: flow i goes there, flow flows + i comes back.  It sends nothing by itself: what is
 * sent when is up to the ends of the connections (tcp_host.c). */
#include "lab/traffic_priv.h"

#define TCP_PROTOCOL 6u

static unsigned
nothing_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	(void)now, (void)out, (void)max;
	traffic_due_set(traffic, TIME_NEVER);
	return 0;
}

static void
tcp_flow_get(const struct traffic *traffic, unsigned flow, struct traffic_flow *out)
{
	unsigned n = traffic->flow_count / 2;
	bool back = flow >= n;

	*out = traffic->flow;
	out->sport = (uint16_t)(out->sport + flow % n);
	if (back) {
		struct traffic_flow there = *out;

		out->src = there.dst;
		out->dst = there.src;
		out->sport = there.dport;
		out->dport = there.sport;
	}
}

static const struct traffic_ops tcp_ops = {.get = nothing_get, .flow_get = tcp_flow_get};

enum status
traffic_tcp_create(const struct traffic_args *args, struct traffic **traffic)
{
	const struct cfg_host *from = &args->lab->hosts[args->cfg->from_host];
	const struct cfg_host *to = &args->lab->hosts[args->cfg->to_end.node];
	enum status status = traffic_flows_check(args, "flows", 2 * args->cfg->flows);
	struct traffic *t;

	if (status)
		return status;
	t = traffic_alloc(args, &tcp_ops, sizeof(*t), 2 * args->cfg->flows);
	if (!t)
		return ST_ERR_NOMEM;
	t->flow.proto = TCP_PROTOCOL;
	t->flow.df |= args->cfg->pmtud;
	t->flow.ecn = 0; /* segment by segment */
	t->bytes_max = from->mtu > to->mtu ? from->mtu : to->mtu;
	t->due = TIME_NEVER;
	*traffic = t;
	return ST_OK;
}
