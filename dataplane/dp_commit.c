/* A prepared change takes its place.  What all packets look at is exchanged at once, by a handful of
 * pointers; what concerns single SAs follows in portions: new inbound SAs come into the SAD, replaced ones
 * onto their way out, and parameters change.  Until then an inbound SA that was replaced accepts as before.
 */
#include "dataplane/dp_change.h"
#include "dataplane/dp_sas.h"
#include "dataplane/far.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/life.h"
#include "dataplane/process.h"
#include "dataplane/worker.h"

#define EXCHANGE(a, b)                                                                                       \
	do {                                                                                                 \
		__typeof__(a) before_ = (a);                                                                 \
		(a) = (b);                                                                                   \
		(b) = before_;                                                                               \
	} while (0)

/* AH over ESP, where this is one of both. */
static void
bundle_at(struct sa **sas, const struct dp_change *change, uint32_t i)
{
	const struct cfg_sa *cfg = &change->cfg->sas[i];

	if (cfg->over)
		sa_bundle(sas[i], sas[cfg->over_index]);
	else if (change->outer && change->outer[i] != CFG_NONE)
		sa_bundle(sas[change->outer[i]], sas[i]);
}

static void
caches_exchange(struct dp *dp, struct dp_change *change)
{
	struct worker *w = dp->worker;

	change->cache->misses = w->cache->misses;
	EXCHANGE(w->cache, change->cache);
	if (change->routes)
		EXCHANGE(w->process->routes, change->routes);
}

void
dp_change_commit(struct dp *dp, struct dp_change *change, uint64_t now)
{
	(void)now;
	for (unsigned i = 0; i < change->n_todo && change->outer; i++)
		if (change->plan[change->todo[i]].fate == FATE_NEW)
			bundle_at(change->sas, change, change->todo[i]);
	EXCHANGE(dp->sas, change->sas);
	EXCHANGE(dp->place, change->place);
	EXCHANGE(dp->local, change->local);
	EXCHANGE(dp->spd, change->spd);
	EXCHANGE(dp->keepalive, change->keepalive);
	dp->n_keepalive = change->n_keepalive;
	dp->cfg = change->cfg;
	dp->worker->local = dp->local;
	dp->worker->far = dp->cfg->n_sas >= FAR_SAS;
	dp_ports_commit(dp, change);
	life_begin(dp, change->limited);
	caches_exchange(dp, change);
}

/* Where an old SA has the SPI that a new one is to have, it makes room. */
static void
sad_place(struct dp *dp, struct sa *sa)
{
	uint8_t proto = (uint8_t)sa->transform.proto;

	if (!dp_sa_stands(sa))
		return;
	sad_del(dp->sad, sa->spi, sa->dst, proto);
	sad_add(dp->sad, sa->spi, sa->dst, proto, sa);
}

/* change->sas are those that there were. */
static void
sa_settle(struct dp *dp, struct dp_change *change, uint32_t i, uint64_t now)
{
	struct plan *plan = &change->plan[i];
	struct sa *sa = dp->sas[i], *was = plan->was == CFG_NONE ? NULL : change->sas[plan->was];

	if (plan->fate == FATE_ALTERED) {
		sa_alter(sa, plan->made);
		life_carry(sa, plan->made);
		dp_sa_free(dp, plan->made);
		bundle_at(dp->sas, change, i);
	}
	plan->made = NULL;
	sa->cfg = &change->cfg->sas[i];
	sa->index = i;
	if (was)
		change->sas[plan->was] = NULL;
	if (plan->fate != FATE_NEW)
		return;
	if (was)
		dp_old_add(dp, &change->places, was, true, now);
	sad_place(dp, sa);
}

/* What came by an old SA passes nowhere once there is no successor. */
static bool
old_settle(struct dp *dp, struct dp_change *change)
{
	if (!change->looking)
		change->look = dp_old_first(dp->old);
	change->looking = true;
	if (!change->look)
		return false;
	if (dp_place(dp, dp_old_sa(change->look)) == CFG_NONE)
		dp_old_refuse(dp, change->look);
	change->look = dp_old_next(change->look);
	return true;
}

void
dp_change_settle(struct dp *dp, struct dp_change *change, uint64_t now, unsigned n, bool *done)
{
	for (; n && change->settled < change->n; n--)
		sa_settle(dp, change, change->settled++, now);
	for (; n && change->settled < change->n + change->n_was; n--) {
		struct sa *sa = change->sas[change->settled++ - change->n];

		if (sa)
			dp_old_add(dp, &change->places, sa, false, now);
	}
	while (n && old_settle(dp, change))
		n--;
	*done = n != 0;
}
