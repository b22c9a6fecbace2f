/* esplab: picks the subcommand; the commands stand in files of their own, listed in command.def. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"

struct command {
	const char *name, *arguments, *text;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define COMMAND(n, a, t) {#n, a, t, command_##n},
#include "app/command.def"
#undef COMMAND
};

static void
usage(FILE *out)
{
	fprintf(out, "esplab: a laboratory for IPsec datapaths\n\n");
	for (unsigned i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  esplab %s %s\n      %s\n", commands[i].name, commands[i].arguments,
			commands[i].text);
	fprintf(out, "\n'esplab COMMAND --help' says more.\n");
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return APP_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return APP_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("esplab " ESPLAB_VERSION "\n");
		return APP_OK;
	}
	for (unsigned i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "esplab: there is no command \"%s\"\n", argv[1]);
	usage(stderr);
	return APP_USAGE;
}
