/* Traffic sources, lab/traffic.c: send times of constant rate and voice, flows, start and stop, bursts, and
 * what is refused.  Times are checked against values worked out by hand or by 128-bit division. */
#include "tests/lab/traffic_rig.h"

int
suite_traffic(void);

static void
times_check(const struct rig *rig, uint64_t end, const uint64_t *times, unsigned n_times)
{
	struct traffic_packet *packets = packets_alloc();
	unsigned n = rig_collect(rig, end, 0, 64, packets);

	CU_ASSERT_EQUAL_FATAL(n, n_times);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(packets[i].time_ns, times[i]);
		CU_ASSERT_EQUAL(packets[i].num, i);
		CU_ASSERT_EQUAL(packets[i].flow, 0);
		CU_ASSERT_EQUAL(packets[i].bytes, rig->cfg.size);
		CU_ASSERT_PTR_NULL(packets[i].data);
	}
	free(packets);
}

/* 8000 bits at 3 Mbit/s are 2666666.67 ns. */
static void
test_cbr_times(void)
{
	static const uint64_t times[] = {5, 2666671, 5333338, 8000005, 10666671};
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.rate = 3000000;
	rig.cfg.start = 5;
	times_check(&rig, 13333338, times, 5);
}

static void
test_cbr_pps(void)
{
	static const uint64_t three[] = {0, 333333333, 666666666, 1000000000, 1333333333};
	static const uint64_t half[] = {0, 2000000000, 4000000000};
	static const uint64_t decimal[] = {0, 30030030, 60060060, 90090090, 120120120}; /* 33.3 */
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.rate = 0;
	rig.cfg.pps = 3;
	times_check(&rig, 1666666666, three, 5);
	rig.cfg.pps = 0.5;
	times_check(&rig, 6000000000, half, 3);
	rig.cfg.pps = 33.3;
	times_check(&rig, 150150150, decimal, 5);
}

/* A rate and a size that share no factor: 13672 packets in the first second, and exact to the last. */
static void
test_cbr_no_drift(void)
{
	struct traffic_packet *packets = packets_alloc();
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.rate = 7000001;
	rig.cfg.size = 64;
	unsigned n = rig_collect(&rig, 20 * NS_PER_SEC, 0, 64, packets), first_second = 0, wrong = 0;
	for (unsigned k = 0; k < n; k++) {
		wrong += packets[k].time_ns != time_exact(k, 512, 7000001);
		first_second += packets[k].time_ns < NS_PER_SEC;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(first_second, 13672); /* ceil(7000001 / 512) */
	CU_ASSERT_EQUAL(n, 273438);	      /* ceil(20 * 7000001 / 512) */
	free(packets);
}

/* 1500 bytes at 1 Gbit/s: each 12 us, 83334 in a second. */
static void
test_cbr_rate(void)
{
	struct traffic_packet *packets = packets_alloc();
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.rate = 1000000000;
	rig.cfg.size = 1500;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, packets);
	CU_ASSERT_EQUAL_FATAL(n, 83334);
	CU_ASSERT_EQUAL(packets[1].time_ns, 12000);
	CU_ASSERT_EQUAL(packets[83333].time_ns, 999996000);
	/* Faster than a packet a nanosecond: several at one time. */
	rig.cfg.rate = UINT64_C(20000000000000);
	n = rig_collect(&rig, 6, 0, 64, packets);
	CU_ASSERT_EQUAL(n, 10); /* 0.6 ns each */
	CU_ASSERT_EQUAL(packets[1].time_ns, 0);
	CU_ASSERT_EQUAL(packets[9].time_ns, 5);
	free(packets);
}

