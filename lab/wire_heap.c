/* Packets on a reordering wire; equal arrival times leave in the order in which they came.
 * Not for wires that keep order: those need a ring only. */
#include "lab/wire_heap.h"

#include <stdlib.h>

#include "lab/wire_ring.h"

bool
wire_heap_init(struct wire_heap *heap)
{
	heap->item = malloc(WIRE_RING_FIRST * sizeof(*heap->item));
	heap->cap = heap->item ? WIRE_RING_FIRST : 0;
	heap->count = 0;
	heap->order = 0;
	return heap->item;
}

bool
wire_heap_grow(struct wire_heap *heap)
{
	if (heap->cap >= WIRE_RING_LAST)
		return false;
	struct time_heap_item *grown = realloc(heap->item, 2 * (size_t)heap->cap * sizeof(*grown));
	if (!grown)
		return false;
	heap->item = grown;
	heap->cap *= 2;
	return true;
}

void
wire_heap_fini(struct wire_heap *heap)
{
	free(heap->item);
	heap->item = NULL;
}

void
wire_heap_push(struct wire_heap *heap, void *pkt, uint64_t time_ns)
{
	time_heap_push(heap->item, &heap->count,
		(struct time_heap_item){.time_ns = time_ns, .order = heap->order++, .what = pkt});
}

struct wire_arrival
wire_heap_pop(struct wire_heap *heap)
{
	struct time_heap_item first = time_heap_pop(heap->item, &heap->count);

	return (struct wire_arrival){.pkt = first.what, .time_ns = first.time_ns};
}
