/* Engines: faults that would never happen, and cards in cards. */
#include "config/check.h"

#include <string.h>

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

/* A card has times, and one inside another would wait for a time that does not pass. */
static void
check_inner(const struct check *check, const struct cfg_engine *engine)
{
	static const char card[] = "card";

	if (strcmp(engine->kind, card) == 0 && engine->inner_engine != NULL &&
		strcmp(engine->inner_engine->kind, card) == 0)
		check_fault(check, engine, "inner",
			"\"%s\" is a card too; allowed: an engine of another kind", engine->inner);
}

void
check_engine_faults(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_engines; i++) {
		check_fault_list(check, &check->lab->engines[i]);
		check_inner(check, &check->lab->engines[i]);
	}
}
