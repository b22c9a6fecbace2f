/* What dataplane/qos must do, in the simplest way that can be read against its description: packets in one
 * array, tokens in 10^-9 bit instead of times, 128-bit division, textbook round robin.  Slow, and shares no
 * line with the code under test.  A fifo is one fair class.  For test_qos.c. */
#ifndef TESTS_DATAPLANE_QOS_REFERENCE_H
#define TESTS_DATAPLANE_QOS_REFERENCE_H

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "dataplane/qos/qos.h"

#define PKT(id) ((void *)(uintptr_t)(id))
#define GIGA ((__int128)NS_PER_SEC)
#define MAX_CLASSES 6
#define MAX_PACKETS 4096

struct tokens { /* 10^-9 bit */
	__int128 rate, level, most;
	uint64_t at;
};

struct ref_packet {
	uint64_t arrival;
	uint32_t bytes;
	unsigned class, id;
};

struct ref_class {
	struct cfg_class cfg;
	struct tokens policer;
	unsigned depth_max, packets_out;
	uint64_t wait_sum;
	__int128 weight, deficit;
	bool visited;
};

struct ref {
	uint64_t rate, overhead, free_ns;
	__int128 free_parts; /* the line is free at free_parts / rate ns */
	struct tokens shaper;
	struct ref_class classes[MAX_CLASSES + 1];
	unsigned n_classes;
	unsigned turn[MAX_CLASSES + 1], n_turn;
	struct ref_packet waiting[MAX_PACKETS]; /* in order of arrival */
	unsigned n_waiting;
	struct qos_out started[MAX_PACKETS]; /* not fetched */
	unsigned n_started;
};

static inline __int128
divide_up(__int128 a, __int128 b)
{
	return (a + b - 1) / b;
}

/* First ns with tokens for the packet, or with a full bucket. */
static inline uint64_t
tokens_when(const struct tokens *t, uint32_t bytes)
{
	__int128 need = bytes * 8 * GIGA;

	if (need > t->most)
		need = t->most;
	if (!t->rate || need <= t->level)
		return 0;
	return t->at + divide_up(need - t->level, t->rate);
}

/* What overflowed less than a ns ago was not lost by a packet that waited for it. */
static inline void
tokens_take(struct tokens *t, uint32_t bytes, uint64_t now, bool waited)
{
	t->level += t->rate * (now - t->at);
	if (t->level > t->most + (waited ? t->rate - 1 : 0))
		t->level = t->most;
	t->level -= bytes * 8 * GIGA;
	t->at = now;
}

static inline unsigned
ref_count(const struct ref *ref, unsigned class, uint64_t *bytes)
{
	unsigned n = 0;

	*bytes = 0;
	for (unsigned i = 0; i < ref->n_waiting; i++) {
		if (ref->waiting[i].class == class) {
			n++;
			*bytes += ref->waiting[i].bytes;
		}
	}
	return n;
}

/* Index of the class's first packet, -1 where there is none. */
static inline int
ref_first(const struct ref *ref, unsigned class)
{
	for (unsigned i = 0; i < ref->n_waiting; i++) {
		if (ref->waiting[i].class == class)
			return i;
	}
	return -1;
}

static inline __int128
ref_least_weight(const struct ref *ref)
{
	__int128 least = 0;

	for (unsigned i = 0; i < ref->n_classes; i++) {
		if (ref->classes[i].weight && (!least || ref->classes[i].weight < least))
			least = ref->classes[i].weight;
	}
	return least;
}

/* Round robin, turned for good: index of the next packet. */
static inline int
ref_turn(struct ref *ref)
{
	for (;;) {
		unsigned c = ref->turn[0];
		struct ref_class *class = &ref->classes[c];
		int first = ref_first(ref, c);
		__int128 cost;

		if (first >= 0) {
			if (!class->visited)
				class->deficit += 1500 * class->weight;
			class->visited = true;
			cost = ref->waiting[first].bytes * ref_least_weight(ref);
			if (cost <= class->deficit)
				return first;
		}
		class->visited = false;
		memmove(ref->turn, ref->turn + 1, (ref->n_turn - 1) * sizeof(ref->turn[0]));
		ref->turn[ref->n_turn - 1] = c;
	}
}

