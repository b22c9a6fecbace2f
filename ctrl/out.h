/* An answer to a command: text for people, or JSON (RFC 8259) for programs.
 *
 * Whoever answers writes both side by side: out_line() goes into the text alone, out_number() and the like
 * into the JSON alone, and each ignores what is not asked for.  So one walk through the facts makes either.
 */
#ifndef CTRL_OUT_H
#define CTRL_OUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "base/ip.h"
#include "base/status.h"

struct out {
	FILE *text;	    /* NULL where JSON is asked for */
	json_t *json;	    /* the root, an object; NULL where text is */
	enum status status; /* of the command */
	char *buffer;
	size_t bytes;
};

/* False where memory is short. */
bool out_begin(struct out *out, bool json);
/* Ends it and hands over what was written, to be freed by the caller; NULL where memory is short. */
char *out_end(struct out *out);

void out_line(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "% text" or {"error": "text"}; the answer has this status. */
void out_error(struct out *out, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A new object in the list `key` of `to`, or a new list; NULL where there is no `to`, which all the others
 * take as well. */
json_t *out_row(json_t *to, const char *key);
json_t *out_list(json_t *to, const char *key);
json_t *out_object(json_t *to, const char *key);
void out_number(json_t *to, const char *key, uint64_t value);
void out_real(json_t *to, const char *key, double value);
void out_bool(json_t *to, const char *key, bool value);
void out_string(json_t *to, const char *key, const char *value);
void out_address(json_t *to, const char *key, struct ip_addr address);
void out_hex(json_t *to, const char *key, uint32_t value);

#endif
