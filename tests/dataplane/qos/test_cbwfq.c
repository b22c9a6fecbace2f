/* dataplane/qos/cbwfq.c through qos.h: classes, priority, policers, shares, limits, by hand. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "dataplane/qos/qos.h"

int suite_cbwfq(void);

#define MS UINT64_C(1000000)
#define PKT(id) ((void *)(uintptr_t)(id))
#define BIT(dscp) (UINT64_C(1) << (dscp))
#define EF 46
#define AF 18

static struct qos *
cbwfq_make(struct cfg_qos *cfg, struct cfg_class *classes, unsigned n, uint64_t rate)
{
	struct qos *qos = NULL;

	cfg->kind = CFG_QOS_CBWFQ;
	cfg->classes = classes;
	cfg->n_classes = n;
	CU_ASSERT_EQUAL_FATAL(qos_create(cfg, rate, 0, &qos), ST_OK);
	return qos;
}

/* Takes what starts by `now` and expects these packets at these times. */
static void
expect_out(struct qos *qos, uint64_t now, unsigned n, const unsigned *ids, const uint64_t *starts)
{
	struct qos_out out[128];

	CU_ASSERT_EQUAL_FATAL(qos_get(qos, now, out, 128), n);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_PTR_EQUAL(out[i].pkt, PKT(ids[i]));
		CU_ASSERT_EQUAL(out[i].start_ns, starts[i]);
	}
}

/* Puts until one is refused; returns how many were taken. */
static unsigned
fill(struct qos *qos, uint32_t bytes, uint8_t dscp, uint64_t now)
{
	unsigned n = 0;

	while (n < 5000 && qos_put(qos, PKT(1), bytes, dscp, now) == DROP_NONE)
		n++;
	return n;
}

static struct cfg_class
class_priority(const char *name, unsigned dscp, uint64_t rate, uint32_t burst)
{
	return (struct cfg_class){
		.name = name,
		.dscp = BIT(dscp),
		.priority = rate,
		.burst = burst,
		.queue_limit = 64,
	};
}

static struct cfg_class
class_fair(const char *name, uint64_t dscp, uint64_t bandwidth, uint32_t limit)
{
	return (struct cfg_class){.name = name, .dscp = dscp, .bandwidth = bandwidth, .queue_limit = limit};
}

/* 1 Mb/s.  Voice overtakes what waits, not what is on the line. */
static void
test_priority(void)
{
	struct cfg_class classes[] = {class_priority("voice", EF, 100000, 0)};
	struct cfg_qos cfg = {0};
	struct qos *qos = cbwfq_make(&cfg, classes, 1, 1000000);

	qos_put(qos, PKT(1), 1250, 0, 0);
	qos_put(qos, PKT(2), 1250, 0, 0);
	expect_out(qos, 0, 1, (unsigned[]){1}, (uint64_t[]){0});
	CU_ASSERT_EQUAL(qos_next_due(qos), 10 * MS);
	expect_out(qos, 5 * MS, 0, NULL, NULL);
	qos_put(qos, PKT(3), 125, EF, 5 * MS);
	CU_ASSERT_EQUAL(qos_next_due(qos), 10 * MS);
	expect_out(qos, 5 * MS, 0, NULL, NULL);
	expect_out(qos, 11 * MS, 2, (unsigned[]){3, 2}, (uint64_t[]){10 * MS, 11 * MS});
	/* busy until 21 ms; what comes then is too late for the decision, and idle means at once */
	expect_out(qos, 22 * MS, 0, NULL, NULL);
	qos_put(qos, PKT(4), 1250, 0, 22 * MS);
	qos_put(qos, PKT(5), 125, EF, 22 * MS);
	expect_out(qos, 33 * MS, 2, (unsigned[]){5, 4}, (uint64_t[]){22 * MS, 23 * MS});
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->wait_ns_max, 5 * MS);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 1)->wait_ns_sum, 12 * MS);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 1)->depth_max, 1);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->depth_max, 1);
	qos_destroy(qos);
}

