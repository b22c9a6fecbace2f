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
	CRYPTO_LOST,	/* the device never answered; the text is in no known state */
};

#define CRYPTO_ICV_MAX 32

enum crypto_flag {
	CRYPTO_CHAIN = 1, /* the bytes lie in op->chain; for whoever has no contiguous packet */
};

/* Bytes from text - auth_before on, in order, where they are not contiguous.  Then text is NULL. */
struct crypto_piece {
	uint8_t *data;
	uint32_t len;
};

struct crypto_chain {
	const struct crypto_piece *pieces;
	unsigned n;
};

/* 64 bytes that every packet uses, then what few need.
 *
 * Encrypt: the text is enciphered, then text - auth_before .. + auth_len is authenticated (with AEAD: aad and
 * text; with GMAC: aad and auth_len bytes from text - auth_before on, nothing is enciphered), and the ICV is
 * written.  Decrypt: the other way round.  icv may lie anywhere, but not inside what is authenticated. */
struct crypto_op {
	struct crypto_session *session;
	uint8_t *text;	   /* enciphered in place; with NULL the bytes stay */
	uint8_t *icv;	   /* encrypt: written here; decrypt: compared with this in constant time.
			      Unused where the session has no ICV. */
	uint32_t text_len; /* bytes of text; CBC: a multiple of the block; AH and GMAC: 0 */
	uint32_t auth_len; /* MAC and GMAC: bytes authenticated from text - auth_before on; AEAD: unused */
	uint8_t auth_before;
	uint8_t flags;	 /* enum crypto_flag */
	uint8_t aad_len; /* AEAD: 8 or, with ESN, 12 */
	uint8_t result;	 /* enum crypto_result, set by the engine */
	/* GCM, GMAC, ChaCha20-Poly1305: salt || IV, 12 bytes; CCM: salt || IV, 11 bytes; CTR: nonce || IV ||
	 * 1, 16 bytes (RFC 3686 §4); CBC: a block */
	uint8_t iv[16];
	uint8_t aad[12];		  /* AEAD: SPI || [high half] || low half (RFC 4106 §5) */
	uint8_t icv_copy[CRYPTO_ICV_MAX]; /* a place for the caller's copy of the ICV (RFC 4303 §2.2.1) */
	const struct crypto_chain *chain;
};

_Static_assert(offsetof(struct crypto_op, icv_copy) == 64, "the hot part of an op is one cache line");

struct crypto_key {
	const uint8_t *key; /* cipher key, without the salt */
	unsigned key_len;
	const uint8_t *auth_key;
	unsigned auth_key_len;
};

struct cfg_engine;
struct engine;
struct crypto_session;
struct slab;

/* What an engine counts, rows of counter.def. */
enum engine_counter {
#define COUNTER(name, text, meaning) ENGINE_##name,
#include "crypto/counter.def"
#undef COUNTER
	ENGINE_COUNTER_COUNT
};

struct engine_counter_info {
	const char *text, *meaning;
};

extern const struct engine_counter_info engine_counter_info[ENGINE_COUNTER_COUNT];

/* now: ns, never less than in an earlier call.  message: one line of why not, for the user. */
struct engine_ops {
	const char *name; /* row of engine.def */
	/* cfg is borrowed for the life of the engine.  Calls through engine_create(). */
	enum status (*create)(
		const struct cfg_engine *cfg, struct engine **engine, char *message, size_t bytes);
	void (*destroy)(struct engine *engine);
	/* ERR_UNSUPPORTED where this engine lacks the transform, ERR_RANGE where it holds no more.  Keys are
	 * copied, expanded, and wiped on destroy. */
	enum status (*session_create)(struct engine *engine, const struct transform *transform,
		const struct crypto_key *key, enum crypto_direction direction,
		struct crypto_session **session, char *message, size_t bytes);
	void (*session_destroy)(struct engine *engine, struct crypto_session *session);
	/* Takes the first of the n operations, returns how many; the rest did not fit (queue full).  Where
	 * `refuses` is set, only the next did not, and those behind it may. */
	unsigned (*submit)(struct engine *engine, struct crypto_op **ops, unsigned n, uint64_t now);
	/* Gives back at most max that are finished. */
	unsigned (*poll)(struct engine *engine, struct crypto_op **done, unsigned max, uint64_t now);
	/* When poll() will have more (ns); TIME_NEVER where nothing is under way, 0 where something is ready.
	 */
	uint64_t (*next_due)(const struct engine *engine);
	/* ENGINE_COUNTER_COUNT of them; NULL: this engine counts nothing. */
	const uint64_t *(*counters)(const struct engine *engine);
	/* NULL, or: this session will soon be worked with. */
	void (*prefetch)(const struct crypto_session *session);
	/* ERR_UNSUPPORTED and ERR_RANGE of session_create are what such a device does, and no mistake of the
	 * configuration: the SA exists, and carries nothing. */
	bool refuses;
	/* Operations may come back in another order than they were submitted in. */
	bool reorders;
	/* NULL, or of an engine that reorders and may never be empty: operations are numbered as they are
	 * taken; the number of the oldest that poll() has not given back, and in *next that of the next one,
	 * which is also the answer where there is none. */
	uint64_t (*oldest)(const struct engine *engine, uint64_t *next);
};

/* Every engine's first member. */
struct engine {
	const struct engine_ops *ops;
	struct slab *memory; /* of what there is for each SA, the session and what stands round it */
};

/* An engine of cfg->kind.  ERR_NOT_FOUND for an unknown kind. */
enum status engine_create(const struct cfg_engine *cfg, struct engine **engine, char *message, size_t bytes);
void engine_destroy(struct engine *engine); /* NULL is fine */

extern const struct engine_ops *const engine_kinds[]; /* rows of engine.def */
extern const unsigned engine_kind_count;
const struct engine_ops *engine_find(const char *name);

#endif
