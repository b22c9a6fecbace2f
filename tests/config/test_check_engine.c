/* config/check_engine.c, what check_all.c says of engines, and how resolve.c hands them to gateways. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_check_engine(void);

#define ENGINES(more) "engines = (\n  { name = \"e\"; kind = \"ipsec_mb\"; " more " } );\nhosts = (\n"

static const struct lab_row rows[] = {
	{"hosts = (\n", ENGINES("profile = \"vam2plus\"; fallback = \"on\";"), NULL, NULL},
	{"hosts = (\n", ENGINES("profile = \"vam2\";"), "vam2",
		"engines.e.profile: unknown word \"vam2\"; allowed: aim, vam2plus"},
	{"hosts = (\n", ENGINES("profile = \"amm\";"), "amm",
		"engines.e.profile: unknown word \"amm\"; allowed: aim, vam2plus; did you mean \"aim\"?"},
	{"hosts = (\n", ENGINES("fallback = true;"), "fallback", "engines.e.fallback: wrong type"},
	{"hosts = (\n", ENGINES("fallback = \"of\";"), "fallback", "engines.e.fallback: unknown word \"of\""},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"lost\"; } );"), "faults",
		"engines.e.faults.0.rate: it would never happen; allowed: a rate above 0, or jobs"},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"stuck\"; jobs = [ ]; } );"), "faults",
		"engines.e.faults.0.rate: it would never happen"},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"short\"; }, { kind = \"mac\"; rate = 1; } );"), NULL,
		NULL},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"lost\"; jobs = [ 1, 7, 4000000 ]; } );"), NULL,
		NULL},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"lost\"; jobs = 3; } );"), NULL, NULL},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"lost\"; jobs = [ 0 ]; } );"), "faults",
		"engines.e.faults.0.jobs.0: 0 is out of range"},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"lost\"; jobs = [ 3, 3 ]; } );"), "faults",
		"engines.e.faults.0.jobs.1: not more than the number before"},
	{"hosts = (\n", ENGINES("faults = ( { kind = \"lots\"; rate = 1; } );"), "faults",
		"engines.e.faults.0.kind: unknown word \"lots\""},
};

static void
test_rows(void)
{
	LAB_CHECK_ROWS(rows);
}

/* Each gateway has an instance of its own, and knows the seed: its faults are its own. */
static void
test_instances(void)
{
	static const struct cfg_set set[] = {{"gateways.gwa.engine", "e"}, {"gateways.gwb.engine", "e"},
		{"lab.seed", "7"}};
	char *text = lab_replace(lab_base, "hosts = (\n", ENGINES("queue = 3;"));
	char file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX] = "";
	struct cfg_lab *lab;

	CU_ASSERT_EQUAL_FATAL(
		lab_load_text(text, strlen(text), set, 3, &lab, file, message), ST_OK);
	for (unsigned g = 0; g < 2; g++) {
		const struct cfg_engine *engine = lab->gateways[g].engine_cfg;

		CU_ASSERT_PTR_NOT_NULL_FATAL(engine);
		CU_ASSERT_STRING_EQUAL(engine->name, "e");
		CU_ASSERT_STRING_EQUAL(engine->owner, lab->gateways[g].name);
		CU_ASSERT_EQUAL(engine->queue, 3);
		CU_ASSERT_EQUAL(engine->seed, 7);
		CU_ASSERT_STRING_EQUAL(engine->inner_engine->kind, "ipsec_mb");
	}
	cfg_free(lab);
	free(text);
}

int
suite_check_engine(void)
{
	CU_pSuite s = CU_add_suite("check_engine", NULL, NULL);

	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_instances);
	return 0;
}
