/* process: what arrives at a port without a route cache waits for the process, all of it. */
#include "dataplane/process.h"
#include "dataplane/worker.h"

void
stage_process(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		process_put(w, pkts[i], PROCESS_NO_ROUTE_CACHE);
}
