/* A DPDK device that is open: what its queues have in common.  Made and closed by the control thread. */
#ifndef LIVE_DEVICE_H
#define LIVE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

struct neigh_table;
struct rte_mempool;

struct live_device {
	const struct cfg_gateway *gateway;
	const struct cfg_port *cfg;
	uint32_t index; /* of cfg in gateway */
	uint16_t id;	/* DPDK's */
	bool made;	/* by live_device_open(), which takes it away again */
	bool started;
	struct cfg_mac mac;
	struct neigh_table *neigh;
	uint16_t queues; /* of each direction */
	unsigned iface; /* of the kernel, whose link counts; 0: the driver knows better */
	char name[64];
};

/* Finds or makes the device that port `index` of the gateway names, with `queues` receive and transmit queues
 * over that pool, or as many as it has of both, and starts it.  On failure message says why
 * in one line, and device can be closed.  EAL must run; PCI devices must have been let in when it was
 * started. */
enum status live_device_open(struct live_device *device, const struct cfg_gateway *gateway, uint32_t index,
	uint16_t queues, struct rte_mempool *pool, uint64_t ageing, char *message, size_t bytes);
/* Whether its link is up; *gone: its interface has been taken away, and it will carry nothing more.  Asks the
 * kernel or the driver: of the control thread. */
bool live_device_link(const struct live_device *device, bool *gone);
/* Stops and closes it.  No packet may wait for a neighbour. */
void live_device_close(struct live_device *device);

#endif
