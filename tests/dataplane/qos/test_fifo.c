/* dataplane/qos/fifo.c through qos.h: departure times by hand, limits, shaper. */
#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "dataplane/qos/qos.h"

int suite_fifo(void);

#define MS UINT64_C(1000000)
#define PKT(id) ((void *)(uintptr_t)(id))

static struct qos *
fifo_make(const struct cfg_qos *cfg, uint64_t rate, uint32_t overhead)
{
	struct qos *qos = NULL;

	CU_ASSERT_EQUAL_FATAL(qos_create(cfg, rate, overhead, &qos), ST_OK);
	return qos;
}

/* Puts n packets 1..n at once and expects these starts. */
static void
expect_starts(struct qos *qos, uint64_t now, uint32_t bytes, unsigned n, const uint64_t *starts)
{
	struct qos_out out;

	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(qos_put(qos, PKT(i + 1), bytes, 0, now), DROP_NONE);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(qos_held(qos), n - i);
		CU_ASSERT_EQUAL(qos_next_due(qos), starts[i]);
		if (starts[i] > now)
			CU_ASSERT_EQUAL(qos_get(qos, starts[i] - 1, &out, 1), 0);
		CU_ASSERT_EQUAL_FATAL(qos_get(qos, starts[i], &out, 1), 1);
		CU_ASSERT_EQUAL(out.start_ns, starts[i]);
		CU_ASSERT_PTR_EQUAL(out.pkt, PKT(i + 1));
	}
	CU_ASSERT_EQUAL(qos_held(qos), 0);
	CU_ASSERT_EQUAL(qos_next_due(qos), TIME_NEVER);
	CU_ASSERT_EQUAL(qos_get(qos, TIME_NEVER - 1, &out, 1), 0);
}

/* 125 bytes at 1 Mb/s are 1 ms; 25 bytes of overhead make it 1.2 ms. */
static void
test_line(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 10};
	struct qos *qos = fifo_make(&cfg, 1000000, 0);

	expect_starts(qos, 0, 125, 3, (uint64_t[]){0, MS, 2 * MS});
	qos_destroy(qos);
	qos = fifo_make(&cfg, 1000000, 25);
	expect_starts(qos, 7, 125, 3, (uint64_t[]){7, 1200007, 2400007});
	qos_destroy(qos);
	/* 266 2/3 ns a packet, and the thirds are kept */
	qos = fifo_make(&cfg, UINT64_C(3000000000), 0);
	expect_starts(qos, 0, 100, 5, (uint64_t[]){0, 267, 534, 800, 1067});
	qos_destroy(qos);
}

static void
test_idle_then_busy(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 10};
	struct qos *qos = fifo_make(&cfg, 1000000, 0);
	const struct qos_class_stats *stats = qos_class_stats(qos, 0);
	struct qos_out out[4];

	expect_starts(qos, 0, 125, 1, (uint64_t[]){0});
	expect_starts(qos, 5 * MS, 125, 1, (uint64_t[]){5 * MS});
	CU_ASSERT_EQUAL(stats->wait_ns_max, 0);
	CU_ASSERT_EQUAL(stats->depth_max, 0);
	qos_put(qos, PKT(1), 250, 0, 5 * MS + 500000);
	qos_put(qos, PKT(2), 125, 0, 5 * MS + 700000);
	CU_ASSERT_EQUAL(qos_get(qos, 10 * MS, out, 4), 2);
	CU_ASSERT_EQUAL(out[0].start_ns, 6 * MS);
	CU_ASSERT_EQUAL(out[1].start_ns, 8 * MS);
	CU_ASSERT_EQUAL(stats->packets_in, 4);
	CU_ASSERT_EQUAL(stats->bytes_in, 625);
	CU_ASSERT_EQUAL(stats->packets_out, 4);
	CU_ASSERT_EQUAL(stats->bytes_out, 625);
	CU_ASSERT_EQUAL(stats->wait_ns_max, 2300000);
	CU_ASSERT_EQUAL(stats->wait_ns_sum, 2800000);
	CU_ASSERT_EQUAL(stats->depth_max, 2);
	CU_ASSERT_STRING_EQUAL(stats->name, "fifo");
	CU_ASSERT_EQUAL(qos_class_count(qos), 1);
	qos_destroy(qos);
}

