/* NAT-T through whole gateways: ESP in UDP in tunnel and transport mode, and NAT-keepalives after a silence
 * (RFC 3948 §2.3, §4), counted as created. */
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "tests/kit/kit.h"

int suite_keepalive(void);

#define MS UINT64_C(1000000)

static const uint8_t *
bytes_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *);
}

static void
start(struct kit_gateway *g, uint64_t silence)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, "esp-gcm 128");
	g->sas[0].natt = g->sas[1].natt = true;
	g->sas[0].natt_keepalive = g->sas[1].natt_keepalive = silence;
}

static void
run(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

/* Turns the gateway at `now`; what it has sent. */
static unsigned
turn(struct kit_gateway *g, uint64_t now)
{
	unsigned before = g->port[1].n_out;

	while (dp_turn(g->dp, now))
		;
	CU_ASSERT_EQUAL(kit_books(g), 0);
	return g->port[1].n_out - before;
}

static void
traffic(struct kit_gateway *g, uint64_t now)
{
	kit_send(g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0), now);
}

/* ---- keepalives ---- */

static void
bytes_check(struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *ip = bytes_of(m);

	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(m), 29);
	CU_ASSERT_EQUAL(rte_pktmbuf_pkt_len(m), 29);
	CU_ASSERT(ip[0] == 0x45 && load_be16(ip + 2) == 29 && ip[8] == 64 && ip[9] == 17);
	CU_ASSERT(load_be32(ip + 12) == KIT_WAN_ADDR && load_be32(ip + 16) == KIT_WAN_ADDR);
	CU_ASSERT_EQUAL(load_be32(ip + 20), 4500 << 16 | 4500);
	CU_ASSERT(load_be32(ip + 24) == 9 << 16 && ip[28] == 0xff);
	CU_ASSERT(pkt_of(m)->wire_bytes == 29 && pkt_of(m)->time_ns == now && !pkt_of(m)->sa);
	CU_ASSERT_EQUAL(pkt_of(m)->flow, PKT_NO_FLOW);
}

static void
test_silence(void)
{
	struct kit_gateway g;

	for (unsigned after = 0; after < 2; after++) {
		start(&g, 20 * MS);
		g.cfg.sequence = after ? CFG_SEQ_AFTER_QUEUE : CFG_SEQ_BEFORE_QUEUE;
		run(&g);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), 20 * MS);
		CU_ASSERT_EQUAL(turn(&g, 20 * MS - 1), 0);
		CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 0);
		for (unsigned i = 1; i <= 5; i++) {
			CU_ASSERT_EQUAL(turn(&g, 20 * MS * i), 1);
			bytes_check(g.port[1].out[i - 1], 20 * MS * i);
			CU_ASSERT_EQUAL(dp_stats(g.dp)->created, i);
			CU_ASSERT_EQUAL(dp_stats(g.dp)->tx, i);
			CU_ASSERT_EQUAL(dp_next_due(g.dp), 20 * MS * (i + 1));
		}
		/* a late turn sends one, not those that were missed */
		CU_ASSERT_EQUAL(turn(&g, 500 * MS), 1);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), 520 * MS);
		/* the laboratory is over: nothing to wait for */
		dp_keepalive_until(g.dp, 520 * MS - 1);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
		CU_ASSERT_EQUAL(turn(&g, 540 * MS), 0);
		dp_keepalive_until(g.dp, 520 * MS);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), 520 * MS);
		CU_ASSERT_EQUAL(turn(&g, 540 * MS), 1);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
		stop(&g);
	}
}

/* Traffic of the SA keeps the NAT awake; it takes no sequence number from the SA either. */
static void
test_traffic(void)
{
	struct kit_gateway g;

	for (unsigned after = 0; after < 2; after++) {
		start(&g, 20 * MS);
		g.cfg.sequence = after ? CFG_SEQ_AFTER_QUEUE : CFG_SEQ_BEFORE_QUEUE;
		run(&g);
		for (uint64_t now = 15 * MS; now < 200 * MS; now += 15 * MS) {
			traffic(&g, now);
			CU_ASSERT_EQUAL(dp_next_due(g.dp), now + 20 * MS);
		}
		CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 0);
		CU_ASSERT_EQUAL(turn(&g, 215 * MS - 1), 0);
		CU_ASSERT_EQUAL(turn(&g, 215 * MS), 1);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->seq, 13);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->packets, 13);
		stop(&g);
	}
}

