/* A small laboratory as a text, loaded from a temporary file, and hooks that stand in for crypto/ and
 * dataplane/. For the tests of config/ only. */
#ifndef TESTS_CONFIG_LAB_TEXT_H
#define TESTS_CONFIG_LAB_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "config/cfg.h"

#ifndef ESPLAB_TESTS
#define ESPLAB_TESTS "tests"
#endif

#define LAB_FILE_MAX 32
#define LAB_MESSAGE_MAX 16384

/* Every group that a test changes stands in a line of its own. */
static const char lab_base[] =
	"lab = { duration = 1; };\n"
	"hosts = (\n"
	"  { name = \"a\"; address = \"10.1.0.10\"; },\n"
	"  { name = \"b\"; address = \"10.2.0.10\"; }\n"
	");\n"
	"gateways = (\n"
	"  { name = \"gwa\";\n"
	"    ports = (\n"
	"      { name = \"lan\"; address = \"10.1.0.1/16\"; },\n"
	"      { name = \"wan\"; address = \"192.0.2.1/30\";\n"
	"        qos = { kind = \"cbwfq\"; shape = \"4 Mb/s\"; classes = (\n"
	"          { name = \"voice\"; dscp = \"ef\"; priority = \"1 Mb/s\"; },\n"
	"          { name = \"data\"; dscp = ( \"af21\", 20 ); bandwidth = \"2 Mb/s\"; queue_limit = 100; "
	"},\n"
	"          { name = \"rest\"; } ); };\n"
	"      } );\n"
	"    routes = ( { to = \"10.2.0.0/16\"; via = \"192.0.2.2\"; } );\n"
	"    sas = (\n"
	"      { name = \"a-b\"; direction = \"out\"; spi = 0x1001; src = \"192.0.2.1\"; dst = \"192.0.2.2\";"
	" transform = \"esp-gcm 128\"; key = \"auto\"; },\n"
	"      { name = \"b-a\"; direction = \"in\"; spi = 0x2001; src = \"192.0.2.2\"; dst = \"192.0.2.1\";"
	" transform = \"esp-aes 128 esp-sha-hmac\"; key = \"auto\"; auth_key = \"auto\"; } );\n"
	"    policies = (\n"
	"      { name = \"to-b\"; action = \"protect\"; sa = \"a-b\"; src = \"10.1.0.0/16\"; dst = "
	"\"10.2.0.0/16\"; },\n"
	"      { name = \"from-b\"; action = \"protect\"; direction = \"in\"; sa = \"b-a\"; dport = "
	"\"1000-2000\"; } );\n"
	"  },\n"
	"  { name = \"gwb\";\n"
	"    ports = (\n"
	"      { name = \"lan\"; address = \"10.2.0.1/16\"; },\n"
	"      { name = \"wan\"; address = \"192.0.2.2/30\"; } );\n"
	"    routes = ( { to = \"10.1.0.0/16\"; via = \"192.0.2.1\"; } );\n"
	"    sas = (\n"
	"      { name = \"a-b\"; direction = \"in\"; spi = 0x1001; src = \"192.0.2.1\"; dst = \"192.0.2.2\";"
	" transform = \"esp-gcm 128\"; key = \"auto\"; },\n"
	"      { name = \"b-a\"; direction = \"out\"; spi = 0x2001; src = \"192.0.2.2\"; dst = \"192.0.2.1\";"
	" transform = \"esp-aes 128 esp-sha-hmac\"; key = \"auto\"; auth_key = \"auto\"; } );\n"
	"  }\n"
	");\n"
	"links = (\n"
	"  { name = \"lan-a\"; ends = [ \"a\", \"gwa.lan\" ]; rate = 1000000000; },\n"
	"  { name = \"wan\"; ends = [ \"gwa.wan\", \"gwb.wan\" ]; rate = \"10 Mb/s\"; delay = \"20 ms\"; },\n"
	"  { name = \"lan-b\"; ends = [ \"b\", \"gwb.lan\" ]; rate = 0; }\n"
	");\n"
	"traffic = (\n"
	"  { name = \"data\"; kind = \"imix\"; from = \"a\"; to = \"b\"; rate = \"1 Mb/s\"; dscp = \"af21\"; "
	"}\n"
	");\n";

static inline bool
lab_fake_transform(
	const char *transform, unsigned *key_len, unsigned *auth_key_len, char *message, size_t bytes)
{
	static const struct {
		const char *text;
		unsigned key, auth;
	} rows[] = {{"esp-gcm 128", 20, 0}, {"esp-aes 128 esp-sha-hmac", 16, 20}, {"esp-aes 128", 16, 0},
		{"esp-null esp-sha-hmac", 0, 20}, {"ah-sha-hmac", 0, 20}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].text, transform) != 0)
			continue;
		*key_len = rows[i].key;
		*auth_key_len = rows[i].auth;
		return true;
	}
	snprintf(message, bytes, "unknown transform \"%s\"; allowed: esp-gcm 128", transform);
	return false;
}

