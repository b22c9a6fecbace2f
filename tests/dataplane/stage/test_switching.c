/* Who takes the slow path and why, what the route cache learns and forgets, and what that does to sequence
 * numbers on either side of a tunnel. */
#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/tunnel.h"
#include "tests/dataplane/process_rig.h"

int suite_switching(void);

static const struct process_stats *
stats_of(const struct kit_gateway *g)
{
	return dp_process_stats(g->dp);
}

/* ---- causes ---- */

static struct rte_mbuf *
udp(void)
{
	return kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 0);
}

static struct rte_mbuf *
with_options(void)
{
	struct rte_mbuf *m = udp();
	uint8_t ip[104];

	memcpy(ip, rte_pktmbuf_mtod(m, uint8_t *), 20);
	memset(ip + 20, 1, 4); /* no operation */
	memcpy(ip + 24, rte_pktmbuf_mtod(m, uint8_t *) + 20, 80);
	rte_pktmbuf_free(m);
	ip[0] = 0x46;
	store_be16(ip + IPV4_LENGTH, 104);
	ipv4_checksum_set(ip, 24);
	return kit_bytes(ip, sizeof(ip));
}

static struct rte_mbuf *
with_hop_by_hop(void)
{
	struct rte_mbuf *m = kit_udp6((struct ip_addr){1, 2}, (struct ip_addr){3, 4}, 100, 0);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	ip[IPV6_NEXT] = IP_NEXT_HOP_BY_HOP;
	ip[IPV6_MIN_BYTES] = IPV4_PROTO_UDP;
	ip[IPV6_MIN_BYTES + 1] = 0; /* 8 bytes of it: PadN */
	return m;
}

static struct rte_mbuf *
fragment4(uint32_t dst, uint8_t proto, uint16_t field)
{
	struct rte_mbuf *m = kit_udp(KIT_LAN_SRC, dst, 100, 0);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	ip[IPV4_PROTO] = proto;
	store_be16(ip + IPV4_FRAGMENT, field);
	ipv4_checksum_set(ip, 20);
	return m;
}

static struct rte_mbuf *
first_fragment_here(void)
{
	return fragment4(0x0a010001u, IPV4_PROTO_ESP, IPV4_MF);
}

static struct rte_mbuf *
last_fragment_here(void)
{
	return fragment4(0x0a010001u, IPV4_PROTO_ESP, 100);
}

static struct rte_mbuf *
fragment_elsewhere(void)
{
	return fragment4(KIT_LAN_DST, IPV4_PROTO_UDP, 100);
}

static struct rte_mbuf *
large(void)
{
	return kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1001, 0);
}

static struct rte_mbuf *
not_so_large(void)
{
	return kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 1000, 0);
}

static struct rte_mbuf *
broken(void)
{
	static const uint8_t bytes[12] = {0x45};

	return kit_bytes(bytes, sizeof(bytes));
}

/* Each first on an empty cache, then once more when its flow is known. */
static const struct {
	struct rte_mbuf *(*make)(void);
	enum process_cause first, then;
} rows[] = {
	{udp, PROCESS_MISS, PROCESS_NOT},
	{with_options, PROCESS_OPTIONS, PROCESS_OPTIONS},
	{with_hop_by_hop, PROCESS_OPTIONS, PROCESS_OPTIONS},
	{first_fragment_here, PROCESS_FRAGMENT, PROCESS_FRAGMENT},
	{last_fragment_here, PROCESS_FRAGMENT, PROCESS_FRAGMENT},
	{fragment_elsewhere, PROCESS_MISS, PROCESS_NOT},
	{large, PROCESS_LARGE, PROCESS_LARGE},
	{not_so_large, PROCESS_MISS, PROCESS_NOT},
	{broken, PROCESS_NOT, PROCESS_NOT},
};

static uint64_t
count_of(const struct process_stats *stats, enum process_cause cause)
{
	return cause == PROCESS_NOT ? stats->fast : stats->causes[cause];
}

