/* Several workers: numbers, windows, fragments and queues have one owner, whoever takes a packet in. */
#include "tests/dataplane/hand_rig.h"

#include "dataplane/ipsec/sa.h"

int suite_hand(void);

#define WORKERS 3u
#define PACKETS 300u

static void
stop(struct team *a, struct team *b)
{
	team_stop(a);
	if (b)
		team_stop(b);
}

/* Packets of all SAs come in everywhere; no number is used twice, and none is left out. */
static void
test_numbers(void)
{
	static struct rig_cfg r;
	static struct rte_mbuf *out[PACKETS];
	bool seen[RIG_SAS][PACKETS + 1] = {{false}};
	struct team *team;
	unsigned n;

	rig_cfg_init(&r, "esp-gcm 128");
	team = team_start(&r.cfg, WORKERS);
	for (unsigned i = 0; i < PACKETS; i++)
		team_send(team, i % WORKERS, 0, rig_packet(i / 3 % RIG_SAS, 200, 0), (1 + i) * US);
	n = team_take(team, 1, out);
	CU_ASSERT_EQUAL_FATAL(n, PACKETS);
	for (unsigned i = 0; i < n; i++) {
		uint32_t sa = rig_spi(out[i]) - KIT_SPI, seq = rig_seq(out[i]);

		CU_ASSERT_FATAL(sa < RIG_SAS && seq >= 1 && seq <= PACKETS / RIG_SAS);
		CU_ASSERT(!seen[sa][seq]);
		seen[sa][seq] = true;
	}
	for (unsigned i = 0; i < 2 * RIG_SAS; i += 2)
		for (unsigned w = 0; w < WORKERS; w++) {
			const struct sa *sa = dp_sa(team->dp[w], i);

			CU_ASSERT_EQUAL(sa->owner, i / 2 % WORKERS);
			CU_ASSERT_EQUAL(dp_sa_owned(team->dp[w], i), sa->owner == w);
			CU_ASSERT_EQUAL(sa->session != NULL, sa->owner == w);
			CU_ASSERT_EQUAL(sa->seq, sa->owner == w ? PACKETS / RIG_SAS : 0);
			CU_ASSERT(sa->owner == w || sa->seq == sa->seq_max);
		}
	CU_ASSERT(team_drops(team, DROP_HANDOVER_FULL) == 0);
	rte_pktmbuf_free_bulk(out, n);
	stop(team, NULL);
}

/* Packets of one SA as they left, some twice and some late. */
static unsigned
stream_make(struct team *from, struct rte_mbuf **out, unsigned most)
{
	unsigned n, kept = 0;
	struct rte_mbuf *made[PACKETS];

	for (unsigned i = 0; i < PACKETS; i++)
		team_send(from, i % from->n, 0, rig_packet(i % 2, 100, 0), (1 + i) * US);
	n = team_take(from, 1, made);
	for (unsigned i = 0; i < n && kept + 2 < most; i++) {
		unsigned at = i % 7 == 3 && i + 80 < n ? i + 80 : i; /* early: others are late then */
		struct rte_mbuf *m = made[at];

		if (at != i) {
			made[at] = made[i];
			made[i] = m;
		}
		out[kept++] = m;
		if (i % 11 == 5)
			out[kept++] = kit_bytes(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	}
	return kept;
}

/* What becomes of each: DROP_NONE, or why not. */
static void
verdicts(struct team *team, struct rte_mbuf **stream, unsigned n, uint8_t *verdict)
{
	struct drop_event event;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = kit_bytes(
			rte_pktmbuf_mtod(stream[i], uint8_t *), rte_pktmbuf_data_len(stream[i]));
		struct rte_mbuf *out[4];
		unsigned came;

		team_send(team, i * 5 / 3 % team->n, 1, m, (1000 + i) * US);
		came = team_take(team, 0, out);
		verdict[i] = DROP_COUNT;
		for (unsigned w = 0; w < team->n; w++)
			if (dp_events(team->dp[w], &event, 1))
				verdict[i] = event.reason;
		if (came)
			verdict[i] = DROP_NONE;
		CU_ASSERT(came <= 1);
		rte_pktmbuf_free_bulk(out, came);
	}
}

