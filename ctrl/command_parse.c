/* A line word by word: which rows of command.def begin like this, and what may come next.
 *
 * All questions - does this word fit, is it ambiguous, what would be allowed, what does `?` print - are
 * answered from one list, parse_next(). */
#include "ctrl/command_parse.h"

#include <stdio.h>
#include <string.h>

#define WORD(word, text)
#define COMMAND(name, w, a, t) {w, a, t, run_##name},
static const struct command_row rows[] = {
#include "ctrl/command.def"
};
#undef COMMAND
#undef WORD

#define WORD(w, t) {w, t},
#define COMMAND(name, words, arguments, text)
static const struct {
	const char *word, *text;
} words[] = {
#include "ctrl/command.def"
};
#undef COMMAND
#undef WORD

#define ROWS (sizeof(rows) / sizeof(*rows))

_Static_assert(ROWS <= 64, "rows are bits");

/* The i-th of the blank-separated words; false where there are fewer.  [...] is one word. */
static bool
word_at(const char *text, unsigned i, char *word, size_t bytes)
{
	for (;; i--) {
		size_t run;

		text += strspn(text, " ");
		run = *text == '[' ? strcspn(text, "]") + 1 : strcspn(text, " ");
		if (!*text)
			return false;
		if (!i) {
			snprintf(word, bytes, "%.*s", (int)run, text);
			return true;
		}
		text += run;
	}
}

void
parse_begin(struct parse *parse)
{
	memset(parse, 0, sizeof(*parse));
	parse->alive = ROWS < 64 ? (UINT64_C(1) << ROWS % 64) - 1 : UINT64_MAX;
	parse->pending = -1;
}

static const char *
word_text(const char *word, const struct command_row *row, unsigned depth)
{
	char more[32];

	if (!word_at(row->words, depth + 1, more, sizeof(more)))
		return row->text;
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i].word, word))
			return words[i].text;
	return "";
}

static unsigned
next_add(
	struct next *next, unsigned n, enum next_kind kind, const char *word, const char *text, unsigned item)
{
	if (n == PARSE_NEXT)
		return n;
	for (unsigned i = 0; i < n; i++)
		if (kind == NEXT_WORD && !strcmp(next[i].word, word))
			return n;
	next[n] = (struct next){.kind = kind, .text = text, .item = item};
	snprintf(next[n].word, sizeof(next[n].word), "%.*s", (int)sizeof(next[n].word) - 1, word);
	return n + 1;
}

static unsigned
next_words(const struct parse *parse, struct next *next)
{
	char word[32];
	unsigned n = 0;

	for (unsigned r = 0; r < ROWS; r++)
		if (parse->alive >> r & 1 && word_at(rows[r].words, parse->depth, word, sizeof(word)))
			n = next_add(next, n, NEXT_WORD, word, word_text(word, &rows[r], parse->depth), 0);
	return n;
}

/* "[a|b]", "[key NAME]", "NAME" */
static unsigned
next_argument(struct next *next, unsigned n, const char *argument, unsigned item)
{
	char word[32];
	const char *at = argument + 1, *blank = strchr(argument, ' ');

	if (*argument != '[')
		return next_add(next, n, NEXT_TEXT, argument, "", item);
	if (blank) {
		snprintf(word, sizeof(word), "%.*s", (int)(blank - at), at);
		return next_add(next, n, NEXT_KEY, word, "", item);
	}
	for (size_t run; *at && *at != ']'; at += run + (at[run] == '|')) {
		run = strcspn(at, "|]");
		snprintf(word, sizeof(word), "%.*s", (int)run, at);
		n = next_add(next, n, NEXT_CHOICE, word, "", item);
	}
	return n;
}

/* The text behind a key: "[name NAME]" -> "NAME". */
static unsigned
next_pending(const struct parse *parse, struct next *next)
{
	char argument[64], word[32];

	word_at(parse->row->arguments, (unsigned)parse->pending, argument, sizeof(argument));
	snprintf(word, sizeof(word), "%s", strchr(argument, ' ') + 1);
	word[strcspn(word, "]")] = '\0';
	return next_add(next, 0, NEXT_TEXT, word, "", (unsigned)parse->pending);
}