/* Puts packets until one is refused; returns how many were taken. */
static unsigned
fill(struct qos *qos, uint32_t bytes, uint64_t now)
{
	unsigned n = 0;

	while (n < 5000 && qos_put(qos, PKT(1), bytes, 0, now) == DROP_NONE)
		n++;
	return n;
}

/* Neither what an idle line takes at once nor what is on the line counts. */
static void
test_limit_packets(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 4};
	struct qos *qos = fifo_make(&cfg, 1000000, 0);
	struct qos_out out[8];

	CU_ASSERT_EQUAL(fill(qos, 125, 0), 5);
	CU_ASSERT_EQUAL(qos_get(qos, 0, out, 8), 1);
	CU_ASSERT_EQUAL(fill(qos, 125, 0), 0);
	CU_ASSERT_EQUAL(qos_get(qos, MS - 1, out, 8), 0);
	CU_ASSERT_EQUAL(fill(qos, 125, MS - 1), 0);
	CU_ASSERT_EQUAL(qos_get(qos, MS, out, 8), 1);
	CU_ASSERT_EQUAL(fill(qos, 125, MS), 1);
	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 20, 0, MS), DROP_QOS_TAIL);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->tail_drops, 5);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->packets_in, 6 + 5);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->depth_max, 4);
	CU_ASSERT_EQUAL(qos_held(qos), 4);
	CU_ASSERT_EQUAL(qos_get(qos, 100 * MS, out, 8), 4);
	CU_ASSERT_EQUAL(out[3].start_ns, 5 * MS);
	qos_destroy(qos);
}

static void
test_limit_bytes(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 1000, .unit = CFG_UNIT_BYTES};
	struct qos *qos = fifo_make(&cfg, 1000000, 50);
	struct qos_out out[64];

	CU_ASSERT_EQUAL(qos_put(qos, PKT(1), 1450, 0, 0), DROP_NONE); /* starts at once: 12 ms */
	CU_ASSERT_EQUAL(fill(qos, 300, 0), 3);
	CU_ASSERT_EQUAL(fill(qos, 101, 0), 0);
	CU_ASSERT_EQUAL(fill(qos, 60, 0), 1);
	CU_ASSERT_EQUAL(fill(qos, 20, 0), 2); /* 1000 exactly */
	CU_ASSERT_EQUAL(qos_get(qos, 12 * MS, out, 64), 2);
	CU_ASSERT_EQUAL(out[1].start_ns, 12 * MS);
	CU_ASSERT_EQUAL(fill(qos, 301, 12 * MS), 0);
	CU_ASSERT_EQUAL(fill(qos, 300, 12 * MS), 1);
	qos_destroy(qos);
}

static void
test_limit_zero(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO};
	struct qos *qos = fifo_make(&cfg, 1000000, 0);
	struct qos_out out[2];

	CU_ASSERT_EQUAL(fill(qos, 125, 0), 1);
	CU_ASSERT_EQUAL(qos_get(qos, 0, out, 2), 1);
	CU_ASSERT_EQUAL(fill(qos, 125, MS - 1), 0);
	CU_ASSERT_EQUAL(fill(qos, 125, MS), 1);
	qos_destroy(qos);
}

/* No limit is met, and nothing waits. */
static void
test_infinite(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 1};
	struct qos *qos = fifo_make(&cfg, 0, 38);
	struct qos_out out[64];
	unsigned n, id = 0;

	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(qos_put(qos, PKT(i + 1), 65535, 0, 12345), DROP_NONE);
	CU_ASSERT_EQUAL(qos_next_due(qos), 12345);
	while ((n = qos_get(qos, 12345, out, 64))) {
		for (unsigned i = 0; i < n; i++) {
			CU_ASSERT_PTR_EQUAL(out[i].pkt, PKT(++id));
			CU_ASSERT_EQUAL(out[i].start_ns, 12345);
		}
	}
	CU_ASSERT_EQUAL(id, 1000);
	CU_ASSERT_EQUAL(qos_class_stats(qos, 0)->wait_ns_max, 0);
	qos_destroy(qos);
}