static void
test_verdicts(void)
{
	static struct rig_cfg r;
	static struct rte_mbuf *stream[2 * PACKETS];
	static uint8_t one[2 * PACKETS], many[2 * PACKETS];
	struct team *from, *single, *team;
	unsigned n;

	rig_cfg_init(&r, "esp-gcm 128");
	from = team_start(&r.cfg, 1);
	single = team_start(&r.peer, 1);
	team = team_start(&r.peer, WORKERS);
	n = stream_make(from, stream, 2 * PACKETS);
	verdicts(single, stream, n, one);
	verdicts(team, stream, n, many);
	CU_ASSERT_EQUAL(memcmp(one, many, n), 0);
	CU_ASSERT(team_drops(single, DROP_REPLAY_DUP) > 20);
	CU_ASSERT(team_drops(single, DROP_REPLAY_OLD) > 10);
	for (unsigned d = 0; d < DROP_COUNT; d++)
		CU_ASSERT_EQUAL(team_drops(single, d), team_drops(team, d));
	for (unsigned w = 0; w < WORKERS; w++)
		CU_ASSERT(!dp_sa(team->dp[w], 1)->replay == !dp_sa_owned(team->dp[w], 1));
	rte_pktmbuf_free_bulk(stream, n);
	team_stop(from);
	stop(single, team);
}

/* Pieces come in at different workers and meet. */
static void
test_fragments(void)
{
	static struct rig_cfg r;
	struct rte_mbuf *piece[64], *out[64];
	struct team *from, *to;
	unsigned n, came = 0;

	rig_cfg_init(&r, "esp-gcm 128");
	for (unsigned i = 0; i < 2; i++) {
		struct cfg_gateway *cfg = i ? &r.peer : &r.cfg;

		cfg->fragmentation = CFG_FRAG_AFTER;
		cfg->reassembly_max = cfg->reassembly_source = 64;
		cfg->reassembly_bytes = 1 << 20;
		cfg->reassembly_timeout = NS_PER_SEC;
	}
	r.kit.ports[1].mtu = 600;
	from = team_start(&r.cfg, WORKERS);
	to = team_start(&r.peer, WORKERS);
	for (unsigned i = 0; i < 12; i++) {
		team_send(from, i % WORKERS, 0, rig_packet(i % RIG_SAS, 1400, 0), (1 + i) * US);
		n = team_take(from, 1, piece);
		CU_ASSERT_EQUAL(n, 3);
		for (unsigned k = 0; k < n; k++)
			team_send(to, (i + k) % WORKERS, 1, piece[k], (1 + i) * US);
		n = team_take(to, 0, out);
		came += n;
		rte_pktmbuf_free_bulk(out, n);
	}
	CU_ASSERT_EQUAL(came, 12);
	stop(from, to);
}

/* A port that has a rate has one queue, and numbers leave it in order. */
static void
test_paced(void)
{
	static struct rig_cfg r;
	static struct rte_mbuf *out[64];
	struct team *team;
	unsigned n, last = 0;

	rig_cfg_init(&r, "esp-gcm 128");
	r.kit.ports[1].qos.shape = 8000000; /* 1 byte a us */
	team = team_start(&r.cfg, WORKERS);
	for (unsigned i = 0; i < 30; i++)
		team_send(team, i % WORKERS, 0, rig_packet(2, 200, 0), US);
	CU_ASSERT(team_sum(team, dp_held) > 25);
	team_check(team);
	team_turn(team, NS_PER_SEC);
	CU_ASSERT_EQUAL(team->port[1][1].n_out, 30); /* port 1 is the second worker's */
	n = team_take(team, 1, out);
	CU_ASSERT_EQUAL_FATAL(n, 30);
	for (unsigned i = 0; i < n; i++) {
		uint64_t gap = i ? pkt_of(out[i])->time_ns - pkt_of(out[i - 1])->time_ns : 200 * US;

		CU_ASSERT(gap >= 200 * US && gap < 300 * US);
		CU_ASSERT(rig_seq(out[i]) == ++last);
	}
	rte_pktmbuf_free_bulk(out, n);
	stop(team, NULL);
}

