/* The way out of a port: a line behind a shaper.  Says when a packet may start, and books it.
 *
 * The line carries layer-2 overhead; the shaper counts bytes of IP only, as policers and queue limits do.
 * (IOS counts layer 2 in its shaper: to be equal, a shape must be set lower by the share of overhead.)
 * Where line and shaper take turns in being the tighter one, each turn costs at most 1 ns: see pacer.h. */
#ifndef DATAPLANE_QOS_EGRESS_H
#define DATAPLANE_QOS_EGRESS_H

#include "dataplane/qos/pacer.h"

struct egress {
	struct pacer line;
	struct pacer shaper;
	uint32_t overhead;
	bool shaped;
	bool endless; /* infinitely fast and not shaped: nothing ever waits */
};

static inline void
egress_init(struct egress *egress, uint64_t line_rate, uint32_t overhead, uint64_t shape, uint32_t burst)
{
	pacer_init(&egress->line, line_rate, 0);
	pacer_init(&egress->shaper, shape, burst);
	egress->overhead = overhead;
	egress->shaped = shape != 0;
	egress->endless = !line_rate && !shape;
}

/* First ns at which a packet of `bytes` may start; for 0 bytes, a bound that holds for every packet. */
static inline uint64_t
egress_next(const struct egress *egress, uint32_t bytes)
{
	uint64_t line = egress->line.full_ns;

	if (!egress->shaped)
		return line;
	uint64_t shaper = pacer_next(&egress->shaper, bytes);
	return line > shaper ? line : shaper;
}

static inline void
egress_take(struct egress *egress, uint32_t bytes, uint64_t start, uint64_t arrival)
{
	pacer_take(&egress->line, bytes + egress->overhead, start, arrival);
	if (egress->shaped)
		pacer_take(&egress->shaper, bytes, start, arrival);
}

#endif
