/* config/faults.c: one line a fault, each once; and which known word is nearest. */
#include <CUnit/CUnit.h>

#include <string.h>

#include "config/faults.h"

int suite_faults(void);

static void
test_lines(void)
{
	const struct fault_at at = {.file = "x.cfg", .line = 7, .path = "lab.seed"},
			      set = {.path = "lab.seed"};
	const struct fault_at whole = {.file = "x.cfg"};
	struct faults faults;
	char message[400];

	faults_init(&faults, message, sizeof(message));
	fault(&faults, &at, "wrong %d", 5);
	fault(&faults, &at, "wrong %d", 55);
	fault(&faults, &at, "wrong %d", 5);
	fault(&faults, &set, "bad");
	faults.variant = "v";
	fault(&faults, &whole, "all bad");
	CU_ASSERT_STRING_EQUAL(message,
		"x.cfg:7: lab.seed: wrong 5\nx.cfg:7: lab.seed: wrong 55\n--set lab.seed: bad\n"
		"variant \"v\": x.cfg: all bad");
	CU_ASSERT_EQUAL(faults.count, 4);
}

static void
test_small_buffer(void)
{
	const struct fault_at at = {.file = "x.cfg", .line = 7};
	struct faults faults;
	char message[12] = "ABCDEFGHIJK";

	faults_init(&faults, message, 8);
	fault(&faults, &at, "wrong");
	fault(&faults, &at, "more");
	CU_ASSERT_STRING_EQUAL(message, "x.cfg:7");
	CU_ASSERT_EQUAL(memcmp(message + 8, "IJK", 4), 0);
	CU_ASSERT_EQUAL(faults.count, 2);
	faults_init(&faults, NULL, 0);
	fault(&faults, &at, "wrong");
	CU_ASSERT_EQUAL(faults.count, 1);
}

static const char *
nearest_of(const char *word)
{
	static const char *const known[] = {"window", "dscp", "dst", "df", "first_seq", "Mb/s", "b/s"};
	struct nearest near;

	nearest_init(&near, word);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		nearest_offer(&near, known[i]);
	return near.best ? near.best : "";
}

static void
test_nearest(void)
{
	struct nearest near;
	char word[200];

	CU_ASSERT_STRING_EQUAL(nearest_of("widnow"), "window");
	CU_ASSERT_STRING_EQUAL(nearest_of("windows"), "window");
	CU_ASSERT_STRING_EQUAL(nearest_of("WINDOW"), "window");
	CU_ASSERT_STRING_EQUAL(nearest_of("dscpp"), "dscp");
	CU_ASSERT_STRING_EQUAL(nearest_of("firstseq"), "first_seq");
	CU_ASSERT_STRING_EQUAL(nearest_of("mb/s"), "Mb/s");
	CU_ASSERT_STRING_EQUAL(nearest_of("transform"), "");
	CU_ASSERT_STRING_EQUAL(nearest_of(""), "");
	memset(word, 'w', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	CU_ASSERT_STRING_EQUAL(nearest_of(word), "");
	nearest_init(&near, "widnow");
	CU_ASSERT_STRING_EQUAL(nearest_text(&near), "");
	nearest_offer(&near, "window");
	CU_ASSERT_STRING_EQUAL(nearest_text(&near), "; did you mean \"window\"?");
}

int
suite_faults(void)
{
	CU_pSuite s = CU_add_suite("faults", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_lines);
	CU_ADD_TEST(s, test_small_buffer);
	CU_ADD_TEST(s, test_nearest);
	return 0;
}
