/* lab/tcp under chance: streams through pipes that lose, copy, delay and overtake, with every mix of options,
 * and segments made of nothing.  Whatever happens, what is received is the stream without a gap (tcp_rig.h
 * looks after every segment), and in the end all of it. */
#include "tests/lab/tcp_rig.h"

int suite_tcp_random(void);

struct chance {
	struct rng rng;
	double loss, copy, late;
	bool mark;
};

static unsigned
by_chance(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	struct chance *c = rig->ctx;

	(void)from;
	if (c->mark && s->ecn && rng_chance(&c->rng, 0.01))
		((struct tcp_segment *)(uintptr_t)s)->ecn = 3;
	if (rng_chance(&c->rng, c->late))
		*late = rng_below(&c->rng, 20 * MS);
	if (rng_chance(&c->rng, c->loss))
		return 0;
	return rng_chance(&c->rng, c->copy) ? 2 : 1;
}

static void
random_options(struct tcp_rig *rig, struct rng *rng)
{
	for (unsigned e = 0; e < 2; e++) {
		struct tcp_options *o = &rig->options[e];

		o->mss = 100 + (uint32_t)rng_below(rng, 1400);
		o->window = 2000 + (uint32_t)rng_below(rng, 200000);
		o->congestion = rng_below(rng, 2) ? CFG_CONGESTION_CUBIC : CFG_CONGESTION_NEWRENO;
		o->sack = rng_below(rng, 4) != 0;
		o->ecn = rng_below(rng, 2);
		o->iss = (uint32_t)rng_u64(rng);
	}
}

/* One transfer each way; a path MTU may shrink in the middle. */
static void
transfer(uint64_t seed, double loss)
{
	struct tcp_rig *rig = tcp_rig_new(0);
	struct chance c = {.loss = loss};
	uint64_t there, back;

	rng_init(&c.rng, seed, "transfer");
	c.copy = rng_below(&c.rng, 3) ? 0 : 0.02;
	c.late = rng_below(&c.rng, 3) ? 0 : 0.05;
	c.mark = rng_below(&c.rng, 2);
	rig->delay = 1 + rng_below(&c.rng, 50 * MS);
	there = rng_below(&c.rng, 300000);
	back = rng_below(&c.rng, 2) ? 0 : rng_below(&c.rng, 100000);
	random_options(rig, &c.rng);
	rig->fate = by_chance;
	rig->ctx = &c;
	rig_make(rig);
	tcp_write(rig->end[0], there);
	tcp_write(rig->end[1], back);
	tcp_finish(rig->end[0]);
	tcp_finish(rig->end[1]);
	tcp_connect(rig->end[0], 0);
	rig_pump(rig, 0);
	rig_until(rig, rng_below(&c.rng, 1000 * MS));
	tcp_path_mtu(rig->end[0], rig->options[0].iss + (uint32_t)tcp_acknowledged(rig->end[0]) + 1,
		80 + (uint32_t)rng_below(&c.rng, 1000));
	rig_pump(rig, 0);
	rig_until(rig, 3600000 * MS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), there);
	CU_ASSERT_EQUAL(tcp_received(rig->end[0]), back);
	CU_ASSERT_TRUE(tcp_ended(rig->end[0]) && tcp_ended(rig->end[1]));
	CU_ASSERT_EQUAL(tcp_acknowledged(rig->end[0]), there);
	CU_ASSERT_EQUAL(tcp_acknowledged(rig->end[1]), back);
	for (unsigned e = 0; e < 2; e++) {
		CU_ASSERT_EQUAL(tcp_flight(rig->end[e]), 0);
		CU_ASSERT_EQUAL(tcp_next_due(rig->end[e]), TIME_NEVER);
		CU_ASSERT_FALSE(tcp_conn_stats(rig->end[e])->gave_up);
	}
	tcp_rig_free(rig);
}

static void
test_transfers(void)
{
	for (uint64_t seed = 0; seed < 150; seed++)
		transfer(seed, (double)(seed % 5) * 0.02);
}

