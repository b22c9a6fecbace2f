/* The waist between the datapath and whatever encrypts: submit / poll / next_due.
 *
 * An operation describes one packet's cryptography in place; the engine borrows it from submit() to poll().
 * Completion order is the engine's property and is not assumed.  All memory that op points to is the caller's
 * and stays put meanwhile.  No mbuf is known here.  One thread an engine instance. */
#ifndef CRYPTO_ENGINE_H
#define CRYPTO_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/alg.h"

enum crypto_direction { CRYPTO_ENCRYPT, CRYPTO_DECRYPT };

enum crypto_result {
	CRYPTO_OK,
	CRYPTO_BAD_ICV, /* decrypt: the ICV differs; the text is not to be used */
	CRYPTO_FAILED,	/* the engine could not do it */
};

#define CRYPTO_ICV_MAX 32

/* 64 bytes that every packet uses, then the ICV that HMAC with ESN moves aside. */
struct crypto_op {
	struct crypto_session *session;
	uint8_t *text;	   /* enciphered in place; with NULL the bytes stay */
	uint8_t *icv;	   /* encrypt: written here; decrypt: compared with this in constant time.
			      Unused where the session has no ICV. */
	uint32_t text_len; /* bytes of text; CBC: a multiple of 16 */
	uint32_t auth_len; /* HMAC: bytes authenticated from text - auth_before on; AEAD: unused */
	uint16_t auth_before;
	uint8_t aad_len;		  /* AEAD: 8 or, with ESN, 12 */
	uint8_t result;			  /* enum crypto_result, set by the engine */
	uint8_t iv[16];			  /* GCM: salt || IV, 12 bytes; CBC: 16 bytes */
	uint8_t aad[12];		  /* AEAD: SPI || [high half] || low half (RFC 4106 §5) */
	uint8_t icv_copy[CRYPTO_ICV_MAX]; /* a place for the caller's copy of the ICV (RFC 4303 §2.2.1) */
};

_Static_assert(offsetof(struct crypto_op, icv_copy) == 64, "the hot part of an op is one cache line");

struct crypto_key {
	const uint8_t *key; /* cipher key; AEAD: without the salt */
	unsigned key_len;
	const uint8_t *auth_key;
	unsigned auth_key_len;
};

struct engine;
struct crypto_session;

struct engine_ops {
	const char *name; /* row of engine.def */
	enum status (*create)(struct engine **engine);
	void (*destroy)(struct engine *engine);
	/* ERR_UNSUPPORTED where this engine lacks the transform.  Keys are copied, expanded, and wiped on
	 * destroy. */
	enum status (*session_create)(struct engine *engine, const struct transform *transform,
		const struct crypto_key *key, enum crypto_direction direction,
		struct crypto_session **session);
	void (*session_destroy)(struct engine *engine, struct crypto_session *session);
	/* Takes the first of the n operations, returns how many; the rest did not fit (queue full). */
	unsigned (*submit)(struct engine *engine, struct crypto_op **ops, unsigned n);
	/* Gives back at most max that are finished. */
	unsigned (*poll)(struct engine *engine, struct crypto_op **done, unsigned max);
	/* When poll() will have more (ns); TIME_NEVER where nothing is under way, 0 where something is ready.
	 */
	uint64_t (*next_due)(const struct engine *engine);
};

/* Every engine's first member. */
struct engine {
	const struct engine_ops *ops;
};

extern const struct engine_ops *const engine_kinds[]; /* rows of engine.def */
extern const unsigned engine_kind_count;
const struct engine_ops *engine_find(const char *name);

#endif
