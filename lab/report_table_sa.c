/* The tables of inbound SAs: how far behind packets came, which window would have kept them, and what other
 * windows would have lost. */
#include "lab/grid.h"
#include "lab/human.h"
#include "lab/report_priv.h"

static const uint32_t others[] = {32, 64, 128, 256, 512, 1024, 4096, 8128};
#define OTHERS (sizeof(others) / sizeof(*others))

static bool
sa_shown(const struct result_sa *sa)
{
	return sa->lag && sa->lag->packets;
}

static unsigned
sas_shown(const struct result *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_sas; i++)
		n += sa_shown(&r->sas[i]);
	return n;
}

static struct human
window_text(uint32_t window)
{
	struct human h = {"> 4,194,304"};

	return window > LAG_MAX ? h : human_count(window);
}

static void
lag_row(struct grid *grid, const struct result_sa *sa)
{
	const struct lag *lag = sa->lag;

	grid_cell(grid, "%s", sa->cfg->name);
	grid_cell(grid, "%s", sa->gateway->name);
	grid_cell(grid, "%s", report_checks(sa) ? human_count(sa->cfg->window).text : "none");
	grid_cell(grid, "%s", human_count(report_arrived(sa)).text);
	grid_cell(grid, "%s", human_count(sa->replays).text);
	grid_cell(grid, "%s", human_count(lag->late).text);
	if (lag->late) {
		grid_cell(grid, "%s", human_count(report_lag_late(lag, 0.5)).text);
		grid_cell(grid, "%s", human_count(report_lag_late(lag, 0.99)).text);
		grid_cell(grid, "%s", human_count(lag->lag_max).text);
	} else {
		for (unsigned i = 0; i < 3; i++)
			grid_cell(grid, "-");
	}
}

static void
lags(const struct result *r, FILE *out)
{
	static const char *const head[] = {
		"SA", "at", "window", "arrived", "replay drops", "late", "median", "99 %", "max"};
	struct grid grid;

	fputs("\nHow far behind late packets came (right edge of the window less their number):\n", out);
	grid_init(&grid, 9, 1 | 2);
	for (unsigned i = 0; i < 9; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned i = 0; i < r->n_sas; i++)
		if (sa_shown(&r->sas[i]))
			lag_row(&grid, &r->sas[i]);
	grid_print(&grid, out);
}

static void
needed(const struct result *r, FILE *out)
{
	static const char *const head[] = {"SA", "at", "99 %", "99.9 %", "99.99 %", "all"};
	static const double keeps[] = {0.99, 0.999, 0.9999, 1};
	struct grid grid;

	fputs("\nThe smallest window that keeps:\n", out);
	grid_init(&grid, 6, 1 | 2);
	for (unsigned i = 0; i < 6; i++)
		grid_cell(&grid, "%s", head[i]);
	for (unsigned i = 0; i < r->n_sas; i++) {
		if (!sa_shown(&r->sas[i]))
			continue;
		grid_cell(&grid, "%s", r->sas[i].cfg->name);
		grid_cell(&grid, "%s", r->sas[i].gateway->name);
		for (unsigned k = 0; k < 4; k++)
			grid_cell(&grid, "%s", window_text(lag_window(r->sas[i].lag, keeps[k])).text);
	}
	grid_print(&grid, out);
}

static void
losses(const struct result *r, FILE *out)
{
	uint64_t lost[OTHERS];
	struct grid grid;

	fputs("\nPackets that other windows would have lost to the same order of arrival:\n", out);
	grid_init(&grid, 2 + OTHERS, 1 | 2);
	grid_cell(&grid, "SA");
	grid_cell(&grid, "at");
	for (unsigned w = 0; w < OTHERS; w++)
		grid_cell(&grid, "%s", human_count(others[w]).text);
	for (unsigned i = 0; i < r->n_sas; i++) {
		if (!sa_shown(&r->sas[i]))
			continue;
		lag_losses(r->sas[i].lag, others, OTHERS, lost);
		grid_cell(&grid, "%s", r->sas[i].cfg->name);
		grid_cell(&grid, "%s", r->sas[i].gateway->name);
		for (unsigned w = 0; w < OTHERS; w++)
			grid_cell(&grid, "%s", human_count(lost[w]).text);
	}
	grid_print(&grid, out);
}

void
report_table_sas(const struct result *r, FILE *out)
{
	if (!sas_shown(r))
		return;
	lags(r, out);
	needed(r, out);
	losses(r, out);
}
