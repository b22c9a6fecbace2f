/* lab/tcp/conn: opening and closing, options, windows, ACKs and resets, against RFC 9293's sequences.  Loss
 * is in test_tcp_recovery.c. */
#include "tests/lab/tcp_rig.h"

#define DELAY (10 * MS)

int suite_tcp_conn(void);

static void
test_handshake(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);

	rig_make(rig);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_LISTEN);
	tcp_connect(rig->end[0], 0);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_SYN_SENT);
	rig_pump(rig, 0);
	CU_ASSERT_EQUAL(rig->last[0].flags, TCP_SYN);
	CU_ASSERT_EQUAL(rig->last[0].seq, RIG_ISS0);
	CU_ASSERT_EQUAL(rig->last[0].mss, RIG_MSS);
	CU_ASSERT_EQUAL(rig->last[0].wscale, 5); /* 1 MiB >> 5 fits 16 bits: 32768 */
	CU_ASSERT_TRUE(rig->last[0].sack_ok);
	rig_until(rig, DELAY);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_SYN_RCVD);
	CU_ASSERT_EQUAL(rig->last[1].flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(rig->last[1].ack, RIG_ISS0 + 1);
	rig_until(rig, 3 * DELAY);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(rig->last[0].flags, TCP_ACK);
	CU_ASSERT_EQUAL(rig->last[0].ack, RIG_ISS1 + 1);
	CU_ASSERT_EQUAL(tcp_srtt(rig->end[0]), 2 * DELAY);
	CU_ASSERT_EQUAL(tcp_next_due(rig->end[0]), TIME_NEVER);
	CU_ASSERT_EQUAL(tcp_next_due(rig->end[1]), TIME_NEVER);
	tcp_rig_free(rig);
}

/* Each option is used only where both ends want it; the smaller MSS holds. */
static void
test_options(void)
{
	for (unsigned i = 0; i < 16; i++) {
		struct tcp_rig *rig = tcp_rig_new(DELAY);
		bool sack = (i & 3) == 3, ecn = i >> 2 == 3;

		rig->options[0].sack = i & 1;
		rig->options[1].sack = i >> 1 & 1;
		rig->options[0].ecn = i >> 2 & 1;
		rig->options[1].ecn = i >> 3;
		rig->options[1].mss = 600;
		rig_open(rig);
		CU_ASSERT_EQUAL(tcp_mss(rig->end[0]), 600);
		CU_ASSERT_EQUAL(tcp_mss(rig->end[1]), 600);
		tcp_write(rig->end[0], 600);
		rig_pump(rig, 0);
		CU_ASSERT_EQUAL(rig->last[0].ecn, ecn ? 2 : 0);
		/* a segment with a gap before it is SACKed, or not */
		rig->last[0].seq += 1200;
		rig_arrive(rig, 1, &rig->last[0]);
		rig_pump(rig, 1);
		CU_ASSERT_EQUAL(rig->last[1].n_sack, sack);
		tcp_rig_free(rig);
	}
}

/* A peer that says nothing has 536 bytes, no scale and no SACK. */
static void
test_bare_syn(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	struct tcp_segment syn = {
		.seq = RIG_ISS0, .flags = TCP_SYN, .window = 5000, .wscale = TCP_WSCALE_NONE};
	struct tcp_segment ack = {.seq = RIG_ISS0 + 1,
		.ack = RIG_ISS1 + 1,
		.flags = TCP_ACK,
		.window = 5000,
		.wscale = TCP_WSCALE_NONE};

	rig_make(rig);
	rig_arrive(rig, 1, &syn);
	rig_pump(rig, 1);
	CU_ASSERT_EQUAL(rig->last[1].wscale, TCP_WSCALE_NONE);
	CU_ASSERT_FALSE(rig->last[1].sack_ok);
	CU_ASSERT_EQUAL(rig->last[1].window, 65535);
	rig_arrive(rig, 1, &ack);
	CU_ASSERT_EQUAL(tcp_mss(rig->end[1]), TCP_MSS_DEFAULT4);
	rig_write(rig, 1, 100000);
	CU_ASSERT_EQUAL(rig->count[1], 1 + 5000 / 536); /* the window, unscaled, in whole segments */
	tcp_rig_free(rig);
}

