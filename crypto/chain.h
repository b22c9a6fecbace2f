/* Operations whose bytes lie in pieces (CRYPTO_CHAIN), for engines that want them in one place. */
#ifndef CRYPTO_CHAIN_H
#define CRYPTO_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/engine.h"

/* Copies the pieces of op->chain, one behind the other, to buffer, at most `bytes`.  Returns how many were
 * copied; the text then begins at buffer + op->auth_before. */
size_t chain_gather(const struct crypto_op *op, uint8_t *buffer, size_t bytes);

/* The text that is now in buffer goes back to where it came from.  Nothing else changed, and nothing else is
 * written.  buffer holds at least op->auth_before + op->text_len bytes, and the chain no fewer. */
void chain_scatter(const struct crypto_op *op, const uint8_t *buffer);

#endif
