/* policy_check: may this packet have come in by this SA, and where does it go (RFC 4301 §5.2).  The answer is
 * in the flow cache under the SA's index. */
#include "dataplane/far.h"
#include "dataplane/forward_send.h"

#include "dataplane/echo.h"

void
stage_policy_check(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	if (unlikely(w->far))
		far_flows(w, pkts, n);
	for (unsigned i = 0; i < n; i++) {
		const struct sa *sa = pkt_of(pkts[i])->sa;
		/* from here on a packet in the clear, or one for the next tunnel */
		enum drop drop = forward_packet(w, pkts[i], sa, sa->policy + 1);

		if (unlikely(drop) && !(drop == DROP_NOT_MINE && echo_take(w, pkts[i])))
			worker_drop(w, pkts[i], drop);
	}
}
