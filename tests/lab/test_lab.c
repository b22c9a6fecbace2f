/* Whole laboratories: exact one-way delays by hand, the same seed twice, captures carried intact, several
 * sites, and what policies and sequence numbers do. */
#include "lab/lab.h"

#include "tests/lab/lab_rig.h"

int suite_lab(void);

#define TRAFFIC(list) "traffic = ( " list " );"
#define US UINT64_C(1000)

static uint64_t
up(uint64_t t, uint64_t step)
{
	return (t + step - 1) / step * step;
}

/* 1000 bytes of IP become 20 + 8 + 16 + 1008 + 12 = 1064 bytes of ESP: 8 us on a LAN, 851.2 us on the WAN.
 * A packet sent at t comes in at gwa after 13 us, at gwb 20851.2 us after it was taken there. */
static uint64_t
delay_by_hand(uint64_t t, uint64_t poll_a, uint64_t poll_b)
{
	uint64_t at_a = up(t + 13 * US, poll_a), at_b = up(at_a + 20851200, poll_b);

	return at_b + 13 * US - t;
}

static void
check_delay(const char *set_a, const char *set_b, uint64_t poll_a, uint64_t poll_b)
{
	uint64_t sum = 0, min = UINT64_MAX, max = 0;
	struct rig rig;
	const struct result_flow *flow;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; pps = 100;")),
		RIG_SETS("hosts.a.poll_interval=1 us", set_a, set_b), 0);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t delay = delay_by_hand(i * 10000 * US, poll_a, poll_b);

		sum += delay;
		min = delay < min ? delay : min;
		max = delay > max ? delay : max;
	}
	CU_ASSERT_EQUAL_FATAL(rig.r->n_flows, 1);
	flow = rig.r->flows;
	CU_ASSERT_EQUAL(flow->sent, 100);
	CU_ASSERT_EQUAL(flow->delivered, 100);
	CU_ASSERT_EQUAL(flow->delivered_bytes, 100000);
	CU_ASSERT_EQUAL(flow->delay.sum, sum);
	CU_ASSERT_EQUAL(flow->delay.min, min);
	CU_ASSERT_EQUAL(flow->delay.max, max);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, 100);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->bytes, 100000);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->last_seq, 100);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->last_seq, 100);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->bytes, 100000);
	CU_ASSERT_EQUAL(rig_node(&rig, "lan-a")->rx, 100);
	CU_ASSERT_EQUAL(rig_node(&rig, "b")->consumed, 100);
	for (unsigned i = 0; i < rig.r->n_wires; i++)
		if (!strcmp(rig.r->wires[i].link->name, "wan") && !rig.r->wires[i].direction)
			CU_ASSERT_EQUAL(rig.r->wires[i].stats.put_bytes, 106400);
	rig_end(&rig);
}

static void
test_delay_by_hand(void)
{
	check_delay("gateways.gwa.poll_interval=10 us", "gateways.gwb.poll_interval=10 us", 10 * US, 10 * US);
	check_delay("gateways.gwa.poll_interval=100 ns", "gateways.gwb.poll_interval=100 ns", 100, 100);
	check_delay("gateways.gwa.poll_interval=7 us", "gateways.gwb.poll_interval=13 us", 7 * US, 13 * US);
	check_delay("gateways.gwa.poll_interval=300 us", "gateways.gwb.poll_interval=1 us", 300 * US, US);
	check_delay("gateways.gwa.poll_interval=1 us", "gateways.gwb.poll_interval=3 ms", US, 3000 * US);
}

/* Ten packets at once: each waits for those before it, 851.2 us a piece, whatever the gateway's poll
 * interval. */
