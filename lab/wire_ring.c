/* Growth of a ring: the only allocation that a wire makes after wire_create(), and each doubling is paid for
 * by as many puts as the ring had slots.  Shared by the packets in flight and the backlog of the line.
 * Rings never shrink: what a run needed once, it mostly needs again. */
#include "lab/wire_ring.h"

#include <stdlib.h>
#include <string.h>

void *
wire_ring_double(void *slots, uint32_t cap, uint32_t head, size_t size)
{
	if (cap >= WIRE_RING_LAST)
		return NULL;
	char *grown = malloc(2 * (size_t)cap * size);
	if (!grown)
		return NULL;

	/* Two runs, oldest slot to the end of the old array and start of it to the oldest slot.  Neither
	 * wraps in the new array, because cap divides its length. */
	const char *old = slots;
	uint32_t mask = 2 * cap - 1;
	uint32_t oldest = head & (cap - 1);
	uint32_t first = cap - oldest;
	memcpy(grown + (head & mask) * size, old + oldest * size, first * size);
	memcpy(grown + ((head + first) & mask) * size, old, oldest * size);
	free(slots);
	return grown;
}