/* With the number after the queue, SAs and queues belong to the first worker. */
static void
test_after_queue(void)
{
	static struct rig_cfg r;
	struct rte_mbuf *out[64];
	struct team *team;
	unsigned n;

	rig_cfg_init(&r, "esp-gcm 128");
	r.cfg.sequence = CFG_SEQ_AFTER_QUEUE;
	r.kit.ports[1].qos.shape = 8000000;
	team = team_start(&r.cfg, WORKERS);
	for (unsigned i = 0; i < 30; i++)
		team_send(team, i % WORKERS, 0, rig_packet(i % RIG_SAS, 200, 0), US);
	team_turn(team, NS_PER_SEC);
	CU_ASSERT_EQUAL(team->port[0][1].n_out, 30);
	n = team_take(team, 1, out);
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(rig_seq(out[i]), 1 + i / RIG_SAS);
	rte_pktmbuf_free_bulk(out, n);
	stop(team, NULL);
}

/* A device with fewer queues than workers: the others send by those who have one. */
static void
test_queues(void)
{
	static struct rig_cfg r;
	struct rte_mbuf *out[64];
	struct team *team = calloc(1, sizeof(*team));
	char message[256];

	rig_cfg_init(&r, "esp-gcm 128");
	CU_ASSERT_FATAL(team && !hand_team_create(WORKERS, false, HAND_RING, &team->hand));
	hand_team_queues(team->hand, 1, 1);
	team->n = WORKERS;
	for (unsigned w = 0; w < WORKERS; w++) {
		struct port *ports[2] = {&team->port[w][0].port, &team->port[w][1].port};

		kit_port_init(&team->port[w][0]);
		kit_port_init(&team->port[w][1]);
		CU_ASSERT_EQUAL_FATAL(dp_create_worker(&r.cfg, ports, kit_pool(), NULL, team->hand, w,
					      &team->dp[w], message, sizeof(message)),
			ST_OK);
	}
	for (unsigned i = 0; i < 30; i++)
		team_send(team, i % WORKERS, 0, rig_packet(i % RIG_SAS, 200, 0), US);
	CU_ASSERT_EQUAL(team->port[0][1].n_out, 30);
	rte_pktmbuf_free_bulk(out, team_take(team, 1, out));
	stop(team, NULL);
}

/* What finds the ring full is dropped by name, and counted once. */
static void
test_full(void)
{
	static struct rig_cfg r;
	struct team *team;

	rig_cfg_init(&r, "esp-gcm 128");
	team = team_start_ring(&r.cfg, 2, false, 64);
	for (unsigned i = 0; i < 100; i++)
		team->port[0][0].in[team->port[0][0].n_in++] = rig_packet(1, 100, 0);
	dp_turn(team->dp[0], US); /* the other one stands still */
	CU_ASSERT_EQUAL(dp_stats(team->dp[0])->handed, 63);
	CU_ASSERT_EQUAL(team_drops(team, DROP_HANDOVER_FULL), 37);
	CU_ASSERT_EQUAL(hand_team_waiting(team->hand, 1), 63);
	CU_ASSERT_EQUAL(dp_held(team->dp[0]), 0);
	CU_ASSERT(dp_next_due(team->dp[1]) <= US);
	team_check(team);
	dp_turn(team->dp[1], 2 * US);
	CU_ASSERT_EQUAL(dp_stats(team->dp[1])->tx, 63);
	team_check(team);
	for (unsigned i = 0; i < 10; i++)
		team->port[0][0].in[team->port[0][0].n_in++] = rig_packet(1, 100, 0);
	dp_turn(team->dp[0], 3 * US);
	stop(team, NULL); /* ten are left, and freed */
}

int
suite_hand(void)
{
	CU_pSuite suite = CU_add_suite("hand", NULL, NULL);

	return !suite || !CU_add_test(suite, "numbers", test_numbers) ||
	       !CU_add_test(suite, "verdicts", test_verdicts) ||
	       !CU_add_test(suite, "fragments", test_fragments) || !CU_add_test(suite, "paced", test_paced) ||
	       !CU_add_test(suite, "after queue", test_after_queue) ||
	       !CU_add_test(suite, "queues", test_queues) || !CU_add_test(suite, "full", test_full);
}
