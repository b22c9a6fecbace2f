/* Tunnels that are torn down at a port and come back: what ends meanwhile, under which name, and that
 * numbers, windows and books go on. */
#include "dataplane/tunnel.h"

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/sa.h"
#include "tests/kit/kit.h"

int suite_tunnel(void);

/* From the LAN to the WAN of the gateway, and from there into its peer, at `now`; where it ended. */
static enum drop
pass(struct kit_gateway *g, uint32_t bytes, uint64_t now)
{
	struct drop_event event;

	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0), now);
	while (g->port[1].n_out) {
		struct rte_mbuf *m = g->port[1].out[0];

		g->port[1].n_out--;
		memmove(g->port[1].out, g->port[1].out + 1, g->port[1].n_out * sizeof(m));
		kit_send(g, 1, m, now);
	}
	return kit_drop(g, &event);
}

static void
test_down_and_up(void)
{
	struct kit_gateway g;
	const struct sa *in, *out;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	out = dp_sa(g.dp, 0);
	in = dp_sa(g.peer, 1);
	CU_ASSERT_EQUAL(pass(&g, 100, 1000000), DROP_NONE);
	/* nothing ends at the other port */
	tunnel_port_down(g.dp, 0);
	CU_ASSERT_EQUAL(pass(&g, 100, 2000000), DROP_NONE);
	tunnel_port_down(g.dp, 1);
	CU_ASSERT_EQUAL(pass(&g, 100, 3000000), DROP_TUNNEL_DOWN);
	CU_ASSERT_EQUAL(out->seq, 2);
	tunnel_port_down(g.dp, 1); /* it is */
	tunnel_port_up(g.dp, 1);
	CU_ASSERT_EQUAL(pass(&g, 100, 4000000), DROP_NONE);
	/* the peer's end: what comes has an SPI that it does not know */
	tunnel_port_down(g.peer, 1);
	CU_ASSERT_EQUAL(pass(&g, 100, 5000000), DROP_NO_SA);
	tunnel_port_up(g.peer, 1);
	tunnel_port_up(g.peer, 1);
	CU_ASSERT_EQUAL(pass(&g, 100, 6000000), DROP_NONE);
	CU_ASSERT_EQUAL(out->seq, 5);
	CU_ASSERT_EQUAL(in->packets, 4);
	CU_ASSERT_EQUAL(in->replay->right_edge(in->window), 5);
	CU_ASSERT_EQUAL(kit_books(&g), 0);
	kit_gateway_stop(&g);
}

/* 1,400 bytes are 1,456 once protected with GCM and 1,500 fit; then they do not, and two pieces go out. */
static void
test_mtu(void)
{
	struct kit_gateway g;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1400, 0), 1000000);
	CU_ASSERT_EQUAL(g.port[1].n_out, 1);
	tunnel_port_mtu(g.dp, 1, 1400);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1400, 0), 2000000);
	CU_ASSERT_EQUAL(g.port[1].n_out, 3);
	tunnel_port_mtu(g.dp, 1, 1456);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1400, 0), 3000000);
	CU_ASSERT_EQUAL(g.port[1].n_out, 4);
	kit_gateway_stop(&g);
}

int
suite_tunnel(void)
{
	CU_pSuite s = CU_add_suite("tunnel", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_down_and_up);
	CU_ADD_TEST(s, test_mtu);
	return 0;
}
