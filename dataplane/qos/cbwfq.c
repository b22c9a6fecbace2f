/* Low-latency queueing over class-based weighted fair queueing, packet by packet.  RFC 2475 terms: classifier
 * (by DSCP, RFC 2474), policer, queues, scheduler, shaper.
 *
 * Who goes is decided when the line and the shaper let a packet go, among all that came by then: the first of
 * the priority queue, else deficit round robin (drr.h).  A packet on the line is never interrupted.
 *
 * Policing happens on arrival and, unless police_always, only under congestion: while the line is busy, the
 * shaper holds back or something waits.  A packet that is not policed takes no tokens; one larger than the
 * bucket never conforms.  A full queue is found after the policer, so what it drops has paid.
 *
 * Limits count what waits.  Where a class is full, what can start now starts first: so the packet that an
 * idle line takes at once does not count, and on an infinitely fast line no limit is ever met.
 *
 * Does not split the priority level, does not drop early (WRED) and does not lend tokens between policers. */
#include "base/clock.h"
#include "dataplane/qos/cbwfq.h"

/* The next packet if nothing more comes; there must be one that waits. */
struct choice {
	unsigned owner; /* its class */
	const struct item *item;
	struct drr_pick pick; /* not for priority */
	uint64_t start_ns;
};

static inline struct choice
choice_make(const struct cbwfq *cbwfq)
{
	struct choice choice = {.pick = {0}};

	if (ring_count(&cbwfq->priority))
		choice.owner = ring_first(&cbwfq->priority)->owner;
	else
		choice.owner = drr_pick(&cbwfq->drr, &choice.pick);

	choice.item = ring_first(cbwfq->classes[choice.owner].ring);
	choice.start_ns = egress_next(&cbwfq->egress, choice.item->bytes);
	if (choice.start_ns < choice.item->arrival_ns)
		choice.start_ns = choice.item->arrival_ns;
	return choice;
}

static void
class_count_start(struct cbwfq_class *class, const struct item *item, uint64_t start)
{
	struct qos_class_stats *stats = &class->stats;
	uint64_t wait = start - item->arrival_ns;

	class->packets--;
	class->bytes -= item->bytes;
	stats->packets_out++;
	stats->bytes_out += item->bytes;
	stats->wait_ns_sum += wait;
	if (wait > stats->wait_ns_max)
		stats->wait_ns_max = wait;
}

static struct qos_out
packet_start(struct cbwfq *cbwfq, const struct choice *choice)
{
	struct cbwfq_class *class = &cbwfq->classes[choice->owner];
	const struct item *item = choice->item;
	struct qos_out out = {item->pkt, choice->start_ns};

	egress_take(&cbwfq->egress, item->bytes, choice->start_ns, item->arrival_ns);
	class_count_start(class, item, choice->start_ns);
	cbwfq->waiting--;
	ring_pop(class->ring, 1);
	if (!class->priority)
		drr_take(&cbwfq->drr, &choice->pick, class->packets ? ring_first(class->ring)->bytes : 0);
	return out;
}

/* Nothing more starts now: what came in this instant and is still here waits. */
static void
depths_look(struct cbwfq *cbwfq)
{
	for (unsigned i = 0; i < cbwfq->n_classes; i++) {
		struct cbwfq_class *class = &cbwfq->classes[i];

		if (class->packets > class->stats.depth_max)
			class->stats.depth_max = class->packets;
	}
	cbwfq->look = false;
}

/* Starts what starts by now; at most max. */
static unsigned
scheduler_run(struct cbwfq *cbwfq, uint64_t now, struct qos_out *out, unsigned max)
{
	for (unsigned n = 0; n < max; n++) {
		struct choice choice;

		if (cbwfq->waiting)
			choice = choice_make(cbwfq);
		if (!cbwfq->waiting || choice.start_ns > now) {
			if (cbwfq->look)
				depths_look(cbwfq);
			return n;
		}
		out[n] = packet_start(cbwfq, &choice);
	}
	return max;
}