static void
test_queue_delay_by_hand(void)
{
	struct rig rig;

	rig_run_checked(&rig,
		RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; rate = \"1 Gb/s\"; stop = 80e-6;")),
		RIG_SETS("gateways.gwb.poll_interval=100 ns", "hosts.a.poll_interval=100 ns",
			"gateways.gwa.poll_interval=1 ms"),
		0);
	CU_ASSERT_EQUAL_FATAL(rig.r->flows[0].delivered, 10);
	/* all are taken at 1 ms; packet i was sent at 8 us * i and starts at 1 ms + i * 851.2 us */
	CU_ASSERT_EQUAL(rig.r->flows[0].delay.min, 1000000 + 20851200 + 13000);
	CU_ASSERT_EQUAL(rig.r->flows[0].delay.max, 1000000 + 9 * (851200 - 8000) + 20851200 + 13000);
	CU_ASSERT_EQUAL(rig.r->flows[0].ipdv.min, 851200 - 8000);
	CU_ASSERT_EQUAL(rig.r->flows[0].ipdv.max, 851200 - 8000);
	rig_end(&rig);
}

static uint64_t
mix(uint64_t h, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
mix_delay(uint64_t h, const struct delay *delay)
{
	h = mix(h, &delay->count, 4 * sizeof(delay->count));
	return mix(h, delay->bucket, DELAY_BUCKETS * sizeof(*delay->bucket));
}

static uint64_t
mix_flow(uint64_t h, const struct result_flow *flow)
{
	h = mix(h, &flow->sent, offsetof(struct result_flow, delay) - offsetof(struct result_flow, sent));
	h = mix_delay(mix_delay(h, &flow->delay), &flow->ipdv);
	return mix(h, &flow->at_gateway, sizeof(flow->at_gateway) + sizeof(flow->at_receiver));
}

static uint64_t
mix_sa(uint64_t h, const struct result_sa *sa)
{
	h = mix(h, &sa->packets,
		offsetof(struct result_sa, authenticated) - offsetof(struct result_sa, packets));
	if (!sa->lag)
		return h;
	h = mix(h, &sa->lag->packets, 4 * sizeof(sa->lag->packets));
	return mix(h, sa->lag->count, 5000 * sizeof(*sa->lag->count));
}

/* All that a run found out, pointers aside, in one number. */
static uint64_t
digest(const struct result *r)
{
	uint64_t h = mix(0xcbf29ce484222325, &r->end_ns, sizeof(r->end_ns));

	for (unsigned i = 0; i < r->n_classes; i++)
		h = mix_flow(h, &r->classes[i]);
	for (unsigned i = 0; i < r->n_flows; i++)
		h = mix_flow(h, &r->flows[i]);
	for (unsigned i = 0; i < r->n_sas; i++)
		h = mix_sa(h, &r->sas[i]);
	for (unsigned i = 0; i < r->n_nodes; i++)
		h = mix(h, &r->nodes[i].rx,
			offsetof(struct result_node, balanced) - offsetof(struct result_node, rx));
	for (unsigned i = 0; i < r->n_wires; i++)
		h = mix(h, &r->wires[i].stats, sizeof(r->wires[i].stats));
	for (unsigned i = 0; i < r->n_ports; i++)
		for (unsigned c = 0; c < qos_class_count(r->ports[i].qos); c++)
			h = mix(h, &qos_class_stats(r->ports[i].qos, c)->packets_in,
				sizeof(struct qos_class_stats) -
					offsetof(struct qos_class_stats, packets_in));
	return mix(h, &r->mbufs_free, sizeof(r->mbufs_free));
}

static uint64_t
digest_of_seed(const char *seed)
{
	struct rig rig;
	uint64_t h;

	rig_run_checked(&rig,
		RIG_TWO_SITES TRAFFIC(
			"{ name = \"p\"; kind = \"poisson\"; from = \"a\"; to = \"b\"; flows = 3;"
			" rate = \"8 Mb/s\"; },"
			"{ name = \"v\"; kind = \"voice\"; dscp = \"ef\"; from = \"b\"; to = \"a\"; calls = "
			"5; }"),
		RIG_SETS("gateways.gwa.ports.wan.qos.kind=cbwfq", "links.wan.loss=0.01",
			"links.wan.duplicate=0.02", "links.wan.jitter=pareto", "links.wan.jitter_scale=1 ms",
			"links.wan.reorder=true", seed),
		1);
	h = digest(rig.r);
	rig_end(&rig);
	return h;
}

static void
test_seed(void)
{
	uint64_t one = digest_of_seed("lab.seed=1");

	CU_ASSERT_EQUAL(digest_of_seed("lab.seed=1"), one);
	CU_ASSERT_NOT_EQUAL(digest_of_seed("lab.seed=2"), one);
}

/* The packets of a capture go through the tunnel byte by byte. */
static void
test_capture_intact(void)
{
	static const char text[] = RIG_TWO_SITES TRAFFIC(
		"{ name = \"afs\"; kind = \"pcap\"; from = \"a\"; to = \"b\";"
		" file = \"" ESPLAB_TESTS "/vectors/captures/afs.pcap\"; speed = 20; }");
	struct rig rig;
	uint64_t bytes = 0, sent = 0;

	rig_run_checked(&rig, text,
		RIG_SETS("lab.duration=60", "links.wan.rate=100 Mb/s", "gateways.gwa.ports.wan.mtu=1600"), 0);
	for (unsigned i = 0; i < rig.r->n_flows; i++) {
		sent += rig.r->flows[i].sent;
		bytes += rig.r->flows[i].delivered_bytes;
		CU_ASSERT_EQUAL(rig.r->flows[i].delivered, rig.r->flows[i].sent);
		CU_ASSERT_EQUAL(rig.r->flows[i].sent_bytes, rig.r->flows[i].delivered_bytes);
	}
	CU_ASSERT(sent > 100);
	CU_ASSERT_EQUAL(bytes, rig_sa(&rig, "gwb", "a-b")->bytes);
	rig_end(&rig);
}

/* The first policy that fits decides, and packets of no policy end under their own name. */
static void
test_policies(void)
{
	static const char text[] = RIG_TWO_SITES TRAFFIC(RIG_CBR(
		"no", "pps = 100; size = 200; dscp = \"af11\";") "," RIG_CBR("yes", "pps = 50; size = 200;"));
	struct rig rig;

	rig_run_checked(&rig, text, RIG_SETS("gateways.gwa.policies.out.dscp=0"), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_POLICY_NONE], 100);
	CU_ASSERT_EQUAL(rig.r->flows[1].delivered, 50);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwa")->drops[DROP_POLICY_NONE], 100);
	rig_end(&rig);

	rig_run_checked(&rig, text,
		RIG_SETS("gateways.gwa.policies=( { name = \"d\"; action = \"discard\"; dscp = \"af11\"; },"
			 " { name = \"o\"; action = \"protect\"; sa = \"a-b\"; } )"),
		0);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_POLICY_DISCARD], 100);
	CU_ASSERT_EQUAL(rig.r->flows[1].delivered, 50);
	rig_end(&rig);
}

