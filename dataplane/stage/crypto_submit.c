/* crypto_submit: a burst of operations to the engine; what does not fit its queue is dropped by name. */
#include "dataplane/worker.h"

void
stage_crypto_submit(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct crypto_op *ops[WORKER_INBOX];
	unsigned taken;

	for (unsigned i = 0; i < n; i++)
		ops[i] = &pkt_of(pkts[i])->op;
	taken = w->engine->ops->submit(w->engine, ops, n, w->now);
	w->in_engine += taken;
	for (unsigned i = taken; i < n; i++)
		worker_drop(w, pkts[i], DROP_ENGINE_FULL);
	w->pending |= 1u << STAGE_crypto_poll;
}
