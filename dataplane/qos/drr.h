/* Private to qos: deficit round robin among classes that hold packets (Shreedhar and Varghese, 1995).
 *
 * Knows classes by number and of each only its weight and the size of its first packet.  Exact for any
 * weights: a class's quantum is 1500 * weight and a byte costs the least weight, so the smallest quantum
 * is one packet of 1500 bytes and the others stand to it exactly as the weights do.  64 bits hold all of
 * it for weights up to 2^46 and packets up to 65535 bytes. */
#ifndef DATAPLANE_QOS_DRR_H
#define DATAPLANE_QOS_DRR_H

#include <stdbool.h>
#include <stdint.h>

#define DRR_MAX 65 /* classes: one a DSCP at most, and the default */

struct drr_class {
	uint64_t quantum;
	uint64_t deficit; /* what it may send in the visit that is under way or comes next */
	uint64_t cost;	  /* of its first packet */
};

struct drr {
	struct drr_class classes[DRR_MAX];
	uint64_t byte_cost;
	uint8_t list[DRR_MAX]; /* of active classes; the first is under service */
	unsigned active;
};

/* Whose turn it is: the class at `place` in the list, after `rounds` visits to all in vain. */
struct drr_pick {
	unsigned place;
	uint64_t rounds;
};

/* weights[i] of class i, 0 for one that takes no part. */
void drr_init(struct drr *drr, const uint64_t *weights, unsigned n);

/* Class i got its first packet. */
void drr_join(struct drr *drr, unsigned i, uint32_t bytes);

/* Decides without changing anything, so that a decision can be looked at before its time, and be overtaken
 * by another arrival.  Returns the class; at least one must be active. */
unsigned drr_pick(const struct drr *drr, struct drr_pick *pick);

/* Carries the decision out: the class, now the first in the list, may send packets of that much, its first one
 * and, while no other is picked, those behind it that it still covers.  Whoever sends takes byte_cost a byte. */
uint64_t *drr_begin(struct drr *drr, const struct drr_pick *pick);
/* It has sent some.  next_bytes: size of its packet after these, 0 where there is none. */
void drr_end(struct drr *drr, uint32_t next_bytes);

#endif
