/* Binary heap of the packets on a reordering wire.  The order of putting is part of the key, so that equal
 * arrival times leave in the order in which they came, which a bare heap does not keep.
 * Not for wires that keep order: those need a ring only. */
#include "lab/wire_heap.h"

#include <stdlib.h>

#include "lab/wire_ring.h"

static bool
item_before(const struct wire_heap_item *a, const struct wire_heap_item *b)
{
	return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->order < b->order);
}

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
	struct wire_heap_item *grown = realloc(heap->item, 2 * (size_t)heap->cap * sizeof(*grown));
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

/* The hole at the end rises until its parent is not later. */
void
wire_heap_push(struct wire_heap *heap, void *pkt, uint64_t time_ns)
{
	struct wire_heap_item new = {.time_ns = time_ns, .order = heap->order++, .pkt = pkt};
	uint32_t hole = heap->count++;

	while (hole) {
		uint32_t parent = (hole - 1) / 2;
		if (!item_before(&new, &heap->item[parent]))
			break;
		heap->item[hole] = heap->item[parent];
		hole = parent;
	}
	heap->item[hole] = new;
}

/* The hole at the top sinks to where the last item fits. */
struct wire_arrival
wire_heap_pop(struct wire_heap *heap)
{
	struct wire_heap_item *item = heap->item;
	struct wire_arrival first = {.pkt = item[0].pkt, .time_ns = item[0].time_ns};
	uint32_t n = --heap->count;
	struct wire_heap_item last = item[n];
	uint32_t hole = 0;

	for (uint32_t child = 1; child < n; child = 2 * hole + 1) {
		if (child + 1 < n && item_before(&item[child + 1], &item[child]))
			child++;
		if (!item_before(&item[child], &last))
			break;
		item[hole] = item[child];
		hole = child;
	}
	item[hole] = last;
	return first;
}
