/* What a live gateway can be asked while it runs.  Numbers of workers are read as they stand: each is whole,
 * two of them may be a burst apart. */
#include <string.h>

#include <rte_ethdev.h>

#include "dataplane/hand.h"
#include "live/live_priv.h"
#include "live/neigh.h"

unsigned
live_workers(const struct live *live)
{
	return live->n_workers;
}

const struct cfg_lab *
live_lab(const struct live *live)
{
	return live->cfg;
}

const struct cfg_gateway *
live_cfg(const struct live *live)
{
	return &live->gateway;
}

uint64_t
live_now(const struct live *live)
{
	return live->clock.now(live->clock.ctx);
}

unsigned
live_events(struct live *live, unsigned worker, struct drop_event *out, unsigned max)
{
	return worker < live->n_workers ? dp_events(live->workers[worker].dp, out, max) : 0;
}

static void
stats_add(struct port_stats *sum, const struct port_stats *one)
{
	sum->rx += one->rx;
	sum->rx_bytes += one->rx_bytes;
	sum->to_dp += one->to_dp;
	sum->consumed += one->consumed;
	sum->from_dp += one->from_dp;
	sum->created += one->created;
	sum->tx += one->tx;
	sum->tx_bytes += one->tx_bytes;
	for (unsigned d = 0; d < DROP_COUNT; d++) {
		sum->rx_drops[d] += one->rx_drops[d];
		sum->tx_drops[d] += one->tx_drops[d];
	}
}

void
live_port_stats(const struct live *live, unsigned port, struct port_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (unsigned i = 0; i < live->n_workers; i++)
		stats_add(stats, &live->workers[i].ports[port].stats);
	stats->held = neigh_held(live->devices[port].neigh);
}

bool
live_port_link(const struct live *live, unsigned port, bool *gone)
{
	return live_device_link(&live->devices[port], gone);
}

void
live_port_info(const struct live *live, unsigned port, struct live_port_info *info)
{
	const struct live_device *device = &live->devices[port];
	struct rte_eth_link link = {0};
	struct rte_eth_dev_info dev = {0};
	struct rte_eth_stats stats = {0};

	rte_eth_link_get_nowait(device->id, &link);
	rte_eth_dev_info_get(device->id, &dev);
	rte_eth_stats_get(device->id, &stats);
	*info = (struct live_port_info){.device = device->name,
		.driver = dev.driver_name ? dev.driver_name : "",
		.mac = device->mac,
		.speed = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0
								      : link.link_speed * UINT64_C(1000000),
		.rx_missed = stats.imissed,
		.rx_errors = stats.ierrors};
	info->up = live_device_link(device, &info->gone);
}

void
live_totals(const struct live *live, struct live_totals *totals)
{
	uint64_t in, out = 0;

	memset(totals, 0, sizeof(*totals));
	for (unsigned p = 0; p < live->gateway.n_ports; p++) {
		struct port_stats port;

		live_port_stats(live, p, &port);
		totals->rx += port.rx;
		totals->created += port.created;
		totals->tx += port.tx;
		totals->consumed += port.consumed;
		totals->held += port.held;
		for (unsigned d = 0; d < DROP_COUNT; d++)
			totals->drops[d] += port.rx_drops[d] + port.tx_drops[d];
	}
	for (unsigned i = 0; i < live->n_workers; i++) {
		const struct dp_stats *dp = dp_stats(live->workers[i].dp);

		totals->created += dp->created;
		totals->consumed += dp->consumed;
		totals->held += dp_held(live->workers[i].dp);
		totals->held += live->team ? hand_team_waiting(live->team, i) : 0;
		for (unsigned d = 0; d < DROP_COUNT; d++)
			totals->drops[d] += dp->drops[d];
	}
	in = totals->rx + totals->created;
	out = totals->tx + totals->consumed + totals->held;
	for (unsigned d = 0; d < DROP_COUNT; d++)
		out += totals->drops[d];
	totals->balanced = in == out;
}
