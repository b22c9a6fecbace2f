/* lab/wire without chance: exact arrival times and queue limits worked out by hand, the line against 128-bit
 * division, growth and partial bursts.  What is left to chance is in test_wire_chance.c. */
#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "base/rng.h"
#include "lab/wire.h"
#include "tests/lab/wire_rig.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_wire(void);

static void
test_empty(void)
{
	struct cfg_path cfg = path_plain(0, 0);
	struct wire *wire = wire_open(&cfg, 1);
	struct wire_arrival got;
	CU_ASSERT_EQUAL(wire_next_due(wire), TIME_NEVER);
	CU_ASSERT_EQUAL(wire_held(wire), 0);
	CU_ASSERT_EQUAL(wire_get(wire, TIME_NEVER, &got, 1), 0);
	wire_destroy(wire);

	cfg.jitter = CFG_JITTER_UNIFORM; /* the same for a wire with a heap */
	cfg.jitter_scale = 10;
	wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_next_due(wire), TIME_NEVER);
	CU_ASSERT_EQUAL(wire_held(wire), 0);
	CU_ASSERT_EQUAL(wire_get(wire, TIME_NEVER, &got, 1), 0);
	wire_destroy(wire);
	wire_destroy(NULL);
}

static void
test_range(void)
{
	struct wire *wire = (struct wire *)packet(1);
	struct cfg_path cfg = path_plain(UINT64_MAX, 0);
	CU_ASSERT_EQUAL(wire_create(&cfg, 1, "w", NULL, NULL, &wire), ST_ERR_RANGE);
	CU_ASSERT_PTR_NULL(wire);
	cfg = path_plain(0, UINT64_MAX);
	CU_ASSERT_EQUAL(wire_create(&cfg, 1, "w", NULL, NULL, &wire), ST_ERR_RANGE);
	cfg = path_plain(0, 0);
	cfg.overhead = UINT32_MAX;
	CU_ASSERT_EQUAL(wire_create(&cfg, 1, "w", NULL, NULL, &wire), ST_ERR_RANGE);
	cfg = path_plain(0, 0);
	cfg.jitter_scale = UINT64_MAX;
	CU_ASSERT_EQUAL(wire_create(&cfg, 1, "w", NULL, NULL, &wire), ST_ERR_RANGE);
	cfg = path_plain(0, 0);
	cfg.jitter = CFG_JITTER_PARETO;
	CU_ASSERT_EQUAL(wire_create(&cfg, 1, "w", NULL, NULL, &wire), ST_ERR_RANGE);
}

/* 10 Mb/s: 1538 bytes take 1.2304 ms, 100 + 38 bytes 110.4 us. */
static void
test_arrival(void)
{
	struct cfg_path cfg = path_plain(10000000, 5 * MS);
	cfg.overhead = 38;
	struct wire *wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 1500, 1000), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(2), 1500, 1000), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(3), 100, 500000), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(4), 100, 10 * MS), DROP_NONE);
	CU_ASSERT_EQUAL(wire_held(wire), 4);
	expect(wire, 1, 1000 + 1230400 + 5 * MS);
	expect(wire, 2, 1000 + 2460800 + 5 * MS);
	expect(wire, 3, 1000 + 2460800 + 110400 + 5 * MS);
	expect(wire, 4, 10 * MS + 110400 + 5 * MS);
	CU_ASSERT_EQUAL(wire_held(wire), 0);
	CU_ASSERT_EQUAL(wire_stats(wire)->put, 4);
	CU_ASSERT_EQUAL(wire_stats(wire)->put_bytes, 3200);
	CU_ASSERT_EQUAL(wire_stats(wire)->got, 4);
	wire_destroy(wire);
}

static void
test_infinite_rate(void)
{
	struct cfg_path cfg = path_plain(0, 7);
	cfg.queue = 1; /* nothing ever waits */
	cfg.overhead = 38;
	struct wire *wire = wire_open(&cfg, 1);
	struct wire_arrival got[4];
	for (uintptr_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(wire_put(wire, packet(i), 1500, 100), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(3), 1500, 101), DROP_NONE);
	CU_ASSERT_EQUAL(wire_get(wire, 106, got, 4), 0);
	CU_ASSERT_EQUAL(wire_get(wire, 107, got, 2), 2); /* at most max */
	CU_ASSERT_EQUAL(wire_get(wire, 107, got + 2, 2), 1);
	CU_ASSERT_EQUAL(wire_get(wire, 108, got + 3, 1), 1);
	for (uintptr_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(number(&got[i]), i);
		CU_ASSERT_EQUAL(got[i].time_ns, i < 3 ? 107 : 108);
	}
	CU_ASSERT_EQUAL(wire_stats(wire)->queue_bytes_max, 0);
	wire_destroy(wire);
}

