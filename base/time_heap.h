/* A binary heap by time, and among equal times by order: what came first leaves first, which a bare heap does
 * not keep.  The array is the caller's, [0] is the next.  Pushing and popping take log2(n) steps. */
#ifndef BASE_TIME_HEAP_H
#define BASE_TIME_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct time_heap_item {
	uint64_t time_ns;
	uint64_t order;
	union { /* what it is about; the heap does not look at it */
		void *what;
		uint32_t index;
	};
};

static inline bool
time_heap_before(const struct time_heap_item *a, const struct time_heap_item *b)
{
	return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->order < b->order);
}

/* There is room for one more than *n.  The hole at the end rises until its parent is not later. */
static inline void
time_heap_push(struct time_heap_item *item, uint32_t *n, struct time_heap_item new)
{
	uint32_t hole = (*n)++;

	while (hole && time_heap_before(&new, &item[(hole - 1) / 2])) {
		item[hole] = item[(hole - 1) / 2];
		hole = (hole - 1) / 2;
	}
	item[hole] = new;
}

/* There is something: *n > 0.  The hole at the top sinks to where the last item fits. */
static inline struct time_heap_item
time_heap_pop(struct time_heap_item *item, uint32_t *n)
{
	struct time_heap_item first = item[0], last = item[--*n];
	uint32_t hole = 0;

	for (uint32_t child = 1; child < *n; child = 2 * hole + 1) {
		if (child + 1 < *n && time_heap_before(&item[child + 1], &item[child]))
			child++;
		if (!time_heap_before(&item[child], &last))
			break;
		item[hole] = item[child];
		hole = child;
	}
	item[hole] = last;
	return first;
}

#endif
