/* The libconfig tree: parsing, values, places, and --set.  Inside config/ only: libconfig's types end here
 * and in read.c.  One thread. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/cfg.h"
#include "config/faults.h"
#include "config/value.h"

#define TREE_PATH_MAX 256

/* Parses the text of a file; text[bytes] must be 0.  Says what is wrong and returns false, or the tree is the
 * caller's, to be given back by tree_free(). */
bool tree_parse(config_t *tree, const char *file, const char *text, size_t bytes, struct faults *faults);
/* Wipes all texts in it: there are keys among them. */
void tree_free(config_t *tree);

/* The value of a setting; texts are borrowed from it. */
struct value tree_value(const config_setting_t *setting);
/* True where it came by --set. */
bool tree_is_set(const config_setting_t *setting);
/* "gateways.gwb.sas.a-b", members of lists by name or else by index.  Returns out. */
const char *tree_path(const config_setting_t *setting, char *out, size_t bytes);
/* The place of the key `name` of a group, given or not; name NULL: the setting itself.  `path` must outlive
 * it. */
struct fault_at tree_at(
	const config_setting_t *setting, const char *name, const char *file, char path[TREE_PATH_MAX]);
/* Member of a list by name or index; NULL where there is none. */
config_setting_t *tree_member(const config_setting_t *list, const char *name);

/* Applies one path=value to a file of that kind; says what is wrong.  (set.c) */
void tree_set(config_t *tree, enum section_id root, const struct cfg_set *set, struct faults *faults);

#endif
