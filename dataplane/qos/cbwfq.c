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

/* What a run of packets of one class adds up to. */
struct run {
	unsigned n;
	uint64_t bytes, wait_sum, wait_max;
};

static inline void
run_count(struct cbwfq *cbwfq, struct cbwfq_class *class, const struct run *run)
{
	struct qos_class_stats *stats = &class->stats;

	class->packets -= run->n;
	class->bytes -= run->bytes;
	stats->packets_out += run->n;
	stats->bytes_out += run->bytes;
	stats->wait_ns_sum += run->wait_sum;
	if (run->wait_max > stats->wait_ns_max)
		stats->wait_ns_max = run->wait_max;
	cbwfq->waiting -= run->n;
	ring_pop(class->ring, run->n);
}

/* Starts the first packets of a class's queue by now, at most max, while they are its own and within what it
 * may send (a byte costs byte_cost).  Returns how many.  The line is worked on in registers where there is no
 * shaper: `shaped` is a constant. */
static inline __attribute__((always_inline)) unsigned
class_run(struct cbwfq *cbwfq, unsigned owner, uint64_t *deficit, uint64_t byte_cost, uint64_t now,
	struct qos_out *out, unsigned max, const bool shaped)
{
	struct cbwfq_class *class = &cbwfq->classes[owner];
	const struct ring ring = *class->ring;
	struct egress *egress = &cbwfq->egress;
	struct pacer line = egress->line;
	unsigned count = ring_count(&ring), n = count < max ? count : max;
	uint64_t left = *deficit;
	struct run run = {0};

	for (; run.n < n; run.n++) {
		const struct item *item = ring_at(&ring, ring.head + run.n);
		uint64_t start = shaped ? egress_next(egress, item->bytes) : line.full_ns, wait;

		if (start < item->arrival_ns)
			start = item->arrival_ns;
		if (start > now || item->owner != owner || item->bytes * byte_cost > left)
			break;
		if (shaped)
			egress_take(egress, item->bytes, start, item->arrival_ns);
		else
			pacer_take(&line, item->bytes + egress->overhead, start, item->arrival_ns);
		left -= item->bytes * byte_cost;
		wait = start - item->arrival_ns;
		run.bytes += item->bytes;
		run.wait_sum += wait;
		run.wait_max = wait > run.wait_max ? wait : run.wait_max;
		out[run.n] = (struct qos_out){item->pkt, start};
	}
	if (!shaped)
		egress->line = line;
	*deficit = left;
	run_count(cbwfq, class, &run);
	return run.n;
}

static unsigned
priority_run(struct cbwfq *cbwfq, uint64_t now, struct qos_out *out, unsigned max)
{
	unsigned owner = ring_first(&cbwfq->priority)->owner;
	uint64_t all = UINT64_MAX;

	if (cbwfq->egress.shaped)
		return class_run(cbwfq, owner, &all, 0, now, out, max, true);
	return class_run(cbwfq, owner, &all, 0, now, out, max, false);
}

/* A visit of the round robin, or what is possible of it now. */
static unsigned
visit_run(struct cbwfq *cbwfq, uint64_t now, struct qos_out *out, unsigned max)
{
	struct choice choice = choice_make(cbwfq);
	struct cbwfq_class *class = &cbwfq->classes[choice.owner];
	uint64_t *deficit, cost = cbwfq->drr.byte_cost;
	unsigned n;

	if (choice.start_ns > now)
		return 0;
	deficit = drr_begin(&cbwfq->drr, &choice.pick);
	if (cbwfq->egress.shaped)
		n = class_run(cbwfq, choice.owner, deficit, cost, now, out, max, true);
	else
		n = class_run(cbwfq, choice.owner, deficit, cost, now, out, max, false);
	drr_end(&cbwfq->drr, class->packets ? ring_first(class->ring)->bytes : 0);
	return n;
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
	unsigned n = 0, more = 1;

	while (n < max && cbwfq->waiting && more) {
		if (ring_count(&cbwfq->priority))
			more = priority_run(cbwfq, now, out + n, max - n);
		else
			more = visit_run(cbwfq, now, out + n, max - n);
		n += more;
	}
	if (n < max && cbwfq->look)
		depths_look(cbwfq);
	return n;
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
	if (bytes > class->burst)
		return false;
	if (class->policer.full_ns > now + class->sure_ns && pacer_next(&class->policer, bytes) > now)
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
