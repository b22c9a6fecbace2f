/* The published vectors of tests/vectors/crypto/, which scripts/vectors.py compiles in.  Any thread. */
#ifndef CONFORM_VECTOR_H
#define CONFORM_VECTOR_H

#include <stdint.h>

struct vector_bytes {
	const uint8_t *data; /* NULL where there are none */
	unsigned n;
};

struct conform_vector {
	const char *file;      /* names its source at its head */
	const char *name;      /* as the source calls it */
	const char *transform; /* IOS words */
	/* A key shorter than the transform's is padded with zeros (RFC 2104 §2).  iv: what goes into
	 * crypto_op.iv.  out: text enciphered. */
	struct vector_bytes key, auth_key, iv, aad, text, out, icv;
};

extern const struct conform_vector conform_vectors[];
extern const unsigned conform_vector_count;

#endif
