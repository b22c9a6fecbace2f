/* Changes of SAs under traffic: what is sent, what is still taken, what is refused, and that nothing is lost.
 */
#include "tests/dataplane/change_rig.h"

int suite_dp_sas(void);

/* The peer first, then the sender: no packet is lost, neither those of before nor those of after. */
static void
test_rekey(void)
{
	struct rte_mbuf *before[2], *after;
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	before[0] = protect(&g, US);
	before[1] = protect(&g, 2 * US);
	rekeyed(&next.sas[0], 0x5005);
	rekeyed(&next.sas[1], 0x5005);
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, 3 * US, true), ST_OK);
	CU_ASSERT(taken(&g, before[0], 3 * US));
	CU_ASSERT(taken(&g, protect(&g, 4 * US), 4 * US)); /* the sender has not changed yet */
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, 5 * US, true), ST_OK);
	after = protect(&g, 6 * US);
	CU_ASSERT_EQUAL(spi_of(after), 0x5005);
	CU_ASSERT_EQUAL(seq_of(after), 1);
	CU_ASSERT(taken(&g, after, 6 * US));
	CU_ASSERT(taken(&g, before[1], 7 * US));
	CU_ASSERT_EQUAL(age(g.peer, 8 * US, IDLE), 2);
	/* nothing more comes by the old one */
	age(g.peer, 8 * US + IDLE, IDLE);
	age(g.peer, 9 * US + IDLE, IDLE);
	CU_ASSERT_EQUAL(age(g.peer, 10 * US + IDLE, IDLE), 0);
	stop(&g);
}

/* Once idle for long, the old one is taken no more; and not before. */
static void
test_idle(void)
{
	struct rte_mbuf *before[3];
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	for (unsigned i = 0; i < 3; i++)
		before[i] = protect(&g, (1 + i) * US);
	rekeyed(&next.sas[1], 0x5005);
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, 10 * US, true), ST_OK);
	age(g.peer, IDLE, IDLE);
	CU_ASSERT(taken(&g, before[0], IDLE));
	age(g.peer, IDLE + 11 * US, IDLE); /* it was used: idle begins anew */
	CU_ASSERT(taken(&g, before[1], IDLE + 12 * US));
	age(g.peer, 2 * IDLE, IDLE);
	age(g.peer, 3 * IDLE, IDLE);
	CU_ASSERT(!taken(&g, before[2], 3 * IDLE));
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_NO_SA), 1);
	stop(&g);
}

static void
test_delete(void)
{
	struct rte_mbuf *before;
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	before = protect(&g, US);
	next.peer_cfg.n_sas = 1; /* its inbound SA goes, and with it the policy */
	next.peer_cfg.n_policies = 0;
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, 2 * US, true), ST_OK);
	CU_ASSERT(!taken(&g, before, 3 * US));
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_NO_SA), 1);
	stop(&g);
}

/* A second inbound SA beside the first, in another place of the list. */
static void
test_add(void)
{
	struct rte_mbuf *before;
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	before = protect(&g, US);
	next.sas[2] = next.sas[1];
	rekeyed(&next.sas[1], 0x5005);
	next.sas[1].name = "another";
	next.policies[1].sa_index = next.peer_policies[0].sa_index = 2;
	next.cfg.n_sas = next.peer_cfg.n_sas = 3;
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, 2 * US, true), ST_OK);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 2)->spi, KIT_SPI);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 2)->index, 2);
	CU_ASSERT_EQUAL(dp_sa_count(g.peer), 3);
	CU_ASSERT(taken(&g, before, 3 * US));
	CU_ASSERT_EQUAL(age(g.peer, 4 * US, IDLE), 0); /* nothing was replaced */
	stop(&g);
}

/* Sends 64 and gives the packets back, oldest first. */
static void
many(struct kit_gateway *g, struct rte_mbuf **out, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = protect(g, (1 + i) * US);
}

/* Numbers and keys stay; what a wider window cannot know counts as seen. */
static void
test_window(void)
{
	struct rte_mbuf *m[100];
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	many(&g, m, 100);
	for (unsigned i = 0; i < 80; i++)
		if (i != 10 && i != 40) /* 11 and 41 are missing: behind the window of 64, and within */
			CU_ASSERT(taken(&g, m[i], 200 * US));
	next.sas[1].window = 256;
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, 300 * US, true), ST_OK);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->window_size, 256);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->packets, 78);
	CU_ASSERT(taken(&g, m[40], 301 * US));
	CU_ASSERT(!taken(&g, m[10], 302 * US));
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_REPLAY_DUP), 1);
	CU_ASSERT(taken(&g, m[99], 303 * US));
	for (unsigned i = 80; i < 99; i++)
		CU_ASSERT(taken(&g, m[i], 304 * US));
	/* and narrow again, and none, and one */
	next_init(&next, &g);
	next.sas[1].window = 32;
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, 400 * US, true), ST_OK);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->replay->right_edge(dp_sa(g.peer, 1)->window), 100);
	CU_ASSERT(taken(&g, protect(&g, 401 * US), 401 * US));
	stop(&g);
}

