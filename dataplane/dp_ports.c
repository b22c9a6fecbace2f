/* The ports in a change: MTU, MSS, and queueing.  A policy that is the same keeps its queues.  Another one
 * gets its queues beside, and what waits moves into them as it would have left, whatever their limits; where
 * there is no room at all the first of them leave at once, so that nothing is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_change.h"
#include "dataplane/forward.h"
#include "dataplane/worker.h"

uint32_t
dp_port_mtu(const struct cfg_port *cfg)
{
	return cfg->ip_mtu && cfg->ip_mtu < cfg->mtu ? cfg->ip_mtu : cfg->mtu;
}

static bool
class_equal(const struct cfg_class *a, const struct cfg_class *b)
{
	return !strcmp(a->name, b->name) && a->dscp == b->dscp && a->priority == b->priority &&
	       a->burst == b->burst && a->police_always == b->police_always && a->bandwidth == b->bandwidth &&
	       a->queue_limit == b->queue_limit && a->unit == b->unit;
}

static bool
qos_equal(const struct cfg_qos *a, const struct cfg_qos *b)
{
	if (a->kind != b->kind || a->shape != b->shape || a->shape_burst != b->shape_burst ||
		a->queue_limit != b->queue_limit || a->unit != b->unit || a->n_classes != b->n_classes)
		return false;
	for (unsigned i = 0; i < a->n_classes; i++)
		if (!class_equal(&a->classes[i], &b->classes[i]))
			return false;
	return true;
}

enum status
dp_ports_create(const struct dp *dp, struct dp_change *change, char *message, size_t bytes)
{
	const struct cfg_gateway *cfg = change->cfg;
	enum status status = ST_OK;

	change->qos = calloc(dp->n_ports + 1u, sizeof(*change->qos));
	if (!change->qos)
		return ST_ERR_NOMEM;
	for (unsigned p = 0; p < dp->n_ports && !status; p++) {
		const struct port *port = dp->ports[p].port;

		change->unprotected |= (uint32_t)forward_unprotected(cfg, p) << p;
		if (qos_equal(&dp->cfg->ports[p].qos, &cfg->ports[p].qos))
			continue;
		status = qos_create(&cfg->ports[p].qos, port->rate, port->overhead, &change->qos[p]);
		if (status)
			snprintf(message, bytes, "port %s: qos: %s", cfg->ports[p].name, status_text(status));
	}
	return status;
}

void
dp_ports_commit(struct dp *dp, struct dp_change *change)
{
	bool moved = false;

	for (unsigned p = 0; p < dp->n_ports; p++) {
		struct dp_port *port = &dp->ports[p];
		struct qos *before = port->qos;

		port->cfg = &change->cfg->ports[p];
		port->mtu = dp_port_mtu(port->cfg);
		port->unprotected = change->unprotected >> p & 1;
		port->port->gateway = change->cfg;
		if (!change->qos[p]) {
			qos_rename(before, &port->cfg->qos);
			continue;
		}
		qos_move(dp->worker, p, change->qos[p]);
		hand_port(dp->worker, port); /* a queue that is paced is one worker's */
		change->qos[p] = before; /* to be freed with it */
		moved = true;
	}
	if (moved)
		dp_old_moved(dp);
}

void
dp_ports_destroy(struct dp_change *change)
{
	for (unsigned p = 0; change->qos && p < change->cfg->n_ports; p++)
		qos_destroy(change->qos[p]);
	free(change->qos);
}
