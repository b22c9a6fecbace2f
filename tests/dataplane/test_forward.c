/* Forwarding: one hop's TTL and checksum, routes by longest prefix, policy and route of a packet. */
#include "dataplane/forward.h"

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "dataplane/ipsec/spd.h"
#include "dataplane/worker.h"
#include "tests/kit/kit.h"

int suite_forward(void);

/* RFC 1071, word by word, of a header of 20 bytes whose checksum is taken as 0. */
static uint16_t
checksum_of(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += i == 10 ? 0 : (uint32_t)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
header_write(uint8_t *ip, uint8_t ttl, uint16_t id)
{
	static const uint8_t header[20] = {
		0x45, 0, 5, 0xdc, 0, 0, 0x40, 0, 0, 17, 0, 0, 10, 1, 0, 10, 10, 2, 0, 10};

	memcpy(ip, header, sizeof(header));
	store_be16(ip + 4, id);
	ip[8] = ttl;
	store_be16(ip + 10, checksum_of(ip));
}

/* One hop is as if TTL had been one less when the checksum was made; nothing else changes. */
static int
hop_is_right(uint8_t ttl, uint16_t id)
{
	uint8_t ip[20], wanted[20];

	header_write(ip, ttl, id);
	header_write(wanted, (uint8_t)(ttl - 1), id);
	return forward_ttl(ip) && !memcmp(ip, wanted, sizeof(ip));
}

static void
test_ttl_every_value(void)
{
	unsigned wrong = 0;

	for (unsigned ttl = 2; ttl < 256; ttl++)
		for (unsigned id = 0; id < 65536; id += 97)
			wrong += !hop_is_right((uint8_t)ttl, (uint16_t)id);
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Of IPv6 the hop limit and nothing else. */
static void
test_hop6(void)
{
	uint8_t ip[40], wanted[40];

	memset(ip, 0x6a, sizeof(ip));
	for (unsigned hops = 0; hops < 256; hops++) {
		ip[IPV6_HOPS] = (uint8_t)hops;
		memcpy(wanted, ip, sizeof(ip));
		wanted[IPV6_HOPS] = (uint8_t)(hops < 2 ? hops : hops - 1);
		CU_ASSERT_EQUAL(forward_hops(ip), hops >= 2);
		CU_ASSERT_EQUAL(memcmp(ip, wanted, sizeof(ip)), 0);
	}
}

/* The identification runs through all checksums there are, 0xfeff and 0 among them. */
static void
test_ttl_every_checksum(void)
{
	static const uint8_t ttls[] = {2, 64, 65, 128, 255};
	unsigned wrong = 0, minus_zero = 0;

	for (unsigned t = 0; t < sizeof(ttls); t++)
		for (unsigned id = 0; id < 65536; id++) {
			uint8_t ip[20];

			header_write(ip, ttls[t], (uint16_t)id);
			minus_zero += load_be16(ip + 10) == 0xfeff;
			wrong += !hop_is_right(ttls[t], (uint16_t)id);
		}
	CU_ASSERT(minus_zero >= 5); /* the one whose sum becomes 0xffff, which is 0 (RFC 1624 §3) */
	CU_ASSERT_EQUAL(wrong, 0);
}

static void
test_ttl_edges(void)
{
	uint8_t ip[20], before[20];

	for (uint8_t ttl = 0; ttl < 2; ttl++) {
		header_write(ip, ttl, 1);
		memcpy(before, ip, sizeof(ip));
		CU_ASSERT_FALSE(forward_ttl(ip));
		CU_ASSERT_EQUAL(memcmp(ip, before, sizeof(ip)), 0);
	}
	header_write(ip, 64, 1);
	store_be16(ip + 10, 0xfeff);
	forward_ttl(ip);
	CU_ASSERT_EQUAL(load_be16(ip + 10), 0);
	/* a sender's -0 is as good as 0 */
	store_be16(ip + 10, 0xffff);
	forward_ttl(ip);
	CU_ASSERT_EQUAL(load_be16(ip + 10), 0x0100);
	store_be16(ip + 10, 0xff00);
	forward_ttl(ip);
	CU_ASSERT_EQUAL(load_be16(ip + 10), 0x0001);
}

static void
test_route(void)
{
	struct cfg_prefix more[] = {
		CFG_PREFIX_V4(0x0b000001, 8), {.addr = {1, 1}, .len = 64, .only_v6 = true}};
	struct cfg_port ports[] = {
		{.address = CFG_PREFIX_V4(0x0a010001, 16), .more = more, .n_more = 2},
		{.address = CFG_PREFIX_V4(0xc0000201, 30)},
		{.address = CFG_PREFIX_V4(0x0a020001, 24)},
	};
	struct cfg_route routes[] = {
		{.to = CFG_PREFIX_V4(0x0a000000, 8), .port = 1},  /* 10/8 */
		{.to = CFG_PREFIX_V4(0x0a020080, 25), .port = 0}, /* 10.2.0.128/25 */
		{.to = CFG_PREFIX_V4(0x0a010203, 32), .port = 2}, /* 10.1.2.3, in port 0's network */
		{.to = CFG_PREFIX_V4(0x0a0200ff, 24), .port = 1}, /* 10.2.0/24 again: connected wins */
		{.to = CFG_PREFIX_V4(0x0a010203, 32), .port = 1}, /* the same again: the first wins */
	};
	struct cfg_gateway cfg = {.ports = ports, .n_ports = 3, .routes = routes, .n_routes = 5};

	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a01ffff)), 0);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a010203)), 2);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a010204)), 0);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0b010204)), 0);
	CU_ASSERT_EQUAL(forward_route(&cfg, (struct ip_addr){1, 9}), 0);
	CU_ASSERT_EQUAL(forward_route(&cfg, (struct ip_addr){2, 9}), CFG_NONE);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a02007f)), 2);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a020080)), 0);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a020100)), 1);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0xc0000203)), 1);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0xc0000204)), CFG_NONE);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x08080808)), CFG_NONE);
	routes[4] = (struct cfg_route){.port = 2}; /* the default */
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x08080808)), 2);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0)), 2);
	CU_ASSERT_EQUAL(forward_route(&cfg, ip_v4(0x0a030000)), 1);
}

