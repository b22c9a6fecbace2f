/* Nothing is lost without a name: laboratories that lose packets in every way there is, and whose books must
 * balance all the same, for packets, for mbufs, for nodes, flows and classes (rig_check in lab_rig.h). */
#include "lab/lab.h"

#include "tests/lab/lab_rig.h"

int suite_lab_balance(void);

#define TRAFFIC(list) "traffic = ( " list " );"
/* 1250 packets of 1000 bytes: exactly 10 Mb/s of IP in one second, and the line of the WAN carries 940 of
 * 1064. */
#define DATA RIG_CBR("data", "size = 1000; rate = \"10 Mb/s\";")
#define ONE_WAY RIG_TWO_SITES TRAFFIC(DATA)

static const struct wire_stats *
wire_of(const struct rig *rig, const char *link, unsigned direction)
{
	for (unsigned i = 0; i < rig->r->n_wires; i++)
		if (!strcmp(rig->r->wires[i].link->name, link) && rig->r->wires[i].direction == direction)
			return &rig->r->wires[i].stats;
	return NULL;
}

static void
test_loss(void)
{
	struct rig rig;
	uint64_t lost;

	rig_run_checked(&rig, ONE_WAY, RIG_SETS("links.wan.rate=100 Mb/s", "links.wan.loss=0.1"), 0);
	lost = rig.r->flows[0].drops[DROP_WIRE_LOSS];
	CU_ASSERT(lost > 80 && lost < 180); /* 125 on average, sigma 10.6 */
	CU_ASSERT_EQUAL(lost, wire_of(&rig, "wan", 0)->lost);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 1250 - lost);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->late, 0); /* what is lost makes nobody late */
	rig_end(&rig);

	rig_run_checked(&rig, ONE_WAY, RIG_SETS("links.lan-a.loss=1"), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_WIRE_LOSS], 1250);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, 0);
	rig_end(&rig);
}

/* The WAN brings every packet twice: the window takes the first of the two, whichever that is. */
static void
test_duplicates_are_replays(void)
{
	struct rig rig;

	rig_run_checked(&rig, ONE_WAY, RIG_SETS("links.wan.rate=100 Mb/s", "links.wan.duplicate=1"), 1);
	CU_ASSERT_EQUAL(wire_of(&rig, "wan", 0)->duplicated, 1250);
	CU_ASSERT_EQUAL(rig_node(&rig, "wan")->created, 1250);
	CU_ASSERT_EQUAL(rig.r->created, 2500);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_REPLAY_DUP], 1250);
	CU_ASSERT_EQUAL(rig.r->dropped, 1250);
	CU_ASSERT_EQUAL(rig.r->flows[0].clone_drops, 1250); /* equal times: the original comes first */
	CU_ASSERT_EQUAL(rig_drops(rig.r->flows[0].drops), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 1250);
	CU_ASSERT_EQUAL(rig.r->flows[0].duplicates, 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].at_gateway.duplicates, 1250);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->duplicates, 1250);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->packets, 1250); /* they are not in it */
	rig_end(&rig);

	/* without a window both copies are delivered, and one is told from the other */
	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("links.wan.rate=100 Mb/s", "links.wan.duplicate=1", "gateways.gwb.sas.a-b.window=0"),
		1);
	CU_ASSERT_EQUAL(rig.r->dropped, 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 1250);
	CU_ASSERT_EQUAL(rig.r->flows[0].duplicates, 1250);
	CU_ASSERT_EQUAL(rig.r->flows[0].delay.count, 1250);
	CU_ASSERT_EQUAL(rig.r->flows[0].at_receiver.duplicates, 1250);
	rig_end(&rig);
}

static void
test_mtu(void)
{
	struct rig rig;

	rig_run_checked(&rig, ONE_WAY, RIG_SETS("links.wan.mtu=1063"), 0); /* 1064 bytes of ESP */
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_WIRE_MTU], 1250);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, 1250); /* numbers were taken */
	rig_end(&rig);

	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("gateways.gwa.ports.wan.mtu=1063", "traffic.data.df=true",
			"gateways.gwa.icmp_rate=0"),
		0);
	CU_ASSERT_EQUAL(rig.r->flows[0].drops[DROP_TOO_BIG], 1250);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, 0);
	rig_end(&rig);

	rig_run_checked(&rig, ONE_WAY, RIG_SETS("gateways.gwa.ports.wan.mtu=1064", "links.wan.mtu=1064"), 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 1250);
	rig_end(&rig);
}

