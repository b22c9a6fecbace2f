/* ICVs compared.  Inline: it is asked for every packet that comes in. */
#ifndef CRYPTO_ICV_H
#define CRYPTO_ICV_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

/* In constant time; branches on the length alone.  Every ICV is a multiple of 4 bytes. */
static inline bool
icv_differs(const uint8_t *a, const uint8_t *b, unsigned bytes)
{
	uint64_t x[2], y[2];
	uint32_t differ = 0;

	if (bytes == 16) {
		memcpy(x, a, sizeof(x));
		memcpy(y, b, sizeof(y));
		return ((x[0] ^ y[0]) | (x[1] ^ y[1])) != 0;
	}
	for (unsigned i = 0; i < bytes; i += 4)
		differ |= load_be32(a + i) ^ load_be32(b + i);
	return differ != 0;
}

#endif
