/* Private to qos: classes by DSCP, strict priority with policers (LLQ), weighted fair queues among the rest
 * (CBWFQ).  Contracts as in qos.h.  cbwfq_init.c builds it, cbwfq.c turns it. */
#ifndef DATAPLANE_QOS_CBWFQ_H
#define DATAPLANE_QOS_CBWFQ_H

#include "dataplane/qos/drr.h"
#include "dataplane/qos/egress.h"
#include "dataplane/qos/limit.h"
#include "dataplane/qos/qos.h"
#include "dataplane/qos/ring.h"

struct cbwfq_class {
	bool priority;
	bool police_always;
	struct ring *ring; /* its own, or the one of all priority classes */
	struct ring own;
	struct limit limit;
	uint64_t packets, bytes; /* that wait */
	struct pacer policer;
	uint64_t burst; /* bytes in the policer's bucket */
	uint64_t sure_ns; /* a bucket that will be full within this has tokens for the largest packet */
	struct qos_class_stats stats;
};

struct cbwfq {
	struct egress egress;
	uint32_t waiting; /* packets in all classes */
	bool look;	  /* packets came while one could start: see how many stay */
	unsigned n_classes;
	uint8_t class_of[64]; /* by DSCP */
	struct ring priority;
	struct ring started; /* packets that started within a put, until they are fetched */
	struct drr drr;
	struct cbwfq_class classes[DRR_MAX];
};

enum status cbwfq_init(struct cbwfq *cbwfq, const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead);
void cbwfq_fini(struct cbwfq *cbwfq);
enum drop cbwfq_put(struct cbwfq *cbwfq, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now);
bool cbwfq_restore(struct cbwfq *cbwfq, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now);
unsigned cbwfq_get(struct cbwfq *cbwfq, uint64_t now, struct qos_out *out, unsigned max);
uint64_t cbwfq_next_due(const struct cbwfq *cbwfq);

#endif