static void
test_flows(void)
{
	struct traffic_packet packets[8];
	struct traffic_flow flow;
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.flows = 3;
	rig.cfg.sport = 65534;
	struct traffic *traffic = rig_open(&rig, NS_PER_SEC);
	CU_ASSERT_EQUAL(traffic_flow_count(traffic), 3);
	CU_ASSERT_EQUAL(traffic_skipped(traffic), 0);
	CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, TIME_NEVER, packets, 8), 8);
	for (unsigned i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(packets[i].flow, i % 3);
		CU_ASSERT_EQUAL(packets[i].num, i / 3);
	}
	traffic_flow_get(traffic, 1, &flow);
	CU_ASSERT(ip_equal(flow.src, ip_v4(0x0a010001)));
	CU_ASSERT(ip_equal(flow.dst, ip_v4(0x0a020002)));
	CU_ASSERT_EQUAL(flow.sport, 65535);
	CU_ASSERT_EQUAL(flow.dport, 6000);
	CU_ASSERT_EQUAL(flow.proto, 17);
	CU_ASSERT_EQUAL(flow.dscp, 46);
	CU_ASSERT_EQUAL(flow.ecn, 2);
	CU_ASSERT_EQUAL(flow.df, 1);
	traffic_flow_get(traffic, 2, &flow);
	CU_ASSERT_EQUAL(flow.sport, 0);
	traffic_destroy(traffic);
}

static void
voice_check(const char *codec, uint32_t bytes)
{
	struct traffic_packet *packets = packets_alloc();
	struct rig rig;
	uint64_t spread = 0;
	unsigned wrong = 0;

	rig_init(&rig, CFG_TRAFFIC_VOICE);
	rig.cfg.codec = codec;
	rig.cfg.calls = 100;
	rig.cfg.start = 1000000;
	unsigned n = rig_collect(&rig, NS_PER_SEC + 1000000, 0, 64, packets);
	CU_ASSERT_EQUAL_FATAL(n, 5000);
	for (unsigned i = 0; i < n; i++) {
		wrong += packets[i].flow != i % 100 || packets[i].num != i / 100 || packets[i].bytes != bytes;
		wrong += i >= 100 && packets[i].time_ns - packets[i - 100].time_ns != 20000000;
		wrong += i > 0 && packets[i].time_ns < packets[i - 1].time_ns;
		spread += i < 100 && packets[i].time_ns < 11000000;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(packets[0].time_ns >= 1000000 && packets[99].time_ns < 21000000);
	CU_ASSERT(spread > 25 && spread < 75); /* half of the calls in the first half */
	free(packets);
}

static void
test_voice(void)
{
	voice_check("g711", 200);
	voice_check("g729", 60);
}

/* 8000 bits at 8 Mbit/s: a packet each ms. */
static void
test_burst_boundary(void)
{
	struct traffic_packet packets[64];
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.start = 1000000;
	struct traffic *traffic = rig_open(&rig, NS_PER_SEC);
	CU_ASSERT_EQUAL(traffic_next_due(traffic), 1000000);
	CU_ASSERT_EQUAL(traffic_get(traffic, 999999, packets, 64), 0);
	CU_ASSERT_EQUAL(traffic_get(traffic, 1000000, packets, 0), 0);
	CU_ASSERT_EQUAL(traffic_get(traffic, 1000000, packets, 64), 1);
	CU_ASSERT_EQUAL(traffic_next_due(traffic), 2000000);
	CU_ASSERT_EQUAL(traffic_get(traffic, 13999999, packets, 5), 5);
	CU_ASSERT_EQUAL(packets[4].time_ns, 6000000);
	CU_ASSERT_EQUAL(traffic_next_due(traffic), 7000000);
	CU_ASSERT_EQUAL(traffic_get(traffic, 13999999, packets, 7), 7);
	CU_ASSERT_EQUAL(packets[0].num, 6);
	CU_ASSERT_EQUAL(packets[6].time_ns, 13000000);
	CU_ASSERT_EQUAL(traffic_get(traffic, 13999999, packets, 7), 0);
	CU_ASSERT_EQUAL(traffic_next_due(traffic), 14000000);
	traffic_destroy(traffic);
	traffic_destroy(NULL);
}

static void
test_start_stop(void)
{
	static const struct {
		uint64_t start, stop, end;
		unsigned packets;
	} rows[] = {
		{0, 0, 10000000, 10},
		{0, 0, 10000001, 11},
		{0, 5000000, 10000000, 5},
		{0, 20000000, 10000000, 10},
		{3000000, 5000000, 10000000, 2},
		{5000000, 5000000, 10000000, 0},
		{7000000, 5000000, 10000000, 0},
		{10000000, 0, 10000000, 0},
		{0, 0, 0, 0},
		{UINT64_MAX, 0, UINT64_MAX, 0},
	};
	static struct traffic_packet packets[MAX_PACKETS / 1000];
	struct rig rig;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig_init(&rig, CFG_TRAFFIC_CBR);
		rig.cfg.start = rows[i].start;
		rig.cfg.stop = rows[i].stop;
		struct traffic *traffic = rig_open(&rig, rows[i].end);
		unsigned n = traffic_get(traffic, TIME_NEVER, packets, MAX_PACKETS / 1000);
		CU_ASSERT_EQUAL(n, rows[i].packets);
		CU_ASSERT(n == 0 || packets[0].time_ns == rows[i].start);
		CU_ASSERT_EQUAL(traffic_next_due(traffic), TIME_NEVER);
		CU_ASSERT_EQUAL(traffic_get(traffic, TIME_NEVER, packets, 64), 0);
		traffic_destroy(traffic);
	}
}

