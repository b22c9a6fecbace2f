/* What arrives in the clear where tunnels end and is for the gateway itself, which ports are that side, and
 * what is put together from pieces of both. */
#include "base/bytes.h"
#include "base/clock.h"
#include "dataplane/forward.h"
#include "dataplane/ipsec/ip_head.h"
#include "tests/dataplane/clear_rig.h"

int suite_clear_own(void);

/* RFC 1071. */
static void
sum_set(uint8_t *p, uint32_t bytes, uint8_t *at)
{
	uint32_t sum = 0;

	store_be16(at, 0);
	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += load_be16(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	store_be16(at, (uint16_t)~sum);
}

/* ICMP of ELSE to the gateway: about the packet that left last, or an echo (about: NULL). */
static struct rte_mbuf *
icmp(const struct bed *bed, const struct rte_mbuf *about)
{
	uint8_t ip[20 + 8 + 28] = {0x45, 0, 0, sizeof(ip), 0, 0, 0, 0, 60, 1};

	store_be32(ip + 12, (uint32_t)address(ELSE, bed->v6).lo);
	store_be32(ip + 16, KIT_WAN_ADDR);
	sum_set(ip, 20, ip + 10);
	ip[20] = about ? 3 : 8;
	ip[21] = about ? 4 : 0;
	store_be16(ip + 26, 700);
	if (about)
		memcpy(ip + 28, rte_pktmbuf_mtod(about, const uint8_t *), 28);
	sum_set(ip + 20, sizeof(ip) - 20, ip + 22);
	return kit_bytes(ip, sizeof(ip));
}

/* Routers on the way say what the path MTU is, and no rule knows them all; what they say is judged by itself,
 * unless a rule of the way in discards it.  An echo wants rules. */
static void
own_check(const struct rule *rules, unsigned n, unsigned about, unsigned echo)
{
	struct bed bed;
	struct rte_mbuf *m, *sent;

	bed_init(&bed, false, rules, n);
	bed.g.cfg.icmp_rate = 100;
	bed_start(&bed);
	m = kit_df(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1000, 0));
	CU_ASSERT_EQUAL_FATAL(fate(&bed, 0, m), LEFT(1));
	sent = bed.g.port[1].out[0];
	bed.g.port[1].n_out = 0;
	CU_ASSERT_EQUAL(fate(&bed, 1, icmp(&bed, sent)), about);
	CU_ASSERT_EQUAL(dp_sa(bed.g.dp, 0)->path_mtu, about == GONE ? 700 : 0);
	CU_ASSERT_EQUAL(fate(&bed, 1, icmp(&bed, NULL)), echo);
	kit_port_empty(&bed.g.port[1]);
	rte_pktmbuf_mtod(sent, uint8_t *)[20] ^= 1; /* an SPI that nobody has */
	CU_ASSERT_EQUAL(fate(&bed, 1, icmp(&bed, sent)),
		about == GONE ? (unsigned)DROP_ICMP_REFUSED : about);
	rte_pktmbuf_free(sent);
	bed_stop(&bed);
}

static void
test_own(void)
{
	static const struct rule tunnel[] = {TUNNEL};
	static const struct rule hub[] = {IN(PROTECT, ANY, ANY), OUT(PROTECT, ANY, THERE)};
	static const struct rule backwards[] = {OUT(PROTECT, HERE, THERE), OUT(DISCARD, ANY, ANY)};
	static const struct rule refused[] = {TUNNEL, IN(DISCARD, ANY, SELF)};
	static const struct rule answered[] = {TUNNEL, IN(BYPASS, ANY, SELF), OUT(BYPASS, SELF, ANY)};
	static const struct rule half[] = {TUNNEL, OUT(BYPASS, SELF, ANY)};

	own_check(tunnel, COUNT(tunnel), GONE, DROP_POLICY_NONE);
	own_check(hub, COUNT(hub), GONE, DROP_NOT_IPSEC);
	own_check(backwards, COUNT(backwards), GONE, DROP_POLICY_DISCARD);
	own_check(refused, COUNT(refused), DROP_POLICY_DISCARD, DROP_POLICY_DISCARD);
	own_check(answered, COUNT(answered), GONE, LEFT(1));
	own_check(half, COUNT(half), GONE, DROP_POLICY_NONE);
}

