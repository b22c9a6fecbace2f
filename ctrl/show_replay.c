/* show crypto ipsec replay: each replay window as a picture, and the histogram of sequence lag, which says
 * what any other window would have lost (dataplane/replay/lag.h).
 *
 * The picture shows the newest REPLAY_SHOWN numbers, asked of the window itself, so that every design can be
 * looked at.  Lag is counted since the SA was made; `clear counters` leaves it alone. */
#include <inttypes.h>
#include <string.h>

#include "ctrl/ctrl_priv.h"
#include "dataplane/ipsec/sa.h"

#define REPLAY_SHOWN 256u
#define REPLAY_ROW 64u
#define LAG_STEPS 23u /* windows 1, 2, 4 ... 2^22 */

struct look {
	unsigned index;
	bool found;
	uint64_t edge;
	uint32_t window, shown, seen;
	bool mark[REPLAY_SHOWN]; /* [0]: the edge itself */
	const char *design;
	uint64_t packets, late, lag_max, duplicates;
	uint64_t losses[LAG_STEPS];
};

static uint32_t
step_window(unsigned step)
{
	return UINT32_C(1) << step;
}

static void
window_look(const struct sa *sa, struct look *look)
{
	look->design = sa->replay->name;
	look->window = sa->window_size;
	look->edge = sa->replay->right_edge(sa->window);
	look->shown = look->window < REPLAY_SHOWN ? look->window : REPLAY_SHOWN;
	for (uint32_t i = 0; i < look->shown; i++) {
		look->mark[i] = sa->replay->check(sa->window, look->edge - i) == DROP_REPLAY_DUP;
		look->seen += look->mark[i];
	}
}

static void
sa_look(struct dp *dp, void *arg, uint64_t now)
{
	struct look *look = arg;
	uint64_t losses[LAG_STEPS];
	uint32_t windows[LAG_STEPS];
	const struct sa *sa;

	(void)now;
	if (look->index >= dp_sa_count(dp))
		return;
	sa = dp_sa(dp, look->index);
	if (sa->direction != CFG_IN || !dp_sa_owned(dp, look->index))
		return;
	look->found = true;
	look->packets = sa->lag.packets;
	look->late = sa->lag.late;
	look->lag_max = sa->lag.lag_max;
	look->duplicates = sa->duplicates;
	for (unsigned s = 0; s < LAG_STEPS; s++)
		windows[s] = step_window(s);
	lag_losses(&sa->lag, windows, LAG_STEPS, losses);
	memcpy(look->losses, losses, sizeof(losses));
	look->seen = 0;
	if (sa->replay)
		window_look(sa, look);
}

static void
picture_print(struct out *out, const struct look *look)
{
	char row[REPLAY_ROW + 1];

	for (uint32_t i = 0; i < look->shown; i += REPLAY_ROW) {
		uint32_t n = look->shown - i < REPLAY_ROW ? look->shown - i : REPLAY_ROW;

		for (uint32_t k = 0; k < n; k++)
			row[k] = look->mark[i + k] ? '#' : look->edge < i + k ? ' ' : '.';
		row[n] = '\0';
		out_line(out, "  %20" PRIu64 " %s\n", look->edge - i, row);
	}
	out_line(out, "  newest first; #: came, .: did not; %" PRIu32 " of these %" PRIu32 " came\n",
		look->seen, look->shown);
}

/* The last step with anything beyond it, and one more. */
static unsigned
steps_used(const struct look *look)
{
	unsigned n = 1;

	while (n < LAG_STEPS && look->losses[n - 1])
		n++;
	return n;
}

/* Packets whose lag is in [2^(s-1), 2^s), and what a window of 2^s would lose: those beyond. */
static void
lag_print(struct out *out, json_t *json, const struct look *look)
{
	uint64_t before = look->packets;

	out_line(out, "  lag of %" PRIu64 " packets: %" PRIu64 " behind the edge, at most %" PRIu64 "\n",
		look->packets, look->late, look->lag_max);
	out_line(out, "  %9s %14s  %s\n", "lag below", "packets", "a window of so many would lose");
	for (unsigned s = 0, n = steps_used(look); s < n; s++) {
		json_t *row = out_row(json, "lag");
		uint64_t here = before - look->losses[s];

		out_line(out, "  %9" PRIu32 " %14" PRIu64 " %14" PRIu64 "\n", step_window(s), here,
			look->losses[s]);
		out_number(row, "below", step_window(s));
		out_number(row, "packets", here);
		out_number(row, "window_would_lose", look->losses[s]);
		before = look->losses[s];
	}
}

static void
look_json(json_t *json, const struct look *look)
{
	char picture[REPLAY_SHOWN + 1];

	for (uint32_t i = 0; i < look->shown; i++)
		picture[i] = look->mark[i] ? '#' : '.';
	picture[look->shown] = '\0';
	out_string(json, "design", look->window ? look->design : NULL);
	out_number(json, "window", look->window);
	out_number(json, "right_edge", look->edge);
	out_string(json, "picture", picture);
	out_number(json, "packets", look->packets);
	out_number(json, "late", look->late);
	out_number(json, "lag_max", look->lag_max);
	out_number(json, "duplicates", look->duplicates);
}

static void
sa_show(struct command_call *call, const struct snap_sa *sa)
{
	const struct ctrl_target *target = &call->ctrl->target;
	struct look look = {.index = sa->index};
	json_t *json;

	for (unsigned w = 0; w < target->workers; w++)
		target->call(target->ctx, w, sa_look, &look);
	if (!look.found)
		return;
	json = out_row(call->out->json, "windows");
	out_string(json, "sa", sa->cfg->name);
	out_hex(json, "spi", sa->cfg->spi);
	out_line(call->out, "SA %s, spi 0x%" PRIX32 ": ", sa->cfg->name, sa->cfg->spi);
	if (look.window)
		out_line(call->out, "window %" PRIu32 " (%s), right edge %" PRIu64 "\n", look.window,
			look.design, look.edge);
	else
		out_line(call->out, "no replay check\n");
	out_line(call->out, "  replays %" PRIu64 ", of these duplicates %" PRIu64 "\n", sa->replays,
		look.duplicates);
	if (look.window)
		picture_print(call->out, &look);
	look_json(json, &look);
	lag_print(call->out, json, &look);
}

void
run_show_replay(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, true, call->out);
	const char *name = call->value[0];
	unsigned shown = 0;

	out_list(call->out->json, "windows");
	for (unsigned i = 0; snap && i < snap->n_sas; i++) {
		const struct snap_sa *sa = &snap->sas[i];

		if (sa->cfg->direction != CFG_IN || (name && strcmp(name, sa->cfg->name)))
			continue;
		if (shown++)
			out_line(call->out, "\n");
		sa_show(call, sa);
	}
	if (snap && !shown && name)
		out_error(call->out, ST_ERR_NOT_FOUND, "There is no inbound SA \"%s\"", name);
	else if (snap && !shown)
		out_line(call->out, "There are no inbound SAs\n");
	snap_free(snap);
}
