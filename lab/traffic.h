/* A traffic source: which packet, of which flow, is sent exactly when.  It makes descriptions, the host makes
 * packets.  One thread; all chance comes from the source's own rng stream. */
#ifndef LAB_TRAFFIC_H
#define LAB_TRAFFIC_H

#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

struct traffic;

/* One packet to send. */
struct traffic_packet {
	uint64_t time_ns;    /* exact send time */
	uint64_t num;	     /* number in its flow, from 0 */
	uint32_t flow;	     /* 0 .. traffic_flow_count()-1 of this source */
	uint32_t bytes;	     /* IP packet */
	const uint8_t *data; /* pcap: the IP packet with addresses mapped and checksums right; else NULL:
				the host stamps its template.  Valid until the next call. */
};

/* What the packets of a flow have in common. */
struct traffic_flow {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto, dscp, ecn;
	uint8_t df; /* 0 or 1 */
};

/* end_ns: when sources stop (cfg->stop overrides an earlier one).  cfg and lab are borrowed. pcap: reads the
 * file (pcap or pcapng, Ethernet, raw IP, Linux cooked; packets of the family of the hosts, others are
 * skipped and counted), maps source and destination addresses of the capture to the hosts from and to,
 * keeps its timing. A file that cannot be used is ERR_IO with one line in message. */
enum status traffic_create(const struct cfg_lab *lab, const struct cfg_traffic *cfg, uint64_t end_ns,
	struct traffic **traffic, char *message, size_t bytes);
void traffic_destroy(struct traffic *traffic);

unsigned traffic_flow_count(const struct traffic *traffic);
void traffic_flow_get(const struct traffic *traffic, unsigned flow, struct traffic_flow *out);

/* Time of the next packet, TIME_NEVER after the last. */
uint64_t traffic_next_due(const struct traffic *traffic);
/* Take the next packets with time_ns <= now in order of time, at most max; returns how many. A pcap source
 * hands out at most one per call. */
unsigned traffic_get(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max);
/* A bound that no packet of this source exceeds, in bytes of IP packet. */
uint32_t traffic_bytes_max(const struct traffic *traffic);
/* When it begins, and before when it sends. */
uint64_t traffic_start(const struct traffic *traffic);
uint64_t traffic_limit(const struct traffic *traffic);
/* Packets of the capture that could not be used; 0 for other kinds. */
uint64_t traffic_skipped(const struct traffic *traffic);

#endif
