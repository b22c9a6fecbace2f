/* Changes of a gateway that is never empty, and of what is not SAs: queues, limits, routes. */
#include "dataplane/qos/qos.h"
#include "tests/dataplane/change_rig.h"

int suite_dp_change(void);

/* Rekeys, and goes on sending so that something is always held; after how many packets the old SA was freed.
 * Packets of before leave under it. */
static unsigned
freed_after(struct kit_gateway *g, struct next *next, uint64_t every, unsigned ahead)
{
	uint64_t now = US;
	unsigned n = 0, left = 1, before = 0;

	for (unsigned i = 0; i < ahead; i++)
		kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), now);
	rekeyed(&next->sas[0], 0x5005);
	CU_ASSERT_EQUAL(change(g->dp, &next->cfg, now, true), ST_OK);
	for (; left && n < 100; n++) {
		now += every;
		kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), now);
		CU_ASSERT(dp_held(g->dp) > 0);
		left = age(g->dp, now, IDLE);
		if (!left)
			break;
	}
	for (unsigned i = 0; i < g->port[1].n_out; i++)
		before += spi_of(g->port[1].out[i]) == KIT_SPI;
	CU_ASSERT_EQUAL(before, ahead); /* all of them have left */
	kit_port_empty(&g->port[1]);
	return n;
}

/* A queue that is never empty holds no memory of what was replaced. */
static void
test_never_empty(void)
{
	struct kit_gateway g;
	struct next next;
	unsigned n;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	g.cfg.sequence = CFG_SEQ_AFTER_QUEUE;
	g.ports[1].qos.shape = 1000000; /* 2.1 ms a packet */
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	next_init(&next, &g);
	n = freed_after(&g, &next, 2200 * US, 6);
	CU_ASSERT(n >= 5 && n < 40);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), 1000000 * US);
	kit_port_empty(&g.port[1]);
	stop(&g);
}

/* Nor does an engine that is never empty, and finishes in another order. */
static void
test_engine_never_empty(void)
{
	struct cfg_fault fault = {.kind = CFG_FAULT_REORDER, .rate = 0.3, .delay = 3000 * US};
	struct cfg_engine card = {.name = "slow",
		.kind = "card",
		.inner = "ipsec_mb",
		.queue = 256,
		.units = 1,
		.latency = 5000 * US,
		.sa_slots = 16,
		.seed = 7,
		.faults = &fault,
		.n_faults = 1};
	struct kit_gateway g;
	struct next next;
	unsigned n;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	g.cfg.engine_cfg = &card;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	next_init(&next, &g);
	n = freed_after(&g, &next, 1000 * US, 3);
	CU_ASSERT(n >= 5 && n < 60);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), 1000000 * US);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), 2000000 * US);
	kit_port_empty(&g.port[1]);
	dp_flush(g.dp);
	kit_gateway_stop(&g);
}

/* Six packets, of which five wait, and another policy for the port: all leave, once, in their order, and
 * `at_once` of them where the new queues have no room. */
static void
queue_changes(const struct cfg_qos *qos, unsigned at_once)
{
	struct kit_gateway g;
	struct cfg_port ports[2];
	struct next next;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	g.ports[1].qos.shape = 1000000; /* 2.1 ms a packet */
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	next_init(&next, &g);
	memcpy(ports, g.ports, sizeof(ports));
	next.cfg.ports = ports;
	ports[1].qos = *qos;
	for (unsigned i = 0; i < 6; i++)
		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), US);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, 2 * US, true), ST_OK);
	CU_ASSERT_EQUAL(g.port[1].n_out, 1 + at_once);
	CU_ASSERT_EQUAL(dp_held(g.dp), 5 - at_once);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 200, 0), 1000000 * US);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 7);
	for (unsigned i = 0; i < 7; i++)
		CU_ASSERT_EQUAL(seq_of(g.port[1].out[i]), i + 1);
	/* a class of the same name goes on counting */
	CU_ASSERT_EQUAL(qos_class_stats(dp_qos(g.dp, 1), 0)->packets_out, at_once ? 6 : 7);
	kit_port_empty(&g.port[1]);
	stop(&g);
}

static void
test_queue(void)
{
	struct cfg_class classes[] = {{.name = "fair", .queue_limit = 2}};
	const struct cfg_qos wide = {.kind = CFG_QOS_FIFO, .shape = 2000000, .queue_limit = 100},
			     narrow = {.kind = CFG_QOS_FIFO, .shape = 500000, .queue_limit = 1},
			     fair = {.kind = CFG_QOS_CBWFQ,
				     .shape = 2000000,
				     .classes = classes,
				     .n_classes = 1};

	queue_changes(&wide, 0);
	queue_changes(&narrow, 0);
	queue_changes(&fair, 3);
}

/* Limits of a port, and routes: the next packet goes by them. */
static void
test_limits(void)
{
	struct cfg_port ports[2];
	struct cfg_route routes[2];
	struct kit_gateway g;
	struct next next;

	start(&g, &next);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1000, 0), US);
	CU_ASSERT_EQUAL(g.port[1].n_out, 1);
	memcpy(ports, g.ports, sizeof(ports));
	memcpy(routes, g.routes, sizeof(routes));
	next.cfg.ports = ports;
	next.cfg.routes = routes;
	ports[1].ip_mtu = 600;
	CU_ASSERT_EQUAL(change(g.dp, &next.cfg, 2 * US, true), ST_OK);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1000, 0), 3 * US);
	CU_ASSERT_EQUAL(g.port[1].n_out, 3); /* two pieces */
	kit_port_empty(&g.port[1]);
	CU_ASSERT_PTR_EQUAL(g.port[1].port.gateway, &next.cfg);
	stop(&g);
}

int
suite_dp_change(void)
{
	CU_pSuite suite = CU_add_suite("dp_change", NULL, NULL);

	return !suite || !CU_add_test(suite, "never empty", test_never_empty) ||
	       !CU_add_test(suite, "engine never empty", test_engine_never_empty) ||
	       !CU_add_test(suite, "another queue", test_queue) || !CU_add_test(suite, "limits", test_limits);
}
