/* ICMP about packets that are too big: byte for byte what gateways send, how often, and whom they believe. */
#include "dataplane/frag/icmp.h"

#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/spd.h"
#include "dataplane/worker.h"
#include "tests/dataplane/frag/frag_rig.h"

int suite_pmtu(void);

static const uint8_t *
bytes_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *);
}

/* RFC 1071, with the pseudo header of RFC 8200 where there is one. */
static uint16_t
sum_of(const uint8_t *p, uint32_t bytes, const uint8_t *addresses)
{
	uint32_t sum = addresses ? bytes + 58 : 0;

	for (uint32_t i = 0; addresses && i < 32; i += 2)
		sum += (uint32_t)(addresses[i] << 8 | addresses[i + 1]);
	for (uint32_t i = 0; i < bytes; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
start(struct kit_gateway *g, bool v6)
{
	CU_ASSERT_FATAL(kit_init());
	rig_init(g, "esp-gcm 128", v6, v6);
	g->ports[1].mtu = 1500;
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

static void
test_bytes4(void)
{
	static const uint8_t head[28] = {0x45, 0xc0, 2, 0x40, 0, 0, 0, 0, 64, 1, 0, 0, 10, 1, 0, 1, 10, 1, 0,
		10, 3, 4, 0, 0, 0, 0, 0x5, 0xa6};
	struct kit_gateway g;
	uint8_t want[576], was[1447];
	struct rte_mbuf *m;

	start(&g, false);
	m = kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1447, 0));
	memcpy(was, bytes_of(m), sizeof(was));
	kit_send(&g, 0, m, 5);
	CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
	m = g.port[0].out[0];
	was[8]--; /* as it was when it did not fit */
	store_be16(was + 10, 0);
	store_be16(was + 10, sum_of(was, 20, NULL));
	memcpy(want, head, 28); /* from 10.1.0.1 to 10.1.0.10; 1446 fits */
	memcpy(want + 4, bytes_of(m) + 4, 2); /* frag/ident.h */
	memcpy(want + 28, was, 548);
	store_be16(want + 10, sum_of(want, 20, NULL));
	store_be16(want + 22, sum_of(want + 20, 556, NULL));
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_data_len(m), 576);
	CU_ASSERT_EQUAL(memcmp(bytes_of(m), want, 576), 0);
	CU_ASSERT(pkt_of(m)->flow == PKT_NO_FLOW && pkt_of(m)->time_ns == 5 && !pkt_of(m)->sa);
	CU_ASSERT_EQUAL(pkt_of(m)->wire_bytes, 576);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 1);
	stop(&g);
}

static void
test_bytes6(void)
{
	struct kit_gateway g;
	uint8_t want[1280] = {0x6c, 0, 0, 0, 4, 0xd8, 58, 64}, was[1500];
	struct rte_mbuf *m;

	start(&g, true);
	m = kit_udp6(RIG_SRC6, RIG_DST6, 1500, 0);
	memcpy(was, bytes_of(m), sizeof(was));
	was[7]--;
	kit_send(&g, 0, m, 5);
	CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
	m = g.port[0].out[0];
	ip_store6(want + 8, RIG_LAN6);
	ip_store6(want + 24, RIG_SRC6);
	want[40] = 2;
	store_be32(want + 44, 1426); /* 1500 - 40 - 8 - 8 - 16 = 1428, less 2 */
	memcpy(want + 48, was, 1232);
	store_be16(want + 42, sum_of(want + 40, 1240, want + 8));
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_data_len(m), 1280);
	CU_ASSERT_EQUAL(memcmp(bytes_of(m), want, 1280), 0);
	stop(&g);
}

static uint32_t
too_big_write(const uint8_t *ip, struct ip_addr from, uint32_t mtu, uint16_t id, uint8_t *out)
{
	return frag_icmp_write(FRAG_ICMP_TOO_BIG, ip, 1500, from, mtu, id, out);
}