/* A queue that is too short drops in the gateway; numbers are gone by then, and the peer's window moves on.
 */
static void
test_queue_of_the_gateway(void)
{
	struct rig rig;
	const struct result_flow *flow;

	rig_run_checked(&rig, ONE_WAY, RIG_SETS("gateways.gwa.ports.wan.qos.queue_limit=5"), 0);
	flow = rig.r->flows;
	/* 851.2 us a packet: 1175 start within the second, the queue holds 5 more at its end */
	CU_ASSERT_EQUAL(flow->drops[DROP_QOS_TAIL] + flow->delivered, 1250);
	CU_ASSERT(flow->delivered >= 1179 && flow->delivered <= 1181);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, 1250);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->packets, flow->delivered);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->lag->late, 0);
	CU_ASSERT_EQUAL(rig_replays(&rig), 0);
	rig_end(&rig);

	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("gateways.gwa.ports.wan.qos.queue_limit=5", "gateways.gwa.sequence=after-queue"), 0);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->packets, rig.r->flows[0].delivered);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "a-b")->last_seq, rig.r->flows[0].delivered);
	rig_end(&rig);
}

/* The wire's own queue: the LAN of host a is slower than its source. */
static void
test_queue_of_the_wire(void)
{
	struct rig rig;
	uint64_t dropped;

	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("links.lan-a.rate=5 Mb/s", "links.lan-a.queue=4000", "links.lan-b.rate=5 Mb/s"), 0);
	dropped = rig.r->flows[0].drops[DROP_WIRE_QUEUE];
	CU_ASSERT(dropped >= 619 &&
		  dropped <= 621); /* half of them, but for one on the line and four that wait */
	CU_ASSERT_EQUAL(wire_of(&rig, "lan-a", 0)->queue_drops, dropped);
	CU_ASSERT_EQUAL(wire_of(&rig, "lan-a", 0)->queue_bytes_max, 4000);
	rig_end(&rig);
}

static void
test_police(void)
{
	struct rig rig;

	rig_run_checked(&rig,
		RIG_TWO_SITES TRAFFIC(
			RIG_CBR("voice", "size = 1000; rate = \"4 Mb/s\"; dscp = \"ef\";") "," DATA),
		RIG_SETS("gateways.gwa.ports.wan.qos.kind=cbwfq",
			"gateways.gwa.ports.wan.qos.classes.rest.queue_limit=64"),
		0);
	CU_ASSERT(rig.r->flows[0].drops[DROP_QOS_POLICE] > 200);
	CU_ASSERT(rig.r->flows[1].drops[DROP_QOS_TAIL] > 0);
	CU_ASSERT_EQUAL(rig.r->flows[1].drops[DROP_QOS_POLICE], 0);
	rig_end(&rig);
}

/* Everything at once, both ways. */
static void
test_all_at_once(void)
{
	static const char text[] =
		RIG_TWO_SITES TRAFFIC(DATA
			"," RIG_CBR("voice", "dscp = \"ef\"; size = 200; pps = 1000; flows = 7; class = "
					     "\"v\";") ","
						       "{ name = \"back\"; kind = \"onoff\"; from = \"b\"; "
						       "to = \"a\"; rate = \"20 Mb/s\"; class = \"v\";"
						       " size = 300; flows = 3; },"
						       "{ name = \"mix\"; kind = \"imix\"; from = \"b\"; to "
						       "= \"a\"; rate = \"3 Mb/s\"; proto = \"tcp\";"
						       " mix = ( { bytes = 100; weight = 3; }, { bytes = "
						       "1350; weight = 1; } ); }");
	struct rig rig;

	rig_run_checked(&rig, text,
		RIG_SETS("gateways.gwa.ports.wan.qos.kind=cbwfq", "links.wan.loss=0.05",
			"links.wan.duplicate=0.1", "links.wan.jitter=uniform", "links.wan.jitter_scale=40 ms",
			"links.wan.reorder=true", "links.wan.mtu=1400", "links.lan-b.duplicate=0.1",
			"links.lan-a.loss=0.01", "links.lan-b.queue=3000", "links.lan-b.rate=12 Mb/s",
			"gateways.gwb.ports.wan.qos.queue_limit=20"),
		1);
	CU_ASSERT(rig.r->drops[DROP_WIRE_LOSS] > 0);
	CU_ASSERT(rig.r->drops[DROP_REPLAY_OLD] > 0);
	CU_ASSERT(rig.r->drops[DROP_REPLAY_DUP] > 0);
	CU_ASSERT(rig.r->drops[DROP_QOS_TAIL] > 0);
	CU_ASSERT(rig.r->drops[DROP_WIRE_MTU] > 0);
	CU_ASSERT(rig.r->drops[DROP_WIRE_QUEUE] > 0);
	CU_ASSERT(rig.r->flows[0].duplicates > 0);
	CU_ASSERT_EQUAL(rig.r->n_classes, 3);
	CU_ASSERT_EQUAL(rig.r->n_flows, 1 + 7 + 3 + 1);
	CU_ASSERT_EQUAL(rig.r->classes[1].index, 10);
	CU_ASSERT_EQUAL(rig.r->held, 0);
	rig_end(&rig);
}

