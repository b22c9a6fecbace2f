/* What the kinds of traffic sources share: the head of every source, and how a kind is made.
 * Private to lab/traffic*.c. */
#ifndef LAB_TRAFFIC_PRIV_H
#define LAB_TRAFFIC_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/status.h"
#include "config/cfg.h"
#include "lab/traffic.h"

#define TRAFFIC_BYTES_MIN 28u	 /* IPv4 and UDP header */
#define TRAFFIC_V6_BYTES 20u	 /* by how much an IPv6 header is longer */
#define TRAFFIC_BYTES_MAX 65535u /* total length of IPv4 */
#define TRAFFIC_FLOWS_MAX 65536u /* each has its own source port */
/* No source sends later than this (146 years), so that no sum of times below overflows 64 bits. */
#define TRAFFIC_TIME_MAX (UINT64_C(1) << 62)

struct traffic_ops {
	/* Called only where at least one packet is due and max > 0; ends with traffic_due_set(). */
	unsigned (*get)(struct traffic *traffic, uint64_t now, struct traffic_packet *out, unsigned max);
	/* NULL: the flows are the template with sport + i. */
	void (*flow_get)(const struct traffic *traffic, unsigned flow, struct traffic_flow *out);
	/* Frees what the kind allocated, but not the struct; NULL: nothing. */
	void (*fini)(struct traffic *traffic);
};

/* First member of the struct of each kind. */
struct traffic {
	const struct traffic_ops *ops;
	uint64_t due; /* of the next packet, or TIME_NEVER */
	uint64_t start;
	uint64_t limit; /* packets are sent before this, not at it */
	uint64_t skipped;
	uint32_t flow_count;
	uint32_t bytes_max; /* no packet is longer */
	struct traffic_flow flow; /* the template */
	struct rng rng;
};

/* What a kind is made from. */
struct traffic_args {
	const struct cfg_lab *lab;
	const struct cfg_traffic *cfg;
	uint64_t limit;
	char *message;
	size_t bytes;
};

/* The kinds; *traffic is set where ST_OK is returned, and only there. */
enum status
traffic_cbr_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_poisson_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_onoff_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_imix_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_voice_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_pcap_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_tcp_create(const struct traffic_args *args, struct traffic **traffic);
enum status
traffic_ping_create(const struct traffic_args *args, struct traffic **traffic);

/* Zeroed memory for a source of `size` bytes with its head filled; NULL: out of memory. */
void *
traffic_alloc(const struct traffic_args *args, const struct traffic_ops *ops, size_t size, uint32_t flows);
/* Writes "traffic NAME: ..." to the message and returns `status`. */
enum status
traffic_refuse(const struct traffic_args *args, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* ERR_RANGE with a message where it is not 1..TRAFFIC_FLOWS_MAX. */
enum status
traffic_flows_check(const struct traffic_args *args, const char *key, uint32_t flows);

/* The end (exclusive) of what may be handed out now. */
static inline uint64_t
traffic_until(const struct traffic *traffic, uint64_t now)
{
	return now < traffic->limit ? now + 1 : traffic->limit;
}

static inline bool
traffic_is_v6(const struct traffic *traffic)
{
	return !ip_is_v4(traffic->flow.src);
}

static inline void
traffic_due_set(struct traffic *traffic, uint64_t time)
{
	traffic->due = time < traffic->limit ? time : TIME_NEVER;
}

#endif
