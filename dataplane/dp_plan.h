/* What becomes of each SA in a change, from two configurations alone.  For dp_sas.c.  Any thread. */
#ifndef DATAPLANE_DP_PLAN_H
#define DATAPLANE_DP_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

struct sa;

enum fate { FATE_KEPT, FATE_ALTERED, FATE_NEW };

struct plan {
	enum fate fate;
	uint32_t was;	 /* its index before; CFG_NONE: there was none of that name */
	uint32_t number; /* new: its sa->policy */
	struct sa *made; /* altered: what it becomes; new: itself */
};

/* plan has room for cfg->n_sas.  ERR_CONFIG: message says in one line what may not be changed like this. */
enum status dp_plan(const struct cfg_gateway *was, const struct cfg_gateway *cfg, struct plan *plan,
	char *message, size_t bytes);

#endif
