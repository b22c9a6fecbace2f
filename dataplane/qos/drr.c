/* Deficit round robin (Shreedhar and Varghese, "Efficient Fair Queueing Using Deficit Round Robin", 1995).
 *
 * A class receives its quantum when it joins or goes back to the end of the list, for its next visit; the
 * first in the list is served while its first packet is within its deficit.  A class that runs empty leaves
 * and forfeits the rest.  The rounds in which nobody can send (packets larger than a quantum) are counted,
 * not turned: that is what lets drr_pick() be const. */
#include <string.h>

#include "dataplane/qos/drr.h"

#define DRR_PACKET 1500 /* bytes in the smallest quantum */

void
drr_init(struct drr *drr, const uint64_t *weights, unsigned n)
{
	*drr = (struct drr){.byte_cost = 0};
	for (unsigned i = 0; i < n; i++) {
		drr->classes[i].quantum = DRR_PACKET * weights[i];
		if (weights[i] && (!drr->byte_cost || weights[i] < drr->byte_cost))
			drr->byte_cost = weights[i];
	}
}

void
drr_join(struct drr *drr, unsigned i, uint32_t bytes)
{
	drr->classes[i].deficit = drr->classes[i].quantum;
	drr->classes[i].cost = bytes * drr->byte_cost;
	drr->list[drr->active++] = i;
}

/* Visits in vain before the class can send. */
static inline uint64_t
drr_rounds(const struct drr_class *class)
{
	if (class->cost <= class->deficit)
		return 0;
	return (class->cost - class->deficit + class->quantum - 1) / class->quantum;
}

unsigned
drr_pick(const struct drr *drr, struct drr_pick *pick)
{
	pick->rounds = UINT64_MAX;
	for (unsigned place = 0; place < drr->active; place++) {
		uint64_t rounds = drr_rounds(&drr->classes[drr->list[place]]);

		if (rounds < pick->rounds)
			*pick = (struct drr_pick){place, rounds};
		if (!rounds)
			break;
	}
	return drr->list[pick->place];
}

/* The first `places` of the list go to its end. */
static void
drr_rotate(struct drr *drr, unsigned places)
{
	uint8_t gone[DRR_MAX];

	memcpy(gone, drr->list, places);
	memmove(drr->list, drr->list + places, drr->active - places);
	memcpy(drr->list + drr->active - places, gone, places);
}

/* Everybody was visited `rounds` times in vain, those before the chosen one once more. */
static void
drr_advance(struct drr *drr, const struct drr_pick *pick)
{
	for (unsigned place = 0; place < drr->active; place++) {
		struct drr_class *class = &drr->classes[drr->list[place]];

		class->deficit += (pick->rounds + (place < pick->place)) * class->quantum;
	}
	drr_rotate(drr, pick->place);
}

uint64_t *
drr_begin(struct drr *drr, const struct drr_pick *pick)
{
	if (pick->place || pick->rounds)
		drr_advance(drr, pick);
	return &drr->classes[drr->list[0]].deficit;
}

void
drr_end(struct drr *drr, uint32_t next_bytes)
{
	drr->classes[drr->list[0]].cost = next_bytes * drr->byte_cost;
	if (!next_bytes) {
		drr->active--;
		memmove(drr->list, drr->list + 1, drr->active);
	}
}
