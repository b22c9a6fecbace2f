/* What the tests of the generated kinds of traffic share: a laboratory of two hosts with one source, and a
 * run of it from beginning to end. */
#ifndef TESTS_LAB_TRAFFIC_RIG_H
#define TESTS_LAB_TRAFFIC_RIG_H

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/traffic.h"

#define MAX_PACKETS 400000u

struct rig {
	struct cfg_host hosts[2];
	struct cfg_lab lab;
	struct cfg_traffic cfg;
	struct cfg_imix_entry mix[3];
};

static inline void
rig_init(struct rig *rig, enum cfg_traffic_kind kind)
{
	memset(rig, 0, sizeof(*rig));
	rig->hosts[0].address = ip_v4(0x0a010001);
	rig->hosts[1].address = ip_v4(0x0a020002);
	rig->lab.hosts = rig->hosts;
	rig->lab.n_hosts = 2;
	rig->lab.seed = 42;
	rig->mix[0] = (struct cfg_imix_entry){46, 7};
	rig->mix[1] = (struct cfg_imix_entry){576, 4};
	rig->mix[2] = (struct cfg_imix_entry){1500, 1};
	rig->cfg = (struct cfg_traffic){
		.name = "t",
		.kind = kind,
		.to_end = {1, 0},
		.dscp = 46,
		.ecn = 2,
		.df = true,
		.proto = 17,
		.sport = 5000,
		.dport = 6000,
		.flows = 1,
		.rate = 8000000,
		.size = 1000,
		.on = 100000,
		.off = 300000,
		.mix = rig->mix,
		.n_mix = 3,
		.calls = 3,
		.codec = "g711",
		.speed = 1.0,
	};
}

static inline struct traffic *
rig_open(const struct rig *rig, uint64_t end)
{
	struct traffic *traffic;
	char message[256];
	enum status status = traffic_create(&rig->lab, &rig->cfg, end, &traffic, message, sizeof(message));
	CU_ASSERT_EQUAL_FATAL(status, ST_OK);
	return traffic;
}

/* All packets of a run, asked for each `poll` ns (0: in one go), at most `burst` at a time. */
static inline unsigned
rig_collect(const struct rig *rig, uint64_t end, uint64_t poll, unsigned burst, struct traffic_packet *out)
{
	struct traffic *traffic = rig_open(rig, end);
	unsigned n = 0, got;

	for (uint64_t now = poll ? 0 : TIME_NEVER;; now += poll) {
		while (n + burst <= MAX_PACKETS && (got = traffic_get(traffic, now, out + n, burst)) > 0)
			n += got;
		if (!poll || traffic_next_due(traffic) == TIME_NEVER)
			break;
	}
	CU_ASSERT_EQUAL(traffic_next_due(traffic), TIME_NEVER);
	traffic_destroy(traffic);
	return n;
}

static inline struct traffic_packet *
packets_alloc(void)
{
	struct traffic_packet *packets = malloc(MAX_PACKETS * sizeof(*packets));
	CU_ASSERT_PTR_NOT_NULL_FATAL(packets);
	return packets;
}

/* floor(units * k * 1e9 / rate) */
static inline uint64_t
time_exact(uint64_t k, uint64_t units, uint64_t rate)
{
	return (uint64_t)((unsigned __int128)units * k * NS_PER_SEC / rate);
}

#endif
