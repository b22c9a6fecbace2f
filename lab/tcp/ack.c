/* An acknowledgement arrives: RFC 9293 §3.10.7.4, RFC 5681, 6582 (without SACK), 6675 (with it), 3168. */
#include "lab/tcp/conn_priv.h"

static void
window_update(struct tcp_conn *c, const struct tcp_segment *s, uint64_t ack, uint64_t seq)
{
	uint64_t window = (uint64_t)s->window << c->wscale_in;

	if (seq < c->wl1 || (seq == c->wl1 && ack < c->wl2))
		return;
	c->wnd_end = ack + window;
	c->wl1 = seq;
	c->wl2 = ack;
	if (window > c->wnd_max)
		c->wnd_max = window;
	if (c->wnd_end > c->nxt) {
		c->persist_at = TIME_NEVER;
		c->persists = 0;
	}
}

static void
blocks_read(struct tcp_conn *c, const struct tcp_segment *s, struct tcp_sent_news *news)
{
	for (unsigned i = 0; i < s->n_sack; i++) {
		uint32_t first = c->options.iss + (uint32_t)c->una;
		int32_t left = (int32_t)(s->sack[i].left - first),
			right = (int32_t)(s->sack[i].right - first);

		/* below una: a D-SACK or an old block */
		if (left > 0 && right > left && c->una + (uint32_t)right <= c->max)
			tcp_sent_sack(&c->sent, c->una + (uint32_t)left, c->una + (uint32_t)right, news);
	}
}

/* RFC 5681 §2: nothing new, no data, the window as before, something outstanding. */
static bool
is_duplicate(const struct tcp_conn *c, const struct tcp_segment *s, uint64_t ack)
{
	return ack == c->una && !s->len && !(s->flags & TCP_FIN) && tcp_outstanding(c) &&
	       c->wnd_end == ack + ((uint64_t)s->window << c->wscale_in);
}

static void
recovery_begin(struct tcp_conn *c)
{
	tcp_congestion_reduce(&c->cc, c->nxt - c->una);
	c->recovery = RECOVERY_FAST;
	c->recover = c->nxt;
	c->stats.recoveries++;
	c->force = true;
	c->cwr_due = c->ecn;
}

/* RFC 6582 §3.2 and RFC 3042 in terms of the pipe: a duplicate ACK says that a segment has left. */
static void
duplicate_count(struct tcp_conn *c)
{
	uint64_t flight = c->nxt - c->una, most = flight > c->mss ? flight - c->mss : 0;

	c->dupacks++;
	c->dup_bytes = time_min(c->dup_bytes + c->mss, most);
	if (c->dupacks == TCP_DUP_THRESH && c->recovery == RECOVERY_NONE && c->una >= c->recover)
		tcp_sent_lose_first(&c->sent);
}

/* Without SACK: a partial ACK says that the next segment is lost too (RFC 6582 §3.2 step 5). */
static void
partial_ack(struct tcp_conn *c, uint64_t acked)
{
	uint64_t less = acked > c->mss ? acked - c->mss : 0;

	c->dup_bytes -= time_min(c->dup_bytes, less);
	tcp_sent_lose_first(&c->sent);
	c->force = true;
}

static void
recovery_end(struct tcp_conn *c)
{
	c->recovery = RECOVERY_NONE;
	c->dup_bytes = 0;
	c->dupacks = 0;
	c->force = false;
}

static void
acked_new(struct tcp_conn *c, uint64_t ack, struct tcp_sent_news *news)
{
	uint64_t acked = ack - c->una;

	tcp_sent_ack(&c->sent, ack, news);
	news->delivered -= time_min(news->delivered, c->dup_bytes);
	c->una = ack;
	if (c->nxt < ack) { /* sent before a path MTU shrank, or a probe of a closed window */
		c->nxt = ack;
		c->fin_sent |= c->nxt > c->written;
	}
	c->backoffs = 0;
	if (c->recovery != RECOVERY_NONE && ack >= c->recover)
		recovery_end(c);
	else if (c->recovery == RECOVERY_FAST && !c->sack)
		partial_ack(c, acked);
	else if (c->recovery == RECOVERY_NONE) {
		c->dupacks = 0;
		c->dup_bytes = 0;
	}
}

static void
sample_take(struct tcp_conn *c, const struct tcp_sent_news *news, uint64_t now)
{
	if (!news->timed)
		return;
	tcp_rtt_sample(&c->rtt, now - news->rtt_sent);
	c->stats.rtt_min = c->rtt.min;
	c->stats.rtt_samples = c->rtt.samples;
}

/* RFC 3168 §6.1.2: once a window. */
static void
echo_read(struct tcp_conn *c)
{
	if (c->recovery != RECOVERY_NONE || (c->cwr && c->una <= c->recover_ecn))
		return;
	tcp_congestion_reduce(&c->cc, c->nxt - c->una);
	c->stats.ecn_reductions++;
	c->cwr = c->cwr_due = true;
	c->recover_ecn = c->nxt;
}

void
tcp_ack_input(struct tcp_conn *c, const struct tcp_segment *s, uint64_t ack, uint64_t seq, uint64_t now)
{
	struct tcp_sent_news news = {0};
	uint64_t una = c->una;
	bool duplicate;

	if (ack > c->max) { /* of what was never sent; before the beginning is so as well */
		c->ack_due |= ack < UINT64_MAX / 2;
		c->stats.bad_in++;
		return;
	}
	if (ack < c->una)
		return;
	duplicate = is_duplicate(c, s, ack);
	window_update(c, s, ack, seq);
	if (ack > c->una)
		acked_new(c, ack, &news);
	if (c->sack && s->n_sack)
		blocks_read(c, s, &news);
	if (c->una != una && c->recovery != RECOVERY_FAST && c->limited)
		tcp_congestion_acked(&c->cc, news.delivered, now, c->rtt.srtt);
	sample_take(c, &news, now);
	if (c->una != una) /* RFC 6298 §5.2, §5.3 */
		c->rto_at = tcp_outstanding(c) ? now + c->rtt.rto : TIME_NEVER;
	if (c->ecn && s->flags & TCP_ECE)
		echo_read(c);
	if (c->sack)
		tcp_sent_mark(&c->sent);
	else if (duplicate)
		duplicate_count(c);
	if (c->recovery == RECOVERY_NONE && c->sent.lost)
		recovery_begin(c);
}
