/* dataplane/replay/lag: losses and windows against counting packet by packet. */
#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "dataplane/replay/lag.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_lag(void);

static struct lag
lag_open(void)
{
	struct lag lag;
	CU_ASSERT_FATAL(lag_init(&lag));
	return lag;
}

/* n packets with that distance. */
static void
lag_repeat(struct lag *lag, int64_t distance, unsigned n)
{
	while (n--)
		lag_record(lag, distance);
}

static void
test_empty(void)
{
	struct lag lag = lag_open();
	CU_ASSERT_EQUAL(lag_loss(&lag, 1), 0);
	CU_ASSERT_EQUAL(lag_loss(&lag, LAG_MAX), 0);
	CU_ASSERT_EQUAL(lag_window(&lag, 1), 1);
	CU_ASSERT_EQUAL(lag_window(&lag, 0), 1);
	lag_fini(&lag);
	CU_ASSERT_PTR_NULL(lag.count);
}

static void
test_in_order(void)
{
	struct lag lag = lag_open();
	lag_repeat(&lag, -1, 10);
	lag_repeat(&lag, 0, 5);
	lag_record(&lag, INT64_MIN);
	CU_ASSERT_EQUAL(lag.packets, 16);
	CU_ASSERT_EQUAL(lag.late, 0);
	CU_ASSERT_EQUAL(lag.lag_max, 0);
	CU_ASSERT_EQUAL(lag_loss(&lag, 1), 0);
	CU_ASSERT_EQUAL(lag_window(&lag, 1), 1);
	lag_fini(&lag);
}

/* 10000 packets: 9000 in order, 900 at lag 10, 90 at 100, 9 at 1000, 1 at 5000.  A window is enough for a lag
 * when it is larger by one. */
static void
test_quantiles(void)
{
	struct lag lag = lag_open();
	lag_repeat(&lag, -1, 9000);
	lag_repeat(&lag, 10, 900);
	lag_repeat(&lag, 100, 90);
	lag_repeat(&lag, 1000, 9);
	lag_repeat(&lag, 5000, 1);
	CU_ASSERT_EQUAL(lag.late, 1000);
	CU_ASSERT_EQUAL(lag.lag_max, 5000);
	CU_ASSERT_EQUAL(lag.lag_sum, 9000 + 9000 + 9000 + 5000);

	CU_ASSERT_EQUAL(lag_window(&lag, 1), 5001);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.99991), 5001);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.9999), 1001);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.9991), 1001);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.999), 101);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.9901), 101);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.99), 11);
	CU_ASSERT_EQUAL(lag_window(&lag, 0.9), 1);
	CU_ASSERT_EQUAL(lag_window(&lag, 0), 1);

	CU_ASSERT_EQUAL(lag_loss(&lag, 1), 1000);
	CU_ASSERT_EQUAL(lag_loss(&lag, 10), 1000);
	CU_ASSERT_EQUAL(lag_loss(&lag, 11), 100);
	CU_ASSERT_EQUAL(lag_loss(&lag, 1000), 10);
	CU_ASSERT_EQUAL(lag_loss(&lag, 1001), 1);
	CU_ASSERT_EQUAL(lag_loss(&lag, 5000), 1);
	CU_ASSERT_EQUAL(lag_loss(&lag, 5001), 0);
	lag_fini(&lag);
}

/* k / n of n packets is k packets, however q and the product are rounded: lags 0..n-1 need a window of k. */
static void
test_rounding(void)
{
	for (unsigned n = 1; n <= 200; n++) {
		struct lag lag = lag_open();
		unsigned wrong = 0;
		for (unsigned d = 0; d < n; d++)
			lag_record(&lag, d);
		for (unsigned k = 1; k <= n; k++)
			wrong += lag_window(&lag, (double)k / n) != k;
		CU_ASSERT_EQUAL(wrong, 0);
		lag_fini(&lag);
	}
}

