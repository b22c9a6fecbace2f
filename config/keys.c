/* The tables of keys.def as data, and what can be asked of them.
 *
 * Offsets come from the structs of cfg.h; the compiler checks that each field has the C type that its key's
 * type is stored as, and that the count of a list stands right behind its pointer.  This file reads no
 * configuration: see value.c and read.c. */
#include "config/keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/cfg.h"
#include "config/words.h"

/* Named types to take offsets in, made from the table itself. */
#define TYPE(id, ctype, text)                                                                                \
	union type_##id {                                                                                    \
		ctype as;                                                                                    \
	};
#define SECTION(id, type, heading, also, doc)                                                                \
	union section_##id {                                                                                 \
		type as;                                                                                     \
	};
#include "config/keys.def"

#define FIELD(section, place) (((union section_##section *)NULL)->place)
#define SAME(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define FITS(section, field, type)                                                                           \
	_Static_assert(                                                                                      \
		TYPE_##type >= TYPE_HEX || SAME(FIELD(section, as.field), ((union type_##type *)NULL)->as),  \
		"type of " #section "." #field)

#define KEY(section, name, type, value, range, doc) FITS(section, name, type);
#define KEY_AS(section, name, field, type, range, doc) FITS(section, field, type);
#define LIST(section, name, member, value, doc)                                                              \
	_Static_assert(offsetof(union section_##section, as.n_##name) ==                                     \
			       offsetof(union section_##section, as.name) + sizeof(void *),                  \
		"n_" #name);
#include "config/keys.def"

_Static_assert(offsetof(struct cfg_sa, key_len) == offsetof(struct cfg_sa, key) + CFG_KEY_MAX, "key_len");
_Static_assert(offsetof(struct cfg_sa, auth_key_len) == offsetof(struct cfg_sa, auth_key) + CFG_KEY_MAX,
	"auth_key_len");
_Static_assert(
	offsetof(struct cfg_variant, n_set) == offsetof(struct cfg_variant, set) + sizeof(void *), "n_set");
_Static_assert(
	offsetof(struct cfg_fault, n_jobs) == offsetof(struct cfg_fault, jobs) + sizeof(void *), "n_jobs");
_Static_assert(offsetof(struct cfg_port, more) ==
		       offsetof(struct cfg_port, address) + sizeof(struct cfg_prefix) &&
		       offsetof(struct cfg_port, n_more) == offsetof(struct cfg_port, more) + sizeof(void *),
	"more, n_more");
_Static_assert(sizeof(enum cfg_platform) == sizeof(unsigned), "enums are stored as unsigned");

const char key_required[] = "required";

#define REQUIRED key_required
#define OPTIONAL NULL
#define ANY .ranged = false
#define RANGE(low, high) .ranged = true, .lo = low, .hi = high
#define CHOICE(set) .words = WORDS_##set

const struct key keys[] = {
#define KEY(section, n, t, v, range, d)                                                                      \
	{.of = SECTION_##section,                                                                            \
		.name = #n,                                                                                  \
		.type = TYPE_##t,                                                                            \
		.offset = offsetof(union section_##section, as.n),                                           \
		.value = v,                                                                                  \
		range,                                                                                       \
		.doc = d},
#define KEY_AS(section, n, f, t, range, d)                                                                   \
	{.of = SECTION_##section,                                                                            \
		.name = #n,                                                                                  \
		.type = TYPE_##t,                                                                            \
		.offset = offsetof(union section_##section, as.f),                                           \
		range,                                                                                       \
		.doc = d},
#define LIST(section, n, m, v, d)                                                                            \
	{.of = SECTION_##section,                                                                            \
		.name = #n,                                                                                  \
		.type = TYPE_LIST,                                                                           \
		.offset = offsetof(union section_##section, as.n),                                           \
		.value = v,                                                                                  \
		.member = SECTION_##m,                                                                       \
		.doc = d},
#define LIST_AS(section, n, f, m, v, d)                                                                      \
	{.of = SECTION_##section,                                                                            \
		.name = #n,                                                                                  \
		.type = TYPE_LIST,                                                                           \
		.offset = offsetof(union section_##section, as.f),                                           \
		.value = v,                                                                                  \
		.member = SECTION_##m,                                                                       \
		.doc = d},
#define GROUP(section, n, place, m, v, d)                                                                    \
	{.of = SECTION_##section,                                                                            \
		.name = #n,                                                                                  \
		.type = TYPE_GROUP,                                                                          \
		.offset = offsetof(union section_##section, place),                                          \
		.value = v,                                                                                  \
		.member = SECTION_##m,                                                                       \
		.doc = d},
#include "config/keys.def"
};
const unsigned key_count = sizeof(keys) / sizeof(keys[0]);

const struct word words[] = {
#define WORD(id, value, text) {WORDS_##id, value, text},
#include "config/keys.def"
};
const unsigned word_count = sizeof(words) / sizeof(words[0]);

const struct unit units[] = {
#define UNIT(type, text, factor) {TYPE_##type, text, factor},
#include "config/keys.def"
};
const unsigned unit_count = sizeof(units) / sizeof(units[0]);

const struct section sections[SECTION_COUNT] = {
#define SECTION(i, type, h, other, d)                                                                        \
	[SECTION_##i] = {                                                                                    \
		SECTION_##i, h, d, sizeof(type), SECTION_##other, SAME(FIELD(i, as), FIELD(other, as))},
#include "config/keys.def"
};

static const char *const type_texts[] = {
#define TYPE(id, ctype, text) text,
#include "config/keys.def"
};

const struct key *
key_find(enum section_id section, const char *name)
{
	const struct key *found = NULL;

	for (unsigned i = 0; i < key_count; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if (keys[i].of == section)
			return &keys[i];
		if (keys[i].of == sections[section].also)
			found = &keys[i];
	}
	return found;
}

bool
key_belongs(const struct key *key, enum section_id section)
{
	return key->of == section || (key->of == sections[section].also && sections[section].same);
}

bool
key_is_text(enum key_type type)
{
	switch (type) {
	case TYPE_STRING:
	case TYPE_NAME:
	case TYPE_WORD:
	case TYPE_ADDRESS:
	case TYPE_PREFIX:
	case TYPE_PREFIXES:
	case TYPE_HEX:
	case TYPE_MAC:
	case TYPE_ENUM:
		return true;
	default:
		return false;
	}
}

/* Appends to a text of at most `bytes`; what does not fit is cut. */
static void append(char *out, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
append(char *out, size_t bytes, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + used, bytes - used, format, args);
	va_end(args);
}

const char *
word_list(enum words_id set, char *out, size_t bytes)
{
	out[0] = '\0';
	for (unsigned i = 0; i < word_count; i++)
		if (words[i].set == set)
			append(out, bytes, "%s%s", out[0] ? ", " : "", words[i].text);
	return out;
}

const char *
key_names(enum section_id section, char *out, size_t bytes)
{
	out[0] = '\0';
	for (unsigned i = 0; i < key_count; i++)
		if (key_find(section, keys[i].name) == &keys[i])
			append(out, bytes, "%s%s", out[0] ? ", " : "", keys[i].name);
	return out;
}

/* Largest value of a whole-number type whose upper bound the table writes as 2^64. */
static void
append_bound(char *out, size_t bytes, double bound)
{
	if (bound >= 0x1p64)
		append(out, bytes, "2^64 - 1");
	else
		append(out, bytes, "%.15g", bound);
}

const char *
key_allowed(const struct key *key, char *out, size_t bytes)
{
	if (key->words != WORDS_NONE)
		return word_list(key->words, out, bytes);
	out[0] = '\0';
	append(out, bytes, "%s", type_texts[key->type]);
	if (key->ranged) {
		append(out, bytes, ", ");
		append_bound(out, bytes, key->lo);
		append(out, bytes, "..");
		append_bound(out, bytes, key->hi);
	}
	return out;
}

const struct word *
word_find(enum words_id set, const char *text)
{
	for (unsigned i = 0; i < word_count; i++)
		if (words[i].set == set && strcmp(words[i].text, text) == 0)
			return &words[i];
	return NULL;
}

const char *
word_of(enum words_id set, unsigned value)
{
	for (unsigned i = 0; i < word_count; i++)
		if (words[i].set == set && words[i].value == value)
			return words[i].text;
	return "?";
}

/* The functions of words.h. */
#define WORDS(id, tag)                                                                                       \
	const char *tag##_word(enum tag value)                                                               \
	{                                                                                                    \
		return word_of(WORDS_##id, value);                                                           \
	}
#include "config/keys.def"
