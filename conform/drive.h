/* An engine under virtual time: operations in, and what comes back, seen to be what went in.  One thread. */
#ifndef CONFORM_DRIVE_H
#define CONFORM_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/engine.h"

#define DRIVE_MAX 16384u /* operations of one run */

struct drive {
	struct engine *engine;
	uint64_t now;  /* handed to the engine; moves to next_due where nothing comes otherwise */
	bool given_up; /* something never came back; nobody waits long any more */
	/* of the latest run */
	unsigned back;	    /* operations that came back, each counted once */
	unsigned twice;	    /* came back again */
	unsigned foreign;   /* are none of those that went in */
	unsigned overtaken; /* came back behind a later one */
	unsigned highest;   /* the latest that came back */
	unsigned marked;    /* of seen: all behind are false */
	bool seen[DRIVE_MAX];
};

/* Takes back what is ready at d->now, at most max; ops are the n operations of the run.  How many the engine
 * gave. */
unsigned drive_poll(struct drive *d, const struct crypto_op *ops, unsigned n, unsigned max);
/* Before operations go in by hand: forgets the latest run. */
void drive_begin(struct drive *d);
/* Until n are back, or nothing more can come; then until the engine says that it is empty. */
void drive_finish(struct drive *d, const struct crypto_op *ops, unsigned n);
/* The whole of it: n operations, at most DRIVE_MAX, which lie behind one another.  True where all came back.
 */
bool drive_run(struct drive *d, struct crypto_op *ops, unsigned n);

#endif
