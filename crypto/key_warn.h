/* Whether a key or an algorithm deserves a word of warning. */
#ifndef CRYPTO_KEY_WARN_H
#define CRYPTO_KEY_WARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True, and one line in message, where the transform is deprecated or encrypts without authentication, or
 * where a key is no secret: all zeros, all bytes the same, weak for DES.  key: the cipher's, with or without
 * the salt behind it.  False for words that are no transform; who wants to know why asks transform_parse().
 * The message never shows a byte of a key. */
bool key_warning(const char *transform, const uint8_t *key, unsigned key_len, const uint8_t *auth_key,
	unsigned auth_key_len, char *message, size_t bytes);

#endif
