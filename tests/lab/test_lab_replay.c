/* Laboratories in which packets come late: what the window drops, what the histogram of lags says that
 * another window would have dropped, and how both agree with RFC 4737 on the same packets. */
#include "lab/lab.h"

#include "tests/lab/lab_rig.h"

int suite_lab_replay(void);

#define TRAFFIC(list) "traffic = ( " list " );"
#define WINDOWS 300

/* 5000 packets that a WAN spreads over 40 ms: lags of up to some 200. */
static const char late_text[] = RIG_TWO_SITES TRAFFIC("{ name = \"data\"; kind = \"poisson\"; from = \"a\"; "
						      "to = \"b\"; size = 200; pps = 5000; flows = 1; }");

#define LATE                                                                                                 \
	"links.wan.rate=100 Mb/s", "links.wan.jitter=uniform", "links.wan.jitter_scale=40 ms",               \
		"links.wan.reorder=true"

static void
losses_read(const struct rig *rig, uint64_t *losses)
{
	uint32_t windows[WINDOWS];

	for (unsigned w = 0; w < WINDOWS; w++)
		windows[w] = w + 1;
	lag_losses(rig_sa(rig, "gwb", "a-b")->lag, windows, WINDOWS, losses);
}

/* What is said about other windows does not depend on the window of the run, and it is what their runs show.
 */
static void
test_one_run_tells_all_windows(void)
{
	static const unsigned windows[] = {1, 16, 64, 100, 256};
	static const char *const polls[] = {"gateways.gwb.poll_interval=1 us",
		"gateways.gwb.poll_interval=1 ms", "gateways.gwb.poll_interval=15 ms"};
	uint64_t first[WINDOWS], losses[WINDOWS];

	for (unsigned p = 0; p < 3; p++)
		for (unsigned w = 0; w < 5; w++) {
			const struct result_sa *sa;
			struct rig rig;
			char set[64];

			snprintf(set, sizeof(set), "gateways.gwb.sas.a-b.window=%u", windows[w]);
			rig_run_checked(&rig, late_text, RIG_SETS(LATE, polls[p], set), 0);
			sa = rig_sa(&rig, "gwb", "a-b");
			losses_read(&rig, losses);
			if (!p && !w)
				memcpy(first, losses, sizeof(first));
			CU_ASSERT_EQUAL(memcmp(first, losses, sizeof(first)), 0);
			CU_ASSERT_EQUAL(rig.r->drops[DROP_REPLAY_OLD], losses[windows[w] - 1]);
			CU_ASSERT_EQUAL(rig_replays(&rig), losses[windows[w] - 1]);
			CU_ASSERT_EQUAL(sa->replays, losses[windows[w] - 1]);
			CU_ASSERT_EQUAL(sa->packets + sa->replays, rig.r->flows[0].sent);
			CU_ASSERT_EQUAL(sa->lag->packets, rig.r->flows[0].sent);
			CU_ASSERT_EQUAL(sa->duplicates, 0);
			rig_end(&rig);
		}
	CU_ASSERT(first[15] > first[63] && first[63] > first[99] && first[99] > first[255]);
}

/* One flow, one SA: what RFC 4737 calls reordered is what lags, and what the window drops is missing behind
 * it. */
static void
test_reordering_is_lag(void)
{
	const struct result_flow *flow;
	const struct lag *lag;
	struct rig rig;

	rig_run_checked(&rig, late_text, RIG_SETS(LATE), 0);
	flow = rig.r->flows;
	lag = rig_sa(&rig, "gwb", "a-b")->lag;
	CU_ASSERT(lag->late > 1000);
	CU_ASSERT(rig_replays(&rig) > 100);
	CU_ASSERT_EQUAL(flow->at_gateway.received, flow->sent);
	CU_ASSERT_EQUAL(flow->at_gateway.reordered, lag->late);
	CU_ASSERT_EQUAL(flow->at_receiver.received, flow->delivered);
	CU_ASSERT_EQUAL(flow->at_receiver.reordered, lag->late - rig_replays(&rig));
	CU_ASSERT(flow->at_gateway.extent_max >= 64);
	CU_ASSERT_EQUAL(flow->drops[DROP_REPLAY_OLD], rig_replays(&rig));
	rig_end(&rig);
}

