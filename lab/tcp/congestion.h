/* How much may be under way: slow start, and NewReno (RFC 5681) or CUBIC (RFC 9438) behind it.
 *
 * Bytes and ns, integers only, hence the same everywhere.  Growth counts acknowledged bytes (RFC 3465), in
 * slow start without limit, as Linux does.  No EAL. */
#ifndef LAB_TCP_CONGESTION_H
#define LAB_TCP_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/cfg.h"

#define TCP_SSTHRESH_NONE (UINT64_MAX >> 1)

struct tcp_cubic {
	uint64_t epoch;	 /* when congestion avoidance began; TIME_NEVER: not yet */
	uint64_t w_max;	 /* bytes */
	uint64_t k;	 /* us until the plateau */
	uint64_t origin; /* bytes at the plateau */
	uint64_t w_est;	 /* what Reno would have, 1/65536 bytes */
	uint64_t prior;	 /* cwnd before the last reduction */
	uint64_t credit; /* of growth, not yet a byte: bytes * cwnd */
};

struct tcp_congestion {
	enum cfg_congestion kind;
	uint32_t mss;
	uint64_t cwnd, ssthresh;
	uint64_t acked; /* NewReno: since cwnd last grew */
	struct tcp_cubic cubic;
};

void tcp_congestion_init(struct tcp_congestion *cc, enum cfg_congestion kind, uint32_t mss);
/* RFC 6928: ten segments. */
uint64_t tcp_initial_window(uint32_t mss);
/* `bytes` were acknowledged, outside of fast recovery and while the window was the limit. */
void tcp_congestion_acked(struct tcp_congestion *cc, uint64_t bytes, uint64_t now, uint64_t srtt);
/* A loss or ECN mark with `flight` bytes under way: cwnd = ssthresh. */
void tcp_congestion_reduce(struct tcp_congestion *cc, uint64_t flight);
/* RTO: one segment.  again: of what had timed out before, which does not lower ssthresh once more. */
void tcp_congestion_timeout(struct tcp_congestion *cc, uint64_t flight, bool again);
/* Nothing was under way for `idle` ns until now, longer than the RTO or not (RFC 5681 §4.1, RFC 9438 §5.8).
 */
void tcp_congestion_idle(struct tcp_congestion *cc, uint64_t idle, uint64_t rto);

/* CUBIC's parts, for tests: W_cubic at t us after the epoch, and K of a reduction by `bytes`. */
uint64_t tcp_cubic_window(const struct tcp_cubic *cubic, uint32_t mss, uint64_t t_us);
uint64_t tcp_cubic_k(uint64_t bytes, uint32_t mss);
uint64_t tcp_cube_root(unsigned __int128 a);

#endif
