/* Laboratories with IPv6 hosts, in the clear: exact delays, every kind of source, loss and copies, and both
 * families beside each other. */
#include "tests/lab/lab_rig.h"

int suite_lab_v6(void);

/* a, b: IPv6; c, d: IPv4; two routers. */
#define V6_TEXT                                                                                              \
	"lab = { duration = 1; mbufs = 8192; };"                                                             \
	"hosts = ( { name = \"a\"; address = \"2001:db8:1::10\"; },"                                         \
	"  { name = \"b\"; address = \"2001:db8:2::10\"; },"                                                 \
	"  { name = \"c\"; address = \"10.1.0.10\"; }, { name = \"d\"; address = \"10.2.0.10\"; } );"        \
	"routers = ( { name = \"ra\"; ports = ( { name = \"lan\"; address = \"2001:db8:1::1/64\"; },"        \
	"    { name = \"wan\"; address = \"2001:db8:f::1/127\"; },"                                          \
	"    { name = \"lan4\"; address = \"10.1.0.1/24\"; },"                                               \
	"    { name = \"wan4\"; address = \"192.0.2.1/30\"; } );"                                            \
	"  routes = ( { to = \"any\"; via = \"192.0.2.2\"; },"                                               \
	"    { to = \"2001:db8:2::/64\"; via = \"2001:db8:f::\"; } ); },"                                    \
	"  { name = \"rb\"; ports = ( { name = \"lan\"; address = \"2001:db8:2::1/64\"; },"                  \
	"    { name = \"wan\"; address = \"2001:db8:f::/127\"; },"                                           \
	"    { name = \"lan4\"; address = \"10.2.0.1/24\"; },"                                               \
	"    { name = \"wan4\"; address = \"192.0.2.2/30\"; } );"                                            \
	"  routes = ( { to = \"any\"; via = \"2001:db8:f::1\"; },"                                           \
	"    { to = \"10.1.0.0/24\"; via = \"192.0.2.1\"; } ); } );"                                         \
	"links = ( { name = \"lan-a\"; ends = [ \"a\", \"ra.lan\" ]; rate = \"1 Gb/s\";"                     \
	"    delay = \"5 us\"; },"                                                                           \
	"  { name = \"wan\"; ends = [ \"ra.wan\", \"rb.wan\" ]; rate = \"10 Mb/s\"; delay = \"20 ms\"; },"   \
	"  { name = \"lan-b\"; ends = [ \"b\", \"rb.lan\" ]; rate = \"1 Gb/s\"; delay = \"5 us\"; },"        \
	"  { name = \"lan-c\"; ends = [ \"c\", \"ra.lan4\" ]; rate = \"1 Gb/s\"; },"                         \
	"  { name = \"wan4\"; ends = [ \"ra.wan4\", \"rb.wan4\" ]; rate = \"10 Mb/s\"; },"                   \
	"  { name = \"lan-d\"; ends = [ \"d\", \"rb.lan4\" ]; rate = \"1 Gb/s\"; } );"

#define US UINT64_C(1000)

/* 1000 bytes: 8 us on a LAN, 800 us on the WAN, 5 + 20000 + 5 us on the way; looked at every us. */
static void
test_delay_by_hand(void)
{
	struct rig rig;
	const struct result_flow *flow;

	rig_run_checked(&rig, V6_TEXT "traffic = ( " RIG_CBR("data", "size = 1000; pps = 100;") " );",
		RIG_SETS("hosts.a.poll_interval=1 us", "routers.ra.poll_interval=1 us",
			"routers.rb.poll_interval=1 us"),
		0);
	CU_ASSERT_EQUAL_FATAL(rig.r->n_flows, 1);
	flow = rig.r->flows;
	CU_ASSERT_EQUAL(flow->sent, 100);
	CU_ASSERT_EQUAL(flow->delivered, 100);
	CU_ASSERT_EQUAL(flow->delivered_bytes, 100000);
	CU_ASSERT_EQUAL(flow->delay.min, (13 + 20800 + 13) * US);
	CU_ASSERT_EQUAL(flow->delay.max, flow->delay.min);
	CU_ASSERT(ip_equal(flow->src, (struct ip_addr){0x20010db800010000, 0x10}));
	CU_ASSERT_EQUAL(rig_node(&rig, "wan")->rx, 100);
	rig_end(&rig);
}

