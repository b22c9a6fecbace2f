/* Whatever waits is an actor: it is turned, and says when it wants to be turned next.
 * Thread: an actor is turned by one thread at a time. */
#ifndef BASE_ACTOR_H
#define BASE_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

struct actor {
	const char *name; /* borrowed */
	/* Do what is due at `now` (ns); true where anything was done. */
	bool (*run)(struct actor *actor, uint64_t now);
	/* When the next turn is due (ns), TIME_NEVER where nothing waits. */
	uint64_t (*next_due)(struct actor *actor);
};

#endif