/* None about errors, later fragments, and sources that are nobody. */
static void
test_silent(void)
{
	static const struct {
		uint8_t at, value, type;
		bool none;
	} rows[] = {{9, 1, 8, false}, {9, 1, 0, false}, {9, 1, 3, true}, {9, 1, 4, true}, {9, 1, 5, true},
		{9, 1, 11, true}, {9, 1, 12, true}, {7, 1, 0, true}, {12, 224, 0, true}, {12, 0, 0, true},
		{12, 127, 0, true}, {16, 224, 0, true}, {9, 6, 3, false}};
	uint8_t ip[1500], out[1280];
	struct rte_mbuf *m;

	CU_ASSERT_FATAL(kit_init());
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		m = kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1500, 0));
		memcpy(ip, bytes_of(m), 1500);
		rte_pktmbuf_free(m);
		ip[rows[i].at] = rows[i].value;
		ip[20] = rows[i].type;
		CU_ASSERT_EQUAL(too_big_write(ip, IP_V4(1), 1400, 0, out) == 0, rows[i].none);
	}
	m = kit_udp6(RIG_SRC6, RIG_DST6, 1500, 0);
	memcpy(ip, bytes_of(m), 1500);
	rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(too_big_write(ip, IP_V4(1), 1400, 0, out), 0); /* not of its family */
	CU_ASSERT_EQUAL(too_big_write(ip, RIG_LAN6, 1400, 0, out), 1280);
	ip[24] = 0xff; /* "too big" may be said of packets to a group */
	CU_ASSERT_EQUAL(too_big_write(ip, RIG_LAN6, 1400, 0, out), 1280);
	ip[6] = 58;
	for (unsigned type = 0; type < 256; type++) {
		ip[40] = (uint8_t)type;
		CU_ASSERT_EQUAL(too_big_write(ip, RIG_LAN6, 1400, 0, out) == 0, type < 128);
	}
	ip[8] = 0xff;
	CU_ASSERT_EQUAL(too_big_write(ip, RIG_LAN6, 1400, 0, out), 0);
	memset(ip + 8, 0, 16);
	CU_ASSERT_EQUAL(too_big_write(ip, RIG_LAN6, 1400, 0, out), 0);
}

/* Ten at once, and then as many as the rate says. */
static void
test_rate(void)
{
	for (unsigned off = 0; off < 2; off++) {
		struct kit_gateway g;
		unsigned sent;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", false, false);
		g.ports[1].mtu = 1500;
		g.cfg.icmp_rate = off ? 0 : 100;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		for (unsigned i = 0; i < 100; i++)
			kit_send(&g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1500, 0)), NS_PER_SEC);
		CU_ASSERT_EQUAL(g.port[0].n_out, off ? 0 : 10);
		for (unsigned i = 0; i < 1000; i++) /* half a second */
			kit_send(&g, 0, kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1500, 0)),
				NS_PER_SEC + i * 500000);
		sent = g.port[0].n_out;
		CU_ASSERT_EQUAL(sent, off ? 0 : 59);
		CU_ASSERT_EQUAL(dp_stats(g.dp)->created, sent);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_TOO_BIG), 1100);
		stop(&g);
	}
}

/* ---- received ---- */

/* The ICMP of a router at 192.0.2.9 or 2001:db8:9::9 about the packet that left last at the WAN; `quote`
 * bytes. */
static struct rte_mbuf *
complain(const struct kit_gateway *g, uint32_t mtu, uint32_t quote)
{
	static const struct ip_addr router6 = {0x20010db800090000, 9};
	const struct rte_mbuf *about = g->port[1].out[g->port[1].n_out - 1];
	bool v6 = ip_is_v6(bytes_of(about));
	uint32_t head = v6 ? 48 : 28;
	uint8_t ip[1400] = {0};

	memcpy(ip + head, bytes_of(about), quote);
	if (v6) {
		store_be32(ip, 6u << 28);
		store_be16(ip + 4, (uint16_t)(8 + quote));
		ip[6] = 58;
		ip[7] = 60;
		ip_store6(ip + 8, router6);
		memcpy(ip + 24, bytes_of(about) + 8, 16);
		ip[40] = 2;
		store_be32(ip + 44, mtu);
		store_be16(ip + 42, sum_of(ip + 40, 8 + quote, ip + 8));
	} else {
		ip[0] = 0x45;
		store_be16(ip + 2, (uint16_t)(28 + quote));
		ip[8] = 60;
		ip[9] = 1;
		store_be32(ip + 12, 0xc0000209);
		memcpy(ip + 16, bytes_of(about) + 12, 4);
		store_be16(ip + 10, sum_of(ip, 20, NULL));
		ip[20] = 3;
		ip[21] = 4;
		store_be16(ip + 26, (uint16_t)mtu);
		store_be16(ip + 22, sum_of(ip + 20, 8 + quote, NULL));
	}
	return kit_bytes(ip, head + quote);
}

