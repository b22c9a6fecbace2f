/* How far one word is from another: for "did you mean". */
#ifndef BASE_DISTANCE_H
#define BASE_DISTANCE_H

#include <stddef.h>

#define DISTANCE_WORD_MAX 63 /* longer words are infinitely far: UINT_MAX */

/* Levenshtein distance of n and m characters, with transposition of neighbours, so that "widnow" is one step
 * from "window".  Any thread. */
unsigned text_distance(const char *a, size_t n, const char *b, size_t m);

#endif
