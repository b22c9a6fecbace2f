/* The process path: its queue and limit, order, exact service, what is left inside, and that a gateway has
 * none unless it is told to. */
#include "dataplane/process.h"

#include "tests/dataplane/process_rig.h"

int suite_process(void);

static void
init(struct kit_gateway *g, uint32_t rate, uint64_t delay, uint32_t queue)
{
	rig_paths_init(g);
	g->cfg.switching = CFG_SWITCHING_PROCESS;
	g->cfg.process_rate = rate;
	g->cfg.process_delay = delay;
	g->cfg.process_queue = queue;
}

static void
send_at_once(struct kit_gateway *g, unsigned n, uint64_t now)
{
	for (unsigned i = 0; i < n; i++)
		g->port[0].in[g->port[0].n_in++] = rig_numbered(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), i);
	g->port[0].due = now;
	while (dp_turn(g->dp, now))
		;
}

/* ---- nobody pays for what is not there ---- */

static void
test_default_is_one_path(void)
{
	static const enum cfg_switching one[] = {CFG_SWITCHING_INHERIT, CFG_SWITCHING_ONE_PATH};
	struct kit_gateway g;

	for (unsigned i = 0; i < 2; i++) {
		init(&g, 1, NS_PER_SEC, 1);
		g.cfg.switching = one[i];
		rig_start(&g);
		send_at_once(&g, 100, 5);
		CU_ASSERT_EQUAL(g.port[1].n_out, 100);
		CU_ASSERT_PTR_NULL(dp_process_stats(g.dp));
		CU_ASSERT_EQUAL(dp_stage_stats(g.dp, STAGE_switching)->calls, 0);
		CU_ASSERT_EQUAL(dp_stage_stats(g.dp, STAGE_process)->calls, 0);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
		rig_stop(&g);
	}
}

/* A port may say otherwise than its gateway, in every combination. */
static void
test_ports(void)
{
	for (unsigned all = 0; all <= CFG_SWITCHING_PROCESS; all++)
		for (unsigned own = 0; own <= CFG_SWITCHING_PROCESS; own++) {
			unsigned kind = own ? own : all ? all : CFG_SWITCHING_ONE_PATH;
			const struct process_stats *stats;
			struct kit_gateway g;

			init(&g, 0, 0, 10);
			g.cfg.switching = (enum cfg_switching)all;
			g.ports[0].switching = (enum cfg_switching)own;
			rig_start(&g);
			send_at_once(&g, 3, 5);
			CU_ASSERT_EQUAL(g.port[1].n_out, 3);
			stats = dp_process_stats(g.dp);
			CU_ASSERT_EQUAL(stats ? stats->causes[PROCESS_NO_ROUTE_CACHE] : 0,
				kind == CFG_SWITCHING_PROCESS ? 3 : 0);
			CU_ASSERT_EQUAL(stats ? stats->causes[PROCESS_MISS] + stats->fast : 0,
				kind == CFG_SWITCHING_FAST ? 3 : 0);
			rig_stop(&g);
		}
}

/* ---- service ---- */

/* 3 packets a second: the k-th is finished at k/3 s, rounded up once, however many there were before. */
static void
test_rate_is_exact(void)
{
	static const uint64_t delays[] = {0, 7, 250 * MS};

	for (unsigned d = 0; d < 3; d++) {
		uint64_t begin = 11;
		struct kit_gateway g;

		init(&g, 3, delays[d], 75);
		g.cfg.poll_interval = 1 * MS; /* the process knows no polls */
		rig_start(&g);
		begin = 11 * MS;
		send_at_once(&g, 70, begin);
		CU_ASSERT_EQUAL(dp_held(g.dp), 70);
		for (unsigned k = 1; k <= 70; k++) {
			uint64_t due = begin + (k * NS_PER_SEC + 2) / 3 + delays[d];

			CU_ASSERT_EQUAL(dp_next_due(g.dp), due);
			CU_ASSERT_FALSE(dp_turn(g.dp, due - 1));
			CU_ASSERT_EQUAL(g.port[1].n_out, k - 1);
			CU_ASSERT_TRUE(dp_turn(g.dp, due));
			CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, k);
			CU_ASSERT_EQUAL(rig_num(&g, 1, k - 1), k - 1);
			CU_ASSERT_EQUAL(dp_held(g.dp), 70 - k);
			CU_ASSERT_EQUAL(kit_books(&g), 0);
		}
		CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
		rig_stop(&g);
	}
}

