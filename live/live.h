/* The live gateway: the datapath of the laboratory on DPDK ports, under the hardware clock.
 *
 * A worker is a thread (an EAL worker lcore) that owns one struct dp and one queue of every port: read the
 * clock, turn the dp, repeat.  Several of them hand packets over to each other (dataplane/hand.h); a device
 * with fewer queues has one for the first of them, and the last worker of a gateway with a process path has
 * that and no queue.  The control thread, which is the one that calls what stands here, never
 * touches a dp itself while workers run: it asks them with live_call().  EAL must have been started
 * (live/start.h).  Nothing here reads a clock or sleeps by itself: the caller hands both in. */
#ifndef LIVE_LIVE_H
#define LIVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/dp.h"
#include "live/port_stats.h"

struct live;

/* What the library may not do itself.  Called by any thread. */
struct live_clock {
	uint64_t (*now)(void *ctx); /* ns since some instant; never decreases, the same for all threads */
	void (*rest)(void *ctx, uint64_t ns); /* sleeps for about so long */
	uint64_t (*cycles)(void);	      /* for stage times; NULL: stages are not timed */
	void *ctx;
};

/* All of a gateway, ports and datapath together: rx + created = tx + consumed + held + sum of drops.  Exact
 * where the workers stand still; while they run a packet may be between two numbers. */
struct live_totals {
	uint64_t rx, created, tx, consumed, held;
	uint64_t drops[DROP_COUNT];
	bool balanced;
};

/* Opens the ports and makes the workers of cfg's one gateway (cfg_load_site()), which is borrowed.  EAL needs
 * an lcore more than there are workers (live_worker_count()).  On failure message says in one line
 * why, and nothing is left. */
enum status live_create(const struct cfg_lab *cfg, const struct live_clock *clock, struct live **live,
	char *message, size_t bytes);
/* Starts the workers and returns. */
enum status live_run(struct live *live);
/* Lets the workers finish what they hold, for at most drain_ns, and waits until they stand still.  What is
 * left then is freed by live_destroy(). */
void live_stop(struct live *live, uint64_t drain_ns);
void live_destroy(struct live *live);

/* Runs fn on the thread of a worker, between two bursts, and returns when it is done.  Where the workers
 * stand still, runs it here.  One call at a time, from the control thread only. */
enum status live_call(
	struct live *live, unsigned worker, void (*fn)(struct dp *dp, void *arg, uint64_t now), void *arg);

/* That of the process path too. */
unsigned live_workers(const struct live *live);
/* The gateway as it runs: poll_interval is 1 ns, whatever the file says. */
const struct cfg_gateway *live_cfg(const struct live *live);
/* The file that it was made of. */
const struct cfg_lab *live_lab(const struct live *live);
/* The workers run by other routes and neighbours of the same gateway: ports go by them too. */
void live_changed(struct live *live, const struct cfg_gateway *was, const struct cfg_gateway *now);
/* Time as the workers have it. */
uint64_t live_now(const struct live *live);
/* Drop events of a worker, oldest first; any thread, but one at a time. */
unsigned live_events(struct live *live, unsigned worker, struct drop_event *out, unsigned max);

/* The port of that index in live_cfg(), summed over its queues; may be asked while the workers run. */
void live_port_stats(const struct live *live, unsigned port, struct port_stats *stats);
/* Name of the DPDK device, its MAC, and whether its link is up. */
struct live_port_info {
	const char *device; /* "net_af_packet0" */
	const char *driver; /* "net_af_packet" */
	struct cfg_mac mac;
	bool up, gone;		       /* gone: its interface was taken away */
	uint64_t speed;		       /* bit/s; 0: unknown */
	uint64_t rx_missed, rx_errors; /* frames that never came out of the device */
};
/* Only that, often. */
bool live_port_link(const struct live *live, unsigned port, bool *gone);
void live_port_info(const struct live *live, unsigned port, struct live_port_info *info);
void live_totals(const struct live *live, struct live_totals *totals);

#endif
