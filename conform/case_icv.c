/* icv: a packet is sealed by the engine, and opened by it with one bit turned: of the ICV, of the text, of
 * what is authenticated before it, of the AAD, of the nonce.  Each must end as a wrong ICV (RFC 4303 §3.4.4),
 * not as good and not as a failure of the engine. */
#include <string.h>

#include "conform/case.h"

#define TEXT_BYTES 48u /* a multiple of every block */

/* Where bits are turned: packet from..to, then AAD, then nonce; in bytes. */
struct span {
	uint32_t from, to, aad, nonce;
};

static struct span
span_of(const struct transform *t)
{
	uint32_t front = case_front(t);
	struct span span = {.to = case_packet_bytes(t, TEXT_BYTES)};

	/* The header and, but for GMAC, the IV in the packet are not what an AEAD authenticates. */
	if (t->aead) {
		span.from = t->mode == ALG_MODE_GMAC ? CASE_HEADER_BYTES : front;
		span.aad = 8;
		span.nonce = case_nonce_bytes(t);
	}
	return span;
}

static const char *
bit_turn(const struct span *span, const struct transform *t, uint8_t *packet, struct crypto_op *op,
	uint32_t bit)
{
	uint32_t at = bit / 8, packet_bytes = span->to - span->from;
	uint8_t mask = (uint8_t)(1u << bit % 8);

	if (at < packet_bytes) {
		packet[span->from + at] ^= mask;
		if (span->from + at < case_front(t))
			return "header or IV";
		return span->from + at < case_front(t) + TEXT_BYTES ? "text" : "ICV";
	}
	if (at < packet_bytes + span->aad) {
		op->aad[at - packet_bytes] ^= mask;
		return "AAD";
	}
	op->iv[at - packet_bytes - span->aad] ^= mask;
	return "nonce";
}

static void
bits_run(struct conform *c, struct case_pair *pair, struct case_batch *batch, const struct span *span)
{
	const struct transform *t = c->transform;
	const uint8_t *sealed = case_packet(batch, 0);
	struct crypto_session *open = pair->session[CRYPTO_DECRYPT];

	for (uint32_t i = 1; i < batch->n; i++) {
		memcpy(case_packet(batch, i), sealed, span->to);
		case_op(c, batch, i, open, TEXT_BYTES);
		if (i > 1) /* the first stays as it is */
			bit_turn(span, t, case_packet(batch, i), &batch->ops[i], i - 2);
	}
	drive_run(pair->drive, batch->ops + 1, batch->n - 1);
	case_check(c, batch->ops[1].result == CRYPTO_OK, "nothing turned: %s",
		case_result_text(batch->ops[1].result));
	for (uint32_t i = 2; i < batch->n; i++) {
		const struct crypto_op *op = &batch->ops[i];
		struct crypto_op scratch = *op;

		if (op->result == CRYPTO_BAD_ICV) {
			case_check(c, true, "%s", "");
			continue;
		}
		const char *where = bit_turn(span, t, case_packet(batch, i), &scratch, i - 2);
		case_check(c, false, "bit %u of the packet, in its %s: %s", i - 2, where,
			case_result_text(op->result));
	}
}

void
case_icv(struct conform *c)
{
	const struct span span = span_of(c->transform);
	uint32_t bits = 8 * (span.to - span.from + span.aad + span.nonce);
	struct case_batch batch;
	struct case_pair pair;

	if (!c->transform->authenticated) {
		case_skip(c, NULL, "the transform has no ICV");
		return;
	}
	if (!case_batch_open(c, &batch, bits + 2, TEXT_BYTES))
		return;
	if (case_pair_open(c, &c->drive, &pair)) {
		case_fill(c, &batch, 0, pair.session[CRYPTO_ENCRYPT], TEXT_BYTES, 7);
		drive_run(&c->drive, batch.ops, 1);
		bits_run(c, &pair, &batch, &span);
		case_pair_close(&pair);
	}
	case_batch_close(&batch);
	case_end(c, NULL, "");
}
