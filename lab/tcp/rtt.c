/* SRTT, RTTVAR and RTO (RFC 6298 §2). */
#include "lab/tcp/rtt.h"

#include "base/clock.h"

void
tcp_rtt_init(struct tcp_rtt *rtt, uint64_t least)
{
	*rtt = (struct tcp_rtt){.rto = TCP_RTO_FIRST, .least = least, .min = UINT64_MAX};
}

static void
rto_set(struct tcp_rtt *rtt)
{
	uint64_t var = 4 * rtt->rttvar;

	rtt->rto = time_min(rtt->srtt + (var > rtt->least ? var : rtt->least), TCP_RTO_MAX);
}

void
tcp_rtt_sample(struct tcp_rtt *rtt, uint64_t ns)
{
	uint64_t error;

	if (!rtt->samples++) { /* §2.2 */
		rtt->srtt = ns;
		rtt->rttvar = ns / 2;
	} else { /* §2.3: RTTVAR first, from the old SRTT */
		error = ns > rtt->srtt ? ns - rtt->srtt : rtt->srtt - ns;
		rtt->rttvar = (3 * rtt->rttvar + error) / 4;
		rtt->srtt = (7 * rtt->srtt + ns) / 8;
	}
	rtt->min = time_min(rtt->min, ns);
	rto_set(rtt);
}

void
tcp_rtt_back_off(struct tcp_rtt *rtt)
{
	rtt->rto = time_min(2 * rtt->rto, TCP_RTO_MAX);
}
