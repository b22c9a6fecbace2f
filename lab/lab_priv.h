/* Inside of a laboratory: its parts know one another here, and nobody else does. */
#ifndef LAB_LAB_PRIV_H
#define LAB_LAB_PRIV_H

#include <stdbool.h>

#include "base/actor.h"
#include "base/clock.h"
#include "dataplane/dp.h"
#include "dataplane/frag/reasm.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/ip_head.h"
#include "dataplane/pkt.h"
#include "dataplane/port/port.h"
#include "lab/fate.h"
#include "lab/lab.h"
#include "lab/paths.h"
#include "dataplane/pool.h"
#include "lab/tcp/segment.h"
#include "lab/traffic.h"

#define LAB_BURST 64u
#define FLOW_HEAD_MAX 60u /* IPv6 + TCP */

/* One flow: how its packets look and what became of them. */
struct flow {
	uint8_t head[FLOW_HEAD_MAX]; /* template: length, identification and checksum 0 */
	uint8_t head_len;	     /* IP and transport header; 0: packets come from a capture */
	uint8_t ip_bytes;	     /* of those the IP header */
	uint32_t head_sum;	     /* one's complement sum of the template's IPv4 header */
	uint32_t pseudo_sum;	    /* of pseudo header and transport header, but for what varies; unfolded */
	uint16_t id_first, id_step; /* identifications: a host does not repeat them from flow to flow */
	uint32_t traffic;	    /* index of its cfg_traffic */
	uint32_t index;		    /* within it */
	const char *class_name;
	bool is_tcp, is_ping;
	uint32_t iss; /* TCP: number of the SYN, by which payload is known */
	uint64_t sent, sent_bytes;
	uint64_t delivered, delivered_bytes, duplicates, corrupt;
	uint64_t originals;  /* delivered, and no wire's copy */
	uint64_t last_delay; /* ns, of the packet delivered before */
	uint64_t drops[DROP_COUNT];
	uint64_t clone_drops;
	struct fate fate; /* of packets that went in pieces: not in originals and drops */
	struct delay delay, ipdv;
	struct reorder *at_gateway, *at_receiver;
	struct traffic_flow id;
};

struct link;
struct ping;
struct tcp_host;
struct tcp_source;

/* Where a node is plugged in.  A gateway sees a struct port, a host calls link_send and link_receive. */
struct link_end {
	struct port port;
	struct link *link;
	unsigned direction;  /* in which this end sends */
	struct wire *plain;  /* the only path of a link that is not captured, else NULL */
	bool before_gateway; /* packets that arrive here in ESP are measured */
};

struct link {
	const struct cfg_link *cfg;
	struct lab *lab;
	unsigned index;
	struct link_end end[2];
	struct paths *paths[2];
	uint64_t rx, created, tx;
	uint64_t drops[DROP_COUNT];
};

struct host {
	struct actor actor;
	const struct cfg_host *cfg;
	struct lab *lab;
	unsigned index;
	struct link_end *end;
	struct traffic **sources; /* those of this host */
	uint32_t *first_flow;	  /* of each source, in lab->flows */
	unsigned n_sources;
	uint64_t now;
	struct reasm *reasm;  /* fragments that came to it */
	struct tcp_host *tcp; /* ends of connections; NULL: none */
	uint32_t fragment_id; /* of IPv6 */
	uint64_t created, tx, rx, consumed;
	uint64_t drops[DROP_COUNT];
	uint64_t cycles;
};

struct node_gateway {
	struct actor actor;
	struct lab *lab;
	struct dp *dp;
	struct port **ports;
	struct reorder **order; /* of each outbound SA's numbers where they arrive; NULL for inbound ones */
	unsigned index;		/* in lab->gateways */
	uint64_t cycles;
};

struct lab {
	const struct cfg_lab *cfg;
	struct lab_options options;
	void (*observe)(void *ctx, unsigned gateway, const struct drop_event *event); /* NULL: nobody */
	void *observe_ctx;
	struct recorder *recorder; /* NULL: no events, no captures */
	struct rte_mempool *pool;
	uint64_t now, last, turns; /* last: the run is cut off here, and everybody has a turn */
	struct host *hosts;
	struct node_gateway *gateways;
	struct link *links;
	struct flow *flows;
	unsigned n_flows;
	struct traffic **traffic; /* all, in order of the configuration */
	struct tcp_source **tcp;  /* likewise, NULL for other kinds */
	struct ping **pings;	  /* likewise */
	struct changes *changes;
	uint64_t answers;	  /* to pings, created by gateways */
	uint64_t wall_cycles;
	uint8_t *pattern; /* what payloads are made of */
	uint32_t *sums;	  /* PACKET_PATTERN + 1: see packet_sums_fill() */
	struct result *result;
};

