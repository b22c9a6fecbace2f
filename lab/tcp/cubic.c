/* CUBIC, RFC 9438: C = 0.4, beta = 0.7, fast convergence, and the Reno-friendly region.  Windows in bytes,
 * times in us; products have 128 bits. */
#include "lab/tcp/cubic.h"

#include "base/clock.h"

#define NS_PER_US 1000u
#define US3_PER_S3 ((unsigned __int128)1000000000000000000u)
#define C_NUM 4u /* C = 4/10 segments / s^3 */
#define C_DEN 10u
#define BETA_NUM 7u
#define BETA_DEN 10u
#define T_MAX_US UINT64_C(1000000000) /* 1000 s from the plateau no window is small any more */

/* floor of the cube root, by Newton's iteration from above. */
uint64_t
tcp_cube_root(unsigned __int128 a)
{
	unsigned __int128 x = 1, y;

	if (!a)
		return 0;
	while (x < ((unsigned __int128)1 << 42) && x * x * x <= a)
		x <<= 1;
	for (;;) {
		y = (2 * x + a / (x * x)) / 3;
		if (y >= x)
			return (uint64_t)x;
		x = y;
	}
}

/* §4.2: K = cbrt((W_max - cwnd_epoch) / C), in us. */
uint64_t
tcp_cubic_k(uint64_t bytes, uint32_t mss)
{
	return tcp_cube_root((unsigned __int128)bytes * C_DEN * US3_PER_S3 / ((uint64_t)C_NUM * mss));
}

/* §4.2, figure 1: W_cubic(t) = C (t - K)^3 + W_max. */
uint64_t
tcp_cubic_window(const struct tcp_cubic *cubic, uint32_t mss, uint64_t t_us)
{
	bool before = t_us < cubic->k;
	uint64_t d = time_min(before ? cubic->k - t_us : t_us - cubic->k, T_MAX_US);
	unsigned __int128 cube = (unsigned __int128)d * d * d / C_DEN * C_NUM * mss / US3_PER_S3;

	if (before)
		return cube < cubic->origin ? cubic->origin - (uint64_t)cube : 0;
	return cubic->origin + (uint64_t)cube;
}

static void
epoch_begin(struct tcp_congestion *cc, uint64_t now)
{
	struct tcp_cubic *c = &cc->cubic;

	c->epoch = now;
	if (c->w_max > cc->cwnd) {
		c->k = tcp_cubic_k(c->w_max - cc->cwnd, cc->mss);
		c->origin = c->w_max;
	} else {
		c->k = 0;
		c->origin = cc->cwnd;
	}
	c->w_est = cc->cwnd << 16;
	c->credit = 0;
}

/* §4.3: alpha = 3 (1 - beta) / (1 + beta) = 9/17 until the old window is reached again, then 1. */
static void
estimate_grow(struct tcp_congestion *cc, uint64_t bytes)
{
	struct tcp_cubic *c = &cc->cubic;
	uint64_t step = (uint64_t)(((unsigned __int128)bytes * cc->mss << 16) / cc->cwnd);

	c->w_est += c->w_est >> 16 < c->prior ? step * 9 / 17 : step;
}

void
tcp_cubic_acked(struct tcp_congestion *cc, uint64_t bytes, uint64_t now, uint64_t srtt)
{
	struct tcp_cubic *c = &cc->cubic;
	uint64_t t, target, step;

	if (c->epoch == TIME_NEVER)
		epoch_begin(cc, now);
	estimate_grow(cc, bytes);
	t = now > c->epoch ? now - c->epoch : 0;
	if (tcp_cubic_window(c, cc->mss, t / NS_PER_US) < c->w_est >> 16) {
		cc->cwnd = cc->cwnd > c->w_est >> 16 ? cc->cwnd : c->w_est >> 16;
		return;
	}
	/* §4.4, §4.5: towards where the curve is a round trip later, at most half as much again */
	target = tcp_cubic_window(c, cc->mss, (t + srtt) / NS_PER_US);
	if (target > cc->cwnd + cc->cwnd / 2)
		target = cc->cwnd + cc->cwnd / 2;
	if (target <= cc->cwnd)
		return;
	step = (target - cc->cwnd) * bytes + c->credit;
	c->credit = step % cc->cwnd;
	cc->cwnd += step / cc->cwnd;
}

uint64_t
tcp_cubic_reduced(struct tcp_congestion *cc, uint64_t w)
{
	struct tcp_cubic *c = &cc->cubic;

	/* §4.7: whoever loses earlier than the time before gives way to newcomers */
	c->prior = w;
	c->w_max = w < c->w_max ? w * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN) : w;
	c->epoch = TIME_NEVER;
	return w * BETA_NUM / BETA_DEN;
}