unsigned
parse_next(const struct parse *parse, struct next *next)
{
	char argument[64];
	unsigned n = 0;

	if (!parse->row)
		return next_words(parse, next);
	if (parse->pending >= 0)
		return next_pending(parse, next);
	if (parse->piped && !parse->json)
		return next_add(next, n, NEXT_JSON, "json", "as JSON", 0);
	for (unsigned i = 0; !parse->piped && word_at(parse->row->arguments, i, argument, sizeof(argument));
		i++) {
		if (parse->given >> i & 1)
			continue;
		n = next_argument(next, n, argument, i);
		if (*argument != '[') /* texts come one after another, and before what may be left out */
			return n;
	}
	if (!parse->piped)
		n = next_add(next, n, NEXT_PIPE, "|", "in another form", 0);
	return next_add(next, n, NEXT_END, "<cr>", "", 0);
}

/* The words of a list that begin with `begin`, "a, b, c". */
static void
next_list(const struct next *next, unsigned n, const char *begin, char *out, size_t bytes)
{
	size_t used = 0;

	*out = '\0';
	for (unsigned i = 0; i < n && used < bytes; i++)
		if (next[i].kind != NEXT_END && !strncmp(next[i].word, begin, strlen(begin)))
			used += (size_t)snprintf(
				out + used, bytes - used, "%s%s", used ? ", " : "", next[i].word);
}

/* The one that a word means; NULL where none or several, and message says so. */
static const struct next *
next_choose(const struct parse *parse, const struct next *next, unsigned n, const char *word, char *message,
	size_t bytes)
{
	const struct next *found = NULL;
	unsigned fits = 0;
	char list[1024];

	for (unsigned i = 0; i < n; i++) {
		if (next[i].kind == NEXT_END)
			continue;
		if (next[i].kind == NEXT_TEXT || !strcmp(next[i].word, word))
			return &next[i];
		if (!strncmp(next[i].word, word, strlen(word))) {
			fits++;
			found = &next[i];
		}
	}
	if (fits == 1)
		return found;
	next_list(next, n, fits ? word : "", list, sizeof(list));
	if (fits)
		snprintf(message, bytes, "Ambiguous command \"%s%s%s\": %s", parse->said,
			*parse->said ? " " : "", word, list);
	else
		snprintf(message, bytes, "Invalid input \"%s\"%s%s%s; allowed: %s", word,
			*parse->said ? " after \"" : "", parse->said, *parse->said ? "\"" : "",
			*list ? list : "nothing more");
	return NULL;
}

static const char *
text_keep(struct parse *parse, const char *text)
{
	char *kept = parse->kept + parse->used;
	size_t room = sizeof(parse->kept) - parse->used;

	parse->used += (unsigned)snprintf(kept, room, "%s", text) + 1;
	return kept;
}

static void
words_step(struct parse *parse, const char *word)
{
	char own[32];

	for (unsigned r = 0; r < ROWS; r++)
		if (!word_at(rows[r].words, parse->depth, own, sizeof(own)) || strcmp(own, word))
			parse->alive &= ~(UINT64_C(1) << r);
	parse->depth++;
	for (unsigned r = 0; r < ROWS; r++)
		if (parse->alive >> r & 1 && !word_at(rows[r].words, parse->depth, own, sizeof(own)))
			parse->row = &rows[r];
}

static void
next_take(struct parse *parse, const struct next *next, const char *word)
{
	switch (next->kind) {
	case NEXT_WORD:
		words_step(parse, next->word);
		return;
	case NEXT_PIPE:
		parse->piped = true;
		return;
	case NEXT_JSON:
		parse->json = true;
		return;
	case NEXT_KEY:
		parse->pending = (int)next->item;
		return;
	case NEXT_CHOICE:
	case NEXT_TEXT:
		parse->value[next->item] = text_keep(parse, next->kind == NEXT_TEXT ? word : next->word);
		parse->given |= 1u << next->item;
		parse->pending = -1;
		return;
	case NEXT_END:
		return;
	}
}

enum status
parse_step(struct parse *parse, const char *word, char *message, size_t bytes)
{
	struct next next[PARSE_NEXT];
	const struct next *found = next_choose(parse, next, parse_next(parse, next), word, message, bytes);
	size_t said = strlen(parse->said);

	if (!found)
		return ST_ERR_CONFIG;
	next_take(parse, found, word);
	snprintf(parse->said + said, sizeof(parse->said) - said, "%s%s", said ? " " : "",
		found->kind == NEXT_TEXT ? word : found->word);
	return ST_OK;
}

enum status
parse_end(const struct parse *parse, char *message, size_t bytes)
{
	struct next next[PARSE_NEXT];
	unsigned n = parse_next(parse, next);
	char list[1024];

	if (n && next[n - 1].kind == NEXT_END)
		return ST_OK;
	next_list(next, n, "", list, sizeof(list));
	snprintf(message, bytes, "Incomplete command \"%s\"; what follows: %s", parse->said, list);
	return ST_ERR_CONFIG;
}
