/* What tests of the two paths share: a gateway whose WAN port leads to the peer, packets with a number, and
 * turning it up to an instant.  For tests/dataplane only. */
#ifndef TESTS_DATAPLANE_PROCESS_RIG_H
#define TESTS_DATAPLANE_PROCESS_RIG_H

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "dataplane/pkt.h"
#include "dataplane/process.h"
#include "tests/kit/kit.h"

#define MS UINT64_C(1000000)

static inline void
rig_start(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_gateway_start(g));
}

/* Two gateways, both with two paths, 1000 packets/s on the slow one. */
static inline void
rig_paths_init(struct kit_gateway *g)
{
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(g, "esp-aes 128 esp-sha-hmac");
	g->cfg.switching = CFG_SWITCHING_FAST;
	g->cfg.process_rate = 1000;
	g->cfg.process_queue = 75;
}

static inline void
rig_stop(struct kit_gateway *g)
{
	CU_ASSERT_EQUAL(kit_books(g), 0);
	kit_gateway_stop(g);
}

static inline struct rte_mbuf *
rig_numbered(struct rte_mbuf *m, uint64_t num)
{
	pkt_of(m)->num = num;
	return m;
}

/* From the LAN to the other site; flow: DSCP. */
static inline void
rig_send(struct kit_gateway *g, uint64_t num, uint8_t flow, uint64_t now)
{
	kit_send(g, 0, rig_numbered(kit_udp(KIT_LAN_SRC, KIT_LAN_DST, 100, (uint8_t)(flow << 2)), num), now);
}

/* Everything that is due until `end`, at its time. */
static inline void
rig_turn(struct dp *dp, uint64_t end)
{
	while (dp_next_due(dp) <= end)
		dp_turn(dp, dp_next_due(dp));
}

/* The packet that left at the port as number i; its own number. */
static inline uint64_t
rig_num(const struct kit_gateway *g, unsigned port, unsigned i)
{
	return pkt_of(g->port[port].out[i])->num;
}

/* What left first at the WAN comes to the peer at `now`. */
static inline void
rig_cross_one(struct kit_gateway *g, uint64_t now)
{
	struct kit_port *wan = &g->port[1];
	struct rte_mbuf *m = wan->out[0];

	wan->n_out--;
	for (unsigned i = 0; i < wan->n_out; i++)
		wan->out[i] = wan->out[i + 1];
	kit_send(g, 1, m, now);
}

#endif
