/* Memory for the things of which there is one for each SA, in pieces of whole cache lines.  Where there are
 * many they lie on huge pages: a million SAs in pages of 4 KiB cost more in page walks than in anything else.
 *
 * Taken and given back when SAs are made and ended, by any thread; packets only use what was taken. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

struct slab;

/* NULL where memory is short. */
struct slab *slab_create(void);
/* All pieces must have been given back.  NULL is fine. */
void slab_destroy(struct slab *slab);
/* Zeroed, and aligned to 64 bytes; NULL where memory is short.  A slab that is NULL stands for the heap. */
void *slab_take(struct slab *slab, size_t bytes);
/* Wipes it: there may be keys in it.  bytes: as it was taken.  NULL is fine. */
void slab_give(struct slab *slab, void *memory, size_t bytes);

#endif
