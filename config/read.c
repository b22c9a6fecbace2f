/* Reads groups of a tree into structs.
 *
 * A section is a walk over its rows of keys.def: take the setting, or that of the fallback (a path takes what
 * it lacks from its link), or the default; check; store by offset.  Then whatever the group has and the table
 * has not is unknown.  Names are not resolved here, and nothing is compared: see resolve.c and check*.c. */
#include "config/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A group that is being read. */
struct group {
	enum section_id section;
	config_setting_t *at;	    /* NULL: absent, all by default */
	config_setting_t *fallback; /* NULL: none */
	bool borrowed;		    /* `at` belongs to another section, that knows its other keys */
	void *out;
};

static void read_section(struct reader *reader, const struct group *group);

static struct fault_at
place_of(const struct reader *reader, const config_setting_t *setting, const char *name, char *path)
{
	return tree_at(setting, name, reader->file, path);
}

/* Says what is wrong with the value of a key. */
static void
refuse(struct reader *reader, const config_setting_t *setting, const struct key *key, const char *what,
	struct nearest *near)
{
	char path[TREE_PATH_MAX], allowed[600];
	struct fault_at at = place_of(reader, setting, NULL, path);

	fault(reader->faults, &at, "%s; allowed: %s%s", what, key_allowed(key, allowed, sizeof(allowed)),
		near != NULL ? nearest_text(near) : "");
}

static void
refuse_type(struct reader *reader, const config_setting_t *setting, const struct key *key)
{
	struct storing storing = {.key = key, .value = tree_value(setting)};

	value_wrong_type(&storing);
	refuse(reader, setting, key, storing.what, NULL);
}

static void
refuse_missing(struct reader *reader, const struct group *group, const struct key *key)
{
	char path[TREE_PATH_MAX], allowed[600];
	struct fault_at at;

	if (key->value != key_required || group->at == NULL)
		return;
	at = place_of(reader, group->at, key->name, path);
	fault(reader->faults, &at, "missing; allowed: %s", key_allowed(key, allowed, sizeof(allowed)));
}

static void
read_scalar(struct reader *reader, const config_setting_t *setting, const struct key *key, void *field)
{
	struct storing storing = {
		.key = key,
		.value = tree_value(setting),
		.field = field,
		.arena = reader->arena,
	};

	if (!value_store(&storing))
		refuse(reader, setting, key, storing.what, &storing.near);
}

/* A test sees to it that every default of the table can be stored. */
static void
store_default(struct reader *reader, const struct key *key, void *field)
{
	struct storing storing = {.key = key, .field = field, .arena = reader->arena};

	if (key->value == NULL || key->value == key_required)
		return;
	storing.value = value_of_text(key->value);
	if (key_is_text(key->type)) {
		storing.value.kind = VALUE_TEXT;
		storing.value.text = key->value;
	}
	value_store(&storing);
}

static bool
is_list(const config_setting_t *setting)
{
	return config_setting_is_list(setting) || config_setting_is_array(setting);
}

static void
read_dscp_set(struct reader *reader, config_setting_t *setting, const struct key *key, void *field)
{
	if (!is_list(setting)) {
		read_scalar(reader, setting, key, field);
		return;
	}
	for (int i = 0; i < config_setting_length(setting); i++)
		read_scalar(reader, config_setting_get_elem(setting, (unsigned)i), key, field);
}

static void
read_ends(struct reader *reader, config_setting_t *setting, const struct key *key, const char **ends)
{
	if (!is_list(setting) || config_setting_length(setting) != 2) {
		refuse_type(reader, setting, key);
		return;
	}
	for (int i = 0; i < 2; i++) {
		const char *text = config_setting_get_string_elem(setting, i);

		if (text == NULL)
			refuse_type(reader, setting, key);
		else
			ends[i] = arena_text(reader->arena, text);
	}
}

