/* Several workers: what an owner does once, and what goes on between owners: changes, lifetimes, keepalives,
 * tunnels behind tunnels, path MTUs, echoes, the process path. */
#include "tests/dataplane/hand_rig.h"

#include "dataplane/frag/icmp.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/process.h"

int suite_hand_more(void);

#define WORKERS 3u
#define IDLE (1000 * US)

static unsigned
sent_free(struct team *team, unsigned port)
{
	struct rte_mbuf *out[512];
	unsigned n = team_take(team, port, out);

	rte_pktmbuf_free_bulk(out, n);
	return n;
}

/* Protects a packet of SA i, come in at that worker. */
static struct rte_mbuf *
protect(struct team *team, unsigned worker, unsigned i, uint64_t now)
{
	struct rte_mbuf *out[4] = {NULL};

	team_send(team, worker, 0, rig_packet(i, 200, 0), now);
	CU_ASSERT_EQUAL_FATAL(team_take(team, 1, out), 1);
	return out[0];
}

static bool
taken(struct team *team, unsigned worker, struct rte_mbuf *m, uint64_t now)
{
	team_send(team, worker, 1, m, now);
	return sent_free(team, 0) == 1;
}

static unsigned
age(struct dp *dp, uint64_t now)
{
	unsigned left = 0;

	for (bool done = false; !done;)
		left = dp_sas_age(dp, now, IDLE, 1, &done);
	return left;
}

static void
rekeyed(struct cfg_sa *sa, uint32_t spi)
{
	sa->spi = spi;
	for (unsigned i = 0; i < sa->key_len; i++)
		sa->key[i] ^= (uint8_t)spi;
}

/* The new SA has the owner of the old one; what comes by the old one is handed over for as long. */
static void
test_rekey(void)
{
	static struct rig_cfg r, next;
	struct team *a, *b;
	struct rte_mbuf *before[3];
	unsigned left = 1;

	rig_cfg_init(&r, "esp-gcm 128");
	rig_cfg_init(&next, "esp-gcm 128");
	next.cfg.ports = next.peer.ports = r.cfg.ports;
	next.cfg.routes = next.peer.routes = r.cfg.routes;
	a = team_start(&r.cfg, WORKERS);
	b = team_start(&r.peer, WORKERS);
	for (unsigned i = 0; i < 3; i++)
		before[i] = protect(a, i, 1, (1 + i) * US);
	for (unsigned i = 0; i < 2; i++)
		rekeyed(&next.sas[2 + i], 0x5005);
	CU_ASSERT_EQUAL(team_change(b, &next.peer, 4 * US), ST_OK);
	CU_ASSERT(taken(b, 0, before[0], 5 * US)); /* owner: 1 */
	CU_ASSERT(taken(b, 0, protect(a, 2, 1, 5 * US), 5 * US));
	CU_ASSERT_EQUAL(team_change(a, &next.cfg, 6 * US), ST_OK);
	for (unsigned w = 0; w < WORKERS; w++) {
		struct rte_mbuf *m = protect(a, w, 1, (7 + w) * US);

		CU_ASSERT_EQUAL(dp_sa(a->dp[w], 2)->owner, 1);
		CU_ASSERT_EQUAL(rig_spi(m), 0x5005);
		CU_ASSERT_EQUAL(rig_seq(m), 1 + w);
		CU_ASSERT(taken(b, WORKERS - 1 - w, m, (7 + w) * US));
	}
	CU_ASSERT(taken(b, 2, before[1], 20 * US));
	CU_ASSERT(!taken(b, 0, kit_bytes(rte_pktmbuf_mtod(before[2], uint8_t *), 60), 21 * US));
	for (unsigned k = 1; left && k < 8; k++) {
		left = 0;
		for (unsigned w = 0; w < WORKERS; w++)
			left += age(b->dp[w], k * IDLE);
	}
	CU_ASSERT_EQUAL(left, 0);
	CU_ASSERT(!taken(b, 0, before[2], 9 * IDLE));
	CU_ASSERT_EQUAL(team_drops(b, DROP_NO_SA), 1);
	for (unsigned w = 0; w < WORKERS; w++)
		age(a->dp[w], 9 * IDLE);
	team_stop(a);
	team_stop(b);
}

