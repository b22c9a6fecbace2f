/* The egress of a port: queues, scheduler and shaper, with exact departure times.  RFC 2475 terms.
 *
 * A qos holds opaque packet pointers; it never looks into one.  Times are ns and exact: a packet's start is
 * the instant at which its first bit leaves, start = max(line free, its arrival, shaper's permission), and
 * the line is busy for bytes * 8 / rate after it.  The caller turns it in time order: first qos_get(now),
 * which starts everything that starts before or at now, then qos_put(now), then qos_get(now) again.
 *
 * Allocates only in qos_create().  No EAL.  One thread. */
#ifndef DATAPLANE_QOS_QOS_H
#define DATAPLANE_QOS_QOS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/drop.h"

struct qos;

struct qos_out {
	void *pkt;
	uint64_t start_ns; /* when its first bit leaves */
};

struct qos_class_stats {
	const char *name;	       /* borrowed from cfg */
	uint64_t packets_in, bytes_in; /* all that came: in = out + drops + held */
	uint64_t packets_out, bytes_out;
	uint64_t tail_drops, police_drops;
	uint32_t depth_max;		   /* packets waiting, at most */
	uint64_t wait_ns_max, wait_ns_sum; /* arrival to start */
};

/* line_rate in bit/s (0: infinitely fast), overhead: layer-2 bytes a packet.  cfg is borrowed and must live
 * on. A fifo has one class, named "fifo".  A CBWFQ without a default class gets one ("class-default").
 * ERR_RANGE: a rate above 2^46 bit/s, overhead above 65535, more than 64 classes, a limit above 2^24 packets;
 * ERR_CONFIG: a class with both or neither of priority and bandwidth, two default classes; ERR_NOMEM. */
enum status qos_create(const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead, struct qos **qos);
void qos_destroy(struct qos *qos); /* queue must be empty, or its packets are the caller's loss */

/* Queue a packet of `bytes` (IP length as it will be on the wire, 1 to 65535) at `now`.  DROP_NONE: held
 * here; else (QOS_TAIL, QOS_POLICE) it stays the caller's.  Limits count neither the packet on the line nor
 * one that starts at its arrival; at most 1024 packets can do so before they are fetched. */
enum drop qos_put(struct qos *qos, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now);

/* Packets that start at or before now, in order of start; returns how many, at most max (then call again). */
unsigned qos_get(struct qos *qos, uint64_t now, struct qos_out *out, unsigned max);

/* Does every packet start at its arrival?  A fifo on an infinitely fast line without a shaper. */
bool qos_is_endless(const struct qos *qos);
/* There, instead of put and get: counts a packet that stays the caller's to be sent.  False where others are
 * held: it goes behind them. */
bool qos_pass(struct qos *qos, uint32_t bytes);

/* Another policy for a port: the counts of classes that `from` has too go on, as if what it holds had not
 * come yet; its packets are then to be fetched and put here by qos_restore(). */
void qos_carry(struct qos *qos, const struct qos *from);
/* As qos_put(), for a packet that was let in before: asks no limit and no policer.  False: there is no room
 * at all. */
bool qos_restore(struct qos *qos, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now);
/* The same policy in another configuration, from which names are borrowed from now on. */
void qos_rename(struct qos *qos, const struct cfg_qos *cfg);

/* Start of the next packet if nothing more arrives; TIME_NEVER where empty. */
uint64_t qos_next_due(const struct qos *qos);

unsigned qos_held(const struct qos *qos);
/* Of these, packets that are counted as out and wait for qos_get(). */
unsigned qos_started(const struct qos *qos);
unsigned qos_class_count(const struct qos *qos);
const struct qos_class_stats *qos_class_stats(const struct qos *qos, unsigned class_index);

#endif