/* Index of the next packet; something waits. */
static inline int
ref_choose(struct ref *ref)
{
	for (unsigned i = 0; i < ref->n_waiting; i++) {
		if (ref->classes[ref->waiting[i].class].cfg.priority)
			return i;
	}
	return ref_turn(ref);
}

static inline uint64_t
ref_when(const struct ref *ref, uint32_t bytes)
{
	uint64_t tokens = tokens_when(&ref->shaper, bytes);

	return tokens > ref->free_ns ? tokens : ref->free_ns;
}

static inline void
ref_take(struct ref *ref, const struct ref_packet *p, uint64_t start)
{
	bool waited = p->arrival != start;

	if (ref->rate) {
		if (ref->free_ns < start || (ref->free_ns == start && !waited))
			ref->free_parts = (__int128)start * ref->rate;
		ref->free_parts += (p->bytes + ref->overhead) * 8 * GIGA;
		ref->free_ns = divide_up(ref->free_parts, ref->rate);
	}
	if (ref->shaper.rate)
		tokens_take(&ref->shaper, p->bytes, start, waited);
}

static inline void
ref_start(struct ref *ref, unsigned index, uint64_t start)
{
	struct ref_packet p = ref->waiting[index];
	struct ref_class *class = &ref->classes[p.class];

	ref_take(ref, &p, start);
	class->packets_out++;
	class->wait_sum += start - p.arrival;
	ref->started[ref->n_started++] = (struct qos_out){PKT(p.id), start};
	ref->n_waiting--;
	memmove(&ref->waiting[index], &ref->waiting[index + 1], (ref->n_waiting - index) * sizeof(p));
	if (class->cfg.priority)
		return;
	class->deficit -= p.bytes * ref_least_weight(ref);
	if (ref_first(ref, p.class) < 0) {
		class->deficit = 0;
		class->visited = false;
		memmove(ref->turn, ref->turn + 1, --ref->n_turn * sizeof(ref->turn[0]));
	}
}

/* Start of the next packet: decided on a copy, which is thrown away. */
static inline uint64_t
ref_next_due(const struct ref *ref, int *index)
{
	static struct ref copy;

	if (!ref->n_waiting)
		return TIME_NEVER;
	memcpy(&copy, ref, sizeof(copy));
	*index = ref_choose(&copy);
	uint64_t when = ref_when(ref, ref->waiting[*index].bytes);
	return when > ref->waiting[*index].arrival ? when : ref->waiting[*index].arrival;
}

static inline void
ref_run(struct ref *ref, uint64_t now)
{
	int index;
	uint64_t due;

	while ((due = ref_next_due(ref, &index)) <= now)
		ref_start(ref, ref_choose(ref), due);
}

static inline bool
ref_full(const struct ref *ref, unsigned c, uint32_t bytes)
{
	const struct cfg_class *cfg = &ref->classes[c].cfg;
	uint64_t waiting_bytes;
	unsigned n = ref_count(ref, c, &waiting_bytes);

	if (cfg->unit == CFG_UNIT_PACKETS)
		return n >= cfg->queue_limit;
	return waiting_bytes + bytes > cfg->queue_limit || n > cfg->queue_limit / 20;
}

static inline bool
ref_conforms(struct ref *ref, struct ref_class *class, uint32_t bytes, uint64_t now)
{
	bool congested = ref_when(ref, bytes) > now || (ref->n_waiting && (ref->rate || ref->shaper.rate));

	if (!class->cfg.police_always && !congested)
		return true;
	if (bytes > class->cfg.burst || tokens_when(&class->policer, bytes) > now)
		return false;
	tokens_take(&class->policer, bytes, now, false);
	return true;
}

static inline enum drop
ref_put(struct ref *ref, unsigned c, unsigned id, uint32_t bytes, uint64_t now)
{
	struct ref_class *class = &ref->classes[c];

	if (class->cfg.priority && !ref_conforms(ref, class, bytes, now))
		return DROP_QOS_POLICE;
	if (ref_full(ref, c, bytes))
		ref_run(ref, now);
	if (ref_full(ref, c, bytes) && (ref->n_waiting || ref_when(ref, bytes) > now))
		return DROP_QOS_TAIL;
	if (!class->cfg.priority && ref_first(ref, c) < 0)
		ref->turn[ref->n_turn++] = c;
	ref->waiting[ref->n_waiting++] = (struct ref_packet){now, bytes, c, id};
	return DROP_NONE;
}

#endif