/* Rules change under the gateway here, from line to line. */
static void
rules_anew(struct dp *dp)
{
	spd_destroy(dp->spd);
	CU_ASSERT_EQUAL_FATAL(spd_create(dp->cfg, &dp->spd), ST_OK);
}

/* What becomes of a packet from KIT_LAN_SRC to dst. */
static struct flow_entry
resolve(struct kit_gateway *g, uint32_t dst, int in)
{
	struct rte_mbuf *m = kit_udp(KIT_LAN_SRC, dst, 100, 0);
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	struct flow_entry entry;

	memset(&entry, 0xaa, sizeof(entry));
	rules_anew(in ? g->peer : g->dp);
	if (in)
		forward_resolve_in(g->peer, 1, ip, 100, &entry);
	else
		forward_resolve_out(g->dp, ip, 100, &entry);
	rte_pktmbuf_free(m);
	return entry;
}

static void
test_resolve_out(void)
{
	struct flow_entry entry;
	struct kit_gateway g;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	g.ports[1].mtu = 1234;
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	entry = resolve(&g, KIT_LAN_DST, 0);
	CU_ASSERT_EQUAL(entry.drop, DROP_NONE);
	CU_ASSERT_PTR_EQUAL(entry.sa, dp_sa(g.dp, 0));
	CU_ASSERT_EQUAL(entry.port, 1); /* where the tunnel goes, not where its route says */
	CU_ASSERT_EQUAL(entry.mtu, 1234);
	entry = resolve(&g, 0x0a030001, 0);
	CU_ASSERT_EQUAL(entry.drop, DROP_POLICY_NONE);
	CU_ASSERT_PTR_NULL(entry.sa);
	g.policies[0].action = CFG_DISCARD;
	CU_ASSERT_EQUAL(resolve(&g, KIT_LAN_DST, 0).drop, DROP_POLICY_DISCARD);
	g.policies[0].action = CFG_BYPASS;
	entry = resolve(&g, KIT_LAN_DST, 0);
	CU_ASSERT_EQUAL(entry.drop, DROP_NONE);
	CU_ASSERT_PTR_NULL(entry.sa);
	CU_ASSERT_EQUAL(entry.port, 0);
	g.cfg.n_routes = 0;
	CU_ASSERT_EQUAL(resolve(&g, KIT_LAN_DST, 0).drop, DROP_NO_ROUTE);
	g.cfg.n_policies = 0; /* protects nothing */
	CU_ASSERT_EQUAL(resolve(&g, 0x0a010063, 0).drop, DROP_NONE);
	kit_gateway_stop(&g);
}

