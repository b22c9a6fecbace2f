/* The next segment to send.  Order: RST, SYN, what was lost (RFC 6675 NextSeg() 1), new data and the FIN (2),
 * a probe of a closed window, an ACK alone.  RFC 9293 §3.8.6: no silly windows; RFC 3168 §6.1. */
#include "lab/tcp/conn_priv.h"

#define ECT0 2u

/* Never to the left, and to the right only where it is worth a segment (RFC 9293 §3.8.6.2.2). */
static uint16_t
window_advertise(struct tcp_conn *c)
{
	uint64_t adv = c->rcv_nxt + c->options.window - c->unread;
	uint64_t step = time_min(c->options.window / 2, c->seen_mss);
	uint64_t window;

	if (adv > c->rcv_adv && adv - c->rcv_adv >= step)
		c->rcv_adv = adv;
	window = c->rcv_adv > c->rcv_nxt ? (c->rcv_adv - c->rcv_nxt) >> c->wscale_out : 0;
	return (uint16_t)time_min(window, UINT16_MAX);
}

/* How many SACK blocks an ACK would carry now. */
static unsigned
blocks_count(const struct tcp_conn *c)
{
	return c->sack ? (unsigned)time_min(c->ranges.n, TCP_SACK_MAX) : 0;
}

/* What all segments of an open connection have: they all acknowledge. */
static void
head_fill(
	struct tcp_conn *c, struct tcp_segment *s, uint64_t offset, uint32_t len, uint8_t flags, bool blocks)
{
	*s = (struct tcp_segment){.seq = c->options.iss + (uint32_t)offset,
		.ack = c->irs + (uint32_t)c->rcv_nxt,
		.len = len,
		.window = window_advertise(c),
		.flags = (uint8_t)(flags | TCP_ACK | (c->ece ? TCP_ECE : 0)),
		.wscale = TCP_WSCALE_NONE};
	if (blocks && c->sack && c->ranges.n)
		s->n_sack = (uint8_t)tcp_ranges_blocks(&c->ranges, c->irs, s->sack, TCP_SACK_MAX);
	c->ack_due = false;
	c->ack_at = TIME_NEVER;
	c->acked = c->rcv_nxt;
	c->stats.segments_out++;
}

static bool
reset_build(struct tcp_conn *c, struct tcp_segment *s)
{
	if (!c->rst_due)
		return false;
	c->rst_due = false;
	*s = (struct tcp_segment){
		.seq = c->rst_seq, .ack = c->rst_ack, .flags = c->rst_flags, .wscale = TCP_WSCALE_NONE};
	if (!(s->flags & TCP_ACK))
		s->ack = 0;
	c->stats.segments_out++;
	return true;
}

static bool
syn_build(struct tcp_conn *c, uint64_t now, struct tcp_segment *s)
{
	bool answer = c->phase == PHASE_SYN_RCVD;

	if (!c->syn_due)
		return false;
	*s = (struct tcp_segment){.seq = c->options.iss,
		.ack = answer ? c->irs + 1 : 0,
		.window = (uint16_t)time_min(c->options.window, UINT16_MAX),
		.flags = (uint8_t)(answer ? TCP_SYN | TCP_ACK : TCP_SYN),
		.mss = (uint16_t)time_min(c->options.mss, UINT16_MAX),
		.wscale = answer && !c->wscale ? TCP_WSCALE_NONE : c->wscale_out,
		.sack_ok = answer ? c->sack : c->options.sack};
	if (answer ? c->ecn : c->options.ecn)
		s->flags |= answer ? TCP_ECE : TCP_ECE | TCP_CWR;
	c->syn_due = false;
	c->nxt = c->max = 1;
	c->rto_at = now + c->rtt.rto;
	c->stats.segments_out++;
	c->stats.retransmits += c->syn_again;
	return true;
}

/* Without SACK duplicate ACKs tell what has left the network (RFC 6582). */
static uint64_t
pipe_bytes(const struct tcp_conn *c)
{
	uint64_t pipe = tcp_sent_pipe(&c->sent);

	return pipe > c->dup_bytes ? pipe - c->dup_bytes : 0;
}

static void
sent_note(struct tcp_conn *c, uint64_t now)
{
	c->last_sent_ns = now;
	if (c->rto_at == TIME_NEVER)
		c->rto_at = now + c->rtt.rto;
}

