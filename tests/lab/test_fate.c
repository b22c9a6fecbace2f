/* What became of packets that went in pieces: once each, by the first that ended, unless it arrived. */
#include "lab/fate.h"

#include <CUnit/CUnit.h>

#include "tests/lab/lab_rig.h"

int suite_fate(void);

static void
test_once(void)
{
	struct fate fate = {0};
	uint64_t drops[DROP_COUNT] = {0};

	fate_drop(&fate, 5, DROP_WIRE_LOSS);
	fate_drop(&fate, 5, DROP_FRAG_TIMEOUT);
	fate_drop(&fate, 5, DROP_FRAG_TIMEOUT);
	fate_drop(&fate, 70000, DROP_QOS_TAIL);
	fate_deliver(&fate, 1023);
	fate_drop(&fate, 6, DROP_FRAG_DUP); /* one too many, and then */
	fate_drop(&fate, 6, DROP_ICV);
	fate_drop(&fate, 7, DROP_FRAG_DUP);
	fate_deliver(&fate, 7);
	fate_drop(&fate, 7, DROP_FRAG_TIMEOUT); /* pieces of a copy */
	fate_deliver(&fate, 7);
	CU_ASSERT_EQUAL(fate_count(&fate, drops), 2);
	CU_ASSERT_EQUAL(drops[DROP_WIRE_LOSS], 1);
	CU_ASSERT_EQUAL(drops[DROP_QOS_TAIL], 1);
	CU_ASSERT_EQUAL(drops[DROP_ICV], 1);
	CU_ASSERT_EQUAL(rig_drops(drops), 3);
	fate_fini(&fate);
}

#define TRAFFIC "traffic = ( " RIG_CBR("data", "size = 3000; pps = 1000; flows = 3;") " );"

/* Whole laboratories: flows tell in packets what nodes tell in pieces. */
static void
identities(const char *const *sets, bool copies)
{
	const struct result_flow *flows;
	uint64_t lost = 0, delivered = 0;
	struct rig rig;

	rig_run(&rig, RIG_TWO_SITES TRAFFIC, sets);
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_EQUAL(rig.r->corrupt, 0);
	CU_ASSERT_EQUAL(rig.r->events_lost, 0);
	flows = rig.r->flows;
	for (unsigned i = 0; i < rig.r->n_flows; i++) {
		lost += rig_drops(flows[i].drops);
		delivered += flows[i].delivered;
		CU_ASSERT_EQUAL(
			flows[i].sent, flows[i].delivered + rig_drops(flows[i].drops) + flows[i].held);
		CU_ASSERT_EQUAL(flows[i].at_receiver.received, flows[i].delivered);
		CU_ASSERT_EQUAL(flows[i].held, 0);
		if (!copies)
			CU_ASSERT_EQUAL(flows[i].duplicates, 0);
	}
	CU_ASSERT_EQUAL(lost + delivered, 1000);
	CU_ASSERT(delivered > 400 && (copies || lost > 50));
	CU_ASSERT(rig_sa(&rig, "gwb", "a-b")->at_gateway->received >= delivered);
	rig_end(&rig);
}

#define WIDE "hosts.a.mtu=9000", "gateways.gwa.ports.lan.mtu=9000", "links.wan.rate=100 Mb/s", "lab.drain=100"

static void
test_loss(void)
{
	static const char *const ways[] = {"gateways.gwa.fragmentation=before-encryption",
		"gateways.gwa.fragmentation=after-encryption"};

	for (unsigned i = 0; i < 2; i++) {
		identities(RIG_SETS(WIDE, ways[i], "links.wan.loss=0.05"), false);
		identities(RIG_SETS(WIDE, ways[i], "links.lan-b.loss=0.1", "gateways.gwb.ports.lan.mtu=1000"),
			false);
		identities(RIG_SETS(WIDE, ways[i], "links.wan.loss=0.02", "links.lan-b.loss=0.05",
				   "links.lan-b.duplicate=0.1", "links.wan.duplicate=0.1"),
			true);
	}
}

/* The source cuts itself. */
static void
test_host_cuts(void)
{
	identities(RIG_SETS("links.wan.rate=100 Mb/s", "lab.drain=100", "hosts.a.mtu=1000",
			   "links.wan.loss=0.05"),
		false);
	identities(RIG_SETS("links.wan.rate=100 Mb/s", "lab.drain=100", "hosts.a.mtu=576",
			   "links.wan.loss=0.02", "links.wan.duplicate=0.1"),
		true);
}

int
suite_fate(void)
{
	CU_pSuite s = CU_add_suite("fate", NULL, NULL);

	CU_ADD_TEST(s, test_once);
	CU_ADD_TEST(s, test_loss);
	CU_ADD_TEST(s, test_host_cuts);
	return 0;
}
