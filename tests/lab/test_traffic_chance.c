/* Traffic sources whose order or times are random, lab/traffic_rate.c: imix, poisson, onoff.
 *
 * The mix and its times are exact.  Moments are checked against theory, at a fixed seed, with bounds of about
 * five deviations of the estimate. */
#include <math.h>

#include "tests/lab/traffic_rig.h"

int
suite_traffic_chance(void);

static unsigned
size_index(uint32_t bytes)
{
	return bytes == 46 ? 0 : bytes == 576 ? 1 : 2;
}

/* Each 12 packets hold 7, 4 and 1; the time is that of the bits before, exactly; orders differ. */
static void
test_imix_exact(void)
{
	struct traffic_packet *packets = packets_alloc();
	struct rig rig;
	uint64_t bits = 0;
	unsigned wrong = 0, same_order = 0;

	rig_init(&rig, CFG_TRAFFIC_IMIX);
	rig.cfg.rate = 999999937;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, packets) / 12 * 12;
	CU_ASSERT_FATAL(n > 10000);
	for (unsigned block = 0; block < n; block += 12) {
		unsigned count[3] = {0}, same = 0;
		for (unsigned i = block; i < block + 12; i++) {
			count[size_index(packets[i].bytes)]++;
			same += packets[i].bytes == packets[i - block].bytes;
			wrong += packets[i].time_ns != time_exact(bits, 1, rig.cfg.rate);
			bits += packets[i].bytes * 8;
		}
		wrong += count[0] != 7 || count[1] != 4 || count[2] != 1;
		same_order += same == 12;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(same_order < n / 12 / 50); /* 3960 orders in all */
	/* 4126 bytes on each 12: the rate of packets follows */
	CU_ASSERT(bits > 999000000 && bits <= 1000000000);
	free(packets);
}

/* Weights are cancelled, 0 is never, and 12 flows do not each get a size of their own. */
static void
test_imix_flows_and_weights(void)
{
	struct traffic_packet *packets = packets_alloc();
	unsigned count[12][3] = {{0}}, block[3] = {0};
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_IMIX);
	rig.cfg.flows = 12;
	rig.cfg.rate = 1000000000;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, packets);
	CU_ASSERT_FATAL(n > 12 * 257 * 2);
	for (unsigned i = 0; i < 12 * 257; i++)
		count[packets[i].flow][size_index(packets[i].bytes)]++;
	for (unsigned flow = 0; flow < 12; flow++) { /* 150, 86 and 21 expected, deviations 8, 7.6, 4.4 */
		CU_ASSERT(count[flow][0] > 110 && count[flow][0] < 190);
		CU_ASSERT(count[flow][1] > 47 && count[flow][1] < 125);
		CU_ASSERT(count[flow][2] > 2 && count[flow][2] < 44);
	}
	rig.mix[0].weight = 3000000000u;
	rig.mix[1].weight = 1000000000u;
	rig.mix[2].weight = 0;
	rig_collect(&rig, NS_PER_SEC / 10, 0, 64, packets);
	for (unsigned i = 0; i < 4; i++)
		block[size_index(packets[i].bytes)]++;
	CU_ASSERT_EQUAL(block[0], 3);
	CU_ASSERT_EQUAL(block[1], 1);
	free(packets);
}

struct moments {
	double mean, variance;
	double above; /* part of the values above the mean expected */
};

static struct moments
moments_of(const double *x, unsigned n, double expected)
{
	struct moments m = {0, 0, 0};

	for (unsigned i = 0; i < n; i++) {
		m.mean += x[i] / n;
		m.above += (x[i] > expected ? 1.0 : 0.0) / n;
	}
	for (unsigned i = 0; i < n; i++)
		m.variance += (x[i] - m.mean) * (x[i] - m.mean) / n;
	return m;
}

/* Exponential: deviation = mean, and e^-1 of the values are above the mean. */
static void
exponential_check(const double *x, unsigned n, double mean)
{
	struct moments m = moments_of(x, n, mean);
	double five = 5 / sqrt(n);

	CU_ASSERT_DOUBLE_EQUAL(m.mean / mean, 1, five);
	CU_ASSERT_DOUBLE_EQUAL(m.variance / (mean * mean), 1, 3 * five);
	CU_ASSERT_DOUBLE_EQUAL(m.above, 0.36788, 0.5 * five);
}

