/* Engines: faults that would never happen. */
#include "config/check.h"

static void
check_fault_list(const struct check *check, const struct cfg_engine *engine)
{
	for (unsigned i = 0; i < engine->n_faults; i++) {
		const struct cfg_fault *fault = &engine->faults[i];

		if (fault->n_jobs == 0 && !(fault->rate > 0) && fault->kind != CFG_FAULT_SHORT)
			check_fault(check, fault, "rate",
				"it would never happen; allowed: a rate above 0, or jobs = [ 1, ... ]");
	}
}

void
check_engine_faults(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_engines; i++)
		check_fault_list(check, &check->lab->engines[i]);
}