static uint64_t
qos_waiting(const struct rig *rig)
{
	uint64_t waiting = 0;

	for (unsigned p = 0; p < rig->r->n_ports; p++)
		for (unsigned c = 0; c < qos_class_count(rig->r->ports[p].qos); c++) {
			const struct qos_class_stats *s = qos_class_stats(rig->r->ports[p].qos, c);

			waiting += s->packets_in - s->packets_out - s->tail_drops - s->police_drops;
		}
	return waiting;
}

/* The run is cut off while packets wait in the gateway and travel on the WAN: they are held, not lost.  At
 * 0.5 s a 10 Mb/s line with 20 ms of delay behind 20 Mb/s of data has 500 packets in its queue and 23 on the
 * way. */
static void
test_cut_off(void)
{
	static const char *const kinds[] = {
		"gateways.gwa.ports.wan.qos.kind=fifo", "gateways.gwa.ports.wan.qos.kind=cbwfq"};

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;
		const struct result_node *gwa, *wan;

		rig_run_checked(&rig, ONE_WAY,
			RIG_SETS("lab.drain=0", "lab.duration=500 ms", "traffic.data.rate=20 Mb/s", kinds[i]),
			0);
		gwa = rig_node(&rig, "gwa");
		wan = rig_node(&rig, "wan");
		CU_ASSERT_EQUAL(rig.r->created, 1250);
		CU_ASSERT(wan->held == 24 ||
			  wan->held == 25); /* 20 ms of packets, and the one that is being sent */
		CU_ASSERT_EQUAL(gwa->held, gwa->rx - gwa->tx - rig_drops(gwa->drops));
		CU_ASSERT(gwa->held > 500);
		CU_ASSERT_EQUAL(rig.r->held, gwa->held + wan->held);
		CU_ASSERT_EQUAL(rig.r->mbufs_total - rig.r->mbufs_free, rig.r->held);
		CU_ASSERT_EQUAL(rig.r->flows[0].held, rig.r->held);
		/* what its statistics say of a queue is what it held then: they are read after the run */
		CU_ASSERT_EQUAL(qos_waiting(&rig), gwa->held);
		rig_end(&rig);
	}
}

/* 1024 mbufs for 20 Mb/s into 10 Mb/s: the sources find none, and that has a name. */
static void
test_no_mbufs(void)
{
	struct rig rig;

	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("lab.mbufs=1024", "traffic.data.rate=40 Mb/s",
			"gateways.gwa.ports.wan.qos.queue_limit=100000"),
		0);
	CU_ASSERT(rig.r->flows[0].drops[DROP_NO_MBUF] > 1000);
	CU_ASSERT_EQUAL(rig_node(&rig, "a")->drops[DROP_NO_MBUF], rig.r->flows[0].drops[DROP_NO_MBUF]);
	CU_ASSERT_EQUAL(rig.r->mbufs_free, 1024);
	rig_end(&rig);

	/* wires that want to duplicate and cannot do so go on without */
	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("lab.mbufs=1024", "traffic.data.rate=40 Mb/s", "links.wan.duplicate=1",
			"gateways.gwa.ports.wan.qos.queue_limit=100000"),
		1);
	CU_ASSERT(wire_of(&rig, "wan", 0)->duplicated < wire_of(&rig, "wan", 0)->put);
	rig_end(&rig);
}

/* A star of `n` sites round one gateway, as text; every site but the first gets packets from the first, or
 * sends some to it. */
