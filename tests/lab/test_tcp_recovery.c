/* lab/tcp: what happens where segments are lost, late or twice: fast retransmit and recovery (RFC 5681, 6582,
 * 6675), limited transmit (3042), time-outs (6298), ECN (3168), path MTU (1191).  A list of data segments to
 * lose decides, so that each step can be counted. */
#include "tests/lab/tcp_rig.h"

#define DELAY (50 * MS)

int suite_tcp_recovery(void);

/* Which transmissions of end 0 with payload are lost, counted from 0; and what was sent when. */
struct losses {
	uint64_t lose[8];
	unsigned n_lose;
	uint64_t sent;
	uint64_t offset[4096], time[4096];
};

static unsigned
by_number(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	struct losses *l = rig->ctx;
	unsigned arrives = 1;

	(void)late;
	if (from || !s->len)
		return 1;
	CU_ASSERT_FATAL(l->sent < 4096);
	l->offset[l->sent] = rig_offset(rig, 0, s);
	l->time[l->sent] = rig->now;
	for (unsigned i = 0; i < l->n_lose; i++)
		if (l->lose[i] == l->sent)
			arrives = 0;
	l->sent++;
	return arrives;
}

static struct tcp_rig *
lossy(struct losses *l, bool sack)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);

	rig->fate = by_number;
	rig->ctx = l;
	rig->options[0].sack = sack;
	rig_open(rig);
	return rig;
}

/* When offset `segment` (in segments) was sent for the n-th time; 0: never. */
static uint64_t
sent_at(const struct losses *l, unsigned segment, unsigned n)
{
	for (uint64_t i = 0; i < l->sent; i++)
		if (l->offset[i] == (uint64_t)segment * RIG_MSS && !n--)
			return l->time[i];
	return 0;
}

static void
all_arrives(struct tcp_rig *rig, uint64_t bytes)
{
	rig_until(rig, rig->now + 60000 * MS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), bytes);
	CU_ASSERT_EQUAL(tcp_acknowledged(rig->end[0]), bytes);
	CU_ASSERT_EQUAL(tcp_flight(rig->end[0]), 0);
	CU_ASSERT_EQUAL(tcp_next_due(rig->end[0]), TIME_NEVER);
}

/* Segment 2 of 10 is lost: the third duplicate ACK, a round trip later, brings it again, with the window
 * halved and no time-out; limited transmit sends two new segments before. */
static void
fast_retransmit(bool sack)
{
	struct losses l = {.lose = {2}, .n_lose = 1};
	struct tcp_rig *rig = lossy(&l, sack);
	uint64_t t = rig->now;

	tcp_write(rig->end[0], 100 * RIG_MSS);
	rig_pump(rig, 0);
	CU_ASSERT_EQUAL(l.sent, 10);
	rig_until(rig, t + 2 * DELAY);
	/* ACKs of 0 and 1: slow start, 4 segments; two duplicate ACKs: one each; then the retransmission */
	CU_ASSERT_EQUAL(sent_at(&l, 2, 1), t + 2 * DELAY);
	CU_ASSERT_EQUAL(l.offset[14], 14 * RIG_MSS);
	CU_ASSERT_EQUAL(l.offset[15], 15 * RIG_MSS);
	CU_ASSERT_EQUAL(l.offset[16], 2 * RIG_MSS);
	/* FlightSize 14, but the window was 12: half of that */
	CU_ASSERT_EQUAL(tcp_ssthresh(rig->end[0]), 6 * RIG_MSS);
	all_arrives(rig, 100 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->recoveries, 1);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 1);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[1])->duplicate_bytes, 0);
	tcp_rig_free(rig);
}

static void
test_fast_retransmit(void)
{
	fast_retransmit(true);
	fast_retransmit(false);
}

