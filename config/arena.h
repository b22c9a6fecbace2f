/* Memory of one loaded configuration: taken piece by piece, given back at once, and wiped then, because keys
 * lie in it.  One thread. */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* NULL: empty */
	bool failed;		    /* memory was short once; the configuration is not usable */
};

/* Zeroed, aligned for any type; n may be 0.  NULL (and `failed`) where memory is short. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);
/* NULL stays NULL. */
const char *arena_text(struct arena *arena, const char *text);
const char *arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
