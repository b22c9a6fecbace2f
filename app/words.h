/* What commands share about their arguments: options, words, numbers, lists.  They tell what is wrong. */
#ifndef APP_WORDS_H
#define APP_WORDS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

/* Every option of argv to take(), whose value is then in optarg; false: it was wrong, which has been told.
 * 'h' prints usage.  Returns an exit status, or -1: go on, with what is no option from optind on. */
int options_take(int argc, char **argv, const char *letters, const struct option *options, const char *usage,
	bool (*take)(void *request, int option), void *request);

/* The name closest to text, of those offered so far; the first of equals.  Begins as {text, "", UINT_MAX}. */
struct word_nearest {
	const char *text, *name;
	unsigned distance;
};

void word_offer(struct word_nearest *nearest, const char *name);

/* The index of text among the n words; -1 where it is none of them, which has been told: "esplab mtu: --mode
 * wants ..., not ...; did you mean ...?".  command: "esplab mtu". */
int word_choose(
	const char *command, const char *option, const char *text, const char *const *words, unsigned n);

/* A decimal (or 0x hexadecimal) number lo..hi into *value; false where it is none, which has been told. */
bool number_read(
	const char *command, const char *option, const char *text, uint32_t lo, uint32_t hi, uint32_t *value);

/* Numbers split by ',' behind those that are there: at most max in all. */
bool numbers_read(const char *command, const char *option, const char *text, uint32_t lo, uint32_t hi,
	uint32_t *values, unsigned *n, unsigned max);

#endif