/* RFC 3168 §6.1.5: retransmissions are not ECN-capable. */
static bool
resend_build(struct tcp_conn *c, struct tcp_sent_segment *e, uint64_t now, struct tcp_segment *s)
{
	bool fin = c->fin_sent && e->from + e->len > c->written;

	if (!c->force && pipe_bytes(c) + e->len > c->cc.cwnd) {
		c->limited = true;
		return false;
	}
	c->force = false;
	if (e->from == c->una) /* the timer is for this one now */
		c->rto_at = TIME_NEVER;
	tcp_sent_resent(&c->sent, e, c->nxt, now);
	head_fill(c, s, e->from, e->len - fin, (uint8_t)(TCP_PSH | (fin ? TCP_FIN : 0)), false);
	c->stats.retransmits++;
	sent_note(c, now);
	return true;
}

/* An empty window is asked again and again (RFC 9293 §3.8.6.1). */
static void
persist_start(struct tcp_conn *c, uint64_t now)
{
	uint64_t wait = c->persists < 16 ? c->rtt.rto << c->persists : TCP_RTO_MAX;

	if (c->persist_at == TIME_NEVER && !c->probe_due)
		c->persist_at = now + time_min(wait, TCP_RTO_MAX);
}

/* How much of `len` bytes the peer's window lets go now; less than a segment only where that is half of its
 * window, or nothing is under way that would bring a better one. */
static uint32_t
window_room(struct tcp_conn *c, uint32_t len, uint64_t now)
{
	uint64_t room = c->wnd_end > c->nxt ? c->wnd_end - c->nxt : 0;

	if (room >= len)
		return len;
	if (room && (room >= c->wnd_max / 2 || !tcp_outstanding(c)))
		return (uint32_t)room;
	if (!tcp_outstanding(c))
		persist_start(c, now);
	return 0;
}

static void
idle_end(struct tcp_conn *c, uint64_t now)
{
	if (!tcp_outstanding(c) && c->last_sent_ns)
		tcp_congestion_idle(&c->cc, now - c->last_sent_ns, c->rtt.rto);
}

static void
data_fill(struct tcp_conn *c, uint32_t len, bool fin, uint64_t now, struct tcp_segment *s)
{
	bool again = c->nxt < c->max, last = c->nxt + len == c->written;

	idle_end(c, now);
	head_fill(c, s, c->nxt, len, (uint8_t)((last ? TCP_PSH : 0) | (fin ? TCP_FIN : 0)), true);
	if (c->ecn && len && !again) {
		s->ecn = ECT0;
		s->flags |= c->cwr_due ? TCP_CWR : 0;
		c->cwr_due = false;
	}
	tcp_sent_add(&c->sent, c->nxt, len + fin, again, now);
	c->nxt += len + fin;
	c->fin_sent |= fin;
	c->max = c->nxt > c->max ? c->nxt : c->max;
	c->stats.retransmits += again;
	sent_note(c, now);
}

static bool
new_build(struct tcp_conn *c, uint64_t now, struct tcp_segment *s)
{
	uint64_t left = c->nxt < c->written ? c->written - c->nxt : 0;
	uint32_t most = c->mss - tcp_sack_bytes(blocks_count(c)), len;
	bool fin;

	if (tcp_sent_full(&c->sent) || (!left && (!c->finished || c->fin_sent)))
		return false;
	most = tcp_sack_bytes(blocks_count(c)) < c->mss ? most : 1;
	len = (uint32_t)time_min(left, most);
	if (pipe_bytes(c) + len > c->cc.cwnd) {
		c->limited = true;
		return false;
	}
	if (len && !(len = window_room(c, len, now)))
		return false;
	fin = c->finished && !c->fin_sent && c->nxt + len == c->written;
	data_fill(c, len, fin, now, s);
	return true;
}

/* A byte beyond the window; it counts as sent only once it was taken. */
static bool
probe_build(struct tcp_conn *c, uint64_t now, struct tcp_segment *s)
{
	if (!c->probe_due)
		return false;
	c->probe_due = false;
	if (c->nxt >= c->written || tcp_outstanding(c) || c->wnd_end > c->nxt)
		return false;
	head_fill(c, s, c->nxt, 1, 0, true);
	c->max = c->nxt + 1 > c->max ? c->nxt + 1 : c->max;
	c->stats.window_probes++;
	persist_start(c, now);
	return true;
}

bool
tcp_output(struct tcp_conn *c, uint64_t now, struct tcp_segment *s)
{
	struct tcp_sent_segment *lost;

	if (reset_build(c, s))
		return true;
	if (c->phase == PHASE_SYN_SENT || c->phase == PHASE_SYN_RCVD)
		return syn_build(c, now, s);
	if (c->phase != PHASE_OPEN)
		return false;
	c->limited = false;
	lost = tcp_sent_next_lost(&c->sent);
	if (lost ? resend_build(c, lost, now, s) : new_build(c, now, s))
		return true;
	if (probe_build(c, now, s))
		return true;
	if (!c->ack_due)
		return false;
	head_fill(c, s, c->nxt, 0, 0, true);
	return true;
}
