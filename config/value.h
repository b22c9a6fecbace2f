/* One scalar of a configuration, apart from where it was written, and its way into the field of a struct:
 * type, unit, word, range.  Knows no libconfig.  One thread. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/arena.h"
#include "config/faults.h"
#include "config/keys.h"

#define KEY_AUTO UINT_MAX /* key_len of a key that is to be derived; resolve.c replaces it */

enum value_kind { VALUE_INT, VALUE_FLOAT, VALUE_BOOL, VALUE_TEXT, VALUE_LIST, VALUE_GROUP };

struct value {
	enum value_kind kind;
	bool negative;
	uint64_t whole;	  /* INT: magnitude; BOOL: 0 or 1 */
	double number;	  /* INT and FLOAT, signed */
	const char *text; /* TEXT; borrowed */
};

/* A value on its way into a field. */
struct storing {
	const struct key *key;
	struct value value;
	void *field;
	struct arena *arena;
	char what[200];	     /* what is wrong with it */
	struct nearest near; /* offered the words that are known */
};

/* A scalar as written without quotes: a number, true or false, or else a text. */
struct value value_of_text(const char *text);
/* Stores it, or returns false and fills what and near. */
bool value_store(struct storing *storing);

/* For the files that store: what is wrong; always false. */
bool value_wrong(struct storing *storing, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool value_wrong_type(struct storing *storing);
/* A whole number within lo..hi. */
bool value_whole(struct storing *storing, double lo, double hi, uint64_t *out);
/* A number or a word of the set. */
bool value_whole_or_word(struct storing *storing, enum words_id set, double lo, double hi, uint64_t *out);

/* value_net.c */
bool store_address(struct storing *storing);
bool store_prefix(struct storing *storing);
bool store_port(struct storing *storing);
bool store_ports(struct storing *storing);
bool store_proto(struct storing *storing);
bool store_dscp(struct storing *storing);
bool store_dscp_copy(struct storing *storing);
bool store_dscp_set(struct storing *storing); /* adds one DSCP to the mask */
bool store_hex(struct storing *storing);
bool store_mac(struct storing *storing);

#endif
