/* config/check_change.c: changes during the run, one fault a row. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_check_change(void);

#define CHANGE(name, at, port, mtu)                                                                          \
	"{ name = \"" name "\"; at = " at "; port = \"" port "\"; mtu = " mtu "; renegotiate = 0.1; }"
#define CHANGES(list) "changes = ( " list " ); links = ("

static const struct lab_row rows[] = {
	{"links = (", CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400")), NULL, NULL},
	{"links = (", CHANGES(CHANGE("m", "0.5", "gwb.wam", "1400")), NULL,
		"changes.m.port: \"gwb.wam\" names no port; allowed: \"gateway.port\"; did you mean "
		"\"gwb.wan\"?"},
	{"links = (", CHANGES(CHANGE("m", "0.5", "b", "1400")), NULL, "changes.m.port: \"b\" names no port"},
	{"links = (", CHANGES(CHANGE("m", "1.0", "gwb.wan", "1400")), NULL,
		"changes.m.at: after the end; allowed: before lab.duration, or 0: never"},
	{"links = (", CHANGES(CHANGE("m", "0.5", "gwb.wan", "67")), NULL, "changes.m.mtu: 67"},
	{"links = (",
		CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400") "," CHANGE("m", "0.8", "gwb.wan", "1300")),
		NULL, "changes.m.name: the name \"m\" is taken"},
	{"links = (",
		CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400") "," CHANGE("n", "0.6", "gwb.wan", "1300")),
		NULL, "changes.n.at: m of the same port is not over"},
	{"links = (",
		CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400") "," CHANGE("n", "0.4", "gwb.wan", "1300")),
		NULL, "changes.n.at: m of the same port is not over"},
	{"links = (",
		CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400") "," CHANGE("n", "0.7", "gwb.wan", "1300")),
		NULL, NULL},
	{"links = (",
		CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400") "," CHANGE("n", "0.5", "gwa.wan", "1300")),
		NULL, NULL},
	{"links = (", CHANGES(CHANGE("m", "0.5", "gwb.wan", "1400") "," CHANGE("n", "0", "gwb.wan", "1300")),
		NULL, NULL},
};

static void
test_rows(void)
{
	LAB_CHECK_ROWS(rows);
}

int
suite_check_change(void)
{
	CU_pSuite s = CU_add_suite("check_change", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_rows);
	return 0;
}
