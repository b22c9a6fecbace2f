/* The tables of config/keys.def.  Inside config/ only, and for the documentation generator.
 * Thread: constant tables, any. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum key_type {
#define TYPE(id, ctype, text) TYPE_##id,
#include "config/keys.def"
	TYPE_COUNT
};

enum words_id {
	WORDS_NONE,
#define WORDS(id, tag) WORDS_##id,
#define WORDTEXT(id) WORDS_##id,
#include "config/keys.def"
};

enum section_id {
#define SECTION(id, type, heading, also, doc) SECTION_##id,
#include "config/keys.def"
	SECTION_COUNT
};

struct word {
	enum words_id set;
	unsigned value;
	const char *text;
};

struct unit {
	enum key_type type;
	const char *text;
	double factor;
};

struct section {
	enum section_id id;
	const char *heading, *doc;
	size_t size;	      /* of its struct */
	enum section_id also; /* the keys of that section are allowed too; itself: no other */
	bool same;	      /* and they go into the same struct */
};

struct key {
	enum section_id of;
	const char *name;
	enum key_type type;
	size_t offset;
	const char *value;	/* default as written in a file; key_required; NULL: zero */
	enum section_id member; /* LIST and GROUP: section of the members */
	bool ranged;
	double lo, hi; /* inclusive; s, bit/s, bytes */
	enum words_id words;
	const char *doc;
};

extern const char key_required[];
extern const struct key keys[];
extern const unsigned key_count;
extern const struct word words[];
extern const unsigned word_count;
extern const struct unit units[];
extern const unsigned unit_count;
extern const struct section sections[SECTION_COUNT];

/* NULL where the section (or its `also`) has no key of that name. */
const struct key *key_find(enum section_id section, const char *name);
/* The keys of a section that go into its struct. */
bool key_belongs(const struct key *key, enum section_id section);
/* True for a type that is written as a text, so that digits alone are a text too. */
bool key_is_text(enum key_type type);
/* What may be written, for messages and documentation; always terminated.  Returns out. */
const char *key_allowed(const struct key *key, char *out, size_t bytes);
/* The names of all keys of a section. */
const char *key_names(enum section_id section, char *out, size_t bytes);
/* The words of a set. */
const char *word_list(enum words_id set, char *out, size_t bytes);
/* NULL where it has no word of that text. */
const struct word *word_find(enum words_id set, const char *text);
/* The first word for a value, "?" where there is none. */
const char *word_of(enum words_id set, unsigned value);

#endif
