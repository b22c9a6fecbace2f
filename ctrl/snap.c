/* Copies and sums; an SA is asked of the worker that owns it.  Sequence numbers and
 * what else is a level and no counter is never taken away from. */
#include "ctrl/snap.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/forward.h"
#include "dataplane/ipsec/sa.h"

#define SA_PORTION 256u

struct ask {
	struct snap *snap;
	unsigned worker, from;
};

static void
ask_sizes(struct dp *dp, void *arg, uint64_t now)
{
	struct snap *snap = arg;

	snap->cfg = dp_cfg(dp);
	snap->now = now;
	snap->n_ports = snap->cfg->n_ports;
	snap->n_sas = dp_sa_count(dp);
	snap->engine = dp_engine(dp) != NULL;
	for (unsigned p = 0; p < snap->cfg->n_ports; p++)
		snap->n_classes += qos_class_count(dp_qos(dp, p));
}

static enum status
room_create(struct snap *snap, bool sas)
{
	snap->sas = calloc((sas ? snap->n_sas : 0) + 1u, sizeof(*snap->sas));
	snap->classes = calloc(snap->n_classes + 1u, sizeof(*snap->classes));
	snap->received = calloc(snap->cfg->n_ports + 1u, sizeof(*snap->received));
	snap->mtu = calloc(snap->cfg->n_ports + 1u, sizeof(*snap->mtu));
	return snap->sas && snap->classes && snap->received && snap->mtu ? ST_OK : ST_ERR_NOMEM;
}

static void
stats_add(struct dp_stats *to, const struct dp_stats *from)
{
	to->rx += from->rx;
	to->created += from->created;
	to->tx += from->tx;
	to->consumed += from->consumed;
	to->handed += from->handed;
	to->taken += from->taken;
	to->events_lost += from->events_lost;
	for (unsigned d = 0; d < DROP_COUNT; d++)
		to->drops[d] += from->drops[d];
}

static void
class_add(struct snap_class *to, unsigned port, const struct qos_class_stats *from)
{
	to->port = port;
	to->stats.name = from->name;
	to->stats.packets_in += from->packets_in;
	to->stats.bytes_in += from->bytes_in;
	to->stats.packets_out += from->packets_out;
	to->stats.bytes_out += from->bytes_out;
	to->stats.tail_drops += from->tail_drops;
	to->stats.police_drops += from->police_drops;
	if (from->depth_max > to->stats.depth_max)
		to->stats.depth_max = from->depth_max;
}

static void
ask_counters(struct dp *dp, void *arg, uint64_t now)
{
	struct snap *snap = ((struct ask *)arg)->snap;
	const struct engine *engine = dp_engine(dp);
	unsigned n = 0;

	(void)now;
	stats_add(&snap->stats, dp_stats(dp));
	snap->held += dp_held(dp);
	for (unsigned l = 0; l < LIFE_COUNT; l++)
		snap->lives[l] += dp_lives(dp)[l];
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		const struct stage_stats *stage = dp_stage_stats(dp, (enum stage)s);

		snap->stage[s].calls += stage->calls;
		snap->stage[s].packets += stage->packets;
		snap->stage[s].timed_packets += stage->timed_packets;
		snap->stage[s].timed_cycles += stage->timed_cycles;
	}
	bool counts = engine && engine->ops->counters;
	snap->engine_counts |= counts;
	for (unsigned c = 0; counts && c < ENGINE_COUNTER_COUNT; c++)
		snap->counter[c] += engine->ops->counters(engine)[c];
	for (unsigned p = 0; p < snap->cfg->n_ports; p++) {
		snap->received[p] += dp_port_received(dp, p);
		snap->mtu[p] = forward_mtu(dp, p, NULL);
		for (unsigned c = 0; c < qos_class_count(dp_qos(dp, p)) && n < snap->n_classes; c++, n++)
			class_add(&snap->classes[n], p, qos_class_stats(dp_qos(dp, p), c));
	}
}

/* As its owner has it: what other workers know of it says nothing. */
static void
sa_set(struct snap_sa *to, const struct sa *from, uint64_t now)
{
	bool in = from->direction == CFG_IN;

	*to = (struct snap_sa){.cfg = from->cfg,
		.spi = from->spi,
		.direction = (enum cfg_direction)from->direction,
		.transform = from->transform,
		.wire = from->wire,
		.index = from->index,
		.session = from->session != NULL,
		.replay = from->replay != NULL,
		.inside = !from->ah_len && from->next,
		.path_mtu = from->first->path_mtu,
		.packets = from->packets,
		.bytes = from->bytes,
		.errors = from->errors,
		.replays = from->replays,
		.duplicates = from->duplicates,
		.dummies = from->dummies,
		.lag_packets = from->lag.packets,
		.lag_late = from->lag.late,
		.lag_max = from->lag.lag_max,
		.left = life_left(from, now),
		.ended = (enum life)from->ended};
	to->seq = !in ? from->seq : from->replay ? from->replay->right_edge(from->window) : from->ahead;
}