static unsigned
lose_first_n(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	unsigned *left = rig->ctx;

	(void)from, (void)late;
	if (!(s->flags & TCP_SYN) || !*left)
		return 1;
	--*left;
	return 0;
}

/* A lost SYN or SYN-ACK goes again after 1, 2, 4 s; then the window begins at one segment and the RTO at 3 s
 * (RFC 6298 §5.7). */
static void
test_syn_lost(void)
{
	for (unsigned n = 1; n < 4; n++) {
		struct tcp_rig *rig = tcp_rig_new(DELAY);
		unsigned left = n;

		rig->fate = lose_first_n;
		rig->ctx = &left;
		rig_make(rig);
		tcp_connect(rig->end[0], 0);
		rig_pump(rig, 0);
		rig_until(rig, ((1u << n) - 1) * 1000 * MS + 3 * DELAY);
		CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_ESTABLISHED);
		CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_ESTABLISHED);
		CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, n);
		CU_ASSERT_EQUAL(tcp_cwnd(rig->end[0]), RIG_MSS);
		CU_ASSERT(tcp_rto(rig->end[0]) >= 3000 * MS);
		tcp_rig_free(rig);
	}
}

static void
test_syn_given_up(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	unsigned left = UINT32_MAX;

	rig->fate = lose_first_n;
	rig->ctx = &left;
	rig_make(rig);
	tcp_connect(rig->end[0], 0);
	rig_pump(rig, 0);
	rig_until(rig, 1000000 * MS);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_CLOSED);
	CU_ASSERT_TRUE(tcp_conn_stats(rig->end[0])->gave_up);
	CU_ASSERT_EQUAL(rig->count[0], 7); /* and six more */
	tcp_rig_free(rig);
}

/* RFC 9293 figure 12, and figure 13: both at once. */
static void
test_close(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	uint64_t t;

	rig_open(rig);
	rig_write(rig, 0, 1500);
	rig_finish(rig, 0);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_FIN_WAIT_1);
	CU_ASSERT_EQUAL(rig->last[0].flags & TCP_FIN, TCP_FIN);
	t = rig->now;
	rig_until(rig, t + 2 * DELAY);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_FIN_WAIT_2);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_CLOSE_WAIT);
	CU_ASSERT_TRUE(tcp_ended(rig->end[1]));
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 1500);
	rig_write(rig, 1, 700); /* half closed: the other way still goes */
	rig_finish(rig, 1);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_LAST_ACK);
	rig_until(rig, t + 5 * DELAY);
	CU_ASSERT_EQUAL(tcp_received(rig->end[0]), 700);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_TIME_WAIT);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_CLOSED);
	CU_ASSERT_EQUAL(tcp_next_due(rig->end[0]), TIME_NEVER);
	CU_ASSERT_EQUAL(tcp_next_due(rig->end[1]), TIME_NEVER);
	tcp_rig_free(rig);

	rig = tcp_rig_new(DELAY);
	rig_open(rig);
	t = rig->now;
	rig_finish(rig, 0);
	rig_finish(rig, 1);
	rig_until(rig, t + DELAY);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_CLOSING);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_CLOSING);
	rig_until(rig, t + 2 * DELAY);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_TIME_WAIT);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_TIME_WAIT);
	tcp_rig_free(rig);
}

/* The FIN of an endless stream stands behind what was sent. */
static void
test_cut(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);

	rig_open(rig);
	rig_write(rig, 0, TCP_STREAM_ENDLESS);
	CU_ASSERT_EQUAL(rig->data[0], 10);
	tcp_cut(rig->end[0]);
	rig_pump(rig, 0);
	rig_until(rig, rig->now + 100 * DELAY);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 10 * RIG_MSS);
	CU_ASSERT_TRUE(tcp_ended(rig->end[1]));
	CU_ASSERT_EQUAL(tcp_acknowledged(rig->end[0]), 10 * RIG_MSS);
	tcp_rig_free(rig);
}

