/* A result made by hand, for tests of reports: voice and data through a-b, gwa to gwb; 1000 packets sent. */
#ifndef TESTS_LAB_REPORT_RIG_H
#define TESTS_LAB_REPORT_RIG_H

#include <stdlib.h>

#include <CUnit/CUnit.h>

#include "lab/result.h"

struct report_rig {
	struct cfg_gateway gateways[2];
	struct cfg_sa sas[2];
	struct cfg_path path;
	struct cfg_link link;
	struct cfg_port port;
	struct cfg_lab cfg;
	struct lag lag;
	struct result_flow classes[2], flows[1];
	struct result_sa result_sas[2];
	struct result_stage stages[2];
	struct result_node nodes[3];
	struct cfg_engine engine_cfgs[2];
	uint64_t counters[ENGINE_COUNTER_COUNT];
	struct result_engine engines[2];
	struct result_port ports[1];
	struct result_wire wires[2];
	struct result result;
};

static inline void
report_rig_delay(struct delay *delay, uint64_t first, unsigned n)
{
	CU_ASSERT_FATAL(delay_init(delay));
	for (unsigned i = 0; i < n; i++)
		delay_record(delay, first * (i + 1));
}

/* 800 in order, 60 at 10, 30 at 64, 8 at 99, 2 at 300. */
static inline void
report_rig_lag(struct lag *lag)
{
	static const unsigned rows[][2] = {{0, 800}, {10, 60}, {64, 30}, {99, 8}, {300, 2}};

	CU_ASSERT_FATAL(lag_init(lag));
	for (unsigned r = 0; r < 5; r++)
		for (unsigned i = 0; i < rows[r][1]; i++)
			lag_record(lag, rows[r][0]);
}

static inline void
report_rig_classes(struct report_rig *rig)
{
	rig->classes[0] = (struct result_flow){.class_name = "voice",
		.index = 2,
		.sent = 100,
		.sent_bytes = 20000,
		.delivered = 98,
		.delivered_bytes = 19600,
		.drops = {[DROP_QOS_POLICE] = 2}};
	rig->classes[1] = (struct result_flow){.class_name = "data",
		.index = 1,
		.sent = 900,
		.sent_bytes = 900000,
		.delivered = 847,
		.delivered_bytes = 847000,
		.duplicates = 3,
		.clone_drops = 5,
		.held = 1,
		.drops = {[DROP_REPLAY_OLD] = 40, [DROP_QOS_TAIL] = 11, [DROP_TTL] = 1},
		.at_gateway = {.received = 800,
			.reordered = 200,
			.extent_max = 9,
			.extent_sum = 500,
			.late_ns_max = 70,
			.late_ns_sum = 1000,
			.gap_count = 4,
			.gap_sum = 10,
			.run_count = 2,
			.run_sum = 9,
			.n_reordered = {0, 7, 0, 5},
			.rd = {[61] = 1, [64] = 2, [66] = 1},
			.rd_lost = 6,
			.rbd = {3, 1}}};
	report_rig_delay(&rig->classes[0].delay, 1000000, 100);
	report_rig_delay(&rig->classes[0].ipdv, 10, 3);
	rig->flows[0] = (struct result_flow){.class_name = "data", .traffic = "bulk",
		.src = IP_V4(0x0a01000a), .dst = IP_V4(0x0a02000a), .sport = 1000,
		.dport = 2000, .proto = 17, .dscp = 8, .sent = 900};
}

