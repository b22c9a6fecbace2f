/* What the rest of the loader wants to know of a libconfig tree.
 *
 * Settings that came by --set carry a mark in libconfig's `hook`, for their messages name no line. */
#include "config/tree.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "config/scan.h"

bool
tree_parse(config_t *tree, const char *file, const char *text, size_t bytes, struct faults *faults)
{
	struct fault_at at = {.file = file};
	const char *what;
	char *fixed = scan_fix(text, bytes, &at.line, &what);
	bool good;

	if (fixed == NULL) {
		fault(faults, &at, "%s", what != NULL ? what : "out of memory");
		return false;
	}
	config_init(tree);
	good = config_read_string(tree, fixed);
	bytes_wipe(fixed, strlen(fixed));
	free(fixed);
	if (good)
		return true;
	at.line = (unsigned)config_error_line(tree);
	fault(faults, &at, "%s", config_error_text(tree));
	tree_free(tree);
	return false;
}

static void
wipe(config_setting_t *setting)
{
	if (config_setting_type(setting) == CONFIG_TYPE_STRING) {
		char *text = setting->value.sval;

		if (text != NULL)
			bytes_wipe(text, strlen(text));
	} else if (config_setting_is_aggregate(setting)) {
		for (int i = 0; i < config_setting_length(setting); i++)
			wipe(config_setting_get_elem(setting, (unsigned)i));
	}
}

void
tree_free(config_t *tree)
{
	wipe(config_root_setting(tree));
	config_destroy(tree);
}

/* Hexadecimal numbers are unsigned, of 32 bits without an L. */
static struct value
value_of_int(const config_setting_t *setting)
{
	bool hex = config_setting_get_format(setting) == CONFIG_FORMAT_HEX;
	long long whole = config_setting_get_int64(setting);
	struct value value = {.kind = VALUE_INT};

	if (config_setting_type(setting) == CONFIG_TYPE_INT && hex)
		whole = (unsigned)config_setting_get_int(setting);
	value.negative = whole < 0 && !hex;
	value.whole = value.negative ? -(uint64_t)whole : (uint64_t)whole;
	value.number = value.negative ? -(double)value.whole : (double)value.whole;
	return value;
}

struct value
tree_value(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return value_of_int(setting);
	case CONFIG_TYPE_FLOAT:
		return (struct value){.kind = VALUE_FLOAT, .number = config_setting_get_float(setting)};
	case CONFIG_TYPE_BOOL:
		return (struct value){.kind = VALUE_BOOL, .whole = config_setting_get_bool(setting) != 0};
	case CONFIG_TYPE_STRING:
		return (struct value){.kind = VALUE_TEXT, .text = config_setting_get_string(setting)};
	case CONFIG_TYPE_GROUP:
		return (struct value){.kind = VALUE_GROUP};
	default:
		return (struct value){.kind = VALUE_LIST};
	}
}

bool
tree_is_set(const config_setting_t *setting)
{
	return config_setting_get_hook(setting) != NULL;
}

const char *
tree_path(const config_setting_t *setting, char *out, size_t bytes)
{
	const config_setting_t *parent = config_setting_parent(setting);
	const char *name = config_setting_name(setting);
	size_t used;

	if (parent == NULL) {
		out[0] = '\0';
		return out;
	}
	tree_path(parent, out, bytes);
	used = strlen(out);
	if (name == NULL && config_setting_is_group(setting))
		config_setting_lookup_string(setting, "name", &name);
	if (name != NULL)
		snprintf(out + used, bytes - used, "%s%s", used ? "." : "", name);
	else
		snprintf(out + used, bytes - used, ".%d", config_setting_index(setting));
	return out;
}

struct fault_at
tree_at(const config_setting_t *setting, const char *name, const char *file, char path[TREE_PATH_MAX])
{
	const config_setting_t *key = name ? config_setting_get_member(setting, name) : NULL;
	const config_setting_t *place = key ? key : setting;
	struct fault_at at = {.file = file, .line = config_setting_source_line(place), .path = path};
	size_t used = strlen(tree_path(place, path, TREE_PATH_MAX));

	if (name != NULL && key == NULL)
		snprintf(path + used, TREE_PATH_MAX - used, "%s%s", used ? "." : "", name);
	if (tree_is_set(place))
		at.file = NULL;
	if (path[0] == '\0')
		at.path = NULL;
	return at;
}

config_setting_t *
tree_member(const config_setting_t *list, const char *name)
{
	bool index = name[0] != '\0' && strlen(name) < 9 && name[strspn(name, "0123456789")] == '\0';

	for (int i = 0; i < config_setting_length(list); i++) {
		config_setting_t *member = config_setting_get_elem(list, (unsigned)i);
		const char *own = NULL;

		if (config_setting_is_group(member) && config_setting_lookup_string(member, "name", &own) &&
			strcmp(own, name) == 0)
			return member;
	}
	return index ? config_setting_get_elem(list, (unsigned)atoi(name)) : NULL;
}