/* Two duplicate ACKs are no loss: three segments, the first lost, wait for the time-out. */
static void
test_two_duplicates(void)
{
	struct losses l = {.lose = {0}, .n_lose = 1};
	struct tcp_rig *rig = lossy(&l, true);
	uint64_t t = rig->now;

	tcp_write(rig->end[0], 3 * RIG_MSS);
	rig_pump(rig, 0);
	all_arrives(rig, 3 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->recoveries, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 1);
	/* the sample was 100 ms: RTO = 100 + max(200, 4 * 50) */
	CU_ASSERT_EQUAL(sent_at(&l, 0, 1), t + 300 * MS);
	CU_ASSERT_EQUAL(l.sent, 4); /* the others were SACKed and are not sent again */
	tcp_rig_free(rig);
}

/* Three holes: with SACK all are filled within the next round trip, as the pipe lets them; without it one a
 * round trip (RFC 6582). */
static void
test_three_holes(void)
{
	struct losses with = {.lose = {1, 3, 5}, .n_lose = 3}, without = with;
	struct tcp_rig *rig = lossy(&with, true);
	uint64_t t = rig->now;

	tcp_write(rig->end[0], 200 * RIG_MSS);
	rig_pump(rig, 0);
	all_arrives(rig, 200 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->recoveries, 1);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 3);
	CU_ASSERT_EQUAL(sent_at(&with, 1, 1), t + 2 * DELAY);
	CU_ASSERT(sent_at(&with, 3, 1) && sent_at(&with, 3, 1) <= t + 4 * DELAY);
	CU_ASSERT(sent_at(&with, 5, 1) && sent_at(&with, 5, 1) <= t + 4 * DELAY);
	tcp_rig_free(rig);

	rig = lossy(&without, false);
	t = rig->now;
	tcp_write(rig->end[0], 200 * RIG_MSS);
	rig_pump(rig, 0);
	all_arrives(rig, 200 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->recoveries, 1);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 3);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 0);
	CU_ASSERT_EQUAL(sent_at(&without, 1, 1), t + 2 * DELAY);
	CU_ASSERT_EQUAL(sent_at(&without, 3, 1), t + 4 * DELAY);
	CU_ASSERT_EQUAL(sent_at(&without, 5, 1), t + 6 * DELAY);
	tcp_rig_free(rig);
}

/* A retransmission that is lost too is seen by what was sent after it, where there is SACK. */
static void
test_retransmission_lost(void)
{
	struct losses l = {.lose = {2, 16}, .n_lose = 2}; /* 16: the retransmission, see above */
	struct tcp_rig *rig = lossy(&l, true);

	tcp_write(rig->end[0], 200 * RIG_MSS);
	rig_pump(rig, 0);
	all_arrives(rig, 200 * RIG_MSS);
	CU_ASSERT_EQUAL(l.offset[16], 2 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 2);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 0);
	tcp_rig_free(rig);
}

/* A last segment that is lost again and again: 300, 600, 1200 ms; Karn: no sample, so the RTO stays. */
static void
test_back_off(void)
{
	struct losses l = {.lose = {1, 2, 3}, .n_lose = 3};
	struct tcp_rig *rig = lossy(&l, true);
	uint64_t t = rig->now;

	tcp_write(rig->end[0], 2 * RIG_MSS);
	rig_pump(rig, 0);
	rig_until(rig, t + 10000 * MS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 2 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 3);
	/* segment 0 came back after 100 ms and started the timer anew; SRTT 100, RTTVAR 37.5: RTO 300 */
	CU_ASSERT_EQUAL(sent_at(&l, 1, 1), t + 400 * MS);
	CU_ASSERT_EQUAL(sent_at(&l, 1, 2), t + 1000 * MS);
	CU_ASSERT_EQUAL(sent_at(&l, 1, 3), t + 2200 * MS);
	CU_ASSERT_EQUAL(tcp_rto(rig->end[0]), 2400 * MS);
	CU_ASSERT_EQUAL(tcp_ssthresh(rig->end[0]), 2 * RIG_MSS);
	tcp_write(rig->end[0], RIG_MSS); /* a new one brings a sample */
	rig_pump(rig, 0);
	rig_until(rig, rig->now + 1000 * MS);
	CU_ASSERT(tcp_rto(rig->end[0]) < 310 * MS);
	tcp_rig_free(rig);
}

