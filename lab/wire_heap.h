/* Packets in flight on a wire that may reorder them: a binary heap by (arrival time, order of putting).
 * Private to lab/wire.c.  Pushing and popping take log2(held) steps; one thread. */
#ifndef LAB_WIRE_HEAP_H
#define LAB_WIRE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time_heap.h"
#include "lab/wire.h"

struct wire_heap {
	struct time_heap_item *item; /* item[0] is the next to arrive */
	uint32_t count, cap;
	uint64_t order; /* of the next push */
};

/* False where memory is short, both. */
bool wire_heap_init(struct wire_heap *heap);
bool wire_heap_grow(struct wire_heap *heap);
void wire_heap_fini(struct wire_heap *heap);

/* There is room: count < cap. */
void wire_heap_push(struct wire_heap *heap, void *pkt, uint64_t time_ns);
/* There is something: count > 0. */
struct wire_arrival wire_heap_pop(struct wire_heap *heap);

#endif
