/* chain: the bytes of a packet in pieces (CRYPTO_CHAIN, crypto/engine.h), cut in two at every offset and in
 * three at some, must come out as in one piece; each piece has guards of its own round it. */
#include <stdlib.h>
#include <string.h>

#include "conform/case.h"

#define TEXT_BYTES 64u
#define PIECE_MAX 3u
#define GAP 16u
#define GUARD 0x5a

/* A packet in pieces, wide apart. */
struct cut {
	struct crypto_piece piece[PIECE_MAX];
	struct crypto_chain chain;
	uint8_t icv[CRYPTO_ICV_MAX];
	uint8_t bytes[CASE_HEADER_BYTES + 16 + TEXT_BYTES + (PIECE_MAX + 1) * GAP];
};

/* What a chain holds: the bytes from text - auth_before on. */
struct whole {
	uint8_t *data;
	uint32_t len;
};

static struct whole
whole_of(const struct crypto_op *op)
{
	uint32_t text = op->auth_before + op->text_len;

	return (struct whole){op->text - op->auth_before, text > op->auth_len ? text : op->auth_len};
}

/* Pieces end at a, b and the end. */
static void
cut_make(struct cut *cut, const struct whole *whole, uint32_t a, uint32_t b)
{
	const uint32_t end[] = {a, b, whole->len};
	uint32_t from = 0, at = GAP;
	unsigned n = 0;

	memset(cut->bytes, GUARD, sizeof(cut->bytes));
	for (unsigned i = 0; i < PIECE_MAX; i++) {
		if (end[i] == from && i) /* two pieces, or an end that is none */
			continue;
		cut->piece[n++] = (struct crypto_piece){cut->bytes + at, end[i] - from};
		memcpy(cut->bytes + at, whole->data + from, end[i] - from);
		at += end[i] - from + GAP;
		from = end[i];
	}
	cut->chain = (struct crypto_chain){cut->piece, n};
}

/* Whether the pieces together are those bytes, with nothing changed between them. */
static bool
cut_equal(const struct cut *cut, const uint8_t *want)
{
	const uint8_t *at = cut->bytes;

	for (unsigned i = 0; i < cut->chain.n; i++) {
		for (; at < cut->piece[i].data; at++)
			if (*at != GUARD)
				return false;
		if (memcmp(at, want, cut->piece[i].len))
			return false;
		at += cut->piece[i].len;
		want += cut->piece[i].len;
	}
	for (; at < cut->bytes + sizeof(cut->bytes); at++)
		if (*at != GUARD)
			return false;
	return true;
}

static void
op_cut(struct crypto_op *op, struct cut *cut, const uint8_t *icv, unsigned icv_len)
{
	memset(cut->icv, 0, sizeof(cut->icv));
	if (icv)
		memcpy(cut->icv, icv, icv_len);
	op->text = NULL;
	op->icv = cut->icv;
	op->flags = CRYPTO_CHAIN;
	op->chain = &cut->chain;
}

/* Cut i of a packet of len bytes: the first len - 1 are in two pieces. */
static void
cut_place(unsigned i, uint32_t len, uint32_t *a, uint32_t *b)
{
	static const uint32_t gap[] = {1, 3, 8, 16, 17};

	*a = 1 + i % (len - 1);
	*b = i < len - 1 ? len : *a + gap[(i - (len - 1)) / (len - 1)];
	if (*b > len)
		*b = len;
}

#define THIRDS 5u /* gaps of cut_place() */

/* Encrypts the packets of the batch in pieces, decrypts them again in pieces; [0] is the packet in one. */
static void
direction_run(struct conform *c, struct case_pair *pair, struct case_batch *batch, struct cut *cuts,
	enum crypto_direction direction)
{
	unsigned icv_len = c->transform->icv_len;
	const char *what = direction == CRYPTO_ENCRYPT ? "encrypting" : "decrypting";
	struct whole whole = whole_of(&batch->ops[0]);
	const uint8_t *icv = batch->ops[0].icv;
	uint32_t a, b;

	for (unsigned i = 1; i < batch->n; i++) {
		cut_place(i - 1, whole.len, &a, &b);
		cut_make(&cuts[i], &whole, a, b);
		case_op(c, batch, i, pair->session[direction], TEXT_BYTES);
		op_cut(&batch->ops[i], &cuts[i], direction == CRYPTO_DECRYPT ? icv : NULL, icv_len);
	}
	case_op(c, batch, 0, pair->session[direction], TEXT_BYTES);
	drive_run(pair->drive, batch->ops, batch->n);
	for (unsigned i = 0; i < batch->n; i++) {
		cut_place(i - !!i, whole.len, &a, &b);
		case_check(c, batch->ops[i].result == CRYPTO_OK, "%s, cut at %u and %u of %u: %s", what, a, b,
			whole.len, case_result_text(batch->ops[i].result));
		if (!i)
			continue;
		case_check(c, cut_equal(&cuts[i], whole.data), "%s, cut at %u and %u of %u: other bytes",
			what, a, b, whole.len);
		case_check(c, !memcmp(cuts[i].icv, icv, icv_len), "%s, cut at %u and %u of %u: another ICV",
			what, a, b, whole.len);
	}
}

/* With a wrong ICV a chain must be refused as anything else. */
static void
wrong_check(struct conform *c, struct case_pair *pair, struct case_batch *batch, struct cut *cut)
{
	struct whole whole = whole_of(&batch->ops[0]);

	cut_make(cut, &whole, 5, whole.len);
	case_op(c, batch, 1, pair->session[CRYPTO_DECRYPT], TEXT_BYTES);
	op_cut(&batch->ops[1], cut, batch->ops[0].icv, c->transform->icv_len);
	cut->icv[0] ^= 1;
	drive_run(pair->drive, &batch->ops[1], 1);
	case_check(c, batch->ops[1].result == CRYPTO_BAD_ICV, "in pieces, with a bit of the ICV turned: %s",
		case_result_text(batch->ops[1].result));
}

static void
cuts_run(struct conform *c, struct case_pair *pair, struct case_batch *batch, struct cut *cuts)
{
	case_fill(c, batch, 0, pair->session[CRYPTO_ENCRYPT], TEXT_BYTES, 11);
	direction_run(c, pair, batch, cuts, CRYPTO_ENCRYPT);
	if (c->wrong) /* of what is not sealed the opening says nothing */
		return;
	if (c->transform->authenticated)
		wrong_check(c, pair, batch, cuts);
	direction_run(c, pair, batch, cuts, CRYPTO_DECRYPT);
}

void
case_chain(struct conform *c)
{
	struct case_batch batch;
	struct case_pair pair;
	struct cut *cuts;
	uint32_t len;

	if (!case_batch_open(c, &batch, 1, TEXT_BYTES))
		return;
	case_op(c, &batch, 0, NULL, TEXT_BYTES);
	len = whole_of(&batch.ops[0]).len;
	case_batch_close(&batch);
	unsigned n = 1 + (1 + THIRDS) * (len - 1);
	cuts = case_alloc(c, n, sizeof(*cuts));
	if (cuts && case_batch_open(c, &batch, n, TEXT_BYTES)) {
		if (case_pair_open(c, &c->drive, &pair)) {
			cuts_run(c, &pair, &batch, cuts);
			case_pair_close(&pair);
		}
		case_batch_close(&batch);
		case_end(c, NULL, "");
	}
	free(cuts);
}