/* It comes to the gateway that encrypts. */
static void
hear(struct kit_gateway *g, struct rte_mbuf *m, uint64_t now)
{
	kit_send(g, 0, m, now);
}

static struct rte_mbuf *
clear_packet(bool v6, uint32_t bytes)
{
	return v6 ? kit_udp6(RIG_SRC6, RIG_DST6, bytes, 0)
		  : kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, bytes, 0));
}

/* Does a packet with DF of that length go? */
static bool
goes(struct kit_gateway *g, bool v6, uint32_t bytes, uint64_t now)
{
	kit_port_empty(&g->port[1]);
	kit_port_empty(&g->port[0]);
	kit_send(g, 0, clear_packet(v6, bytes), now);
	return g->port[1].n_out == 1;
}

static void
test_learns(void)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct kit_gateway g;
		uint32_t most = v6 ? 1426 : 1446, less = v6 ? 1326 : 1346;
		uint64_t now = NS_PER_SEC, later;

		start(&g, v6);
		CU_ASSERT_TRUE(goes(&g, v6, most, now));
		hear(&g, complain(&g, 1400, v6 ? 1200 : 28), now);
		CU_ASSERT_EQUAL(dp_stats(g.dp)->consumed, 1);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 1400);
		CU_ASSERT_TRUE(goes(&g, v6, less, now));
		CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[1].out[0]), 1400);
		/* lower still */
		hear(&g, complain(&g, 1399, v6 ? 1200 : 28), now);
		CU_ASSERT_FALSE(goes(&g, v6, less, now + 1));
		CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1); /* the source is told */
		CU_ASSERT_EQUAL(load_be16(bytes_of(g.port[0].out[0]) + (v6 ? 46 : 26)), less - 4);
		CU_ASSERT_TRUE(goes(&g, v6, less - 4, now + 2));
		/* not higher, as a message that is late would have it */
		hear(&g, complain(&g, 1399, v6 ? 1200 : 28), now);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_ICMP_REFUSED), 1);
		later = now + 600 * NS_PER_SEC;
		CU_ASSERT_FALSE(goes(&g, v6, most, later - 1));
		CU_ASSERT_TRUE(goes(&g, v6, most, later));
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 0);
		stop(&g);
	}
}

/* What is cut goes by the path MTU too. */
static void
test_cuts(void)
{
	struct kit_gateway g;

	start(&g, false);
	CU_ASSERT_TRUE(goes(&g, false, 1446, 1));
	hear(&g, complain(&g, 600, 100), 2);
	kit_port_empty(&g.port[1]);
	kit_send(&g, 0, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1446, 0), 3);
	CU_ASSERT_EQUAL(g.port[1].n_out, 3);
	for (unsigned i = 0; i < g.port[1].n_out; i++)
		CU_ASSERT(rte_pktmbuf_data_len(g.port[1].out[i]) <= 600);
	stop(&g);
}

/* RFC 1191 §7.1, from a router that does not know of MTUs. */
static void
test_plateau(void)
{
	struct kit_gateway g;

	start(&g, false);
	CU_ASSERT_TRUE(goes(&g, false, 1446, 1));
	hear(&g, complain(&g, 0, 28), 2);
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 1492);
	CU_ASSERT_TRUE(goes(&g, false, 1438, 3));
	hear(&g, complain(&g, 0, 28), 4);
	CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 1006);
	stop(&g);
}

