/* Text goes through a memory stream, JSON through jansson; a number beyond 63 bits, which jansson does not
 * know, becomes a text.  Keys stand in the order in which they were written. */
#include "ctrl/out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool
out_begin(struct out *out, bool json)
{
	*out = (struct out){0};
	if (json)
		out->json = json_object();
	else
		out->text = open_memstream(&out->buffer, &out->bytes);
	return out->json || out->text;
}

static char *
json_text(json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2)), *line = NULL;

	json_decref(json);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

char *
out_end(struct out *out)
{
	if (out->json)
		return json_text(out->json);
	if (!out->text || fclose(out->text)) {
		free(out->buffer);
		return NULL;
	}
	return out->buffer;
}

void
out_line(struct out *out, const char *format, ...)
{
	va_list list;

	if (!out->text)
		return;
	va_start(list, format);
	vfprintf(out->text, format, list);
	va_end(list);
}

void
out_error(struct out *out, enum status status, const char *format, ...)
{
	char text[2048];
	va_list list;

	out->status = status;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	out_line(out, "%% %s\n", text);
	out_string(out->json, "error", text);
}

json_t *
out_list(json_t *to, const char *key)
{
	json_t *list = json_object_get(to, key);

	if (!to || list)
		return list;
	list = json_array();
	return json_object_set_new(to, key, list) ? NULL : list;
}

json_t *
out_row(json_t *to, const char *key)
{
	json_t *list = out_list(to, key), *row;

	if (!list)
		return NULL;
	row = json_object();
	return json_array_append_new(list, row) ? NULL : row;
}

json_t *
out_object(json_t *to, const char *key)
{
	json_t *object;

	if (!to)
		return NULL;
	object = json_object();
	return json_object_set_new(to, key, object) ? NULL : object;
}

void
out_number(json_t *to, const char *key, uint64_t value)
{
	char text[24];

	if (!to)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_object_set_new(to, key, value > INT64_MAX ? json_string(text) : json_integer((json_int_t)value));
}

void
out_real(json_t *to, const char *key, double value)
{
	if (to)
		json_object_set_new(to, key, json_real(value));
}

void
out_bool(json_t *to, const char *key, bool value)
{
	if (to)
		json_object_set_new(to, key, json_boolean(value));
}

void
out_string(json_t *to, const char *key, const char *value)
{
	json_t *text;

	if (!to)
		return;
	text = value ? json_string(value) : json_null();
	json_object_set_new(to, key, text ? text : json_string("?")); /* no UTF-8 */
}

void
out_address(json_t *to, const char *key, struct ip_addr address)
{
	char text[IP_TEXT_BYTES];

	out_string(to, key, ip_text(address, text));
}

void
out_hex(json_t *to, const char *key, uint32_t value)
{
	char text[12];

	snprintf(text, sizeof(text), "0x%08" PRIx32, value);
	out_string(to, key, text);
}