/* Warns of keys that begin with 00 00. */
static inline bool
lab_fake_warning(const char *transform, const uint8_t *key, unsigned key_len, const uint8_t *auth_key,
	unsigned auth_key_len, char *message, size_t bytes)
{
	bool warn = key_len >= 2 && key[0] == 0 && key[1] == 0;

	(void)auth_key;
	if (warn)
		snprintf(message, bytes, "%s, %u and %u bytes, is weak", transform, key_len, auth_key_len);
	return warn;
}

/* Puts the text into a temporary file, whose name it tells, and loads it. */
static inline enum status
lab_load_text(const char *text, size_t n, const struct cfg_set *set, unsigned n_set, struct cfg_lab **lab,
	char file[LAB_FILE_MAX], char *message)
{
	static const char *const replays[] = {"bitmap", "ring", NULL};
	static const char *const engines[] = {"ipsec_mb", NULL};
	static const char *const cards[] = {"aim", "vam2plus", NULL};
	const struct cfg_hooks hooks = {lab_fake_transform, lab_fake_warning, replays, engines, cards};
	enum status status;
	int fd;

	strcpy(file, "/tmp/esplab-cfg-XXXXXX");
	*lab = NULL;
	fd = mkstemp(file);
	if (fd < 0)
		return ST_ERR_IO;
	status = write(fd, text, n) == (ssize_t)n
			 ? cfg_load(file, set, n_set, &hooks, lab, message, LAB_MESSAGE_MAX)
			 : ST_ERR_IO;
	close(fd);
	unlink(file);
	return status;
}

/* A copy of the text, to be freed, in which the first `old` is `new`; NULL where there is none. */
static inline char *
lab_replace(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	char *out = NULL;

	if (at == NULL || asprintf(&out, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) < 0)
		return NULL;
	return out;
}

/* Number of the line in which `part` first stands; 0: nowhere. */
static inline unsigned
lab_line(const char *text, const char *part)
{
	const char *at = strstr(text, part);
	unsigned line = 1;

	if (at == NULL)
		return 0;
	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

struct lab_row {
	const char *old, *new; /* the first `old` of the base becomes `new` */
	const char *mark;      /* the line in which this stands is named; NULL: that of `new` */
	const char *expected;  /* the message behind "FILE:LINE: " begins so */
};

/* A row changes one place of the base; the line is counted in the text, the message stands in the row. */
static inline void
lab_check_row(const struct lab_row *row)
{
	char *text = lab_replace(lab_base, row->old, row->new), *expected = NULL;
	char file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX] = "";
	const char *mark = row->mark != NULL ? row->mark : row->new;
	enum status wanted = row->expected != NULL ? ST_ERR_CONFIG : ST_OK;
	struct cfg_lab *lab;
	bool good;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	good = lab_load_text(text, strlen(text), NULL, 0, &lab, file, message) == wanted;
	CU_ASSERT_EQUAL(lab == NULL, wanted != ST_OK);
	if (row->expected != NULL) {
		CU_ASSERT_TRUE_FATAL(
			asprintf(&expected, "%s:%u: %s", file, lab_line(text, mark), row->expected) > 0);
		good = good && strstr(message, expected) != NULL;
	}
	if (!good)
		printf("\n%s\n  became: %s\n  expected: %s\n", row->new, message,
			expected ? expected : "no fault");
	CU_ASSERT_TRUE(good);
	cfg_free(lab);
	free(expected);
	free(text);
}

#define LAB_CHECK_ROWS(rows)                                                                                 \
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                                          \
	lab_check_row(&rows[i])

/* Loads a text with n pairs of replacements; a fault that holds `expected`, or none. */
static inline void
lab_check_text(const char *base, const char *const (*pairs)[2], unsigned n, const char *expected)
{
	char *text = strdup(base), file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX] = "";
	struct cfg_lab *lab;

	for (unsigned i = 0; i < n; i++) {
		char *next = lab_replace(text, pairs[i][0], pairs[i][1]);

		CU_ASSERT_PTR_NOT_NULL_FATAL(next);
		free(text);
		text = next;
	}
	CU_ASSERT_EQUAL(lab_load_text(text, strlen(text), NULL, 0, &lab, file, message),
		expected ? ST_ERR_CONFIG : ST_OK);
	if (strstr(message, expected ? expected : "") == NULL || (!expected && message[0]))
		printf("\n  became: %s\n  expected: %s\n", message, expected ? expected : "no fault");
	CU_ASSERT_PTR_NOT_NULL(strstr(message, expected ? expected : ""));
	cfg_free(lab);
	free(text);
}

static inline void
lab_check_many(const char *const (*pairs)[2], unsigned n, const char *expected)
{
	lab_check_text(lab_base, pairs, n, expected);
}

static inline void
lab_check_two(const char *old, const char *new, const char *old2, const char *new2, const char *expected)
{
	const char *const pairs[][2] = {{old, new}, {old2, new2}};

	lab_check_many(pairs, 2, expected);
}

#endif
