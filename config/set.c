/* --set path=value, on the tree, before it is read: so every check holds for it as for the file.
 *
 * The path goes along the sections of keys.def, so what is no key is refused here.  It ends at a key of a
 * group, which is replaced or added; groups that are absent on the way (qos) are made.  The value is what
 * libconfig would read behind "=", and where it would read nothing, a text: 20 ms needs no quotes. */
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "config/scan.h"

static const char set_mark; /* its address is the mark */

/* Where the walk along the path stands. */
struct walk {
	enum section_id section;
	config_setting_t *group;
	char *rest; /* of the path; is cut at dots */
	struct faults *faults;
	struct fault_at at;
};

/* The next part of the path; NULL behind the last. */
static char *
next_part(struct walk *walk)
{
	char *part = walk->rest;

	if (part == NULL)
		return NULL;
	walk->rest = strchr(part, '.');
	if (walk->rest != NULL)
		*walk->rest++ = '\0';
	return part;
}

static config_setting_t *
add_marked(config_setting_t *parent, const char *name, int type)
{
	config_setting_t *setting = config_setting_add(parent, name, type);

	if (setting != NULL)
		config_setting_set_hook(setting, (void *)&set_mark);
	return setting;
}

static bool
copy_setting(config_setting_t *parent, const char *name, const config_setting_t *from)
{
	config_setting_t *to = add_marked(parent, name, config_setting_type(from));

	if (to == NULL)
		return false;
	config_setting_set_format(to, config_setting_get_format(from));
	switch (config_setting_type(from)) {
	case CONFIG_TYPE_INT:
		return config_setting_set_int(to, config_setting_get_int(from));
	case CONFIG_TYPE_INT64:
		return config_setting_set_int64(to, config_setting_get_int64(from));
	case CONFIG_TYPE_FLOAT:
		return config_setting_set_float(to, config_setting_get_float(from));
	case CONFIG_TYPE_BOOL:
		return config_setting_set_bool(to, config_setting_get_bool(from));
	case CONFIG_TYPE_STRING:
		return config_setting_set_string(to, config_setting_get_string(from));
	default:
		break;
	}
	for (int i = 0; i < config_setting_length(from); i++) {
		const config_setting_t *member = config_setting_get_elem(from, (unsigned)i);

		if (!copy_setting(to, config_setting_name(member), member))
			return false;
	}
	return true;
}

/* Parses "v = TEXT" into a tree of its own. */
static bool
parse_value(config_t *tree, const char *text)
{
	char quiet[1], *line = NULL;
	struct faults ignored;
	int n = asprintf(&line, "v = %s\n;", text);
	bool good;

	if (n < 0)
		return false;
	faults_init(&ignored, quiet, 0);
	good = tree_parse(tree, "", line, (size_t)n, &ignored);
	bytes_wipe(line, (size_t)n);
	free(line);
	if (good && config_setting_length(config_root_setting(tree)) == 1)
		return true;
	if (good)
		tree_free(tree);
	return false;
}

static bool
assign(config_setting_t *group, const struct key *key, const char *text)
{
	config_t tree;
	const config_setting_t *value;
	config_setting_t *plain;
	bool done;

	config_setting_remove(group, key->name);
	if (parse_value(&tree, text)) {
		value = config_setting_get_elem(config_root_setting(&tree), 0);
		if (!key_is_text(key->type) || config_setting_type(value) == CONFIG_TYPE_STRING ||
			config_setting_is_aggregate(value)) {
			done = copy_setting(group, key->name, value);
			tree_free(&tree);
			return done;
		}
		tree_free(&tree);
	}
	plain = add_marked(group, key->name, CONFIG_TYPE_STRING);
	return plain != NULL && config_setting_set_string(plain, text);
}

static const struct key *
find_key(struct walk *walk, const char *name)
{
	const struct key *key = key_find(walk->section, name);
	struct nearest near;
	char allowed[600];

	if (key != NULL)
		return key;
	nearest_init(&near, name);
	for (unsigned i = 0; i < key_count; i++)
		if (key_find(walk->section, keys[i].name) == &keys[i])
			nearest_offer(&near, keys[i].name);
	fault(walk->faults, &walk->at, "unknown key \"%s\"; allowed: %s%s", name,
		key_names(walk->section, allowed, sizeof(allowed)), nearest_text(&near));
	return NULL;
}

/* Into the member of a list that the next part names. */
static bool
enter_list(struct walk *walk, const struct key *key)
{
	config_setting_t *list = config_setting_get_member(walk->group, key->name), *member;
	const char *part = next_part(walk), *name;
	struct nearest near;

	nearest_init(&near, part);
	if (list == NULL || !config_setting_is_list(list)) {
		fault(walk->faults, &walk->at, "there are no %s", key->name);
		return false;
	}
	member = tree_member(list, part);
	for (int i = 0; member == NULL && i < config_setting_length(list); i++) {
		config_setting_t *other = config_setting_get_elem(list, (unsigned)i);

		if (config_setting_is_group(other) && config_setting_lookup_string(other, "name", &name))
			nearest_offer(&near, name);
	}
	if (member == NULL || !config_setting_is_group(member)) {
		fault(walk->faults, &walk->at,
			"nothing in %s is called \"%s\"; allowed: a name or an index from 0%s", key->name,
			part, nearest_text(&near));
		return false;
	}
	walk->group = member;
	walk->section = key->member;
	return true;
}

static bool
enter_group(struct walk *walk, const struct key *key)
{
	config_setting_t *group = config_setting_get_member(walk->group, key->name);

	if (group == NULL)
		group = add_marked(walk->group, key->name, CONFIG_TYPE_GROUP);
	if (group == NULL || !config_setting_is_group(group)) {
		fault(walk->faults, &walk->at, "%s is no group", key->name);
		return false;
	}
	walk->group = group;
	walk->section = key->member;
	return true;
}

/* One key of the path and what it leads to; false at the end or where something is wrong. */
static bool
step(struct walk *walk, const char *value)
{
	const char *part = next_part(walk);
	const struct key *key;
	char allowed[600];

	if (part == NULL) {
		fault(walk->faults, &walk->at, "names no key; allowed: one of %s behind it",
			key_names(walk->section, allowed, sizeof(allowed)));
		return false;
	}
	key = find_key(walk, part);
	if (key == NULL)
		return false;
	if (walk->rest == NULL) {
		if (!assign(walk->group, key, value))
			fault(walk->faults, &walk->at, "out of memory");
		return false;
	}
	if (key->type == TYPE_LIST)
		return enter_list(walk, key);
	if (key->type == TYPE_GROUP)
		return enter_group(walk, key);
	fault(walk->faults, &walk->at, "%s has no keys of its own", part);
	return false;
}

void
tree_set(config_t *tree, enum section_id root, const struct cfg_set *set, struct faults *faults)
{
	char *path = strdup(set->path);
	struct walk walk = {
		.section = root,
		.group = config_root_setting(tree),
		.rest = path,
		.faults = faults,
		.at = {.path = set->path},
	};

	if (path == NULL) {
		fault(faults, &walk.at, "out of memory");
		return;
	}
	while (step(&walk, set->value))
		;
	free(path);
}