/* 3 Gb/s: 4 bytes take 10 2/3 ns.  Back to back the thirds add up, after a pause a packet starts at a whole
 * ns. */
static void
test_fraction(void)
{
	struct cfg_path cfg = path_plain(3000000000, 0);
	struct wire *wire = wire_open(&cfg, 1);
	wire_put(wire, packet(1), 4, 0);
	wire_put(wire, packet(2), 4, 10); /* before 10 2/3: waits */
	wire_put(wire, packet(3), 4, 20);
	wire_put(wire, packet(4), 4, 32); /* exactly when the line is free */
	expect(wire, 1, 11);
	expect(wire, 2, 22); /* 21 1/3 */
	expect(wire, 3, 32);
	expect(wire, 4, 43); /* 42 2/3 */
	wire_destroy(wire);

	wire = wire_open(&cfg, 1);
	wire_put(wire, packet(1), 4, 0);
	wire_put(wire, packet(2), 4, 11); /* after 10 2/3: starts at 11 */
	wire_put(wire, packet(3), 4, 11);
	expect(wire, 1, 11);
	expect(wire, 2, 22); /* 21 2/3 */
	expect(wire, 3, 33); /* 32 1/3 */
	wire_destroy(wire);
}

/* Any rate, any sizes, back to back: each arrival is the total so far, divided once and rounded up. */
static void
test_no_drift(void)
{
	static const uint64_t rates[] = {
		1,
		2,
		3,
		9600,
		65536,
		999983,
		2048000,
		10000000,
		999999937,
		1000000000,
		8000000000,
		10000000000,
		99999999977,
		100000000000,
		UINT64_C(1) << 40,
		3000000000000,
		UINT64_C(1) << 62,
	};
	for (unsigned r = 0; r < COUNT(rates); r++) {
		struct cfg_path cfg = path_plain(rates[r], 1000);
		cfg.overhead = 38;
		struct wire *wire = wire_open(&cfg, 1);
		unsigned __int128 cost = 0;
		struct rng rng;
		rng_init(&rng, rates[r], "sizes");
		for (uintptr_t i = 0; i < 2000; i++) {
			uint32_t bytes = (uint32_t)rng_below(&rng, 1501);
			struct wire_arrival got;
			wire_put(wire, packet(i), bytes, 0);
			cost += (unsigned __int128)(bytes + 38) * 8 * NS_PER_SEC;
			uint64_t want = 1000 + (uint64_t)((cost + rates[r] - 1) / rates[r]);
			CU_ASSERT_EQUAL_FATAL(wire_get(wire, TIME_NEVER, &got, 1), 1);
			CU_ASSERT_EQUAL_FATAL(got.time_ns, want);
			CU_ASSERT_EQUAL_FATAL(number(&got), i);
		}
		wire_destroy(wire);
	}
}

/* 8 Gb/s: a byte a ns. */
static void
test_queue_limit(void)
{
	struct cfg_path cfg = path_plain(8000000000, 0);
	cfg.queue = 300;
	struct wire *wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_put(wire, packet(0), 1000, 0), DROP_NONE); /* the line is free: no waiting */
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 301, 0), DROP_WIRE_QUEUE);
	for (uintptr_t i = 1; i <= 3; i++)
		CU_ASSERT_EQUAL(wire_put(wire, packet(i), 100, 500), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(4), 1, 500), DROP_WIRE_QUEUE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(4), 1, 999), DROP_WIRE_QUEUE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(4), 100, 1000), DROP_NONE); /* 1 is being sent, 2 and 3 wait */
	CU_ASSERT_EQUAL(wire_put(wire, packet(5), 1, 1000), DROP_WIRE_QUEUE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(5), 200, 1200), DROP_NONE); /* 3 is being sent, 4 waits */
	CU_ASSERT_EQUAL(wire_put(wire, packet(6), 1, 1299), DROP_WIRE_QUEUE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(6), 100, 1300), DROP_NONE); /* 4 is being sent, 5 waits */
	CU_ASSERT_EQUAL(wire_stats(wire)->queue_bytes_max, 300);
	CU_ASSERT_EQUAL(wire_stats(wire)->queue_drops, 5);
	CU_ASSERT_EQUAL(wire_stats(wire)->put, 12);
	static const uint64_t arrivals[] = {1000, 1100, 1200, 1300, 1400, 1600, 1700};
	for (unsigned i = 0; i < COUNT(arrivals); i++)
		expect(wire, i, arrivals[i]);
	CU_ASSERT_EQUAL(wire_put(wire, packet(7), 1500, 1700), DROP_NONE); /* idle again */
	expect(wire, 7, 3200);
	expect_balance(wire);
	wire_destroy(wire);
}

