/* Data arrives: what is in order, what is ahead, what is known already, and when to acknowledge it.  RFC 9293
 * §3.10.7.4, RFC 5681 §4.2, RFC 3168 §6.1.3. */
#include "lab/tcp/conn_priv.h"

/* At once for each second segment, and for the first ones of a connection. */
static void
ack_schedule(struct tcp_conn *c, uint64_t now)
{
	if (c->quick) {
		c->quick--;
		c->ack_due = true;
	} else if (c->rcv_nxt - c->acked > c->seen_mss) {
		c->ack_due = true;
	} else if (c->ack_at == TIME_NEVER) {
		c->ack_at = now + c->options.ack_delay;
	}
}

static void
in_order(struct tcp_conn *c, uint64_t right, uint64_t now)
{
	uint64_t old = c->rcv_nxt;
	bool gap = c->ranges.n > 0;

	c->rcv_nxt = tcp_ranges_advance(&c->ranges, right);
	c->unread += c->rcv_nxt - old;
	if (gap)
		c->ack_due = true; /* it fills a gap, or part of one */
	else
		ack_schedule(c, now);
}

static void
payload_input(struct tcp_conn *c, uint64_t seq, uint64_t end, uint64_t now)
{
	uint64_t left = seq > c->rcv_nxt ? seq : c->rcv_nxt;
	uint64_t right = time_min(time_min(end, c->rcv_adv), c->fin_at), had;

	if (end <= c->rcv_nxt) {
		c->stats.duplicate_bytes += end - seq;
		c->ack_due = true;
		return;
	}
	if (right <= left)
		return;
	c->stats.duplicate_bytes += left - seq;
	if (left == c->rcv_nxt) {
		in_order(c, right, now);
		return;
	}
	had = tcp_ranges_add(&c->ranges, left, right);
	c->stats.duplicate_bytes += had == UINT64_MAX ? 0 : had;
	c->ack_due = true;
}

void
tcp_data_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t seq, uint64_t now)
{
	uint64_t end = seq + s->len;

	if (c->fin_rcvd) {
		c->ack_due = true;
		return;
	}
	if (s->len > c->seen_mss)
		c->seen_mss = s->len;
	if (c->ecn && s->flags & TCP_CWR)
		c->ece = false;
	if (c->ecn && s->ecn == 3) {
		c->ece = true;
		c->ack_due = true;
	}
	if (s->flags & TCP_FIN && c->fin_at == UINT64_MAX && end <= c->rcv_adv)
		c->fin_at = end;
	if (s->len)
		payload_input(c, seq, end, now);
	if (c->rcv_nxt == c->fin_at) {
		c->rcv_nxt++;
		c->fin_rcvd = true;
		c->fin_first = c->fin_sent;
		c->ack_due = true;
	}
}
