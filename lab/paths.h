/* One direction of a link: its parallel paths, each a wire, and the choice among them.
 *
 * Packet: round robin.  Flow: by a hash that the caller gives, the same hash always takes the same path.
 * Weight: smooth weighted round robin over cfg_path.weight (5:1:1 gives a a b a c a a), without chance.  The
 * choice is made for every packet put, also for one that its wire then drops.  One thread. */
#ifndef LAB_PATHS_H
#define LAB_PATHS_H

#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/drop.h"
#include "lab/wire.h"

struct paths;

/* direction: 0 from ends[0] to ends[1], 1 back.  cfg is borrowed, clone and ctx are as in wire_create().  The
 * rng stream of a wire is "<link>.<path name, or its index where it has none>.<direction>".  On failure
 * (ERR_NOMEM, ERR_RANGE; no path is ERR_CONFIG) *paths is NULL. */
enum status paths_create(const struct cfg_link *cfg, unsigned direction, uint64_t seed,
	void *(*clone)(void *ctx, void *pkt), void *ctx, struct paths **paths);
/* NULL is fine.  Packets that are still held are not freed: drain first, with now = TIME_NEVER. */
void paths_destroy(struct paths *paths);

/* As wire_put(), on the path of this packet.  flow_hash matters for CFG_SELECT_FLOW only, and need not be
 * good. */
enum drop paths_put(struct paths *paths, void *pkt, uint32_t bytes, uint32_t flow_hash, uint64_t start_ns);

/* As wire_get(), merged over the paths by arrival time; equal times: the lower path index first. */
unsigned paths_get(struct paths *paths, uint64_t now, struct wire_arrival *out, unsigned max);

/* Next arrival on any path, TIME_NEVER where all are empty. */
uint64_t paths_next_due(const struct paths *paths);
unsigned paths_held(const struct paths *paths);
unsigned paths_count(const struct paths *paths);
/* Path i < paths_count(): for its statistics, or to put into the only one without a choice. */
struct wire *paths_wire(struct paths *paths, unsigned i);

#endif
