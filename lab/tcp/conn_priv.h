/* Inside of a connection.  Only lab/tcp/conn.c, input.c, ack.c, data.c and output.c include it. */
#ifndef LAB_TCP_CONN_PRIV_H
#define LAB_TCP_CONN_PRIV_H

#include "base/clock.h"
#include "lab/tcp/congestion.h"
#include "lab/tcp/conn.h"
#include "lab/tcp/ranges.h"
#include "lab/tcp/rtt.h"
#include "lab/tcp/sent.h"

/* What else than OPEN: of RFC 9293's states, those before the handshake is over; the later ones follow from
 * which FIN went where. */
enum tcp_phase { PHASE_CLOSED, PHASE_LISTEN, PHASE_SYN_SENT, PHASE_SYN_RCVD, PHASE_OPEN };

enum tcp_recovery {
	RECOVERY_NONE,
	RECOVERY_FAST, /* RFC 6582 and 6675, until `recover` is acknowledged */
	RECOVERY_LOSS, /* after a time-out, likewise */
};

struct tcp_conn {
	struct tcp_options options;
	enum tcp_phase phase;
	struct tcp_stats stats;

	/* sender; offsets */
	uint64_t una, nxt, max; /* max: the highest nxt ever was */
	uint64_t written;	/* the stream ends here: 1 + bytes written */
	uint64_t wnd_end;	/* end of the peer's window */
	uint64_t wl1, wl2;	/* of the segment that told it (RFC 9293 §3.10.7.4) */
	uint64_t wnd_max;
	struct tcp_sent sent;
	struct tcp_congestion cc;
	struct tcp_rtt rtt;
	enum tcp_recovery recovery;
	uint64_t recover;
	uint64_t dup_bytes; /* without SACK: what duplicate ACKs say has left the network */
	uint32_t mss;
	unsigned dupacks;
	unsigned backoffs; /* time-outs in a row */
	uint64_t last_sent_ns;
	bool finished, fin_sent;
	bool force;	   /* one retransmission goes whatever the pipe holds (RFC 6675 §5 4.3) */
	bool limited;	   /* cwnd was what held data back */
	bool cwr, cwr_due; /* ECN: reduced until `recover_ecn`; CWR is to be told */
	uint64_t recover_ecn;

	/* receiver; offsets */
	uint32_t irs;
	uint64_t rcv_nxt, rcv_adv; /* adv: right edge that was advertised */
	uint64_t unread;
	uint64_t fin_at; /* offset of the peer's FIN; UINT64_MAX: not known */
	uint64_t acked;	 /* rcv_nxt that was told last */
	uint32_t seen_mss;
	unsigned quick; /* ACKs that are not delayed yet */
	struct tcp_ranges ranges;
	bool fin_rcvd, ece;
	bool fin_first; /* ours was sent before theirs came */

	/* agreed in the handshake */
	uint8_t wscale_in, wscale_out; /* shift of windows that we read, that we write */
	bool sack, ecn, wscale;

	/* to be sent */
	bool syn_due, ack_due, rst_due, probe_due, syn_again;
	uint32_t rst_seq, rst_ack;
	uint8_t rst_flags;

	uint64_t rto_at, persist_at, ack_at, syn_ns;
	unsigned persists;
};

static inline bool
tcp_fin_is_acked(const struct tcp_conn *c)
{
	return c->fin_sent && c->una > c->written;
}

/* Something sent waits for its ACK. */
static inline bool
tcp_outstanding(const struct tcp_conn *c)
{
	return c->una < c->nxt;
}

void tcp_conn_abort(struct tcp_conn *conn);
/* ack.c, data.c; offsets of the segment. */
void tcp_ack_input(
	struct tcp_conn *conn, const struct tcp_segment *segment, uint64_t ack, uint64_t seq, uint64_t now);
void tcp_data_input(struct tcp_conn *conn, const struct tcp_segment *segment, uint64_t seq, uint64_t now);

#endif
