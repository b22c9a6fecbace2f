/* The retransmission time-out: RFC 6298, integers of ns.  The clock granularity G of its equations is
 * `least`, as in Linux: RTO = SRTT + max(G, 4 RTTVAR), so the least RTO is a round trip and G.  No EAL. */
#ifndef LAB_TCP_RTT_H
#define LAB_TCP_RTT_H

#include <stdint.h>

#define TCP_RTO_FIRST UINT64_C(1000000000) /* §2.1 */
#define TCP_RTO_MAX UINT64_C(60000000000)  /* §2.5 */

struct tcp_rtt {
	uint64_t srtt, rttvar; /* ns */
	uint64_t rto;	       /* backed off */
	uint64_t least;
	uint64_t samples, min;
};

void tcp_rtt_init(struct tcp_rtt *rtt, uint64_t least);
/* Never of a segment that was sent twice (Karn, §3); undoes the back-off. */
void tcp_rtt_sample(struct tcp_rtt *rtt, uint64_t ns);
void tcp_rtt_back_off(struct tcp_rtt *rtt);

#endif