/* At the very instant at which the line gets free, qos_get() comes before the arrival. */
static void
test_decision_instant(void)
{
	struct cfg_class classes[] = {class_priority("voice", EF, 100000, 0)};
	struct cfg_qos cfg = {0};
	struct qos *qos = cbwfq_make(&cfg, classes, 1, 1000000);

	qos_put(qos, PKT(1), 1250, 0, 0);
	qos_put(qos, PKT(2), 1250, 0, 0);
	expect_out(qos, 10 * MS, 2, (unsigned[]){1, 2}, (uint64_t[]){0, 10 * MS});
	qos_put(qos, PKT(3), 125, EF, 10 * MS);
	expect_out(qos, 30 * MS, 1, (unsigned[]){3}, (uint64_t[]){20 * MS});
	qos_destroy(qos);
}

/* One level: order of arrival, not of configuration. */
static void
test_priority_classes_share(void)
{
	struct cfg_class classes[] = {
		class_priority("voice", EF, 500000, 0), class_priority("video", AF, 500000, 0)};
	struct cfg_qos cfg = {0};
	struct qos *qos = cbwfq_make(&cfg, classes, 2, 1000000);

	qos_put(qos, PKT(1), 125, AF, 0);
	qos_put(qos, PKT(2), 125, EF, 0);
	qos_put(qos, PKT(3), 125, AF, 0);
	qos_put(qos, PKT(4), 125, EF, 0);
	expect_out(qos, 9 * MS, 4, (unsigned[]){1, 2, 3, 4}, (uint64_t[]){0, MS, 2 * MS, 3 * MS});
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->packets_out, 2);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 1)->packets_out, 2);
	qos_destroy(qos);
}

/* 1 Mb/s with a bucket of 250 bytes: two packets, then one each ms, to the ns. */
static void
test_police_always(void)
{
	struct cfg_class classes[] = {class_priority("voice", EF, 1000000, 250)};
	struct cfg_qos cfg = {0};

	classes[0].police_always = true;
	struct qos *qos = cbwfq_make(&cfg, classes, 1, 0);

	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 125, EF, 0), DROP_NONE);
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 125, EF, 0), DROP_NONE);
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 125, EF, 0), DROP_QOS_POLICE);
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 125, EF, MS - 1), DROP_QOS_POLICE);
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 125, EF, MS), DROP_NONE);
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 251, EF, 100 * MS), DROP_QOS_POLICE);
	CU_ASSERT_EQUAL(fill(qos, 50, EF, 100 * MS), 5);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->police_drops, 4);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->packets_in, 12);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->bytes_in, 5 * 125 + 251 + 6 * 50);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->tail_drops, 0);
	qos_destroy(qos);
}

/* Ten times the rate passes while the line is free; behind a data packet only the bucket does. */
static void
test_police_congestion(void)
{
	struct cfg_class classes[] = {class_priority("voice", EF, 1000000, 250)};
	struct cfg_qos cfg = {0};
	struct qos *qos = cbwfq_make(&cfg, classes, 1, 10000000);
	struct qos_out out[4];
	uint64_t now = 0;

	for (unsigned i = 0; i < 100; i++, now += 100000) {
		CU_ASSERT_EQUAL(qos_get(qos, now, out, 4), 0);
		CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 125, EF, now), DROP_NONE);
		CU_ASSERT_EQUAL(qos_get(qos, now, out, 4), 1);
	}
	/* 1 ns too early: the line is busy, the bucket full, as nothing was policed yet */
	CU_ASSERT_EQUAL(fill(qos, 125, EF, now - 1), 2);
	CU_ASSERT_EQUAL(qos_get(qos, now + 200000, out, 4), 2);
	now += 3 * MS;
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 1250, 0, now), DROP_NONE);
	CU_ASSERT_EQUAL(qos_get(qos, now, out, 4), 1);
	CU_ASSERT_EQUAL(fill(qos, 125, EF, now + 1), 2);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->police_drops, 2);
	qos_destroy(qos);
}

/* A bucket that was not given holds 200 ms, and 1500 bytes at least. */
static void
test_police_burst(void)
{
	struct cfg_class classes[] = {class_priority("a", 1, 80000, 0), class_priority("b", 2, 8000, 0)};
	struct cfg_qos cfg = {0};

	classes[0].police_always = classes[1].police_always = true;
	struct qos *qos = cbwfq_make(&cfg, classes, 2, 0);
	CU_ASSERT_EQUAL(fill(qos, 100, 1, 0), 20);
	CU_ASSERT_EQUAL(fill(qos, 100, 2, 0), 15);
	qos_destroy(qos);
}

