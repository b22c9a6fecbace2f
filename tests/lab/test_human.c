/* lab/human and lab/grid: numbers, sentences and tables for people. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "lab/grid.h"
#include "lab/human.h"

int suite_human(void);

static void
test_count(void)
{
	CU_ASSERT_STRING_EQUAL(human_count(0).text, "0");
	CU_ASSERT_STRING_EQUAL(human_count(999).text, "999");
	CU_ASSERT_STRING_EQUAL(human_count(1000).text, "1,000");
	CU_ASSERT_STRING_EQUAL(human_count(1234567).text, "1,234,567");
	CU_ASSERT_STRING_EQUAL(human_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void
test_percent(void)
{
	CU_ASSERT_STRING_EQUAL(human_percent(0, 0).text, "-");
	CU_ASSERT_STRING_EQUAL(human_percent(0, 5).text, "0 %");
	CU_ASSERT_STRING_EQUAL(human_percent(5, 5).text, "100 %");
	CU_ASSERT_STRING_EQUAL(human_percent(1, 100000).text, "<0.01 %");
	CU_ASSERT_STRING_EQUAL(human_percent(1, 1000).text, "0.10 %");
	CU_ASSERT_STRING_EQUAL(human_percent(1234, 56789).text, "2.2 %");
	CU_ASSERT_STRING_EQUAL(human_percent(99999, 100000).text, ">99.9 %");
}

static void
test_time(void)
{
	CU_ASSERT_STRING_EQUAL(human_time(0).text, "0 ns");
	CU_ASSERT_STRING_EQUAL(human_time(999).text, "999 ns");
	CU_ASSERT_STRING_EQUAL(human_time(1234).text, "1.23 us");
	CU_ASSERT_STRING_EQUAL(human_time(9996).text, "10.0 us");
	CU_ASSERT_STRING_EQUAL(human_time(999499).text, "999 us");
	CU_ASSERT_STRING_EQUAL(human_time(999500).text, "1.00 ms");
	CU_ASSERT_STRING_EQUAL(human_time(20123456).text, "20.1 ms");
	CU_ASSERT_STRING_EQUAL(human_time(999500000).text, "1.00 s");
	CU_ASSERT_STRING_EQUAL(human_time(123456789012).text, "123 s");
}

static void
test_text(void)
{
	char *text, word[120] = "";
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	human_text(out, "%s %s %d", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 7); /* 49 + 1 + 50 = 100, then 7 */
	memset(word, 'x', 110);
	human_text(out, "a %s b", word); /* a word that is too long is not torn */
	human_text(out, "%s", "");
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "bb\n7\na\nxxx"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "xxx\nb\n\n"));
	CU_ASSERT_EQUAL(strcspn(text, "\n"), 100);
	free(text);
}

static void
test_grid(void)
{
	static const char *const cells[] = {"name", "n", "note", "a", "1,000", "first", "long name", "2", "",
		"", "", "x"};
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct grid grid;

	grid_init(&grid, 3, 1 | 4);
	for (unsigned i = 0; i < 12; i++)
		grid_cell(&grid, "%s", cells[i]);
	grid_print(&grid, out);
	fclose(out);
	CU_ASSERT_STRING_EQUAL(text, "name           n  note\n"
				     "---------  -----  -----\n"
				     "a          1,000  first\n"
				     "long name      2\n"
				     "                  x\n");
	free(text);
}

/* The first column gives way, and its texts go on below; more cells than the first allocation holds. */
static void
test_grid_wide(void)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct grid grid;

	grid_init(&grid, 3, 1);
	for (unsigned i = 0; i < 300; i++)
		grid_cell(&grid, "%s", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"); /* 42 */
	grid_print(&grid, out);
	fclose(out);
	CU_ASSERT_EQUAL(strcspn(text, " "), 100 - 2 * (42 + 2));
	CU_ASSERT_EQUAL(bytes, 101u * 101 + 100u * (3 * (2 + 1) + 42 - 12)); /* 12, 10, 10, 10 */
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nabcdefghijkl  abcd"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "nop\n  mnopqrstuv\n  wxyzabcdef\n  ghijklmnop\n"));
	free(text);
}

/* Long names break at blanks, and are whole. */
static void
test_grid_names(void)
{
	static const char number[] = "123456789012345678901234567890123456789"; /* 39 */
	static const char *const names[] = {"name", "AH over ESP, after queue", "AH over ESP",
		"a_name_without_a_single_blank", "AH over ESP, a"};
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct grid grid;

	grid_init(&grid, 3, 1 | 2 | 4);
	for (unsigned i = 0; i < 5; i++) {
		grid_cell(&grid, "%s", names[i]);
		grid_cell(&grid, "%s", i ? number : "a");
		grid_cell(&grid, "%s", i ? number : "b");
	}
	grid_print(&grid, out); /* 18 are left for the name */
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nAH over ESP, after  1"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  queue\nAH over ESP         1"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\na_name_without_a_s  1"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  ingle_blank\nAH over ESP, a      1"));
	free(text);
}

int
suite_human(void)
{
	CU_pSuite s = CU_add_suite("human", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_count);
	CU_ADD_TEST(s, test_percent);
	CU_ADD_TEST(s, test_time);
	CU_ADD_TEST(s, test_text);
	CU_ADD_TEST(s, test_grid);
	CU_ADD_TEST(s, test_grid_wide);
	CU_ADD_TEST(s, test_grid_names);
	return 0;
}
