/* SAs that have been replaced or removed, on their way out.
 *
 * An inbound one with a successor accepts until nothing has come by it for a while.  After that, and at once
 * where it has none, it is gone: no flow leads to it, but packets that are inside may name it.  When all of
 * those have left (epoch.h) drop events may still point to it, until they have been taken and read, before
 * the next round.  Then its memory is freed.  Each step is done for a portion of them. */
#include <stdlib.h>

#include "dataplane/dp_change.h"
#include "dataplane/dp_sas.h"
#include "dataplane/epoch.h"
#include "dataplane/in_order.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/worker.h"

struct dp_old_sa {
	struct dp_old_sa *next;
	struct sa *sa;
	bool refused; /* it was taken out of the SAD */
	uint64_t packets, since;
};

struct dp_old {
	struct dp_old_sa *accepts;
	struct dp_old_sa *gone;	   /* since the epoch that is under way began */
	struct dp_old_sa *passing; /* before it began */
	struct dp_old_sa *quiet;   /* no packet names them */
	struct dp_old_sa *dead;	   /* nothing does */
	unsigned n;
	struct epoch *epoch;
	bool round; /* one is under way */
	struct dp_old_sa **at;
};

enum status
dp_old_create(unsigned n_ports, struct dp_old **out)
{
	struct dp_old *old = calloc(1, sizeof(*old));

	*out = NULL;
	if (!old || epoch_create(n_ports, &old->epoch)) {
		free(old);
		return ST_ERR_NOMEM;
	}
	*out = old;
	return ST_OK;
}

void
dp_old_destroy(struct dp_old *old)
{
	if (!old)
		return;
	epoch_destroy(old->epoch);
	free(old);
}

unsigned
dp_old_count(const struct dp_old *old)
{
	return old ? old->n : 0;
}

enum status
dp_old_places(unsigned n, struct dp_old_sa **list)
{
	for (unsigned i = 0; i < n; i++) {
		struct dp_old_sa *place = calloc(1, sizeof(*place));

		if (!place)
			return ST_ERR_NOMEM;
		place->next = *list;
		*list = place;
	}
	return ST_OK;
}

void
dp_old_places_free(struct dp_old_sa *list)
{
	for (struct dp_old_sa *next; list; list = next) {
		next = list->next;
		free(list);
	}
}

static void
push(struct dp_old_sa **list, struct dp_old_sa *entry)
{
	entry->next = *list;
	*list = entry;
}

static void
sad_remove(struct dp *dp, const struct sa *sa)
{
	uint8_t proto = (uint8_t)sa->transform.proto;

	if (sa->direction == CFG_IN && sad_find(dp->sad, sa->spi, sa->dst, proto) == sa)
		sad_del(dp->sad, sa->spi, sa->dst, proto);
}

void
dp_old_add(struct dp *dp, struct dp_old_sa **places, struct sa *sa, bool accepts, uint64_t now)
{
	struct dp_old_sa *entry = *places;

	*places = entry->next;
	*entry = (struct dp_old_sa){.sa = sa, .packets = sa->packets, .since = now};
	dp->old->n++;
	if (accepts && dp_sa_stands(sa)) {
		push(&dp->old->accepts, entry);
		return;
	}
	sad_remove(dp, sa);
	push(&dp->old->gone, entry);
}

struct dp_old_sa *
dp_old_first(struct dp_old *old)
{
	return old->accepts;
}

struct dp_old_sa *
dp_old_next(struct dp_old_sa *at)
{
	return at->next;
}

struct sa *
dp_old_sa(const struct dp_old_sa *at)
{
	return at->sa;
}

void
dp_old_refuse(struct dp *dp, struct dp_old_sa *at)
{
	sad_remove(dp, at->sa);
	at->refused = true;
}

void
dp_old_moved(struct dp *dp)
{
	if (dp->old && dp->old->passing)
		epoch_begin(dp->old->epoch, dp);
}