/* Lags around LAG_MAX: the largest window keeps LAG_MAX - 1 and loses LAG_MAX. */
static void
test_boundary(void)
{
	static const int64_t lost[] = {LAG_MAX, (int64_t)LAG_MAX + 1, INT64_C(1) << 40, INT64_MAX};
	struct lag lag = lag_open();
	lag_repeat(&lag, 0, 98);
	lag_record(&lag, LAG_MAX - 1);
	CU_ASSERT_EQUAL(lag_window(&lag, 1), LAG_MAX);
	CU_ASSERT_EQUAL(lag_loss(&lag, LAG_MAX), 0);
	CU_ASSERT_EQUAL(lag_loss(&lag, LAG_MAX - 1), 1);
	lag_fini(&lag);

	for (unsigned i = 0; i < COUNT(lost); i++) {
		lag = lag_open();
		lag_repeat(&lag, 0, 98);
		lag_record(&lag, LAG_MAX - 1);
		lag_record(&lag, lost[i]);
		CU_ASSERT_EQUAL(lag.lag_max, (uint64_t)lost[i]);
		CU_ASSERT_EQUAL(lag_loss(&lag, LAG_MAX), 1);
		CU_ASSERT_EQUAL(lag_loss(&lag, LAG_MAX - 1), 2);
		CU_ASSERT_EQUAL(lag_loss(&lag, 1), 2);
		CU_ASSERT_EQUAL(lag_window(&lag, 1), LAG_MAX + 1);
		CU_ASSERT_EQUAL(lag_window(&lag, 0.991), LAG_MAX + 1);
		CU_ASSERT_EQUAL(lag_window(&lag, 0.99), LAG_MAX);
		CU_ASSERT_EQUAL(lag_window(&lag, 0.98), 1);
		lag_fini(&lag);
	}
}

/* The loss of every window and the window for many fractions, against counting. */
static void
test_random(void)
{
	enum { N = 2000, SPAN = 600 };
	struct lag lag = lag_open();
	struct rng rng;
	uint32_t window[SPAN], wrong = 0;
	uint64_t loss[SPAN];
	int64_t distance[N];

	rng_init(&rng, 1, "test_lag");
	for (unsigned i = 0; i < N; i++) {
		distance[i] = (int64_t)rng_below(&rng, 1 + rng_below(&rng, SPAN)) - 20;
		lag_record(&lag, distance[i]);
	}
	for (unsigned i = 0; i < SPAN; i++)
		window[i] = i + 1;
	lag_losses(&lag, window, SPAN, loss);
	for (unsigned w = 0; w < SPAN; w++) {
		uint64_t want = 0;
		for (unsigned i = 0; i < N; i++)
			want += distance[i] >= (int64_t)window[w];
		wrong += loss[w] != want || lag_loss(&lag, window[w]) != want;
	}
	CU_ASSERT_EQUAL(wrong, 0);

	for (unsigned keep = 0; keep <= N; keep++) {
		unsigned w = 0;
		while (N - loss[w] < keep)
			w++;
		wrong += lag_window(&lag, (double)keep / N) != window[w];
	}
	CU_ASSERT_EQUAL(wrong, 0);
	lag_fini(&lag);
}

/* Not every window in between need be asked for, and one may be asked for twice. */
static void
test_some_windows(void)
{
	static const uint32_t window[] = {1, 32, 32, 64, 1024, LAG_MAX};
	uint64_t loss[COUNT(window)];
	struct lag lag = lag_open();
	lag_repeat(&lag, 31, 1);
	lag_repeat(&lag, 32, 2);
	lag_repeat(&lag, 63, 4);
	lag_repeat(&lag, 64, 8);
	lag_repeat(&lag, 5000, 16);
	lag_losses(&lag, window, COUNT(window), loss);
	CU_ASSERT_EQUAL(loss[0], 31);
	CU_ASSERT_EQUAL(loss[1], 30);
	CU_ASSERT_EQUAL(loss[2], 30);
	CU_ASSERT_EQUAL(loss[3], 24);
	CU_ASSERT_EQUAL(loss[4], 16);
	CU_ASSERT_EQUAL(loss[5], 0);
	lag_losses(&lag, window, 0, NULL);
	lag_fini(&lag);
}

int
suite_lag(void)
{
	CU_pSuite s = CU_add_suite("lag", NULL, NULL);
	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_empty);
	CU_ADD_TEST(s, test_in_order);
	CU_ADD_TEST(s, test_quantiles);
	CU_ADD_TEST(s, test_rounding);
	CU_ADD_TEST(s, test_boundary);
	CU_ADD_TEST(s, test_random);
	CU_ADD_TEST(s, test_some_windows);
	return 0;
}
