/* clear crypto sa, clear counters.
 *
 * Counters of the datapath run on, and the books with them: what is shown is less what was counted at the
 * clearing.  With static keys `clear crypto sa` keeps the sequence numbers and windows: a number that is used
 * twice with the same key breaks AES-GCM and CTR, and a window that forgets lets replays in (RFC 4303 §3.3.3,
 * §3.4.3). */
#include <string.h>

#include "ctrl/ctrl_priv.h"

static struct snap *
snap_now(struct command_call *call)
{
	struct snap *snap;
	enum status status = snap_take(&call->ctrl->target, true, &snap);

	if (status)
		out_error(call->out, status, "The gateway does not answer: %s", status_text(status));
	return snap;
}

void
run_clear_counters(struct command_call *call)
{
	struct snap *snap = snap_now(call);

	if (!snap)
		return;
	snap_free(call->ctrl->cleared);
	call->ctrl->cleared = snap;
	out_line(call->out, "All counters begin at 0\n");
	out_bool(call->out->json, "cleared", true);
}

/* Only SAs begin anew: all else as it was, or nothing. */
static void
snap_keep_sas(struct snap *snap)
{
	memset(&snap->stats, 0, sizeof(snap->stats));
	memset(snap->stage, 0, sizeof(snap->stage));
	memset(snap->counter, 0, sizeof(snap->counter));
	memset(snap->received, 0, snap->cfg->n_ports * sizeof(*snap->received));
	for (unsigned c = 0; c < snap->n_classes; c++)
		memset(&snap->classes[c].stats, 0, sizeof(snap->classes[c].stats));
	snap->held = 0;
}

static void
pmtu_forget(struct dp *dp, void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	dp_pmtu_forget(dp);
}

void
run_clear_sa(struct command_call *call)
{
	struct ctrl *ctrl = call->ctrl;
	struct snap *snap = snap_now(call), *was = ctrl->cleared;

	if (!snap)
		return;
	for (unsigned w = 0; w < ctrl->target.workers; w++)
		ctrl->target.call(ctrl->target.ctx, w, pmtu_forget, NULL);
	out_line(call->out,
		"%u SAs: counters and path MTUs cleared; sequence numbers and windows stay with their keys\n",
		snap->n_sas);
	out_number(call->out->json, "sas", snap->n_sas);
	if (!was) {
		snap_keep_sas(snap);
		ctrl->cleared = snap;
		return;
	}
	snap_swap_sas(was, snap);
	snap_free(snap);
}
