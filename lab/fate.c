/* See fate.h. */
#include "lab/fate.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *
place(struct fate *fate, uint64_t num)
{
	uint64_t n = fate->n ? fate->n : 1024;
	uint8_t *of;

	if (num < fate->n)
		return &fate->of[num];
	while (n <= num)
		n *= 2;
	of = realloc(fate->of, n);
	if (!of)
		return NULL;
	memset(of + fate->n, 0, n - fate->n);
	fate->of = of;
	fate->n = n;
	return &of[num];
}

void
fate_fini(struct fate *fate)
{
	free(fate->of);
}

/* A copy too many is no loss; what ends the packet itself comes later. */
void
fate_drop(struct fate *fate, uint64_t num, enum drop reason)
{
	uint8_t *of = place(fate, num);

	if (of && (*of == DROP_NONE || *of == DROP_FRAG_DUP))
		*of = (uint8_t)reason;
}

void
fate_deliver(struct fate *fate, uint64_t num)
{
	uint8_t *of = place(fate, num);

	if (of)
		*of = FATE_DELIVERED;
}

uint64_t
fate_count(const struct fate *fate, uint64_t drops[DROP_COUNT])
{
	uint64_t delivered = 0;

	for (uint64_t i = 0; i < fate->n; i++) {
		if (fate->of[i] == FATE_DELIVERED)
			delivered++;
		else if (fate->of[i])
			drops[fate->of[i]]++;
	}
	return delivered;
}
