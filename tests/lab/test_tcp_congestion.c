/* lab/tcp/congestion and cubic: windows after hand-counted ACKs (RFC 5681, 6928), and CUBIC's curve, K and
 * Reno-friendly region against the formulas of RFC 9438 in floating point. */
#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "lab/tcp/cubic.h"

#define MS UINT64_C(1000000)
#define MSS 1000u

int suite_tcp_congestion(void);

static void
test_initial_window(void)
{
	CU_ASSERT_EQUAL(tcp_initial_window(1460), 14600); /* RFC 6928 (1) */
	CU_ASSERT_EQUAL(tcp_initial_window(536), 5360);
	CU_ASSERT_EQUAL(tcp_initial_window(8960), 17920);
	CU_ASSERT_EQUAL(tcp_initial_window(2190), 14600);
}

/* Slow start ends exactly at ssthresh, and what is left of the ACK counts for congestion avoidance. */
static void
test_newreno(void)
{
	struct tcp_congestion cc;

	tcp_congestion_init(&cc, CFG_CONGESTION_NEWRENO, MSS);
	tcp_congestion_acked(&cc, 10 * MSS, 0, MS);
	CU_ASSERT_EQUAL(cc.cwnd, 20 * MSS);
	tcp_congestion_reduce(&cc, 20 * MSS);
	CU_ASSERT_EQUAL(cc.cwnd, 10 * MSS);
	CU_ASSERT_EQUAL(cc.ssthresh, 10 * MSS);
	tcp_congestion_acked(&cc, 9 * MSS, 0, MS);
	CU_ASSERT_EQUAL(cc.cwnd, 10 * MSS);
	tcp_congestion_acked(&cc, MSS, 0, MS); /* a window: one segment more */
	CU_ASSERT_EQUAL(cc.cwnd, 11 * MSS);
	tcp_congestion_timeout(&cc, 8 * MSS, false);
	CU_ASSERT_EQUAL(cc.cwnd, MSS);
	CU_ASSERT_EQUAL(cc.ssthresh, 4 * MSS);
	tcp_congestion_timeout(&cc, MSS, true); /* the same once more: ssthresh stays */
	CU_ASSERT_EQUAL(cc.ssthresh, 4 * MSS);
	tcp_congestion_acked(&cc, 5 * MSS, 0, MS); /* 3 to ssthresh, 2 of the 4 that a segment wants */
	CU_ASSERT_EQUAL(cc.cwnd, 4 * MSS);
	tcp_congestion_acked(&cc, 2 * MSS, 0, MS);
	CU_ASSERT_EQUAL(cc.cwnd, 5 * MSS);
	tcp_congestion_reduce(&cc, MSS); /* never below two segments */
	CU_ASSERT_EQUAL(cc.cwnd, 2 * MSS);
}

static void
test_idle(void)
{
	struct tcp_congestion cc;

	tcp_congestion_init(&cc, CFG_CONGESTION_NEWRENO, MSS);
	cc.cwnd = 40 * MSS;
	tcp_congestion_idle(&cc, 299 * MS, 300 * MS);
	CU_ASSERT_EQUAL(cc.cwnd, 40 * MSS);
	tcp_congestion_idle(&cc, 301 * MS, 300 * MS);
	CU_ASSERT_EQUAL(cc.cwnd, 10 * MSS);
}

static void
test_cube_root(void)
{
	for (uint64_t x = 0; x < 3000; x++) {
		unsigned __int128 cube = (unsigned __int128)x * x * x;

		CU_ASSERT_EQUAL(tcp_cube_root(cube), x);
		CU_ASSERT_EQUAL(tcp_cube_root(cube + 3 * x * x + 3 * x), x); /* one below the next cube */
	}
	for (unsigned bits = 12; bits < 42; bits++) {
		uint64_t x = (UINT64_C(1) << bits) + 12345;
		unsigned __int128 cube = (unsigned __int128)x * x * x;

		CU_ASSERT_EQUAL(tcp_cube_root(cube), x);
		CU_ASSERT_EQUAL(tcp_cube_root(cube - 1), x - 1);
	}
}

/* W(t) = 0.4 (t - K)^3 + Wmax in segments, K = cbrt((Wmax - cwnd) / 0.4): a reduction from 100 segments. */
static void
test_cubic_curve(void)
{
	struct tcp_cubic c = {.origin = 100 * MSS, .k = tcp_cubic_k(30 * MSS, MSS)};
	double k = (double)c.k / 1e6, root = k * k * k * 0.4;

	CU_ASSERT_DOUBLE_EQUAL(root, 30, 1e-4);
	CU_ASSERT_DOUBLE_EQUAL((double)tcp_cubic_window(&c, MSS, 0), 70.0 * MSS, 1);
	CU_ASSERT_EQUAL(tcp_cubic_window(&c, MSS, c.k), 100 * MSS);
	for (uint64_t t = 0; t < 20000000; t += 10007) {
		double d = (double)t / 1e6 - k, w = 0.4 * d * d * d * MSS + 100.0 * MSS;

		CU_ASSERT_DOUBLE_EQUAL((double)tcp_cubic_window(&c, MSS, t), w, 1.5);
	}
}