/* link.c */
enum status link_create(struct lab *lab, unsigned index);
void link_destroy(struct link *link);
/* Takes all packets; pkt->time_ns of each is when its first bit is ready. */
void link_send(struct link_end *end, struct rte_mbuf **pkts, unsigned n);
unsigned link_receive(struct link_end *end, struct rte_mbuf **pkts, unsigned max, uint64_t now);
uint64_t link_next_due(const struct link_end *end);
uint64_t link_held(const struct link *link);

/* host.c */
/* Sends one packet that was built for a flow; m is NULL where there was no mbuf.  Else why it ended here. */
enum drop host_send_built(
	struct host *host, uint32_t flow, const struct traffic_packet *desc, struct rte_mbuf *m);
enum status host_create(struct lab *lab, unsigned index, struct link_end *end);
void host_destroy(struct host *host);

/* host_cut.c */
/* Sends a packet that is longer than the host's MTU in pieces; or says why it cannot, and it is the caller's.
 */
enum drop host_cut(struct host *host, struct rte_mbuf *m);

/* packet.c */
enum { PACKET_PATTERN = 65536 + 256 };
void packet_pattern_fill(uint8_t *pattern);
void packet_sums_fill(const uint8_t *pattern, uint32_t *sums);
/* Header template of a flow. */
void packet_template(struct flow *flow);
/* Writes packet `desc` of flow number flow_index into m. */
void packet_build(
	const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, struct rte_mbuf *m);
/* True where m is what packet_build made, hop fields aside. */
bool packet_intact(const struct lab *lab, struct rte_mbuf *m);

/* packet_tcp.c */
/* Writes a segment of a flow as packet number num into m. */
void packet_tcp_build(const struct lab *lab, uint32_t flow_index, const struct tcp_segment *segment,
	uint64_t num, uint64_t now, struct rte_mbuf *m);
/* As packet_intact(): addresses, ports, checksum, and each byte of payload at its place of the stream. */
bool packet_tcp_intact(const struct lab *lab, struct rte_mbuf *m);
/* Finds the TCP header of a whole packet; NULL: none. */
const uint8_t *packet_tcp_find(const uint8_t *ip, uint32_t bytes, uint32_t *l4_bytes);

/* packet_ping.c */
/* Writes an echo (flow 0 of a ping) or its answer (flow 1) into m. */
void packet_ping_build(
	const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, struct rte_mbuf *m);
bool packet_ping_intact(const struct lab *lab, struct rte_mbuf *m);

/* The identifier of a ping's messages. */
static inline uint16_t
packet_ping_id(const struct flow *flow)
{
	return (uint16_t)(flow->traffic + 1);
}

/* tcp_source.c */
enum status tcp_sources_create(struct lab *lab);
void tcp_sources_destroy(struct lab *lab);
/* tcp_collect.c */
enum status tcp_collect(const struct lab *lab, struct result *result);

/* tcp_host.c: what a host does for the ends of connections on it; tcp may be NULL. */
enum status tcp_host_create(struct host *host);
void tcp_host_destroy(struct tcp_host *tcp);
/* What is due by now; true where anything was sent. */
bool tcp_host_run(struct tcp_host *tcp, uint64_t now);
uint64_t tcp_host_next_due(const struct tcp_host *tcp);
/* A segment of one of its flows, intact. */
void tcp_host_segment(struct tcp_host *tcp, struct rte_mbuf *m, uint64_t now);
/* An ICMP packet; true where it was about one of its segments. */
bool tcp_host_icmp(struct tcp_host *tcp, const uint8_t *ip, uint32_t bytes, uint64_t now);

/* ping_host.c */
enum status pings_create(struct lab *lab);
void pings_destroy(struct lab *lab);
/* What is due by now; true where anything was sent. */
bool ping_host_run(struct host *host, uint64_t now);
uint64_t ping_host_next_due(const struct host *host);
/* An echo for this host, or an answer, intact. */
void ping_host_packet(struct host *host, struct rte_mbuf *m, uint64_t now);
/* An ICMP error, perhaps about an echo of this host. */
void ping_host_icmp(struct host *host, const uint8_t *ip, uint32_t bytes, uint64_t now);

/* flows.c */
enum status flows_create(struct lab *lab);
void flows_destroy(struct lab *lab);
/* In a gateway a protected packet was put together from fragments. */
void flow_joined(void *lab, struct rte_mbuf *m);
/* A gateway answers an echo: where it is one of a ping, the answer is a packet of the flow that leads back.
 */
void flow_echoed(void *lab, struct rte_mbuf *question, struct pkt *answer);
void flow_at_gateway(struct lab *lab, struct pkt *pkt);
/* False where it is not what was sent. */
bool flow_delivered(struct lab *lab, struct rte_mbuf *m);
/* Counts a drop with its flow and records it.  node: hosts first, then gateways, then links. */
void flow_dropped(struct lab *lab, unsigned node, const struct drop_event *event);
/* The same for a packet that ended outside a gateway. */
void flow_dropped_packet(struct lab *lab, unsigned node, struct rte_mbuf *m, enum drop reason, uint64_t now);

/* collect.c */
enum status collect(struct lab *lab, struct result **result);
void collect_free(struct result *result);

#endif
