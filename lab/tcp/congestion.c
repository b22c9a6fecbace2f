/* Slow start and NewReno's congestion avoidance (RFC 5681 §3.1), and where CUBIC differs (cubic.c). */
#include "lab/tcp/congestion.h"

#include "base/clock.h"
#include "lab/tcp/cubic.h"

void
tcp_congestion_init(struct tcp_congestion *cc, enum cfg_congestion kind, uint32_t mss)
{
	*cc = (struct tcp_congestion){
		.kind = kind, .mss = mss, .cwnd = tcp_initial_window(mss), .ssthresh = TCP_SSTHRESH_NONE};
	cc->cubic.epoch = TIME_NEVER;
}

uint64_t
tcp_initial_window(uint32_t mss)
{
	uint64_t least = 2 * (uint64_t)mss > 14600 ? 2 * (uint64_t)mss : 14600;

	return time_min(10 * (uint64_t)mss, least);
}

/* A segment for each window that was acknowledged. */
static void
newreno_acked(struct tcp_congestion *cc, uint64_t bytes)
{
	cc->acked += bytes;
	while (cc->acked >= cc->cwnd) {
		cc->acked -= cc->cwnd;
		cc->cwnd += cc->mss;
	}
}

void
tcp_congestion_acked(struct tcp_congestion *cc, uint64_t bytes, uint64_t now, uint64_t srtt)
{
	if (cc->cwnd < cc->ssthresh) {
		uint64_t room = cc->ssthresh - cc->cwnd, step = time_min(bytes, room);

		cc->cwnd += step;
		bytes -= step;
	}
	if (!bytes)
		return;
	if (cc->kind == CFG_CONGESTION_CUBIC)
		tcp_cubic_acked(cc, bytes, now, srtt);
	else
		newreno_acked(cc, bytes);
}

static uint64_t
threshold(struct tcp_congestion *cc, uint64_t flight)
{
	uint64_t w = time_min(flight, cc->cwnd), least = 2 * (uint64_t)cc->mss;

	w = cc->kind == CFG_CONGESTION_CUBIC ? tcp_cubic_reduced(cc, w) : w / 2;
	return w > least ? w : least;
}

void
tcp_congestion_reduce(struct tcp_congestion *cc, uint64_t flight)
{
	cc->ssthresh = threshold(cc, flight);
	cc->cwnd = cc->ssthresh;
	cc->acked = 0;
}

void
tcp_congestion_timeout(struct tcp_congestion *cc, uint64_t flight, bool again)
{
	if (!again)
		cc->ssthresh = threshold(cc, flight);
	cc->cwnd = cc->mss;
	cc->acked = 0;
	cc->cubic.epoch = TIME_NEVER;
}

void
tcp_congestion_idle(struct tcp_congestion *cc, uint64_t idle, uint64_t rto)
{
	uint64_t restart = tcp_initial_window(cc->mss);

	if (cc->cubic.epoch != TIME_NEVER)
		cc->cubic.epoch += idle; /* time in which nothing could grow does not count */
	if (idle > rto && cc->cwnd > restart) {
		if (cc->ssthresh < cc->cwnd / 4 * 3) /* so that it is found again in slow start */
			cc->ssthresh = cc->cwnd / 4 * 3;
		cc->cwnd = restart;
		cc->acked = 0;
		cc->cubic.epoch = TIME_NEVER;
	}
}
