/* The commands of a console: rows of command.def.  A line is split into words, each of which may be shortened
 * as long as it is unambiguous, as in IOS; `?` asks what may come next; `| json` asks for JSON.  A text with
 * blanks stands in "".  One thread. */
#ifndef CTRL_COMMAND_H
#define CTRL_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define COMMAND_LINE 1024u /* bytes of a line at most */
#define COMMAND_VALUES 16u

struct ctrl;
struct out;

struct command_call {
	struct ctrl *ctrl;
	struct out *out;
	const char *value[COMMAND_VALUES]; /* of the arguments of its row; NULL: left out */
};

/* Runs a line; *answer is the caller's to free, and never NULL but for ERR_NOMEM.  A line that is no command
 * is ERR_CONFIG, and the answer says what would be. */
enum status ctrl_run(struct ctrl *ctrl, const char *line, char **answer);

/* ERR_CONFIG where a line is no command; message says why, and what would be. */
enum status ctrl_check(const char *line, char *message, size_t bytes);

/* Every word that may stand where the line ends, or that goes on with its last word where there is no blank
 * behind; text is its help.  "NAME" in capitals stands for any text, "<cr>" for the end of the line. */
void ctrl_next(const char *line, void (*take)(void *ctx, const char *word, const char *text), void *ctx);

#define WORD(word, text)
#define COMMAND(name, words, arguments, text) void run_##name(struct command_call *call);
#include "ctrl/command.def"
#undef COMMAND
#undef WORD

#endif
