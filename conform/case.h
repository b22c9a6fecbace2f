/* What the cases share: the run, its verdicts, sessions, and operations with known bytes.  Inside conform/
 * only. One thread. */
#ifndef CONFORM_CASE_H
#define CONFORM_CASE_H

#include <stdbool.h>

#include "conform/conform.h"
#include "conform/drive.h"

#define CASE_KEY_MAX 64u     /* the longest cipher or authentication key */
#define CASE_HEADER_BYTES 8u /* SPI and sequence number, or what stands for them */
#define CASE_GUARD_BYTES 32u /* round each packet; must stay as it is */

struct conform_case {
	const char *name, *text, *rfc;
};

/* A run, at one case with one transform. */
struct conform {
	const struct conform_subject *subject;
	const struct conform_sink *sink;
	struct conform_sum *sum;
	struct drive drive;	/* the engine; without one the reference */
	struct drive reference; /* .engine NULL: there is none */
	const struct conform_case *row;
	const struct transform *transform;
	char words[128]; /* of the transform */
	char rfc[64];	 /* of the transform */
	bool nomem;
	/* of the line to come */
	unsigned checks, wrong;
	char first[256];   /* what was wrong first */
	char refusal[256]; /* what the subject said that it does not have */
};

/* CASE_EACH and so on: the cases of one row, whose verdicts go out by case_end(). */
#define CASE(name, scope, text, rfc) void case_##name(struct conform *c);
#include "conform/case.def"
#undef CASE

/* One check; where it failed, the text says what was found.  Returns good. */
bool case_check(struct conform *c, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Part of the case cannot be done, as the subject says itself. */
void case_refused(struct conform *c, const char *why);
/* The line: PASS or FAIL by the checks since the last one; SKIP where there were none, but a refusal.
 * expected: NULL: the text of the row.  note: said besides, "": nothing. */
void case_end(struct conform *c, const char *expected, const char *note);
/* The line: SKIP, and why. */
void case_skip(struct conform *c, const char *expected, const char *why);

/* Zeroed; NULL where memory is short, which ends the run. */
void *case_alloc(struct conform *c, size_t n, size_t bytes);

/* Bytes that depend on seed and place. */
void case_pattern(uint8_t *p, size_t n, uint32_t seed);

/* Keys of any length, the same in every run. */
struct case_keys {
	uint8_t key[CASE_KEY_MAX], auth_key[CASE_KEY_MAX], salt[4];
};
void case_keys_fill(struct case_keys *keys);

/* A session with the run's transform and keys, its lengths or others.  In message, at least 256 bytes, why
 * not. */
enum status case_session_with(struct conform *c, struct drive *drive, unsigned key_len, unsigned auth_key_len,
	enum crypto_direction direction, struct crypto_session **session, char *message, size_t bytes);

/* Both sessions of one engine. */
struct case_pair {
	struct drive *drive;
	struct crypto_session *session[2]; /* by enum crypto_direction */
};
/* False where the engine makes none: then for the engine under test that is a failed check. */
bool case_pair_open(struct conform *c, struct drive *drive, struct case_pair *pair);
void case_pair_close(struct case_pair *pair);

/* n operations and a packet for each: guard, header, IV, text, ICV, guard. */
struct case_batch {
	struct crypto_op *ops;
	uint8_t *bytes;
	unsigned n;
	uint32_t stride;
};
bool case_batch_open(struct conform *c, struct case_batch *batch, unsigned n, uint32_t text_max);
void case_batch_close(struct case_batch *batch);

static inline uint8_t *
case_packet(const struct case_batch *batch, unsigned i)
{
	return batch->bytes + (size_t)i * batch->stride + CASE_GUARD_BYTES;
}

/* AH and GMAC encipher nothing: what is "text" to a case is authenticated only. */
bool case_only_mac(const struct transform *transform);
/* Texts of that transform are multiples of it. */
uint32_t case_text_step(const struct transform *transform);
/* From the packet's start to its text. */
uint32_t case_front(const struct transform *transform);
/* Bytes of op->iv that count. */
uint32_t case_nonce_bytes(const struct transform *transform);
/* Fills packet i of the batch, n bytes of text, and the operation on it. */
void case_fill(const struct conform *c, struct case_batch *batch, unsigned i, struct crypto_session *session,
	uint32_t text_len, uint32_t seed);
/* The operation alone, on a packet that stays as it is. */
void case_op(const struct conform *c, struct case_batch *batch, unsigned i, struct crypto_session *session,
	uint32_t text_len);
/* Whether the guards round packet i are as they were. */
bool case_guards_good(const struct conform *c, const struct case_batch *batch, unsigned i, uint32_t text_len);
/* From header to ICV. */
uint32_t case_packet_bytes(const struct transform *transform, uint32_t text_len);

/* Words for enum crypto_result. */
const char *case_result_text(unsigned result);

#endif
