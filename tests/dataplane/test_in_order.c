/* Packets and an engine that has a will of its own (crypto/card): order given back, places that run out, jobs
 * that are lost, SAs without a session, and books that balance in all of it. */
#include <CUnit/CUnit.h>

#include "base/bytes.h"
#include "dataplane/in_order.h"
#include "dataplane/ipsec/ipv4.h"
#include "tests/kit/kit.h"

int suite_in_order(void);

#define US 1000u
#define MS 1000000u

/* 10 us a packet in a card that does wrong; both gateways have one of their own. */
static struct cfg_engine
card_of(struct cfg_fault *fault)
{
	return (struct cfg_engine){.name = "test",
		.kind = "card",
		.packet_time = 10 * US,
		.queue = 64,
		.timeout = 5 * MS,
		.faults = fault,
		.n_faults = fault ? 1 : 0};
}

static void
start(struct kit_gateway *g, const struct cfg_engine *own, const struct cfg_engine *peers)
{
	CU_ASSERT_FATAL(kit_init());
	g->cfg.engine_cfg = own;
	g->peer_engine = peers;
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

/* Puts n packets before a port at once; their length says which is which. */
static void
send_many(struct kit_gateway *g, unsigned n, uint64_t now)
{
	for (unsigned i = 0; i < n; i++)
		g->port[0].in[g->port[0].n_in++] = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100 + 16 * i, 0);
	g->port[0].due = now;
	while (dp_turn(g->dp, now))
		;
}

static uint32_t
seq_of(struct rte_mbuf *m)
{
	return load_be32(rte_pktmbuf_mtod(m, uint8_t *) + 24);
}

/* Turns until nothing is under way; true where the numbers that left ascend. */
static bool
ascending(struct kit_gateway *g)
{
	bool ascends = true;

	for (uint64_t t; (t = dp_next_due(g->dp)) != UINT64_MAX;)
		while (dp_turn(g->dp, t))
			;
	CU_ASSERT_EQUAL(dp_held(g->dp), 0);
	for (unsigned i = 1; i < g->port[1].n_out; i++)
		ascends &= seq_of(g->port[1].out[i]) > seq_of(g->port[1].out[i - 1]);
	return ascends;
}

static void
test_outbound(void)
{
	uint64_t jobs[] = {1, 4};
	struct cfg_fault fault = {CFG_FAULT_REORDER, .jobs = jobs, .n_jobs = 2, .delay = 35 * US};
	struct cfg_engine card = card_of(&fault);
	struct kit_gateway g;

	for (unsigned in_order = 0; in_order < 2; in_order++) {
		kit_gateway_init(&g, "esp-gcm 128");
		g.sas[0].in_order = in_order;
		start(&g, &card, NULL);
		send_many(&g, 8, 1);
		CU_ASSERT_EQUAL(dp_held(g.dp), 8);
		CU_ASSERT_EQUAL(ascending(&g), in_order);
		CU_ASSERT_EQUAL(g.port[1].n_out, 8);
		CU_ASSERT_EQUAL(dp_stage_stats(g.dp, STAGE_in_order)->packets, in_order ? 8 : 0);
		CU_ASSERT_EQUAL(dp_stage_stats(g.dp, STAGE_in_order)->calls == 0, !in_order);
		stop(&g);
	}
}

/* Those that wait are held; a lost one gives its place up, and they go. */
static void
test_lost(void)
{
	uint64_t jobs[] = {1};
	struct cfg_fault fault = {CFG_FAULT_LOST, .jobs = jobs, .n_jobs = 1};
	struct cfg_engine card = card_of(&fault);
	struct kit_gateway g;

	kit_gateway_init(&g, "esp-gcm 128");
	g.sas[0].in_order = true;
	start(&g, &card, NULL);
	send_many(&g, 4, 0);
	while (dp_turn(g.dp, 4 * MS))
		;
	CU_ASSERT_EQUAL(g.port[1].n_out, 0);
	CU_ASSERT_EQUAL(dp_held(g.dp), 4);
	CU_ASSERT_EQUAL(kit_books(&g), 0);
	CU_ASSERT(ascending(&g));
	CU_ASSERT_EQUAL(g.port[1].n_out, 3);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_ENGINE_LOST), 1);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_ENGINE_LOST);
	stop(&g);
}