/* RFC 3948 §2.3: the receiver ignores it, and no SA is touched. */
static void
test_received(void)
{
	struct kit_gateway g;
	struct drop_event event;

	start(&g, 20 * MS);
	run(&g);
	turn(&g, 20 * MS);
	g.port[1].n_out = 0;
	kit_send(&g, 1, g.port[1].out[0], 20 * MS);
	CU_ASSERT_EQUAL(kit_drop(&g, &event), DROP_NATT_KEEPALIVE);
	CU_ASSERT_STRING_EQUAL(drop_info[event.reason].text, "nat_keepalive");
	CU_ASSERT(event.bytes == 29 && event.proto == 17 && !event.sa);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_NATT_KEEPALIVE), 1);
	CU_ASSERT(dp_sa(g.peer, 1)->packets == 0 && dp_sa(g.peer, 1)->errors == 0);
	stop(&g);
}

/* Two SAs, each with its own silence. */
static void
test_two(void)
{
	struct kit_gateway g;
	unsigned sent = 0;

	start(&g, 30 * MS);
	g.sas[2] = g.sas[0];
	g.sas[2].spi++;
	g.sas[2].natt_keepalive = 50 * MS;
	g.cfg.n_sas = 3;
	run(&g);
	for (uint64_t now = MS; now <= 300 * MS; now += MS)
		sent += turn(&g, now);
	CU_ASSERT_EQUAL(sent, 10 + 6);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 16);
	stop(&g);
}

/* A thousand SAs that fell silent together: every one sends. */
static void
test_many(void)
{
	static struct cfg_sa sas[1000];
	struct kit_gateway g;

	start(&g, 20 * MS);
	for (unsigned i = 0; i < 1000; i++) {
		sas[i] = g.sas[0];
		sas[i].spi = 0x5000 + i;
	}
	g.cfg.sas = sas;
	g.cfg.n_sas = 1000;
	g.cfg.n_policies = 1; /* the outbound one */
	run(&g);
	turn(&g, 20 * MS);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 1000);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->tx, 1000);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_INBOX), 0);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), 40 * MS);
	stop(&g);
}

/* The next turn is on the grid of the gateway's polls. */
static void
test_poll(void)
{
	struct kit_gateway g;

	start(&g, 20 * MS);
	g.cfg.poll_interval = 7 * MS;
	run(&g);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), 21 * MS);
	CU_ASSERT_EQUAL(turn(&g, 21 * MS), 1);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), 42 * MS);
	stop(&g);
}

