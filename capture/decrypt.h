/* Decrypts the AH and ESP packets of a capture with a user's keys, one frame after the other: ICV, replay
 * verdict of a window, and what stands inside.
 *
 * One thread.  Each SPI and destination has a window of its own, which moves with packets whose ICV is good,
 * as a receiver's does (RFC 4303 §3.4.3).  With ESN the upper half of the number is inferred from the window
 * (A2.2). */
#ifndef CAPTURE_DECRYPT_H
#define CAPTURE_DECRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "capture/ip_find.h"
#include "capture/key_set.h"
#include "capture/kind.h"

#define DECRYPT_DEPTH 4u /* AH over ESP, and tunnels in tunnels */

struct capture_frame;
struct decrypt;

struct decrypt_options {
	uint32_t window; /* packets, 0: no replay check; KEY_WINDOW_UNKNOWN: as the keys say, else 64 */
	bool esn;	 /* for SAs whose keys do not say it */
	struct ip_ports ports;
};

/* One layer of one packet. */
struct decrypt_event {
	uint64_t number; /* of the frame, from 1 */
	uint64_t time_ns;
	unsigned depth; /* 0: what was captured, 1: what stood inside, ... */
	enum capture_kind kind;
	struct ip_found found;	  /* all 0 for CAPTURE_NO_IP */
	const struct key_sa *key; /* NULL: none was found, or not looked for */
	uint64_t seq;		  /* 64 bits with ESN */
	enum capture_icv icv;
	enum capture_replay replay;
	uint32_t window;      /* with a replay verdict */
	int64_t lag;	      /* right edge less seq before this packet, with a replay verdict */
	const uint8_t *inner; /* CAPTURE_OPENED: an IP packet, until the next call; else NULL */
	uint32_t inner_len;
};

struct decrypt_totals {
	uint64_t frames;
	uint64_t kinds[CAPTURE_KIND_COUNT];			       /* of frames; their sum is frames */
	uint64_t nested[CAPTURE_KIND_COUNT];			       /* of what stood inside */
	uint64_t icv[VERDICT_ICV_COUNT], replay[VERDICT_REPLAY_COUNT]; /* of all layers */
};

/* One SPI and destination that packets came for. */
struct decrypt_sa {
	const struct key_sa *key;
	enum alg_proto proto;
	struct ip_addr src, dst; /* src: of the first packet */
	uint32_t spi, window;
	uint64_t packets;
	uint64_t icv[VERDICT_ICV_COUNT], replay[VERDICT_REPLAY_COUNT];
	uint64_t lag_max; /* of packets with a replay verdict, duplicates left out */
};

/* Told in order: the layers of a frame from the outside to the inside, then, where any layer was opened, the
 * innermost packet. */
struct decrypt_sink {
	void (*event)(void *ctx, const struct decrypt_event *event);
	void (*inner)(void *ctx, uint64_t time_ns, const uint8_t *ip, uint32_t len);
	void *ctx;
};

/* keys are borrowed; rows that the engine refuses get their `cannot`. */
enum status decrypt_create(struct key_set *keys, const struct decrypt_options *options,
	struct decrypt **decrypt, char *message, size_t bytes);
void decrypt_destroy(struct decrypt *decrypt); /* NULL is fine */

/* ERR_NOMEM is the only failure. */
enum status decrypt_frame(struct decrypt *decrypt, int link_type, const struct capture_frame *frame,
	const struct decrypt_sink *sink);

const struct decrypt_totals *decrypt_totals(const struct decrypt *decrypt);
/* In order of appearance. */
const struct decrypt_sa *decrypt_sas(const struct decrypt *decrypt, unsigned *n);

#endif
