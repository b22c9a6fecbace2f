/* config/scan.c: numbers keep their value, everything else stays as it is. */
#include <CUnit/CUnit.h>

#include <stdlib.h>
#include <string.h>

#include "config/scan.h"

int suite_scan(void);

/* A line break is added at the end. */
static void
check_becomes(const char *text, const char *expected)
{
	const char *what;
	unsigned line;
	char *out = scan_fix(text, strlen(text), &line, &what);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_STRING_EQUAL(out, expected);
	free(out);
}

static void
check_refused(const char *text, unsigned expected_line, const char *expected)
{
	const char *what = NULL;
	unsigned line = 0;
	char *out = scan_fix(text, strlen(text), &line, &what);

	CU_ASSERT_PTR_NULL(out);
	CU_ASSERT_EQUAL(line, expected_line);
	CU_ASSERT_PTR_NOT_NULL_FATAL(what);
	CU_ASSERT_STRING_EQUAL(what, expected);
	free(out);
}

static void
test_numbers(void)
{
	check_becomes("a=2147483647;", "a=2147483647;\n");
	check_becomes("a=2147483648;", "a=0x80000000L;\n");
	check_becomes("a = 4294967296", "a = 0x100000000L\n");
	check_becomes("a=10000000000L;b=5L", "a=0x2540BE400L;b=5\n");
	check_becomes("a=18446744073709551615", "a=0xFFFFFFFFFFFFFFFFL\n");
	check_becomes("a=-2147483647, -2147483649", "a=-2147483647, -2147483649L\n");
	check_becomes("a=0xFFFFFFFF;", "a=0xFFFFFFFFL;\n");
	check_becomes("a=0x1001;b=+7", "a=4097;b=7\n");
	check_becomes("[1,99999999999,2]", "[1,0x174876E7FFL,2]\n");
}

static void
test_untouched(void)
{
	check_becomes("a=1.00005;b=.00001;c=-.5e-3;d=12345678901.5;e=1e12",
		"a=1.00005;b=.00001;c=-.5e-3;d=12345678901.5;e=1e12\n");
	check_becomes("a=\"99999999999 \\\" 99999999999\";", "a=\"99999999999 \\\" 99999999999\";\n");
	check_becomes("# 99999999999\na=1 // 99999999999 \"\n/* 99999999999\n\" */",
		"# 99999999999\na=1 // 99999999999 \"\n/* 99999999999\n\" */\n");
	check_becomes("a99999999999 = b-99999999999", "a99999999999 = b-99999999999\n");
	check_becomes("", "\n");
}

static void
test_refused(void)
{
	check_refused("a=1;\nb=18446744073709551616;", 2, "a number has more than 64 bits");
	check_refused("a=0x10000000000000000", 1, "a number has more than 64 bits");
	check_refused("a=-9223372036854775809", 1, "a negative number has more than 64 bits");
	check_refused("a=1;\n\n@include \"x\"", 3, "@include is not supported");
	check_refused("a=\n\"open\n\n", 2, "a text begins here and has no end");
	check_refused("a=\"open\\\"", 1, "a text begins here and has no end");
	check_refused("a=1;\n/* open\n\n*", 2, "a comment begins here and has no end");
	check_refused("a=1 \"x\"", 1, "a text cannot stand here: is something missing before it?");
	check_refused("\"x\" = 1", 1, "a text cannot stand here: is something missing before it?");
}

static void
test_nul(void)
{
	const char *what = NULL;
	unsigned line = 0;

	CU_ASSERT_PTR_NULL(scan_fix("a=1;\0b=2;", 9, &line, &what));
	CU_ASSERT_STRING_EQUAL(what, "a NUL byte: this is no text file");
}

int
suite_scan(void)
{
	CU_pSuite s = CU_add_suite("scan", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_numbers);
	CU_ADD_TEST(s, test_untouched);
	CU_ADD_TEST(s, test_refused);
	CU_ADD_TEST(s, test_nul);
	return 0;
}