/* Whoever is stopped while packets wait in order and in the engine leaves no packet behind. */
static void
test_flush(void)
{
	uint64_t jobs[] = {2};
	struct cfg_fault fault = {CFG_FAULT_LOST, .jobs = jobs, .n_jobs = 1};
	struct cfg_engine card = card_of(&fault);
	struct kit_gateway g;
	unsigned before;

	CU_ASSERT_FATAL(kit_init());
	before = rte_mempool_avail_count(kit_pool());
	kit_gateway_init(&g, "esp-gcm 128");
	g.sas[0].in_order = true;
	start(&g, &card, NULL);
	send_many(&g, 8, 0);
	while (dp_turn(
		g.dp, 50 * US)) /* 1 has gone, 2 never comes, 3 to 5 wait for it, the rest is in there */
		;
	CU_ASSERT_EQUAL(g.port[1].n_out, 1);
	CU_ASSERT_EQUAL(dp_held(g.dp), 7);
	stop(&g);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(kit_pool()), before);
}

/* Decryption in another order: the window sees it; with in_order it does not. */
static void
test_inbound(void)
{
	uint64_t jobs[] = {1};
	struct cfg_fault fault = {CFG_FAULT_REORDER, .jobs = jobs, .n_jobs = 1, .delay = MS};
	struct cfg_engine card = card_of(&fault);

	for (unsigned in_order = 0; in_order < 2; in_order++) {
		struct drop_event event = {0};
		struct kit_gateway g;
		const struct lag *lag;

		kit_gateway_init(&g, "esp-aes 128 esp-sha-hmac");
		g.sas[1].in_order = in_order;
		g.sas[1].window = 8;
		start(&g, NULL, &card);
		send_many(&g, 20, 0);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 20);
		for (unsigned i = 0; i < 20; i++)
			g.port[1].in[g.port[1].n_in++] = g.port[1].out[i];
		g.port[1].n_out = 0;
		g.port[1].due = 10 * US;
		for (uint64_t t = 10 * US; t <= 3 * MS; t += 10 * US)
			while (dp_turn(g.peer, t))
				;
		CU_ASSERT_EQUAL(g.port[0].n_out, in_order ? 20 : 19);
		CU_ASSERT_EQUAL(kit_drop(&g, &event), in_order ? DROP_NONE : DROP_REPLAY_OLD);
		/* the lag is that at the window, behind the card */
		lag = &dp_sa(g.peer, 1)->lag;
		CU_ASSERT_EQUAL(lag->packets, 20);
		CU_ASSERT_EQUAL(lag_window(lag, 1), in_order ? 1 : 20);
		CU_ASSERT_EQUAL(event.lag, in_order ? 0 : 19);
		stop(&g);
	}
}

/* Places and the queue of the card run out: those too many end by name, the others go on in order. */
static void
test_full(void)
{
	struct cfg_engine card = card_of(NULL);
	struct kit_gateway g;

	kit_gateway_init(&g, "esp-gcm 128");
	g.sas[0].in_order = true;
	card.queue = 5;
	start(&g, &card, NULL);
	send_many(&g, 8, 0);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_ENGINE_FULL), 3);
	CU_ASSERT(ascending(&g));
	CU_ASSERT_EQUAL(g.port[1].n_out, 5);
	stop(&g);
}

