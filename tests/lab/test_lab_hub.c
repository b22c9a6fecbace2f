/* A hub between two sites: what came by one tunnel is protected anew for the next, and is never in the clear
 * on the way.  And neighbours that look at their ports at different intervals. */
#include "lab/lab.h"

#include "tests/lab/lab_rig.h"

int suite_lab_hub(void);

#define SA_WITH_HUB(name, dir, spi, src, dst)                                                                \
	"{ name = \"" name "\"; direction = \"" dir "\"; spi = " spi "; src = \"" src "\"; dst = \"" dst     \
	"\"; transform = \"esp-gcm 128\"; key = \"auto\"; }"
#define TO_B "action = \"protect\"; src = \"10.1.0.0/16\"; dst = \"10.2.0.0/16\"; "

static const char hub_text[] =
	"lab = { duration = 1; mbufs = 8192; };"
	"hosts = ( { name = \"a\"; address = \"10.1.0.10\"; }, { name = \"b\"; address = \"10.2.0.10\"; } );"
	"gateways = ("
	"  { name = \"gwa\"; ports = ( { name = \"lan\"; address = \"10.1.0.1/16\"; },"
	"      { name = \"wan\"; address = \"192.0.2.1/30\"; } );"
	"    routes = ( { to = \"10.2.0.0/16\"; via = \"192.0.2.2\"; } );"
	"    sas = ( " SA_WITH_HUB("a-hub", "out", "0x1001", "192.0.2.1",
		"192.0.2.2") " );"
			     "    policies = ( { name = \"p\"; " TO_B "sa = \"a-hub\"; } ); },"
			     "  { name = \"hub\"; ports = ( { name = \"one\"; address = \"192.0.2.2/30\"; },"
			     "      { name = \"two\"; address = \"192.0.2.5/30\"; } );"
			     "    routes = ( { to = \"10.2.0.0/16\"; via = \"192.0.2.6\"; }, { to = "
			     "\"10.1.0.0/16\"; via = "
			     "\"192.0.2.1\"; } );"
			     "    sas = ( " SA_WITH_HUB("a-hub", "in", "0x1001", "192.0.2.1",
				     "192.0.2.2") ", " SA_WITH_HUB("hub-b", "out", "0x1002", "192.0.2.5",
				     "192.0.2.6") " );"
						  "    policies = ( { name = \"p\"; direction = \"in\"; " TO_B
						  "sa = \"a-hub\"; },"
						  "      { name = \"q\"; " TO_B "sa = \"hub-b\"; } ); },"
						  "  { name = \"gwb\"; ports = ( { name = \"lan\"; address = "
						  "\"10.2.0.1/16\"; },"
						  "      { name = \"wan\"; address = \"192.0.2.6/30\"; } );"
						  "    routes = ( { to = \"10.1.0.0/16\"; via = "
						  "\"192.0.2.5\"; } );"
						  "    sas = ( " SA_WITH_HUB("hub-b", "in", "0x1002",
							  "192.0.2.5",
							  "192.0.2.6") " );"
								       "    policies = ( { name = \"p\"; "
								       "direction = \"in\"; " TO_B
								       "sa = \"hub-b\"; } ); } );"
								       "links = ( { name = \"lan-a\"; ends = "
								       "[ \"a\", \"gwa.lan\" ]; rate = \"1 "
								       "Gb/s\"; },"
								       "  { name = \"wan-a\"; ends = [ "
								       "\"gwa.wan\", \"hub.one\" ]; rate = "
								       "\"1 Gb/s\"; delay = \"1 ms\"; },"
								       "  { name = \"wan-b\"; ends = [ "
								       "\"hub.two\", \"gwb.wan\" ]; rate = "
								       "\"1 Gb/s\"; delay = \"1 ms\"; },"
								       "  { name = \"lan-b\"; ends = [ "
								       "\"gwb.lan\", \"b\" ]; rate = \"1 "
								       "Gb/s\"; } );"
								       "traffic = ( " RIG_CBR("data",
									       "pps = 1000; size = "
									       "500;") " );";