/* Extended numbers change the name of the drop, and nothing else: across 2^32, at any poll interval. */
static void
test_esn_across_the_edge(void)
{
	static const char *const polls[] = {"gateways.gwb.poll_interval=1 us",
		"gateways.gwb.poll_interval=1 ms", "gateways.gwb.poll_interval=15 ms"};
	uint64_t plain[WINDOWS], extended[WINDOWS], delivered;

	for (unsigned p = 0; p < 3; p++) {
		struct rig rig;

		rig_run_checked(&rig, late_text, RIG_SETS(LATE, polls[p]), 0);
		losses_read(&rig, plain);
		delivered = rig.r->flows[0].delivered;
		rig_end(&rig);
		rig_run_checked(&rig, late_text,
			RIG_SETS(LATE, polls[p], "gateways.gwa.sas.a-b.esn=true",
				"gateways.gwb.sas.a-b.esn=true", "gateways.gwa.sas.a-b.first_seq=4294965000L",
				"gateways.gwb.sas.a-b.first_seq=4294965000L"),
			0);
		losses_read(&rig, extended);
		CU_ASSERT_EQUAL(memcmp(plain, extended, sizeof(plain)), 0);
		CU_ASSERT_EQUAL(rig.r->flows[0].delivered, delivered);
		CU_ASSERT_EQUAL(rig_replays(&rig), plain[63]);
		CU_ASSERT(rig.r->drops[DROP_ICV_ESN] > 100);
		CU_ASSERT_EQUAL(rig.r->drops[DROP_ICV], 0);
		CU_ASSERT(rig_sa(&rig, "gwb", "a-b")->last_seq > UINT32_MAX);
		rig_end(&rig);
	}
}

/* No ICV, no replay check: late packets are delivered; with extended numbers too. */
static void
test_no_authentication(void)
{
	static const char *const esn[][2] = {
		{"gateways.gwa.sas.a-b.esn=false", "gateways.gwb.sas.a-b.esn=false"},
		{"gateways.gwa.sas.a-b.esn=true", "gateways.gwb.sas.a-b.esn=true"}};

	for (unsigned i = 0; i < 2; i++) {
		const struct result_sa *sa;
		struct rig rig;

		rig_run_checked(&rig, late_text,
			RIG_SETS(LATE, "gateways.gwa.sas.a-b.transform=esp-aes 128",
				"gateways.gwb.sas.a-b.transform=esp-aes 128", esn[i][0], esn[i][1]),
			0);
		sa = rig_sa(&rig, "gwb", "a-b");
		CU_ASSERT_FALSE(sa->authenticated);
		CU_ASSERT_EQUAL(rig.r->dropped, 0);
		CU_ASSERT_EQUAL(rig.r->flows[0].delivered, rig.r->flows[0].sent);
		CU_ASSERT(sa->lag->late > 1000); /* what a window would have done can still be told */
		CU_ASSERT_EQUAL(sa->lag->late, rig.r->flows[0].at_gateway.reordered);
		CU_ASSERT_EQUAL(sa->last_seq, rig.r->flows[0].sent);
		rig_end(&rig);
	}
}

/* Two paths that differ by 40 ms, 1000 packets a second in turn.  Packet i (odd, slow) arrives at i + 45 ms,
 * after packet i + 39 (fast, at i + 44): its lag is 39, but for the last ones, behind which less than that
 * comes. */
#define TWO_PATHS                                                                                            \
	"links.wan.rate=100 Mb/s", "links.wan.paths=( { delay = 5e-3; weight = 3; }, { delay = 45e-3; } )"