/* Exactly one count moves, the right one. */
static void
cause_check(struct kit_gateway *g, struct rte_mbuf *m, enum process_cause cause, uint64_t now)
{
	struct process_stats before = *stats_of(g);
	uint64_t moved = stats_of(g)->fast;

	kit_send(g, 0, m, now);
	CU_ASSERT_EQUAL(count_of(stats_of(g), cause), count_of(&before, cause) + 1);
	moved = stats_of(g)->fast - before.fast;
	for (unsigned c = 0; c < PROCESS_COUNT; c++)
		moved += stats_of(g)->causes[c] - before.causes[c];
	CU_ASSERT_EQUAL(moved, 1);
	CU_ASSERT_EQUAL(kit_books(g), 0);
}

static void
test_causes(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kit_gateway g;

		rig_paths_init(&g);
		g.cfg.process_size = 1000;
		rig_start(&g);
		cause_check(&g, rows[i].make(), rows[i].first, 0);
		rig_turn(g.dp, 10 * MS);
		cause_check(&g, rows[i].make(), rows[i].then, 10 * MS);
		rig_stop(&g);
	}
}

/* A fragment header before UDP. */
static struct rte_mbuf *
fragment6(struct ip_addr dst, uint8_t proto, uint16_t field)
{
	struct rte_mbuf *m = kit_udp6((struct ip_addr){1, 2}, dst, 100, 0);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	ip[IPV6_NEXT] = IP_NEXT_FRAGMENT;
	memset(ip + IPV6_MIN_BYTES, 0, 8);
	ip[IPV6_MIN_BYTES] = proto;
	store_be16(ip + IPV6_MIN_BYTES + 2, field);
	return m;
}

/* In IPv6 too only what is put together here is slow because of it, and flows are learnt and age. */
static void
test_ipv6(void)
{
	static const struct ip_addr here = {UINT64_C(0x20010db800030000), 1}, there = {3, 4};
	struct kit_gateway g;

	rig_paths_init(&g);
	g.ports[1].address = (struct cfg_prefix){.addr = here, .len = 64, .only_v6 = true};
	g.cfg.cache_timeout = 100 * MS;
	rig_start(&g);
	cause_check(&g, fragment6(here, IPV4_PROTO_ESP, 1), PROCESS_FRAGMENT, 0);
	cause_check(&g, fragment6(here, IPV4_PROTO_ESP, 80), PROCESS_FRAGMENT, 0);
	cause_check(&g, fragment6(there, IPV4_PROTO_ESP, 80), PROCESS_MISS, 0);
	cause_check(&g, kit_udp6((struct ip_addr){1, 2}, there, 100, 0), PROCESS_MISS, 0);
	rig_turn(g.dp, 10 * MS); /* 4 of them: the last at 4 ms */
	cause_check(&g, fragment6(there, IPV4_PROTO_ESP, 80), PROCESS_NOT, 10 * MS);
	cause_check(&g, kit_udp6((struct ip_addr){1, 2}, there, 100, 0), PROCESS_NOT, 104 * MS - 1);
	cause_check(&g, kit_udp6((struct ip_addr){1, 2}, there, 100, 0), PROCESS_STALE, 104 * MS);
	cause_check(&g, kit_udp6((struct ip_addr){1, 3}, there, 100, 0), PROCESS_MISS, 104 * MS);
	rig_stop(&g);
}

/* Large packets are slow under load only: what came in the last whole 10 ms. */
static void
test_load(void)
{
	struct kit_gateway g;

	rig_paths_init(&g);
	g.cfg.process_size = 1000;
	g.cfg.process_load = 500; /* 5 in 10 ms */
	rig_start(&g);
	kit_send(&g, 0, udp(), 0); /* its flow becomes known */
	rig_turn(g.dp, 5 * MS);
	for (unsigned i = 0; i < 3; i++) /* 4 in all: not enough */
		cause_check(&g, large(), PROCESS_NOT, 9 * MS);
	for (unsigned i = 0; i < 5; i++)
		cause_check(&g, large(), PROCESS_NOT, 10 * MS + i);
	cause_check(&g, large(), PROCESS_NOT, 20 * MS - 1);
	cause_check(&g, large(), PROCESS_LARGE, 20 * MS);
	cause_check(&g, not_so_large(), PROCESS_NOT, 20 * MS);
	cause_check(&g, large(), PROCESS_NOT, 30 * MS);
	for (unsigned i = 0; i < 5; i++)
		cause_check(&g, udp(), PROCESS_NOT, 39 * MS);
	cause_check(&g, large(), PROCESS_NOT, 50 * MS); /* 10 ms of nothing lie between */
	rig_stop(&g);
}

