/* esplab console: commands to a running gateway, with completion (Tab), help (?) and history, by libedit. The
 * history ends with the console, as lines may hold keys.  Without a terminal it reads lines, for scripts. */
#include <histedit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/client.h"
#include "ctrl/command.h"

#define PROMPT_BYTES 128u
#define HISTORY_LINES 500
#define COMMON_BYTES 64u

struct console {
	int fd;
	char prompt[PROMPT_BYTES];
	EditLine *line;
	History *history;
};

/* What the words that may come next have in common. */
struct common {
	unsigned n;
	char word[COMMON_BYTES];
	bool text; /* any text may stand there */
};

static void
common_take(void *ctx, const char *word, const char *text)
{
	struct common *common = ctx;
	unsigned same = 0;

	(void)text;
	if (!strcmp(word, "<cr>"))
		return;
	if (word[0] >= 'A' && word[0] <= 'Z') {
		common->text = true;
		return;
	}
	if (!common->n++) {
		snprintf(common->word, sizeof(common->word), "%s", word);
		return;
	}
	while (word[same] && word[same] == common->word[same])
		same++;
	common->word[same] = '\0';
}

static void
help_print(void *ctx, const char *word, const char *text)
{
	FILE *out = ctx;

	fprintf(out, *text ? "  %-14s %s\n" : "  %s\n", word, text);
}

/* The line up to the cursor. */
static void
line_copy(EditLine *el, char *out, size_t bytes)
{
	const LineInfo *info = el_line(el);

	snprintf(out, bytes, "%.*s", (int)(info->cursor - info->buffer), info->buffer);
}

static unsigned char
key_help(EditLine *el, int key)
{
	char line[COMMAND_LINE];

	(void)key;
	line_copy(el, line, sizeof(line));
	printf("?\n");
	ctrl_next(line, help_print, stdout);
	fflush(stdout);
	return CC_REDISPLAY;
}

static unsigned char
key_complete(EditLine *el, int key)
{
	struct common common = {0};
	char line[COMMAND_LINE], rest[COMMON_BYTES + 1];
	const char *last;

	(void)key;
	line_copy(el, line, sizeof(line));
	ctrl_next(line, common_take, &common);
	last = strpbrk(line, " \t|") ? line + strlen(line) : line;
	while (last > line && !strchr(" \t|", last[-1]))
		last--;
	if (common.text || !common.n || strncmp(common.word, last, strlen(last)))
		return CC_ERROR;
	snprintf(rest, sizeof(rest), "%s%s", common.word + strlen(last), common.n == 1 ? " " : "");
	if (!*rest)
		return key_help(el, key);
	return el_insertstr(el, rest) ? CC_ERROR : CC_REFRESH;
}

static char *
prompt(EditLine *el)
{
	struct console *console = NULL;

	el_get(el, EL_CLIENTDATA, &console);
	return console->prompt;
}

/* The answer, on stdout; false where the gateway has gone. */
static bool
line_run(struct console *console, const char *line, int *status)
{
	char *answer = client_ask(console->fd, line, status);

	if (!answer)
		return false;
	fputs(answer, stdout);
	fflush(stdout);
	free(answer);
	return true;
}

static bool
is_end(const char *line)
{
	return !strcmp(line, "exit") || !strcmp(line, "quit");
}

/* "gw" of {"gateway": "gw", ...}, for the prompt. */
static void
prompt_make(struct console *console)
{
	int status;
	char *answer = client_ask(console->fd, "show debug | json", &status);
	const char *name = answer ? strstr(answer, "\"gateway\": \"") : NULL;

	name = name ? name + strlen("\"gateway\": \"") : "esplab";
	snprintf(console->prompt, sizeof(console->prompt), "%.*s# ", (int)strcspn(name, "\""), name);
	free(answer);
}

static bool
edit_begin(struct console *console)
{
	HistEvent event;

	console->line = el_init("esplab", stdin, stdout, stderr);
	console->history = history_init();
	if (!console->line || !console->history)
		return false;
	history(console->history, &event, H_SETSIZE, HISTORY_LINES);
	el_set(console->line, EL_CLIENTDATA, console);
	el_set(console->line, EL_PROMPT, prompt);
	el_set(console->line, EL_EDITOR, "emacs");
	el_set(console->line, EL_HIST, history, console->history);
	el_set(console->line, EL_SIGNAL, 1);
	el_set(console->line, EL_ADDFN, "esplab-help", "what may come next", key_help);
	el_set(console->line, EL_ADDFN, "esplab-complete", "complete a word", key_complete);
	el_set(console->line, EL_BIND, "?", "esplab-help", NULL);
	el_set(console->line, EL_BIND, "^I", "esplab-complete", NULL);
	el_set(console->line, EL_BIND, "^R", "em-inc-search-prev", NULL);
	return true;
}

static void
edit_end(struct console *console)
{
	if (console->line)
		el_end(console->line);
	if (console->history)
		history_end(console->history);
}

static int
terminal_run(struct console *console)
{
	int code = APP_OK;

	prompt_make(console);
	if (!edit_begin(console)) {
		fprintf(stderr, "esplab console: the terminal cannot be used\n");
		code = APP_FAULT;
	}
	while (code == APP_OK) {
		HistEvent event;
		int bytes, status;
		const char *got = el_gets(console->line, &bytes);
		char line[COMMAND_LINE + 1];

		if (!got || bytes <= 0)
			break;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(got, "\r\n"), got);
		if (is_end(line))
			break;
		if (line[strspn(line, " \t")] == '\0')
			continue;
		history(console->history, &event, H_ENTER, line);
		if (!line_run(console, line, &status))
			code = APP_FAULT;
	}
	edit_end(console);
	return code;
}

/* Goes on after a line that failed, and remembers it. */
static int
lines_run(struct console *console)
{
	char *line = NULL;
	size_t bytes = 0;
	int code = APP_OK, status;

	while (code != APP_FAULT && getline(&line, &bytes, stdin) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (is_end(line))
			break;
		if (line[strspn(line, " \t")] == '\0')
			continue;
		if (!line_run(console, line, &status))
			code = APP_FAULT;
		else if (status)
			code = APP_USAGE;
	}
	free(line);
	return code;
}

static const char usage_text[] = "esplab console [options]\n"
				 "  --socket PATH  control socket of the gateway\n"
				 "Tab completes, ? lists what may come next, exit ends.\n";

int
command_console(int argc, char **argv)
{
	char path[4096];
	struct console console = {0};
	const char *socket = client_path_default(path, sizeof(path));
	int code;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return APP_OK;
	}
	if (argc == 3 && !strcmp(argv[1], "--socket")) {
		socket = argv[2];
	} else if (argc > 1) {
		fputs(usage_text, stderr);
		return APP_USAGE;
	}
	console.fd = client_connect(socket);
	if (console.fd < 0)
		return APP_FAULT;
	code = isatty(STDIN_FILENO) ? terminal_run(&console) : lines_run(&console);
	close(console.fd);
	return code;
}
