/* What was sent and is not acknowledged: the scoreboard of RFC 6675, a ring of segments in order of their
 * numbers.  Only the files of lab/tcp include it. */
#ifndef LAB_TCP_SENT_H
#define LAB_TCP_SENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

#define TCP_DUP_THRESH 3u

enum tcp_sent_flag {
	TCP_SENT_SACKED = 1,
	TCP_SENT_LOST = 2,
	TCP_SENT_RESENT = 4, /* its retransmission is under way */
	TCP_SENT_TWICE = 8,  /* was sent more than once: tells nothing of the round trip (Karn) */
};

struct tcp_sent_segment {
	uint64_t from; /* offset */
	uint64_t sent_ns;
	uint64_t barrier; /* RESENT: everything from here on was sent later */
	uint32_t len;	  /* with the FIN */
	uint8_t flags;
};

struct tcp_sent {
	struct tcp_sent_segment *ring;
	uint32_t mask;	    /* slots - 1 */
	uint32_t head, end; /* numbers of the first segment and of the next one: slot & mask */
	uint32_t resend;    /* none before this one waits for retransmission */
	uint32_t marked;    /* those before this one were judged by tcp_sent_mark() */
	uint32_t high;	    /* number of the highest SACKed segment and 1; head: none */
	uint32_t n_sacked;
	uint64_t bytes, sacked, lost, resent; /* sums of len */
	uint64_t barrier_min;		      /* least of those under way again; UINT64_MAX: none */
};

/* What an acknowledgement or a SACK block told. */
struct tcp_sent_news {
	uint64_t delivered; /* bytes that were not known to have arrived before */
	uint64_t rtt_sent;  /* when the last segment of these was sent that was sent but once; or 0 */
	bool timed;	    /* rtt_sent is set */
};

enum status tcp_sent_init(struct tcp_sent *sent, uint32_t slots);
void tcp_sent_fini(struct tcp_sent *sent);
bool tcp_sent_full(const struct tcp_sent *sent);
void tcp_sent_add(struct tcp_sent *sent, uint64_t from, uint32_t len, bool twice, uint64_t now);
/* All before offset `to` has arrived. */
void tcp_sent_ack(struct tcp_sent *sent, uint64_t to, struct tcp_sent_news *news);
/* left .. right has arrived, in whole segments. */
void tcp_sent_sack(struct tcp_sent *sent, uint64_t left, uint64_t right, struct tcp_sent_news *news);
/* RFC 6675 IsLost(): segments below three that were SACKed are lost, and so are retransmissions three
 * segments after which have arrived. */
void tcp_sent_mark(struct tcp_sent *sent);
/* The first one is lost (RFC 6582). */
void tcp_sent_lose_first(struct tcp_sent *sent);
/* All that was not SACKed is lost, and so are retransmissions (RFC 6675 §5.1).  Where the first was SACKed
 * the receiver has thrown it away: then nothing counts as SACKed (RFC 2018 §8). */
void tcp_sent_lose_all(struct tcp_sent *sent);
/* The next one to be sent again; NULL: none. */
struct tcp_sent_segment *tcp_sent_next_lost(struct tcp_sent *sent);
void tcp_sent_resent(struct tcp_sent *sent, struct tcp_sent_segment *segment, uint64_t barrier, uint64_t now);
/* Forgets all: everything will be sent anew. */
void tcp_sent_clear(struct tcp_sent *sent);

/* RFC 6675 SetPipe(). */
static inline uint64_t
tcp_sent_pipe(const struct tcp_sent *sent)
{
	return sent->bytes - sent->sacked - sent->lost + sent->resent;
}

#endif
