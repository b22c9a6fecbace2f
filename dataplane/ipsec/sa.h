/* A security association at run time.  RFC 4301 §4.4.2, RFC 4303.
 *
 * Made once from struct cfg_sa (sa_init), then read per packet.  The hot part is three cache lines.  The
 * owner (sadb) creates it; one worker writes it.  No EAL. */
#ifndef DATAPLANE_IPSEC_SA_H
#define DATAPLANE_IPSEC_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "crypto/engine.h"
#include "dataplane/replay/lag.h"
#include "dataplane/replay/replay.h"

#define SA_IPV4_BYTES 20u
#define SA_ESP_BYTES 8u

struct sa {
	/* read for each packet */
	struct crypto_session *session;
	uint64_t seq;	  /* out: last number sent; 0 on a fresh SA */
	uint64_t seq_max; /* out: 2^32-1, or 2^64-1 with ESN: the last that may be sent (RFC 4303 §3.3.3) */
	const struct replay_ops *replay; /* in: NULL where there is no replay check */
	void *window;			 /* in: state of replay */
	uint32_t spi;
	uint32_t window_size;
	uint8_t head_len; /* outer IP + ESP + IV: what encapsulation puts in front */
	uint8_t iv_len, icv_len, block;
	bool esn, aead, cbc, authenticated;
	uint8_t salt[4];
	uint8_t outer[SA_IPV4_BYTES]; /* out: template of the outer header, checksum of the constant part */
	uint16_t ip_id;		      /* out: next identification */
	uint8_t df;		      /* enum cfg_df */
	uint8_t copy_dscp;	      /* out: 1: from the inner header, 0: the template's */

	/* counters, written for each packet by the worker */
	uint64_t packets, bytes; /* protected or accepted; bytes of inner packets */
	uint64_t errors;	 /* ICV, padding, lengths */
	uint64_t replays;	 /* outside the window or duplicate */
	struct lag lag;		 /* in: of every packet whose number was readable */
	uint64_t duplicates;	 /* in: left out of lag */
	uint64_t ahead;		 /* in: right edge as if all packets under way had a good ICV; for lag only */

	/* control */
	const struct cfg_sa *cfg; /* borrowed */
	struct transform transform;
	enum cfg_direction direction;
	struct ip_addr src, dst; /* tunnel ends */
	void *observer;	   /* of whoever measures (a laboratory); the gateway does not look at it */
	uint32_t index;	   /* in its gateway: also the "connection id" of messages, less 1 */
};

/* Makes an SA with the session, window and templates.  On failure nothing is left behind, and message says in
 * one line why. */
enum status sa_create(const struct cfg_sa *cfg, uint32_t index, struct engine *engine, struct sa **sa,
	char *message, size_t bytes);
/* Wipes and frees. */
void sa_destroy(struct sa *sa, struct engine *engine);

#endif