/* The first class that claims a DSCP has it; the rest is the default's, which is added where missing. */
static void
test_classes(void)
{
	struct cfg_class classes[] = {
		class_fair("a", BIT(1) | BIT(63), 1000, 10), class_fair("b", BIT(1) | BIT(2), 1000, 10)};
	struct cfg_qos cfg = {0};
	struct qos *qos = cbwfq_make(&cfg, classes, 2, 0);

	CU_ASSERT_EQUAL_FATAL(qos_class_count(qos), 3);
	CU_ASSERT_STRING_EQUAL(qos_class_stats(qos, 2)->name, "class-default");
	for (unsigned dscp = 0; dscp < 64; dscp++)
		CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 100, dscp, 0), DROP_NONE);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->packets_in, 2);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 1)->packets_in, 1);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 2)->packets_in, 61);
	qos_destroy(qos);

	classes[0] = class_fair("rest", 0, 0, 10);
	qos = cbwfq_make(&cfg, classes, 2, 1000000);
	CU_ASSERT_EQUAL_FATAL(qos_class_count(qos), 2);
	CU_ASSERT_EQUAL(fill(qos, 100, 40, 0), 11); /* one starts, ten wait */
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->packets_in, 12);
	qos_destroy(qos);
}

/* Two classes that always have packets: their bytes stand to each other as the weights do, to within two
 * quanta, which are 1500 bytes for the lesser weight. */
static void
expect_share(struct qos *qos, const uint8_t dscp[2], const uint64_t weight[2])
{
	struct qos_out out[64];
	uint64_t now = 0, greater = weight[0] > weight[1] ? weight[0] : weight[1];

	for (unsigned n = 0; n < 60000; n++) {
		fill(qos, 300, dscp[0], now);
		fill(qos, 1000, dscp[1], now);
		qos_get(qos, now, out, 64);
		now = qos_next_due(qos);
		qos_get(qos, now, out, 64);
	}
	int64_t cross = qos_class_stats(qos, 0)->bytes_out * weight[1];
	cross -= qos_class_stats(qos, 1)->bytes_out * weight[0];
	CU_ASSERT_TRUE(cross < (int64_t)(2 * 1500 * greater) && -cross < (int64_t)(2 * 1500 * greater));
	qos_destroy(qos);
}

/* Line 10 Mb/s, 2 to priority, 5 to class 0: the default class weighs 3, or 1 of a shape of 8; if
 * nothing is left, 1 % of the shape. */
static void
test_default_weight(void)
{
	static const uint8_t dscp[2] = {AF, 0};
	static const uint64_t shapes[] = {0, 8000000, 7000000, 20000000};
	static const uint64_t rest[] = {3000000, 1000000, 70000, 3000000};
	struct cfg_class classes[] = {class_fair("data", BIT(AF), 5000000, 8), class_fair("rest", 0, 0, 8),
		class_priority("voice", EF, 2000000, 0)};
	struct cfg_qos cfg = {0};

	for (unsigned i = 0; i < 4; i++) {
		cfg.shape = shapes[i];
		expect_share(cbwfq_make(&cfg, classes, 3, 10000000), dscp, (uint64_t[]){5000000, rest[i]});
	}
	cfg.shape = 0;
	classes[1].bandwidth = 4000000;
	expect_share(cbwfq_make(&cfg, classes, 3, 10000000), dscp, (uint64_t[]){5000000, 4000000});
}

