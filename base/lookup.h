/* Finds members of an array by a hash of what is asked for: open addressing over their indices.
 *
 * The array is the caller's, and so is the comparison: a walk hands out all that may be meant.  Made once for
 * so many members, for checks and plans that would otherwise compare each with each.  Members that are equal
 * are to be entered once, or a walk gets long.  Not for what strangers choose: the hash has no secret. */
#ifndef BASE_LOOKUP_H
#define BASE_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define LOOKUP_NONE UINT32_MAX

struct lookup {
	uint32_t *slots; /* LOOKUP_NONE: free */
	uint32_t mask;	 /* slots - 1 */
};

/* Room for n members.  ERR_NOMEM. */
enum status lookup_create(struct lookup *lookup, uint32_t n);
/* One that was never made but is all 0 is fine. */
void lookup_destroy(struct lookup *lookup);

/* Goes on from the hash of what stands before; 0 at first. */
uint64_t lookup_hash(uint64_t hash, const void *bytes, size_t n);
uint64_t lookup_hash_text(uint64_t hash, const char *text);

void lookup_add(struct lookup *lookup, uint64_t hash, uint32_t at);

/* for (at = lookup_first(lookup, hash, &slot); at != LOOKUP_NONE; at = lookup_next(lookup, &slot)) */
static inline uint32_t
lookup_first(const struct lookup *lookup, uint64_t hash, uint32_t *slot)
{
	*slot = (uint32_t)hash & lookup->mask;
	return lookup->slots[*slot];
}

static inline uint32_t
lookup_next(const struct lookup *lookup, uint32_t *slot)
{
	*slot = (*slot + 1) & lookup->mask;
	return lookup->slots[*slot];
}

#endif