/* Where there is nothing to be sent, nothing is due. */
static void
test_none(void)
{
	struct port *ports[2];
	struct kit_gateway g;
	char message[256];
	struct dp *dp;

	for (unsigned i = 0; i < 2; i++) {
		start(&g, i ? 0 : 20 * MS);
		g.sas[0].natt = g.sas[1].natt = i;
		run(&g);
		CU_ASSERT_EQUAL(dp_next_due(g.dp), TIME_NEVER);
		CU_ASSERT_EQUAL(turn(&g, 1000 * MS), 0);
		stop(&g);
	}
	start(&g, 20 * MS);
	run(&g);
	ports[0] = &g.port[0].port;
	ports[1] = &g.port[1].port;
	CU_ASSERT_EQUAL_FATAL(dp_create(&g.cfg, ports, NULL, NULL, &dp, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL(dp_next_due(dp), TIME_NEVER); /* no pool, no packets */
	CU_ASSERT_FALSE(dp_turn(dp, 1000 * MS));
	CU_ASSERT_EQUAL(dp_stats(dp)->created, 0);
	dp_destroy(dp);
	stop(&g);
}

/* A peer that no route leads to: nothing is sent, and the gateway does not turn on the spot. */
static void
test_no_route(void)
{
	struct kit_gateway g;

	start(&g, 20 * MS);
	g.sas[0].dst = IP_V4(0x08080808);
	run(&g);
	CU_ASSERT_EQUAL(turn(&g, 20 * MS), 0);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 0);
	CU_ASSERT_EQUAL(dp_next_due(g.dp), 40 * MS);
	stop(&g);
}

/* ---- ESP in UDP ---- */

static void
test_tunnel(void)
{
	struct kit_gateway g;

	start(&g, 0);
	run(&g);
	for (uint32_t bytes = 28; bytes <= 1438; bytes += bytes == 28 ? 54 : 113) {
		struct rte_mbuf *m;

		kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0), MS);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
		g.port[1].n_out = 0;
		m = g.port[1].out[0];
		CU_ASSERT_EQUAL(rte_pktmbuf_data_len(m), 20 + 8 + 16 + (bytes + 2 + 3) / 4 * 4 + 16);
		CU_ASSERT_EQUAL(pkt_of(m)->wire_bytes, rte_pktmbuf_data_len(m));
		CU_ASSERT_EQUAL(bytes_of(m)[9], 17);
		CU_ASSERT_EQUAL(load_be32(bytes_of(m) + 20), 4500 << 16 | 4500);
		CU_ASSERT_EQUAL(load_be32(bytes_of(m) + 28), KIT_SPI);
		kit_send(&g, 1, m, MS);
		CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
		CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[0].out[0]), bytes);
		kit_port_empty(&g.port[0]);
	}
	/* 1500 - 20 - 8 - 16 - 16 = 1440, less 2 */
	kit_send(&g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1439, 0)), MS);
	CU_ASSERT_EQUAL(kit_drop(&g, NULL), DROP_TOO_BIG);
	stop(&g);
}

/* A pair of gateways before two hosts whose SA it is: the first's network is 10.1/16, the other's 10.2/16. */
struct hosts {
	struct kit_gateway g;
	struct cfg_port ports[2];
	struct cfg_route route;
	struct cfg_gateway peer_cfg;
	struct cfg_policy policy;
};

static void
hosts_start(struct hosts *h, const char *transform, bool natt)
{
	struct kit_gateway *g = &h->g;
	struct port *ports[2] = {&g->port[0].port, &g->port[1].port};
	char message[256];

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, transform);
	for (unsigned i = 0; i < 2; i++) {
		g->sas[i].src = IP_V4(KIT_LAN_SRC);
		g->sas[i].dst = IP_V4(KIT_LAN_DST);
		g->sas[i].mode = CFG_MODE_TRANSPORT;
		g->sas[i].natt = natt;
	}
	g->routes[0].via = IP_V4(KIT_WAN_ADDR + 1);
	g->routes[0].port = 1;
	g->cfg.n_sas = g->cfg.n_policies = 1; /* the other SA is the peer's alone */
	CU_ASSERT_FATAL(kit_gateway_start(g));
	dp_destroy(g->peer);
	memcpy(h->ports, g->ports, sizeof(h->ports));
	h->ports[0].address = CFG_PREFIX_V4(0x0a020001, 16);
	h->route = (struct cfg_route){
		.to = CFG_PREFIX_V4(0x0a010000, 16), .via = IP_V4(KIT_WAN_ADDR + 1), .port = 1};
	h->policy = g->policies[1];
	h->policy.sa_index = 0;
	h->peer_cfg = g->cfg;
	h->peer_cfg.ports = h->ports;
	h->peer_cfg.routes = &h->route;
	h->peer_cfg.sas = &g->sas[1];
	h->peer_cfg.policies = &h->policy;
	h->peer_cfg.n_policies = 1;
	CU_ASSERT_EQUAL_FATAL(
		dp_create(&h->peer_cfg, ports, kit_pool(), NULL, &g->peer, message, sizeof(message)), ST_OK);
}

