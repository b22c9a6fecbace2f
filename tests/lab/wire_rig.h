/* What the tests of lab/wire and lab/paths share.  Packets are numbers dressed up as pointers. */
#ifndef TESTS_LAB_WIRE_RIG_H
#define TESTS_LAB_WIRE_RIG_H

#include <CUnit/CUnit.h>

#include "lab/wire.h"

#define MS UINT64_C(1000000)

static inline void *
packet(uintptr_t i)
{
	return (void *)i;
}

static inline uintptr_t
number(const struct wire_arrival *arrival)
{
	return (uintptr_t)arrival->pkt;
}

static inline struct cfg_path
path_plain(uint64_t rate, uint64_t delay)
{
	return (struct cfg_path){.name = "p", .rate = rate, .delay = delay, .mtu = 1500, .reorder = true};
}

static inline struct wire *
wire_open(const struct cfg_path *cfg, uint64_t seed)
{
	struct wire *wire;
	CU_ASSERT_EQUAL_FATAL(wire_create(cfg, seed, "wan.0.0", NULL, NULL, &wire), ST_OK);
	return wire;
}

/* The next packet is `want` and arrives at exactly time_ns. */
static inline void
expect(struct wire *wire, uintptr_t want, uint64_t time_ns)
{
	struct wire_arrival got = {0};
	CU_ASSERT_EQUAL(wire_next_due(wire), time_ns);
	CU_ASSERT_EQUAL(wire_get(wire, time_ns - 1, &got, 1), 0);
	CU_ASSERT_EQUAL_FATAL(wire_get(wire, time_ns, &got, 1), 1);
	CU_ASSERT_EQUAL(number(&got), want);
	CU_ASSERT_EQUAL(got.time_ns, time_ns);
}

/* put = got + held + drops - duplicated. */
static inline void
expect_balance(const struct wire *wire)
{
	const struct wire_stats *st = wire_stats(wire);
	CU_ASSERT_EQUAL(st->put + st->duplicated,
		st->got + wire_held(wire) + st->lost + st->queue_drops + st->mtu_drops);
}

#endif
