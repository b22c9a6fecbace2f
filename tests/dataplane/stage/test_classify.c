/* classify: IPv6 in the clear, and what is taken for IPsec that ends here. */
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "dataplane/ipsec/ip_head.h"
#include "tests/kit/kit.h"

int suite_classify(void);

/* Behind port 0 and behind port 1. */
#define HOST_A ((struct ip_addr){UINT64_C(0x20010db800010000), 10})
#define HOST_B ((struct ip_addr){UINT64_C(0x20010db800020000), 10})
#define GATEWAY_A ((struct ip_addr){UINT64_C(0x20010db800010000), 1})
#define GATEWAY_B ((struct ip_addr){UINT64_C(0x20010db800020000), 1})
#define NOWHERE ((struct ip_addr){UINT64_C(0x20010db800030000), 1})

static void
init6(struct kit_gateway *g)
{
	kit_gateway_init(g, "esp-gcm 128");
	g->cfg.n_policies = 0;
	g->cfg.n_routes = 0;
	g->ports[0].address = (struct cfg_prefix){.addr = GATEWAY_A, .len = 64, .only_v6 = true};
	g->ports[1].address = (struct cfg_prefix){.addr = GATEWAY_B, .len = 64, .only_v6 = true};
	g->sas[0].src = g->sas[1].dst = GATEWAY_B;
	g->sas[0].dst = g->sas[1].src = NOWHERE;
}

static void
start(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_init() && kit_gateway_start(g));
}

/* Sends m from a's side: what becomes of it, or DROP_NONE where it left by port 1. */
static enum drop
fate(struct kit_gateway *g, struct rte_mbuf *m)
{
	enum drop reason;

	kit_send(g, 0, m, 1);
	reason = kit_drop(g, NULL);
	CU_ASSERT_EQUAL(g->port[1].n_out, reason == DROP_NONE);
	CU_ASSERT_EQUAL(g->port[0].n_out, 0);
	kit_port_empty(&g->port[1]);
	return reason;
}

/* IPv6 with the bytes at `at` as told. */
static struct rte_mbuf *
changed(unsigned at, const char *bytes, unsigned n)
{
	struct rte_mbuf *m = kit_udp6(HOST_A, HOST_B, 100, 0);

	memcpy(rte_pktmbuf_mtod(m, uint8_t *) + at, bytes, n);
	return m;
}

/* The hop limit is one less, the rest is as it was; frame padding is cut off. */
static void
test_forward6(void)
{
	struct kit_gateway g;

	init6(&g);
	start(&g);
	for (unsigned padding = 0; padding < 20; padding += 9) {
		struct rte_mbuf *m = kit_udp6(HOST_A, HOST_B, 100, 46 << 2 | 1), *out;
		uint8_t before[100];

		memcpy(before, rte_pktmbuf_mtod(m, uint8_t *), sizeof(before));
		rte_pktmbuf_append(m, (uint16_t)padding);
		kit_send(&g, 0, m, 1);
		CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 1);
		out = g.port[1].out[0];
		before[IPV6_HOPS]--;
		CU_ASSERT_EQUAL(rte_pktmbuf_pkt_len(out), 100);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(out, uint8_t *), before, 100), 0);
		kit_port_empty(&g.port[1]);
	}
	kit_gateway_stop(&g);
}

static void
test_drops6(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m;

	init6(&g);
	start(&g);
	for (unsigned len = 20; len < 40; len++) {
		m = kit_udp6(HOST_A, HOST_B, 100, 0);
		rte_pktmbuf_trim(m, (uint16_t)(100 - len));
		CU_ASSERT_EQUAL(fate(&g, m), DROP_RUNT);
	}
	CU_ASSERT_EQUAL(fate(&g, changed(4, "\0\x3d", 2)), DROP_IP_HEADER); /* one byte too long */
	CU_ASSERT_EQUAL(fate(&g, changed(4, "\0\x3c", 2)), DROP_NONE);
	CU_ASSERT_EQUAL(fate(&g, changed(4, "\0\0", 2)), DROP_NONE); /* nothing in it is no fault */
	CU_ASSERT_EQUAL(fate(&g, changed(0, "\x70", 1)), DROP_IP_HEADER);
	CU_ASSERT_EQUAL(fate(&g, changed(7, "\1", 1)), DROP_TTL);
	CU_ASSERT_EQUAL(fate(&g, changed(7, "\0", 1)), DROP_TTL);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_A, NOWHERE, 100, 0)), DROP_NO_ROUTE);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_A, GATEWAY_A, 100, 0)), DROP_NOT_MINE);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_A, GATEWAY_B, 100, 0)), DROP_NOT_MINE);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_A, HOST_B, 1500, 0)), DROP_NONE);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_A, HOST_B, 1501, 0)), DROP_TOO_BIG);
	CU_ASSERT_EQUAL(fate(&g, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0)), DROP_NO_ROUTE);
	kit_gateway_stop(&g);
}

