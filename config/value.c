/* Scalars into fields: numbers with and without units, booleans, words and texts.
 *
 * Numbers with units are computed in double: times are exact to the ns up to 10^6 s, rates to the bit/s.
 * Lists and groups are taken apart by read.c; what is peculiar to networks stands in value_net.c. */
#include "config/value.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

bool
value_wrong(struct storing *storing, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(storing->what, sizeof(storing->what), format, args);
	va_end(args);
	return false;
}

bool
value_wrong_type(struct storing *storing)
{
	const struct value *value = &storing->value;

	switch (value->kind) {
	case VALUE_INT:
		return value_wrong(storing, "wrong type: %s%llu is a number", value->negative ? "-" : "",
			(unsigned long long)value->whole);
	case VALUE_FLOAT:
		return value_wrong(storing, "wrong type: %g is a number", value->number);
	case VALUE_BOOL:
		return value_wrong(storing, "wrong type: %s is a boolean", value->whole ? "true" : "false");
	case VALUE_TEXT:
		return value_wrong(storing, "wrong type: \"%s\" is a text", value->text);
	case VALUE_LIST:
		return value_wrong(storing, "wrong type: a list");
	default:
		return value_wrong(storing, "wrong type: a group");
	}
}

/* A decimal number at the start of a text; *end stands behind it.  No sign, no hexadecimal, no infinity. */
static bool
number_parse(const char *text, double *out, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return false;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return false;
	*out = strtod(text, &stop);
	*end = stop;
	return stop != text;
}

struct value
value_of_text(const char *text)
{
	struct value value = {.kind = VALUE_TEXT, .text = text};
	const char *end;
	char *stop;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		value.kind = VALUE_BOOL;
		value.whole = text[0] == 't';
	} else if (number_parse(text, &value.number, &end) && *end == '\0') {
		value.whole = strtoull(text, &stop, 10);
		value.kind = *stop == '\0' ? VALUE_INT : VALUE_FLOAT;
	}
	return value;
}

static bool
in_range(struct storing *storing, double number, double lo, double hi)
{
	if (number >= lo && number <= hi)
		return true;
	return value_wrong(storing, "%.15g is out of range", number);
}

bool
value_whole(struct storing *storing, double lo, double hi, uint64_t *out)
{
	const struct value *value = &storing->value;

	if (value->kind != VALUE_INT && value->kind != VALUE_FLOAT)
		return value_wrong_type(storing);
	if (!in_range(storing, value->number, lo, hi))
		return false;
	if (value->kind == VALUE_INT) {
		*out = value->whole;
		return true;
	}
	if (value->number >= 0x1p53 || value->number != (double)(uint64_t)value->number)
		return value_wrong(storing, "wrong type: %g is not a whole number", value->number);
	*out = (uint64_t)value->number;
	return true;
}

