/* The variants of a laboratory side by side: comparison.txt, the same for a terminal, and comparison.json.
 *
 * "Replay drops" are those of all gateways, and their share is of the packets that reached an inbound SA; the
 * window needed is the largest over the SAs.  Classes are those of any variant, in order of appearance; those
 * of TCP stand in two more tables. */
#include <stdlib.h>
#include <string.h>

#include "lab/folder.h"
#include "lab/grid.h"
#include "lab/human.h"
#include "lab/loss.h"
#include "lab/report.h"
#include "lab/report_priv.h"

#define CLASSES_A_TABLE 6u

/* What a row tells. */
struct row {
	struct report_sums sums;
	uint64_t arrived, replays, queue, other;
	uint32_t window; /* needed; above LAG_MAX: even that is not enough */
};

/* Classes of any variant. */
struct names {
	const char **name;
	unsigned n;
};

struct comparison {
	const struct report_variant *variants;
	unsigned n;
	struct row *rows;
	struct names classes, tcp;
};

static void
row_fill(struct row *row, const struct result *r)
{
	report_sums(r, &row->sums);
	row->replays = loss_sum(r->drops, LOSS_REPLAY);
	row->queue = loss_sum(r->drops, LOSS_QUEUE);
	row->other = loss_total(r->drops) - row->replays - row->queue;
	for (unsigned i = 0; i < r->n_sas; i++) {
		uint32_t window = r->sas[i].lag ? lag_window(r->sas[i].lag, 1) : 0;

		row->arrived += report_is_inside(&r->sas[i]) ? 0 : report_arrived(&r->sas[i]);
		row->window = window > row->window ? window : row->window;
	}
}

static const struct result_flow *
class_find(const struct result *r, const char *name)
{
	for (unsigned c = 0; c < r->n_classes; c++)
		if (!strcmp(r->classes[c].class_name, name))
			return &r->classes[c];
	return NULL;
}

static const struct result_tcp *
tcp_find(const struct result *r, const char *name)
{
	for (unsigned i = 0; i < r->n_tcp; i++)
		if (!strcmp(r->tcp[i].class_name, name))
			return &r->tcp[i];
	return NULL;
}

static void
name_add(struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->n; i++)
		if (!strcmp(names->name[i], name))
			return;
	names->name[names->n++] = name;
}

static enum status
comparison_fill(struct comparison *all)
{
	unsigned classes = 0, tcp = 0;

	for (unsigned v = 0; v < all->n; v++) {
		classes += all->variants[v].result->n_classes;
		tcp += all->variants[v].result->n_tcp;
	}
	all->rows = calloc(all->n + 1u, sizeof(*all->rows));
	all->classes.name = calloc(classes + 1u, sizeof(*all->classes.name));
	all->tcp.name = calloc(tcp + 1u, sizeof(*all->tcp.name));
	if (!all->rows || !all->classes.name || !all->tcp.name)
		return ST_ERR_NOMEM;
	for (unsigned v = 0; v < all->n; v++) {
		const struct result *r = all->variants[v].result;

		row_fill(&all->rows[v], r);
		for (unsigned c = 0; c < r->n_classes; c++)
			name_add(&all->classes, r->classes[c].class_name);
		for (unsigned i = 0; i < r->n_tcp; i++)
			name_add(&all->tcp, r->tcp[i].class_name);
	}
	return ST_OK;
}

static void
totals_print(const struct comparison *all, FILE *out)
{
	static const char *const head[] = {"variant", "sent", "delivered", "replay drops", "of arrived",
		"queue", "other", "window needed"};
	struct grid grid;

	grid_init(&grid, 8, 1);
	for (unsigned i = 0; i < 8; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned v = 0; v < all->n; v++) {
		const struct row *row = &all->rows[v];

		grid_cell(&grid, "%s", all->variants[v].name);
		grid_cell(&grid, "%s", human_count(row->sums.sent).text);
		grid_cell(&grid, "%s", human_percent(row->sums.delivered, row->sums.sent).text);
		grid_cell(&grid, "%s", human_count(row->replays).text);
		grid_cell(&grid, "%s", human_percent(row->replays, row->arrived).text);
		grid_cell(&grid, "%s", human_count(row->queue).text);
		grid_cell(&grid, "%s", human_count(row->other).text);
		grid_cell(&grid, "%s%s", row->window > LAG_MAX ? "> " : "",
			human_count(row->window > LAG_MAX ? LAG_MAX : row->window).text);
	}
	grid_print(&grid, out);
}

static struct human
lost_text(const struct result *r, const char *name)
{
	const struct result_flow *class = class_find(r, name);
	struct human none = {"-"};

	return class ? human_percent(report_lost(class), class->sent) : none;
}

static struct human
delay_text(const struct result *r, const char *name)
{
	const struct result_flow *class = class_find(r, name);
	struct human none = {"-"};

	return class && class->delay.count ? human_time(delay_quantile(&class->delay, 0.99)) : none;
}

static struct human
goodput_text(const struct result *r, const char *name)
{
	const struct result_tcp *tcp = tcp_find(r, name);
	struct human none = {"-"};

	return tcp ? human_rate(tcp->goodput_there + tcp->goodput_back) : none;
}

static struct human
completed_text(const struct result *r, const char *name)
{
	const struct result_tcp *tcp = tcp_find(r, name);
	struct human none = {"-"};

	return tcp ? human_count(tcp->completed.count) : none;
}

