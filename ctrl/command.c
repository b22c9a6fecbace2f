/* From a line to an answer: words, help, the run of a command. */
#include "ctrl/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/command_parse.h"
#include "ctrl/ctrl_priv.h"

#define MESSAGE_BYTES 2048u

/* A line in words; the last one is open where no blank stands behind it. */
struct line {
	char text[2 * COMMAND_LINE + 2];
	char *word[COMMAND_LINE + 1];
	unsigned n;
	bool open;
};

/* "a b" is one word; so is |, which needs no blanks round it. */
static void
line_split(struct line *line, const char *text, size_t length)
{
	char *to = line->text;
	size_t i = 0;

	line->n = 0;
	line->open = false;
	while (i < length) {
		bool quoted = text[i] == '"';

		if (text[i] == ' ' || text[i] == '\t') {
			i++;
			continue;
		}
		line->word[line->n++] = to;
		i += quoted;
		if (text[i] == '|' && !quoted)
			*to++ = text[i++];
		else
			while (i < length && (quoted ? text[i] != '"' : !strchr(" \t|", text[i])))
				*to++ = text[i++];
		*to++ = '\0';
		line->open = i == length;
		i += quoted;
	}
}

static enum status
line_parse(struct parse *parse, const struct line *line, unsigned n, char *message, size_t bytes)
{
	enum status status = ST_OK;

	parse_begin(parse);
	for (unsigned i = 0; i < n && !status; i++)
		status = parse_step(parse, line->word[i], message, bytes);
	return status;
}

/* The words that may stand at the end of the first `length` bytes. */
static enum status
next_each(const char *text, size_t length, void (*take)(void *, const char *, const char *), void *ctx,
	char *message, size_t bytes)
{
	struct next next[PARSE_NEXT];
	struct parse parse;
	struct line line;
	const char *begin;
	enum status status;
	unsigned n;

	line_split(&line, text, length);
	begin = line.open ? line.word[line.n - 1] : "";
	status = line_parse(&parse, &line, line.n - line.open, message, bytes);
	n = status ? 0 : parse_next(&parse, next);
	for (unsigned i = 0; i < n; i++)
		if (next[i].kind == NEXT_TEXT || !strncmp(next[i].word, begin, strlen(begin)))
			take(ctx, next[i].word, next[i].text);
	return status;
}

void
ctrl_next(const char *line, void (*take)(void *ctx, const char *word, const char *text), void *ctx)
{
	char message[MESSAGE_BYTES];
	size_t length = strlen(line);

	if (length <= COMMAND_LINE)
		next_each(line, length, take, ctx, message, sizeof(message));
}

static void
help_line(void *ctx, const char *word, const char *text)
{
	struct out *out = ctx;
	json_t *row = out_row(out->json, "next");

	out_line(out, *text ? "  %-14s %s\n" : "  %s\n", word, text);
	out_string(row, "word", word);
	out_string(row, "text", text);
}

static void
line_help(struct out *out, const char *text, size_t length)
{
	char message[MESSAGE_BYTES];

	if (next_each(text, length, help_line, out, message, sizeof(message)))
		out_error(out, ST_ERR_CONFIG, "%s", message);
}

static enum status
answer_end(struct out *out, char **answer)
{
	*answer = out_end(out);
	return *answer ? out->status : ST_ERR_NOMEM;
}

static enum status
refuse(bool json, enum status status, const char *message, char **answer)
{
	struct out out;

	if (!out_begin(&out, json))
		return ST_ERR_NOMEM;
	out_error(&out, status, "%s", message);
	return answer_end(&out, answer);
}

static enum status
help(const char *text, size_t length, char **answer)
{
	struct out out;

	if (!out_begin(&out, false))
		return ST_ERR_NOMEM;
	line_help(&out, text, length);
	return answer_end(&out, answer);
}

static enum status
whole_parse(struct parse *parse, const char *text, size_t length, char *message, size_t bytes)
{
	struct line line;
	enum status status;

	parse_begin(parse);
	if (length > COMMAND_LINE) {
		snprintf(message, bytes, "The line is longer than %u bytes", COMMAND_LINE);
		return ST_ERR_CONFIG;
	}
	line_split(&line, text, length);
	status = line_parse(parse, &line, line.n, message, bytes);
	return status ? status : parse_end(parse, message, bytes);
}

enum status
ctrl_check(const char *text, char *message, size_t bytes)
{
	struct parse parse;

	return whole_parse(&parse, text, strlen(text), message, bytes);
}

enum status
ctrl_run(struct ctrl *ctrl, const char *text, char **answer)
{
	size_t length = strcspn(text, "\r\n");
	char message[MESSAGE_BYTES];
	struct command_call call = {.ctrl = ctrl};
	struct parse parse;
	struct out out;
	enum status status;

	*answer = NULL;
	if (length && length <= COMMAND_LINE && text[length - 1] == '?')
		return help(text, length - 1, answer);
	status = whole_parse(&parse, text, length, message, sizeof(message));
	if (status)
		return refuse(parse.json, status, message, answer);
	if (!out_begin(&out, parse.json))
		return ST_ERR_NOMEM;
	out_string(out.json, "gateway", ctrl->target.cfg->name);
	call.out = &out;
	memcpy(call.value, parse.value, sizeof(call.value));
	parse.row->run(&call);
	return answer_end(&out, answer);
}