/* 2^32 - 1 is the last number (RFC 4303 §3.3.3): five packets go, the others are stopped by name. */
static void
test_sequence_exhausted(void)
{
	static const char *const after[] = {
		"gateways.gwa.sequence=before-queue", "gateways.gwa.sequence=after-queue"};

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;

		rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; pps = 100;")),
			RIG_SETS("gateways.gwa.sas.a-b.first_seq=4294967291",
				"gateways.gwb.sas.a-b.first_seq=4294967291", after[i]),
			0);
		CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 5);
		CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_SEQ_EXHAUSTED], 95);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->last_seq, UINT32_MAX);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, 5);
		rig_end(&rig);
	}
}

/* In virtual time: 100 packets/s end with the SA, and both ends say when. */
static void
test_lifetime(void)
{
	struct rig rig;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; pps = 100;")),
		RIG_SETS("gateways.gwa.sas.a-b.lifetime_seconds=405 ms"), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 41);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_SA_EXPIRED], 59);
	rig_end(&rig);
	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; pps = 100;")),
		RIG_SETS("gateways.gwa.sas.a-b.lifetime_kilobytes=10"), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 11);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_SA_EXPIRED], 89);
	rig_end(&rig);
	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; pps = 100;")),
		RIG_SETS("gateways.gwb.sas.a-b.lifetime_seconds=405 ms"), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_NO_SA], 100 - rig.r->flows[0].delivered);
	CU_ASSERT(rig.r->flows[0].delivered > 35 && rig.r->flows[0].delivered <= 41);
	rig_end(&rig);
}

