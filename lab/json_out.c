/* A streaming JSON writer.  RFC 8259.
 *
 * Millions of drop lines and of histogram entries pass here, so numbers are formatted by hand and nothing is
 * kept.  It trusts its caller to close what it opened. */
#include "lab/json_out.h"

#include <math.h>
#include <string.h>

static void
flush(struct json_out *json)
{
	fwrite_unlocked(json->text, 1, json->used, json->out);
	json->used = 0;
}

static inline void
put(struct json_out *json, const char *text, size_t bytes)
{
	if (bytes > JSON_OUT_BYTES - json->used) {
		flush(json);
		if (bytes > JSON_OUT_BYTES) {
			fwrite_unlocked(text, 1, bytes, json->out);
			return;
		}
	}
	memcpy(json->text + json->used, text, bytes);
	json->used += (unsigned)bytes;
}

static inline void
put_byte(struct json_out *json, char c)
{
	put(json, &c, 1);
}

static void
put_text(struct json_out *json, const char *text)
{
	put(json, text, strlen(text));
}

static void
new_line(struct json_out *json)
{
	put_byte(json, '\n');
	for (unsigned i = 0; i < json->depth; i++)
		put(json, "  ", 2);
}

/* Bytes of the UTF-8 character at s (RFC 3629 §4), 0 where it is none. */
static unsigned
utf8_bytes(const unsigned char *s)
{
	unsigned n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >> 4 == 0xe ? 3 :
		s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (unsigned i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A character that cannot stand as it is. */
static void
put_escaped(struct json_out *json, unsigned char c)
{
	char escaped[8];

	if (c == '"' || c == '\\') {
		put_byte(json, '\\');
		put_byte(json, (char)c);
	} else {
		put(json, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", c));
	}
}

static void
put_quoted(struct json_out *json, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *plain = s;
	unsigned n;

	put_byte(json, '"');
	for (; *s; s += n ? n : 1) {
		n = *s < 0x20 || *s == '"' || *s == '\\' ? 0 : utf8_bytes(s);
		if (n)
			continue;
		put(json, (const char *)plain, (size_t)(s - plain));
		plain = s + 1;
		if (*s < 0x80)
			put_escaped(json, *s);
		else
			put_byte(json, '?');
	}
	put(json, (const char *)plain, (size_t)(s - plain));
	put_byte(json, '"');
}

/* What stands before a value: comma, place, key. */
static void
member(struct json_out *json, const char *key)
{
	if (json->filled)
		put_byte(json, ',');
	if (json->depth && !json->flat)
		new_line(json);
	else if (json->filled)
		put_byte(json, ' ');
	json->filled = true;
	if (key) {
		put_byte(json, '"');
		put_text(json, key);
		put(json, "\": ", 3);
	}
}

static void
container(struct json_out *json, const char *key, char open, bool flat)
{
	member(json, key);
	put_byte(json, open);
	json->depth++;
	json->filled = false;
	if (flat && !json->flat)
		json->flat = json->depth;
}

static void
container_end(struct json_out *json, char close)
{
	bool flat = json->flat != 0;

	if (json->flat == json->depth)
		json->flat = 0;
	json->depth--;
	if (!flat && json->filled)
		new_line(json);
	put_byte(json, close);
	json->filled = json->depth != 0;
	if (!json->depth) {
		put_byte(json, '\n');
		flush(json);
	}
}

void
jout_object(struct json_out *json, const char *key)
{
	container(json, key, '{', false);
}

void
jout_object_flat(struct json_out *json, const char *key)
{
	container(json, key, '{', true);
}

void
jout_object_end(struct json_out *json)
{
	container_end(json, '}');
}

void
jout_array(struct json_out *json, const char *key)
{
	container(json, key, '[', false);
}

void
jout_array_flat(struct json_out *json, const char *key)
{
	container(json, key, '[', true);
}

void
jout_array_end(struct json_out *json)
{
	container_end(json, ']');
}

static void
put_u64(struct json_out *json, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(json, at, (size_t)(digits + sizeof(digits) - at));
}

void
jout_u64(struct json_out *json, const char *key, uint64_t value)
{
	member(json, key);
	put_u64(json, value);
}

void
jout_i64(struct json_out *json, const char *key, int64_t value)
{
	member(json, key);
	if (value < 0)
		put_byte(json, '-');
	put_u64(json, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
jout_real(struct json_out *json, const char *key, double value)
{
	char text[40];

	if (!isfinite(value)) {
		jout_null(json, key);
		return;
	}
	member(json, key);
	snprintf(text, sizeof(text), "%.9g", value);
	put_text(json, text);
	if (!strpbrk(text, ".e"))
		put(json, ".0", 2);
}

void
jout_bool(struct json_out *json, const char *key, bool value)
{
	member(json, key);
	put_text(json, value ? "true" : "false");
}

void
jout_null(struct json_out *json, const char *key)
{
	member(json, key);
	put(json, "null", 4);
}

void
jout_text(struct json_out *json, const char *key, const char *value)
{
	if (!value) {
		jout_null(json, key);
		return;
	}
	member(json, key);
	put_quoted(json, value);
}

void
jout_hex(struct json_out *json, const char *key, uint32_t value)
{
	static const char digit[] = "0123456789abcdef";
	char text[12] = {'"', '0', 'x'};

	for (unsigned i = 0; i < 8; i++)
		text[3 + i] = digit[value >> (28 - 4 * i) & 15];
	text[11] = '"';
	member(json, key);
	put(json, text, sizeof(text));
}

/* There may be a line for each of a million drops, so IPv4 does not go through the C library. */
void
jout_ip(struct json_out *json, const char *key, struct ip_addr address)
{
	char text[IP_TEXT_BYTES];

	member(json, key);
	put_byte(json, '"');
	for (unsigned i = 0; i < 4 && ip_is_v4(address); i++) {
		if (i)
			put_byte(json, '.');
		put_u64(json, ip_v4_of(address) >> (24 - 8 * i) & 255);
	}
	if (!ip_is_v4(address))
		put_text(json, ip_text(address, text));
	put_byte(json, '"');
}
