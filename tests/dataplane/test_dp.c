/* Whole gateways, packet by packet: what goes through, what ends and under which name, and that the books
 * balance. */
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ipv4.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

int suite_dp(void);

#define US 1000u

static void
start(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

/* Encrypts one packet; it is the caller's. */
static struct rte_mbuf *
protect(struct kit_gateway *g, uint32_t bytes, uint64_t now)
{
	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0), now);
	CU_ASSERT_EQUAL_FATAL(g->port[1].n_out, 1);
	g->port[1].n_out = 0;
	return g->port[1].out[0];
}

static void
test_round_trip(void)
{
	static const char *const transforms[] = {"esp-gcm 128", "esp-gcm 256", "esp-aes 128 esp-sha-hmac",
		"esp-aes 256 esp-sha256-hmac", "esp-null esp-sha-hmac", "esp-aes 128"};
	struct kit_gateway g;

	for (unsigned t = 0; t < sizeof(transforms) / sizeof(*transforms); t++)
		for (unsigned mode = 0; mode < 4; mode++) {
			kit_gateway_init(&g, transforms[t]);
			g.sas[0].esn = g.sas[1].esn = mode & 1;
			g.cfg.sequence = mode & 2 ? CFG_SEQ_AFTER_QUEUE : CFG_SEQ_BEFORE_QUEUE;
			start(&g);
			for (unsigned bytes = 28; bytes < 1400; bytes += 61) {
				struct rte_mbuf *m = protect(&g, bytes, bytes * US), *in;
				struct rte_mbuf *clear = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0);

				CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[IPV4_PROTO], IPV4_PROTO_ESP);
				kit_send(&g, 1, m, bytes * US + 500);
				CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
				in = g.port[0].out[0];
				CU_ASSERT_EQUAL(rte_pktmbuf_data_len(in), bytes);
				CU_ASSERT_EQUAL(rte_pktmbuf_mtod(in, uint8_t *)[IPV4_TTL], 62);
				CU_ASSERT(ipv4_checksum_ok(rte_pktmbuf_mtod(in, uint8_t *), 20));
				CU_ASSERT(!memcmp(rte_pktmbuf_mtod(in, uint8_t *) + 12,
					rte_pktmbuf_mtod(clear, uint8_t *) + 12, bytes - 12));
				rte_pktmbuf_free(clear);
				kit_port_empty(&g.port[0]);
			}
			stop(&g);
		}
}

/* Sends m, expects that it ends as `reason`, with exactly one event. */
static void
expect(struct kit_gateway *g, unsigned port, struct rte_mbuf *m, enum drop reason)
{
	uint64_t before = kit_drops(g, reason);

	kit_send(g, port, m, 1);
	CU_ASSERT_EQUAL(kit_drop(g, NULL), reason);
	CU_ASSERT_EQUAL(kit_drop(g, NULL), DROP_NONE);
	CU_ASSERT_EQUAL(kit_drops(g, reason), before + 1);
	CU_ASSERT_EQUAL(g->port[0].n_out + g->port[1].n_out, 0);
	CU_ASSERT_EQUAL(kit_books(g), 0);
}

/* A clear packet with one byte changed and the checksum mended where asked for. */
static struct rte_mbuf *
changed(unsigned at, uint8_t value, int mend)
{
	struct rte_mbuf *m = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	ip[at] = value;
	if (mend)
		ipv4_checksum_set(ip, 20);
	return m;
}

static void
test_clear_drops(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m;

	kit_gateway_init(&g, "esp-gcm 128");
	g.policies[1] = g.policies[0];
	g.policies[1].action = CFG_BYPASS;
	g.policies[1].src = (struct cfg_prefix){0};
	g.policies[1].dst = (struct cfg_prefix){0};
	g.policies[1].proto = IPV4_PROTO_UDP;
	start(&g);
	for (unsigned len = 1; len < 20; len++) {
		m = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0);
		rte_pktmbuf_trim(m, (uint16_t)(100 - len));
		expect(&g, 0, m, DROP_RUNT);
	}
	expect(&g, 0, changed(0, 0x55, 1), DROP_IP_HEADER);
	expect(&g, 0, changed(0, 0x44, 1), DROP_IP_HEADER);
	expect(&g, 0, changed(3, 101, 1), DROP_IP_HEADER); /* longer than the packet */
	expect(&g, 0, changed(3, 19, 1), DROP_IP_HEADER);  /* shorter than its header */
	expect(&g, 0, changed(10, 0x55, 0), DROP_IP_HEADER);
	expect(&g, 0, changed(8, 1, 1), DROP_TTL);
	expect(&g, 0, changed(8, 0, 1), DROP_TTL);
	expect(&g, 0, kit_udp(KIT_LAN_SRC, 0x08080808, 100, 0), DROP_NO_ROUTE);
	m = kit_udp(KIT_LAN_SRC, 0x08080808, 100, 0);
	rte_pktmbuf_mtod(m, uint8_t *)[IPV4_PROTO] = IPV4_PROTO_ICMP;
	ipv4_checksum_set(rte_pktmbuf_mtod(m, uint8_t *), 20);
	expect(&g, 0, m, DROP_POLICY_NONE);
	expect(&g, 0, kit_udp(KIT_LAN_SRC, 0x0a010001, 100, 0), DROP_NOT_MINE);
	/* 1446 fits: facts §3 */
	expect(&g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1447, 0)), DROP_TOO_BIG);
	stop(&g);
}