/* Variants by classes, so many classes at a time as fit. */
static void
classes_print(const struct comparison *all, const struct names *names, const char *title,
	struct human (*text)(const struct result *r, const char *name), FILE *out)
{
	for (unsigned first = 0; first < names->n; first += CLASSES_A_TABLE) {
		unsigned left = names->n - first, n = left < CLASSES_A_TABLE ? left : CLASSES_A_TABLE;
		struct grid grid;

		fprintf(out, "\n%s:\n", title);
		grid_init(&grid, 1 + n, 1);
		grid_cell(&grid, "variant");
		for (unsigned c = 0; c < n; c++)
			grid_cell(&grid, "%s", names->name[first + c]);
		for (unsigned v = 0; v < all->n; v++) {
			const struct result *r = all->variants[v].result;

			grid_cell(&grid, "%s", all->variants[v].name);
			for (unsigned c = 0; c < n; c++)
				grid_cell(&grid, "%s", text(r, names->name[first + c]).text);
		}
		grid_print(&grid, out);
	}
}

static void
comparison_print(const struct comparison *all, FILE *out)
{
	const struct cfg_lab *lab = all->n ? all->variants[0].result->cfg : NULL;

	if (lab)
		human_text(out, "%s: variants", lab->title ? lab->title : report_file_name(lab));
	fputc('\n', out);
	totals_print(all, out);
	classes_print(all, &all->classes, "Lost packets by class", lost_text, out);
	classes_print(
		all, &all->classes, "Delay that 99 % of the packets stay below, by class", delay_text, out);
	classes_print(all, &all->tcp, "Goodput of TCP, both ways together", goodput_text, out);
	classes_print(
		all, &all->tcp, "Transfers that TCP completed, or answers to requests", completed_text, out);
}

static void
class_json(struct json_out *json, const struct result_flow *class)
{
	uint64_t lost = report_lost(class);

	jout_object_flat(json, NULL);
	jout_text(json, "class", class->class_name);
	jout_u64(json, "sent", class->sent);
	jout_u64(json, "delivered", class->delivered);
	jout_u64(json, "lost", lost);
	jout_real(json, "lost_ratio", report_ratio(lost, class->sent));
	if (class->delay.count) {
		jout_u64(json, "delay_p50_ns", delay_quantile(&class->delay, 0.5));
		jout_u64(json, "delay_p99_ns", delay_quantile(&class->delay, 0.99));
	} else {
		jout_null(json, "delay_p50_ns");
		jout_null(json, "delay_p99_ns");
	}
	jout_object_end(json);
}

static void
variant_json(struct json_out *json, const struct report_variant *variant, const struct row *row)
{
	const struct result *r = variant->result;

	jout_object(json, NULL);
	jout_text(json, "name", variant->name);
	jout_bool(json, "balanced", r->balanced_packets && r->balanced_mbufs);
	jout_u64(json, "sent", row->sums.sent);
	jout_u64(json, "delivered", row->sums.delivered);
	jout_u64(json, "arrived", row->arrived);
	jout_u64(json, "replay_drops", row->replays);
	jout_real(json, "replay_ratio", report_ratio(row->replays, row->arrived));
	jout_u64(json, "queue_drops", row->queue);
	jout_u64(json, "other_drops", row->other);
	if (row->window > LAG_MAX)
		jout_null(json, "window_needed");
	else
		jout_u64(json, "window_needed", row->window);
	report_drops_json(json, "drops", r->drops);
	jout_array(json, "classes");
	for (unsigned c = 0; c < r->n_classes; c++)
		class_json(json, &r->classes[c]);
	jout_array_end(json);
	jout_array(json, "tcp");
	for (unsigned i = 0; i < r->n_tcp; i++)
		report_tcp_json(json, &r->tcp[i]);
	jout_array_end(json);
	jout_object_end(json);
}

static void
comparison_json(const struct comparison *all, FILE *out)
{
	struct json_out json = {.out = out};

	jout_object(&json, NULL);
	jout_u64(&json, "schema", REPORT_SCHEMA);
	jout_array(&json, "variants");
	for (unsigned v = 0; v < all->n; v++)
		variant_json(&json, &all->variants[v], &all->rows[v]);
	jout_array_end(&json);
	jout_object_end(&json);
}

static enum status
write_file(const struct comparison *all, const char *folder, const char *name,
	void (*write)(const struct comparison *all, FILE *out), char *message, size_t bytes)
{
	FILE *file;
	enum status status = folder_create(folder, name, &file, message, bytes);

	if (status)
		return status;
	write(all, file);
	return folder_close(file, folder, name, message, bytes);
}

enum status
report_compare(const struct report_variant *variants, unsigned n, const char *folder, FILE *out,
	char *message, size_t bytes)
{
	struct comparison all = {.variants = variants, .n = n};
	enum status status = comparison_fill(&all);

	if (status)
		snprintf(message, bytes, "%s", status_text(status));
	if (!status && out)
		comparison_print(&all, out);
	if (!status)
		status = folder_make(folder, message, bytes);
	if (!status)
		status = write_file(&all, folder, "comparison.txt", comparison_print, message, bytes);
	if (!status)
		status = write_file(&all, folder, "comparison.json", comparison_json, message, bytes);
	free(all.rows);
	free(all.classes.name);
	free(all.tcp.name);
	return status;
}
