/* Who was process switched, and why: in summary.json with each gateway and router that has two paths, in
 * summary.txt where any packet was. */
#include "lab/grid.h"
#include "lab/human.h"
#include "lab/report_priv.h"

void
report_process_json(struct json_out *json, const struct process_stats *stats)
{
	jout_object(json, "switching");
	jout_u64(json, "fast", stats->fast);
	jout_object(json, "process");
	for (unsigned c = 0; c < PROCESS_COUNT; c++)
		jout_u64(json, process_info[c].text, stats->causes[c]);
	jout_object_end(json);
	jout_u64(json, "queue_max", stats->depth_max);
	jout_object_end(json);
}

static uint64_t
process_sum(const struct process_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned c = 0; stats && c < PROCESS_COUNT; c++)
		sum += stats->causes[c];
	return sum;
}

static void
process_rows(struct grid *grid, const struct result_node *node)
{
	uint64_t all = node->process->fast + process_sum(node->process);

	for (unsigned c = 0; c < PROCESS_COUNT; c++) {
		uint64_t packets = node->process->causes[c];

		if (!packets)
			continue;
		grid_cell(grid, "%s", node->name);
		grid_cell(grid, "%s", process_info[c].text);
		grid_cell(grid, "%s", human_count(packets).text);
		grid_cell(grid, "%s", human_percent(packets, all).text);
		grid_cell(grid, "%s", process_info[c].meaning);
	}
}

void
report_table_process(const struct result *r, FILE *out)
{
	static const char *const head[] = {"at", "cause", "packets", "of arrived", "what it means"};
	struct grid grid;
	uint64_t slow = 0;

	for (unsigned i = 0; i < r->n_nodes; i++)
		slow += process_sum(r->nodes[i].process);
	if (!slow)
		return;
	fputs("\nWhat was process switched (the others went the fast way):\n", out);
	grid_init(&grid, 5, 1 | 2 | 16);
	for (unsigned i = 0; i < 5; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned i = 0; i < r->n_nodes; i++)
		if (process_sum(r->nodes[i].process))
			process_rows(&grid, &r->nodes[i]);
	grid_print(&grid, out);
}
