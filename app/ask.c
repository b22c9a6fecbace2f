/* esplab show | clear | debug | undebug | crypto | monitor | no | reload ...: one command to a running
 * gateway, the rest of the line as on its console. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/client.h"
#include "base/status.h"
#include "ctrl/command.h"

#define LINE_BYTES (COMMAND_LINE + 64u)

struct ask {
	const char *path;
	char line[LINE_BYTES];
	bool json;
};

static void
usage(const char *word, FILE *out)
{
	fprintf(out,
		"esplab %s WORDS ... [options]\n"
		"  --socket PATH  control socket of the gateway\n"
		"  --json         the answer as JSON\n"
		"'esplab %s ?' lists what may follow, after any words.\n",
		word, word);
}

/* Adds a word; one with blanks was quoted in the shell, and is on the console. */
static bool
word_add(struct ask *ask, const char *word)
{
	const char *quote = strpbrk(word, " \t|") && strcmp(word, "|") ? "\"" : "";
	size_t used = strlen(ask->line);
	int n = snprintf(
		ask->line + used, sizeof(ask->line) - used, "%s%s%s%s", used ? " " : "", quote, word, quote);

	return (size_t)n < sizeof(ask->line) - used;
}

/* Returns an exit status, or -1: go on. */
static int
arguments_read(int argc, char **argv, struct ask *ask)
{
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			usage(argv[0], stdout);
			return APP_OK;
		}
		if (!strcmp(argv[i], "--json")) {
			ask->json = true;
		} else if (!strcmp(argv[i], "--socket") && i + 1 < argc) {
			ask->path = argv[++i];
		} else if (!strncmp(argv[i], "--", 2) || !word_add(ask, argv[i])) {
			fprintf(stderr, "esplab %s: \"%s\" is no option, or too long\n", argv[0], argv[i]);
			usage(argv[0], stderr);
			return APP_USAGE;
		}
	}
	return -1;
}

static int
ask_gateway(const struct ask *ask)
{
	int fd = client_connect(ask->path), status;
	char *answer;

	if (fd < 0)
		return APP_FAULT;
	answer = client_ask(fd, ask->line, &status);
	close(fd);
	if (!answer)
		return APP_FAULT;
	fputs(answer, status && *answer == '%' ? stderr : stdout);
	free(answer);
	return !status ? APP_OK : status == ST_ERR_CONFIG ? APP_USAGE : APP_FAULT;
}

static void
help_print(void *ctx, const char *word, const char *text)
{
	(void)ctx;
	printf("  %-14s %s\n", word, text);
}

/* What is no command is told here, and what may follow; no gateway is needed for that. */
static int
ask_run(int argc, char **argv)
{
	char path[4096], message[2048];
	struct ask ask = {.path = client_path_default(path, sizeof(path))};
	int code = arguments_read(argc, argv, &ask);
	size_t length = strlen(ask.line);

	if (code >= 0)
		return code;
	if (length && ask.line[length - 1] == '?') {
		ask.line[length - 1] = '\0';
		ctrl_next(ask.line, help_print, NULL);
		return APP_OK;
	}
	if (ask.json && !word_add(&ask, "|"))
		return APP_USAGE;
	if (ask.json && !word_add(&ask, "json"))
		return APP_USAGE;
	if (ctrl_check(ask.line, message, sizeof(message))) {
		fprintf(stderr, "%% %s\n", message);
		return APP_USAGE;
	}
	return ask_gateway(&ask);
}

int
command_show(int argc, char **argv)
{
	return ask_run(argc, argv);
}

int
command_clear(int argc, char **argv)
{
	return ask_run(argc, argv);
}

int
command_debug(int argc, char **argv)
{
	return ask_run(argc, argv);
}

int
command_undebug(int argc, char **argv)
{
	return ask_run(argc, argv);
}

int
command_crypto(int argc, char **argv)
{
	return ask_run(argc, argv);
}

/* The gateway's working directory is another. */
int
command_reload(int argc, char **argv)
{
	char whole[PATH_MAX];

	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-' && argv[i][0] != '?' && strcmp(argv[i - 1], "--socket") != 0 &&
			realpath(argv[i], whole))
			argv[i] = whole;
	return ask_run(argc, argv);
}

int
command_no(int argc, char **argv)
{
	return ask_run(argc, argv);
}

/* As for `reload`, but the file is not there yet. */
int
command_monitor(int argc, char **argv)
{
	char whole[2 * PATH_MAX], folder[PATH_MAX];

	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i - 1], "file") && argv[i][0] != '/' && argv[i][0] != '?' &&
			getcwd(folder, sizeof(folder))) {
			snprintf(whole, sizeof(whole), "%s/%s", folder, argv[i]);
			argv[i] = whole;
		}
	return ask_run(argc, argv);
}
