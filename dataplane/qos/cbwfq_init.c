/* From a policy to its queues: the DSCP table, weights, policers, limits, memory.
 *
 * A DSCP that several classes claim belongs to the first of them, as in IOS.  All priority classes share one
 * queue in order of arrival, as in IOS; their limits and policers stay their own.  Weights are the configured
 * bandwidths; a default class without one weighs what priorities and bandwidths leave of the rate, at least
 * 1 % of it (1 % of all bandwidths where neither line nor shaper has a rate). */
#include "base/status.h"
#include "dataplane/qos/cbwfq.h"

#define CBWFQ_STARTED 1024     /* packets that may start in one instant before they are fetched */
#define CBWFQ_DEFAULT_LIMIT 64 /* packets in a class-default that was not configured */
#define PACKET_MAX 65535	       /* bytes, as qos_put() takes them */
#define BURST_MIN 1500	       /* bytes in a policer's bucket of 200 ms, at least */

static const struct cfg_class class_default = {
	.name = "class-default",
	.queue_limit = CBWFQ_DEFAULT_LIMIT,
	.unit = CFG_UNIT_PACKETS,
};

static enum status
class_check(const struct cfg_class *cfg)
{
	bool is_default = !cfg->dscp;

	if (cfg->priority && cfg->bandwidth)
		return ST_ERR_CONFIG;
	if (!cfg->priority && !cfg->bandwidth && !is_default)
		return ST_ERR_CONFIG;
	return cfg->priority > QOS_RATE_MAX || cfg->bandwidth > QOS_RATE_MAX ? ST_ERR_RANGE : ST_OK;
}

static enum status
class_init(struct cbwfq *cbwfq, const struct cfg_class *cfg)
{
	struct cbwfq_class *class = &cbwfq->classes[cbwfq->n_classes];
	enum status status = class_check(cfg);

	if (!status)
		status = limit_init(&class->limit, cfg->queue_limit, cfg->unit);
	if (status)
		return status;
	class->stats.name = cfg->name;
	class->priority = cfg->priority != 0;
	class->ring = class->priority ? &cbwfq->priority : &class->own;
	class->police_always = cfg->police_always;
	class->burst = cfg->burst;
	if (!class->burst) {
		class->burst = cfg->priority / 8 / 5;
		if (class->burst < BURST_MIN)
			class->burst = BURST_MIN;
	}
	pacer_init(&class->policer, cfg->priority, class->burst);
	class->sure_ns = pacer_sure(&class->policer, PACKET_MAX);
	cbwfq->n_classes++;
	return ST_OK;
}

/* Fills all but the claimed entries with the default class. */
static void
map_fill(struct cbwfq *cbwfq, const struct cfg_qos *cfg, unsigned default_index)
{
	for (unsigned dscp = 0; dscp < 64; dscp++) {
		cbwfq->class_of[dscp] = default_index;
		for (unsigned i = 0; i < cfg->n_classes; i++) {
			if (cfg->classes[i].dscp >> dscp & 1) {
				cbwfq->class_of[dscp] = i;
				break;
			}
		}
	}
}

static enum status
classes_init(struct cbwfq *cbwfq, const struct cfg_qos *cfg)
{
	unsigned default_index = cfg->n_classes;
	enum status status = ST_OK;

	for (unsigned i = 0; i < cfg->n_classes && !status; i++) {
		if (!cfg->classes[i].dscp) {
			if (default_index != cfg->n_classes)
				return ST_ERR_CONFIG;
			default_index = i;
		}
		status = class_init(cbwfq, &cfg->classes[i]);
	}
	if (!status && default_index == cfg->n_classes)
		status = class_init(cbwfq, &class_default);
	map_fill(cbwfq, cfg, default_index);
	return status;
}

/* What the default class weighs where it has no bandwidth of its own. */
static uint64_t
weight_default(const struct cfg_qos *cfg, uint64_t line_rate)
{
	uint64_t rate = cfg->shape, used = 0;

	for (unsigned i = 0; i < cfg->n_classes; i++)
		used += cfg->classes[i].priority + cfg->classes[i].bandwidth;
	if (!rate || (line_rate && line_rate < rate))
		rate = line_rate;
	if (!rate)
		rate = used < QOS_RATE_MAX ? used : QOS_RATE_MAX;

	uint64_t least = rate / 100 ? rate / 100 : 1;
	return rate > used && rate - used > least ? rate - used : least;
}

static void
weights_init(struct cbwfq *cbwfq, const struct cfg_qos *cfg, uint64_t line_rate)
{
	uint64_t weights[DRR_MAX];

	for (unsigned i = 0; i < cbwfq->n_classes; i++) {
		weights[i] = i < cfg->n_classes ? cfg->classes[i].bandwidth : 0;
		if (!weights[i] && !cbwfq->classes[i].priority)
			weights[i] = weight_default(cfg, line_rate);
	}
	drr_init(&cbwfq->drr, weights, cbwfq->n_classes);
}

/* The limits are the room, and one slot for a packet that was let in beyond its limit because nothing waited:
 * only in the shared queue can others come on top of it. */
static enum status
rings_init(struct cbwfq *cbwfq)
{
	uint64_t priority_room = 1;
	bool ok = ring_init(&cbwfq->started, CBWFQ_STARTED);

	for (unsigned i = 0; i < cbwfq->n_classes && ok; i++) {
		struct cbwfq_class *class = &cbwfq->classes[i];

		if (class->priority)
			priority_room += class->limit.packets;
		else
			ok = ring_init(&class->own, class->limit.packets);
	}
	return ok && ring_init(&cbwfq->priority, priority_room) ? ST_OK : ST_ERR_NOMEM;
}

enum status
cbwfq_init(struct cbwfq *cbwfq, const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead)
{
	if (cfg->n_classes >= DRR_MAX)
		return ST_ERR_RANGE;

	enum status status = classes_init(cbwfq, cfg);
	if (status)
		return status;
	egress_init(&cbwfq->egress, line_rate, overhead, cfg->shape, cfg->shape_burst);
	weights_init(cbwfq, cfg, line_rate);
	return rings_init(cbwfq);
}

void
cbwfq_fini(struct cbwfq *cbwfq)
{
	for (unsigned i = 0; i < cbwfq->n_classes; i++)
		ring_fini(&cbwfq->classes[i].own);
	ring_fini(&cbwfq->priority);
	ring_fini(&cbwfq->started);
}