/* The same run twice says the same, to the last segment. */
static void
test_repeats(void)
{
	uint64_t sums[2] = {0};

	for (unsigned i = 0; i < 2; i++) {
		struct tcp_rig *rig = tcp_rig_new(10 * MS);
		struct chance c = {.loss = 0.03, .late = 0.05};

		rng_init(&c.rng, 9, "repeats");
		rig->options[0].congestion = CFG_CONGESTION_CUBIC;
		rig->fate = by_chance;
		rig->ctx = &c;
		rig_open(rig);
		rig_write(rig, 0, 1000000);
		rig_until(rig, 600000 * MS);
		CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 1000000);
		sums[i] = rig->count[0] * 1000003 + rig->count[1] + tcp_srtt(rig->end[0]) * 31 +
			  tcp_cwnd(rig->end[0]) + rng_u64(&c.rng);
		tcp_rig_free(rig);
	}
	CU_ASSERT_EQUAL(sums[0], sums[1]);
}

static uint32_t
number_near(struct rng *rng, uint32_t at)
{
	static const uint32_t spans[] = {1, 3, 2000, 100000, UINT32_MAX};
	uint32_t span = spans[rng_below(rng, 5)];

	return at + (uint32_t)rng_below(rng, span) - span / 2;
}

static struct tcp_segment
nonsense(struct tcp_rig *rig, unsigned e, struct rng *rng)
{
	uint32_t seq = rig->options[!e].iss + (uint32_t)tcp_received(rig->end[e]) + 1;
	uint32_t ack = rig->options[e].iss + (uint32_t)tcp_acknowledged(rig->end[e]) + 1;
	struct tcp_segment s = {.seq = number_near(rng, seq),
		.ack = number_near(rng, ack),
		.len = rng_below(rng, 2) ? (uint32_t)rng_below(rng, 2000) : 0,
		.window = (uint16_t)rng_u64(rng),
		.flags = rng_below(rng, 3) ? TCP_ACK : (uint8_t)rng_u64(rng),
		.ecn = (uint8_t)rng_below(rng, 4),
		.mss = (uint16_t)rng_u64(rng),
		.wscale = (uint8_t)rng_below(rng, 15),
		.n_sack = (uint8_t)rng_below(rng, 5)};

	for (unsigned i = 0; i < s.n_sack; i++)
		s.sack[i] = (struct tcp_block){number_near(rng, ack), number_near(rng, ack)};
	return s;
}

/* Nonsense arrives at both ends of a busy connection.  Payload of it counts as arrived (the rig cannot know
 * better), so what must hold is what the rig checks: no gap, no end beyond what came, no loop. */
static void
fuzz(uint64_t seed)
{
	struct tcp_rig *rig = tcp_rig_new(5 * MS);
	struct chance c = {.loss = 0.02};

	rng_init(&c.rng, seed, "nonsense");
	random_options(rig, &c.rng);
	rig->fate = by_chance;
	rig->ctx = &c;
	rig_open(rig);
	rig_write(rig, 0, TCP_STREAM_ENDLESS);
	rig_write(rig, 1, 100000);
	for (unsigned i = 0; i < 1500; i++) {
		unsigned e = (unsigned)rng_below(&c.rng, 2);
		struct tcp_segment s = nonsense(rig, e, &c.rng);

		rig_step(rig, rig->now + 10 * MS);
		rig_arrive(rig, e, &s);
		rig_pump(rig, e);
		CU_ASSERT_FATAL(rig->n[0] < RIG_FLIGHT - 1000 && rig->n[1] < RIG_FLIGHT - 1000);
		if (tcp_received(rig->end[0]) > RIG_STREAM / 2 || tcp_received(rig->end[1]) > RIG_STREAM / 2)
			break;
	}
	tcp_rig_free(rig);
}

static void
test_nonsense(void)
{
	for (uint64_t seed = 0; seed < 100; seed++)
		fuzz(seed);
}

int
suite_tcp_random(void)
{
	CU_pSuite suite = CU_add_suite("tcp_random", NULL, NULL);

	CU_add_test(suite, "transfers", test_transfers);
	CU_add_test(suite, "the same again", test_repeats);
	CU_add_test(suite, "segments made of nothing", test_nonsense);
	return CUE_SUCCESS;
}