/* Changes a byte of the ICMP message, at from the quoted packet, and mends its checksum. */
static struct rte_mbuf *
forge(struct rte_mbuf *m, uint32_t at, uint8_t change)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	bool v6 = ip_is_v6(ip);
	uint8_t *icmp = ip + (v6 ? 40 : 20);

	icmp[8 + at] ^= change;
	store_be16(icmp + 2, 0);
	store_be16(icmp + 2, sum_of(icmp, len - (v6 ? 40 : 20), v6 ? ip + 8 : NULL));
	return m;
}

static void
test_forged(void)
{
	/* of the quoted packet: DF, protocol, addresses, SPI, number; what is not looked at is the last row
	 */
	static const struct {
		uint8_t at4, at6, change, believed;
	} rows[] = {{6, 6, 0x40, 0}, {9, 6, 1, 0}, {12, 8, 1, 0}, {19, 39, 1, 0}, {20, 40, 1, 0},
		{23, 43, 1, 0}, {27, 47, 0x80, 0}, {24, 44, 1, 0}, {2, 4, 5, 0}, {0, 0, 0x20, 0},
		{8, 7, 9, 1}};
	struct kit_gateway g;

	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		bool v6 = i & 1;

		start(&g, v6);
		CU_ASSERT_TRUE(goes(&g, v6, 1400, 1));
		hear(&g,
			forge(complain(&g, 1300, v6 ? 1200 : 28), v6 ? rows[i / 2].at6 : rows[i / 2].at4,
				rows[i / 2].change),
			2);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, rows[i / 2].believed ? 1300 : 0);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_ICMP_REFUSED), !rows[i / 2].believed);
		stop(&g);
	}
}

/* MTUs that cannot be, quotes too short to show SPI and number, a broken checksum, a number not sent yet. */
static void
test_implausible(void)
{
	static const uint16_t mtus[2][4] = {{67, 1456, 1500, 9000}, {1279, 1476, 1500, 9000}};
	struct kit_gateway g;

	for (unsigned i = 0; i < 2 * 8; i++) {
		bool v6 = i & 1;
		struct rte_mbuf *m;

		start(&g, v6);
		CU_ASSERT_TRUE(goes(&g, v6, 1400, 1));
		CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[1].out[0]), mtus[v6][1]);
		if (i / 2 < 4)
			m = complain(&g, mtus[v6][i / 2], v6 ? 1200 : 28);
		else
			m = complain(&g, 1300, i / 2 == 4 ? v6 ? 47 : 27 : v6 ? 48 : 28);
		if (i / 2 == 5)
			rte_pktmbuf_mtod(m, uint8_t *)[v6 ? 42 : 22] ^= 1;
		if (i / 2 == 6) /* numbers 0 and 2 of one that was sent */
			forge(m, v6 ? 47 : 27, 1);
		if (i / 2 == 7)
			forge(m, v6 ? 47 : 27, 3);
		hear(&g, m, 2);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 0);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_ICMP_REFUSED), 1);
		CU_ASSERT_TRUE(goes(&g, v6, 1400, 3));
		stop(&g);
	}
}

/* NAT-T, AH, and AH over ESP: the SA that is applied first learns. */
static void
test_other_shapes(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct kit_gateway g;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, i == 1 ? "ah-sha-hmac" : "esp-gcm 128", false, false);
		g.ports[1].mtu = 1500;
		g.sas[0].natt = g.sas[1].natt = i == 0;
		if (i == 2)
			kit_gateway_bundle(&g, "ah-sha-hmac");
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		CU_ASSERT_TRUE(goes(&g, false, 1400, 1));
		hear(&g, complain(&g, 1300, i == 0 ? 35 : 31), 2);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_ICMP_REFUSED), 1); /* a byte too few */
		hear(&g, complain(&g, 1300, i == 0 ? 36 : 32), 2);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, 1300);
		CU_ASSERT_FALSE(goes(&g, false, 1400, 3));
		stop(&g);
	}
}

/* Transport mode: ICMP comes to the host, and the gateway in front of it takes what is about its ESP; the
 * host is told when it sends the next packet that is too big.  What is not believed is the host's. */