/* Another SA before the others: those that were keep their owner and their numbers. */
static void
test_add(void)
{
	static struct rig_cfg r, next;
	struct team *a;
	struct rte_mbuf *m;

	rig_cfg_init(&r, "esp-gcm 128");
	r.cfg.n_sas = 6; /* 10.2.3.0 has none */
	r.cfg.n_policies = 6;
	rig_cfg_init(&next, "esp-gcm 128");
	next.cfg.ports = r.cfg.ports;
	next.cfg.routes = r.cfg.routes;
	memmove(next.sas + 2, r.sas, 6 * sizeof(r.sas[0]));
	memmove(next.policies + 2, r.policies, 6 * sizeof(r.policies[0]));
	memcpy(next.sas, r.sas + 6, 2 * sizeof(r.sas[0]));
	memcpy(next.policies, r.policies + 6, 2 * sizeof(r.policies[0]));
	for (unsigned i = 0; i < 8; i++)
		next.policies[i].sa_index = i;
	a = team_start(&r.cfg, WORKERS);
	for (unsigned i = 0; i < 3; i++)
		rte_pktmbuf_free(protect(a, 0, i, US));
	CU_ASSERT_EQUAL(team_change(a, &next.cfg, 2 * US), ST_OK);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned w = 0; w < WORKERS; w++)
			CU_ASSERT_EQUAL(dp_sa(a->dp[w], 2 + 2 * i)->owner, i);
		m = protect(a, 2, i, 3 * US);
		CU_ASSERT_EQUAL(rig_seq(m), 2);
		rte_pktmbuf_free(m);
	}
	m = protect(a, 1, 3, 4 * US);
	CU_ASSERT_EQUAL(rig_seq(m), 1);
	rte_pktmbuf_free(m);
	team_stop(a);
}

/* Told once, by the owner. */
static void
test_life(void)
{
	static struct rig_cfg r;
	struct team *team;
	uint64_t lives[LIFE_COUNT] = {0};

	rig_cfg_init(&r, "esp-gcm 128");
	r.sas[2].lifetime_kilobytes = 10;
	r.sas[2].lifetime_soft = 50;
	r.sas[5].idle_time = NS_PER_SEC;
	team = team_start(&r.cfg, WORKERS);
	for (unsigned i = 0; i < 60; i++)
		team_send(team, i % WORKERS, 0, rig_packet(1, 400, 0), (1 + i) * 20000 * US);
	team_turn(team, 3 * NS_PER_SEC);
	team_turn(team, 4 * NS_PER_SEC);
	CU_ASSERT_EQUAL(sent_free(team, 1), 26); /* 26 of 400 bytes */
	CU_ASSERT_EQUAL(team_drops(team, DROP_SA_EXPIRED), 34);
	for (unsigned w = 0; w < WORKERS; w++)
		for (unsigned l = 0; l < LIFE_COUNT; l++)
			lives[l] += dp_lives(team->dp[w])[l];
	CU_ASSERT_EQUAL(lives[LIFE_SOFT_KILOBYTES], 1);
	CU_ASSERT_EQUAL(lives[LIFE_KILOBYTES], 1);
	CU_ASSERT_EQUAL(lives[LIFE_IDLE], 1);
	team_stop(team);
}

/* A reservation binds the owner, and gives the others nothing. */
static void
test_limit(void)
{
	static struct rig_cfg r;
	struct team *team;

	rig_cfg_init(&r, "esp-gcm 128");
	team = team_start(&r.cfg, WORKERS);
	for (unsigned w = 0; w < WORKERS; w++)
		dp_sa_limit(team->dp[w], 2, 5);
	for (unsigned i = 0; i < 12; i++)
		team_send(team, i % WORKERS, 0, rig_packet(1, 100, 0), US);
	CU_ASSERT_EQUAL(sent_free(team, 1), 5);
	CU_ASSERT_EQUAL(team_drops(team, DROP_SEQ_EXHAUSTED), 7);
	team_stop(team);
}

static void
test_keepalive(void)
{
	static struct rig_cfg r;
	struct team *team;

	rig_cfg_init(&r, "esp-gcm 128");
	for (unsigned i = 0; i < 2 * RIG_SAS; i++) {
		r.sas[i].natt = true;
		r.sas[i].natt_keepalive = i & 1 ? 0 : NS_PER_SEC;
	}
	team = team_start(&r.cfg, WORKERS);
	team_turn(team, NS_PER_SEC);
	CU_ASSERT_EQUAL(sent_free(team, 1), RIG_SAS);
	team_turn(team, 2 * NS_PER_SEC);
	CU_ASSERT_EQUAL(sent_free(team, 1), RIG_SAS);
	team_stop(team);
}