/* How often and for how many the host asks does not change what it gets; names and seeds do. */
static void
test_determinism(void)
{
	struct traffic_packet *whole = packets_alloc(), *again = packets_alloc();
	struct rig rig;

	for (int kind = CFG_TRAFFIC_CBR; kind <= CFG_TRAFFIC_VOICE; kind++) {
		rig_init(&rig, (enum cfg_traffic_kind)kind);
		rig.cfg.flows = 5;
		rig.cfg.rate = 80000000;
		rig.cfg.calls = 20;
		unsigned n = rig_collect(&rig, NS_PER_SEC / 4, 0, 64, whole);
		CU_ASSERT_FATAL(n > 200);
		CU_ASSERT_EQUAL(rig_collect(&rig, NS_PER_SEC / 4, 0, 64, again), n);
		CU_ASSERT_EQUAL(memcmp(whole, again, n * sizeof(*whole)), 0);
		CU_ASSERT_EQUAL(rig_collect(&rig, NS_PER_SEC / 4, 7919, 3, again), n);
		CU_ASSERT_EQUAL(memcmp(whole, again, n * sizeof(*whole)), 0);
		for (unsigned i = 1; i < n; i++)
			CU_ASSERT_FATAL(whole[i].time_ns >= whole[i - 1].time_ns);
		if (kind == CFG_TRAFFIC_CBR)
			continue;
		rig.cfg.name = "u";
		rig_collect(&rig, NS_PER_SEC / 4, 0, 64, again);
		CU_ASSERT_NOT_EQUAL(memcmp(whole, again, 200 * sizeof(*whole)), 0);
		rig.cfg.name = "t";
		rig.lab.seed = 43;
		rig_collect(&rig, NS_PER_SEC / 4, 0, 64, again);
		CU_ASSERT_NOT_EQUAL(memcmp(whole, again, 200 * sizeof(*whole)), 0);
	}
	free(whole);
	free(again);
}

/* Refused with `status`, a message that contains `word`, and no source. */
static void
refused_check(const struct rig *rig, enum status status, const char *word)
{
	char message[256] = "";
	struct traffic *traffic = (struct traffic *)message;

	CU_ASSERT_EQUAL(traffic_create(&rig->lab, &rig->cfg, 1, &traffic, message, sizeof(message)), status);
	CU_ASSERT_PTR_NULL(traffic);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "traffic t: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(message, word));
	CU_ASSERT_PTR_NULL(strchr(message, '\n'));
	/* A message that does not fit is cut, and none is written where there is no room. */
	memset(message, 'x', 8);
	CU_ASSERT_EQUAL(traffic_create(&rig->lab, &rig->cfg, NS_PER_SEC, &traffic, message, 4), status);
	CU_ASSERT_STRING_EQUAL(message, "tra");
	CU_ASSERT_EQUAL(message[4], 'x');
	CU_ASSERT_EQUAL(traffic_create(&rig->lab, &rig->cfg, NS_PER_SEC, &traffic, NULL, 0), status);
}

#define REFUSED(kind, change, status, word)                                                                  \
	do {                                                                                                 \
		struct rig rig;                                                                              \
		rig_init(&rig, kind);                                                                        \
		change;                                                                                      \
		refused_check(&rig, status, word);                                                           \
	} while (0)

