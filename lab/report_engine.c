/* What crypto engines counted: in summary.json each gateway's, in summary.txt those of whom there is
 * something to tell. */
#include "lab/grid.h"
#include "lab/human.h"
#include "lab/report_priv.h"

void
report_engine_json(struct json_out *json, const struct result_engine *engine)
{
	jout_object(json, NULL);
	jout_text(json, "gateway", engine->gateway->name);
	jout_text(json, "engine", engine->cfg->name);
	jout_text(json, "kind", engine->cfg->kind);
	jout_text(json, "profile", engine->cfg->profile);
	if (engine->counters) {
		jout_object(json, "counters");
		for (unsigned c = 0; c < ENGINE_COUNTER_COUNT; c++)
			jout_u64(json, engine_counter_info[c].text, engine->counters[c]);
		jout_object_end(json);
	} else {
		jout_null(json, "counters");
	}
	jout_object_end(json);
}

/* Did anything happen that does not always happen? */
static bool
engine_shown(const struct result_engine *engine)
{
	for (unsigned c = 0; engine->counters && c < ENGINE_COUNTER_COUNT; c++)
		if (engine->counters[c] && c != ENGINE_SUBMITTED && c != ENGINE_COMPLETED &&
			c != ENGINE_SESSIONS)
			return true;
	return false;
}

static void
engine_rows(struct grid *grid, const struct result_engine *engine)
{
	for (unsigned c = 0; c < ENGINE_COUNTER_COUNT; c++) {
		if (!engine->counters[c])
			continue;
		grid_cell(grid, "%s", engine->gateway->name);
		grid_cell(grid, "%s", engine->cfg->name);
		grid_cell(grid, "%s", engine_counter_info[c].text);
		grid_cell(grid, "%s", human_count(engine->counters[c]).text);
		grid_cell(grid, "%s", engine_counter_info[c].meaning);
	}
}

void
report_table_engines(const struct result *r, FILE *out)
{
	static const char *const head[] = {"at", "engine", "counter", "number", "what it means"};
	struct grid grid;
	unsigned shown = 0;

	for (unsigned i = 0; i < r->n_engines; i++)
		shown += engine_shown(&r->engines[i]);
	if (!shown)
		return;
	fputs("\nWhat the accelerators did:\n", out);
	grid_init(&grid, 5, 1 | 2 | 4 | 16);
	for (unsigned i = 0; i < 5; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned i = 0; i < r->n_engines; i++)
		if (engine_shown(&r->engines[i]))
			engine_rows(&grid, &r->engines[i]);
	grid_print(&grid, out);
}
