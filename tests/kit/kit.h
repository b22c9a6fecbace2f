/* What tests of whole gateways share: an EAL, packets, a port that is an array, and two gateways'
 * configurations without a file. */
#ifndef TESTS_KIT_KIT_H
#define TESTS_KIT_KIT_H

#include <stdint.h>

#include "config/cfg.h"
#include "dataplane/dp.h"
#include "dataplane/port/port.h"

struct rte_mbuf;
struct rte_mempool;

#define KIT_PORT_MAX 2048

/* Packets wait in `in` for the gateway and are left in `out` by it. */
struct kit_port {
	struct port port;
	struct rte_mbuf *in[KIT_PORT_MAX], *out[KIT_PORT_MAX];
	unsigned n_in, n_out;
	uint64_t due; /* of the packets in `in` */
};

/* A gateway between 10.1.0.0/16 (port 0) and 192.0.2.0/24 (port 1), with an outbound and an inbound SA that
 * are partners (both end at 192.0.2.1) and a policy for 10.1/16 to 10.2/16; and its peer, the same but for
 * outbound policies, which takes what comes in at port 1.  Both share the two ports. */
struct kit_gateway {
	struct cfg_port ports[2];
	struct cfg_route routes[2];
	struct cfg_sa sas[4]; /* 0: out, 1: in; with kit_gateway_bundle() 2: AH out, 3: AH in */
	struct cfg_policy policies[2]; /* or others in cfg */
	struct cfg_policy peer_policies[4];
	struct cfg_gateway cfg, peer_cfg;
	const struct cfg_engine *peer_engine; /* NULL: as in cfg */
	struct kit_port port[2];
	struct dp *dp, *peer;
};

#define KIT_LAN_SRC 0x0a01000au	 /* 10.1.0.10 */
#define KIT_LAN_DST 0x0a02000au	 /* 10.2.0.10 */
#define KIT_WAN_ADDR 0xc0000201u /* 192.0.2.1 */
#define KIT_SPI 0x1001u
#define KIT_AH_SPI 0x2002u

/* Once a process; 0 where EAL does not start. */
int kit_init(void);
struct rte_mempool *kit_pool(void);
/* Another pool for what follows; returns the one before. */
struct rte_mempool *kit_pool_swap(struct rte_mempool *pool);

void kit_port_init(struct kit_port *port);
/* Frees what waits. */
void kit_port_empty(struct kit_port *port);

/* transform: IOS words.  Fill in more, then kit_gateway_start(); 0 where that fails. */
void kit_gateway_init(struct kit_gateway *gateway, const char *transform);
/* Between the two: AH over the ESP of both directions; the policies name it. */
void kit_gateway_bundle(struct kit_gateway *gateway, const char *ah);
int kit_gateway_start(struct kit_gateway *gateway);
void kit_gateway_stop(struct kit_gateway *gateway);

/* A UDP packet of `bytes` (at least 28) from src to dst; NULL where the pool is empty. */
struct rte_mbuf *kit_udp(uint32_t src, uint32_t dst, uint32_t bytes, uint8_t tos);
/* The same in IPv6, of at least 48 bytes, hop limit 64. */
struct rte_mbuf *kit_udp6(struct ip_addr src, struct ip_addr dst, uint32_t bytes, uint8_t tos);
/* Says "don't fragment" in an IPv4 packet; returns m. */
struct rte_mbuf *kit_df(struct rte_mbuf *m);
/* A packet of these bytes. */
struct rte_mbuf *kit_bytes(const uint8_t *data, uint32_t bytes);
/* Put a packet before a port (0: of the gateway, 1: of its peer), and turn that one at `now` until nothing
 * moves. */
void kit_send(struct kit_gateway *gateway, unsigned port, struct rte_mbuf *m, uint64_t now);
/* What came in or was made and did not go out, over both gateways: 0 where the books balance. */
uint64_t kit_books(const struct kit_gateway *gateway);
/* Packets that either has dropped for that reason. */
uint64_t kit_drops(const struct kit_gateway *gateway, enum drop reason);
/* Reason of the oldest drop event of either, DROP_NONE where there is none. */
enum drop kit_drop(struct kit_gateway *gateway, struct drop_event *event);

#endif