static void
test_policies(void)
{
	struct kit_gateway g;

	kit_gateway_init(&g, "esp-gcm 128");
	g.policies[0].action = CFG_DISCARD;
	g.policies[0].dscp = UINT64_C(1) << 46;
	g.policies[1] = g.policies[0];
	g.policies[1].action = CFG_BYPASS;
	g.policies[1].dscp = UINT64_C(1) << 10;
	start(&g);
	expect(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 46 << 2), DROP_POLICY_DISCARD);
	expect(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), DROP_POLICY_NONE);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 10 << 2), 2);
	CU_ASSERT_EQUAL(g.port[0].n_out, 1); /* its route leads back to the LAN: in the clear */
	CU_ASSERT_EQUAL(g.sas[0].first_seq, 1);
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, 0);
	stop(&g);
}

static void
test_esp_drops(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m, *copy;
	struct drop_event event;

	kit_gateway_init(&g, "esp-gcm 128");
	start(&g);
	m = protect(&g, 200, 1);
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	rte_pktmbuf_mtod(copy, uint8_t *)[21] ^= 1; /* SPI */
	kit_send(&g, 1, copy, 1);
	CU_ASSERT_EQUAL(kit_drop(&g, &event), DROP_NO_SA);
	CU_ASSERT_EQUAL(event.spi, KIT_SPI ^ 0x10000);
	CU_ASSERT_EQUAL(event.seq, 1);
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	rte_pktmbuf_mtod(copy, uint8_t *)[60] ^= 1;
	expect(&g, 1, copy, DROP_ICV);
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	rte_pktmbuf_mtod(copy, uint8_t *)[6] = 0x20; /* more fragments */
	ipv4_checksum_set(rte_pktmbuf_mtod(copy, uint8_t *), 20);
	expect(&g, 1, copy, DROP_FRAGMENT);
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), 40);
	store_be16(rte_pktmbuf_mtod(copy, uint8_t *) + 2, 40);
	ipv4_checksum_set(rte_pktmbuf_mtod(copy, uint8_t *), 20);
	expect(&g, 1, copy, DROP_ESP_LENGTH);
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	kit_send(&g, 1, m, 2); /* none of them has marked its number */
	CU_ASSERT_EQUAL(g.port[0].n_out, 1);
	kit_port_empty(&g.port[0]);
	kit_send(&g, 1, copy, 3);
	CU_ASSERT_EQUAL(kit_drop(&g, &event), DROP_REPLAY_DUP);
	CU_ASSERT_EQUAL(event.seq, 1);
	CU_ASSERT_EQUAL(event.right_edge, 1);
	CU_ASSERT_EQUAL(event.window, 64);
	CU_ASSERT_EQUAL(event.spi, KIT_SPI);
	CU_ASSERT_EQUAL(event.time_ns, 3);
	CU_ASSERT_EQUAL(drop_info[event.reason].status, HW_STATUS_ESP_SEQ);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->replays, 1);
	CU_ASSERT_EQUAL(dp_sa(g.peer, 1)->errors, 2);
	stop(&g);
}

/* An inner packet that another policy would have had to bring. */
static void
test_inbound_policy(void)
{
	struct kit_gateway g;

	kit_gateway_init(&g, "esp-gcm 128");
	g.policies[1].src.addr = ip_v4(0x0a630000);
	start(&g);
	expect(&g, 1, protect(&g, 100, 1), DROP_POLICY_IN);
	stop(&g);
}

/* Packet i of `order` numbers arrives; returns how many are delivered. */
static unsigned
arrive(struct kit_gateway *g, struct rte_mbuf **kept, const unsigned *order, unsigned n)
{
	unsigned delivered;

	for (unsigned i = 0; i < n; i++)
		g->port[1].in[g->port[1].n_in++] = kept[order[i]];
	g->port[1].due = 1000;
	while (dp_turn(g->peer, 1000)) /* all in one burst */
		;
	delivered = g->port[0].n_out;
	kit_port_empty(&g->port[0]);
	return delivered;
}