/* A packet that starts at 10 2/3 ns waits at 10 and not at 11; overhead takes time but does not wait. */
static void
test_queue_fraction(void)
{
	struct cfg_path cfg = path_plain(3000000000, 0);
	cfg.queue = 1;
	cfg.overhead = 3;
	struct wire *wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_put(wire, packet(0), 1, 0), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 1, 0), DROP_NONE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(2), 1, 10), DROP_WIRE_QUEUE);
	CU_ASSERT_EQUAL(wire_put(wire, packet(2), 1, 11), DROP_NONE);
	CU_ASSERT_EQUAL(wire_stats(wire)->queue_bytes_max, 1);
	expect(wire, 0, 11);
	expect(wire, 1, 22);
	expect(wire, 2, 32);
	wire_destroy(wire);
}

static void
test_mtu(void)
{
	struct cfg_path cfg = path_plain(8000000000, 0);
	struct wire *wire = wire_open(&cfg, 1);
	CU_ASSERT_EQUAL(wire_put(wire, packet(1), 1501, 0), DROP_WIRE_MTU);
	CU_ASSERT_EQUAL(wire_put(wire, packet(2), 1500, 0), DROP_NONE); /* 1 has not used the line */
	expect(wire, 2, 1500);
	CU_ASSERT_EQUAL(wire_stats(wire)->mtu_drops, 1);
	CU_ASSERT_EQUAL(wire_stats(wire)->put_bytes, 3001);
	expect_balance(wire);
	wire_destroy(wire);
}

/* Growth from a ring whose oldest slot is not the first, of ring and backlog; then bursts over the wrap. */
static void
test_growth(void)
{
	struct cfg_path cfg = path_plain(8000000000, 5);
	struct wire *wire = wire_open(&cfg, 1);
	struct wire_arrival got[300];
	uintptr_t in = 0, out = 0;

	for (unsigned round = 0; round < 40; round++) {
		while (in < (round + 1) * 700)
			CU_ASSERT_EQUAL_FATAL(wire_put(wire, packet(in++), 10, 0), DROP_NONE);
		unsigned n = wire_get(wire, TIME_NEVER, got, 300);
		CU_ASSERT_EQUAL_FATAL(n, 300);
		for (unsigned i = 0; i < n; i++, out++) {
			CU_ASSERT_EQUAL_FATAL(number(&got[i]), out);
			CU_ASSERT_EQUAL_FATAL(got[i].time_ns, (out + 1) * 10 + 5);
		}
	}
	CU_ASSERT_EQUAL(wire_held(wire), in - out);
	CU_ASSERT_EQUAL(wire_stats(wire)->queue_bytes_max, (in - 1) * 10);
	for (; out < in; out++)
		expect(wire, out, (out + 1) * 10 + 5);
	CU_ASSERT_EQUAL(wire_next_due(wire), TIME_NEVER);
	wire_destroy(wire);
}

/* Part of a run is due: what is not stays, at any fill and any place in the ring. */
static void
test_partial(void)
{
	struct cfg_path cfg = path_plain(0, 0);
	struct wire *wire = wire_open(&cfg, 1);
	struct wire_arrival got[64];
	uintptr_t in = 0, out = 0;

	for (uint64_t now = 0; now < 3000; now++) {
		for (unsigned k = 0; k < now % 7; k++)
			wire_put(wire, packet(in++), 100, now + 20);
		unsigned n = wire_get(wire, now, got, 3 + now % 61);
		for (unsigned i = 0; i < n; i++) {
			CU_ASSERT_EQUAL_FATAL(number(&got[i]), out++);
			CU_ASSERT_FATAL(got[i].time_ns <= now);
		}
		CU_ASSERT_FATAL(n == 3 + now % 61 || wire_next_due(wire) > now);
	}
	CU_ASSERT_EQUAL(wire_held(wire), in - out);
	wire_destroy(wire);
}

int
suite_wire(void)
{
	CU_pSuite s = CU_add_suite("wire", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_empty);
	CU_ADD_TEST(s, test_range);
	CU_ADD_TEST(s, test_arrival);
	CU_ADD_TEST(s, test_infinite_rate);
	CU_ADD_TEST(s, test_fraction);
	CU_ADD_TEST(s, test_no_drift);
	CU_ADD_TEST(s, test_queue_limit);
	CU_ADD_TEST(s, test_queue_fraction);
	CU_ADD_TEST(s, test_mtu);
	CU_ADD_TEST(s, test_growth);
	CU_ADD_TEST(s, test_partial);
	return (int)CU_get_error();
}
