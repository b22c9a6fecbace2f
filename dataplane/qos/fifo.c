/* First in, first out, with tail drop: the egress of a port without a policy.
 *
 * Nothing that comes later can change when a packet of a FIFO starts, so fifo_put() decides it at once and
 * fifo_get() only compares and copies.  The queue limit counts what waits: neither the packet on the line nor
 * one that starts at its arrival.  So a limit of 0 is a line without a queue, and on an infinitely fast line
 * no limit is ever met, as long as fifo_get() comes once in 1024 packets.
 *
 * Does not mark (RFC 3168) and does not drop early (RFC 7567). */
#include "base/clock.h"
#include "dataplane/qos/fifo.h"

#define FIFO_STARTED 1024 /* slots for what has started and is not yet fetched */

enum status
fifo_init(struct fifo *fifo, const struct cfg_qos *cfg, uint64_t line_rate, uint32_t overhead)
{
	enum status status = limit_init(&fifo->limit, cfg->queue_limit, cfg->unit);

	if (status)
		return status;
	egress_init(&fifo->egress, line_rate, overhead, cfg->shape, cfg->shape_burst);
	fifo->stats.name = "fifo";
	return ring_init(&fifo->ring, fifo->limit.packets + FIFO_STARTED) ? ST_OK : ST_ERR_NOMEM;
}

void
fifo_fini(struct fifo *fifo)
{
	ring_fini(&fifo->ring);
}

/* What starts at or before now waits no longer. */
static inline void
fifo_settle(struct fifo *fifo, uint64_t now)
{
	const struct ring *ring = &fifo->ring;

	while (fifo->waiting != ring->tail && ring_at(ring, fifo->waiting)->start_ns <= now) {
		fifo->waiting_bytes -= ring_at(ring, fifo->waiting)->bytes;
		fifo->waiting++;
	}
}

static enum drop
fifo_refuse(struct fifo *fifo)
{
	fifo->stats.tail_drops++;
	return DROP_QOS_TAIL;
}

/* In fifo_put() twice, for the shaper's sake. */
static inline __attribute__((always_inline)) enum drop
fifo_hold(struct fifo *fifo, void *pkt, uint32_t bytes, uint64_t now)
{
	struct ring *ring = &fifo->ring;
	uint64_t start = egress_next(&fifo->egress, bytes);

	fifo->stats.packets_in++;
	fifo->stats.bytes_in += bytes;
	if (__builtin_expect(ring_full(ring), 0))
		return fifo_refuse(fifo);

	if (start <= now) {
		fifo_settle(fifo, now);
		ring_push(ring, (struct item){pkt, now, now, bytes, 0});
		fifo->waiting = ring->tail;
		egress_take(&fifo->egress, bytes, now, now);
		return DROP_NONE;
	}
	uint32_t depth = ring->tail - fifo->waiting;
	if (__builtin_expect(!limit_admits(&fifo->limit, depth, fifo->waiting_bytes, bytes), 0))
		return fifo_refuse(fifo);
	ring_push(ring, (struct item){pkt, now, start, bytes, 0});
	fifo->waiting_bytes += bytes;
	if (depth >= fifo->stats.depth_max)
		fifo->stats.depth_max = depth + 1;
	egress_take(&fifo->egress, bytes, start, now);
	return DROP_NONE;
}

bool
fifo_restore(struct fifo *fifo, void *pkt, uint32_t bytes, uint64_t now)
{
	uint64_t start = egress_next(&fifo->egress, bytes);

	if (ring_full(&fifo->ring))
		return false;
	start = start > now ? start : now;
	fifo->stats.packets_in++;
	fifo->stats.bytes_in += bytes;
	ring_push(&fifo->ring, (struct item){pkt, now, start, bytes, 0});
	fifo->waiting_bytes += bytes;
	egress_take(&fifo->egress, bytes, start, now);
	return true;
}

static __attribute__((noinline)) enum drop
fifo_put_shaped(struct fifo *fifo, void *pkt, uint32_t bytes, uint64_t now)
{
	return fifo_hold(fifo, pkt, bytes, now);
}

/* A line without a shaper pays nothing for the shaper's arithmetic, not even its registers. */
enum drop
fifo_put(struct fifo *fifo, void *pkt, uint32_t bytes, uint64_t now)
{
	if (fifo->egress.shaped)
		return fifo_put_shaped(fifo, pkt, bytes, now);
	return fifo_hold(fifo, pkt, bytes, now);
}

bool
fifo_pass(struct fifo *fifo, uint32_t bytes)
{
	struct qos_class_stats *stats = &fifo->stats;

	if (ring_count(&fifo->ring))
		return false;
	stats->packets_in++;
	stats->packets_out++;
	stats->bytes_in += bytes;
	stats->bytes_out += bytes;
	return true;
}

unsigned
fifo_get(struct fifo *fifo, uint64_t now, struct qos_out *out, unsigned max)
{
	struct ring *ring = &fifo->ring;
	struct qos_class_stats *stats = &fifo->stats;

	fifo_settle(fifo, now);
	uint32_t ready = fifo->waiting - ring->head;
	unsigned n = ready < max ? ready : max;
	if (!n)
		return 0;

	uint64_t bytes = 0, wait_sum = 0, wait_max = stats->wait_ns_max;
	for (unsigned i = 0; i < n; i++) {
		const struct item *item = ring_at(ring, ring->head + i);
		uint64_t wait = item->start_ns - item->arrival_ns;

		out[i] = (struct qos_out){item->pkt, item->start_ns};
		bytes += item->bytes;
		wait_sum += wait;
		wait_max = wait > wait_max ? wait : wait_max;
	}
	stats->packets_out += n;
	stats->bytes_out += bytes;
	stats->wait_ns_sum += wait_sum;
	stats->wait_ns_max = wait_max;
	ring_pop(ring, n);
	if (!ring->tail)
		fifo->waiting = 0;
	return n;
}

uint64_t
fifo_next_due(const struct fifo *fifo)
{
	return ring_count(&fifo->ring) ? ring_first(&fifo->ring)->start_ns : TIME_NEVER;
}