static void
test_sides(void)
{
	struct cfg_port ports[] = {{.address = CFG_PREFIX_V4(0x0a010001, 16)},
		{.address = CFG_PREFIX_V4(0xc0000201, 30)}, {.address = CFG_PREFIX_V4(0xc6336401, 30)}};
	struct cfg_route routes[] = {{.to = CFG_PREFIX_V4(0xcb007100, 24), .port = 2}};
	struct cfg_sa sas[] = {
		{.direction = CFG_OUT, .src = IP_V4(0xc0000201), .dst = IP_V4(0xc0000202)},
		{.direction = CFG_IN, .src = IP_V4(0xc0000202), .dst = IP_V4(0xc0000201)}};
	struct cfg_gateway cfg = {.ports = ports, .n_ports = 3, .routes = routes, .n_routes = 1, .sas = sas};

	for (unsigned p = 0; p < 3; p++)
		CU_ASSERT_FALSE(forward_unprotected(&cfg, p));
	cfg.n_sas = 2;
	for (unsigned p = 0; p < 3; p++)
		CU_ASSERT_EQUAL(forward_unprotected(&cfg, p), p == 1);
	/* the way to the partner leads through another port than the one whose address the tunnel has */
	sas[0].dst = sas[1].src = IP_V4(0xcb007109);
	for (unsigned p = 0; p < 3; p++)
		CU_ASSERT_EQUAL(forward_unprotected(&cfg, p), p > 0);
	for (unsigned i = 0; i < 2; i++) { /* each direction says so alone */
		cfg.sas = &sas[i];
		cfg.n_sas = 1;
		for (unsigned p = 0; p < 3; p++)
			CU_ASSERT_EQUAL(forward_unprotected(&cfg, p), p > 0);
	}
}

/* A piece of a datagram for a host with NAT-T. */
static struct rte_mbuf *
piece(const struct bed *bed, bool last)
{
	struct rte_mbuf *whole = packet(bed, THERE, HERE, 0), *m;
	uint8_t ip[60];

	memcpy(ip, rte_pktmbuf_mtod(whole, uint8_t *), 20);
	memcpy(ip + 20, rte_pktmbuf_mtod(whole, uint8_t *) + (last ? 60 : 20), 40);
	rte_pktmbuf_free(whole);
	store_be16(ip + 2, 60);
	store_be16(ip + 6, last ? 5 : IPV4_MF);
	sum_set(ip, 20, ip + 10);
	m = kit_bytes(ip, sizeof(ip));
	return m;
}

/* Put together here, because it might have been ESP in UDP: from the outside where any piece of it was. */
static void
test_pieces(void)
{
	static const struct rule rules[] = {TUNNEL, OUT(BYPASS, ANY, ANY)};

	for (unsigned i = 0; i < 4; i++) {
		struct bed bed;

		bed_init(&bed, false, rules, COUNT(rules));
		bed.g.cfg.reassembly_max = bed.g.cfg.reassembly_source = 8;
		bed.g.cfg.reassembly_bytes = 1 << 16;
		bed.g.cfg.reassembly_timeout = NS_PER_SEC;
		for (unsigned s = 0; s < 2; s++) {
			bed.g.sas[s].mode = CFG_MODE_TRANSPORT;
			bed.g.sas[s].natt = true;
			bed.g.sas[s].src = address(s ? THERE : HERE, false);
			bed.g.sas[s].dst = address(s ? HERE : THERE, false);
		}
		bed_start(&bed);
		CU_ASSERT_EQUAL(fate(&bed, i & 1, piece(&bed, false)), GONE);
		CU_ASSERT_EQUAL(
			fate(&bed, i >> 1, piece(&bed, true)), i ? (unsigned)DROP_NOT_IPSEC : LEFT(0));
		bed_stop(&bed);
	}
}

int
suite_clear_own(void)
{
	CU_pSuite s = CU_add_suite("clear_own", NULL, NULL);

	CU_ADD_TEST(s, test_own);
	CU_ADD_TEST(s, test_sides);
	CU_ADD_TEST(s, test_pieces);
	return 0;
}
