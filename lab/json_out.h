/* Writes JSON (RFC 8259) to a file as it is told: no tree in memory, the same bytes for the same calls.
 *
 * Functions begin with jout_ because json_ is jansson's.  Containers are laid out one member a line, or,
 * opened by a *_flat call, on one line with all that is inside. key is NULL for the root and in arrays,
 * and else plain text without quotes.  The root is a container.  A text that is no UTF-8 loses its bytes
 * above 127 to '?'.  Errors are those of the FILE.  One thread. */
#ifndef LAB_JSON_OUT_H
#define LAB_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/ip.h"

#define JSON_OUT_BYTES 512

/* Begin with {.out = file}.  What was told reaches the file at the latest when the root ends. */
struct json_out {
	FILE *out;
	unsigned depth;
	unsigned flat; /* depth from which all is on one line; 0: none */
	bool filled;   /* the innermost container has a member */
	unsigned used; /* bytes of text */
	char text[JSON_OUT_BYTES];
};

void jout_object(struct json_out *json, const char *key);
void jout_object_flat(struct json_out *json, const char *key);
void jout_object_end(struct json_out *json);
void jout_array(struct json_out *json, const char *key);
void jout_array_flat(struct json_out *json, const char *key);
void jout_array_end(struct json_out *json);

void jout_u64(struct json_out *json, const char *key, uint64_t value);
void jout_i64(struct json_out *json, const char *key, int64_t value);
/* Nine significant digits, always with a point or an exponent; what is not finite is null. */
void jout_real(struct json_out *json, const char *key, double value);
void jout_bool(struct json_out *json, const char *key, bool value);
void jout_null(struct json_out *json, const char *key);
void jout_text(struct json_out *json, const char *key, const char *value); /* NULL is null */
void jout_hex(struct json_out *json, const char *key, uint32_t value);     /* "0x00001001" */
void jout_ip(struct json_out *json, const char *key, struct ip_addr address);

#endif