/* A process that was idle begins with the packet; one that is busy, when it is free. */
static void
test_busy_and_idle(void)
{
	static const uint64_t sent[] = {0, 3, 20, 21, 22}, out[] = {10, 20, 30, 40, 50};
	struct kit_gateway g;
	unsigned seen = 0;

	init(&g, 100, 0, 75);
	rig_start(&g);
	for (uint64_t ms = 0; ms < 60; ms++) {
		rig_turn(g.dp, ms * MS);
		for (unsigned i = 0; i < 5; i++)
			if (sent[i] == ms)
				rig_send(&g, i, 0, ms * MS);
		for (; seen < g.port[1].n_out; seen++)
			CU_ASSERT_EQUAL(out[seen], ms);
	}
	CU_ASSERT_EQUAL(seen, 5);
	rig_stop(&g);
}

/* rate 0: a delay for each, no queueing.  With no delay either they go on in the same turn. */
static void
test_no_rate(void)
{
	struct kit_gateway g;

	init(&g, 0, 5 * MS, 1000);
	rig_start(&g);
	send_at_once(&g, 300, 1 * MS);
	CU_ASSERT_EQUAL(g.port[1].n_out, 0);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), 6 * MS);
	while (dp_turn(g.dp, 6 * MS))
		;
	CU_ASSERT_EQUAL(g.port[1].n_out, 300);
	for (unsigned i = 0; i < 300; i++)
		CU_ASSERT_EQUAL(rig_num(&g, 1, i), i);
	rig_stop(&g);

	init(&g, 0, 0, 1000);
	rig_start(&g);
	send_at_once(&g, 600, 1 * MS);
	CU_ASSERT_EQUAL(g.port[1].n_out, 600);
	rig_stop(&g);
}

/* ---- the limit ---- */

static void
test_overflow(void)
{
	const struct process_stats *stats;
	struct drop_event event;
	struct kit_gateway g;

	init(&g, 1000, 0, 3);
	rig_start(&g);
	send_at_once(&g, 8, 0);
	CU_ASSERT_EQUAL(dp_held(g.dp), 3);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_PROCESS_FULL), 5);
	CU_ASSERT_EQUAL(kit_books(&g), 0);
	for (unsigned i = 3; i < 8; i++) {
		CU_ASSERT_EQUAL(kit_drop(&g, &event), DROP_PROCESS_FULL);
		CU_ASSERT_EQUAL(event.num, i);
	}
	CU_ASSERT_STRING_EQUAL(drop_info[DROP_PROCESS_FULL].text, "process_queue_full");
	stats = dp_process_stats(g.dp);
	CU_ASSERT_EQUAL(stats->causes[PROCESS_NO_ROUTE_CACHE], 8);
	CU_ASSERT_EQUAL(stats->depth_max, 3);
	rig_turn(g.dp, 1 * MS); /* one has gone: there is room for one */
	send_at_once(&g, 2, 1 * MS);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_PROCESS_FULL), 6);
	/* those that were dropped took no time of the process */
	rig_turn(g.dp, 4 * MS);
	CU_ASSERT_EQUAL(g.port[1].n_out, 4);
	CU_ASSERT_EQUAL(dp_held(g.dp), 0);
	rig_stop(&g);
}

/* Round the ring many times, of a size that is no power of two. */
static void
test_ring_wraps(void)
{
	struct kit_gateway g;
	unsigned out = 0;

	init(&g, 1000, 0, 5);
	rig_start(&g);
	for (unsigned round = 0; round < 200; round++) {
		send_at_once(&g, 5, round * 5 * MS);
		CU_ASSERT_EQUAL(dp_held(g.dp), 5);
		rig_turn(g.dp, (round + 1) * 5 * MS);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 5);
		for (unsigned i = 0; i < 5; i++, out++)
			CU_ASSERT_EQUAL(rig_num(&g, 1, i), i);
		kit_port_empty(&g.port[1]);
	}
	CU_ASSERT_EQUAL(out, 1000);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_PROCESS_FULL), 0);
	rig_stop(&g);
}

/* What waits when a gateway ends goes back to the pool. */
static void
test_flush(void)
{
	unsigned before;
	struct kit_gateway g;

	init(&g, 1, 0, 75);
	before = rte_mempool_avail_count(kit_pool());
	rig_start(&g);
	send_at_once(&g, 20, 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(kit_pool()), before - 20);
	CU_ASSERT_EQUAL(kit_books(&g), 0);
	dp_flush(g.dp);
	CU_ASSERT_EQUAL(dp_held(g.dp), 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(kit_pool()), before);
	kit_gateway_stop(&g);
}

int
suite_process(void)
{
	CU_pSuite s = CU_add_suite("process", NULL, NULL);

	CU_ADD_TEST(s, test_default_is_one_path);
	CU_ADD_TEST(s, test_ports);
	CU_ADD_TEST(s, test_rate_is_exact);
	CU_ADD_TEST(s, test_busy_and_idle);
	CU_ADD_TEST(s, test_no_rate);
	CU_ADD_TEST(s, test_overflow);
	CU_ADD_TEST(s, test_ring_wraps);
	CU_ADD_TEST(s, test_flush);
	return 0;
}