/* 1 Mb/s on a line of 10: 125 bytes take 1 ms of shaper; overhead is the line's affair alone. */
static void
test_shaper_paced(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 10, .shape = 1000000};
	struct qos *qos = fifo_make(&cfg, 10000000, 0);

	expect_starts(qos, 0, 125, 3, (uint64_t[]){0, MS, 2 * MS});
	expect_starts(qos, 10 * MS, 250, 2, (uint64_t[]){10 * MS, 12 * MS});
	qos_destroy(qos);
	qos = fifo_make(&cfg, 10000000, 1000);
	expect_starts(qos, 0, 125, 3, (uint64_t[]){0, MS, 2 * MS});
	qos_destroy(qos);
	/* with 2375 bytes of overhead the line takes 2 ms and is the tighter one */
	qos = fifo_make(&cfg, 10000000, 2375);
	expect_starts(qos, 0, 125, 3, (uint64_t[]){0, 2 * MS, 4 * MS});
	qos_destroy(qos);
}

/* 250 bytes of bucket: two packets at line rate (0.1 ms each); at the second start 12.5 bytes have come back,
 * at 1 ms 125.  A packet that is larger than the bucket waits until it is full. */
static void
test_shaper_bucket(void)
{
	static const struct cfg_qos cfg = {
		.kind = CFG_QOS_FIFO,
		.queue_limit = 10,
		.shape = 1000000,
		.shape_burst = 250,
	};
	struct qos *qos = fifo_make(&cfg, 10000000, 0);

	expect_starts(qos, 0, 125, 4, (uint64_t[]){0, 100000, MS, 2 * MS});
	/* full again at 4 ms; 375 bytes at 4 ms leave -125, 0 at 5 ms, full at 7 ms */
	expect_starts(qos, 3 * MS, 375, 2, (uint64_t[]){4 * MS, 7 * MS});
	qos_destroy(qos);
	qos = fifo_make(&cfg, 0, 0);
	expect_starts(qos, 0, 125, 4, (uint64_t[]){0, 0, MS, 2 * MS});
	qos_destroy(qos);
}

/* qos_get() with less room than there is to get. */
static void
test_get_in_pieces(void)
{
	static const struct cfg_qos cfg = {.kind = CFG_QOS_FIFO, .queue_limit = 100};
	struct qos *qos = fifo_make(&cfg, 1000000, 0);
	struct qos_out out[3];
	unsigned n, id = 0;

	for (unsigned i = 0; i < 10; i++)
		qos_put(qos, PKT(i + 1), 125, 0, 0);
	while ((n = qos_get(qos, 8 * MS, out, 3))) {
		for (unsigned i = 0; i < n; i++, id++) {
			CU_ASSERT_EQUAL(out[i].start_ns, id * MS);
			CU_ASSERT_PTR_EQUAL(out[i].pkt, PKT(id + 1));
		}
	}
	CU_ASSERT_EQUAL(id, 9);
	CU_ASSERT_EQUAL(qos_next_due(qos), 9 * MS);
	qos_destroy(qos);
}

int
suite_fifo(void)
{
	CU_pSuite s = CU_add_suite("fifo", NULL, NULL);

	if (!s)
		return CU_get_error();
	CU_ADD_TEST(s, test_line);
	CU_ADD_TEST(s, test_idle_then_busy);
	CU_ADD_TEST(s, test_limit_packets);
	CU_ADD_TEST(s, test_limit_bytes);
	CU_ADD_TEST(s, test_limit_zero);
	CU_ADD_TEST(s, test_infinite);
	CU_ADD_TEST(s, test_shaper_paced);
	CU_ADD_TEST(s, test_shaper_bucket);
	CU_ADD_TEST(s, test_get_in_pieces);
	return 0;
}
