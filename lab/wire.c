/* A wire computes the fate of a packet when it is put: MTU, queue, time on the line (lab/wire_line.h), loss,
 * jitter, duplication, in this order.  Nothing is left to do until somebody asks for arrivals.
 *
 * - A lost packet was sent: it has used the line, and has no duplicate.
 * - Draws, in this order and only where the probability or the scale is not 0: loss, jitter, duplicate,
 *   jitter of the duplicate.  Normal jitter may shorten the delay, but not below 0; Pareto: 10 s at most.
 * - Without `reorder` a jittered packet arrives no earlier than the one before it.
 * - Where memory for growing is short, the packet is a queue drop.
 * - wire_destroy() does not free the packets that are still held: take them with wire_get() at TIME_NEVER.
 *
 * Memory grows with the packets in flight and waiting at once, not with the length of the run. */
#include "lab/wire.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lab/wire_heap.h"
#include "lab/wire_line.h"
#include "lab/wire_ring.h"

#define PARETO_MAX_NS (10 * NS_PER_SEC)
#define TIME_MAX_NS (UINT64_C(1) << 56) /* of delay and scale, 2 years: 12 sigma of it fit int64_t */

struct wire {
	struct wire_line line;
	uint64_t delay_ns;
	uint64_t last_ns; /* latest arrival so far; ring only */
	uint32_t mtu;
	bool random;   /* anything is left to chance */
	bool overtake; /* packets are in the heap, else in the ring */
	uint32_t head, tail, cap;
	struct wire_arrival *ring; /* by arrival time */
	struct wire_heap heap;
	enum cfg_jitter jitter;
	uint64_t scale_ns;
	double shape;
	double loss, duplicate;
	void *(*clone)(void *ctx, void *pkt);
	void *ctx;
	struct rng rng;
	struct wire_stats stats;
};

/* The longest packet that a wire of no MTU (0) takes is bounded by the arithmetic of the line. */
static uint32_t
path_mtu(const struct cfg_path *cfg)
{
	return cfg->mtu ? cfg->mtu : WIRE_LINE_BYTES_MAX / 2;
}

static bool
path_in_range(const struct cfg_path *cfg)
{
	return (uint64_t)path_mtu(cfg) + cfg->overhead <= WIRE_LINE_BYTES_MAX &&
	       cfg->rate <= WIRE_LINE_RATE_MAX && cfg->delay <= TIME_MAX_NS &&
	       cfg->jitter_scale <= TIME_MAX_NS &&
	       (cfg->jitter != CFG_JITTER_PARETO || cfg->jitter_shape > 0);
}

static bool
store_init(struct wire *wire)
{
	if (wire->overtake)
		return wire_heap_init(&wire->heap);
	wire->cap = WIRE_RING_FIRST;
	wire->ring = malloc(wire->cap * sizeof(*wire->ring));
	return wire->ring;
}

static void
wire_configure(struct wire *wire, const struct cfg_path *cfg)
{
	wire->mtu = path_mtu(cfg);
	wire->delay_ns = cfg->delay;
	wire->jitter = cfg->jitter_scale ? cfg->jitter : CFG_JITTER_NONE;
	wire->scale_ns = cfg->jitter_scale;
	wire->shape = cfg->jitter_shape;
	wire->overtake = wire->jitter != CFG_JITTER_NONE && cfg->reorder;
	wire->loss = cfg->loss;
	wire->duplicate = wire->clone ? cfg->duplicate : 0;
	wire->random = wire->jitter != CFG_JITTER_NONE || wire->loss > 0 || wire->duplicate > 0;
}

enum status
wire_create(const struct cfg_path *cfg, uint64_t seed, const char *stream,
	void *(*clone)(void *ctx, void *pkt), void *ctx, struct wire **wire)
{
	*wire = NULL;
	if (!path_in_range(cfg))
		return ST_ERR_RANGE;
	struct wire *w = calloc(1, sizeof(*w));
	if (!w)
		return ST_ERR_NOMEM;
	w->clone = clone;
	w->ctx = ctx;
	rng_init(&w->rng, seed, stream);
	wire_configure(w, cfg);
	if (!wire_line_init(&w->line, cfg->rate, cfg->overhead, cfg->queue) || !store_init(w)) {
		wire_destroy(w);
		return ST_ERR_NOMEM;
	}
	*wire = w;
	return ST_OK;
}

void
wire_destroy(struct wire *wire)
{
	if (!wire)
		return;
	wire_line_fini(&wire->line);
	wire_heap_fini(&wire->heap);
	free(wire->ring);
	free(wire);
}

static bool
store_grow(struct wire *wire)
{
	if (wire->overtake)
		return wire_heap_grow(&wire->heap);
	struct wire_arrival *grown = wire_ring_double(wire->ring, wire->cap, wire->head, sizeof(*grown));
	if (!grown)
		return false;
	wire->ring = grown;
	wire->cap *= 2;
	return true;
}

/* Room for a packet and its duplicate, before anything is decided about it. */
static inline bool
store_reserve(struct wire *wire)
{
	uint32_t cap = wire->overtake ? wire->heap.cap : wire->cap;
	return __builtin_expect(wire_held(wire) + 2 <= cap, 1) || store_grow(wire);
}

static inline void
ring_push(struct wire *wire, void *pkt, uint64_t time_ns)
{
	if (time_ns < wire->last_ns)
		time_ns = wire->last_ns;
	wire->last_ns = time_ns;
	wire->ring[wire->tail++ & (wire->cap - 1)] = (struct wire_arrival){.pkt = pkt, .time_ns = time_ns};
}

