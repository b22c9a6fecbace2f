/* A target that is one gateway in the same thread. */
#include "ctrl/target.h"

#include "dataplane/dp.h"

static enum status
single_call(void *ctx, unsigned worker, ctrl_fn *fn, void *arg)
{
	struct ctrl_single *single = ctx;

	if (worker)
		return ST_ERR_RANGE;
	fn(single->dp, arg, single->now);
	return ST_OK;
}

void
ctrl_single_target(struct ctrl_single *single, struct ctrl_target *target)
{
	*target = (struct ctrl_target){.ctx = single,
		.workers = 1,
		.call = single_call,
		.cfg = dp_cfg(single->dp),
		.clock = "virtual time",
		.version = "esplab " ESPLAB_VERSION};
}
