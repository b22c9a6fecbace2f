/* The control plane of one gateway: its state, and what all commands begin with. */
#include "ctrl/ctrl.h"

#include <stdlib.h>

#include "ctrl/ctrl_priv.h"

enum status
ctrl_create(const struct ctrl_target *target, struct ctrl **out)
{
	struct ctrl *ctrl = calloc(1, sizeof(*ctrl));

	*out = NULL;
	if (!ctrl)
		return ST_ERR_NOMEM;
	ctrl->target = *target;
	if (log_create(CTRL_LOG_BYTES, &ctrl->log)) {
		ctrl_destroy(ctrl);
		return ST_ERR_NOMEM;
	}
	*out = ctrl;
	return ST_OK;
}

void
ctrl_destroy(struct ctrl *ctrl)
{
	if (!ctrl)
		return;
	log_destroy(ctrl->log);
	snap_free(ctrl->cleared);
	free(ctrl);
}

struct ctrl_log *
ctrl_log(struct ctrl *ctrl)
{
	return ctrl->log;
}

struct snap *
ctrl_snap(struct ctrl *ctrl, struct out *out)
{
	struct snap *snap;
	enum status status = snap_take(&ctrl->target, &snap);

	if (status) {
		out_error(out, status, "The gateway does not answer: %s", status_text(status));
		return NULL;
	}
	if (ctrl->cleared)
		snap_less(snap, ctrl->cleared);
	return snap;
}
