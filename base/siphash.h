/* SipHash-2-4 (Aumasson and Bernstein, 2012) of whole words: a hash that only who has the key can foresee. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stdint.h>

/* Of the 8 n bytes of these words, each with its lowest byte first. */
uint64_t siphash_words(const uint64_t key[2], const uint64_t *words, unsigned n);

#endif