static unsigned
lose_all_data(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	(void)rig, (void)late;
	return from || !s->len;
}

static void
test_given_up(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);

	rig->fate = lose_all_data;
	rig_open(rig);
	rig_write(rig, 0, 5 * RIG_MSS);
	rig_until(rig, 3600000 * MS);
	CU_ASSERT_TRUE(tcp_conn_stats(rig->end[0])->gave_up);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_CLOSED);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 15);
	CU_ASSERT_EQUAL(tcp_next_due(rig->end[0]), TIME_NEVER);
	tcp_rig_free(rig);
}

/* After a time-out: one segment, then slow start up to half of what was under way. */
static void
test_slow_start_again(void)
{
	struct losses l = {.lose = {0, 1, 2, 3, 4, 5, 6, 7}, .n_lose = 8};
	struct tcp_rig *rig = lossy(&l, true);
	uint64_t t = rig->now;

	tcp_write(rig->end[0], 10 * RIG_MSS);
	rig_pump(rig, 0);
	rig_until(rig, t + 300 * MS);
	CU_ASSERT_EQUAL(l.sent, 11);
	CU_ASSERT_EQUAL(tcp_cwnd(rig->end[0]), RIG_MSS);
	CU_ASSERT_EQUAL(tcp_ssthresh(rig->end[0]), 5 * RIG_MSS);
	rig_until(rig, t + 400 * MS);
	CU_ASSERT_EQUAL(l.sent, 13); /* two */
	rig_until(rig, t + 500 * MS);
	CU_ASSERT_EQUAL(l.sent, 17); /* four */
	all_arrives(rig, 10 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 1);
	CU_ASSERT_EQUAL(l.sent, 18); /* 8 and 9 were SACKed */
	tcp_rig_free(rig);
}

static unsigned
late_third(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	/* overtaken by one segment only */
	if (!from && s->len && rig_offset(rig, 0, s) == 2 * RIG_MSS)
		*late = 1;
	else
		*late = !from && s->len && rig_offset(rig, 0, s) > 3 * RIG_MSS ? 2 : 0;
	return 1;
}

static void
test_reordering(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);

	rig->fate = late_third;
	rig_open(rig);
	rig_write(rig, 0, 10 * RIG_MSS);
	all_arrives(rig, 10 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->recoveries, 0);
	tcp_rig_free(rig);
}

/* ---- ECN ---- */

static unsigned
mark_some(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	unsigned *mark = rig->ctx;

	(void)late;
	if (!from && s->ecn && *mark) {
		--*mark;
		((struct tcp_segment *)(uintptr_t)s)->ecn = 3;
	}
	return 1;
}

/* RFC 3168: three marks in a window are one reduction; CWR ends the echo. */
static void
test_ecn(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	unsigned mark = 3;

	rig->options[0].ecn = rig->options[1].ecn = true;
	rig->fate = mark_some;
	rig->ctx = &mark;
	rig_open(rig);
	rig_write(rig, 0, 10 * RIG_MSS);
	rig_until(rig, rig->now + 2 * DELAY);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->ecn_reductions, 1);
	CU_ASSERT_EQUAL(tcp_cwnd(rig->end[0]), 4500); /* nine were under way at the first echo */
	CU_ASSERT_EQUAL(rig->last[1].flags & TCP_ECE, TCP_ECE);
	rig_write(rig, 0, 20 * RIG_MSS);
	all_arrives(rig, 30 * RIG_MSS);
	CU_ASSERT_EQUAL(rig->last[1].flags & TCP_ECE, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->ecn_reductions, 1);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[1])->ce_in, 3);
	tcp_rig_free(rig);
}