/* A window of ACKs each round trip, as a path without queue gives them: cwnd follows the curve. */
static void
cubic_follow(struct tcp_congestion *cc, uint64_t rtt, uint64_t until, double k, double w_max)
{
	for (uint64_t now = 0; now < until;) {
		uint64_t acks = cc->cwnd / MSS, step = rtt / acks;

		for (uint64_t i = 0; i < acks; i++, now += step)
			tcp_congestion_acked(cc, MSS, now, rtt);
		if (now > 4 * rtt) {
			double d = (double)now / 1e9 - k, w = 0.4 * d * d * d * MSS + w_max;

			CU_ASSERT_DOUBLE_EQUAL((double)cc->cwnd, w, 0.03 * w);
		}
	}
}

static void
test_cubic_growth(void)
{
	struct tcp_congestion cc;
	uint64_t k;

	tcp_congestion_init(&cc, CFG_CONGESTION_CUBIC, MSS);
	cc.cwnd = 1000 * MSS;
	tcp_congestion_reduce(&cc, 1000 * MSS);
	CU_ASSERT_EQUAL(cc.cwnd, 700 * MSS); /* beta = 0.7 */
	CU_ASSERT_EQUAL(cc.ssthresh, 700 * MSS);
	CU_ASSERT_EQUAL(cc.cubic.w_max, 1000 * MSS);
	k = tcp_cubic_k(300 * MSS, MSS);
	cubic_follow(&cc, 100 * MS, 15000 * MS, (double)k / 1e6, 1000.0 * MSS);
}

/* §4.7: a loss below the last maximum lowers it to (1 + beta) / 2 of the window. */
static void
test_cubic_convergence(void)
{
	struct tcp_congestion cc;

	tcp_congestion_init(&cc, CFG_CONGESTION_CUBIC, MSS);
	cc.cwnd = 1000 * MSS;
	tcp_congestion_reduce(&cc, cc.cwnd);
	tcp_congestion_reduce(&cc, cc.cwnd); /* at 700 < 1000 */
	CU_ASSERT_EQUAL(cc.cubic.w_max, 595 * MSS);
	CU_ASSERT_EQUAL(cc.cwnd, 490 * MSS);
	cc.cwnd = 600 * MSS;
	tcp_congestion_reduce(&cc, cc.cwnd); /* above it */
	CU_ASSERT_EQUAL(cc.cubic.w_max, 600 * MSS);
}

/* §4.3: on a short path the estimate of Reno decides: 9/17 of a segment a round trip until the old window is
 * reached, then one. */
static void
test_cubic_friendly(void)
{
	struct tcp_congestion cc;
	uint64_t now = 0, rtt = MS;

	tcp_congestion_init(&cc, CFG_CONGESTION_CUBIC, MSS);
	cc.cwnd = 20 * MSS;
	tcp_congestion_reduce(&cc, cc.cwnd);
	CU_ASSERT_EQUAL(cc.cwnd, 14 * MSS);
	for (unsigned round = 0; round < 10; round++, now += rtt)
		tcp_congestion_acked(&cc, cc.cwnd, now, rtt);
	CU_ASSERT_DOUBLE_EQUAL((double)cc.cwnd, 14 * MSS + 10.0 * 9 / 17 * MSS, 60);
	while (cc.cwnd < 20 * MSS)
		tcp_congestion_acked(&cc, cc.cwnd, now += rtt, rtt);
	uint64_t from = cc.cwnd;
	for (unsigned round = 0; round < 10; round++, now += rtt)
		tcp_congestion_acked(&cc, cc.cwnd, now, rtt);
	CU_ASSERT_DOUBLE_EQUAL((double)(cc.cwnd - from), 10.0 * MSS, 500);
}

int
suite_tcp_congestion(void)
{
	CU_pSuite suite = CU_add_suite("tcp_congestion", NULL, NULL);

	CU_add_test(suite, "initial window", test_initial_window);
	CU_add_test(suite, "slow start and NewReno", test_newreno);
	CU_add_test(suite, "after a pause", test_idle);
	CU_add_test(suite, "cube root", test_cube_root);
	CU_add_test(suite, "CUBIC: the curve", test_cubic_curve);
	CU_add_test(suite, "CUBIC: the window follows it", test_cubic_growth);
	CU_add_test(suite, "CUBIC: fast convergence", test_cubic_convergence);
	CU_add_test(suite, "CUBIC: Reno-friendly region", test_cubic_friendly);
	return CUE_SUCCESS;
}
