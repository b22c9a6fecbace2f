/* Private to qos: one queue, one class.  Contracts as in qos.h. */
#ifndef DATAPLANE_QOS_FIFO_H
#define DATAPLANE_QOS_FIFO_H

#include "dataplane/qos/egress.h"
#include "dataplane/qos/limit.h"
#include "dataplane/qos/qos.h"
#include "dataplane/qos/ring.h"

struct fifo {
	struct egress egress;
	struct ring ring;
	uint32_t waiting;	/* ring index: items before it had started when last looked at */
	uint64_t waiting_bytes; /* of the others */
	struct limit limit;
	struct qos_class_stats stats;
};

enum status fifo_init(struct fifo *fifo, const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead);
void fifo_fini(struct fifo *fifo);
enum drop fifo_put(struct fifo *fifo, void *pkt, uint32_t bytes, uint64_t now);
bool fifo_restore(struct fifo *fifo, void *pkt, uint32_t bytes, uint64_t now);
bool fifo_pass(struct fifo *fifo, uint32_t bytes);
unsigned fifo_get(struct fifo *fifo, uint64_t now, struct qos_out *out, unsigned max);
uint64_t fifo_next_due(const struct fifo *fifo);

#endif
