/* Taps: copies of packets as they stand before a stage or at a port, for captures (ctrl/capture.c).
 *
 * The worker copies what matches into a ring that another thread empties: it never waits, allocates or
 * writes, and counts what finds the ring full.  A worker without taps pays one test a burst of a stage. */
#ifndef DATAPLANE_TAP_H
#define DATAPLANE_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/status.h"
#include "dataplane/stage.h"

#define TAP_NO_PORT UINT32_MAX
#define TAP_SNAP_MAX 65535u
#define TAP_RING_BYTES (4u << 20)

struct dp;
struct rte_mbuf;
struct tap;
struct worker;

enum tap_match { TAP_HOST = 1, TAP_SRC = 2, TAP_DST = 4, TAP_PROTO = 8, TAP_SPI = 16 };
enum tap_way { TAP_ANY_WAY, TAP_IN, TAP_OUT };

/* Which packets, where, and how much of them. */
struct tap_spec {
	enum stage stage; /* where there is no port: packets that come to it; rx, crypto_poll: that it has
			     found */
	uint32_t port;	  /* what it receives and sends; TAP_NO_PORT */
	enum tap_way way; /* received by the port, sent by it; at a stage: by an SA of that direction */
	unsigned match;	  /* enum tap_match: all of these must hold, of the outermost header as it then is */
	struct ip_addr host, src, dst; /* host: either end */
	uint8_t proto;		       /* IPv6: behind the extension headers */
	uint32_t spi;	/* in the ESP or AH header, or of the SA that the packet came or goes by */
	uint32_t snap;	/* bytes of a packet at most */
	uint64_t limit; /* packets; 0: no end */
};

struct tap_packet {
	uint64_t time_ns; /* of the turn */
	uint32_t captured, bytes;
	uint64_t way; /* enum tap_way: of the port; TAP_ANY_WAY inside */
	uint8_t data[];
};

enum status tap_create(const struct tap_spec *spec, struct tap **tap);
/* After dp_tap_remove(). */
void tap_destroy(struct tap *tap);

/* Worker.  Each tap at one worker at most. */
void dp_tap_add(struct dp *dp, struct tap *tap);
void dp_tap_remove(struct dp *dp, struct tap *tap);

/* The oldest packet that is there, NULL: none; and on to the next.  Any thread, but one at a time. */
const struct tap_packet *tap_first(struct tap *tap);
void tap_next(struct tap *tap);
/* Packets that found the ring full. */
uint64_t tap_missed(const struct tap *tap);

/* For the walker and the stages, where worker->taps is not NULL.  port: with STAGE_rx, where they arrived. */
void tap_see(struct worker *worker, enum stage stage, uint32_t port, struct rte_mbuf **pkts, unsigned n);

#endif
