/* From the tree into the structs of cfg.h, by the tables of keys.def; and back from an object to the place in
 * the file that it was read from.  Inside config/ only.  One thread. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include "config/arena.h"
#include "config/cfg.h"
#include "config/tree.h"

/* Which group an object was read from. */
struct origin {
	const void *object;
	enum section_id section;
	const config_setting_t *setting;
};

struct reader {
	const char *file; /* lives as long as the arena */
	struct arena *arena;
	struct faults *faults;
	struct origin *origins;
	unsigned n_origins;
	unsigned room;
};

/* Reads all of a file of that kind (SECTION_ROOT, SECTION_SITE), unknown keys are faults; *lab is zeroed
 * before. */
void read_lab(struct reader *reader, config_t *tree, enum section_id root, struct cfg_lab *lab);
/* Gives back what the reader itself holds. */
void read_end(struct reader *reader);
/* Where the key `name` of an object stands, or would stand. */
struct fault_at read_where(
	const struct reader *reader, const void *object, const char *name, char path[TREE_PATH_MAX]);

#endif