static void
hosts_check(struct hosts *h, bool natt, uint32_t bytes)
{
	struct rte_mbuf *m, *clear = kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0x28), *in;
	bool ah = h->g.sas[0].transform[0] == 'a';
	struct kit_gateway *g = &h->g;

	store_be16(rte_pktmbuf_mtod(clear, uint8_t *) + 26, 0); /* no checksum of UDP */
	kit_send(g, 0, kit_bytes(bytes_of(clear), bytes), MS);
	CU_ASSERT_EQUAL_FATAL(g->port[1].n_out, 1);
	g->port[1].n_out = 0;
	m = g->port[1].out[0];
	CU_ASSERT_EQUAL(bytes_of(m)[9], ah ? 51 : natt ? 17 : 50);
	CU_ASSERT_EQUAL(bytes_of(m)[8], 63);
	CU_ASSERT(!memcmp(bytes_of(m) + 12, bytes_of(clear) + 12, 8)); /* the hosts' own addresses */
	CU_ASSERT_EQUAL(pkt_of(m)->wire_bytes, rte_pktmbuf_data_len(m));
	kit_send(g, 1, m, MS);
	CU_ASSERT_EQUAL_FATAL(g->port[0].n_out, 1);
	in = g->port[0].out[0];
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(in), bytes);
	CU_ASSERT_EQUAL(bytes_of(in)[8], 62);
	CU_ASSERT_EQUAL(bytes_of(in)[9], 17);
	CU_ASSERT(!memcmp(bytes_of(in) + 12, bytes_of(clear) + 12, bytes - 12));
	rte_pktmbuf_free(clear);
	kit_port_empty(&g->port[0]);
}

static void
test_transport(void)
{
	static const char *const transforms[] = {
		"esp-gcm 128", "esp-aes 128 esp-sha-hmac", "ah-sha-hmac", "ah-sha256-hmac"};
	struct hosts h;

	for (unsigned i = 0; i < 8; i++) {
		bool natt = i >= 4;

		if (natt && i % 4 >= 2)
			continue; /* AH does not pass a NAT */
		hosts_start(&h, transforms[i % 4], natt);
		for (uint32_t bytes = 28; bytes < 1400; bytes += 61)
			hosts_check(&h, natt, bytes);
		stop(&h.g);
	}
}

/* Fragments are no packets for transport mode (RFC 4303 §3.3.4), headers with broken options none for AH. */
static void
test_transport_refuses(void)
{
	struct hosts h;

	for (unsigned i = 0; i < 4; i++) {
		uint8_t ip[100] = {0x46, 0, 0, 100, 0, 1, i & 1 ? 0x20 : 0, 0, 64, 253};

		hosts_start(&h, i & 2 ? "ah-sha-hmac" : "esp-gcm 128", false);
		store_be32(ip + 12, KIT_LAN_SRC);
		store_be32(ip + 16, KIT_LAN_DST);
		ip[20] = 7;
		ip[21] = 0; /* record route, of no length */
		for (uint32_t k = 0, sum = 0; k < 24; k += 2) {
			sum += k == 10 ? 0 : load_be16(ip + k);
			store_be16(ip + 10, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
		}
		kit_send(&h.g, 0, kit_bytes(ip, 100), MS);
		CU_ASSERT_EQUAL(kit_drop(&h.g, NULL), i & 1 ? DROP_FRAGMENT : i ? DROP_IP_HEADER : DROP_NONE);
		CU_ASSERT_EQUAL(h.g.port[1].n_out, i == 0);
		CU_ASSERT_EQUAL(dp_sa(h.g.dp, 0)->seq, i == 0);
		stop(&h.g);
	}
}

int
suite_keepalive(void)
{
	CU_pSuite s = CU_add_suite("keepalive", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_silence);
	CU_ADD_TEST(s, test_traffic);
	CU_ADD_TEST(s, test_received);
	CU_ADD_TEST(s, test_two);
	CU_ADD_TEST(s, test_many);
	CU_ADD_TEST(s, test_poll);
	CU_ADD_TEST(s, test_none);
	CU_ADD_TEST(s, test_no_route);
	CU_ADD_TEST(s, test_tunnel);
	CU_ADD_TEST(s, test_transport);
	CU_ADD_TEST(s, test_transport_refuses);
	return (int)CU_get_error();
}
