/* A segment arrives: RFC 9293 §3.10.7 in its order, with the checks of RFC 5961 on RST and SYN. */
#include "lab/tcp/conn_priv.h"

/* The 64-bit offset of a number that is near `near`; what lies before the connection's beginning wraps to a
 * huge one, which no window holds. */
static uint64_t
offset_near(uint64_t near, uint32_t first, uint32_t number)
{
	return near + (uint64_t)(int64_t)(int32_t)(number - (first + (uint32_t)near));
}

static void
reset_answer(struct tcp_conn *c, const struct tcp_segment *s)
{
	c->stats.bad_in++;
	if (s->flags & TCP_RST)
		return;
	c->rst_due = true;
	c->rst_flags = s->flags & TCP_ACK ? TCP_RST : TCP_RST | TCP_ACK;
	c->rst_seq = s->flags & TCP_ACK ? s->ack : 0;
	c->rst_ack = s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

/* What both sides of a handshake learn from the other's SYN. */
static void
syn_learn(struct tcp_conn *c, const struct tcp_segment *s, bool ecn)
{
	uint32_t mss = s->mss ? s->mss : TCP_MSS_DEFAULT4;

	c->irs = s->seq;
	c->rcv_nxt = c->acked = 1;
	c->rcv_adv = 1 + c->options.window;
	mss = mss < TCP_MSS_MIN ? TCP_MSS_MIN : mss;
	c->mss = mss < c->options.mss ? mss : c->options.mss;
	tcp_congestion_init(&c->cc, c->options.congestion, c->mss);
	c->sack = c->options.sack && s->sack_ok;
	c->ecn = c->options.ecn && ecn;
	c->wscale = s->wscale != TCP_WSCALE_NONE;
	c->wscale_in = c->wscale ? s->wscale : 0;
	if (!c->wscale)
		c->wscale_out = 0;
}

static void
window_learn(struct tcp_conn *c, const struct tcp_segment *s, uint64_t seq, uint64_t ack)
{
	uint64_t window = (uint64_t)s->window << (s->flags & TCP_SYN ? 0 : c->wscale_in);

	c->wnd_end = ack + window;
	c->wl1 = seq;
	c->wl2 = ack;
	if (window > c->wnd_max)
		c->wnd_max = window;
}

static void
listen_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	if (s->flags & (TCP_RST | TCP_ACK) || !(s->flags & TCP_SYN)) {
		reset_answer(c, s);
		return;
	}
	syn_learn(c, s, (s->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR));
	window_learn(c, s, 0, 0);
	c->phase = PHASE_SYN_RCVD;
	c->syn_due = true;
	c->syn_ns = now;
}

/* The connection stands; `una` is 1. */
static void
opened(struct tcp_conn *c, uint64_t now)
{
	c->phase = PHASE_OPEN;
	c->una = 1;
	c->rto_at = TIME_NEVER;
	c->backoffs = 0;
	if (!c->syn_again)
		tcp_rtt_sample(&c->rtt, now - c->syn_ns);
	else /* RFC 6298 §5.7, RFC 5681 §3.1 */
		c->cc.cwnd = c->mss;
	if (c->syn_again && c->rtt.rto < 3 * TCP_RTO_FIRST)
		c->rtt.rto = 3 * TCP_RTO_FIRST;
}

static void
syn_sent_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	bool ack_is_good = s->flags & TCP_ACK && s->ack == c->options.iss + 1 && c->nxt == 1;

	if (s->flags & TCP_ACK && !ack_is_good) {
		reset_answer(c, s);
		return;
	}
	if (s->flags & TCP_RST) {
		if (ack_is_good) {
			c->stats.reset = true;
			tcp_conn_abort(c);
		}
		return;
	}
	if (!(s->flags & TCP_SYN) || !ack_is_good) {
		c->stats.bad_in++;
		return;
	}
	syn_learn(c, s, (s->flags & (TCP_ECE | TCP_CWR)) == TCP_ECE);
	window_learn(c, s, 0, 1);
	opened(c, now);
	c->ack_due = true;
}

/* RFC 9293 §3.4: does any of it lie in the window?  An empty window takes nothing but empty segments at its
 * edge. */
static bool
acceptable(const struct tcp_conn *c, uint64_t seq, uint64_t end)
{
	if (seq >= UINT64_MAX / 2)
		return false;
	if (seq == end)
		return seq >= c->rcv_nxt && (seq < c->rcv_adv || seq == c->rcv_nxt);
	return end > c->rcv_nxt && seq < c->rcv_adv;
}

static void
reset_input(struct tcp_conn *c, uint64_t seq)
{
	if (seq == c->rcv_nxt) {
		c->stats.reset = true;
		tcp_conn_abort(c);
	} else { /* RFC 5961 §3.2: a challenge */
		c->ack_due = true;
	}
}

/* True where a segment may be looked at further. */
static bool
segment_admit(struct tcp_conn *c, const struct tcp_segment *s, uint64_t seq)
{
	uint64_t end = seq + s->len + (s->flags & TCP_FIN ? 1 : 0);

	if (!acceptable(c, seq, end)) {
		if (s->flags & TCP_RST)
			return false;
		c->ack_due = true;
		/* old data may carry a good ACK (RFC 9293 §3.10.7.4), and a peer's SYN-ACK says ours got lost
		 */
		return seq <= c->rcv_nxt && !(s->flags & TCP_SYN);
	}
	if (s->flags & TCP_RST) {
		reset_input(c, seq);
		return false;
	}
	if (s->flags & TCP_SYN) { /* RFC 5961 §4.2 */
		c->ack_due = true;
		return false;
	}
	return true;
}

/* True where the segment goes on to the established connection. */
static bool
syn_rcvd_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t ack, uint64_t seq, uint64_t now)
{
	if (ack != 1) {
		reset_answer(c, s);
		return false;
	}
	opened(c, now);
	window_learn(c, s, seq, ack);
	return true;
}

static void
synchronized_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	uint64_t seq = offset_near(c->rcv_nxt, c->irs, s->seq);
	uint64_t ack = offset_near(c->una, c->options.iss, s->ack);

	if (c->phase == PHASE_SYN_RCVD && s->flags & TCP_SYN && seq == 0) {
		c->syn_due = c->syn_again = true; /* our SYN-ACK was lost */
		return;
	}
	if (!segment_admit(c, s, seq) || !(s->flags & TCP_ACK))
		return;
	if (c->phase == PHASE_SYN_RCVD && !syn_rcvd_input(c, s, ack, seq, now))
		return;
	tcp_ack_input(c, s, ack, seq, now);
	if (c->phase == PHASE_OPEN && (s->len || s->flags & TCP_FIN))
		tcp_data_input(c, s, seq, now);
}

void
tcp_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t now)
{
	c->stats.segments_in++;
	c->stats.ce_in += s->ecn == 3;
	if (c->phase == PHASE_CLOSED)
		reset_answer(c, s);
	else if (c->phase == PHASE_LISTEN)
		listen_input(c, s, now);
	else if (c->phase == PHASE_SYN_SENT)
		syn_sent_input(c, s, now);
	else
		synchronized_input(c, s, now);
}