static inline void
report_rig_devices(struct report_rig *rig)
{
	rig->result_sas[0] = (struct result_sa){.gateway = &rig->gateways[0],
		.cfg = &rig->sas[0],
		.packets = 950,
		.bytes = 95000,
		.last_seq = 950,
		.authenticated = true};
	rig->result_sas[1] = (struct result_sa){.gateway = &rig->gateways[1],
		.cfg = &rig->sas[1],
		.packets = 860,
		.bytes = 86000,
		.replays = 45,
		.duplicates = 5,
		.last_seq = UINT32_MAX,
		.authenticated = true,
		.lag = &rig->lag};
	rig->stages[0] = (struct result_stage){"rx", 10, 100, 5000};
	rig->nodes[0] = (struct result_node){.name = "gwa", .kind = RESULT_GATEWAY, .rx = 1000, .tx = 987,
		.drops = {[DROP_QOS_TAIL] = 11, [DROP_QOS_POLICE] = 2}, .balanced = true, .cycles = 250000,
		.stages = rig->stages, .n_stages = 1};
	rig->nodes[1] = (struct result_node){.name = "gwb", .kind = RESULT_GATEWAY, .rx = 905,
		.drops = {[DROP_REPLAY_OLD] = 40, [DROP_REPLAY_DUP] = 5}, .balanced = true};
	rig->nodes[2] = (struct result_node){.name = "wan", .kind = RESULT_LINK, .balanced = true};
	rig->engine_cfgs[0] = (struct cfg_engine){.name = "ipsec_mb", .kind = "ipsec_mb"};
	rig->engine_cfgs[1] = (struct cfg_engine){.name = "slot 2", .kind = "card", .profile = "aim"};
	rig->counters[ENGINE_SUBMITTED] = 905;
	rig->counters[ENGINE_COMPLETED] = 905;
	for (unsigned e = 0; e < 2; e++)
		rig->engines[e] = (struct result_engine){
			&rig->gateways[e], &rig->engine_cfgs[e], e ? rig->counters : NULL};
	rig->ports[0] = (struct result_port){&rig->gateways[0], &rig->port, NULL, 2};
	for (unsigned d = 0; d < 2; d++)
		rig->wires[d] = (struct result_wire){&rig->link, &rig->path, d, {.put = 5 + d}};
}

static inline void
report_rig_open(struct report_rig *rig)
{
	*rig = (struct report_rig){
		.gateways = {{.name = "gwa"}, {.name = "gwb"}},
		.sas = {{.name = "a-b", .direction = CFG_OUT, .spi = 0x1001, .src = IP_V4(1), .dst = IP_V4(2),
				.transform = "esp-gcm 256"},
			{.name = "a-b", .direction = CFG_IN, .spi = 0x1001, .src = IP_V4(1), .dst = IP_V4(2),
				.transform = "esp-gcm 256", .window = 64}},
		.path = {.name = "p"}, .link = {.name = "wan", .ends = {"gwa.wan", "gwb.wan"}},
		.port = {.name = "wan"},
		.cfg = {.file = "some/where/test.cfg", .title = "A \"test\"", .duration = 2000000000},
	};
	report_rig_lag(&rig->lag);
	report_rig_classes(rig);
	report_rig_devices(rig);
	rig->result = (struct result){.cfg = &rig->cfg,
		.seed = 7,
		.end_ns = 2500000000,
		.classes = rig->classes,
		.n_classes = 2,
		.flows = rig->flows,
		.n_flows = 1,
		.sas = rig->result_sas,
		.n_sas = 2,
		.nodes = rig->nodes,
		.n_nodes = 3,
		.engines = rig->engines,
		.n_engines = 2,
		.ports = rig->ports,
		.n_ports = 1,
		.wires = rig->wires,
		.n_wires = 2,
		.created = 1008,
		.consumed = 948,
		.held = 1,
		.dropped = 59,
		.drops = {[DROP_REPLAY_OLD] = 40,
			[DROP_REPLAY_DUP] = 5,
			[DROP_QOS_TAIL] = 11,
			[DROP_QOS_POLICE] = 2,
			[DROP_TTL] = 1},
		.mbufs_total = 100,
		.mbufs_free = 99,
		.balanced_packets = true,
		.balanced_mbufs = true,
		.wall_seconds = 5,
		.wall_cycles = 1008000,
		.turns = 12};
}

static inline void
report_rig_close(struct report_rig *rig)
{
	lag_fini(&rig->lag);
	delay_fini(&rig->classes[0].delay);
	delay_fini(&rig->classes[0].ipdv);
}

#endif
