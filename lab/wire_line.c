/* What happens before a busy line: the bytes that wait are counted exactly, by remembering when each waiting
 * packet will start and forgetting it when a later put comes at or after that time (so a packet costs O(1)
 * over its life, and an idle line costs nothing at all).
 * Lost packets wait like any other: they are lost behind the line, not before it. */
#include "lab/wire_line.h"

#include <stdlib.h>

#include "base/clock.h"

bool
wire_line_init(struct wire_line *line, uint64_t rate, uint32_t overhead, uint32_t queue)
{
	*line = (struct wire_line){
		.rate = rate ? rate : 1,
		.byte_cost = rate ? 8 * NS_PER_SEC : 0,
		.overhead = overhead,
		.limit = queue ? queue : UINT64_MAX,
		.cap = WIRE_RING_FIRST,
	};
	line->rate_inverse = UINT64_MAX / line->rate;
	line->slot = malloc(line->cap * sizeof(*line->slot));
	return line->slot;
}

void
wire_line_fini(struct wire_line *line)
{
	free(line->slot);
	line->slot = NULL;
}

/* Forget who has started by now. */
static void
waiting_drain(struct wire_line *line, uint64_t now)
{
	while (line->head != line->tail) {
		const struct wire_waiting *oldest = &line->slot[line->head & (line->cap - 1)];
		if (oldest->start_ns > now)
			return;
		line->waiting -= oldest->bytes;
		line->head++;
	}
}

static bool
waiting_grow(struct wire_line *line)
{
	struct wire_waiting *grown = wire_ring_double(line->slot, line->cap, line->head, sizeof(*grown));
	if (!grown)
		return false;
	line->slot = grown;
	line->cap *= 2;
	return true;
}

bool
wire_line_wait(struct wire_line *line, uint32_t bytes, uint64_t start_ns)
{
	waiting_drain(line, start_ns);
	if (line->waiting + bytes > line->limit)
		return false;
	if (line->tail - line->head == line->cap && !waiting_grow(line))
		return false;
	line->slot[line->tail++ & (line->cap - 1)] = (struct wire_waiting){
		.start_ns = line->free_ns + (line->free_rem != 0),
		.bytes = bytes,
	};
	line->waiting += bytes;
	if (line->waiting > line->waiting_max)
		line->waiting_max = line->waiting;
	return true;
}