/* Would a packet of `bytes` that comes now have to wait, whatever the scheduler thinks of it? */
static inline bool
egress_congested(const struct cbwfq *cbwfq, uint32_t bytes, uint64_t now)
{
	return egress_next(&cbwfq->egress, bytes) > now || (cbwfq->waiting && !cbwfq->egress.endless);
}

static bool
policer_passes(const struct cbwfq *cbwfq, struct cbwfq_class *class, uint32_t bytes, uint64_t now)
{
	if (!class->police_always && !egress_congested(cbwfq, bytes, now))
		return true;
	if (bytes > class->burst || pacer_next(&class->policer, bytes) > now)
		return false;
	pacer_take(&class->policer, bytes, now, now);
	return true;
}

static inline bool
class_admits(const struct cbwfq_class *class, uint32_t bytes)
{
	return limit_admits(&class->limit, class->packets, class->bytes, bytes);
}

/* A class is full: lets go what can go now, and says whether a packet of `bytes` finds room then, or needs
 * none because it starts at once. */
static bool
room_make(struct cbwfq *cbwfq, const struct cbwfq_class *class, uint32_t bytes, uint64_t now)
{
	struct qos_out out;

	while (!ring_full(&cbwfq->started) && scheduler_run(cbwfq, now, &out, 1))
		ring_push(&cbwfq->started, (struct item){.pkt = out.pkt, .start_ns = out.start_ns});
	return class_admits(class, bytes) || (!cbwfq->waiting && egress_next(&cbwfq->egress, bytes) <= now);
}

static inline void
packet_hold(struct cbwfq *cbwfq, struct item item)
{
	struct cbwfq_class *class = &cbwfq->classes[item.owner];

	ring_push(class->ring, item);
	cbwfq->waiting++;
	class->bytes += item.bytes;
	if (!class->packets++ && !class->priority)
		drr_join(&cbwfq->drr, item.owner, item.bytes);

	if (egress_next(&cbwfq->egress, 0) <= item.arrival_ns)
		cbwfq->look = true;
	else if (class->packets > class->stats.depth_max)
		class->stats.depth_max = class->packets;
}

bool
cbwfq_restore(struct cbwfq *cbwfq, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now)
{
	unsigned owner = cbwfq->class_of[dscp & 63];
	struct cbwfq_class *class = &cbwfq->classes[owner];

	if (ring_full(class->ring))
		return false;
	class->stats.packets_in++;
	class->stats.bytes_in += bytes;
	packet_hold(cbwfq, (struct item){pkt, now, 0, bytes, owner});
	return true;
}

enum drop
cbwfq_put(struct cbwfq *cbwfq, void *pkt, uint32_t bytes, uint8_t dscp, uint64_t now)
{
	unsigned owner = cbwfq->class_of[dscp & 63];
	struct cbwfq_class *class = &cbwfq->classes[owner];

	class->stats.packets_in++;
	class->stats.bytes_in += bytes;
	if (class->priority && !policer_passes(cbwfq, class, bytes, now)) {
		class->stats.police_drops++;
		return DROP_QOS_POLICE;
	}
	if (!class_admits(class, bytes) && !room_make(cbwfq, class, bytes, now)) {
		class->stats.tail_drops++;
		return DROP_QOS_TAIL;
	}
	packet_hold(cbwfq, (struct item){pkt, now, 0, bytes, owner});
	return DROP_NONE;
}

unsigned
cbwfq_get(struct cbwfq *cbwfq, uint64_t now, struct qos_out *out, unsigned max)
{
	unsigned n = 0;

	while (n < max && ring_count(&cbwfq->started)) {
		const struct item *item = ring_first(&cbwfq->started);

		out[n++] = (struct qos_out){item->pkt, item->start_ns};
		ring_pop(&cbwfq->started, 1);
	}
	if (!cbwfq->waiting || (cbwfq->egress.line.full_ns > now && !cbwfq->look))
		return n;
	return n + scheduler_run(cbwfq, now, out + n, max - n);
}

uint64_t
cbwfq_next_due(const struct cbwfq *cbwfq)
{
	if (ring_count(&cbwfq->started))
		return ring_first(&cbwfq->started)->start_ns;
	return cbwfq->waiting ? choice_make(cbwfq).start_ns : TIME_NEVER;
}