static void
test_two_paths(void)
{
	static const char text[] = RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 200; pps = 1000;"));
	static const struct {
		const char *window, *select;
		uint64_t drops, slow;
	} rows[] = {
		{"gateways.gwb.sas.a-b.window=39", "links.wan.select=packet", 480, 500},
		{"gateways.gwb.sas.a-b.window=40", "links.wan.select=packet", 0, 500},
		{"gateways.gwb.sas.a-b.window=38", "links.wan.select=packet", 480, 500},
		/* 37 is the lag of packet 961 of 0..999 */
		{"gateways.gwb.sas.a-b.window=37", "links.wan.select=packet", 481, 500},
		/* by weight every fourth is slow: 1, 5, 9 ... 957 have lag 39, 961 has 38 and 965 has 34 */
		{"gateways.gwb.sas.a-b.window=40", "links.wan.select=weight", 0, 250},
		{"gateways.gwb.sas.a-b.window=39", "links.wan.select=weight", 240, 250},
		{"gateways.gwb.sas.a-b.window=32", "links.wan.select=weight", 242, 250},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig rig;

		rig_run_checked(&rig, text, RIG_SETS(TWO_PATHS, rows[i].window, rows[i].select), 0);
		CU_ASSERT_EQUAL(rig.r->drops[DROP_REPLAY_OLD], rows[i].drops);
		CU_ASSERT_EQUAL(rig.r->dropped, rows[i].drops);
		for (unsigned w = 0; w < rig.r->n_wires; w++)
			if (!strcmp(rig.r->wires[w].link->name, "wan") && !rig.r->wires[w].direction &&
				rig.r->wires[w].path->delay == 45000000)
				CU_ASSERT_EQUAL(rig.r->wires[w].stats.put, rows[i].slow);
		rig_end(&rig);
	}
}

/* A router that chooses by flow sees one flow, the SA, and keeps its order. */
static void
test_two_paths_by_flow(void)
{
	struct rig rig;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 200; pps = 1000; flows = 50;")),
		RIG_SETS(TWO_PATHS, "links.wan.select=flow", "gateways.gwb.sas.a-b.window=1"), 0);
	CU_ASSERT_EQUAL(rig.r->dropped, 0);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->late, 0);
	rig_end(&rig);

	/* on a LAN it sees the packets' own ports: flows take both paths, and each keeps its order */
	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC(RIG_CBR("data", "size = 200; pps = 1000; flows = 50;")),
		RIG_SETS("links.lan-a.rate=0", "links.lan-a.select=flow",
			"links.lan-a.paths=( { delay = 5e-3; }, { delay = 45e-3; } )"),
		0);
	CU_ASSERT(rig.r->wires[0].stats.put > 200 && rig.r->wires[1].stats.put > 200);
	CU_ASSERT_EQUAL(rig.r->wires[0].stats.put + rig.r->wires[1].stats.put, 1000);
	CU_ASSERT_EQUAL(rig.r->classes[0].at_receiver.reordered, 0);
	rig_end(&rig);
}

/* The intermediate device: gateways that queue nothing, and between them a router that favours voice. */
static const char middle_text[] =
	"lab = { duration = 1; mbufs = 8192; };"
	"hosts = ( { name = \"a\"; address = \"10.1.0.10\"; }, { name = \"b\"; address = \"10.2.0.10\"; } );"
	"gateways = ( { name = \"gwa\"; ports = ( { name = \"lan\"; address = \"10.1.0.1/16\"; },"
	"  { name = \"wan\"; address = \"192.0.2.1/30\"; } ); routes = ( { to = \"any\"; via = "
	"\"192.0.2.2\"; } );"
	"  sas = ( " RIG_SA("a-b", "out", "0x1001", "192.0.2.1", "198.51.100.2") " );" RIG_POLICIES("a-b",
		"any",
		"any") " },"
		       "  { name = \"gwb\"; ports = ( { name = \"lan\"; address = \"10.2.0.1/16\"; },"
		       "    { name = \"wan\"; address = \"198.51.100.2/30\"; } );"
		       "  sas = ( " RIG_SA("a-b", "in", "0x1001", "192.0.2.1",
			       "198.51.100.2") " );"
					       "  policies = ( { name = \"in\"; direction = \"in\"; action = "
					       "\"protect\"; sa = \"a-b\"; } ); } );"
					       "routers = ( { name = \"r\"; ports = ( { name = \"west\"; "
					       "address = \"192.0.2.2/30\"; },"
					       "  { name = \"east\"; address = \"198.51.100.1/30\"; qos = { "
					       "kind = \"cbwfq\"; classes = ("
					       "    { name = \"voice\"; dscp = \"ef\"; priority = \"2 "
					       "Mb/s\"; },"
					       "    { name = \"rest\"; queue_limit = 512; } ); }; } ); } );"
					       "links = ( { name = \"lan-a\"; ends = [ \"a\", \"gwa.lan\" ]; "
					       "rate = 0; },"
					       "  { name = \"west\"; ends = [ \"gwa.wan\", \"r.west\" ]; "
					       "rate = \"100 Mb/s\"; },"
					       "  { name = \"east\"; ends = [ \"r.east\", \"gwb.wan\" ]; "
					       "rate = \"10 Mb/s\"; },"
					       "  { name = \"lan-b\"; ends = [ \"b\", \"gwb.lan\" ]; rate = "
					       "0; } );" TRAFFIC(
						       RIG_CBR("voice", "dscp = \"ef\"; size = 200; pps = "
									"500;") "," RIG_CBR(
							       "data", "size = 400; rate = \"9 Mb/s\";"));