/* Propagation with jitter, ns. */
static uint64_t
travel_draw(struct wire *wire)
{
	switch (wire->jitter) {
	case CFG_JITTER_UNIFORM:
		return wire->delay_ns + rng_below(&wire->rng, wire->scale_ns + 1);
	case CFG_JITTER_NORMAL: {
		int64_t jitter = (int64_t)((double)wire->scale_ns * rng_normal(&wire->rng));
		int64_t travel = (int64_t)wire->delay_ns + jitter;
		return travel > 0 ? (uint64_t)travel : 0;
	}
	case CFG_JITTER_PARETO: {
		double jitter = rng_pareto(&wire->rng, (double)wire->scale_ns, wire->shape);
		return wire->delay_ns + (jitter < PARETO_MAX_NS ? (uint64_t)jitter : PARETO_MAX_NS);
	}
	case CFG_JITTER_NONE:
		break;
	}
	return wire->delay_ns;
}

static void
packet_launch(struct wire *wire, void *pkt, uint64_t sent_ns)
{
	uint64_t time_ns = sent_ns + travel_draw(wire);
	if (wire->overtake)
		wire_heap_push(&wire->heap, pkt, time_ns);
	else
		ring_push(wire, pkt, time_ns);
}

/* A duplicate is made on the way: it takes no time of the line. */
static void
packet_duplicate(struct wire *wire, void *pkt, uint64_t sent_ns)
{
	void *copy = wire->clone(wire->ctx, pkt);
	if (!copy)
		return;
	wire->stats.duplicated++;
	packet_launch(wire, copy, sent_ns);
}

static enum drop
packet_venture(struct wire *wire, void *pkt, uint64_t sent_ns)
{
	if (wire->loss > 0 && rng_chance(&wire->rng, wire->loss)) {
		wire->stats.lost++;
		return DROP_WIRE_LOSS;
	}
	packet_launch(wire, pkt, sent_ns);
	if (wire->duplicate > 0 && rng_chance(&wire->rng, wire->duplicate))
		packet_duplicate(wire, pkt, sent_ns);
	return DROP_NONE;
}

/* Everything but the usual case. */
static __attribute__((noinline)) enum drop
wire_put_slow(struct wire *wire, void *pkt, uint32_t bytes, uint64_t start_ns)
{
	if (bytes > wire->mtu) {
		wire->stats.mtu_drops++;
		return DROP_WIRE_MTU;
	}
	if (!store_reserve(wire) || !wire_line_enter(&wire->line, bytes, start_ns)) {
		wire->stats.queue_drops++;
		return DROP_WIRE_QUEUE;
	}
	wire->stats.queue_bytes_max = wire->line.waiting_max;
	uint64_t sent_ns = wire_line_send(&wire->line, bytes);
	if (wire->random)
		return packet_venture(wire, pkt, sent_ns);
	ring_push(wire, pkt, sent_ns + wire->delay_ns);
	return DROP_NONE;
}

/* The usual case: an idle line, nothing left to chance, room in the ring. */
enum drop
wire_put(struct wire *wire, void *pkt, uint32_t bytes, uint64_t start_ns)
{
	wire->stats.put++;
	wire->stats.put_bytes += bytes;
	if (__builtin_expect(bytes > wire->mtu || wire->random || start_ns < wire->line.free_ns ||
				     wire->tail - wire->head + 2 > wire->cap,
		    0))
		return wire_put_slow(wire, pkt, bytes, start_ns);
	wire_line_enter(&wire->line, bytes, start_ns);
	ring_push(wire, pkt, wire_line_send(&wire->line, bytes) + wire->delay_ns);
	return DROP_NONE;
}

static unsigned
heap_take(struct wire_heap *heap, uint64_t now, struct wire_arrival *out, unsigned max)
{
	unsigned n = 0;
	while (n < max && heap->count && heap->item[0].time_ns <= now)
		out[n++] = wire_heap_pop(heap);
	return n;
}

/* Run by run: up to the end of the array, then from its start. */
static unsigned
ring_take(struct wire *wire, uint64_t now, struct wire_arrival *out, unsigned max)
{
	unsigned n = 0;
	while (n < max && wire->head != wire->tail) {
		uint32_t at = wire->head & (wire->cap - 1);
		const struct wire_arrival *slot = &wire->ring[at];
		uint32_t run = wire->tail - wire->head, i = 0;
		if (run > wire->cap - at)
			run = wire->cap - at;
		if (run > max - n)
			run = max - n;
		for (; i < run && slot[i].time_ns <= now; i++)
			out[n + i] = slot[i];
		n += i;
		wire->head += i;
		if (i < run)
			break;
	}
	return n;
}

unsigned
wire_get(struct wire *wire, uint64_t now, struct wire_arrival *out, unsigned max)
{
	unsigned n = wire->overtake ? heap_take(&wire->heap, now, out, max) : ring_take(wire, now, out, max);
	wire->stats.got += n;
	return n;
}

uint64_t
wire_next_due(const struct wire *wire)
{
	if (wire->overtake)
		return wire->heap.count ? wire->heap.item[0].time_ns : TIME_NEVER;
	return wire->head != wire->tail ? wire->ring[wire->head & (wire->cap - 1)].time_ns : TIME_NEVER;
}

unsigned
wire_held(const struct wire *wire)
{
	return wire->overtake ? wire->heap.count : wire->tail - wire->head;
}

const struct wire_stats *
wire_stats(const struct wire *wire)
{
	return &wire->stats;
}
