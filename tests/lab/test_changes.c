/* Changes during a run: at the very instant, for so long, and nothing else. */
#include "tests/lab/lab_rig.h"

int suite_changes(void);

#define TRAFFIC "traffic = ( " RIG_CBR("data", "size = 1400; pps = 100;") " );"
#define CHANGES                                                                                              \
	"changes = ( { name = \"late\"; at = 0.805; port = \"gwa.wan\"; mtu = 1500; renegotiate = 0.05; },"  \
	"  { name = \"mtu\"; at = 0.205; port = \"gwa.wan\"; mtu = 1400; renegotiate = 0.3; } );"

/* A packet each 10 ms, from 0 on. */
static void
test_own_tunnel(void)
{
	struct rig rig;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC CHANGES, NULL, 0);
	CU_ASSERT_EQUAL(rig.r->flows[0].sent, 100);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_TUNNEL_DOWN], 30 + 5);
	CU_ASSERT_EQUAL(rig_drops(rig.r->drops), 35);
	/* 1,400 bytes are in two pieces from 0.505 to 0.805 */
	CU_ASSERT_EQUAL(rig_node(&rig, "gwa")->created, 30);
	CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->replays, 0);
	rig_end(&rig);
}

/* At the other end: the sender is told nothing, and what arrives (20 ms and more later) has an SPI that
 * nobody knows. */
static void
test_peer_tunnel(void)
{
	struct rig rig;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC CHANGES,
		RIG_SETS("changes.mtu.port=gwb.wan", "changes.late.at=0"), 0);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_NO_SA], 30);
	CU_ASSERT_EQUAL(rig_drops(rig.r->drops), 30);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwa")->created, 0);
	rig_end(&rig);
}

/* At a port where no tunnel ends, or never: nothing is lost. */
static void
test_elsewhere(void)
{
	struct rig rig;

	rig_run_checked(&rig, RIG_TWO_SITES TRAFFIC CHANGES,
		RIG_SETS("changes.mtu.port=gwb.lan", "changes.late.at=0"), 0);
	CU_ASSERT_EQUAL(rig_drops(rig.r->drops), 0);
	rig_end(&rig);
	rig_run_checked(
		&rig, RIG_TWO_SITES TRAFFIC CHANGES, RIG_SETS("changes.mtu.at=0", "changes.late.at=0"), 0);
	CU_ASSERT_EQUAL(rig_drops(rig.r->drops), 0);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwa")->created, 0);
	rig_end(&rig);
}

int
suite_changes(void)
{
	CU_pSuite s = CU_add_suite("changes", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_own_tunnel);
	CU_ADD_TEST(s, test_peer_tunnel);
	CU_ADD_TEST(s, test_elsewhere);
	return 0;
}