static void
star_text(char *text, size_t bytes, unsigned n, const char *traffic, int to_first)
{
	size_t at = (size_t)snprintf(
		text, bytes, "lab = { duration = \"20 ms\"; mbufs = 65536; }; hosts = (");

	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, bytes - at,
			"%s { name = \"h%u\"; address = \"10.%u.0.10\"; }", i ? "," : "", i, i + 1);
	at += (size_t)snprintf(text + at, bytes - at,
		"); gateways = ( { name = \"hub\"; poll_interval = \"1 ms\"; ports = (");
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, bytes - at,
			"%s { name = \"p%u\"; address = \"10.%u.0.1/16\"; }", i ? "," : "", i, i + 1);
	at += (size_t)snprintf(text + at, bytes - at, "); } ); links = (");
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, bytes - at,
			"%s { name = \"l%u\"; ends = [ \"h%u\", \"hub.p%u\" ]; rate = %u; }", i ? "," : "", i,
			i, i, i ? 100000000 : 0);
	at += (size_t)snprintf(text + at, bytes - at, "); traffic = (");
	for (unsigned i = 1; i < n; i++)
		at += (size_t)snprintf(text + at, bytes - at,
			"%s { name = \"t%u\"; kind = \"cbr\"; from = \"h%u\"; to = \"h%u\"; %s }",
			i > 1 ? "," : "", i, to_first ? i : 0, to_first ? 0 : i, traffic);
	snprintf(text + at, bytes - at, ");");
}

/* Thirteen egress ports that all have a hundred packets to start between two polls: none of them is lost
 * inside. */
static void
test_many_ports_drain(void)
{
	char text[16384];
	struct rig rig;

	star_text(text, sizeof(text), 14, "size = 100; rate = \"99 Mb/s\";", 0);
	rig_run_checked(&rig, text, RIG_SETS("hosts.h0.poll_interval=1 ms"), 0);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_INBOX], 0);
	CU_ASSERT_EQUAL(rig.r->dropped, 0);
	CU_ASSERT_EQUAL(rig.r->consumed, rig.r->created);
	rig_end(&rig);
}

/* More drops in one turn than its event ring holds: all of them are counted with their flows. */
static void
test_many_drops_in_a_turn(void)
{
	char text[16384];
	struct rig rig;

	star_text(text, sizeof(text), 9, "size = 100; rate = \"2 Gb/s\";", 1);
	rig_run_checked(&rig, text,
		RIG_SETS("gateways.hub.policies=( { name = \"d\"; action = \"discard\"; } )",
			"links.l1.rate=0", "links.l2.rate=0", "links.l3.rate=0", "links.l4.rate=0",
			"links.l5.rate=0", "links.l6.rate=0", "links.l7.rate=0", "links.l8.rate=0",
			"lab.duration=3 ms"),
		0);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_POLICY_DISCARD], 8 * 7500);
	rig_end(&rig);
}

/* The same on the way out of a queue: an SA that is at its end, numbers taken after the queue. */
static void
test_many_drops_behind_a_queue(void)
{
	struct rig rig;

	rig_run_checked(&rig, ONE_WAY,
		RIG_SETS("gateways.gwa.sequence=after-queue", "gateways.gwa.poll_interval=10 ms",
			"lab.mbufs=65536", "gateways.gwa.sas.a-b.first_seq=4294967295", "lab.duration=40 ms",
			"links.wan.rate=2 Gb/s", "links.lan-a.rate=0", "traffic.data.rate=1 Gb/s",
			"traffic.data.size=100", "gateways.gwb.sas.a-b.first_seq=4294967295",
			"gateways.gwa.ports.wan.qos.queue_limit=100000"),
		0);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_SEQ_EXHAUSTED], 50000 - 1);
	rig_end(&rig);
}

int
suite_lab_balance(void)
{
	CU_pSuite s = CU_add_suite("lab_balance", NULL, NULL);

	CU_ADD_TEST(s, test_loss);
	CU_ADD_TEST(s, test_duplicates_are_replays);
	CU_ADD_TEST(s, test_mtu);
	CU_ADD_TEST(s, test_queue_of_the_gateway);
	CU_ADD_TEST(s, test_queue_of_the_wire);
	CU_ADD_TEST(s, test_police);
	CU_ADD_TEST(s, test_all_at_once);
	CU_ADD_TEST(s, test_cut_off);
	CU_ADD_TEST(s, test_no_mbufs);
	CU_ADD_TEST(s, test_many_ports_drain);
	CU_ADD_TEST(s, test_many_drops_in_a_turn);
	CU_ADD_TEST(s, test_many_drops_behind_a_queue);
	return 0;
}