static void
test_poisson_moments(void)
{
	struct traffic_packet *packets = packets_alloc();
	double *gaps = malloc(MAX_PACKETS * sizeof(*gaps));
	struct rig rig;

	CU_ASSERT_PTR_NOT_NULL_FATAL(gaps);
	rig_init(&rig, CFG_TRAFFIC_POISSON);
	rig.cfg.rate = 800000000; /* a packet each 10 us */
	rig.cfg.start = 777;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, packets);
	for (unsigned i = 0; i < n; i++)
		gaps[i] = (double)(packets[i].time_ns - (i ? packets[i - 1].time_ns : 777));
	exponential_check(gaps, n, 10000);
	CU_ASSERT(n > 98400 && n < 101600);

	rig.cfg.rate = 0;
	rig.cfg.pps = 250000000; /* 4 ns: cutting off fractions would show */
	n = rig_collect(&rig, 1400777, 0, 64, packets);
	CU_ASSERT(n > 347000 && n < 353000);
	free(gaps);
	free(packets);
}

/* Each flow is a Poisson process of its own, numbered from 0. */
static void
test_poisson_flows(void)
{
	struct traffic_packet *packets = packets_alloc();
	double *gaps = malloc(MAX_PACKETS * sizeof(*gaps));
	uint64_t nums[4] = {0}, last = 0;
	struct rig rig;
	unsigned in_flow = 0, wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(gaps);
	rig_init(&rig, CFG_TRAFFIC_POISSON);
	rig.cfg.rate = 800000000;
	rig.cfg.flows = 4;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, packets);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_FATAL(packets[i].flow < 4);
		wrong += packets[i].num != nums[packets[i].flow]++;
		if (packets[i].flow != 2)
			continue;
		gaps[in_flow++] = (double)(packets[i].time_ns - last);
		last = packets[i].time_ns;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	exponential_check(gaps, in_flow, 40000);
	free(gaps);
	free(packets);
}

/* Packets of 1 us, bursts of 100 us, pauses of 300 us: 5000 of each in 2 s, a quarter of the peak rate. */
static void
test_onoff_moments(void)
{
	struct traffic_packet *packets = packets_alloc();
	double *bursts = malloc(MAX_PACKETS * sizeof(*bursts));
	double *pauses = malloc(MAX_PACKETS * sizeof(*pauses));
	struct rig rig;
	unsigned n_pauses = 0, run = 0;

	CU_ASSERT_FATAL(bursts && pauses);
	rig_init(&rig, CFG_TRAFFIC_ONOFF);
	rig.cfg.rate = 8000000000;
	rig.cfg.on = 100000;
	rig.cfg.off = 300000;
	rig.cfg.flows = 2;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, packets);
	CU_ASSERT(n > 220000 && n < 280000); /* 250000, deviation 2.1 % */
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(packets[i].flow, i % 2);
		CU_ASSERT_EQUAL(packets[i].num, i / 2);
		run++;
		uint64_t gap = i + 1 < n ? packets[i + 1].time_ns - packets[i].time_ns : 1000;
		CU_ASSERT_FATAL(gap >= 1000);
		if (gap == 1000)
			continue;
		pauses[n_pauses] = (double)(gap - 1000);
		bursts[n_pauses++] = run * 1000.0;
		run = 0;
	}
	/* A hundredth of the bursts is shorter than a packet and joins two pauses. */
	exponential_check(pauses, n_pauses, 300000 * 1.01);
	exponential_check(bursts, n_pauses, 100000 * 1.01);
	free(bursts);
	free(pauses);
	free(packets);
}

static void
test_onoff_edges(void)
{
	struct traffic_packet *packets = packets_alloc(), *steady = packets_alloc();
	struct rig rig;

	rig_init(&rig, CFG_TRAFFIC_CBR);
	rig.cfg.rate = 3000000;
	rig.cfg.start = 17;
	unsigned n = rig_collect(&rig, NS_PER_SEC, 0, 64, steady);
	rig.cfg.kind = CFG_TRAFFIC_ONOFF;
	rig.cfg.off = 0; /* no pauses */
	CU_ASSERT_EQUAL_FATAL(rig_collect(&rig, NS_PER_SEC, 0, 64, packets), n);
	CU_ASSERT_EQUAL(memcmp(packets, steady, n * sizeof(*packets)), 0);

	/* Bursts of a hundredth of a packet: still a quarter of the rate, 37500 in 400 s. */
	rig.cfg.on = 26667;
	rig.cfg.off = 80000;
	n = rig_collect(&rig, 400 * NS_PER_SEC, 0, 64, packets);
	CU_ASSERT(n > 37100 && n < 37900);
	free(steady);
	free(packets);
}

int
suite_traffic_chance(void)
{
	CU_pSuite s = CU_add_suite("traffic_chance", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_imix_exact);
	CU_ADD_TEST(s, test_imix_flows_and_weights);
	CU_ADD_TEST(s, test_poisson_moments);
	CU_ADD_TEST(s, test_poisson_flows);
	CU_ADD_TEST(s, test_onoff_moments);
	CU_ADD_TEST(s, test_onoff_edges);
	return (int)CU_get_error();
}
