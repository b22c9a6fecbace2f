/* TCP connections: in summary.json each class, in summary.txt where there are any. */
#include "lab/grid.h"
#include "lab/human.h"
#include "lab/report_priv.h"

void
report_tcp_json(struct json_out *json, const struct result_tcp *tcp)
{
	jout_object(json, NULL);
	jout_text(json, "class", tcp->class_name);
	jout_u64(json, "connections", tcp->connections);
	jout_u64(json, "established", tcp->established);
	jout_u64(json, "closed", tcp->closed);
	jout_u64(json, "reset", tcp->reset);
	jout_u64(json, "gave_up", tcp->gave_up);
	jout_u64(json, "bytes_there", tcp->bytes_there);
	jout_u64(json, "bytes_back", tcp->bytes_back);
	jout_real(json, "goodput_there_bps", tcp->goodput_there);
	jout_real(json, "goodput_back_bps", tcp->goodput_back);
	jout_u64(json, "segments", tcp->segments);
	jout_u64(json, "retransmissions", tcp->retransmits);
	jout_u64(json, "timeouts", tcp->timeouts);
	jout_u64(json, "fast_recoveries", tcp->recoveries);
	jout_u64(json, "ecn_reductions", tcp->ecn_reductions);
	jout_u64(json, "path_mtu_changes", tcp->path_mtu_changes);
	jout_u64(json, "window_probes", tcp->window_probes);
	jout_u64(json, "duplicate_bytes", tcp->duplicate_bytes);
	if (tcp->srtt_count) {
		jout_object_flat(json, "srtt_ns");
		jout_u64(json, "least_rtt", tcp->rtt_min);
		jout_real(json, "mean", report_ratio(tcp->srtt_sum, tcp->srtt_count));
		jout_u64(json, "max", tcp->srtt_max);
		jout_object_end(json);
	} else {
		jout_null(json, "srtt_ns");
	}
	jout_u64(json, "completions", tcp->completed.count);
	report_distribution_json(json, "completion_ns", &tcp->completed, 0);
	jout_object_end(json);
}

static void
time_cell(struct grid *grid, bool known, uint64_t ns)
{
	grid_cell(grid, "%s", known ? human_time(ns).text : "-");
}

static void
speed_row(struct grid *grid, const struct result_tcp *tcp)
{
	grid_cell(grid, "%s", tcp->class_name);
	grid_cell(grid, "%s", human_count(tcp->connections).text);
	grid_cell(grid, "%s", human_rate(tcp->goodput_there).text);
	grid_cell(grid, "%s", human_rate(tcp->goodput_back).text);
	grid_cell(grid, "%s", human_count(tcp->segments).text);
	grid_cell(grid, "%s", human_count(tcp->retransmits).text);
	grid_cell(grid, "%s", human_count(tcp->timeouts).text);
	grid_cell(grid, "%s", human_count(tcp->recoveries).text);
	time_cell(grid, tcp->srtt_count, tcp->srtt_count ? tcp->srtt_sum / tcp->srtt_count : 0);
}

static void
completion_row(struct grid *grid, const struct result_tcp *tcp)
{
	const struct delay *d = &tcp->completed;

	grid_cell(grid, "%s", tcp->class_name);
	grid_cell(grid, "%s", human_count(d->count).text);
	time_cell(grid, true, d->min);
	time_cell(grid, true, delay_quantile(d, 0.5));
	time_cell(grid, true, delay_quantile(d, 0.99));
	time_cell(grid, true, d->max);
}

static void
grid_head(struct grid *grid, const char *const *head, unsigned columns)
{
	grid_init(grid, columns, 1);
	for (unsigned i = 0; i < columns; i++)
		grid_cell(grid, "%s", head[i]);
}

static void
completions(const struct result *r, FILE *out)
{
	static const char *const head[] = {"class", "number", "min", "median", "99 %", "max"};
	struct grid grid;
	bool any = false;

	for (unsigned i = 0; i < r->n_tcp; i++)
		any |= r->tcp[i].completed.count > 0;
	if (!any)
		return;
	fputs("\nHow long transfers took, or answers to requests:\n", out);
	grid_head(&grid, head, 6);
	for (unsigned i = 0; i < r->n_tcp; i++)
		if (r->tcp[i].completed.count)
			completion_row(&grid, &r->tcp[i]);
	grid_print(&grid, out);
}

void
report_table_tcp(const struct result *r, FILE *out)
{
	static const char *const head[] = {"class", "flows", "goodput", "back", "segments", "sent again",
		"time-outs", "recoveries", "SRTT"};
	struct grid grid;

	if (!r->n_tcp)
		return;
	fputs("\nWhat TCP made of it (goodput: bytes that the applications got):\n", out);
	grid_head(&grid, head, 9);
	for (unsigned i = 0; i < r->n_tcp; i++)
		speed_row(&grid, &r->tcp[i]);
	grid_print(&grid, out);
	completions(r, out);
	for (unsigned i = 0; i < r->n_tcp; i++) {
		const struct result_tcp *tcp = &r->tcp[i];

		if (tcp->connections > tcp->established)
			human_text(out, "%s of %s connections of %s were never established.",
				human_count(tcp->connections - tcp->established).text,
				human_count(tcp->connections).text, tcp->class_name);
	}
}