/* After the first ones, each second segment is acknowledged at once, a lone one after 40 ms. */
static void
test_delayed_ack(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	uint64_t acks;

	rig_open(rig);
	rig_write(rig, 0, 20 * RIG_MSS);
	rig_until(rig, rig->now + 50 * DELAY);
	CU_ASSERT_EQUAL(rig->count[1], 18); /* 16 quick ones, two for four */
	acks = rig->count[1];
	rig_write(rig, 0, 2 * RIG_MSS);
	rig_until(rig, rig->now + DELAY);
	CU_ASSERT_EQUAL(rig->count[1], acks + 1);
	rig_until(rig, rig->now + 50 * DELAY);
	rig_write(rig, 0, RIG_MSS);
	rig_until(rig, rig->now + DELAY + 40 * MS - 1);
	CU_ASSERT_EQUAL(rig->count[1], acks + 1);
	rig_until(rig, rig->now + 1);
	CU_ASSERT_EQUAL(rig->count[1], acks + 2);
	tcp_rig_free(rig);
}

/* An application that does not read closes the window; probes ask until it opens, and nothing is lost. */
static void
test_zero_window(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	uint64_t probes;

	rig->options[1].window = 8 * RIG_MSS;
	rig->hold[1] = true;
	rig_open(rig);
	rig_write(rig, 0, 30 * RIG_MSS);
	rig_until(rig, rig->now + 100 * MS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 8 * RIG_MSS);
	CU_ASSERT_EQUAL(rig->last[1].window, 0);
	rig_until(rig, rig->now + 20000 * MS);
	probes = tcp_conn_stats(rig->end[0])->window_probes;
	CU_ASSERT(probes >= 5 && probes <= 8); /* 220 ms, doubled each time */
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 8 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->timeouts, 0);
	rig->hold[1] = false;
	tcp_read(rig->end[1], UINT64_MAX);
	rig_pump(rig, 1); /* says so by itself */
	rig_until(rig, rig->now + 1000 * MS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 30 * RIG_MSS);
	tcp_rig_free(rig);
}

static unsigned
lose_updates(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late)
{
	(void)late;
	return !(from == 1 && s->window && *(bool *)rig->ctx);
}

/* The update is lost: the next probe is taken, and brings the news. */
static void
test_update_lost(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	bool lose = false;

	rig->options[1].window = 8 * RIG_MSS;
	rig->hold[1] = true;
	rig->fate = lose_updates;
	rig->ctx = &lose;
	rig_open(rig);
	rig_write(rig, 0, 30 * RIG_MSS);
	rig_until(rig, rig->now + 100 * MS);
	lose = true;
	rig->hold[1] = false;
	tcp_read(rig->end[1], UINT64_MAX);
	rig_pump(rig, 1);
	lose = false;
	rig_until(rig, rig->now + 5000 * MS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 30 * RIG_MSS);
	CU_ASSERT(tcp_conn_stats(rig->end[0])->window_probes > 0);
	tcp_rig_free(rig);
}

/* RFC 5961: a RST counts at exactly the next number, elsewhere in the window it is challenged, outside it is
 * nothing. */
static void
test_reset(void)
{
	static const struct {
		uint32_t ahead;
		enum tcp_state state;
		uint64_t answers;
	} rows[] = {{0, TCP_CLOSED, 0}, {1, TCP_ESTABLISHED, 1}, {5000, TCP_ESTABLISHED, 1},
		{2 << 20, TCP_ESTABLISHED, 0}, {UINT32_MAX, TCP_ESTABLISHED, 0}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tcp_rig *rig = tcp_rig_new(DELAY);
		struct tcp_segment rst = {
			.seq = RIG_ISS0 + 1 + rows[i].ahead, .flags = TCP_RST, .wscale = TCP_WSCALE_NONE};

		rig_open(rig);
		rig_arrive(rig, 1, &rst);
		rig_pump(rig, 1);
		CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), rows[i].state);
		CU_ASSERT_EQUAL(rig->count[1], rows[i].answers);
		CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[1])->reset, rows[i].state == TCP_CLOSED);
		tcp_rig_free(rig);
	}
}

