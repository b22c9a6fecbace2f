/* By which numbers rules find SAs after a change.
 *
 * An SA keeps its number (sa->policy) as long as it lives, as flows in the cache have it in their key; where
 * it stands among the SAs of the configuration may differ after each change, and dp->place says it.  What is
 * replaced passes where its successor does. */
#include <stdlib.h>
#include <string.h>

#include "base/lookup.h"
#include "dataplane/dp_change.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/worker.h"

struct numbers {
	const struct cfg_gateway *cfg;
	struct lookup names; /* of inbound SAs */
	uint32_t most;	     /* the highest number in use, or 0 */
	uint32_t *place;
	uint8_t *used;
};

static void
most_look(void *ctx, const struct sa *sa, bool accepts)
{
	struct numbers *numbers = ctx;

	(void)accepts;
	if (sa->policy > numbers->most)
		numbers->most = sa->policy;
}

/* Index of the inbound SA of that name; CFG_NONE. */
static uint32_t
successor_find(const struct numbers *numbers, const char *name)
{
	uint32_t slot, at = lookup_first(&numbers->names, lookup_hash_text(0, name), &slot);

	while (at != LOOKUP_NONE && strcmp(numbers->cfg->sas[at].name, name) != 0)
		at = lookup_next(&numbers->names, &slot);
	return at == LOOKUP_NONE ? CFG_NONE : at;
}

static void
old_place(void *ctx, const struct sa *sa, bool accepts)
{
	struct numbers *numbers = ctx;

	numbers->used[sa->policy] = true;
	if (accepts)
		numbers->place[sa->policy] = successor_find(numbers, sa->cfg->name);
}

static enum status
names_create(struct numbers *numbers)
{
	const struct cfg_gateway *cfg = numbers->cfg;
	enum status status = lookup_create(&numbers->names, cfg->n_sas);

	for (uint32_t i = 0; i < cfg->n_sas && !status; i++)
		if (cfg->sas[i].direction == CFG_IN)
			lookup_add(&numbers->names, lookup_hash_text(0, cfg->sas[i].name), i);
	return status;
}

/* New SAs get numbers that nobody has. */
static void
places_give(struct numbers *numbers, const struct dp *dp, struct dp_change *change)
{
	uint32_t spare = 0;

	for (uint32_t i = 0; i < change->n; i++) {
		struct plan *plan = &change->plan[i];
		bool inside = change->outer && change->outer[i] != CFG_NONE;

		if (plan->was != CFG_NONE && !inside) /* the number of one inside is that of the AH over it */
			numbers->place[dp->sas[plan->was]->policy] = i;
		if (plan->fate != FATE_NEW)
			continue;
		while (numbers->used[spare])
			spare++;
		plan->number = spare++;
		numbers->place[plan->number] = i;
	}
}

enum status
dp_place_create(const struct dp *dp, struct dp_change *change)
{
	struct numbers numbers = {.cfg = change->cfg};
	enum status status = ST_ERR_NOMEM;
	size_t n;

	for (unsigned i = 0; i < change->n_was; i++)
		most_look(&numbers, dp->sas[i], true);
	if (dp->old)
		dp_old_each(dp->old, most_look, &numbers);
	n = (size_t)numbers.most + 2 + change->n_todo;
	numbers.place = malloc(n * sizeof(*numbers.place));
	numbers.used = calloc(n, 1);
	if (numbers.place && numbers.used)
		status = names_create(&numbers);
	if (!status) {
		memset(numbers.place, 0xff, n * sizeof(*numbers.place)); /* CFG_NONE */
		for (unsigned i = 0; i < change->n_was; i++)
			numbers.used[dp->sas[i]->policy] = true;
		if (dp->old)
			dp_old_each(dp->old, old_place, &numbers);
		places_give(&numbers, dp, change);
		change->place = numbers.place;
		numbers.place = NULL;
	}
	free(numbers.place);
	free(numbers.used);
	lookup_destroy(&numbers.names);
	return status;
}