/* ---- the route cache ---- */

/* What comes before the first packet was processed waits behind it; what comes then overtakes them. */
static void
test_learning_takes_its_time(void)
{
	static const uint64_t order[] = {0, 3, 1, 2};
	struct kit_gateway g;

	rig_paths_init(&g);
	rig_start(&g);
	for (unsigned i = 0; i < 3; i++)
		rig_send(&g, i, 0, i); /* the process needs 1 ms for the first */
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_MISS], 3);
	rig_turn(g.dp, 1 * MS);
	rig_send(&g, 3, 0, 1 * MS);
	CU_ASSERT_EQUAL(stats_of(&g)->fast, 1);
	rig_turn(g.dp, 10 * MS);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, 4);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(rig_num(&g, 1, i), order[i]);
	rig_stop(&g);
}

/* A packet that found no room teaches nothing. */
static void
test_dropped_teaches_nothing(void)
{
	struct kit_gateway g;

	rig_paths_init(&g);
	g.cfg.process_queue = 1;
	rig_start(&g);
	rig_send(&g, 0, 10, 0);
	rig_send(&g, 1, 20, 0);
	CU_ASSERT_EQUAL(kit_drops(&g, DROP_PROCESS_FULL), 1);
	rig_turn(g.dp, 5 * MS);
	rig_send(&g, 2, 10, 5 * MS);
	CU_ASSERT_EQUAL(stats_of(&g)->fast, 1);
	rig_send(&g, 3, 20, 5 * MS);
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_MISS], 3);
	rig_stop(&g);
}

/* An entry lives for cache_timeout from when it was made, however much it is used; other flows go on. */
static void
test_ageing(void)
{
	struct kit_gateway g;

	rig_paths_init(&g);
	g.cfg.cache_timeout = 100 * MS;
	rig_start(&g);
	rig_send(&g, 0, 10, 0);
	rig_turn(g.dp, 1 * MS); /* made at 1 ms */
	rig_send(&g, 0, 20, 50 * MS);
	rig_turn(g.dp, 51 * MS); /* made at 51 ms */
	for (uint64_t t = 60; t <= 100; t += 10)
		rig_send(&g, 0, 10, t * MS);
	rig_send(&g, 0, 10, 101 * MS - 1);
	CU_ASSERT_EQUAL(stats_of(&g)->fast, 6);
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_STALE], 0);
	rig_send(&g, 0, 10, 101 * MS);
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_STALE], 1);
	rig_send(&g, 0, 20, 101 * MS);
	CU_ASSERT_EQUAL(stats_of(&g)->fast, 7);
	rig_send(&g, 0, 10, 101 * MS); /* the entry is gone */
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_STALE], 1);
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_MISS], 3);
	rig_turn(g.dp, 110 * MS); /* and back at 102 ms */
	rig_send(&g, 0, 10, 202 * MS - 1);
	CU_ASSERT_EQUAL(stats_of(&g)->fast, 8);
	rig_send(&g, 0, 10, 202 * MS);
	CU_ASSERT_EQUAL(stats_of(&g)->causes[PROCESS_STALE], 2);
	rig_stop(&g);
}