bool
value_whole_or_word(struct storing *storing, enum words_id set, double lo, double hi, uint64_t *out)
{
	const char *text = storing->value.text;

	if (storing->value.kind != VALUE_TEXT)
		return value_whole(storing, lo, hi, out);
	nearest_init(&storing->near, text);
	for (unsigned i = 0; i < word_count; i++) {
		if (words[i].set != set || words[i].value > hi)
			continue;
		nearest_offer(&storing->near, words[i].text);
		if (strcasecmp(words[i].text, text) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return value_wrong(storing, "unknown word \"%s\"", text);
}

/* "20 ms": the number and the factor of its unit. */
static bool
unit_parse(struct storing *storing, double *out)
{
	const char *text = storing->value.text, *rest;

	if (!number_parse(text, out, &rest))
		return value_wrong(storing, "\"%s\" is not a number with a unit", text);
	rest += strspn(rest, " \t");
	nearest_init(&storing->near, rest);
	for (unsigned i = 0; i < unit_count; i++) {
		if (units[i].type != storing->key->type)
			continue;
		nearest_offer(&storing->near, units[i].text);
		if (strcmp(units[i].text, rest) == 0) {
			*out *= units[i].factor;
			return true;
		}
	}
	return value_wrong(storing, "unknown unit \"%s\" in \"%s\"", rest, text);
}

/* A number in s, bit/s or bytes, scaled and rounded. */
static bool
store_scaled(struct storing *storing, double scale, uint64_t *out)
{
	const struct key *key = storing->key;
	const struct value *value = &storing->value;
	double number = value->number;

	if (value->kind == VALUE_TEXT) {
		if (!unit_parse(storing, &number))
			return false;
	} else if (value->kind != VALUE_INT && value->kind != VALUE_FLOAT) {
		return value_wrong_type(storing);
	}
	if (!in_range(storing, number, key->lo, key->hi))
		return false;
	*out = (uint64_t)(number * scale + 0.5);
	return true;
}

static bool
store_time(struct storing *storing)
{
	return store_scaled(storing, NS_PER_SEC, storing->field);
}

static bool
store_rate(struct storing *storing)
{
	return store_scaled(storing, 1, storing->field);
}

static bool
store_size(struct storing *storing)
{
	uint64_t bytes = 0;

	if (!store_scaled(storing, 1, &bytes))
		return false;
	*(uint32_t *)storing->field = (uint32_t)bytes;
	return true;
}

static bool
store_bool(struct storing *storing)
{
	if (storing->value.kind != VALUE_BOOL)
		return value_wrong_type(storing);
	*(bool *)storing->field = storing->value.whole != 0;
	return true;
}

static bool
store_u64(struct storing *storing)
{
	return value_whole(storing, storing->key->lo, storing->key->hi, storing->field);
}

static bool
store_u32(struct storing *storing)
{
	uint64_t whole = 0;

	if (!value_whole(storing, storing->key->lo, storing->key->hi, &whole))
		return false;
	*(uint32_t *)storing->field = (uint32_t)whole;
	return true;
}

static bool
store_u8(struct storing *storing)
{
	uint64_t whole = 0;

	if (!value_whole(storing, storing->key->lo, storing->key->hi, &whole))
		return false;
	*(uint8_t *)storing->field = (uint8_t)whole;
	return true;
}

static bool
store_double(struct storing *storing)
{
	const struct value *value = &storing->value;

	if (value->kind != VALUE_INT && value->kind != VALUE_FLOAT)
		return value_wrong_type(storing);
	if (!in_range(storing, value->number, storing->key->lo, storing->key->hi))
		return false;
	*(double *)storing->field = value->number;
	return true;
}

static bool
store_string(struct storing *storing)
{
	if (storing->value.kind != VALUE_TEXT)
		return value_wrong_type(storing);
	*(const char **)storing->field = arena_text(storing->arena, storing->value.text);
	return true;
}

/* Names are parts of paths, so they hold no dot and do not look like an index; links are files too. */
static bool
store_name(struct storing *storing)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *text = storing->value.text;

	if (storing->value.kind != VALUE_TEXT)
		return value_wrong_type(storing);
	if (text[0] == '\0' || text[strspn(text, letters)] != '\0' ||
		text[strspn(text, "0123456789")] == '\0')
		return value_wrong(storing, "\"%s\" cannot be a name", text);
	return store_string(storing);
}

static const struct word *
find_word(struct storing *storing)
{
	const struct word *word;

	if (storing->value.kind != VALUE_TEXT) {
		value_wrong_type(storing);
		return NULL;
	}
	word = word_find(storing->key->words, storing->value.text);
	if (word != NULL)
		return word;
	nearest_init(&storing->near, storing->value.text);
	for (unsigned i = 0; i < word_count; i++)
		if (words[i].set == storing->key->words)
			nearest_offer(&storing->near, words[i].text);
	value_wrong(storing, "unknown word \"%s\"", storing->value.text);
	return NULL;
}

static bool
store_enum(struct storing *storing)
{
	const struct word *word = find_word(storing);

	if (word != NULL)
		*(unsigned *)storing->field = word->value;
	return word != NULL;
}

static bool
store_word(struct storing *storing)
{
	const struct word *word = find_word(storing);

	if (word != NULL)
		*(const char **)storing->field = word->text;
	return word != NULL;
}

static bool (*const stores[TYPE_COUNT])(struct storing *) = {
	[TYPE_BOOL] = store_bool,
	[TYPE_U8] = store_u8,
	[TYPE_U32] = store_u32,
	[TYPE_U64] = store_u64,
	[TYPE_DOUBLE] = store_double,
	[TYPE_TIME] = store_time,
	[TYPE_RATE] = store_rate,
	[TYPE_SIZE] = store_size,
	[TYPE_STRING] = store_string,
	[TYPE_NAME] = store_name,
	[TYPE_WORD] = store_word,
	[TYPE_ADDRESS] = store_address,
	[TYPE_PREFIX] = store_prefix,
	[TYPE_PREFIXES] = store_prefix,
	[TYPE_PORT] = store_port,
	[TYPE_PORTS] = store_ports,
	[TYPE_PROTO] = store_proto,
	[TYPE_DSCP] = store_dscp,
	[TYPE_DSCP_COPY] = store_dscp_copy,
	[TYPE_DSCP_SET] = store_dscp_set,
	[TYPE_HEX] = store_hex,
	[TYPE_MAC] = store_mac,
	[TYPE_NUMBERS] = store_u64,
	[TYPE_ENUM] = store_enum,
};

bool
value_store(struct storing *storing)
{
	storing->what[0] = '\0';
	nearest_init(&storing->near, "");
	return stores[storing->key->type](storing);
}
