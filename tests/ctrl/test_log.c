/* The log ring: order, room, long lines. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "ctrl/log.h"

int suite_ctrl_log(void);

struct seen {
	unsigned n;
	uint64_t first, last;
	bool ordered;
	size_t longest;
};

static void
line_take(void *ctx, uint64_t now, const char *text)
{
	struct seen *seen = ctx;

	if (!seen->n++)
		seen->first = now;
	seen->ordered = seen->ordered && (seen->n == 1 || now == seen->last + 1) &&
			strtoull(text, NULL, 10) == now;
	seen->last = now;
	if (strlen(text) > seen->longest)
		seen->longest = strlen(text);
}

static void
test_ring(void)
{
	struct ctrl_log *log;
	uint64_t now;

	CU_ASSERT_EQUAL_FATAL(log_create(5000, &log), ST_OK);
	for (now = 0; now < 1000; now++) {
		char text[64];
		struct seen seen = {.ordered = true};

		snprintf(text, sizeof(text), "%u %.*s", (unsigned)now, (int)(now % 50),
			"..................................................");
		log_add(log, now, text);
		log_each(log, line_take, &seen);
		CU_ASSERT(seen.ordered);
		CU_ASSERT_EQUAL(seen.last, now);
		CU_ASSERT_EQUAL(seen.n, log_lines(log));
		CU_ASSERT_EQUAL(log_lines(log) + log_lost(log), now + 1);
	}
	CU_ASSERT(log_lines(log) > 50 && log_lines(log) < 120);
	log_clear(log);
	CU_ASSERT_EQUAL(log_lines(log), 0);
	log_destroy(log);
}

static void
test_long(void)
{
	char text[3 * LOG_LINE_MAX];
	struct seen seen = {.ordered = true};
	struct ctrl_log *log;

	CU_ASSERT_EQUAL_FATAL(log_create(1, &log), ST_OK);
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 3; i++)
		log_add(log, i, text);
	log_each(log, line_take, &seen);
	CU_ASSERT_EQUAL(seen.n, 1);
	CU_ASSERT_EQUAL(seen.longest, LOG_LINE_MAX);
	CU_ASSERT_EQUAL(log_lost(log), 2);
	log_destroy(log);
}

int
suite_ctrl_log(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_log", NULL, NULL);

	return !suite || !CU_add_test(suite, "ring", test_ring) ||
	       !CU_add_test(suite, "long lines", test_long);
}