/* Numbers go on where the parameters of an outbound SA change. */
static void
test_alter_out(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m;
	struct next next;

	start(&g, &next);
	CU_ASSERT(taken(&g, protect(&g, US), US));
	next.sas[0].ttl = 33;
	next.sas[0].dscp = 46;
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, 2 * US, true), ST_OK);
	m = protect(&g, 3 * US);
	CU_ASSERT_EQUAL(seq_of(m), 2);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[IPV4_TTL], 33);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[IPV4_TOS] >> 2, 46);
	CU_ASSERT(taken(&g, m, 4 * US));
	stop(&g);
}

static void
test_refused(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m;
	struct next next;

	start(&g, &next);
	next.sas[0].spi = 0x5005; /* the same key */
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, US, true), ST_ERR_CONFIG);
	next_init(&next, &g);
	next.sas[2] = next.sas[0];
	next.sas[2].name = "another";
	next.cfg.n_sas = 3;
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, US, true), ST_ERR_CONFIG);
	next_init(&next, &g);
	rekeyed(&next.sas[0], 0x5005);
	next.sas[1].transform = "esp-gcm 256"; /* its key is too short: nothing at all is done */
	rekeyed(&next.sas[1], 0x5006);
	CU_ASSERT_NOT_EQUAL(change(g.dp, &next.cfg, US, true), ST_OK);
	m = protect(&g, 2 * US);
	CU_ASSERT_EQUAL(spi_of(m), KIT_SPI);
	CU_ASSERT(taken(&g, m, 3 * US));
	stop(&g);
}

static void
test_abort(void)
{
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	rekeyed(&next.sas[0], 0x5005);
	rekeyed(&next.sas[1], 0x5005);
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, US, false), ST_OK);
	CU_ASSERT_EQUAL(change(g.peer, &next.peer_cfg, US, false), ST_OK);
	CU_ASSERT(taken(&g, protect(&g, 2 * US), 2 * US));
	CU_ASSERT_EQUAL(age(g.dp, 3 * US, IDLE), 0);
	stop(&g);
}

/* Packets that wait for their number when the SA goes take it from the SA that they were given. */
static void
test_under_way(void)
{
	struct rte_mbuf *m;
	struct kit_gateway g;
	struct next next;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	g.cfg.sequence = CFG_SEQ_AFTER_QUEUE;
	g.ports[1].qos.shape = 1000000; /* 2.1 ms a packet */
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	next_init(&next, &g);
	for (unsigned i = 0; i < 3; i++)
		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), US);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
	rekeyed(&next.sas[0], 0x5005);
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, 2 * US, true), ST_OK);
	CU_ASSERT_EQUAL(age(g.dp, 3 * US, IDLE), 1);
	CU_ASSERT_EQUAL(age(g.dp, 4 * US, IDLE), 1); /* packets name it */
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), 100000 * US);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 4);
	CU_ASSERT_EQUAL(spi_of(g.port[1].out[2]), KIT_SPI);
	CU_ASSERT_EQUAL(seq_of(g.port[1].out[2]), 3);
	CU_ASSERT_EQUAL(spi_of(g.port[1].out[3]), 0x5005);
	m = g.port[1].out[3];
	CU_ASSERT_EQUAL(seq_of(m), 1);
	kit_port_empty(&g.port[1]);
	CU_ASSERT_EQUAL(age(g.dp, 100001 * US, IDLE), 1);
	CU_ASSERT_EQUAL(age(g.dp, 100002 * US, IDLE), 0);
	stop(&g);
}

/* Back to an SPI that is still taken for the SA before: the new one has it. */
static void
test_spi_again(void)
{
	struct rte_mbuf *before;
	struct kit_gateway g;
	struct next one, two;

	start(&g, &one);
	before = protect(&g, US);
	rekeyed(&one.sas[0], 0x5005);
	rekeyed(&one.sas[1], 0x5005);
	CU_ASSERT_EQUAL(change(g.peer, &one.peer_cfg, 2 * US, true), ST_OK);
	two = one;
	two.peer_cfg.sas = two.cfg.sas = two.sas;
	two.peer_cfg.policies = two.peer_policies;
	two.cfg.policies = two.policies;
	for (unsigned i = 0; i < 2; i++) {
		rekeyed(&two.sas[i], 0x77);
		two.sas[i].spi = KIT_SPI;
	}
	CU_ASSERT_EQUAL(change(g.peer, &two.peer_cfg, 3 * US, true), ST_OK);
	CU_ASSERT_EQUAL(change(g.dp, &two.cfg, 3 * US, true), ST_OK);
	CU_ASSERT(taken(&g, protect(&g, 4 * US), 4 * US));
	CU_ASSERT(!taken(&g, before, 5 * US));
	CU_ASSERT(kit_drops(&g, DROP_ICV) + kit_drops(&g, DROP_REPLAY_DUP) == 1);
	stop(&g);
}

int
suite_dp_sas(void)
{
	CU_pSuite suite = CU_add_suite("dp_sas", NULL, NULL);

	return !suite || !CU_add_test(suite, "rekey", test_rekey) || !CU_add_test(suite, "idle", test_idle) ||
	       !CU_add_test(suite, "delete", test_delete) || !CU_add_test(suite, "add", test_add) ||
	       !CU_add_test(suite, "window", test_window) ||
	       !CU_add_test(suite, "alter outbound", test_alter_out) ||
	       !CU_add_test(suite, "refused", test_refused) || !CU_add_test(suite, "abort", test_abort) ||
	       !CU_add_test(suite, "under way", test_under_way) ||
	       !CU_add_test(suite, "SPI again", test_spi_again);
}
