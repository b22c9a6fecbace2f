/* A flow or a class in summary.json: counts, delays (RFC 5481 for the variation, RFC 3393 for successive
 * packets), and reordering (RFC 4737, RFC 5236). */
#include "lab/loss.h"
#include "lab/report_priv.h"

static const struct {
	const char *key;
	double q;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

/* less: what is subtracted from each value, the least delay for RFC 5481 PDV. */
void
report_distribution_json(struct json_out *json, const char *key, const struct delay *delay, uint64_t less)
{
	if (!delay->count) {
		jout_null(json, key);
		return;
	}
	jout_object_flat(json, key);
	jout_u64(json, "min", delay->min - less);
	jout_real(json, "mean", (double)delay->sum / (double)delay->count - (double)less);
	for (unsigned i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		jout_u64(json, quantiles[i].key, delay_quantile(delay, quantiles[i].q) - less);
	jout_u64(json, "max", delay->max - less);
	jout_object_end(json);
}

/* RFC 4737 §5.4; what follows the last count that is not 0 is left out. */
static void
n_reordered_json(struct json_out *json, const struct reorder_stats *stats)
{
	unsigned last = REORDER_N_MAX;

	while (last && !stats->n_reordered[last])
		last--;
	jout_array_flat(json, "n_reordered");
	for (unsigned n = 1; n <= last; n++)
		jout_u64(json, NULL, stats->n_reordered[n]);
	jout_array_end(json);
}

/* RFC 5236 densities: {"displacement": share}, those that are not 0. */
static void
density_json(struct json_out *json, const char *key, const uint64_t *counts, unsigned n, int first)
{
	uint64_t sum = 0;
	char name[16];

	for (unsigned i = 0; i < n; i++)
		sum += counts[i];
	jout_object_flat(json, key);
	for (unsigned i = 0; i < n; i++) {
		if (!counts[i])
			continue;
		snprintf(name, sizeof(name), "%d", first + (int)i);
		jout_real(json, name, report_ratio(counts[i], sum));
	}
	jout_object_end(json);
}

static void
pair_json(struct json_out *json, const char *key, const char *first, uint64_t value, const char *second,
	double real)
{
	jout_object_flat(json, key);
	jout_u64(json, first, value);
	jout_real(json, second, real);
	jout_object_end(json);
}

void
report_reorder_json(struct json_out *json, const char *key, const struct reorder_stats *s)
{
	jout_object(json, key);
	jout_u64(json, "received", s->received);
	jout_u64(json, "duplicates", s->duplicates);
	jout_u64(json, "reordered", s->reordered);
	jout_real(json, "ratio", report_ratio(s->reordered, s->received));
	pair_json(json, "extent", "max", s->extent_max, "mean", report_ratio(s->extent_sum, s->reordered));
	jout_u64(json, "extents_truncated", s->truncated);
	pair_json(json, "late_time_ns", "max", s->late_ns_max, "mean",
		report_ratio(s->late_ns_sum, s->reordered));
	n_reordered_json(json, s);
	pair_json(json, "gaps", "count", s->gap_count, "mean", report_ratio(s->gap_sum, s->gap_count));
	pair_json(json, "runs", "count", s->run_count, "mean", report_ratio(s->run_sum, s->run_count));
	density_json(json, "rd", s->rd, 2 * REORDER_RD_MAX + 1, -REORDER_RD_MAX);
	jout_u64(json, "rd_lost", s->rd_lost);
	density_json(json, "rbd", s->rbd, REORDER_RD_MAX + 1, 0);
	jout_object_end(json);
}

void
report_drops_json(struct json_out *json, const char *key, const uint64_t *drops)
{
	jout_object_flat(json, key);
	for (unsigned d = 0; d < DROP_COUNT; d++)
		if (drops[d])
			jout_u64(json, drop_info[d].text, drops[d]);
	jout_object_end(json);
}

static void
identity_json(struct json_out *json, const struct result_flow *flow, bool is_class)
{
	jout_text(json, "class", flow->class_name);
	if (is_class) {
		jout_u64(json, "flows", flow->index);
		return;
	}
	jout_text(json, "traffic", flow->traffic);
	jout_u64(json, "index", flow->index);
	jout_ip(json, "src", flow->src);
	jout_ip(json, "dst", flow->dst);
	jout_u64(json, "protocol", flow->proto);
	jout_u64(json, "sport", flow->sport);
	jout_u64(json, "dport", flow->dport);
	jout_u64(json, "dscp", flow->dscp);
}

void
report_flow_json(struct json_out *json, const struct result_flow *flow, bool is_class)
{
	uint64_t lost = report_lost(flow);

	jout_object(json, NULL);
	identity_json(json, flow, is_class);
	jout_u64(json, "sent", flow->sent);
	jout_u64(json, "sent_bytes", flow->sent_bytes);
	jout_u64(json, "delivered", flow->delivered);
	jout_u64(json, "delivered_bytes", flow->delivered_bytes);
	jout_u64(json, "lost", lost);
	jout_real(json, "lost_ratio", report_ratio(lost, flow->sent));
	report_drops_json(json, "lost_by_reason", flow->drops);
	jout_u64(json, "held", flow->held);
	jout_u64(json, "duplicates", flow->duplicates);
	jout_u64(json, "copies_dropped", flow->clone_drops);
	jout_u64(json, "corrupt", flow->corrupt);
	report_distribution_json(json, "delay_ns", &flow->delay, 0);
	report_distribution_json(json, "pdv_ns", &flow->delay, flow->delay.min);
	report_distribution_json(json, "ipdv_ns", &flow->ipdv, 0);
	jout_object(json, "reordering");
	report_reorder_json(json, "at_gateway", &flow->at_gateway);
	report_reorder_json(json, "at_receiver", &flow->at_receiver);
	jout_object_end(json);
	jout_object_end(json);
}
