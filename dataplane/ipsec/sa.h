/* A security association at run time.  RFC 4301 §4.4.2, RFC 4303, RFC 4302.
 *
 * Made once from struct cfg_sa (sa_create), then read per packet.  What depends on protocol, mode, family and
 * transform is decided when it is made.  The hot part is three cache lines.  The owner (sadb) creates it; one
 * worker writes it.  No EAL. */
#ifndef DATAPLANE_IPSEC_SA_H
#define DATAPLANE_IPSEC_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "crypto/engine.h"
#include "dataplane/ipsec/size.h"
#include "dataplane/replay/lag.h"
#include "dataplane/replay/replay.h"

#define SA_OUTER_MAX 48u /* IPv6 and UDP */

/* What stands before AH or ESP. */
enum sa_head {
	SA_HEAD_V4,	   /* IPv4 tunnel without NAT-T: the usual one */
	SA_HEAD_TUNNEL,	   /* IPv4 with UDP, IPv6 with or without */
	SA_HEAD_TRANSPORT, /* the packet's own header */
};

/* Before the text of a plain SA: IPv4, ESP header, IV. */
#define SA_PLAIN_FRONT 36u

struct in_order;
struct life_state;

struct sa {
	/* line 1: read for each packet */
	struct crypto_session *session; /* NULL: the engine refused it, and the SA carries nothing */
	uint64_t seq;			/* out: last number sent; 0 on a fresh SA */
	uint64_t seq_max; /* out: the last that may be sent (RFC 4303 §3.3.3), or without a look at limits */
	uint64_t copied;  /* out: bits of the first 8 bytes that an IPv4 header has from the inner one */
	const struct replay_ops *replay; /* in: NULL where there is no replay check */
	void *window;			 /* in: state of replay */
	uint32_t spi;
	uint32_t window_size;
	uint8_t salt[4];
	uint8_t icv_len;
	bool esn;
	/* IPv4 tunnel without NAT-T and TFC padding; AEAD: 4 bytes of salt, 8 of IV, blocks of 4 */
	bool plain;
	bool varies; /* lengths depend on more than that of the packet: transport mode, TFC padding */

	/* line 2: the same */
	struct ipsec_size wire; /* of all SAs that a packet of this one gets */
	struct ipsec_size size; /* of this SA alone */
	uint8_t direction;	/* enum cfg_direction */
	bool finishes;	/* something is to be done after the engine: AH, UDP over IPv6, bundle, in_order */
	bool copy_dscp; /* out: from the inner header, else the template's */
	uint8_t ah_len; /* AH with ICV and padding; 0: ESP */
	uint16_t ip_id; /* out: next identification */
	uint8_t outer[SA_OUTER_MAX]; /* out: template of IP and UDP header, checksum of the constant part */

	/* line 3: read where the SA is not plain, and what is counted for each packet */
	uint8_t head; /* enum sa_head */
	uint8_t mode; /* enum alg_mode */
	uint8_t iv_len;
	uint8_t salt_len;
	bool authenticated;
	bool pad_block; /* trailers are longer than 5 bytes, or have nothing behind them (pad.h) */
	uint8_t outer_len;
	uint8_t df;   /* enum cfg_df */
	uint16_t tfc; /* out: shorter inner packets are padded to this */
	bool natt;
	bool down;	  /* torn down for the time being (dataplane/tunnel.h) */
	uint32_t policy;  /* number by which policies find it (dp.place): of the AH over this ESP, or its own;
			     index, as long as the gateway has not changed */
	struct sa *next;  /* ESP: the AH over it; inbound AH: the ESP that must stand inside; NULL: none */
	struct sa *first; /* out: the SA that is applied first: itself, or the ESP inside this AH */
	uint64_t last_ns; /* out, with natt: when the last packet was protected */
	uint64_t packets, bytes; /* protected or accepted; bytes of inner packets */

	/* counters */
	uint64_t errors;      /* ICV, padding, lengths */
	uint64_t replays;     /* outside the window or duplicate */
	uint64_t tfc_packets; /* in: with TFC padding behind the inner packet */
	uint64_t dummies;     /* in: next header 59 (RFC 4303 §2.6) */
	struct lag lag;	      /* in: of every packet whose number was readable */
	uint64_t duplicates;  /* in: left out of lag */
	union {
		uint64_t ahead;	   /* in: right edge as if all packets under way had a good ICV; for lag */
		uint64_t seq_last; /* out: 2^32-1, 2^64-1 with ESN, or what its owner allows */
	};

	/* what ICMP has told of the way: of the SA that is applied first; 0: nothing */
	uint32_t path_mtu;
	uint64_t path_mtu_until; /* ns */

	/* control */
	const struct cfg_sa *cfg; /* borrowed */
	struct transform transform;
	struct ip_addr src, dst; /* tunnel ends */
	struct in_order *order;	 /* NULL: packets leave the engine as it likes */
	void *observer;		 /* of whoever measures (a laboratory); the gateway does not look at it */
	struct life_state *life; /* NULL: no limit in seconds, kilobytes or idle time (dataplane/life.h) */
	uint32_t index;		 /* in its gateway: also the "connection id" of messages, less 1 */
	uint8_t owner;		 /* of several workers, who sends and checks its numbers */
	bool light;		 /* another one: without session and window (dataplane/hand.h) */
	uint8_t ended;		 /* enum life: why it carries nothing any more; 0: it does */
	bool seq_told;		 /* out: that its numbers run out */
};

/* Makes an SA with the session, window and templates; without a session where the engine refuses it by design
 * (engine_ops.refuses).  engine NULL: a light copy, which can neither send nor receive.  On failure nothing
 * is left behind, and message says in one line why. */
enum status sa_create(const struct cfg_sa *cfg, uint32_t index, struct engine *engine, struct sa **sa,
	char *message, size_t bytes);
/* AH over ESP: two SAs of one direction on one packet (RFC 4301 §4.5). */
void sa_bundle(struct sa *ah, struct sa *esp);
/* sa, while packets use it, takes over all that fresh has besides: fresh was made of the same SPI, ends,
 * transform and keys.  Numbers, counters and session go on; a wider window takes what it cannot know as seen.
 * fresh is then to be destroyed. */
void sa_alter(struct sa *sa, struct sa *fresh);
/* Wipes and frees. */
void sa_destroy(struct sa *sa, struct engine *engine);

#endif
