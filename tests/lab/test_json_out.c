/* lab/json_out: layout, escapes and numbers, letter by letter. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <jansson.h>

#include "lab/json_out.h"

int suite_json_out(void);

static void
test_layout(void)
{
	char *text;
	size_t bytes;
	struct json_out json = {.out = open_memstream(&text, &bytes)};

	jout_object(&json, NULL);
	jout_u64(&json, "a", 1);
	jout_object(&json, "empty");
	jout_object_end(&json);
	jout_array(&json, "list");
	jout_bool(&json, NULL, true);
	jout_null(&json, NULL);
	jout_array_end(&json);
	jout_object_flat(&json, "flat");
	jout_array(&json, "x");
	jout_i64(&json, NULL, -1);
	jout_i64(&json, NULL, 2);
	jout_array_end(&json);
	jout_object(&json, "y");
	jout_object_end(&json);
	jout_object_end(&json);
	jout_array_flat(&json, "none");
	jout_array_end(&json);
	jout_hex(&json, "hex", 0xbeef);
	jout_ip(&json, "ip", ip_v4(0xc0000201));
	jout_ip(&json, "ip6", (struct ip_addr){0x20010db800000000, 1});
	jout_object_end(&json);
	fclose(json.out);
	CU_ASSERT_STRING_EQUAL(text,
		"{\n  \"a\": 1,\n  \"empty\": {},\n  \"list\": [\n    true,\n    null\n  ],\n"
		"  \"flat\": {\"x\": [-1, 2], \"y\": {}},\n  \"none\": [],\n  \"hex\": \"0x0000beef\",\n"
		"  \"ip\": \"192.0.2.1\",\n  \"ip6\": \"2001:db8::1\"\n}\n");
	free(text);
}

static void
values_write(struct json_out *json)
{
	static const double reals[] = {0, 1, 0.1, -2.5, 1e300, 1.0 / 3, 123456789, NAN, INFINITY};

	jout_array_flat(json, NULL);
	for (unsigned i = 0; i < sizeof(reals) / sizeof(*reals); i++)
		jout_real(json, NULL, reals[i]);
	jout_u64(json, NULL, UINT64_MAX);
	jout_i64(json, NULL, INT64_MIN);
	jout_array_end(json);
}

static void
test_numbers(void)
{
	char *text;
	size_t bytes;
	struct json_out json = {.out = open_memstream(&text, &bytes)};

	values_write(&json);
	values_write(&json); /* a writer can go on with the next root, as for a line of ndjson */
	fclose(json.out);
#define VALUES                                                                                               \
	"[0.0, 1.0, 0.1, -2.5, 1e+300, 0.333333333, 123456789.0, null, null, 18446744073709551615, "         \
	"-9223372036854775808]\n"
	CU_ASSERT_STRING_EQUAL(text, VALUES VALUES);
	free(text);
}

/* RFC 3629: what is UTF-8 stays, every other byte above 127 becomes '?'. */
static void
test_text(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "[\"\"]\n"},
		{"a\"b\\c/", "[\"a\\\"b\\\\c/\"]\n"},
		{"\t\x1f\x7f", "[\"\\u0009\\u001f\x7f\"]\n"},
		{"\xc2\xb5s \xe2\x82\xac \xf0\x9f\x98\x80",
			"[\"\xc2\xb5s \xe2\x82\xac \xf0\x9f\x98\x80\"]\n"},
		{"\xb5", "[\"?\"]\n"},
		{"\xc0\x80", "[\"??\"]\n"},
		{"\xe0\x9f\xbf", "[\"???\"]\n"},
		{"\xed\xa0\x80", "[\"???\"]\n"},
		{"\xf4\x90\x80\x80", "[\"????\"]\n"},
		{"\xf5x", "[\"?x\"]\n"},
		{"\xe2\x82", "[\"??\"]\n"},
		{"\xf0\x8f\xbf\xbf", "[\"????\"]\n"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text;
		size_t bytes;
		struct json_out json = {.out = open_memstream(&text, &bytes)};
		json_t *back;

		jout_array_flat(&json, NULL);
		jout_text(&json, NULL, cases[i].in);
		jout_array_end(&json);
		fclose(json.out);
		CU_ASSERT_STRING_EQUAL(text, cases[i].out);
		back = json_loads(text, 0, NULL);
		CU_ASSERT_PTR_NOT_NULL(back);
		json_decref(back);
		free(text);
	}
}

int
suite_json_out(void)
{
	CU_pSuite s = CU_add_suite("json_out", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_layout);
	CU_ADD_TEST(s, test_numbers);
	CU_ADD_TEST(s, test_text);
	return 0;
}