/* Decrypted by SA 0 (worker 0), protected anew by SA 1 or 2: the inbound policy has been asked, and is asked
 * about that SA alone. */
static void
test_hub(void)
{
	static struct rig_cfg r, hub;
	struct team *from, *team;
	struct rte_mbuf *out[8];

	rig_cfg_init(&r, "esp-gcm 128");
	rig_cfg_init(&hub, "esp-gcm 128");
	r.policies[0].dst = CFG_PREFIX_V4(rig_site(0), 16); /* all of it goes to the hub by SA 0 */
	hub.policies[1].dst = CFG_PREFIX_V4(rig_site(0), 23); /* which takes 10.2.0 and 10.2.1 by SA 0 */
	from = team_start(&r.cfg, 1);
	team = team_start(&hub.cfg, WORKERS);
	for (unsigned i = 0; i < 6; i++) {
		team_send(team, i % WORKERS, 1, protect(from, 0, 1, (1 + i) * US), (1 + i) * US);
		CU_ASSERT_EQUAL_FATAL(team_take(team, 1, out), 1);
		CU_ASSERT_EQUAL(rig_spi(out[0]), KIT_SPI + 1);
		CU_ASSERT_EQUAL(rig_seq(out[0]), 1 + i);
		rte_pktmbuf_free(out[0]);
	}
	/* 10.2.2.0 may not come by SA 0, although a clear packet to it would be sent on */
	team_send(team, 1, 1, protect(from, 0, 2, 10 * US), 10 * US);
	CU_ASSERT_EQUAL(team_drops(team, DROP_POLICY_IN), 1);
	/* in the clear from the LAN it goes by the same SA */
	team_send(team, 2, 0, rig_packet(1, 100, 0), 11 * US);
	CU_ASSERT_EQUAL_FATAL(team_take(team, 1, out), 1);
	CU_ASSERT_EQUAL(rig_seq(out[0]), 7);
	rte_pktmbuf_free(out[0]);
	team_stop(from);
	team_stop(team);
}

/* "Fragmentation needed" about a packet of SA 1, at a worker that does not own it. */
static struct rte_mbuf *
needed_make(const struct rte_mbuf *about, uint32_t mtu)
{
	uint8_t icmp[576];
	uint32_t bytes = frag_icmp_write(FRAG_ICMP_TOO_BIG, rte_pktmbuf_mtod(about, const uint8_t *),
		rte_pktmbuf_data_len(about), IP_V4(0xc0000209u), mtu, 7, icmp);

	CU_ASSERT_FATAL(bytes > 0);
	return kit_bytes(icmp, bytes);
}

/* The owner learns, and everybody else's packets of that SA are measured by it. */
static void
test_path_mtu(void)
{
	static struct rig_cfg r;
	struct team *team;
	struct rte_mbuf *m, *out[4];

	rig_cfg_init(&r, "esp-gcm 128");
	r.cfg.icmp_rate = 1000;
	r.cfg.pmtu_ageing = 600 * NS_PER_SEC;
	team = team_start(&r.cfg, WORKERS);
	team_send(team, 2, 0, kit_df(rig_packet(1, 1300, 0)), US);
	CU_ASSERT_EQUAL_FATAL(team_take(team, 1, out), 1);
	m = needed_make(out[0], 1000);
	rte_pktmbuf_free(out[0]);
	team_send(team, 0, 1, m, 2 * US);
	CU_ASSERT_EQUAL(team_drops(team, DROP_ICMP_REFUSED), 0);
	CU_ASSERT_EQUAL(dp_sa(team->dp[1], 2)->path_mtu, 1000);
	CU_ASSERT_EQUAL(dp_sa(team->dp[0], 2)->path_mtu, 0);
	team_send(team, 2, 0, kit_df(rig_packet(1, 1300, 0)), 3 * US);
	CU_ASSERT_EQUAL(team_drops(team, DROP_TOO_BIG), 1);
	CU_ASSERT_EQUAL_FATAL(team_take(team, 0, out), 1);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(out[0], uint8_t *)[IPV4_PROTO], IPV4_PROTO_ICMP);
	rte_pktmbuf_free(out[0]);
	team_stop(team);
}

/* A ping of the WAN address, in the clear by the LAN, from an address that lies behind SA 1: the answer goes
 * by SA 1, whoever makes it. */