/* Selectors behind extension headers; what hides its upper layer matches rules with any protocol only. */
static void
test_policies6(void)
{
	struct kit_gateway g;

	init6(&g);
	g.cfg.n_policies = 2;
	for (unsigned i = 0; i < 2; i++) {
		g.policies[i].action = i ? CFG_BYPASS : CFG_DISCARD;
		g.policies[i].direction = CFG_OUT;
		g.policies[i].src = (struct cfg_prefix){.addr = HOST_A, .len = 64, .only_v6 = true};
		g.policies[i].dst = (struct cfg_prefix){.len = 0};
		g.policies[i].sa_index = CFG_NONE;
	}
	g.policies[0].proto = IPV4_PROTO_UDP;
	g.policies[0].dport = (struct cfg_range16){2000, 2000};
	start(&g);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_A, HOST_B, 100, 0)), DROP_POLICY_DISCARD);
	CU_ASSERT_EQUAL(fate(&g, changed(42, "\x07\xd1", 2)), DROP_NONE);
	CU_ASSERT_EQUAL(fate(&g, kit_udp6(HOST_B, HOST_B, 100, 0)), DROP_POLICY_NONE);
	/* destination options, then UDP */
	CU_ASSERT_EQUAL(fate(&g, changed(6, "\x3c", 1)), DROP_NONE); /* the "options" are longer than all */
	{
		struct rte_mbuf *m = changed(40, "\x11\0\1\4\0\0\0\0\x03\xe8\x07\xd0", 12);

		rte_pktmbuf_mtod(m, uint8_t *)[6] = IP_NEXT_DEST_OPTIONS;
		CU_ASSERT_EQUAL(fate(&g, m), DROP_POLICY_DISCARD);
	}
	kit_gateway_stop(&g);
}

/* UDP to port 4500, or another protocol, for whoever is told. */
static struct rte_mbuf *
ipsec_like(struct ip_addr dst, uint8_t proto)
{
	bool v4 = ip_is_v4(dst);
	struct rte_mbuf *m =
		v4 ? kit_udp(KIT_LAN_SRC, ip_v4_of(dst), 100, 0) : kit_udp6(HOST_A, dst, 100, 0);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	ip[v4 ? IPV4_PROTO : IPV6_NEXT] = proto;
	store_be16(ip + (v4 ? 22 : 42), 4500);
	if (v4)
		ipv4_checksum_set(ip, 20);
	return m;
}

/* A transport SA for host b, and NAT-T only where an SA wants it. */
static void
test_ends_here6(void)
{
	struct kit_gateway g;

	for (unsigned natt = 0; natt < 2; natt++) {
		init6(&g);
		start(&g);
		kit_gateway_stop(&g);
		g.sas[1].natt = natt;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(GATEWAY_B, 50)), DROP_NO_SA);
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(HOST_B, 50)), DROP_NONE);
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(HOST_B, 51)), DROP_NONE);
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(HOST_B, 17)), DROP_NONE);
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(GATEWAY_B, 6)), DROP_NOT_MINE);
		if (!natt)
			CU_ASSERT_EQUAL(fate(&g, ipsec_like(GATEWAY_B, 17)), DROP_NOT_MINE);
		kit_gateway_stop(&g);
		g.sas[1].natt = false;
		g.sas[1].mode = CFG_MODE_TRANSPORT;
		g.sas[1].dst = HOST_B;
		CU_ASSERT_FATAL(kit_gateway_start(&g));
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(HOST_B, 50)), DROP_NO_SA);
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(HOST_B, 17)), DROP_NONE);
		CU_ASSERT_EQUAL(fate(&g, ipsec_like(HOST_B, 6)), DROP_NONE);
		kit_gateway_stop(&g);
	}
}

/* ESP in fragments cannot be read, here or there. */
static void
test_fragments(void)
{
	struct kit_gateway g;
	struct rte_mbuf *m;

	init6(&g);
	start(&g);
	m = ipsec_like(GATEWAY_B, IP_NEXT_FRAGMENT);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 40, "\x32\0\0\1\0\0\0\1", 8);
	CU_ASSERT_EQUAL(fate(&g, m), DROP_FRAGMENT);
	m = ipsec_like(HOST_B, IP_NEXT_FRAGMENT);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 40, "\x32\0\0\1\0\0\0\1", 8);
	CU_ASSERT_EQUAL(fate(&g, m), DROP_NONE);
	m = ipsec_like(GATEWAY_B, IP_NEXT_DEST_OPTIONS);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 40, "\x11\0\1\4\0\0\0\0", 8);
	CU_ASSERT_EQUAL(fate(&g, m), DROP_NOT_MINE);
	kit_gateway_stop(&g);
}

int
suite_classify(void)
{
	CU_pSuite s = CU_add_suite("classify", NULL, NULL);

	CU_ADD_TEST(s, test_forward6);
	CU_ADD_TEST(s, test_drops6);
	CU_ADD_TEST(s, test_policies6);
	CU_ADD_TEST(s, test_ends_here6);
	CU_ADD_TEST(s, test_fragments);
	return 0;
}