static void
test_refused_common(void)
{
	static const enum cfg_traffic_kind kinds[] = {
		CFG_TRAFFIC_CBR, CFG_TRAFFIC_POISSON, CFG_TRAFFIC_ONOFF};

	for (unsigned i = 0; i < 3; i++) {
		REFUSED(kinds[i], rig.cfg.size = 27, ST_ERR_RANGE, "27 bytes; allowed: 28 to 65535");
		REFUSED(kinds[i], rig.cfg.size = 65536, ST_ERR_RANGE, "65536 bytes");
		REFUSED(kinds[i], rig.cfg.rate = 0, ST_ERR_RANGE, "rate or pps");
		REFUSED(kinds[i], rig.cfg.rate = UINT64_MAX, ST_ERR_RANGE, "rate or pps");
		REFUSED(kinds[i], rig.cfg.pps = -1, ST_ERR_RANGE, "pps = -1");
		REFUSED(kinds[i], rig.cfg.pps = __builtin_nan(""), ST_ERR_RANGE, "pps = ");
		REFUSED(kinds[i], rig.cfg.pps = 1e-7, ST_ERR_RANGE, "pps = 1e-07");
		REFUSED(kinds[i], rig.cfg.pps = 2e12, ST_ERR_RANGE, "pps = 2e+12");
		REFUSED(kinds[i], rig.cfg.flows = 0, ST_ERR_RANGE, "flows = 0");
		REFUSED(kinds[i], rig.cfg.flows = 65537, ST_ERR_RANGE, "allowed: 1 to 65536");
	}
	REFUSED(CFG_TRAFFIC_CBR, rig.cfg.to_end.node = 2, ST_ERR_RANGE, "no host");
	REFUSED(CFG_TRAFFIC_CBR, rig.cfg.from_host = CFG_NONE, ST_ERR_RANGE, "no host");
	REFUSED((enum cfg_traffic_kind)(CFG_TRAFFIC_PING + 1), (void)0, ST_ERR_RANGE, "kind");
}

static void
test_refused_kinds(void)
{
	REFUSED(CFG_TRAFFIC_IMIX, rig.cfg.n_mix = 0, ST_ERR_RANGE, "mix of 0");
	REFUSED(CFG_TRAFFIC_IMIX, rig.cfg.n_mix = 257, ST_ERR_RANGE, "mix of 257");
	REFUSED(CFG_TRAFFIC_IMIX, rig.mix[1].bytes = 20, ST_ERR_RANGE, "20 bytes");
	REFUSED(CFG_TRAFFIC_IMIX, rig.mix[1].weight = 65529, ST_ERR_RANGE, "weights, reduced, is 65537");
	REFUSED(CFG_TRAFFIC_IMIX, rig.mix[0].weight = rig.mix[1].weight = rig.mix[2].weight = 0, ST_ERR_RANGE,
		"weights, reduced, is 0");
	REFUSED(CFG_TRAFFIC_ONOFF, rig.cfg.on = 999, ST_ERR_RANGE, "on is shorter");
	REFUSED(CFG_TRAFFIC_VOICE, rig.cfg.codec = "g722", ST_ERR_NOT_FOUND, "g722; allowed: g711, g729");
	REFUSED(CFG_TRAFFIC_VOICE, rig.cfg.codec = NULL, ST_ERR_NOT_FOUND, "codec");
	REFUSED(CFG_TRAFFIC_VOICE, rig.cfg.calls = 0, ST_ERR_RANGE, "calls = 0");
}

int
suite_traffic(void)
{
	CU_pSuite s = CU_add_suite("traffic", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_cbr_times);
	CU_ADD_TEST(s, test_cbr_pps);
	CU_ADD_TEST(s, test_cbr_no_drift);
	CU_ADD_TEST(s, test_cbr_rate);
	CU_ADD_TEST(s, test_flows);
	CU_ADD_TEST(s, test_voice);
	CU_ADD_TEST(s, test_burst_boundary);
	CU_ADD_TEST(s, test_start_stop);
	CU_ADD_TEST(s, test_determinism);
	CU_ADD_TEST(s, test_refused_common);
	CU_ADD_TEST(s, test_refused_kinds);
	return (int)CU_get_error();
}