/* ---- path MTU ---- */

static unsigned
too_big(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	uint32_t *most = rig->ctx;

	(void)late;
	return from || s->len <= *most;
}

/* A router on the way takes 700 bytes: what was sent goes again in pieces, and nothing is slowed. */
static void
test_path_mtu(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	uint32_t most = 700;
	uint64_t t;

	rig->fate = too_big;
	rig->ctx = &most;
	rig_open(rig);
	rig_write(rig, 0, 50 * RIG_MSS);
	t = rig->now;
	CU_ASSERT_FALSE(tcp_path_mtu(rig->end[0], RIG_ISS0, 700)); /* acknowledged long ago */
	CU_ASSERT_FALSE(tcp_path_mtu(rig->end[0], RIG_ISS0 + 1 + 10 * RIG_MSS, 700)); /* not sent yet */
	CU_ASSERT_FALSE(tcp_path_mtu(rig->end[0], RIG_ISS0 + 1, RIG_MSS));	      /* no smaller */
	CU_ASSERT_EQUAL(tcp_mss(rig->end[0]), RIG_MSS);
	CU_ASSERT_TRUE(tcp_path_mtu(rig->end[0], RIG_ISS0 + 1 + 3 * RIG_MSS, 700));
	CU_ASSERT_FALSE(tcp_path_mtu(rig->end[0], RIG_ISS0 + 1 + 4 * RIG_MSS, 700)); /* once */
	CU_ASSERT_EQUAL(tcp_mss(rig->end[0]), 700);
	CU_ASSERT_EQUAL(tcp_cwnd(rig->end[0]), 10 * RIG_MSS);
	rig_pump(rig, 0);
	rig_until(rig, t + 10 * DELAY);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 50 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->path_mtu_changes, 1);
	CU_ASSERT(tcp_path_mtu(rig->end[0], RIG_ISS0 + 1, 1) == false); /* nothing is under way */
	tcp_rig_free(rig);
}

/* Some of what is sent again had arrived: ACKs jump over it. */
static void
test_path_mtu_mixed(void)
{
	for (unsigned lost = 0; lost < 10; lost++) {
		struct losses l = {.lose = {lost}, .n_lose = 1};
		struct tcp_rig *rig = lossy(&l, lost % 2);

		rig_write(rig, 0, 30 * RIG_MSS);
		rig_finish(rig, 0);
		rig_until(rig, rig->now + 3 * DELAY / 2);
		CU_ASSERT_TRUE(tcp_path_mtu(rig->end[0], RIG_ISS0 + 1 + 9 * RIG_MSS, 30 + 97 * lost));
		rig_pump(rig, 0);
		all_arrives(rig, 30 * RIG_MSS);
		CU_ASSERT_TRUE(tcp_ended(rig->end[1]));
		tcp_rig_free(rig);
	}
}

int
suite_tcp_recovery(void)
{
	CU_pSuite suite = CU_add_suite("tcp_recovery", NULL, NULL);

	CU_add_test(suite, "fast retransmit and limited transmit", test_fast_retransmit);
	CU_add_test(suite, "two duplicates are not three", test_two_duplicates);
	CU_add_test(suite, "three holes", test_three_holes);
	CU_add_test(suite, "a retransmission is lost", test_retransmission_lost);
	CU_add_test(suite, "back-off, and Karn", test_back_off);
	CU_add_test(suite, "giving up", test_given_up);
	CU_add_test(suite, "slow start after a time-out", test_slow_start_again);
	CU_add_test(suite, "order by one is no loss", test_reordering);
	CU_add_test(suite, "ECN", test_ecn);
	CU_add_test(suite, "a path MTU", test_path_mtu);
	CU_add_test(suite, "a path MTU and losses", test_path_mtu_mixed);
	return CUE_SUCCESS;
}