/* Without the spaces at both ends. */
static const char *
trimmed(struct reader *reader, const char *text, size_t n)
{
	while (n > 0 && text[0] == ' ') {
		text++;
		n--;
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return arena_print(reader->arena, "%.*s", (int)n, text);
}

/* "path=value", ...; the count stands behind the pointer (keys.c asserts it). */
static void
read_sets(struct reader *reader, config_setting_t *setting, const struct key *key, struct cfg_set **field)
{
	int n = config_setting_length(setting);
	struct cfg_set *set;

	if (!is_list(setting)) {
		refuse_type(reader, setting, key);
		return;
	}
	set = arena_alloc(reader->arena, (size_t)n, sizeof(*set));
	for (int i = 0; set != NULL && i < n; i++) {
		const char *text = config_setting_get_string_elem(setting, i);
		const char *equals = text ? strchr(text, '=') : NULL;

		if (equals == NULL) {
			refuse(reader, config_setting_get_elem(setting, (unsigned)i), key, "has no \"=\"",
				NULL);
			continue;
		}
		set[i].path = trimmed(reader, text, (size_t)(equals - text));
		set[i].value = trimmed(reader, equals + 1, strlen(equals + 1));
	}
	field[0] = set;
	*(unsigned *)(void *)(field + 1) = set ? (unsigned)n : 0;
}

/* The count stands behind the pointer (keys.c asserts it). */
static void
read_numbers(struct reader *reader, config_setting_t *setting, const struct key *key, uint64_t **field)
{
	int n = is_list(setting) ? config_setting_length(setting) : 1;
	uint64_t *numbers = arena_alloc(reader->arena, (size_t)n, sizeof(*numbers));

	for (int i = 0; numbers != NULL && i < n; i++) {
		config_setting_t *member =
			is_list(setting) ? config_setting_get_elem(setting, (unsigned)i) : setting;

		read_scalar(reader, member, key, &numbers[i]);
		if (i > 0 && numbers[i] <= numbers[i - 1])
			refuse(reader, member, key, "not more than the number before", NULL);
	}
	field[0] = numbers;
	*(unsigned *)(void *)(field + 1) = numbers ? (unsigned)n : 0;
}

/* The first into the field, the others behind it: a pointer and their count (keys.c asserts it). */
static void
read_prefixes(
	struct reader *reader, config_setting_t *setting, const struct key *key, struct cfg_prefix *field)
{
	struct cfg_prefix **more = (struct cfg_prefix **)(void *)(field + 1);
	int n = is_list(setting) ? config_setting_length(setting) : 1;

	if (!n) {
		refuse(reader, setting, key, "an empty list", NULL);
		return;
	}
	if (!is_list(setting)) {
		read_scalar(reader, setting, key, field);
		return;
	}
	*more = arena_alloc(reader->arena, (size_t)n, sizeof(**more));
	for (int i = 0; *more != NULL && i < n; i++)
		read_scalar(reader, config_setting_get_elem(setting, (unsigned)i), key,
			i ? *more + i - 1 : field);
	*(unsigned *)(void *)(more + 1) = *more ? (unsigned)n - 1 : 0;
}

/* Members of all lists that go into the same array (gateways and routers do). */
static size_t
array_room(const struct group *group, const struct key *key)
{
	size_t n = 0;

	for (unsigned i = 0; i < key_count; i++) {
		const config_setting_t *list;

		if (keys[i].type != TYPE_LIST || keys[i].of != key->of || keys[i].offset != key->offset)
			continue;
		list = group->at ? config_setting_get_member(group->at, keys[i].name) : NULL;
		if (list != NULL && config_setting_is_list(list))
			n += (size_t)config_setting_length(list);
	}
	return n ? n : 1;
}

/* True for `paths` of a link: its members take what they lack from the group that the list is in. */
static bool
inherits(const struct group *group, const struct key *key)
{
	return sections[group->section].also == key->member && key->member != group->section;
}

/* One member of a list; setting is the group itself for the only path of a link without `paths`. */
static void
read_member(struct reader *reader, const struct group *group, const struct key *key,
	config_setting_t *setting, void *out)
{
	struct group member = {.section = key->member, .at = setting, .out = out};

	if (key->member == SECTION_ROUTER) {
		struct group defaults = {.section = SECTION_GATEWAY, .out = out};

		read_section(reader, &defaults);
		((struct cfg_gateway *)out)->is_router = true;
	}
	member.borrowed = setting == group->at;
	if (inherits(group, key) && !member.borrowed)
		member.fallback = group->at;
	read_section(reader, &member);
	if (member.fallback != NULL && config_setting_is_group(setting) &&
		config_setting_get_member(setting, "name") == NULL) {
		struct cfg_path *path = out;

		path->name = arena_print(
			reader->arena, "%s-%d", path->name ? path->name : "", config_setting_index(setting));
	}
}

static void
read_list(struct reader *reader, const struct group *group, const struct key *key, config_setting_t *setting)
{
	char *field = (char *)group->out + key->offset, *array;	       /* a pointer to members of some type */
	unsigned *count = (unsigned *)(void *)(field + sizeof(array)); /* keys.c asserts it */
	size_t size = sections[key->member].size;
	int n = setting ? config_setting_length(setting) : 1;

	if (setting != NULL && !config_setting_is_list(setting) &&
		!(config_setting_is_array(setting) && n == 0)) {
		refuse_type(reader, setting, key);
		return;
	}
	memcpy(&array, field, sizeof(array));
	if (array == NULL) {
		array = arena_alloc(reader->arena, array_room(group, key), size);
		memcpy(field, &array, sizeof(array));
	}
	for (int i = 0; array != NULL && i < n; i++) {
		config_setting_t *at = setting ? config_setting_get_elem(setting, (unsigned)i) : group->at;

		read_member(reader, group, key, at, array + *count * size);
		++*count;
	}
}

static void
read_key(struct reader *reader, const struct group *group, const struct key *key)
{
	config_setting_t *setting = group->at ? config_setting_get_member(group->at, key->name) : NULL;
	void *field = (char *)group->out + key->offset;

	if (setting == NULL && group->fallback != NULL)
		setting = config_setting_get_member(group->fallback, key->name);
	if (key->type == TYPE_GROUP) {
		struct group member = {.section = key->member, .at = setting, .out = field};

		read_section(reader, &member);
	}
	if (setting == NULL) {
		if (key->type == TYPE_LIST && inherits(group, key))
			read_list(reader, group, key, NULL);
		refuse_missing(reader, group, key);
		store_default(reader, key, field);
	} else if (key->type == TYPE_LIST) {
		read_list(reader, group, key, setting);
	} else if (key->type == TYPE_DSCP_SET) {
		read_dscp_set(reader, setting, key, field);
	} else if (key->type == TYPE_PREFIXES) {
		read_prefixes(reader, setting, key, field);
	} else if (key->type == TYPE_ENDS) {
		read_ends(reader, setting, key, field);
	} else if (key->type == TYPE_NUMBERS) {
		read_numbers(reader, setting, key, field);
	} else if (key->type == TYPE_SETS) {
		read_sets(reader, setting, key, field);
	} else if (key->type != TYPE_GROUP) {
		read_scalar(reader, setting, key, field);
	}
}

static void
refuse_unknown(struct reader *reader, const struct group *group)
{
	for (int i = 0; i < config_setting_length(group->at); i++) {
		const config_setting_t *member = config_setting_get_elem(group->at, (unsigned)i);
		const char *name = config_setting_name(member);
		char path[TREE_PATH_MAX], allowed[600];
		struct fault_at at = place_of(reader, member, NULL, path);
		struct nearest near;

		if (key_find(group->section, name) != NULL)
			continue;
		nearest_init(&near, name);
		for (unsigned k = 0; k < key_count; k++)
			if (key_find(group->section, keys[k].name) == &keys[k])
				nearest_offer(&near, keys[k].name);
		fault(reader->faults, &at, "unknown key; allowed: %s%s",
			key_names(group->section, allowed, sizeof(allowed)), nearest_text(&near));
	}
}

/* Where the struct of a section keeps its place, or NULL. */
static struct cfg_where *
where_of(enum section_id section, void *object)
{
	switch (section) {
	case SECTION_HOST:
		return &((struct cfg_host *)object)->where;
	case SECTION_GATEWAY:
	case SECTION_ROUTER:
		return &((struct cfg_gateway *)object)->where;
	case SECTION_PORT:
		return &((struct cfg_port *)object)->where;
	case SECTION_ROUTE:
		return &((struct cfg_route *)object)->where;
	case SECTION_NEIGHBOUR:
		return &((struct cfg_neighbour *)object)->where;
	case SECTION_SA:
		return &((struct cfg_sa *)object)->where;
	case SECTION_POLICY:
		return &((struct cfg_policy *)object)->where;
	case SECTION_LINK:
		return &((struct cfg_link *)object)->where;
	case SECTION_TRAFFIC:
		return &((struct cfg_traffic *)object)->where;
	default:
		return NULL;
	}
}

static void
remember(struct reader *reader, const struct group *group)
{
	struct cfg_where *where = where_of(group->section, group->out);

	if (where != NULL && !tree_is_set(group->at))
		*where = (struct cfg_where){reader->file, config_setting_source_line(group->at)};
	if (reader->n_origins == reader->room) {
		unsigned room = reader->room ? 2 * reader->room : 64;
		struct origin *more = reallocarray(reader->origins, room, sizeof(*more));

		if (more == NULL) {
			reader->arena->failed = true;
			return;
		}
		reader->origins = more;
		reader->room = room;
	}
	reader->origins[reader->n_origins++] = (struct origin){group->out, group->section, group->at};
}

static void
read_section(struct reader *reader, const struct group *group)
{
	if (group->at != NULL && !config_setting_is_group(group->at)) {
		static const struct key member = {.type = TYPE_GROUP};

		refuse_type(reader, group->at, &member);
		return;
	}
	for (unsigned i = 0; i < key_count; i++)
		if (key_belongs(&keys[i], group->section))
			read_key(reader, group, &keys[i]);
	if (group->at == NULL)
		return;
	remember(reader, group);
	if (!group->borrowed)
		refuse_unknown(reader, group);
}

void
read_lab(struct reader *reader, config_t *tree, enum section_id root, struct cfg_lab *lab)
{
	struct group group = {.section = root, .at = config_root_setting(tree), .out = lab};

	read_section(reader, &group);
}

void
read_end(struct reader *reader)
{
	free(reader->origins);
	reader->origins = NULL;
	reader->n_origins = reader->room = 0;
}

struct fault_at
read_where(const struct reader *reader, const void *object, const char *name, char path[TREE_PATH_MAX])
{
	for (unsigned i = 0; i < reader->n_origins; i++) {
		const struct origin *origin = &reader->origins[i];
		const struct key *key = key_find(origin->section, name);

		if (origin->object == object && key != NULL)
			return place_of(reader, origin->setting, name, path);
	}
	return (struct fault_at){.file = reader->file};
}
