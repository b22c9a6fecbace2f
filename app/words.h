/* What commands share about their arguments: words, numbers, lists.  They tell what is wrong. */
#ifndef APP_WORDS_H
#define APP_WORDS_H

#include <stdbool.h>
#include <stdint.h>

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
