/* The rings of a team, and who owns what: a pure function of the configuration and of what was before, so
 * that all workers come to the same without asking one another. */
#include <stdlib.h>

#include "dataplane/hand_priv.h"
#include "dataplane/worker.h"

enum status
hand_team_create(unsigned workers, bool process, unsigned ring, struct hand_team **out)
{
	unsigned n = workers + process;
	ssize_t bytes = rte_ring_get_memsize(ring);
	struct hand_team *team = calloc(1, sizeof(*team));

	*out = team;
	if (!team || !workers || n > HAND_WORKERS_MAX || bytes < 0) {
		free(team);
		*out = NULL;
		return ST_ERR_RANGE;
	}
	team->n = n;
	team->owners = workers;
	team->process = process ? workers : 0;
	for (unsigned p = 0; p < HAND_PORTS_MAX; p++)
		team->queues[p] = (uint8_t)workers;
	for (unsigned i = 0; i < n; i++) {
		size_t whole = ((size_t)bytes + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;

		team->ring[i] = aligned_alloc(RING_ALIGN, whole);
		if (!team->ring[i] ||
			rte_ring_init(team->ring[i], "hand", ring, RING_F_SC_DEQ)) {
			hand_team_destroy(team);
			*out = NULL;
			return ST_ERR_NOMEM;
		}
	}
	return ST_OK;
}

void
hand_team_destroy(struct hand_team *team)
{
	void *m;

	for (unsigned i = 0; team && i < team->n; i++) {
		while (team->ring[i] && !rte_ring_dequeue(team->ring[i], &m))
			rte_pktmbuf_free(m);
		free(team->ring[i]);
	}
	free(team);
}

void
hand_team_queues(struct hand_team *team, unsigned port, unsigned n)
{
	team->queues[port] = (uint8_t)(n < team->owners ? n : team->owners);
}

uint64_t
hand_team_waiting(const struct hand_team *team, unsigned worker)
{
	return rte_ring_count(team->ring[worker]);
}

/* What waits has one queue, so one worker sends.  Else everybody who can; the others are spread over these.
 * With the number taken after the queue there is one worker for all of it: queue and SA are one thing. */
static unsigned
sender_of(const struct hand *hand, const struct dp *dp, unsigned port, bool endless)
{
	unsigned queues = hand->team->queues[port];

	if (dp->cfg->sequence == CFG_SEQ_AFTER_QUEUE)
		return 0;
	return (endless ? hand->self : port) % queues;
}

void
hand_port(const struct worker *w, struct dp_port *port)
{
	if (!w->hand)
		return;
	port->sender = (uint8_t)sender_of(w->hand, w->dp, (unsigned)(port - w->dp->ports), port->endless);
	port->foreign = port->sender != w->hand->self;
	port->endless &= !port->foreign;
}

/* One after another, each direction by itself: what protects a peer's two directions mostly stands at the
 * same place of both.  An ESP belongs to the worker of the AH over it. */
void
hand_owners(const struct worker *w, const struct cfg_gateway *cfg, uint8_t *owners)
{
	unsigned n = cfg->sequence == CFG_SEQ_AFTER_QUEUE ? 1 : w->hand ? w->hand->team->owners : 1;
	uint32_t next[2] = {0, 0};

	for (uint32_t i = 0; i < cfg->n_sas; i++) {
		const struct cfg_sa *sa = &cfg->sas[i];

		if (sa->over)
			continue;
		if (owners[i] == HAND_ANY)
			owners[i] = (uint8_t)(next[sa->direction == CFG_OUT] % n);
		next[sa->direction == CFG_OUT]++;
	}
	for (uint32_t i = 0; i < cfg->n_sas; i++)
		if (cfg->sas[i].over && owners[i] == HAND_ANY)
			owners[i] = owners[cfg->sas[i].over_index];
}

unsigned
hand_self(const struct worker *w)
{
	return w->hand ? w->hand->self : 0;
}

unsigned
hand_owning(const struct worker *w)
{
	return w->hand ? w->hand->team->owners : 1;
}