static void
test_for_host(void)
{
	for (unsigned i = 0; i < 4; i++) {
		bool v6 = i & 1, forged = i & 2;
		uint32_t most = 1366; /* 1400 - 8 - 8 - 16 - 2 */
		struct kit_gateway g;

		CU_ASSERT_FATAL(kit_init());
		rig_init(&g, "esp-gcm 128", v6, v6);
		g.ports[1].mtu = 1500;
		for (unsigned s = 0; s < 2; s++) {
			g.sas[s].mode = CFG_MODE_TRANSPORT;
			g.sas[s].src = v6 ? s ? RIG_DST6 : RIG_SRC6 : IP_V4(s ? KIT_LAN_DST : KIT_LAN_SRC);
			g.sas[s].dst = v6 ? s ? RIG_SRC6 : RIG_DST6 : IP_V4(s ? KIT_LAN_SRC : KIT_LAN_DST);
		}
		g.routes[0].port = 1;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		CU_ASSERT_TRUE(goes(&g, v6, 1450, 1));
		hear(&g, forge(complain(&g, 1400, v6 ? 1200 : 28), v6 ? 47 : 27, forged ? 9 : 0), 2);
		CU_ASSERT_EQUAL(dp_sa(g.dp, 0)->path_mtu, forged ? 0 : 1400);
		CU_ASSERT_EQUAL(dp_stats(g.dp)->consumed, !forged);
		CU_ASSERT_EQUAL(kit_drops(&g, DROP_POLICY_NONE), forged); /* on its way to the host */
		CU_ASSERT_EQUAL(goes(&g, v6, most + 1, 3), forged);
		if (!forged) {
			CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
			CU_ASSERT_EQUAL(load_be16(bytes_of(g.port[0].out[0]) + (v6 ? 46 : 26)), most);
			CU_ASSERT_TRUE(goes(&g, v6, most, 4));
		}
		stop(&g);
	}
}

/* The message to a source behind a tunnel goes through the tunnel back: here the LAN is too narrow for what
 * was decrypted. */
static void
test_through_tunnel(void)
{
	struct kit_gateway g;
	const uint8_t *ip;

	CU_ASSERT_FATAL(kit_init());
	rig_init(&g, "esp-gcm 128", false, false);
	/* the peer protects what goes back: from 10.1/16, where both LANs are, to 10.3/16 */
	g.ports[0].mtu = 1000;
	g.policies[0].src = CFG_PREFIX_V4(0x0a030000, 16);
	g.policies[1].src = CFG_PREFIX_V4(0x0a030000, 16);
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	g.peer_policies[g.peer_cfg.n_policies] = g.policies[0];
	g.peer_policies[g.peer_cfg.n_policies].src = CFG_PREFIX_V4(0x0a010000, 16);
	g.peer_policies[g.peer_cfg.n_policies++].dst = CFG_PREFIX_V4(0x0a030000, 16);
	spd_destroy(g.peer->spd);
	CU_ASSERT_EQUAL_FATAL(spd_create(g.peer->cfg, &g.peer->spd), ST_OK);
	kit_send(&g, 0, kit_df(kit_udp(0x0a03000a, KIT_LAN_DST, 1200, 0)), 1);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
	rig_cross(&g, false);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_TOO_BIG), 1);
	CU_ASSERT_EQUAL(g.port[0].n_out, 0);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
	ip = bytes_of(g.port[1].out[0]);
	CU_ASSERT(ip[9] == 50 && pkt_of(g.port[1].out[0])->sa == dp_sa(g.peer, 0));
	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(g.port[1].out[0]), 20 + 16 + 580 + 16);
	stop(&g);
}

int
suite_pmtu(void)
{
	CU_pSuite s = CU_add_suite("pmtu", NULL, NULL);

	CU_ADD_TEST(s, test_bytes4);
	CU_ADD_TEST(s, test_bytes6);
	CU_ADD_TEST(s, test_silent);
	CU_ADD_TEST(s, test_rate);
	CU_ADD_TEST(s, test_learns);
	CU_ADD_TEST(s, test_cuts);
	CU_ADD_TEST(s, test_plateau);
	CU_ADD_TEST(s, test_forged);
	CU_ADD_TEST(s, test_implausible);
	CU_ADD_TEST(s, test_other_shapes);
	CU_ADD_TEST(s, test_for_host);
	CU_ADD_TEST(s, test_through_tunnel);
	return 0;
}