static void
test_places(void)
{
	struct in_order *order = in_order_create();
	struct rte_mbuf *m = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0);
	uint32_t ticket;

	CU_ASSERT_PTR_NOT_NULL_FATAL(order);
	order->first = order->next = UINT32_MAX - 5; /* tickets run freely */
	for (unsigned i = 0; i < IN_ORDER_PLACES; i++)
		CU_ASSERT(in_order_enter(order, &ticket));
	CU_ASSERT(!in_order_enter(order, &ticket));
	in_order_arrive(order, UINT32_MAX - 4, m); /* the second */
	CU_ASSERT_PTR_NULL(in_order_take(order));
	CU_ASSERT(!in_order_enter(order, &ticket));
	order->gone[(UINT32_MAX - 5) % IN_ORDER_PLACES] = true;
	CU_ASSERT_PTR_EQUAL(in_order_take(order), m);
	CU_ASSERT_PTR_NULL(in_order_take(order));
	CU_ASSERT(in_order_enter(order, &ticket));
	CU_ASSERT(in_order_enter(order, &ticket));
	CU_ASSERT_EQUAL(ticket, UINT32_MAX - 5 + IN_ORDER_PLACES + 1);
	CU_ASSERT(!in_order_enter(order, &ticket));
	rte_pktmbuf_free(m);
	in_order_destroy(order);
}

/* More completions at once than the inboxes behind the engine hold. */
static void
test_many(void)
{
	uint64_t jobs[] = {1};
	struct cfg_fault fault = {CFG_FAULT_LOST, .jobs = jobs, .n_jobs = 1};
	struct cfg_engine card = card_of(&fault);
	struct kit_gateway g;

	for (unsigned in_order = 0; in_order < 2; in_order++) {
		kit_gateway_init(&g, "esp-gcm 128");
		g.sas[0].in_order = in_order;
		card.queue = 2048;
		card.packet_time = 1;
		card.latency = MS;
		start(&g, &card, NULL);
		for (unsigned round = 0; round < 15; round++)
			send_many(&g, 60, round);
		CU_ASSERT_EQUAL(dp_held(g.dp), 900);
		while (dp_turn(g.dp, 2 * MS))
			;
		CU_ASSERT_EQUAL(g.port[1].n_out, in_order ? 0 : 899);
		CU_ASSERT(ascending(&g));
		CU_ASSERT_EQUAL(g.port[1].n_out, 899);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_INBOX), 0);
		stop(&g);
	}
}

/* The second SA finds no slot: the gateway stands all the same, and its packets end by name. */
static void
test_no_session(void)
{
	struct cfg_engine card = card_of(NULL);
	struct drop_event event;
	struct kit_gateway g;
	struct rte_mbuf *m, *copy;

	kit_gateway_init(&g, "esp-gcm 128");
	card.sa_slots = 1; /* outbound SAs come first */
	start(&g, &card, &card);
	CU_ASSERT_PTR_NOT_NULL(dp_sa(g.dp, 0)->session);
	CU_ASSERT_PTR_NULL(dp_sa(g.peer, 1)->session);
	send_many(&g, 1, 0);
	CU_ASSERT(ascending(&g));
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
	m = g.port[1].out[0];
	g.port[1].n_out = 0;
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	kit_send(&g, 1, m, MS);
	CU_ASSERT_EQUAL(kit_drop(&g, &event), DROP_NO_SESSION);
	CU_ASSERT_PTR_EQUAL(event.sa, dp_sa(g.peer, 1));
	CU_ASSERT_EQUAL(event.seq, 1);
	rte_pktmbuf_mtod(copy, uint8_t *)[23] ^= 1; /* SPI: this SA nobody knows */
	kit_send(&g, 1, copy, 2 * MS);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_NO_SA);
	stop(&g);

	kit_gateway_init(&g, "esp-gcm 128"); /* no algorithm at all, and at the encrypting end */
	card.profile = "ipsec-spa";
	start(&g, &card, NULL);
	send_many(&g, 2, 0);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_NO_SESSION), 2);
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, 0);
	CU_ASSERT_EQUAL(dp_held(g.dp), 0);
	stop(&g);
}

int
suite_in_order(void)
{
	CU_pSuite s = CU_add_suite("in_order", NULL, NULL);

	CU_ADD_TEST(s, test_outbound);
	CU_ADD_TEST(s, test_lost);
	CU_ADD_TEST(s, test_flush);
	CU_ADD_TEST(s, test_inbound);
	CU_ADD_TEST(s, test_full);
	CU_ADD_TEST(s, test_places);
	CU_ADD_TEST(s, test_many);
	CU_ADD_TEST(s, test_no_session);
	return 0;
}
