/* Has every packet left that was inside at some instant?  What such packets may name can go then, however
 * full the gateway is all the time.
 *
 * Packets pay nothing: what has a queue is counted in and out anyway, and what is first in is first out
 * there. Asked about SAs: what has none yet (fragments that wait for others, the process path) is left out,
 * and so are packets with in_order, whose SA itself knows whether any are under way (dp_old.c).  Worker,
 * between turns. */
#ifndef DATAPLANE_EPOCH_H
#define DATAPLANE_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct dp;
struct epoch;

/* For a gateway with so many ports. */
enum status epoch_create(unsigned n_ports, struct epoch **epoch);
void epoch_destroy(struct epoch *epoch); /* NULL is fine */
/* Now is that instant. */
void epoch_begin(struct epoch *epoch, const struct dp *dp);
/* To be asked again and again until it is. */
bool epoch_passed(struct epoch *epoch, const struct dp *dp);

#endif
