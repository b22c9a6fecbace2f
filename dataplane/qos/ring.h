/* A bounded ring of waiting packets, allocated once, with free-running indices.
 * An emptied ring begins again at its first slot, so that a long ring that is rarely full stays in cache. */
#ifndef DATAPLANE_QOS_RING_H
#define DATAPLANE_QOS_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct item {
	void *pkt;
	uint64_t arrival_ns;
	uint64_t start_ns; /* where it is decided already */
	uint32_t bytes;
	uint32_t owner; /* class */
};

struct ring {
	struct item *items;
	uint32_t mask;
	uint32_t head, tail;
};

/* Room for at least `room` items, 1 <= room <= 2^31; false where memory is out. */
static inline bool
ring_init(struct ring *ring, uint64_t room)
{
	uint64_t size = 1;

	while (size < room)
		size *= 2;
	*ring = (struct ring){.items = malloc(size * sizeof(*ring->items)), .mask = size - 1};
	return ring->items != NULL;
}

static inline void
ring_fini(struct ring *ring)
{
	free(ring->items);
}

static inline uint32_t
ring_count(const struct ring *ring)
{
	return ring->tail - ring->head;
}

static inline bool
ring_full(const struct ring *ring)
{
	return ring_count(ring) > ring->mask;
}

static inline struct item *
ring_at(const struct ring *ring, uint32_t index)
{
	return &ring->items[index & ring->mask];
}

static inline const struct item *
ring_first(const struct ring *ring)
{
	return ring_at(ring, ring->head);
}

/* There must be room. */
static inline void
ring_push(struct ring *ring, struct item item)
{
	*ring_at(ring, ring->tail++) = item;
}

static inline void
ring_pop(struct ring *ring, uint32_t n)
{
	ring->head += n;
	if (ring->head == ring->tail)
		ring->head = ring->tail = 0;
}

#endif
