/* Lines: abbreviations, ambiguity, help, arguments, and what is told about lines that are no commands. */
#include "tests/ctrl/ctrl_rig.h"

int suite_ctrl_command(void);

static void
start(struct ctrl_rig *rig)
{
	kit_gateway_init(&rig->g, "esp-gcm 128");
	rig_start(rig);
}

static void
test_abbreviations(void)
{
	static const char *const same[][2] = {
		{"show drops", "sh dr"},
		{"show drops", "  show\tdrops  "},
		{"show crypto ipsec sa", "sh cr ip sa"},
		{"show crypto ipsec sa pix", "sh cr ip sa p"},
		{"show crypto ipsec sa pix name self", "sh cr ip sa n self p"},
		{"show drops | json", "sh dr|j"},
		{"show crypto engine connections active", "show crypto engine connection active"},
	};
	struct ctrl_rig rig;

	start(&rig);
	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++) {
		char *whole = rig_answer(&rig, same[i][0], ST_OK),
		     *brief = rig_answer(&rig, same[i][1], ST_OK);

		CU_ASSERT_STRING_EQUAL(whole, brief);
		CU_ASSERT(strlen(whole) > 20);
		free(whole);
		free(brief);
	}
	rig_stop(&rig);
}

static void
test_refusals(void)
{
	static const char *const lines[][2] = {
		{"show d", "% Ambiguous command \"show d\": drops, debug\n"},
		{"show crypto i", "% Ambiguous command \"show crypto i\": isakmp, ipsec\n"},
		{"show crypto ipsec",
			"% Incomplete command \"show crypto ipsec\"; what follows: sa, replay\n"},
		{"show crypto foo",
			"% Invalid input \"foo\" after \"show crypto\"; allowed: isakmp, ipsec, engine\n"},
		{"clear counters now", "% Invalid input \"now\" after \"clear counters\"; allowed: |\n"},
		{"show drops | xml", "% Invalid input \"xml\" after \"show drops |\"; allowed: json\n"},
		{"show drops |", "% Incomplete command \"show drops |\"; what follows: json\n"},
		{"show crypto ipsec sa name",
			"% Incomplete command \"show crypto ipsec sa name\"; what follows: NAME\n"},
		{"show crypto ipsec sa ios pix",
			"% Invalid input \"pix\" after \"show crypto ipsec sa ios\"; allowed: name, |\n"},
		{"show crypto ipsec sa name b", "% There is no SA \"b\"\n"},
	};
	struct ctrl_rig rig;

	start(&rig);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		rig_expect(&rig, lines[i][0],
			strstr(lines[i][1], "There is no") ? ST_ERR_NOT_FOUND : ST_ERR_CONFIG, lines[i][1]);
	rig_stop(&rig);
}

static void
test_long_lines(void)
{
	char line[COMMAND_LINE + 2], message[256];
	struct ctrl_rig rig;

	start(&rig);
	memset(line, '|', sizeof(line) - 1);
	line[COMMAND_LINE + 1] = '\0';
	rig_expect(&rig, line, ST_ERR_CONFIG, "% The line is longer than 1024 bytes\n");
	line[COMMAND_LINE] = '\0';
	CU_ASSERT_EQUAL(ctrl_check(line, message, sizeof(message)), ST_ERR_CONFIG);
	memcpy(line, "show interface name ", 20);
	memset(line + 20, 'x', COMMAND_LINE - 20);
	free(rig_answer(&rig, line, ST_ERR_NOT_FOUND));
	rig_stop(&rig);
}

static void
test_help(void)
{
	struct ctrl_rig rig;

	start(&rig);
	rig_expect(&rig, "show crypto ?", ST_OK,
		"  isakmp         ISAKMP, which esplab does not speak: keys are static\n"
		"  ipsec          security associations and their windows\n"
		"  engine         what encrypts\n");
	rig_expect(&rig, "sh cr is?", ST_OK,
		"  isakmp         ISAKMP, which esplab does not speak: keys are static\n");
	rig_expect(&rig, "show drops ?", ST_OK, "  all\n  |              in another form\n  <cr>\n");
	rig_expect(&rig, "show nothing ?", ST_ERR_CONFIG,
		"% Invalid input \"nothing\" after \"show\"; allowed: crypto, interface, ip, runtime, drops, "
		"logging, version, debug, monitor\n");
	rig_contains(&rig, "?", "  show           state and counters\n  clear ");
	rig_stop(&rig);
}

struct words {
	char text[512];
};

static void
word_take(void *ctx, const char *word, const char *text)
{
	struct words *words = ctx;

	(void)text;
	strcat(strcat(words->text, word), " ");
}

static void
test_next(void)
{
	static const char *const lines[][2] = {
		{"show crypto ipsec ", "sa replay "},
		{"show crypto ipsec", "ipsec "},
		{"show crypto i", "isakmp ipsec "},
		{"show crypto ipsec sa ", "ios pix name | <cr> "},
		{"show crypto ipsec sa name ", "NAME "},
		{"show crypto ipsec sa name a-b ", "ios pix | <cr> "},
		{"show drops | ", "json "},
		{"show drops | json ", "<cr> "},
		{"shw ", ""},
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct words words = {""};

		ctrl_next(lines[i][0], word_take, &words);
		CU_ASSERT_STRING_EQUAL(words.text, lines[i][1]);
	}
}

/* Whatever stands in a line, it is answered. */
static void
test_any_bytes(void)
{
	static const char alphabet[] = "show cryptoipse|?\"nmadbg\t\\%x";
	uint32_t chance = 1;
	struct ctrl_rig rig;

	start(&rig);
	for (unsigned i = 0; i < 20000; i++) {
		char line[64], *answer;
		unsigned length;

		chance = chance * 1664525u + 1013904223u;
		length = chance >> 26;
		for (unsigned k = 0; k < length; k++) {
			chance = chance * 1664525u + 1013904223u;
			line[k] = chance >> 31 ? alphabet[(chance >> 8) % (sizeof(alphabet) - 1)]
					       : (char)(chance >> 16);
		}
		line[length] = '\0';
		ctrl_run(rig.ctrl, line, &answer);
		CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
		free(answer);
	}
	rig_stop(&rig);
}

int
suite_ctrl_command(void)
{
	CU_pSuite suite = CU_add_suite("ctrl_command", NULL, NULL);

	return !suite || !CU_add_test(suite, "abbreviations", test_abbreviations) ||
	       !CU_add_test(suite, "refusals", test_refusals) ||
	       !CU_add_test(suite, "long lines", test_long_lines) || !CU_add_test(suite, "help", test_help) ||
	       !CU_add_test(suite, "what may come next", test_next) ||
	       !CU_add_test(suite, "any bytes", test_any_bytes);
}
