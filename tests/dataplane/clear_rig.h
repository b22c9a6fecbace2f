/* What tests of packets in the clear share: places, rules between them, and a gateway of either family, which
 * takes a packet at one of its two sides.  For tests/dataplane only. */
#ifndef TESTS_DATAPLANE_CLEAR_RIG_H
#define TESTS_DATAPLANE_CLEAR_RIG_H

#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "dataplane/worker.h"
#include "tests/kit/kit.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LEFT(port) (DROP_COUNT + (port)) /* in place of a drop: it left by that port */
#define GONE LEFT(2)			 /* it was taken */

/* Where packets come from and go to, and what rules speak of: here is behind port 0, there behind the tunnel,
 * else behind port 1 in the clear, and the gateway itself is there by its address at port 1. */
enum place { HERE, THERE, ELSE, SELF, ANY };

struct rule {
	enum cfg_action action;
	enum cfg_direction direction;
	enum place src, dst;
	uint64_t dscp;
};

static inline struct ip_addr
address(enum place place, bool v6)
{
	static const struct ip_addr six[] = {{0x20010db800010000, 10}, {0x20010db800020000, 10},
		{0x20010db800030000, 10}, {0x20010db8000f0000, 1}, {0, 0}};
	static const uint32_t four[] = {KIT_LAN_SRC, KIT_LAN_DST, 0x0a03000a, KIT_WAN_ADDR, 0};

	return v6 ? six[place] : ip_v4(four[place]);
}

static inline struct cfg_prefix
net(enum place place, bool v6)
{
	struct cfg_prefix prefix = CFG_PREFIX_V4(0, 0);

	if (place == ANY)
		return (struct cfg_prefix){.len = 0};
	if (!v6) {
		prefix = CFG_PREFIX_V4(0, 16);
		prefix.addr = address(place, v6);
		return prefix;
	}
	return (struct cfg_prefix){.addr = address(place, true), .len = 64, .only_v6 = true};
}

struct bed {
	struct kit_gateway g;
	struct cfg_policy rules[4];
	struct cfg_route routes[2];
	uint64_t now;
	bool v6;
};

static inline void
rules_set(struct bed *bed, const struct rule *rules, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		bed->rules[i] = (struct cfg_policy){.name = "r",
			.action = rules[i].action,
			.direction = rules[i].direction,
			.src = net(rules[i].src, bed->v6),
			.dst = net(rules[i].dst, bed->v6),
			.dscp = rules[i].dscp,
			.proto = 256,
			.sport = {0, UINT16_MAX},
			.dport = {0, UINT16_MAX},
			.sa_index = rules[i].action != CFG_PROTECT     ? CFG_NONE
				    : rules[i].direction == CFG_OUT ? 0
								    : 1};
	bed->g.cfg.policies = bed->rules;
	bed->g.cfg.n_policies = n;
}

static inline void
bed_init(struct bed *bed, bool v6, const struct rule *rules, unsigned n)
{
	memset(bed, 0, sizeof(*bed));
	bed->v6 = v6;
	CU_ASSERT_FATAL(kit_init());
	kit_gateway_init(&bed->g, "esp-gcm 128");
	bed->routes[0] = (struct cfg_route){.to = net(THERE, v6), .port = 1};
	bed->routes[1] = (struct cfg_route){.to = net(ELSE, v6), .port = 1};
	bed->g.cfg.routes = bed->routes;
	bed->g.cfg.n_routes = 2;
	rules_set(bed, rules, n);
	if (!v6)
		return;
	bed->g.ports[0].address = net(HERE, true);
	bed->g.ports[0].address.addr.lo = 1;
	bed->g.ports[1].address = net(SELF, true);
	for (unsigned s = 0; s < 2; s++)
		bed->g.sas[s].src = bed->g.sas[s].dst = address(SELF, true);
}

static inline void
bed_start(struct bed *bed)
{
	CU_ASSERT_FATAL(kit_gateway_start(&bed->g));
}

static inline void
bed_stop(struct bed *bed)
{
	CU_ASSERT_EQUAL(kit_books(&bed->g), 0);
	kit_gateway_stop(&bed->g);
}

/* The gateway takes it at that port: how it ended, or by which port it left. */
static inline unsigned
fate(struct bed *bed, unsigned port, struct rte_mbuf *m)
{
	struct kit_gateway *g = &bed->g;
	unsigned fate = GONE;
	enum drop drop;

	g->port[port].in[g->port[port].n_in++] = m;
	g->port[port].due = ++bed->now;
	while (dp_turn(g->dp, bed->now))
		;
	drop = kit_drop(g, NULL);
	if (drop)
		fate = drop;
	else if (g->port[0].n_out)
		fate = LEFT(0);
	else if (g->port[1].n_out)
		fate = LEFT(1);
	CU_ASSERT(g->port[0].n_out + g->port[1].n_out == (fate == LEFT(0) || fate == LEFT(1)));
	return fate;
}

static inline struct rte_mbuf *
packet(const struct bed *bed, enum place src, enum place dst, uint8_t tos)
{
	struct ip_addr from = address(src, bed->v6), to = address(dst, bed->v6);

	return bed->v6 ? kit_udp6(from, to, 100, tos)
		       : kit_udp((uint32_t)from.lo, (uint32_t)to.lo, 100, tos);
}

#define OUT(action, src, dst) {CFG_##action, CFG_OUT, src, dst, 0}
#define IN(action, src, dst) {CFG_##action, CFG_IN, src, dst, 0}
#define TUNNEL OUT(PROTECT, HERE, THERE), IN(PROTECT, THERE, HERE)

#endif
