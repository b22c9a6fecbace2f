/* What a run found out: plain data, filled by lab_result(), read by the report writers.
 * Owned by the struct result; borrowed strings live as long as the configuration.  Units: ns, bytes, packets.
 */
#ifndef LAB_RESULT_H
#define LAB_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/cfg.h"
#include "crypto/engine.h"
#include "dataplane/drop.h"
#include "dataplane/process.h"
#include "dataplane/qos/qos.h"
#include "dataplane/replay/lag.h"
#include "lab/delay.h"
#include "lab/ping.h"
#include "lab/reorder.h"
#include "lab/wire.h"

/* A flow, or a class (all flows of one cfg_traffic.class_name). */
struct result_flow {
	const char *class_name;
	const char *traffic; /* cfg_traffic.name; NULL for a class */
	uint32_t index;	     /* flow: within its traffic; class: number of flows */
	struct ip_addr src, dst; /* flow only */
	uint16_t sport, dport;
	uint8_t proto, dscp;
	uint64_t sent, sent_bytes, delivered, delivered_bytes;
	uint64_t duplicates; /* copies that were delivered beyond the first; in `delivered` they are not */
	uint64_t corrupt;    /* delivered with other bytes than were sent: a fault of esplab */
	uint64_t drops[DROP_COUNT]; /* copies made by wires left out: those are in clone_drops */
	uint64_t clone_drops;
	uint64_t held;	    /* neither delivered nor dropped when the run ended */
	struct delay delay; /* one-way, of delivered packets */
	struct delay ipdv;  /* |difference| to the packet before (RFC 3393), in order of arrival */
	struct reorder_stats at_gateway; /* as encrypted, on arrival at the decrypting gateway */
	struct reorder_stats at_receiver;
};

/* All connections of a class. */
struct result_tcp {
	const char *class_name;
	uint64_t connections, established, closed; /* closed: by the client, in order */
	uint64_t reset, gave_up;
	uint64_t bytes_there, bytes_back; /* of the streams, delivered in order; duplicates left out */
	double goodput_there, goodput_back; /* bit/s, while the source was on */
	uint64_t segments, retransmits, timeouts, recoveries;
	uint64_t ecn_reductions, path_mtu_changes, window_probes, duplicate_bytes;
	uint64_t srtt_sum, srtt_count, srtt_max, rtt_min; /* ns, at the end, of ends that had a sample */
	struct delay completed; /* transfers, or request to response */
};

struct result_sa {
	const struct cfg_gateway *gateway;
	const struct cfg_sa *cfg;
	uint64_t packets, bytes, errors, replays, duplicates;
	uint64_t last_seq;     /* out: last sent; in: right edge */
	bool authenticated;    /* false: no ICV, hence no replay check */
	bool ah;	       /* else ESP */
	const struct lag *lag; /* in only, else NULL; borrowed from the gateway */
	/* in only: the partner's ESP numbers in order of arrival here, replays included; NULL: no partner
	 * here */
	const struct reorder_stats *at_gateway;
};

/* Of a gateway; routers have none. */
struct result_engine {
	const struct cfg_gateway *gateway;
	const struct cfg_engine *cfg;
	const uint64_t *counters; /* ENGINE_COUNTER_COUNT, the gateway's; NULL: it counts nothing */
};

struct result_stage {
	const char *name;
	uint64_t calls, packets, cycles; /* cycles 0 unless timed; goes to timings.json only */
};

enum result_kind { RESULT_HOST, RESULT_GATEWAY, RESULT_ROUTER, RESULT_LINK };

/* rx + created = tx + consumed + held + sum of drops */
struct result_node {
	const char *name;
	enum result_kind kind;
	uint64_t rx, created, tx, consumed, held;
	uint64_t drops[DROP_COUNT];
	bool balanced;
	uint64_t cycles;		   /* timings.json only */
	const struct result_stage *stages; /* gateways and routers */
	unsigned n_stages;
	const struct process_stats *process; /* the gateway's; NULL: all its packets went one way */
};

struct result_port {
	const struct cfg_gateway *gateway;
	const struct cfg_port *port;
	const struct qos *qos; /* borrowed: qos_class_stats() */
	uint64_t mss_clamped;  /* SYNs whose MSS was lowered to its tcp_adjust_mss */
};

struct result_wire {
	const struct cfg_link *link;
	const struct cfg_path *path;
	unsigned direction; /* 0: from ends[0] to ends[1] */
	struct wire_stats stats;
};

struct result {
	const struct cfg_lab *cfg;
	uint64_t seed, end_ns; /* virtual time at which the run ended */
	struct result_flow *classes;
	unsigned n_classes;
	struct result_flow *flows;
	unsigned n_flows;
	struct result_tcp *tcp; /* classes that have connections */
	unsigned n_tcp;
	const struct ping_result **pings; /* borrowed from the laboratory */
	unsigned n_pings;
	struct result_sa *sas;
	unsigned n_sas;
	struct result_node *nodes; /* hosts, gateways and routers, links */
	unsigned n_nodes;
	struct result_engine *engines;
	unsigned n_engines;
	struct result_port *ports;
	unsigned n_ports;
	struct result_wire *wires;
	unsigned n_wires;
	/* sums over nodes; packets: created = consumed + held + drops, clones by wires are created too */
	uint64_t created, consumed, held, dropped;
	uint64_t answers; /* of those created the answers of gateways to pings, which flows have as sent */
	uint64_t drops[DROP_COUNT];
	uint32_t mbufs_total, mbufs_free; /* at the end: total - free = held */
	bool balanced_packets, balanced_mbufs;
	uint64_t corrupt;
	uint64_t events_lost; /* drops that are counted but not in drops.ndjson: 0, or a fault of esplab */
	uint64_t traffic_skipped; /* packets of pcap files that could not be used */
	/* wall clock: timings.json only */
	double wall_seconds;
	uint64_t wall_cycles, turns;
};

#endif