/* A full class drops its own packets only; order within it is kept. */
static void
test_limits(void)
{
	struct cfg_class classes[] = {class_fair("a", BIT(1), 1000, 3), class_fair("b", BIT(2), 1000, 700),
		class_priority("c", 3, 100000, 1500)};
	struct cfg_qos cfg = {0};
	struct qos_out out[256];

	classes[1].unit = CFG_UNIT_BYTES;
	classes[2].queue_limit = 2;
	struct qos *qos = cbwfq_make(&cfg, classes, 3, 1000000);

	CU_ASSERT_EQUAL(fill(qos, 125, 1, 0), 4);
	CU_ASSERT_EQUAL(qos_held(qos), 4);
	CU_ASSERT_EQUAL(qos_next_due(qos), 0);
	CU_ASSERT_EQUAL(fill(qos, 200, 2, 0), 3);
	CU_ASSERT_EQUAL(fill(qos, 100, 2, 0), 1); /* 700 exactly */
	CU_ASSERT_EQUAL(fill(qos, 125, 3, 0), 2);
	CU_ASSERT_EQUAL(fill(qos, 125, 4, 0), 64);
	CU_ASSERT_EQUAL(qos_held(qos), 74);
	CU_ASSERT_EQUAL(qos_get(qos, NS_PER_SEC, out, 256), 74);
	CU_ASSERT_EQUAL(qos_held(qos), 0);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(qos_class_stats(qos, i)->depth_max, ((unsigned[]){3, 4, 2, 64})[i]);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->tail_drops, 1);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 1)->tail_drops, 2);
	qos_destroy(qos);
}

/* A packet without a right to wait that came to an idle line stays in the shared queue with all the others
 * of its instant. */
static void
test_limit_zero(void)
{
	struct cfg_class classes[] = {class_priority("a", EF, 100000, 0), class_priority("b", AF, 100000, 0)};
	struct cfg_qos cfg = {0};

	classes[0].queue_limit = 0;
	classes[1].queue_limit = 4;
	struct qos *qos = cbwfq_make(&cfg, classes, 2, 1000000);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(qos_put(qos, PKT(i + 1), 125, i ? AF : EF, 0), DROP_NONE);
	expect_out(qos, 9 * MS, 5, (unsigned[]){1, 2, 3, 4, 5}, (uint64_t[]){0, MS, 2 * MS, 3 * MS, 4 * MS});
	CU_ASSERT_EQUAL(qos_put(qos, PKT(6), 125, 0, 9 * MS), DROP_NONE);
	expect_out(qos, 9 * MS, 1, (unsigned[]){6}, (uint64_t[]){9 * MS});
	CU_ASSERT_EQUAL(qos_put(qos, PKT(7), 125, EF, 9 * MS), DROP_QOS_TAIL);
	qos_destroy(qos);
}

/* 1 Mb/s with 1500 bytes of bucket.  A large packet waits for tokens; a small one of priority that comes
 * meanwhile has enough, goes at once and delays the large one by its own bytes. */
static void
test_shaper_overtaken(void)
{
	struct cfg_class classes[] = {class_priority("voice", EF, 100000, 0)};
	struct cfg_qos cfg = {.shape = 1000000, .shape_burst = 1500};
	struct qos *qos = cbwfq_make(&cfg, classes, 1, 100000000);

	qos_put(qos, PKT(1), 1500, 0, 0);
	qos_put(qos, PKT(2), 1500, 0, 0);
	expect_out(qos, 0, 1, (unsigned[]){1}, (uint64_t[]){0});
	CU_ASSERT_EQUAL(qos_next_due(qos), 12 * MS);
	expect_out(qos, 8 * MS, 0, NULL, NULL);
	qos_put(qos, PKT(3), 125, EF, 8 * MS);
	CU_ASSERT_EQUAL(qos_next_due(qos), 8 * MS);
	expect_out(qos, 8 * MS, 1, (unsigned[]){3}, (uint64_t[]){8 * MS});
	CU_ASSERT_EQUAL(qos_next_due(qos), 13 * MS);
	expect_out(qos, 13 * MS, 1, (unsigned[]){2}, (uint64_t[]){13 * MS});
	qos_destroy(qos);
}

int
suite_cbwfq(void)
{
	CU_pSuite s = CU_add_suite("cbwfq", NULL, NULL);

	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_priority);
	CU_ADD_TEST(s, test_decision_instant);
	CU_ADD_TEST(s, test_priority_classes_share);
	CU_ADD_TEST(s, test_police_always);
	CU_ADD_TEST(s, test_police_congestion);
	CU_ADD_TEST(s, test_police_burst);
	CU_ADD_TEST(s, test_classes);
	CU_ADD_TEST(s, test_default_weight);
	CU_ADD_TEST(s, test_limits);
	CU_ADD_TEST(s, test_limit_zero);
	CU_ADD_TEST(s, test_shaper_overtaken);
	return 0;
}