static void
test_resolve_in(void)
{
	struct flow_entry entry;
	struct kit_gateway g;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	entry = resolve(&g, KIT_LAN_DST, 1);
	CU_ASSERT_EQUAL(entry.drop, DROP_NONE);
	CU_ASSERT_PTR_NULL(entry.sa);
	CU_ASSERT_EQUAL(entry.port, 0);
	CU_ASSERT_EQUAL(entry.mtu, 1500);
	CU_ASSERT_EQUAL(resolve(&g, 0x0a030001, 1).drop, DROP_POLICY_IN);
	g.peer_policies[0].dst = (struct cfg_prefix){0};
	CU_ASSERT_EQUAL(resolve(&g, 0x0a030001, 1).drop, DROP_NO_ROUTE);
	CU_ASSERT_EQUAL(resolve(&g, KIT_WAN_ADDR, 1).drop, DROP_NOT_MINE);
	g.peer_policies[0].sa_index = 0; /* another SA had to bring it */
	CU_ASSERT_EQUAL(resolve(&g, KIT_LAN_DST, 1).drop, DROP_POLICY_IN);
	kit_gateway_stop(&g);
}

/* A hub: what came by one tunnel and belongs to another site is protected anew, and never leaves where
 * tunnels end in the clear unless a rule says so. */
static void
test_resolve_onward(void)
{
	struct flow_entry entry;
	struct kit_gateway g;

	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&g, "esp-gcm 128");
	CU_ASSERT_FATAL(kit_gateway_start(&g));
	g.peer_policies[0].dst = (struct cfg_prefix){0};
	g.peer_policies[1] = g.policies[0];
	g.peer_cfg.n_policies = 2;
	entry = resolve(&g, KIT_LAN_DST, 1);
	CU_ASSERT_EQUAL(entry.drop, DROP_NONE);
	CU_ASSERT_PTR_EQUAL(entry.sa, dp_sa(g.peer, 0));
	CU_ASSERT_EQUAL(entry.port, 1); /* where the next tunnel goes */
	g.peer_policies[1].action = CFG_DISCARD;
	CU_ASSERT_EQUAL(resolve(&g, KIT_LAN_DST, 1).drop, DROP_POLICY_DISCARD);
	CU_ASSERT_EQUAL(resolve(&g, KIT_WAN_ADDR + 5, 1).drop, DROP_POLICY_NONE);
	g.peer_policies[1].action = CFG_BYPASS;
	g.peer_policies[1].dst = (struct cfg_prefix){0};
	entry = resolve(&g, KIT_WAN_ADDR + 5, 1);
	CU_ASSERT_EQUAL(entry.drop, DROP_NONE);
	CU_ASSERT_EQUAL(entry.port, 1);
	CU_ASSERT_PTR_NULL(entry.sa);
	kit_gateway_stop(&g);
}

int
suite_forward(void)
{
	CU_pSuite s = CU_add_suite("forward", NULL, NULL);

	CU_ADD_TEST(s, test_ttl_every_value);
	CU_ADD_TEST(s, test_hop6);
	CU_ADD_TEST(s, test_ttl_every_checksum);
	CU_ADD_TEST(s, test_ttl_edges);
	CU_ADD_TEST(s, test_route);
	CU_ADD_TEST(s, test_resolve_out);
	CU_ADD_TEST(s, test_resolve_in);
	CU_ADD_TEST(s, test_resolve_onward);
	return 0;
}