static void
ask_sas(struct dp *dp, void *arg, uint64_t now)
{
	const struct ask *ask = arg;
	unsigned n = dp_sa_count(dp) < ask->snap->n_sas ? dp_sa_count(dp) : ask->snap->n_sas;

	for (unsigned i = ask->from; i < n && i < ask->from + SA_PORTION; i++)
		if (dp_sa_owned(dp, i))
			sa_set(&ask->snap->sas[i], dp_sa(dp, i), now);
}

enum status
snap_take(const struct ctrl_target *target, bool sas, struct snap **out)
{
	struct snap *snap = calloc(1, sizeof(*snap));
	enum status status = snap ? target->call(target->ctx, 0, ask_sizes, snap) : ST_ERR_NOMEM;

	*out = NULL;
	if (!status)
		status = room_create(snap, sas);
	for (unsigned w = 0; w < target->workers && !status; w++) {
		struct ask ask = {.snap = snap, .worker = w};

		status = target->call(target->ctx, w, ask_counters, &ask);
		for (; sas && ask.from < snap->n_sas && !status; ask.from += SA_PORTION)
			status = target->call(target->ctx, w, ask_sas, &ask);
	}
	if (snap)
		snap->has_sas = sas;
	if (status)
		snap_free(snap);
	else
		*out = snap;
	return status;
}

void
snap_free(struct snap *snap)
{
	if (!snap)
		return;
	free(snap->sas);
	free(snap->classes);
	free(snap->received);
	free(snap->mtu);
	free(snap);
}

/* A counter that has begun anew since is what it is. */
static void
less(uint64_t *counter, uint64_t then)
{
	if (*counter >= then)
		*counter -= then;
}

static void
sas_less(struct snap *snap, const struct snap *then)
{
	unsigned n = snap->has_sas ? snap->n_sas : 0;

	for (unsigned i = 0; i < n && i < then->n_sas; i++) {
		struct snap_sa *sa = &snap->sas[i];
		const struct snap_sa *was = &then->sas[i];

		if (sa->spi != was->spi || sa->direction != was->direction)
			continue;
		less(&sa->packets, was->packets);
		less(&sa->bytes, was->bytes);
		less(&sa->errors, was->errors);
		less(&sa->replays, was->replays);
		less(&sa->duplicates, was->duplicates);
		less(&sa->dummies, was->dummies);
	}
}

static void
classes_less(struct snap *snap, const struct snap *then)
{
	for (unsigned c = 0; c < snap->n_classes && c < then->n_classes; c++) {
		struct qos_class_stats *now = &snap->classes[c].stats;
		const struct qos_class_stats *was = &then->classes[c].stats;

		less(&now->packets_in, was->packets_in);
		less(&now->bytes_in, was->bytes_in);
		less(&now->packets_out, was->packets_out);
		less(&now->bytes_out, was->bytes_out);
		less(&now->tail_drops, was->tail_drops);
		less(&now->police_drops, was->police_drops);
	}
	for (unsigned p = 0; p < snap->n_ports && p < then->n_ports; p++)
		less(&snap->received[p], then->received[p]);
}

void
snap_less(struct snap *snap, const struct snap *then)
{
	snap->before = then->held;
	less(&snap->stats.rx, then->stats.rx);
	less(&snap->stats.created, then->stats.created);
	less(&snap->stats.tx, then->stats.tx);
	less(&snap->stats.consumed, then->stats.consumed);
	less(&snap->stats.handed, then->stats.handed);
	less(&snap->stats.taken, then->stats.taken);
	less(&snap->stats.events_lost, then->stats.events_lost);
	for (unsigned d = 0; d < DROP_COUNT; d++)
		less(&snap->stats.drops[d], then->stats.drops[d]);
	for (unsigned l = 0; l < LIFE_COUNT; l++)
		less(&snap->lives[l], then->lives[l]);
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		less(&snap->stage[s].calls, then->stage[s].calls);
		less(&snap->stage[s].packets, then->stage[s].packets);
		less(&snap->stage[s].timed_packets, then->stage[s].timed_packets);
		less(&snap->stage[s].timed_cycles, then->stage[s].timed_cycles);
	}
	for (unsigned c = 0; c < ENGINE_COUNTER_COUNT; c++)
		less(&snap->counter[c], then->counter[c]);
	classes_less(snap, then);
	sas_less(snap, then);
}

void
snap_swap_sas(struct snap *a, struct snap *b)
{
	struct snap_sa *sas = a->sas;
	unsigned n = a->n_sas;

	a->sas = b->sas;
	a->n_sas = b->n_sas;
	b->sas = sas;
	b->n_sas = n;
}
