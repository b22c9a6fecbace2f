/* A connection's life: made, opened, closed, and what happens when time is up. */
#include "lab/tcp/conn.h"

#include <stdlib.h>

#include "lab/tcp/conn_priv.h"

#define SYN_RETRIES 6u	 /* as Linux's tcp_syn_retries */
#define DATA_RETRIES 15u /* RFC 9293 §3.8.3 R2, as Linux's tcp_retries2 */
#define QUICK_ACKS 16u	 /* as Linux: the first ACKs are not delayed, so that slow start is not slowed */
#define SLOTS_LESS_MAX 65536u

static uint8_t
wscale_for(uint32_t window)
{
	uint8_t shift = 0;

	while (shift < TCP_WSCALE_MAX && window >> shift > UINT16_MAX)
		shift++;
	return shift;
}

static enum status
queues_init(struct tcp_conn *c)
{
	const struct tcp_options *o = &c->options;
	uint64_t most = time_min(o->window, o->send_max);
	uint32_t piece = o->mss / 2 ? o->mss / 2 : 1;
	enum status status = tcp_sent_init(&c->sent, (uint32_t)time_min(most / piece + 64, SLOTS_LESS_MAX));

	return status ? status : tcp_ranges_init(&c->ranges, o->window / piece / 2 + 16);
}

enum status
tcp_conn_create(const struct tcp_options *options, struct tcp_conn **conn)
{
	struct tcp_conn *c = calloc(1, sizeof(*c));
	enum status status;

	*conn = NULL;
	if (!c)
		return ST_ERR_NOMEM;
	c->options = *options;
	c->phase = PHASE_LISTEN;
	c->written = 1;
	c->mss = options->mss;
	c->fin_at = UINT64_MAX;
	c->quick = QUICK_ACKS;
	c->rto_at = c->persist_at = c->ack_at = TIME_NEVER;
	c->wscale_out = wscale_for(options->window);
	c->stats.rtt_min = UINT64_MAX;
	tcp_rtt_init(&c->rtt, options->rto_min);
	tcp_congestion_init(&c->cc, options->congestion, c->mss);
	status = queues_init(c);
	if (status) {
		tcp_conn_destroy(c);
		return status;
	}
	*conn = c;
	return ST_OK;
}

void
tcp_conn_destroy(struct tcp_conn *c)
{
	if (!c)
		return;
	tcp_sent_fini(&c->sent);
	tcp_ranges_fini(&c->ranges);
	free(c);
}

void
tcp_connect(struct tcp_conn *c, uint64_t now)
{
	if (c->phase != PHASE_LISTEN)
		return;
	c->phase = PHASE_SYN_SENT;
	c->syn_due = true;
	c->syn_ns = now;
}

void
tcp_write(struct tcp_conn *c, uint64_t bytes)
{
	if (c->finished)
		return;
	c->written = time_min(c->written + time_min(bytes, TCP_STREAM_ENDLESS), TCP_STREAM_ENDLESS);
}

void
tcp_finish(struct tcp_conn *c)
{
	c->finished = true;
}

void
tcp_cut(struct tcp_conn *c)
{
	c->finished = true;
	if (c->max <= c->written) /* else the FIN was sent already */
		c->written = c->max > 1 ? c->max : 1;
}

void
tcp_read(struct tcp_conn *c, uint64_t bytes)
{
	uint64_t room, told = c->rcv_adv - c->rcv_nxt, step = c->options.window / 2;

	c->unread -= time_min(bytes, c->unread);
	/* RFC 9293 §3.8.6.2.2: a window that opens is told when it is worth a segment */
	room = c->options.window - c->unread;
	step = time_min(step, 2 * (uint64_t)(c->seen_mss ? c->seen_mss : c->mss));
	if (c->phase == PHASE_OPEN && told < step && room >= told + step)
		c->ack_due = true;
}

void
tcp_conn_abort(struct tcp_conn *c)
{
	c->phase = PHASE_CLOSED;
	c->rto_at = c->persist_at = c->ack_at = TIME_NEVER;
	c->syn_due = c->ack_due = c->probe_due = c->force = false;
	c->una = c->nxt;
	tcp_sent_clear(&c->sent);
}

/* ---- time ---- */

static void
timeout_syn(struct tcp_conn *c)
{
	if (++c->backoffs > SYN_RETRIES) {
		c->stats.gave_up = true;
		tcp_conn_abort(c);
		return;
	}
	c->stats.timeouts++;
	tcp_rtt_back_off(&c->rtt);
	c->syn_due = c->syn_again = true;
}