static void
test_hub(void)
{
	static const char *const after[] = {"gateways.hub.sequence=after-queue", NULL};

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;

		rig_run(&rig, hub_text, i ? after : NULL);
		CU_ASSERT_EQUAL(rig.r->flows[0].sent, 1000);
		CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 1000);
		CU_ASSERT_EQUAL(rig.r->corrupt, 0);
		CU_ASSERT_EQUAL(rig_sa(&rig, "hub", "a-hub")->packets, 1000);
		CU_ASSERT_EQUAL(rig_sa(&rig, "hub", "hub-b")->packets, 1000); /* out: encrypted again */
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "hub-b")->packets, 1000);
		CU_ASSERT_EQUAL(
			rig.r->flows[0].at_gateway.received, 1000); /* the second tunnel does not count */
		CU_ASSERT_EQUAL(rig.r->flows[0].at_gateway.duplicates, 0);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "hub-b")->at_gateway->received, 1000);
		CU_ASSERT(rig.r->balanced_packets && rig.r->balanced_mbufs);
		rig_end(&rig);
	}
}

/* Without a rule for it the hub must not send in the clear what came protected. */
static void
test_hub_without_rule(void)
{
	static const char *const sets[] = {"gateways.hub.policies.q.src=10.9.0.0/16", NULL};
	struct rig rig;

	rig_run(&rig, hub_text, sets);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered, 0);
	CU_ASSERT_EQUAL(rig_node(&rig, "hub")->drops[DROP_POLICY_NONE], 1000);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwb")->rx, 0);
	CU_ASSERT(rig.r->balanced_packets && rig.r->balanced_mbufs);
	rig_end(&rig);
}

/* Departures between the polls of a slow gateway are on the wire before a quick neighbour looks. */
static void
test_unequal_polls(void)
{
	uint64_t worst[2];

	for (unsigned i = 0; i < 2; i++) {
		const char *const sets[] = {
			i ? "gateways.gwa.poll_interval=1 ms" : "gateways.gwa.poll_interval=10 us",
			"links.wan-a.rate=1 Mb/s", "traffic.data.pps=100", NULL};
		struct rig rig;

		rig_run(&rig, hub_text, sets);
		CU_ASSERT_EQUAL(rig.r->flows[0].delivered, rig.r->flows[0].sent);
		worst[i] = rig.r->flows[0].delay.max;
		rig_end(&rig);
	}
	CU_ASSERT(worst[1] <= worst[0] + 1000000); /* one poll of waiting at gwa, and nothing at the hub */
}

/* A run that is cut off between polls: what was to be sent until then was sent, and is under way. */
static void
test_cut_off_between_polls(void)
{
	static const char *const sets[] = {"lab.duration=99.7 ms", "lab.drain=0",
		"hosts.a.poll_interval=50 ms", "gateways.gwa.poll_interval=50 ms", NULL};
	struct rig rig;

	rig_run(&rig, hub_text, sets);
	CU_ASSERT_EQUAL(rig.r->flows[0].sent, 100); /* at 0, 1, ... 99 ms */
	CU_ASSERT_EQUAL(rig.r->end_ns, 99700000);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered + rig.r->flows[0].held, 100);
	CU_ASSERT(rig.r->balanced_packets && rig.r->balanced_mbufs);
	rig_end(&rig);
}

int
suite_lab_hub(void)
{
	CU_pSuite s = CU_add_suite("lab_hub", NULL, NULL);

	CU_ADD_TEST(s, test_hub);
	CU_ADD_TEST(s, test_hub_without_rule);
	CU_ADD_TEST(s, test_unequal_polls);
	CU_ADD_TEST(s, test_cut_off_between_polls);
	return 0;
}