void
dp_old_each(const struct dp_old *old, void (*fn)(void *ctx, const struct sa *sa, bool accepts), void *ctx)
{
	const struct dp_old_sa *lists[] = {old->accepts, old->gone, old->passing, old->quiet, old->dead};

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct dp_old_sa *at = lists[i]; at; at = at->next)
			fn(ctx, at->sa, i == 0 && !at->refused);
}

struct seer {
	void (*see)(void *ctx, const struct cfg_sa *sa);
	void *ctx;
};

static void
cfg_see(void *ctx, const struct sa *sa, bool accepts)
{
	const struct seer *seer = ctx;

	(void)accepts;
	seer->see(seer->ctx, sa->cfg);
}

void
dp_sas_see_old(const struct dp *dp, void (*see)(void *ctx, const struct cfg_sa *sa), void *ctx)
{
	struct seer seer = {see, ctx};

	if (dp->old)
		dp_old_each(dp->old, cfg_see, &seer);
}

/* The one at old->at: does it still accept? */
static void
accepting_look(struct dp *dp, struct dp_old *old, uint64_t now, uint64_t idle)
{
	struct dp_old_sa *entry = *old->at;

	if (!entry->refused && entry->sa->packets != entry->packets) {
		entry->packets = entry->sa->packets;
		entry->since = now;
	}
	if (!entry->refused && now - entry->since < idle) {
		old->at = &entry->next;
		return;
	}
	sad_remove(dp, entry->sa);
	*old->at = entry->next;
	push(&old->gone, entry);
}

/* SAs for whose packets the order is kept know themselves whether any are under way. */
static void
dead_free(struct dp *dp, struct dp_old *old)
{
	struct dp_old_sa *entry = old->dead;
	const struct in_order *order = entry->sa->order;

	old->dead = entry->next;
	if (order && order->first != order->next) {
		push(&old->gone, entry);
		return;
	}
	old->n--;
	dp_sa_free(dp, entry->sa);
	free(entry);
}

static void
round_end(struct dp *dp, struct dp_old *old)
{
	old->round = false;
	if (!old->passing && old->gone) {
		old->passing = old->gone;
		old->gone = NULL;
		epoch_begin(old->epoch, dp);
	}
	if (old->passing && epoch_passed(old->epoch, dp)) {
		old->quiet = old->passing;
		old->passing = NULL;
	}
}

unsigned
dp_sas_age(struct dp *dp, uint64_t now, uint64_t idle, unsigned n, bool *done)
{
	struct dp_old *old = dp->old;

	*done = true;
	if (!old)
		return 0;
	if (!old->round) {
		old->round = true;
		old->at = &old->accepts;
		old->dead = old->quiet; /* since then events were read */
		old->quiet = NULL;
	}
	for (; n && old->dead; n--)
		dead_free(dp, old);
	for (; n && *old->at; n--)
		accepting_look(dp, old, now, idle);
	*done = !old->dead && !*old->at;
	if (*done)
		round_end(dp, old);
	return old->n;
}

void
dp_sas_flush_old(struct dp *dp)
{
	struct dp_old *old = dp->old;
	struct dp_old_sa *lists[] = {
		old ? old->accepts : NULL, old ? old->gone : NULL, old ? old->passing : NULL};

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (struct dp_old_sa *at = lists[i]; at; at = at->next)
			if (at->sa->order)
				in_order_flush(at->sa->order);
}

static void
list_free(struct dp *dp, struct dp_old_sa *list)
{
	for (struct dp_old_sa *at = list; at; at = at->next)
		dp_sa_free(dp, at->sa);
	dp_old_places_free(list);
}

void
dp_sas_free_old(struct dp *dp)
{
	struct dp_old *old = dp->old;

	if (!old)
		return;
	list_free(dp, old->accepts);
	list_free(dp, old->gone);
	list_free(dp, old->passing);
	list_free(dp, old->quiet);
	list_free(dp, old->dead);
	dp_old_destroy(old);
	dp->old = NULL;
}