/* RFC 6298 §5.4 to §5.6, RFC 5681 §3.1, RFC 6675 §5.1. */
static void
timeout_data(struct tcp_conn *c)
{
	bool again = c->backoffs > 0 || (c->recovery == RECOVERY_LOSS && c->una < c->recover);

	if (++c->backoffs > DATA_RETRIES) {
		c->stats.gave_up = true;
		tcp_conn_abort(c);
		return;
	}
	c->stats.timeouts++;
	tcp_rtt_back_off(&c->rtt);
	tcp_congestion_timeout(&c->cc, c->nxt - c->una, again);
	tcp_sent_lose_all(&c->sent);
	c->recovery = RECOVERY_LOSS;
	c->recover = c->nxt;
	c->dupacks = 0;
	c->dup_bytes = 0;
	c->force = true;
}

void
tcp_timer(struct tcp_conn *c, uint64_t now)
{
	if (c->rto_at <= now) {
		c->rto_at = TIME_NEVER;
		if (c->phase == PHASE_OPEN)
			timeout_data(c);
		else
			timeout_syn(c);
	}
	if (c->ack_at <= now) {
		c->ack_at = TIME_NEVER;
		c->ack_due = true;
	}
	if (c->persist_at <= now) {
		c->persist_at = TIME_NEVER;
		c->probe_due = true;
		c->persists++;
	}
}

uint64_t
tcp_next_due(const struct tcp_conn *c)
{
	return time_min(c->rto_at, time_min(c->ack_at, c->persist_at));
}

/* ---- path MTU ---- */

bool
tcp_path_mtu(struct tcp_conn *c, uint32_t seq, uint32_t payload)
{
	uint64_t offset = c->una + (uint64_t)(int64_t)(int32_t)(seq - (c->options.iss + (uint32_t)c->una));

	if (payload < TCP_MSS_MIN)
		payload = TCP_MSS_MIN;
	if (c->phase != PHASE_OPEN || offset < c->una || offset >= c->max || payload >= c->mss)
		return false;
	/* RFC 1191 §6.5: what may have been too big goes again, and that was no sign of congestion */
	c->mss = payload;
	c->cc.mss = payload;
	c->stats.path_mtu_changes++;
	c->nxt = c->una;
	c->fin_sent = c->fin_sent && c->una > c->written;
	c->dupacks = 0;
	c->dup_bytes = 0;
	c->recovery = RECOVERY_NONE;
	tcp_sent_clear(&c->sent);
	return true;
}

/* ---- questions ---- */

enum tcp_state
tcp_conn_state(const struct tcp_conn *c)
{
	static const enum tcp_state early[] = {[PHASE_CLOSED] = TCP_CLOSED,
		[PHASE_LISTEN] = TCP_LISTEN,
		[PHASE_SYN_SENT] = TCP_SYN_SENT,
		[PHASE_SYN_RCVD] = TCP_SYN_RCVD};

	if (c->phase != PHASE_OPEN)
		return early[c->phase];
	if (!c->fin_sent)
		return c->fin_rcvd ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
	if (tcp_fin_is_acked(c) && c->fin_rcvd)
		return c->fin_first ? TCP_TIME_WAIT : TCP_CLOSED;
	if (tcp_fin_is_acked(c))
		return TCP_FIN_WAIT_2;
	if (!c->fin_rcvd)
		return TCP_FIN_WAIT_1;
	return c->fin_first ? TCP_CLOSING : TCP_LAST_ACK;
}

uint64_t
tcp_received(const struct tcp_conn *c)
{
	return c->rcv_nxt ? c->rcv_nxt - 1 - c->fin_rcvd : 0;
}

uint64_t
tcp_acknowledged(const struct tcp_conn *c)
{
	return c->una ? time_min(c->una, c->written) - 1 : 0;
}

bool
tcp_ended(const struct tcp_conn *c)
{
	return c->fin_rcvd;
}

uint64_t
tcp_cwnd(const struct tcp_conn *c)
{
	return c->cc.cwnd;
}

uint64_t
tcp_ssthresh(const struct tcp_conn *c)
{
	return c->cc.ssthresh;
}

uint64_t
tcp_flight(const struct tcp_conn *c)
{
	return tcp_sent_pipe(&c->sent);
}

uint64_t
tcp_srtt(const struct tcp_conn *c)
{
	return c->rtt.srtt;
}

uint64_t
tcp_rto(const struct tcp_conn *c)
{
	return c->rtt.rto;
}

uint32_t
tcp_mss(const struct tcp_conn *c)
{
	return c->mss;
}

const struct tcp_stats *
tcp_conn_stats(const struct tcp_conn *c)
{
	return &c->stats;
}
