/* JSON as rte_tel_data, whose limits (rte_telemetry.h) are fixed sizes.  Containers that are added belong to
 * their parents, and DPDK frees them when it has written the answer. */
#include "ctrl/telemetry_data.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>

#define PIECE (RTE_TEL_MAX_STRING_LEN - 1u)
#define NUMBER_BYTES 24u /* of any number, with quotes */
#define FRAME_BYTES 6u	 /* quotes, colon, comma, and what else stands round a value */

/* Whether all of a list are texts, or all numbers from 0 up. */
static bool
list_is(const json_t *list, bool texts)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		if (texts ? !json_is_string(one) || json_string_length(one) > PIECE
			  : !json_is_integer(one) || json_integer_value(one) < 0)
			return false;
	}
	return true;
}

/* A byte may be written as \u0000, and every piece of a text has its frame. */
static size_t
text_bytes(const json_t *text)
{
	size_t bytes = 2, pieces = json_string_length(text) / PIECE + 1;

	for (const char *c = json_string_value(text); *c; c++)
		bytes += strchr("\"\\", *c) || iscntrl((unsigned char)*c) ? 6 : 1;
	return pieces > RTE_TEL_MAX_ARRAY_ENTRIES ? SIZE_MAX : bytes + pieces * FRAME_BYTES;
}

static size_t
sum_add(size_t sum, size_t more)
{
	return sum == SIZE_MAX || more == SIZE_MAX ? SIZE_MAX : sum + more;
}

size_t
telemetry_data_bytes(const json_t *json)
{
	size_t sum = FRAME_BYTES, i, most = RTE_TEL_MAX_DICT_ENTRIES;
	const char *key;
	json_t *one;

	if (json_is_string(json))
		return text_bytes(json);
	if (json_is_array(json) && (list_is(json, true) || list_is(json, false)))
		most = RTE_TEL_MAX_ARRAY_ENTRIES;
	json_array_foreach(json, i, one)
		sum = sum_add(sum, sum_add(telemetry_data_bytes(one), NUMBER_BYTES));
	json_object_foreach((json_t *)(uintptr_t)json, key, one)
		sum = sum_add(sum, sum_add(telemetry_data_bytes(one), strlen(key) + FRAME_BYTES));
	if (json_array_size(json) > most || json_object_size(json) > most)
		return SIZE_MAX;
	return json_is_object(json) || json_is_array(json) ? sum : NUMBER_BYTES;
}

/* A name as DPDK takes them. */
static void
key_clean(const char *key, char out[RTE_TEL_MAX_STRING_LEN])
{
	snprintf(out, RTE_TEL_MAX_STRING_LEN, "%s", key);
	for (; *out; out++)
		if (!isalnum((unsigned char)*out) || (unsigned char)*out >= 128)
			*out = '_';
}

/* DPDK looks a byte of UTF-8 up at a negative index: one ? for each character that is none of ASCII. */
static void
ascii_make(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!((unsigned char)*text & 0x80))
			*to++ = *text;
		else if (((unsigned char)*text & 0xc0) != 0x80) /* where a character begins */
			*to++ = '?';
	*to = '\0';
}

static bool entry_add(struct rte_tel_data *dict, const char *key, const json_t *value);

static bool
pieces_add(struct rte_tel_data *dict, const char *key, const char *text)
{
	struct rte_tel_data *list = rte_tel_data_alloc();
	char piece[PIECE + 1];

	if (!list)
		return false;
	rte_tel_data_start_array(list, RTE_TEL_STRING_VAL);
	for (size_t left = strlen(text); left; left = strlen(text)) {
		snprintf(piece, sizeof(piece), "%s", text);
		rte_tel_data_add_array_string(list, piece);
		text += left < PIECE ? left : PIECE;
	}
	return !rte_tel_data_add_dict_container(dict, key, list, 0);
}

/* In pieces where it is too long, as DPDK would cut it. */
static bool
text_add(struct rte_tel_data *dict, const char *key, const char *text)
{
	char *clean = strdup(text);
	bool good;

	if (!clean)
		return false;
	ascii_make(clean);
	good = strlen(clean) > PIECE ? pieces_add(dict, key, clean)
				     : !rte_tel_data_add_dict_string(dict, key, clean);
	free(clean);
	return good;
}

/* Of texts or of numbers; true for an empty one as well. */
static void
list_fill(struct rte_tel_data *list, const json_t *json)
{
	bool texts = list_is(json, true);
	char text[PIECE + 1];
	size_t i;
	json_t *one;

	rte_tel_data_start_array(list, texts ? RTE_TEL_STRING_VAL : RTE_TEL_U64_VAL);
	json_array_foreach(json, i, one)
	{
		if (!texts) {
			rte_tel_data_add_array_u64(list, (uint64_t)json_integer_value(one));
			continue;
		}
		snprintf(text, sizeof(text), "%s", json_string_value(one));
		ascii_make(text);
		rte_tel_data_add_array_string(list, text);
	}
}

static bool
dict_fill(struct rte_tel_data *dict, const json_t *json)
{
	bool good = true;
	const char *key;
	char number[NUMBER_BYTES];
	json_t *one;
	size_t i;

	rte_tel_data_start_dict(dict);
	json_object_foreach((json_t *)(uintptr_t)json, key, one)
		good &= entry_add(dict, key, one);
	json_array_foreach(json, i, one)
	{
		snprintf(number, sizeof(number), "%zu", i);
		good &= entry_add(dict, number, one);
	}
	return good;
}

static bool
container_add(struct rte_tel_data *dict, const char *key, const json_t *value)
{
	struct rte_tel_data *child = rte_tel_data_alloc();
	bool good = true;

	if (!child)
		return false;
	if (json_is_array(value) && (list_is(value, true) || list_is(value, false)))
		list_fill(child, value);
	else
		good = dict_fill(child, value);
	return !rte_tel_data_add_dict_container(dict, key, child, 0) && good;
}

static bool
entry_add(struct rte_tel_data *dict, const char *key, const json_t *value)
{
	char name[RTE_TEL_MAX_STRING_LEN], number[NUMBER_BYTES + 300];
	json_int_t integer = json_integer_value(value);

	key_clean(key, name);
	switch (json_typeof(value)) {
	case JSON_STRING:
		return text_add(dict, name, json_string_value(value));
	case JSON_INTEGER:
		return integer < 0 ? !rte_tel_data_add_dict_int(dict, name, (int)integer)
				   : !rte_tel_data_add_dict_u64(dict, name, (uint64_t)integer);
	case JSON_REAL:
		snprintf(number, sizeof(number), "%.3f", json_real_value(value));
		return !rte_tel_data_add_dict_string(dict, name, number);
	case JSON_OBJECT:
	case JSON_ARRAY:
		return container_add(dict, name, value);
	default:
		return !rte_tel_data_add_dict_string(
			dict, name, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "");
	}
}

bool
telemetry_data_fill(struct rte_tel_data *data, const json_t *json)
{
	return dict_fill(data, json);
}
