/* The control plane of one gateway: its state, and what all commands begin with. */
#include "ctrl/ctrl.h"

#include <stdlib.h>

#include "ctrl/ctrl_priv.h"
#include "ctrl/sadb.h"
#include "dataplane/msg_log.h"

static void
now_read(struct dp *dp, void *arg, uint64_t now)
{
	(void)dp;
	*(uint64_t *)arg = now;
}

uint64_t
ctrl_now(struct ctrl *ctrl)
{
	uint64_t now = 0;

	ctrl->target.call(ctrl->target.ctx, 0, now_read, &now);
	return now;
}

static void
capture_told(void *ctx, const char *text)
{
	struct ctrl *ctrl = ctx;

	ctrl_log_line(ctrl, ctrl_now(ctrl), text);
}

enum status
ctrl_create(const struct ctrl_target *target, struct ctrl **out)
{
	struct ctrl *ctrl = calloc(1, sizeof(*ctrl));

	*out = NULL;
	if (!ctrl)
		return ST_ERR_NOMEM;
	ctrl->target = *target;
	if (log_create(CTRL_LOG_BYTES, &ctrl->log) || sadb_create(&ctrl->target, &ctrl->sadb) ||
		msg_log_create(target->cfg, ctrl_log_line, ctrl, &ctrl->messages) ||
		captures_create(&ctrl->target, capture_told, ctrl, &ctrl->captures)) {
		ctrl_destroy(ctrl);
		return ST_ERR_NOMEM;
	}
	ctrl->started = ctrl_now(ctrl);
	*out = ctrl;
	return ST_OK;
}

void
ctrl_destroy(struct ctrl *ctrl)
{
	if (!ctrl)
		return;
	msg_log_destroy(ctrl->messages);
	log_destroy(ctrl->log);
	sadb_destroy(ctrl->sadb);
	captures_destroy(ctrl->captures);
	snap_free(ctrl->cleared);
	free(ctrl);
}

void
ctrl_log_line(void *arg, uint64_t now, const char *text)
{
	struct ctrl *ctrl = arg;

	log_add(ctrl->log, now, text);
	if (ctrl->target.log)
		ctrl->target.log(ctrl->target.ctx, now, text);
}

void
ctrl_tick(struct ctrl *ctrl)
{
	sadb_age(ctrl->sadb);
}

bool
ctrl_captures_turn(struct ctrl *ctrl)
{
	return captures_turn(ctrl->captures);
}

struct ctrl_log *
ctrl_log(struct ctrl *ctrl)
{
	return ctrl->log;
}

struct snap *
ctrl_snap(struct ctrl *ctrl, bool sas, struct out *out)
{
	struct snap *snap;
	enum status status = snap_take(&ctrl->target, sas, &snap);

	if (status) {
		out_error(out, status, "The gateway does not answer: %s", status_text(status));
		return NULL;
	}
	if (ctrl->cleared)
		snap_less(snap, ctrl->cleared);
	return snap;
}