/* Every kind of source, both ways, with a wire that loses and copies; IPv4 beside it. */
static void
test_kinds(void)
{
	struct rig rig;

	rig_run_checked(&rig,
		V6_TEXT "traffic = ( " RIG_CBR("tcp",
			"proto = \"tcp\"; size = 1401; pps = 50; flows = 3;") ","
									      "{ name = \"imix\"; kind = "
									      "\"imix\"; from = \"b\"; to = "
									      "\"a\"; rate = \"1 Mb/s\"; },"
									      "{ name = \"calls\"; kind = "
									      "\"voice\"; from = \"b\"; to = "
									      "\"a\"; calls = 5;"
									      "  dscp = \"ef\"; },"
									      "{ name = \"ping\"; kind = "
									      "\"poisson\"; from = \"a\"; to "
									      "= \"b\";"
									      "  proto = \"icmp6\"; pps = 50;"
									      "  size = 77; },"
									      "{ name = \"bursts\"; kind = "
									      "\"onoff\"; from = \"a\"; to = "
									      "\"b\"; size = 48;"
									      "  rate = \"500 kb/s\";"
									      "  on = \"10 ms\"; off = \"10 "
									      "ms\"; },"
									      "{ name = \"four\"; kind = "
									      "\"imix\"; from = \"c\"; to = "
									      "\"d\";"
									      "  rate = \"1 Mb/s\"; } );",
		RIG_SETS("links.wan.loss=0.05", "links.wan.duplicate=0.05"), 1);
	CU_ASSERT_EQUAL_FATAL(rig.r->n_classes, 6);
	for (unsigned i = 0; i < 6; i++) {
		const struct result_flow *c = &rig.r->classes[i];

		CU_ASSERT(c->sent > 20 && c->delivered > c->sent * 8 / 10 && c->corrupt == 0);
		CU_ASSERT_EQUAL(c->sent, c->delivered + c->drops[DROP_WIRE_LOSS] + c->held);
		if (!strcmp(c->class_name, "calls")) /* 220 bytes: 20 more than of IPv4 */
			CU_ASSERT_EQUAL(c->delivered_bytes, c->delivered * 220);
		if (!strcmp(c->class_name, "four"))
			CU_ASSERT_EQUAL(c->delivered, c->sent);
	}
	CU_ASSERT(rig.r->drops[DROP_WIRE_LOSS] > 10);
	CU_ASSERT_EQUAL(rig_drops(rig.r->drops), rig.r->drops[DROP_WIRE_LOSS]);
	rig_end(&rig);
}

/* Paths chosen by flow: a flow stays on its path, and both paths are used. */
static void
test_paths_by_flow(void)
{
	struct rig rig;

	rig_run_checked(&rig,
		V6_TEXT "traffic = ( " RIG_CBR("data", "size = 100; pps = 1000; flows = 40;") " );",
		RIG_SETS("links.wan.select=flow", "links.wan.paths=( { name = \"x\"; delay = \"20 ms\"; }, "
						  "{ name = \"y\"; delay = \"29 ms\"; } )"),
		0);
	CU_ASSERT_EQUAL(rig.r->n_flows, 40);
	{
		unsigned slow = 0;

		for (unsigned i = 0; i < rig.r->n_flows; i++) {
			CU_ASSERT(rig.r->flows[i].delay.max - rig.r->flows[i].delay.min < 1000 * US);
			slow += rig.r->flows[i].delay.min > 29000 * US;
		}
		CU_ASSERT(slow > 8 && slow < 32);
	}
	rig_end(&rig);
}

int
suite_lab_v6(void)
{
	CU_pSuite s = CU_add_suite("lab_v6", NULL, NULL);

	CU_ADD_TEST(s, test_delay_by_hand);
	CU_ADD_TEST(s, test_kinds);
	CU_ADD_TEST(s, test_paths_by_flow);
	return 0;
}