static void
test_echo(void)
{
	static struct rig_cfg r;
	struct team *team;
	struct rte_mbuf *m, *out[4];
	uint8_t *ip;

	rig_cfg_init(&r, "esp-gcm 128");
	r.policies[2].src = CFG_PREFIX_V4(KIT_WAN_ADDR, 32);
	team = team_start(&r.cfg, WORKERS);
	for (unsigned w = 0; w < WORKERS; w++) {
		m = kit_udp(rig_site(1) + 10, KIT_WAN_ADDR, 84, 0);
		ip = rte_pktmbuf_mtod(m, uint8_t *);
		ip[IPV4_PROTO] = IPV4_PROTO_ICMP;
		ipv4_checksum_set(ip, IPV4_MIN_BYTES);
		ip[20] = 8;
		ip[21] = 0;
		store_be16(ip + 22, 0);
		store_be16(ip + 22, (uint16_t)~ipv4_sum(ip + 20, 64));
		team_send(team, w, 0, m, (1 + w) * US);
		CU_ASSERT_EQUAL_FATAL(team_take(team, 1, out), 1);
		CU_ASSERT_EQUAL(rig_spi(out[0]), KIT_SPI + 1);
		CU_ASSERT_EQUAL(rig_seq(out[0]), 1 + w);
		rte_pktmbuf_free(out[0]);
	}
	team_stop(team);
}

/* The process path is another worker's; what it has learnt is known where the packet came from. */
static void
test_process(void)
{
	static struct rig_cfg r;
	struct team *team;

	rig_cfg_init(&r, "esp-gcm 128");
	r.cfg.switching = CFG_SWITCHING_FAST;
	r.cfg.process_rate = 1000;
	r.cfg.process_queue = 75;
	r.cfg.process_delay = 5000 * US;
	team = team_start_ring(&r.cfg, 2, true, HAND_RING);
	team_send(team, 0, 0, rig_packet(1, 100, 0), US);
	CU_ASSERT_EQUAL(dp_held(team->dp[2]), 1);
	CU_ASSERT_EQUAL(dp_process_stats(team->dp[2])->causes[PROCESS_MISS], 1);
	team_turn(team, 100000 * US);
	CU_ASSERT_EQUAL(sent_free(team, 1), 1);
	team_send(team, 0, 0, rig_packet(1, 100, 0), 100001 * US);
	CU_ASSERT_EQUAL(sent_free(team, 1), 1);
	CU_ASSERT_EQUAL(dp_process_stats(team->dp[0])->fast, 1);
	team_send(team, 1, 0, rig_packet(1, 100, 0), 100002 * US); /* it does not know it yet */
	CU_ASSERT_EQUAL(dp_held(team->dp[2]), 1);
	team_turn(team, 200000 * US);
	CU_ASSERT_EQUAL(sent_free(team, 1), 1);
	for (unsigned i = 0; i < 2 * RIG_SAS; i++)
		CU_ASSERT(!dp_sa_owned(team->dp[2], i));
	team_stop(team);
	/* without one of its own: the first one has it, for all of them */
	team = team_start(&r.cfg, 2);
	for (unsigned w = 0; w < 2; w++) {
		team_send(team, w, 0, rig_packet(1, 100, 0), (200001 + w * 100001) * US);
		CU_ASSERT_EQUAL(dp_held(team->dp[0]), 1);
		team_turn(team, (300000 + w * 100000) * US);
		CU_ASSERT_EQUAL(sent_free(team, 1), 1);
		team_send(team, w, 0, rig_packet(1, 100, 0), (300001 + w * 100000) * US);
		CU_ASSERT_EQUAL(sent_free(team, 1), 1);
	}
	team_stop(team);
}

int
suite_hand_more(void)
{
	CU_pSuite suite = CU_add_suite("hand_more", NULL, NULL);

	return !suite || !CU_add_test(suite, "rekey", test_rekey) || !CU_add_test(suite, "add", test_add) ||
	       !CU_add_test(suite, "life", test_life) || !CU_add_test(suite, "limit", test_limit) ||
	       !CU_add_test(suite, "keepalive", test_keepalive) || !CU_add_test(suite, "hub", test_hub) ||
	       !CU_add_test(suite, "path MTU", test_path_mtu) || !CU_add_test(suite, "echo", test_echo) ||
	       !CU_add_test(suite, "process", test_process);
}
