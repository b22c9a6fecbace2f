/* Ping of the gateway: answered in the clear and through the tunnel, with the right sum, and by nobody where
 * the question is none.  Books balance. */
#include "dataplane/echo.h"

#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "dataplane/ipsec/ip_head.h"
#include "tests/kit/kit.h"

int suite_echo(void);

#define TYPE (IPV4_MIN_BYTES)
#define BYTES 60u

/* An echo request, made from a UDP packet. */
static struct rte_mbuf *
request(uint32_t src, uint32_t dst)
{
	struct rte_mbuf *m = kit_udp(src, dst, BYTES, 0x28);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *), *icmp = ip + IPV4_MIN_BYTES;
	uint64_t sum = 0;

	ip[IPV4_PROTO] = IPV4_PROTO_ICMP;
	ip[IPV4_TTL] = 3;
	ipv4_checksum_set(ip, IPV4_MIN_BYTES);
	icmp[0] = 8;
	icmp[1] = 0;
	store_be16(icmp + 2, 0);
	for (unsigned i = 0; i < BYTES - IPV4_MIN_BYTES; i += 2)
		sum += load_be16(icmp + i);
	store_be16(icmp + 2, (uint16_t)~ipv4_fold(sum));
	return m;
}

/* An answer from src to dst, with good sums. */
static void
check_answer(struct rte_mbuf *m, uint32_t src, uint32_t dst)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint64_t sum = 0;

	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(m), BYTES);
	CU_ASSERT_EQUAL(load_be32(ip + IPV4_SRC), src);
	CU_ASSERT_EQUAL(load_be32(ip + IPV4_DST), dst);
	CU_ASSERT_EQUAL(ip[IPV4_TTL], 64);
	CU_ASSERT_EQUAL(ip[IPV4_TOS], 0x28);
	CU_ASSERT_TRUE(ipv4_checksum_ok(ip, IPV4_MIN_BYTES));
	CU_ASSERT_EQUAL(ip[TYPE], 0);
	for (unsigned i = IPV4_MIN_BYTES; i < BYTES; i += 2)
		sum += load_be16(ip + i);
	CU_ASSERT_EQUAL(ipv4_fold(sum), 0xffff);
}

static void
start(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, "esp-gcm 128");
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

static void
stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

static uint32_t
own(const struct kit_gateway *g, unsigned port)
{
	return ip_v4_of(g->ports[port].address.addr);
}

static void
test_clear(void)
{
	struct kit_gateway g;

	start(&g);
	kit_send(&g, 0, request(KIT_LAN_SRC, own(&g, 0)), 0);
	CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
	check_answer(g.port[0].out[0], own(&g, 0), KIT_LAN_SRC);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->consumed, 1);
	CU_ASSERT_EQUAL(dp_stats(g.dp)->created, 1);
	stop(&g);
}

static void
echo_note(void *ctx, struct rte_mbuf *question, struct pkt *answer)
{
	unsigned *questions = ctx;

	*questions += rte_pktmbuf_mtod(question, const uint8_t *)[TYPE] == 8 &&
		      pkt_of(question)->flow == PKT_NO_FLOW && answer->flow == PKT_NO_FLOW;
	answer->flow = 7;
	answer->num = 9;
	answer->sent_bytes = BYTES;
}

/* Whoever watches sees the question, and says of which flow the answer is. */
static void
test_observer(void)
{
	unsigned questions = 0;
	struct kit_gateway g;
	const struct pkt *pkt;

	start(&g);
	dp_echo_observe(g.dp, echo_note, &questions);
	kit_send(&g, 0, request(KIT_LAN_SRC, own(&g, 0)), 0);
	CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
	check_answer(g.port[0].out[0], own(&g, 0), KIT_LAN_SRC);
	CU_ASSERT_EQUAL(questions, 1);
	pkt = pkt_of(g.port[0].out[0]);
	CU_ASSERT(pkt->flow == 7 && pkt->num == 9 && pkt->sent_bytes == BYTES);
	stop(&g);
}

/* Where tunnels end nothing leaves in the clear unless a rule says so. */
static void
test_outside(void)
{
	struct kit_gateway g;

	start(&g);
	kit_send(&g, 1, request(0xc0000209, own(&g, 1)), 0);
	CU_ASSERT_EQUAL(g.port[1].n_out, 0);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_POLICY_NONE), 1);
	stop(&g);
}

static void
test_v6_sum(void)
{
	static const struct ip_addr host = {UINT64_C(0x20010db800010000), 10},
				    gw = {UINT64_C(0x20010db800010000), 1};
	struct kit_gateway g;
	struct rte_mbuf *m;
	uint8_t *ip;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	g.ports[0].address = (struct cfg_prefix){.addr = gw, .len = 64, .only_v6 = true};
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	m = kit_udp6(host, gw, 100, 0);
	ip = rte_pktmbuf_mtod(m, uint8_t *);
	ip[IPV6_NEXT] = IP_NEXT_ICMP6;
	memset(ip + IPV6_MIN_BYTES, 0, 8);
	ip[IPV6_MIN_BYTES] = 128;
	store_be16(
		ip + IPV6_MIN_BYTES + 2, ip_transport_checksum(ip, IP_NEXT_ICMP6, ip + IPV6_MIN_BYTES, 60));
	kit_send(&g, 0, m, 0);
	CU_ASSERT_EQUAL_FATAL(g.port[0].n_out, 1);
	ip = rte_pktmbuf_mtod(g.port[0].out[0], uint8_t *);
	CU_ASSERT_EQUAL(ip[IPV6_MIN_BYTES], 129);
	CU_ASSERT_EQUAL(ip[IPV6_HOPS], 64);
	CU_ASSERT_TRUE(ip_equal(ip_head_dst(ip), host) && ip_equal(ip_head_src(ip), gw));
	CU_ASSERT_EQUAL(ip_transport_checksum(ip, IP_NEXT_ICMP6, ip + IPV6_MIN_BYTES, 60), 0);
	stop(&g);
}

/* An answer, a fragment, options, no single sender, the gateway itself: dropped as before. */
static void
test_refused(void)
{
	static const struct {
		uint8_t at, value;
	} change[] = {{TYPE, 0}, {IPV4_FRAGMENT, 0x20}, {IPV4_SRC, 224}, {IPV4_SRC, 0}, {IPV4_SRC, 127}};
	struct kit_gateway g;
	struct rte_mbuf *m;
	uint8_t *ip;

	start(&g);
	for (unsigned i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		m = request(KIT_LAN_SRC, own(&g, 0));
		ip = rte_pktmbuf_mtod(m, uint8_t *);
		ip[change[i].at] = change[i].value;
		ipv4_checksum_set(ip, IPV4_MIN_BYTES);
		kit_send(&g, 0, m, i);
	}
	kit_send(&g, 0, request(own(&g, 0), own(&g, 0)), 9);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_NOT_MINE), sizeof(change) / sizeof(change[0]) + 1);
	CU_ASSERT_EQUAL(g.port[0].n_out, 0);
	stop(&g);
}

int
suite_echo(void)
{
	CU_pSuite s = CU_add_suite("echo", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_clear);
	CU_ADD_TEST(s, test_observer);
	CU_ADD_TEST(s, test_outside);
	CU_ADD_TEST(s, test_v6_sum);
	CU_ADD_TEST(s, test_refused);
	return (int)CU_get_error();
}