/* Lag and verdict of packets that arrive in one burst are those of packets that arrive one by one. */
static void
test_burst_lag(void)
{
	static const unsigned order[] = {0, 20, 3, 21, 22, 4, 23, 13, 14};
	struct rte_mbuf *kept[24];
	struct kit_gateway g;
	const struct sa *sa;

	kit_gateway_init(&g, "esp-gcm 128");
	g.sas[1].window = 10;
	start(&g);
	sa = dp_sa(g.peer, 1);
	for (unsigned i = 0; i < 24; i++)
		kept[i] = protect(&g, 100, i + 1);
	CU_ASSERT_EQUAL(arrive(&g, kept, order, 9),
		6); /* 3 (lag 17), 4 (18) and 13 (10) are too old; 14 (9) is not */
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 9), 4);
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 10), 3);
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 11), 2);
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 18), 1);
	CU_ASSERT_EQUAL(lag_loss(&sa->lag, 19), 0);
	CU_ASSERT_EQUAL(lag_window(&sa->lag, 1.0), 19);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_REPLAY_OLD), 3);
	CU_ASSERT_EQUAL(kit_books(&g), 0);
	for (unsigned i = 0; i < 24; i++) {
		unsigned used = 0;

		for (unsigned k = 0; k < 9; k++)
			used |= order[k] == i;
		if (!used)
			rte_pktmbuf_free(kept[i]);
	}
	stop(&g);
}

static void
test_no_authentication_no_replay_check(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m, *copy;

	kit_gateway_init(&g, "esp-aes 128");
	start(&g);
	m = protect(&g, 100, 1);
	copy = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	kit_send(&g, 1, m, 2);
	kit_send(&g, 1, copy, 3);
	CU_ASSERT_EQUAL(g.port[0].n_out, 2);
	stop(&g);
}

static void
test_sequence_exhausted(void)
{
	struct kit_gateway g;

	kit_gateway_init(&g, "esp-gcm 128");
	g.sas[0].first_seq = UINT32_MAX; /* the last number */
	g.sas[1].first_seq = UINT32_MAX;
	start(&g);
	kit_send(&g, 1, protect(&g, 100, 1), 2);
	CU_ASSERT_EQUAL(g.port[0].n_out, 1);
	kit_port_empty(&g.port[0]);
	expect(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), DROP_SEQ_EXHAUSTED);
	expect(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), DROP_SEQ_EXHAUSTED);
	stop(&g);
}

/* With ESN the counter goes on across 2^32, and the peer follows. */
static void
test_esn_rolls_over(void)
{
	struct kit_gateway g;

	kit_gateway_init(&g, "esp-aes 128 esp-sha-hmac");
	for (unsigned i = 0; i < 2; i++) {
		g.sas[i].esn = true;
		g.sas[i].first_seq = UINT32_MAX - 2;
	}
	start(&g);
	for (unsigned i = 0; i < 6; i++)
		kit_send(&g, 1, protect(&g, 100, 2 * i + 1), 2 * i + 2);
	CU_ASSERT_EQUAL(g.port[0].n_out, 6);
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, UINT64_C(0x100000002));
	stop(&g);
}

/* Two classes, a slow port: the number is taken where the configuration says, and the wire sees the same
 * order. */
static void
test_sequence_after_queue(void)
{
	struct cfg_class classes[] = {
		{.name = "voice", .dscp = UINT64_C(1) << 46, .priority = 100000, .queue_limit = 64},
		{.name = "rest", .queue_limit = 64}};
	struct kit_gateway g;
	uint32_t last = 0;

	for (unsigned after = 0; after < 2; after++) {
		unsigned inversions = 0;

		kit_gateway_init(&g, "esp-gcm 128");
		g.cfg.sequence = after ? CFG_SEQ_AFTER_QUEUE : CFG_SEQ_BEFORE_QUEUE;
		g.ports[1].qos = (struct cfg_qos){.kind = CFG_QOS_CBWFQ, .classes = classes, .n_classes = 2};
		g.port[1].port.rate = 1000000;
		start(&g);
		for (unsigned i = 0; i < 8; i++)
			kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 500, i % 4 == 3 ? 46 << 2 : 0), 1);
		while (dp_turn(g.dp, 100000 * US))
			;
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 8);
		for (unsigned i = 0; i < 8; i++) {
			uint32_t seq = load_be32(rte_pktmbuf_mtod(g.port[1].out[i], uint8_t *) + 24);

			inversions += i && seq < last;
			last = seq;
		}
		CU_ASSERT_EQUAL(inversions, after ? 0 : 1); /* 1 4 8 2 3 5 6 7: voice overtakes */
		stop(&g);
	}
}

int
suite_dp(void)
{
	CU_pSuite s = CU_add_suite("dp", NULL, NULL);

	CU_ADD_TEST(s, test_round_trip);
	CU_ADD_TEST(s, test_clear_drops);
	CU_ADD_TEST(s, test_policies);
	CU_ADD_TEST(s, test_esp_drops);
	CU_ADD_TEST(s, test_inbound_policy);
	CU_ADD_TEST(s, test_burst_lag);
	CU_ADD_TEST(s, test_no_authentication_no_replay_check);
	CU_ADD_TEST(s, test_sequence_exhausted);
	CU_ADD_TEST(s, test_esn_rolls_over);
	CU_ADD_TEST(s, test_sequence_after_queue);
	return 0;
}
