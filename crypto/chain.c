/* Operations whose bytes lie in pieces: to one place and back.
 *
 * Pieces may have any length, 0 as well, and the text may begin and end inside one.  The ICV is no part of
 * the chain.  Knows no transform: whether the pieces hold enough is asked by whoever knows what is needed. */
#include "crypto/chain.h"

#include <string.h>

size_t
chain_gather(const struct crypto_op *op, uint8_t *buffer, size_t bytes)
{
	size_t used = 0;

	for (unsigned i = 0; i < op->chain->n && used < bytes; i++) {
		const struct crypto_piece *piece = &op->chain->pieces[i];
		size_t n = piece->len < bytes - used ? piece->len : bytes - used;

		if (n)
			memcpy(buffer + used, piece->data, n);
		used += n;
	}
	return used;
}

void
chain_scatter(const struct crypto_op *op, const uint8_t *buffer)
{
	size_t from = op->auth_before, to = from + op->text_len, at = 0;

	for (unsigned i = 0; i < op->chain->n && at < to; i++) {
		const struct crypto_piece *piece = &op->chain->pieces[i];
		size_t first = at < from ? from : at, end = at + piece->len < to ? at + piece->len : to;

		if (first < end)
			memcpy(piece->data + (first - at), buffer + first, end - first);
		at += piece->len;
	}
}
