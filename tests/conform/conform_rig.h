/* What the tests of conform/ share: a run whose lines are kept, and the names of the cases that failed. */
#ifndef TESTS_CONFORM_RIG_H
#define TESTS_CONFORM_RIG_H

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "conform/conform.h"
#include "tests/crypto/crypto_rig.h"

/* Names of cases with a FAIL, each once, in order, a blank behind each. */
struct heard {
	char failed[512];
	char first[512]; /* the first such line */
	char order[200]; /* what the case `order` found */
	struct conform_sum sum;
};

static inline void
heard_line(void *ctx, const struct conform_line *line)
{
	struct heard *heard = ctx;
	char name[64];

	CU_ASSERT(line->expected[0] && line->found[0] && line->rfc[0] && line->transform[0]);
	if (!strcmp(line->name, "order"))
		snprintf(heard->order, sizeof(heard->order), "%s", line->found);
	if (line->verdict != CONFORM_FAIL)
		return;
	snprintf(name, sizeof(name), "%s ", line->name);
	if (!heard->failed[0])
		snprintf(heard->first, sizeof(heard->first), "%s: %s", line->name, line->found);
	if (!strstr(heard->failed, name) ||
		(strstr(heard->failed, name) != heard->failed && strstr(heard->failed, name)[-1] != ' '))
		strncat(heard->failed, name, sizeof(heard->failed) - strlen(heard->failed) - 1);
}

/* Runs all cases with one transform; exactly those named must fail. */
static inline void
rig_expect(const struct conform_subject *subject, const char *words, const char *failed, struct heard *heard)
{
	const struct transform transform = rig_words(words);
	const struct conform_sink sink = {heard_line, heard};

	*heard = (struct heard){0};
	CU_ASSERT_EQUAL(conform_run(subject, &transform, &sink, &heard->sum), ST_OK);
	if (strcmp(heard->failed, failed))
		printf("\n    %s: failed \"%s\", not \"%s\"; %s", words, heard->failed, failed, heard->first);
	CU_ASSERT_STRING_EQUAL(heard->failed, failed);
	CU_ASSERT_EQUAL(heard->sum.lines[CONFORM_FAIL] != 0, failed[0] != '\0');
}

#endif
