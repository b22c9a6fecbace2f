/* Traffic sources: the part that all kinds share.
 *
 * A source is made by the function of its kind (traffic_rate.c, traffic_voice.c, traffic_pcap.c) and is
 * then driven through three functions.  A burst costs one indirect call, whatever its size.  Times are
 * computed, never measured: how often the host asks does not change what it gets.  A packet that would be
 * due exactly when the source stops is not sent, so a rate over [start, stop) is exact.
 * Packets themselves are made by the host, except those of a capture. */
#include "lab/traffic_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/cfg_net.h"

static enum status (*const kind_create[])(const struct traffic_args *args, struct traffic **traffic) = {
	[CFG_TRAFFIC_CBR] = traffic_cbr_create,
	[CFG_TRAFFIC_POISSON] = traffic_poisson_create,
	[CFG_TRAFFIC_ONOFF] = traffic_onoff_create,
	[CFG_TRAFFIC_IMIX] = traffic_imix_create,
	[CFG_TRAFFIC_VOICE] = traffic_voice_create,
	[CFG_TRAFFIC_PCAP] = traffic_pcap_create,
	[CFG_TRAFFIC_TCP] = traffic_tcp_create,
	[CFG_TRAFFIC_PING] = traffic_ping_create,
};

enum status
traffic_refuse(const struct traffic_args *args, enum status status, const char *format, ...)
{
	if (!args->bytes)
		return status;
	int used = snprintf(args->message, args->bytes, "traffic %s: ", args->cfg->name);
	if (used < 0 || (size_t)used >= args->bytes)
		return status;
	va_list list;
	va_start(list, format);
	vsnprintf(args->message + used, args->bytes - (size_t)used, format, list);
	va_end(list);
	return status;
}

enum status
traffic_flows_check(const struct traffic_args *args, const char *key, uint32_t flows)
{
	if (flows >= 1 && flows <= TRAFFIC_FLOWS_MAX)
		return ST_OK;
	return traffic_refuse(args, ST_ERR_RANGE, "%s = %u; allowed: 1 to %u", key, flows, TRAFFIC_FLOWS_MAX);
}

static void
flow_init(struct traffic_flow *flow, const struct traffic_args *args)
{
	const struct cfg_traffic *cfg = args->cfg;

	flow->src = args->lab->hosts[cfg->from_host].address;
	flow->dst = cfg_end_address(args->lab, &cfg->to_end, flow->src);
	flow->sport = cfg->sport;
	flow->dport = cfg->dport;
	flow->proto = (uint8_t)cfg->proto;
	flow->dscp = cfg->dscp;
	flow->ecn = cfg->ecn;
	flow->df = cfg->df;
}

void *
traffic_alloc(const struct traffic_args *args, const struct traffic_ops *ops, size_t size, uint32_t flows)
{
	struct traffic *traffic = calloc(1, size);
	if (!traffic)
		return NULL;
	traffic->ops = ops;
	traffic->start = args->cfg->start < TRAFFIC_TIME_MAX ? args->cfg->start : TRAFFIC_TIME_MAX;
	traffic->limit = args->limit;
	traffic->flow_count = flows;
	traffic->bytes_max = args->cfg->size;
	flow_init(&traffic->flow, args);
	traffic_due_set(traffic, traffic->start);

	char stream[256];
	snprintf(stream, sizeof(stream), "traffic.%s", args->cfg->name);
	rng_init(&traffic->rng, args->lab->seed, stream);
	return traffic;
}

enum status
traffic_create(const struct cfg_lab *lab, const struct cfg_traffic *cfg, uint64_t end_ns,
	struct traffic **traffic, char *message, size_t bytes)
{
	uint64_t limit = time_min(cfg->stop ? time_min(cfg->stop, end_ns) : end_ns, TRAFFIC_TIME_MAX);
	struct traffic_args args = {lab, cfg, limit, message, bytes};
	unsigned targets = lab->n_hosts + (cfg->kind == CFG_TRAFFIC_PING ? lab->n_gateways : 0);

	*traffic = NULL;
	if (bytes)
		message[0] = '\0';
	if (cfg->from_host >= lab->n_hosts || cfg->to_end.node >= targets)
		return traffic_refuse(&args, ST_ERR_RANGE, "from or to is no host");
	if ((size_t)cfg->kind >= sizeof(kind_create) / sizeof(kind_create[0]))
		return traffic_refuse(&args, ST_ERR_RANGE, "kind is not known");

	enum status status = kind_create[cfg->kind](&args, traffic);
	if (status == ST_ERR_NOMEM)
		traffic_refuse(&args, status, "%s", status_text(status));
	return status;
}

void
traffic_destroy(struct traffic *traffic)
{
	if (!traffic)
		return;
	if (traffic->ops->fini)
		traffic->ops->fini(traffic);
	free(traffic);
}

unsigned
traffic_flow_count(const struct traffic *traffic)
{
	return traffic->flow_count;
}

void
traffic_flow_get(const struct traffic *traffic, unsigned flow, struct traffic_flow *out)
{
	if (traffic->ops->flow_get) {
		traffic->ops->flow_get(traffic, flow, out);
		return;
	}
	*out = traffic->flow;
	out->sport = (uint16_t)(out->sport + flow); /* wraps: up to 65536 flows stay distinct */
}

uint64_t
traffic_next_due(const struct traffic *traffic)
{
	return traffic->due;
}

unsigned
traffic_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max)
{
	if (traffic->due > now || traffic->due == TIME_NEVER || !max)
		return 0;
	return traffic->ops->get(traffic, now, out, max);
}

uint32_t
traffic_bytes_max(const struct traffic *traffic)
{
	return traffic->bytes_max;
}

uint64_t
traffic_start(const struct traffic *traffic)
{
	return traffic->start;
}

uint64_t
traffic_limit(const struct traffic *traffic)
{
	return traffic->limit;
}

uint64_t
traffic_skipped(const struct traffic *traffic)
{
	return traffic->skipped;
}