static void
test_router_in_the_middle(void)
{
	struct rig rig;

	rig_run_checked(&rig, middle_text, NULL, 0);
	CU_ASSERT(rig_node(&rig, "gwb")->drops[DROP_REPLAY_OLD] > 50);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwb")->drops[DROP_REPLAY_OLD], rig.r->dropped);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 500); /* voice overtakes and is never late */
	CU_ASSERT_EQUAL(rig.r->flows[1].drops[DROP_REPLAY_OLD], rig.r->dropped);
	CU_ASSERT_EQUAL(rig_node(&rig, "r")->kind, RESULT_ROUTER);
	CU_ASSERT_EQUAL(rig_node(&rig, "r")->rx, rig_node(&rig, "r")->tx);
	CU_ASSERT_EQUAL(rig.r->flows[1].at_gateway.reordered, 0); /* within itself data is in order */
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig_sa(&rig, "gwb", "a-b")->at_gateway);
	CU_ASSERT_EQUAL(
		rig_sa(&rig, "gwb", "a-b")->at_gateway->received, rig_sa(&rig, "gwa", "a-b")->packets);
	CU_ASSERT_EQUAL(
		rig_sa(&rig, "gwb", "a-b")->at_gateway->reordered, rig_sa(&rig, "gwb", "a-b")->lag->late);
	rig_end(&rig);

	rig_run_checked(&rig, middle_text, RIG_SETS("routers.r.ports.east.qos.kind=fifo"), 0);
	CU_ASSERT_EQUAL(rig.r->dropped, 0);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->late, 0);
	rig_end(&rig);

	/* taking the number later at the gateway does not help against a queue that is elsewhere */
	rig_run_checked(&rig, middle_text, RIG_SETS("gateways.gwa.sequence=after-queue"), 0);
	CU_ASSERT(rig.r->drops[DROP_REPLAY_OLD] > 50);
	rig_end(&rig);
}

/* The same queue in the gateway itself: numbers before it are the cause, numbers behind it the cure. */
static void
test_queue_of_the_gateway(void)
{
	static const char text[] = RIG_TWO_SITES TRAFFIC(
		RIG_CBR("voice", "dscp = \"ef\"; size = 200; pps = 500;") "," RIG_CBR(
			"data", "size = 400; rate = \"9 Mb/s\";"));
	struct rig rig;

	rig_run_checked(&rig, text, RIG_SETS("gateways.gwa.ports.wan.qos.kind=cbwfq"), 0);
	CU_ASSERT(rig.r->flows[1].drops[DROP_REPLAY_OLD] > 50);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 500);
	CU_ASSERT_EQUAL(lag_loss(rig_sa(&rig, "gwb", "a-b")->lag, 64), rig_replays(&rig));
	rig_end(&rig);

	rig_run_checked(&rig, text,
		RIG_SETS("gateways.gwa.ports.wan.qos.kind=cbwfq", "gateways.gwa.sequence=after-queue"), 0);
	CU_ASSERT_EQUAL(rig.r->dropped, 0);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->late, 0);
	CU_ASSERT_EQUAL(rig.r->classes[0].delivered, 500);
	rig_end(&rig);
}

int
suite_lab_replay(void)
{
	CU_pSuite s = CU_add_suite("lab_replay", NULL, NULL);

	CU_ADD_TEST(s, test_one_run_tells_all_windows);
	CU_ADD_TEST(s, test_reordering_is_lag);
	CU_ADD_TEST(s, test_esn_across_the_edge);
	CU_ADD_TEST(s, test_no_authentication);
	CU_ADD_TEST(s, test_two_paths);
	CU_ADD_TEST(s, test_two_paths_by_flow);
	CU_ADD_TEST(s, test_router_in_the_middle);
	CU_ADD_TEST(s, test_queue_of_the_gateway);
	return 0;
}
