/* One end of a TCP connection: a state machine.  Segments in, segments out, time as an argument.
 *
 * RFC 9293 (handshake, windows, close), 5681 and 6582 (NewReno), 9438 (CUBIC), 2018 and 6675 (SACK), 3042
 * (limited transmit), 6298 (RTO), 7323 (window scale; no time stamps, so no PAWS: numbers are told apart
 * while no segment is older than 2 GB), 6928 (initial window), 3168 (ECN), 1191 and 8201 (path MTU).  Not:
 * urgent data, simultaneous open, keepalives, Nagle's algorithm (as with TCP_NODELAY), time stamps, D-SACK.
 *
 * Payload does not pass through here: a stream is as many bytes as were written, and what stands at which
 * place of it is the caller's affair.  Offsets are 64-bit places in the sequence space: 0 is the SYN, the
 * first byte of the stream is 1, the FIN stands behind the last.  No EAL.  One thread.
 *
 * The caller's loop: after any call but the asking ones, take tcp_output() until it says false, and look at
 * tcp_next_due(). */
#ifndef LAB_TCP_CONN_H
#define LAB_TCP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "lab/tcp/segment.h"

#define TCP_STREAM_ENDLESS (UINT64_MAX >> 1)
#define TCP_MSS_MIN 28u	      /* IPv4's least MTU (RFC 791) less both headers */
#define TCP_MSS_DEFAULT4 536u /* of a peer that says none (RFC 9293 §3.7.1) */

struct tcp_conn;

struct tcp_options {
	uint32_t mss;	   /* largest payload by the MTU here: what is announced */
	uint32_t window;   /* receive buffer, bytes */
	uint64_t send_max; /* no more of the stream is ever under way: sizes the scoreboard */
	enum cfg_congestion congestion;
	bool sack, ecn;
	uint64_t rto_min, ack_delay; /* ns */
	uint32_t iss;		     /* initial sequence number */
};

/* The states of RFC 9293 §3.3.2. */
enum tcp_state {
	TCP_CLOSED,
	TCP_LISTEN,
	TCP_SYN_SENT,
	TCP_SYN_RCVD,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
};

struct tcp_stats {
	uint64_t segments_out, segments_in;
	uint64_t retransmits; /* segments with data, SYN or FIN that had been sent before */
	uint64_t timeouts;    /* RTO expiries */
	uint64_t recoveries;  /* fast recoveries begun */
	uint64_t ecn_reductions, path_mtu_changes, window_probes;
	uint64_t duplicate_bytes; /* received again */
	uint64_t ce_in;		  /* segments that arrived with Congestion Experienced */
	uint64_t bad_in;	  /* segments that no connection in this state can take */
	uint64_t rtt_min, rtt_samples;
	bool reset, gave_up; /* ended by a RST; by too many time-outs */
};

enum status tcp_conn_create(const struct tcp_options *options, struct tcp_conn **conn);
void tcp_conn_destroy(struct tcp_conn *conn);

/* A new connection listens; this opens it from here. */
void tcp_connect(struct tcp_conn *conn, uint64_t now);
/* More of the stream may be sent; TCP_STREAM_ENDLESS and more: there is always more. */
void tcp_write(struct tcp_conn *conn, uint64_t bytes);
/* No more will be written: the FIN follows what was written. */
void tcp_finish(struct tcp_conn *conn);
/* The same, and the stream ends with what was sent so far. */
void tcp_cut(struct tcp_conn *conn);
/* The application takes bytes out of the receive buffer. */
void tcp_read(struct tcp_conn *conn, uint64_t bytes);

void tcp_input(struct tcp_conn *conn, const struct tcp_segment *segment, uint64_t now);
/* The next segment to be sent now; false: none. */
bool tcp_output(struct tcp_conn *conn, uint64_t now, struct tcp_segment *segment);
uint64_t tcp_next_due(const struct tcp_conn *conn);
/* What is due by now happens. */
void tcp_timer(struct tcp_conn *conn, uint64_t now);
/* ICMP says that a segment of this sequence number was too big, and `payload` would have fitted.  False where
 * that number is not under way (RFC 5927 §4) or the payload not smaller: nothing happens. */
bool tcp_path_mtu(struct tcp_conn *conn, uint32_t seq, uint32_t payload);

enum tcp_state tcp_conn_state(const struct tcp_conn *conn);
/* Bytes of the peer's stream that came in order; ... of ours that are acknowledged. */
uint64_t tcp_received(const struct tcp_conn *conn);
uint64_t tcp_acknowledged(const struct tcp_conn *conn);
bool tcp_unread(const struct tcp_conn *conn);
/* The peer's FIN came in order. */
bool tcp_ended(const struct tcp_conn *conn);
uint64_t tcp_cwnd(const struct tcp_conn *conn);
uint64_t tcp_ssthresh(const struct tcp_conn *conn);
uint64_t tcp_flight(const struct tcp_conn *conn); /* RFC 6675's pipe */
uint64_t tcp_srtt(const struct tcp_conn *conn);	  /* ns; 0: no sample yet */
uint64_t tcp_rto(const struct tcp_conn *conn);
uint32_t tcp_mss(const struct tcp_conn *conn); /* largest payload that is sent */
const struct tcp_stats *tcp_conn_stats(const struct tcp_conn *conn);

#endif
