/* A gateway to be measured: its configuration, made in memory, and two ports in memory.
 *
 * LAN 10.0.0.0/8 with one host; behind the WAN one host of 11.0.0.0/8 for each SA, so policies of hosts.  All
 * SAs end at the same two gateways and have the same key, but each its own session.  One thread. */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "bench/esp.h"
#include "bench/port_memory.h"

#define RIG_LAN_HOST 0x0a000001u    /* 10.0.0.1 */
#define RIG_REMOTE_HOST 0x0b000000u /* and its SA's index */
#define RIG_QOS_RATE UINT64_C(10000000000)

enum rig_port { RIG_LAN, RIG_WAN, RIG_PORTS };

struct rig {
	struct cfg_gateway cfg;
	struct cfg_port ports[RIG_PORTS];
	struct cfg_class classes[3];
	struct cfg_route routes[1];
	struct cfg_sa *sas; /* out, then in */
	struct cfg_policy *policies;
	struct cfg_sa peer; /* how what comes in was protected */
	struct port_memory port[RIG_PORTS];
	struct dp *dp;
	double memory; /* that it took */
};

/* out: for each port as many packets as can be sent in one batch.  On failure nothing is left behind. */
enum status rig_create(struct rig *rig, const struct bench_esp_request *request,
	struct rte_mbuf **out[RIG_PORTS], char *message, size_t bytes);
void rig_destroy(struct rig *rig);

#endif
