/* The inside of command.c: a line word by word against the rows of command.def. */
#ifndef CTRL_COMMAND_PARSE_H
#define CTRL_COMMAND_PARSE_H

#include <stdbool.h>

#include "ctrl/command.h"

#define PARSE_NEXT 40u

struct command_row {
	const char *words, *arguments, *text;
	void (*run)(struct command_call *call);
};

enum next_kind { NEXT_WORD, NEXT_CHOICE, NEXT_KEY, NEXT_TEXT, NEXT_PIPE, NEXT_JSON, NEXT_END };

/* A word that may come next. */
struct next {
	enum next_kind kind;
	char word[32];
	const char *text;
	unsigned item; /* place among the arguments */
};

struct parse {
	uint64_t alive;		       /* bit r: row r begins with the words so far */
	unsigned depth;		       /* words so far */
	const struct command_row *row; /* all its words were there */
	const char *value[COMMAND_VALUES];
	uint32_t given; /* bit i: argument i was there */
	int pending;	/* argument whose key was there and whose text comes next; -1: none */
	bool piped, json;
	char said[COMMAND_LINE * 2]; /* the words so far, in full */
	char kept[COMMAND_LINE * 2]; /* texts that values point into */
	unsigned used;		     /* of kept */
};

void parse_begin(struct parse *parse);
/* All words that may come next, into next[PARSE_NEXT]; how many. */
unsigned parse_next(const struct parse *parse, struct next *next);
/* One word more.  ERR_CONFIG: why not stands in message. */
enum status parse_step(struct parse *parse, const char *word, char *message, size_t bytes);
/* Whether the line may end here; else message says what is missing. */
enum status parse_end(const struct parse *parse, char *message, size_t bytes);

#endif