/* With extended numbers the same SA goes on. */
static void
test_esn_goes_on(void)
{
	struct rig rig;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 1000; pps = 100;")),
		RIG_SETS("gateways.gwa.sas.a-b.first_seq=4294967291L",
			"gateways.gwb.sas.a-b.first_seq=4294967291L", "gateways.gwa.sas.a-b.esn=true",
			"gateways.gwb.sas.a-b.esn=true"),
		0);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 100);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->last_seq, UINT64_C(4294967291) + 99);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->last_seq, UINT64_C(4294967291) + 99);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->late, 0);
	rig_end(&rig);
}

/* A hub in the clear between three hosts: what comes in by one port leaves by the right other one. */
static void
test_three_sites(void)
{
	static const char text[] =
		"lab = { duration = 1; mbufs = 8192; };"
		"hosts = ( { name = \"a\"; address = \"10.1.0.10\"; }, { name = \"b\"; address = "
		"\"10.2.0.10\"; },"
		"  { name = \"c\"; address = \"10.3.0.10\"; } );"
		"routers = ( { name = \"hub\"; ports = ( { name = \"p1\"; address = \"10.1.0.1/16\"; },"
		"  { name = \"p2\"; address = \"10.2.0.1/16\"; }, { name = \"p3\"; address = "
		"\"10.3.0.1/16\"; } ); } );"
		"links = ( { name = \"l1\"; ends = [ \"a\", \"hub.p1\" ]; rate = 0; },"
		"  { name = \"l2\"; ends = [ \"b\", \"hub.p2\" ]; rate = 0; },"
		"  { name = \"l3\"; ends = [ \"hub.p3\", \"c\" ]; rate = 0; } );" TRAFFIC(
			RIG_CBR("ab", "pps = 100;") ", { name = \"bc\"; kind = \"cbr\"; from = \"b\"; to = "
						    "\"c\"; pps = 200; },"
						    " { name = \"ca\"; kind = \"cbr\"; from = \"c\"; to = "
						    "\"a\"; pps = 300; }");
	struct rig rig;

	rig_run_checked(&rig, text, NULL, 0);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(rig.r->flows[i].delivered, 100 * (i + 1));
	CU_ASSERT_EQUAL(rig_node(&rig, "a")->rx, 300);
	CU_ASSERT_EQUAL(rig_node(&rig, "b")->rx, 100);
	CU_ASSERT_EQUAL(rig_node(&rig, "c")->rx, 200);
	CU_ASSERT_EQUAL(rig_node(&rig, "hub")->tx, 600);
	CU_ASSERT_EQUAL(rig_node(&rig, "hub")->kind, RESULT_ROUTER);
	CU_ASSERT_EQUAL(rig.r->n_sas, 0);
	rig_end(&rig);
}

int
suite_lab(void)
{
	CU_pSuite s = CU_add_suite("lab", NULL, NULL);

	CU_ADD_TEST(s, test_delay_by_hand);
	CU_ADD_TEST(s, test_queue_delay_by_hand);
	CU_ADD_TEST(s, test_seed);
	CU_ADD_TEST(s, test_capture_intact);
	CU_ADD_TEST(s, test_policies);
	CU_ADD_TEST(s, test_sequence_exhausted);
	CU_ADD_TEST(s, test_lifetime);
	CU_ADD_TEST(s, test_esn_goes_on);
	CU_ADD_TEST(s, test_three_sites);
	return 0;
}
