/* Operations of cases: sessions, packets with known bytes round which nothing may change, and keys.
 *
 * A packet is laid out as ESP does it (RFC 4303 §2), without its outer header: what a MAC or GMAC
 * authenticates stands in one piece, and the nonce and AAD of an AEAD are in the operation.  AH has no IV,
 * and its text is what it authenticates.  Padding and trailers are not made here: see craft.c. */
#include <stdlib.h>
#include <string.h>

#include "conform/case.h"

#define GUARD 0xa5
#define RESULT_UNTOUCHED 0xee

void *
case_alloc(struct conform *c, size_t n, size_t bytes)
{
	void *p = calloc(n, bytes);

	if (!p)
		c->nomem = true;
	return p;
}

void
case_pattern(uint8_t *p, size_t n, uint32_t seed)
{
	seed = seed * UINT32_C(0x9e3779b1) + 1;
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

void
case_keys_fill(struct case_keys *keys)
{
	case_pattern(keys->key, sizeof(keys->key), 1);
	case_pattern(keys->auth_key, sizeof(keys->auth_key), 2);
	case_pattern(keys->salt, sizeof(keys->salt), 3);
}

enum status
case_session_with(struct conform *c, struct drive *drive, unsigned key_len, unsigned auth_key_len,
	enum crypto_direction direction, struct crypto_session **session, char *message, size_t bytes)
{
	struct engine *engine = drive->engine;
	struct case_keys keys;
	struct crypto_key key = {keys.key, key_len, keys.auth_key, auth_key_len};

	case_keys_fill(&keys);
	*session = NULL;
	message[0] = '\0';
	return engine->ops->session_create(engine, c->transform, &key, direction, session, message, bytes);
}

bool
case_pair_open(struct conform *c, struct drive *drive, struct case_pair *pair)
{
	const struct transform *t = c->transform;
	unsigned key_len = t->key_len - (unsigned)t->salt_len;
	char message[256];

	*pair = (struct case_pair){.drive = drive};
	for (unsigned d = CRYPTO_ENCRYPT; d <= CRYPTO_DECRYPT; d++) {
		enum status status = case_session_with(c, drive, key_len, t->auth_key_len,
			(enum crypto_direction)d, &pair->session[d], message, sizeof(message));

		if (status == ST_OK)
			continue;
		case_check(c, drive != &c->drive, "no session to %s: %s", d ? "decrypt" : "encrypt", message);
		pair->session[d] = NULL;
		case_pair_close(pair);
		return false;
	}
	return true;
}

void
case_pair_close(struct case_pair *pair)
{
	for (unsigned d = CRYPTO_ENCRYPT; d <= CRYPTO_DECRYPT; d++)
		if (pair->session[d])
			pair->drive->engine->ops->session_destroy(pair->drive->engine, pair->session[d]);
}

bool
case_batch_open(struct conform *c, struct case_batch *batch, unsigned n, uint32_t text_max)
{
	batch->n = n;
	batch->stride = (2 * CASE_GUARD_BYTES + case_packet_bytes(c->transform, text_max) + 15) & ~15u;
	batch->ops = case_alloc(c, n, sizeof(*batch->ops));
	batch->bytes = case_alloc(c, n, batch->stride);
	if (batch->ops && batch->bytes)
		return true;
	case_batch_close(batch);
	return false;
}

void
case_batch_close(struct case_batch *batch)
{
	free(batch->ops);
	free(batch->bytes);
}

bool
case_only_mac(const struct transform *transform)
{
	return transform->proto == ALG_AH || transform->mode == ALG_MODE_GMAC;
}

uint32_t
case_text_step(const struct transform *transform)
{
	return transform->mode == ALG_MODE_CBC ? transform->block : 1;
}

uint32_t
case_front(const struct transform *transform)
{
	return CASE_HEADER_BYTES + transform->iv_len;
}

uint32_t
case_packet_bytes(const struct transform *transform, uint32_t text_len)
{
	return case_front(transform) + text_len + transform->icv_len;
}

uint32_t
case_nonce_bytes(const struct transform *transform)
{
	return transform->mode == ALG_MODE_CTR ? 16u : (uint32_t)transform->salt_len + transform->iv_len;
}

/* RFC 3686 §4: the counter begins with 1. */
static void
nonce_fill(const struct transform *t, struct crypto_op *op)
{
	case_pattern(op->iv, sizeof(op->iv), 4);
	if (t->mode == ALG_MODE_CTR)
		memcpy(op->iv + 12, "\0\0\0\1", 4);
}

void
case_op(const struct conform *c, struct case_batch *batch, unsigned i, struct crypto_session *session,
	uint32_t text_len)
{
	const struct transform *t = c->transform;
	uint8_t *text = case_packet(batch, i) + case_front(t);
	struct crypto_op *op = &batch->ops[i];

	*op = (struct crypto_op){
		.session = session,
		.text = text,
		.icv = text + text_len,
		.text_len = case_only_mac(t) ? 0 : text_len,
		.result = RESULT_UNTOUCHED,
	};
	nonce_fill(t, op);
	if (t->aead) {
		op->aad_len = 8;
		case_pattern(op->aad, sizeof(op->aad), 5);
	}
	if (t->mode == ALG_MODE_GMAC) /* RFC 4543 §3.3: the IV is in the AAD, behind SPI and number */
		op->auth_before = t->iv_len;
	else if (!t->aead && t->authenticated)
		op->auth_before = (uint8_t)case_front(t);
	if (!t->aead || t->mode == ALG_MODE_GMAC)
		op->auth_len = t->authenticated ? op->auth_before + text_len : 0;
}

void
case_fill(const struct conform *c, struct case_batch *batch, unsigned i, struct crypto_session *session,
	uint32_t text_len, uint32_t seed)
{
	uint8_t *packet = case_packet(batch, i);
	uint32_t bytes = case_packet_bytes(c->transform, text_len);

	memset(packet - CASE_GUARD_BYTES, GUARD, CASE_GUARD_BYTES);
	memset(packet + bytes, GUARD, CASE_GUARD_BYTES);
	case_pattern(packet, bytes, seed);
	case_op(c, batch, i, session, text_len);
}

bool
case_guards_good(const struct conform *c, const struct case_batch *batch, unsigned i, uint32_t text_len)
{
	const uint8_t *packet = case_packet(batch, i);
	uint32_t bytes = case_packet_bytes(c->transform, text_len);

	for (unsigned k = 0; k < CASE_GUARD_BYTES; k++)
		if (packet[-1 - (int)k] != GUARD || packet[bytes + k] != GUARD)
			return false;
	return true;
}

const char *
case_result_text(unsigned result)
{
	static const char *const texts[] = {[CRYPTO_OK] = "ok",
		[CRYPTO_BAD_ICV] = "wrong ICV",
		[CRYPTO_FAILED] = "failed",
		[CRYPTO_LOST] = "lost"};

	return result < sizeof(texts) / sizeof(*texts) ? texts[result] : "no result";
}
