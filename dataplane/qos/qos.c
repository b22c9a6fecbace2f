/* The face of qos: checks ranges, then a fifo or a cbwfq does the work.
 * One branch per call chooses between them; there are no other kinds.  RFC 2475 terms. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/qos/cbwfq.h"
#include "dataplane/qos/fifo.h"
#include "dataplane/qos/qos.h"

#define OVERHEAD_MAX 65535 /* keeps bytes on the line below 2^17, see pacer.h */

struct qos {
	struct fifo fifo;
	struct cbwfq *cbwfq; /* NULL: the fifo is it */
};

static enum status
qos_init(struct qos *qos, const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead)
{
	if (line_rate > QOS_RATE_MAX || cfg->shape > QOS_RATE_MAX || overhead > OVERHEAD_MAX)
		return ST_ERR_RANGE;
	if (cfg->kind == CFG_QOS_FIFO)
		return fifo_init(&qos->fifo, cfg, line_rate, overhead);

	qos->cbwfq = calloc(1, sizeof(*qos->cbwfq));
	return qos->cbwfq ? cbwfq_init(qos->cbwfq, cfg, line_rate, overhead) : ST_ERR_NOMEM;
}

enum status
qos_create(const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead, struct qos **qos)
{
	enum status status = ST_ERR_NOMEM;

	*qos = calloc(1, sizeof(**qos));
	if (*qos)
		status = qos_init(*qos, cfg, line_rate, overhead);
	if (status) {
		qos_destroy(*qos);
		*qos = NULL;
	}
	return status;
}

void
qos_destroy(struct qos *qos)
{
	if (!qos)
		return;
	if (qos->cbwfq)
		cbwfq_fini(qos->cbwfq);
	fifo_fini(&qos->fifo);
	free(qos->cbwfq);
	free(qos);
}

enum drop
qos_put(struct qos *qos, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now)
{
	if (qos->cbwfq)
		return cbwfq_put(qos->cbwfq, pkt, bytes, dscp, now);
	return fifo_put(&qos->fifo, pkt, bytes, now);
}

static struct qos_class_stats *
stats_of(struct qos *qos, unsigned class_index)
{
	return qos->cbwfq ? &qos->cbwfq->classes[class_index].stats : &qos->fifo.stats;
}

/* Bytes of the packets that a class holds. */
static uint64_t
bytes_held(const struct qos *qos, unsigned class_index)
{
	const struct ring *ring = &qos->fifo.ring;
	uint64_t bytes = 0;

	if (qos->cbwfq)
		return qos->cbwfq->classes[class_index].bytes;
	for (uint32_t at = ring->head; at != ring->tail; at++)
		bytes += ring_at(ring, at)->bytes;
	return bytes;
}

void
qos_carry(struct qos *qos, const struct qos *from)
{
	for (unsigned c = 0; c < qos_class_count(qos); c++)
		for (unsigned f = 0; f < qos_class_count(from); f++) {
			struct qos_class_stats *to = stats_of(qos, c);
			const char *name = to->name;

			if (strcmp(name, qos_class_stats(from, f)->name) != 0)
				continue;
			*to = *qos_class_stats(from, f);
			to->name = name;
			to->packets_in = to->packets_out + to->tail_drops + to->police_drops;
			to->bytes_in -= bytes_held(from, f);
		}
}

bool
qos_restore(struct qos *qos, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now)
{
	if (qos->cbwfq)
		return cbwfq_restore(qos->cbwfq, pkt, bytes, dscp, now);
	return fifo_restore(&qos->fifo, pkt, bytes, now);
}

void
qos_rename(struct qos *qos, const struct cfg_qos *cfg)
{
	for (unsigned c = 0; qos->cbwfq && c < qos->cbwfq->n_classes && c < cfg->n_classes; c++)
		qos->cbwfq->classes[c].stats.name = cfg->classes[c].name;
}

bool
qos_is_endless(const struct qos *qos)
{
	return !qos->cbwfq && qos->fifo.egress.endless;
}

bool
qos_pass(struct qos *qos, uint32_t bytes)
{
	return fifo_pass(&qos->fifo, bytes);
}

unsigned
qos_get(struct qos *qos, uint64_t now, struct qos_out *out, unsigned max)
{
	return qos->cbwfq ? cbwfq_get(qos->cbwfq, now, out, max) : fifo_get(&qos->fifo, now, out, max);
}

uint64_t
qos_next_due(const struct qos *qos)
{
	return qos->cbwfq ? cbwfq_next_due(qos->cbwfq) : fifo_next_due(&qos->fifo);
}

unsigned
qos_held(const struct qos *qos)
{
	if (qos->cbwfq)
		return qos->cbwfq->waiting + ring_count(&qos->cbwfq->started);
	return ring_count(&qos->fifo.ring);
}

unsigned
qos_started(const struct qos *qos)
{
	return qos->cbwfq ? ring_count(&qos->cbwfq->started) : 0;
}

unsigned
qos_class_count(const struct qos *qos)
{
	return qos->cbwfq ? qos->cbwfq->n_classes : 1;
}

const struct qos_class_stats *
qos_class_stats(const struct qos *qos, unsigned class_index)
{
	return qos->cbwfq ? &qos->cbwfq->classes[class_index].stats : &qos->fifo.stats;
}
