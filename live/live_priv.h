/* Inside of a live gateway: for live*.c alone. */
#ifndef LIVE_LIVE_PRIV_H
#define LIVE_LIVE_PRIV_H

#include <rte_common.h>

#include "live/device.h"
#include "live/live.h"
#include "live/port_dpdk.h"

/* What the control thread wants of a worker: NULL, or to be run. */
struct call {
	void (*fn)(struct dp *dp, void *arg, uint64_t now);
	void *arg;
};

struct live_worker {
	struct live *live;
	unsigned index, lcore;
	struct dp *dp;
	struct port_dpdk *ports; /* in the order of cfg->ports */
	struct port **dp_ports;
	struct call *call; /* written by the control thread, cleared by the worker */
	bool running;
	bool idle; /* has nothing to do and holds nothing: for live_stop() */
} __rte_cache_aligned;

struct live {
	const struct cfg_lab *cfg;
	struct cfg_gateway gateway; /* as it runs */
	struct live_clock clock;
	struct rte_mempool *pool;
	struct live_device *devices;
	struct live_worker *workers;
	unsigned n_workers;	/* with the one of the process path */
	struct hand_team *team; /* NULL: there is one worker */
	bool stop, drain; /* for the workers */
};

#endif
