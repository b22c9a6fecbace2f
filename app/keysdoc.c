/* Prints docs/configuration.md from the tables of keys.def.  A program of the build, not part of the library;
 * a test compares its output with the file in docs/. */
#include <stdio.h>

#include "config/keys.h"

static const char intro[] =
	"# Configuration\n"
	"\n"
	"<!-- Made by app/keysdoc.c from config/keys.def: change that one. -->\n"
	"\n"
	"A laboratory is one file in the syntax of libconfig: `lab = { ... }; hosts = ( ... ); gateways = ( "
	"... );\n"
	"routers = ( ... ); links = ( ... ); traffic = ( ... ); variants = ( ... );`. Every key stands "
	"below, with its\n"
	"type, its default and what is allowed. An unknown key, a wrong type, a value out of range, a "
	"missing key or a\n"
	"contradiction is refused with file, line and key; then nothing is run. `config/lab/` has examples.\n"
	"\n"
	"## How values are written\n"
	"\n"
	"| value | written |\n"
	"|---|---|\n"
	"| time | seconds, or a text with a unit: `1.5`, `\"20 ms\"`, `\"10us\"`, `\"250 ns\"` |\n"
	"| rate | bit/s, or a text with a unit: `64000`, `\"64 kb/s\"`, `\"2 Mb/s\"`, `\"10 Gbit/s\"`; "
	"powers of 1000 |\n"
	"| size | bytes, or a text with a unit: `1500`, `\"64 kB\"` (1000), `\"64 KiB\"` (1024) |\n"
	"| address, prefix | `\"10.1.0.1\"`, `\"10.1.0.0/16\"`, `\"2001:db8::1\"`, `\"2001:db8:1::/64\"`, "
	"`\"any\"` |\n"
	"| DSCP | 0..63 or a word: %s; where several are allowed, also a list: `[ \"af21\", \"af22\" ]`, "
	"mixed `( \"af21\", 10 )` |\n"
	"| protocol | a number or a word: %s |\n"
	"| ports | `500`, `\"1000-2000\"`, `\"any\"` |\n"
	"| key | hexadecimal digits, `0x`, colons and spaces are ignored; `\"auto\"` derives it from the "
	"seed and the "
	"name of the SA, the same at both ends, for laboratories only |\n"
	"\n"
	"Whole numbers may have 64 bits and may be hexadecimal. `@include` is not supported.\n"
	"\n"
	"## --set path=value and variants\n"
	"\n"
	"`--set` changes or adds any value before anything is checked. The path goes through groups by key "
	"and through\n"
	"lists by the name of the member, or by its index from 0; it ends at a key:\n"
	"\n"
	"    --set gateways.gwb.sas.a-b.window=1024\n"
	"    --set \"links.wan.delay=20 ms\"\n"
	"    --set lab.duration=5\n"
	"    --set gateways.gwa.ports.wan.qos.kind=fifo\n"
	"    --set \"gateways.gwa.policies.0.dscp=[10, 20]\"\n"
	"\n"
	"The value is what could stand behind `=` in the file; a text needs no quotes. A variant is a list "
	"of the same\n"
	"settings, applied after those of the command line. All are checked when the file is loaded; with "
	"`--set` only\nfor `--variants`, as what is set need not make sense with each of them.\n"
	"\n"
	"A link gives its own `rate`, `delay` and so on to its `paths`; a path may have its own.\n";

/* A cell of a table; a bar would end it. */
static void
print_cell(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			putchar('\\');
		putchar(*text);
	}
}

static void
print_key(const struct key *key)
{
	char allowed[600];

	printf("| `%s` | ", key->name);
	if (key->value == key_required)
		printf("required | ");
	else if (key->value == NULL)
		printf("none | ");
	else
		printf("`%s` | ", key->value[0] ? key->value : "\"\"");
	print_cell(key_allowed(key, allowed, sizeof(allowed)));
	printf(" | ");
	print_cell(key->doc);
	printf(" |\n");
}

static void
print_section(const struct section *section)
{
	printf("\n## %s\n\n%s\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n",
		section->heading, section->doc);
	for (unsigned i = 0; i < key_count; i++)
		if (keys[i].of == section->id)
			print_key(&keys[i]);
	if (section->also != section->id)
		printf("\nAnd the keys of %s.\n", sections[section->also].heading);
}

int
main(void)
{
	char dscp[400], proto[200];

	printf(intro, word_list(WORDS_DSCP, dscp, sizeof(dscp)),
		word_list(WORDS_PROTO, proto, sizeof(proto)));
	for (unsigned i = 0; i < SECTION_COUNT; i++)
		print_section(&sections[i]);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