/* As an interface goes down and comes back, all flows have to be learnt anew. */
static void
test_interface_flushes(void)
{
	struct kit_gateway g;

	rig_paths_init(&g);
	rig_start(&g);
	rig_send(&g, 0, 10, 0);
	rig_turn(g.dp, 1 * MS);
	cause_check(&g, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 10 << 2), PROCESS_NOT, 2 * MS);
	tunnel_port_down(g.dp, 1);
	tunnel_port_up(g.dp, 1);
	cause_check(&g, kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, 10 << 2), PROCESS_MISS, 3 * MS);
	rig_stop(&g);
}

static void
test_no_timeout(void)
{
	struct kit_gateway g;

	rig_paths_init(&g);
	rig_start(&g);
	rig_send(&g, 0, 10, 0);
	rig_turn(g.dp, 1 * MS);
	rig_send(&g, 0, 10, UINT64_C(1) << 62);
	CU_ASSERT_EQUAL(stats_of(&g)->fast, 1);
	rig_stop(&g);
}

/* ---- sequence numbers ---- */

/* n packets of the other class overtake one of class 10 that is process switched, at the encrypting gateway
 * or at the decrypting one; how many the window drops. */
static uint64_t
overtake(bool encrypting, unsigned n)
{
	struct kit_gateway g;
	uint64_t t = 1100 * MS, drops;

	rig_paths_init(&g);
	g.cfg.process_queue = 1000;
	g.cfg.process_delay = 50 * MS;
	g.cfg.cache_timeout = 500 * MS;
	/* packets from the LAN are the encrypting gateway's, from the WAN the peer's */
	g.ports[!encrypting].switching = CFG_SWITCHING_FAST;
	g.ports[encrypting].switching = CFG_SWITCHING_ONE_PATH;
	rig_start(&g);
	rig_send(&g, 0, 10, 0);
	rig_turn(g.dp, 100 * MS);
	rig_cross_one(&g, 100 * MS);
	rig_turn(g.peer, 800 * MS); /* class 10 is known, and will be stale at t */
	rig_send(&g, 0, 20, 900 * MS);
	rig_turn(g.dp, 960 * MS);
	rig_cross_one(&g, 960 * MS);
	rig_turn(g.peer, t); /* class 20 is fresh */
	kit_port_empty(&g.port[0]);
	for (unsigned i = 0; i <= n; i++) /* the first is of class 10 */
		rig_send(&g, i, i ? 20 : 10, t);
	rig_turn(g.dp, t + 100 * MS);
	CU_ASSERT_EQUAL_FATAL(g.port[1].n_out, n + 1);
	CU_ASSERT_EQUAL(rig_num(&g, 1, 0), encrypting ? 1 : 0);
	while (g.port[1].n_out)
		rig_cross_one(&g, t + 100 * MS);
	rig_turn(g.peer, t + 200 * MS);
	drops = kit_drops(&g, DROP_REPLAY_OLD);
	CU_ASSERT_EQUAL(g.port[0].n_out + drops, n + 1);
	CU_ASSERT_EQUAL(dp_process_stats(encrypting ? g.dp : g.peer)->causes[PROCESS_STALE], 1);
	rig_stop(&g);
	return drops;
}

/* Before the number is taken overtaking is harmless, behind it the window counts: 64 hold 63 later ones. */
static void
test_numbers(void)
{
	CU_ASSERT_EQUAL(overtake(true, 500), 0);
	CU_ASSERT_EQUAL(overtake(false, 63), 0);
	CU_ASSERT_EQUAL(overtake(false, 64), 1);
	CU_ASSERT_EQUAL(overtake(false, 500), 1);
}

int
suite_switching(void)
{
	CU_pSuite s = CU_add_suite("switching", NULL, NULL);

	CU_ADD_TEST(s, test_causes);
	CU_ADD_TEST(s, test_ipv6);
	CU_ADD_TEST(s, test_load);
	CU_ADD_TEST(s, test_learning_takes_its_time);
	CU_ADD_TEST(s, test_dropped_teaches_nothing);
	CU_ADD_TEST(s, test_ageing);
	CU_ADD_TEST(s, test_interface_flushes);
	CU_ADD_TEST(s, test_no_timeout);
	CU_ADD_TEST(s, test_numbers);
	return 0;
}
