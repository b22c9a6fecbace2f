/* Marks in all that holds packets between two turns: how far it must have come.
 *
 * Egress queues: packets of a class leave in the order in which they came, so a class is done when as many
 * have left as had been let in.  The engine: one that keeps the order likewise; one that does not says what
 * its oldest operation is, or is asked whether it is empty.  Inboxes are empty between turns.
 *
 * A packet that has left one of them may be in the next when that is looked at: marks are set anew as often
 * as one packet can be held under one SA, or under two on one packet. */
#include "dataplane/epoch.h"

#include <stdlib.h>

#include "crypto/engine.h"
#include "dataplane/worker.h"

#define CLASSES_MAX 64u /* of a queue (qos.h) */
#define HOPS 4u /* the engine for ESP, the engine for AH, and a queue before or behind them; one more */

struct port_mark {
	const struct qos *qos;
	uint64_t admitted[CLASSES_MAX];
};

struct epoch {
	unsigned hops;	 /* to come */
	uint64_t engine; /* number of the first operation that came after */
	unsigned n_ports;
	struct port_mark ports[];
};

enum status
epoch_create(unsigned n_ports, struct epoch **epoch)
{
	*epoch = calloc(1, sizeof(**epoch) + n_ports * sizeof((*epoch)->ports[0]));
	if (!*epoch)
		return ST_ERR_NOMEM;
	(*epoch)->n_ports = n_ports;
	return ST_OK;
}

void
epoch_destroy(struct epoch *epoch)
{
	free(epoch);
}

/* Operations have numbers; that of the oldest under way, or of the next one where there is none. */
static uint64_t
engine_oldest(const struct worker *w, uint64_t *next)
{
	if (w->engine && w->engine->ops->oldest)
		return w->engine->ops->oldest(w->engine, next);
	*next = w->stage[STAGE_crypto_poll].packets + w->in_engine;
	return *next - w->in_engine;
}

static bool
engine_passed(const struct worker *w, uint64_t mark)
{
	uint64_t next, oldest = engine_oldest(w, &next);

	if (!w->in_engine)
		return true;
	return (w->engine->ops->oldest || !w->reorders) && oldest >= mark;
}

static void
marks_set(struct epoch *epoch, const struct dp *dp)
{
	for (unsigned p = 0; p < epoch->n_ports; p++) {
		const struct qos *qos = dp->ports[p].qos;

		epoch->ports[p].qos = qos;
		for (unsigned c = 0; c < qos_class_count(qos); c++) {
			const struct qos_class_stats *stats = qos_class_stats(qos, c);

			epoch->ports[p].admitted[c] = stats->packets_in - stats->tail_drops -
						      stats->police_drops;
		}
	}
	engine_oldest(dp->worker, &epoch->engine);
}

static bool
port_passed(const struct port_mark *mark, const struct dp_port *port)
{
	if (port->qos != mark->qos) /* another took its place: dp_old_moved() begins anew */
		return false;
	for (unsigned c = 0; c < qos_class_count(port->qos); c++)
		if (qos_class_stats(port->qos, c)->packets_out < mark->admitted[c])
			return false;
	return !qos_started(port->qos); /* counted as out, and not fetched yet */
}

static bool
marks_passed(const struct epoch *epoch, const struct dp *dp)
{
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		if (dp->worker->inbox[s].n)
			return false;
	for (unsigned p = 0; p < epoch->n_ports; p++)
		if (!port_passed(&epoch->ports[p], &dp->ports[p]))
			return false;
	return engine_passed(dp->worker, epoch->engine);
}

void
epoch_begin(struct epoch *epoch, const struct dp *dp)
{
	epoch->hops = HOPS;
	marks_set(epoch, dp);
}

bool
epoch_passed(struct epoch *epoch, const struct dp *dp)
{
	while (epoch->hops && marks_passed(epoch, dp)) {
		epoch->hops--;
		marks_set(epoch, dp);
	}
	return !epoch->hops;
}
