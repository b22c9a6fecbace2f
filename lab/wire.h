/* One direction of one path: a finite queue, a line of some rate, propagation, jitter, loss, duplication,
 * MTU.
 *
 * Lazy and exact: wire_put() computes start = max(start_ns, line free) and the arrival
 * start + (bytes + overhead) * 8 / rate + delay + jitter at once; wire_get() hands out what has arrived.
 * Puts come with start_ns in non-decreasing order.  Packets are opaque pointers.  Order of equal arrival
 * times is order of putting.  All chance comes from the wire's own rng stream.  One thread. */
#ifndef LAB_WIRE_H
#define LAB_WIRE_H

#include <stdint.h>

#include "base/rng.h"
#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/drop.h"

struct wire;

struct wire_stats {
	uint64_t put, put_bytes, got, duplicated;
	uint64_t lost, queue_drops, mtu_drops;
	uint64_t queue_bytes_max;
};

struct wire_arrival {
	void *pkt;
	uint64_t time_ns;
};

/* clone(ctx, pkt) makes the duplicate, NULL where it cannot (then there is none).  cfg is borrowed. */
enum status wire_create(const struct cfg_path *cfg, uint64_t seed, const char *stream,
	void *(*clone)(void *ctx, void *pkt), void *ctx, struct wire **wire);
void wire_destroy(struct wire *wire);

/* Send pkt of `bytes` whose first bit is ready at start_ns.  DROP_NONE: the wire holds it; else (WIRE_QUEUE,
 * WIRE_LOSS, WIRE_MTU) it stays the caller's. */
enum drop wire_put(struct wire *wire, void *pkt, uint32_t bytes, uint64_t start_ns);

/* What has arrived by now (last bit in), in order of arrival; at most max. */
unsigned wire_get(struct wire *wire, uint64_t now, struct wire_arrival *out, unsigned max);

/* Next arrival, TIME_NEVER where the wire is empty. */
uint64_t wire_next_due(const struct wire *wire);
unsigned wire_held(const struct wire *wire);
const struct wire_stats *wire_stats(const struct wire *wire);

#endif