/* RFC 9293 §3.5.2: what does not belong is answered with a RST, but for a RST. */
static void
test_reset_sent(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	struct tcp_segment s = {
		.seq = 5, .ack = 1234, .len = 10, .flags = TCP_ACK, .wscale = TCP_WSCALE_NONE};

	rig_make(rig);
	rig_arrive(rig, 1, &s); /* to a listener */
	rig_pump(rig, 1);
	CU_ASSERT_EQUAL(rig->last[1].flags, TCP_RST);
	CU_ASSERT_EQUAL(rig->last[1].seq, 1234);
	s.flags = TCP_FIN;
	rig_arrive(rig, 1, &s);
	rig_pump(rig, 1);
	CU_ASSERT_EQUAL(rig->last[1].flags, TCP_RST | TCP_ACK);
	CU_ASSERT_EQUAL(rig->last[1].ack, 16);
	s.flags = TCP_RST;
	rig_arrive(rig, 1, &s);
	rig_pump(rig, 1);
	CU_ASSERT_EQUAL(rig->count[1], 2);
	tcp_connect(rig->end[0], 0); /* an ACK of something else answers the SYN */
	rig_pump(rig, 0);
	s = (struct tcp_segment){
		.seq = 9, .ack = RIG_ISS0 + 2, .flags = TCP_SYN | TCP_ACK, .wscale = TCP_WSCALE_NONE};
	rig_arrive(rig, 0, &s);
	rig_pump(rig, 0);
	CU_ASSERT_EQUAL(rig->last[0].flags, TCP_RST);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_SYN_SENT);
	tcp_rig_free(rig);
}

/* A SYN in the window is challenged, an ACK of what was never sent is answered and does nothing. */
static void
test_odd_segments(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);
	struct tcp_segment s = {.seq = RIG_ISS0 + 9, .flags = TCP_SYN, .wscale = TCP_WSCALE_NONE};

	rig_open(rig);
	rig_arrive(rig, 1, &s);
	rig_pump(rig, 1);
	CU_ASSERT_EQUAL(rig->last[1].flags, TCP_ACK);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_ESTABLISHED);
	rig_write(rig, 0, 100);
	s = (struct tcp_segment){.seq = RIG_ISS1 + 1,
		.ack = RIG_ISS0 + 5000,
		.flags = TCP_ACK,
		.window = 100,
		.wscale = TCP_WSCALE_NONE};
	rig_arrive(rig, 0, &s);
	CU_ASSERT_EQUAL(tcp_acknowledged(rig->end[0]), 0);
	rig_pump(rig, 0);
	CU_ASSERT_EQUAL(rig->last[0].len, 0); /* the answer */
	rig_until(rig, rig->now + 10 * DELAY);
	CU_ASSERT_EQUAL(tcp_acknowledged(rig->end[0]), 100);
	tcp_rig_free(rig);
}

/* Data both ways, and ACKs ride on it. */
static void
test_both_ways(void)
{
	struct tcp_rig *rig = tcp_rig_new(DELAY);

	rig_open(rig);
	rig_write(rig, 0, 300 * RIG_MSS);
	rig_write(rig, 1, 200 * RIG_MSS);
	rig_until(rig, rig->now + 100 * DELAY);
	CU_ASSERT_EQUAL(tcp_received(rig->end[1]), 300 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_received(rig->end[0]), 200 * RIG_MSS);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[0])->retransmits, 0);
	CU_ASSERT_EQUAL(tcp_conn_stats(rig->end[1])->retransmits, 0);
	CU_ASSERT_EQUAL(tcp_flight(rig->end[0]), 0);
	tcp_rig_free(rig);
}

int
suite_tcp_conn(void)
{
	CU_pSuite suite = CU_add_suite("tcp_conn", NULL, NULL);

	CU_add_test(suite, "handshake", test_handshake);
	CU_add_test(suite, "options that both want", test_options);
	CU_add_test(suite, "a SYN without options", test_bare_syn);
	CU_add_test(suite, "SYNs that are lost", test_syn_lost);
	CU_add_test(suite, "nobody answers", test_syn_given_up);
	CU_add_test(suite, "closing", test_close);
	CU_add_test(suite, "cutting", test_cut);
	CU_add_test(suite, "delayed ACKs", test_delayed_ack);
	CU_add_test(suite, "a closed window", test_zero_window);
	CU_add_test(suite, "a window update is lost", test_update_lost);
	CU_add_test(suite, "resets that arrive", test_reset);
	CU_add_test(suite, "resets that are sent", test_reset_sent);
	CU_add_test(suite, "segments that do not fit", test_odd_segments);
	CU_add_test(suite, "both ways", test_both_ways);
	return CUE_SUCCESS;
}
