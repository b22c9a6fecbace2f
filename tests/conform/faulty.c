/* The engine with a fault.  Everything is done by the inner engine at once, on submit; how it comes back is
 * decided here.  Sessions wrap those of the inner engine. */
#include "tests/conform/faulty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TEXT_MAX 65536u

struct faulty {
	struct engine engine;
	struct engine *inner;
	enum fault fault;
	struct crypto_op *queue[FAULTY_DEPTH];
	unsigned n;
	unsigned long count, polled;
	unsigned long asked;
	uint64_t due;
	struct crypto_op stranger;
	uint8_t copy[TEXT_MAX];
};

struct crypto_session {
	struct crypto_session *inner;
	enum crypto_direction direction;
	unsigned icv_len;
	bool aead;
};

static const struct engine_ops faulty_ops;

struct engine *
faulty_create(struct engine *inner, enum fault fault)
{
	struct faulty *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->engine.ops = &faulty_ops;
	f->inner = inner;
	f->fault = fault;
	return &f->engine;
}

static void
faulty_destroy(struct engine *engine)
{
	free(engine);
}

static enum status
faulty_session_create(struct engine *engine, const struct transform *transform, const struct crypto_key *key,
	enum crypto_direction direction, struct crypto_session **session, char *message, size_t bytes)
{
	struct faulty *f = (struct faulty *)engine;
	struct crypto_session *made = calloc(1, sizeof(*made));
	struct crypto_key keys = *key;

	if (!made)
		return ST_ERR_NOMEM;
	if (f->fault == FAULT_KEY) {
		keys.key_len = transform->key_len - transform->salt_len;
		keys.auth_key_len = transform->auth_key_len;
	}
	made->direction = direction;
	made->icv_len = transform->icv_len;
	made->aead = transform->aead;
	enum status status = f->inner->ops->session_create(
		f->inner, transform, &keys, direction, &made->inner, message, bytes);
	if (status)
		free(made);
	else
		*session = made;
	return status;
}

static void
faulty_session_destroy(struct engine *engine, struct crypto_session *session)
{
	struct faulty *f = (struct faulty *)engine;

	if (session)
		f->inner->ops->session_destroy(f->inner, session->inner);
	free(session);
}

static void
inner_run(struct faulty *f, struct crypto_op *op)
{
	struct crypto_session *own = op->session;
	struct crypto_op *done;

	op->session = own->inner;
	if (f->inner->ops->submit(f->inner, &op, 1, 0) != 1 ||
		f->inner->ops->poll(f->inner, &done, 1, 0) != 1)
		op->result = CRYPTO_FAILED;
	op->session = own;
}

/* Whatever differs in the last bit alone is good. */
static void
icv_bit_run(struct faulty *f, struct crypto_op *op)
{
	uint8_t *icv = op->icv;
	unsigned last = op->session->icv_len - 1;

	if (op->text)
		memcpy(f->copy, op->text, op->text_len);
	inner_run(f, op);
	if (op->result != CRYPTO_BAD_ICV || !op->text)
		return;
	memcpy(op->text, f->copy, op->text_len);
	icv[last] ^= 1;
	inner_run(f, op);
	icv[last] ^= 1;
}

static void
chain_run(struct faulty *f, struct crypto_op *op)
{
	const struct crypto_chain *chain = op->chain;
	struct crypto_piece piece[2] = {chain->pieces[0], chain->pieces[chain->n > 1]};
	struct crypto_chain two = {piece, 2};
	uint32_t left = 0;

	if (chain->n < 3) {
		inner_run(f, op);
		return;
	}
	for (unsigned i = 2; i < chain->n; i++)
		left += chain->pieces[i].len;
	op->chain = &two;
	op->text_len = op->text_len > left ? op->text_len - left : 0;
	op->auth_len = op->auth_len > left ? op->auth_len - left : 0;
	inner_run(f, op);
	op->chain = chain;
}

/* With an operation changed for the time of the run. */
static void
changed_run(struct faulty *f, struct crypto_op *op)
{
	struct crypto_op before = *op;

	if (f->fault == FAULT_AAD_BIT && op->aad_len && op->aad_len <= sizeof(op->aad))
		op->aad[op->aad_len - 1u] &= 0xfe;
	if (f->fault == FAULT_IV)
		op->iv[op->session->aead ? 11 : 15] = 0;
	if (f->fault == FAULT_ESN && op->aad_len == 12)
		memset(op->aad + 4, 0, 4);
	inner_run(f, op);
	memcpy(op->aad, before.aad, sizeof(before.aad));
	memcpy(op->iv, before.iv, sizeof(before.iv));
}

static void
op_run(struct faulty *f, struct crypto_op *op)
{
	bool chain = op->flags & CRYPTO_CHAIN;

	if (f->fault == FAULT_ICV_BIT && op->session->direction == CRYPTO_DECRYPT && op->session->icv_len)
		icv_bit_run(f, op);
	else if (f->fault == FAULT_CHAIN && chain)
		chain_run(f, op);
	else
		changed_run(f, op);
	if (f->fault == FAULT_SHORT && op->text && op->text_len && op->text_len < 12)
		op->text[0] ^= 1;
	if (f->fault == FAULT_LONG && op->text_len > 9100)
		op->result = CRYPTO_FAILED;
	if (f->fault == FAULT_OUTSIDE && op->text && op->icv == op->text + op->text_len)
		op->icv[op->session->icv_len] ^= 1;
}

static unsigned
faulty_submit(struct engine *engine, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct faulty *f = (struct faulty *)engine;
	unsigned taken = 0;

	for (; taken < n && f->n < FAULTY_DEPTH; taken++) {
		f->count = f->n ? f->count + 1 : 1;
		if (f->fault == FAULT_LOST && f->count % 300 == 0)
			continue;
		op_run(f, ops[taken]);
		f->queue[f->n++] = ops[taken];
	}
	f->due = now + 100;
	/* it may not always be full, or nobody would ask it again */
	return f->fault == FAULT_OVERFLOW && taken && taken < n ? n : taken;
}

static struct crypto_op *
queue_take(struct faulty *f)
{
	struct crypto_op *op;

	f->polled++;
	if (f->fault == FAULT_FOREIGN && f->polled % 64 == 0)
		return &f->stranger;
	if (f->fault == FAULT_REVERSED)
		return f->queue[--f->n];
	op = f->queue[0];
	if (f->fault == FAULT_TWICE && f->polled % 64 == 0)
		return op;
	memmove(f->queue, f->queue + 1, --f->n * sizeof(f->queue[0]));
	return op;
}

static unsigned
faulty_poll(struct engine *engine, struct crypto_op **done, unsigned max, uint64_t now)
{
	struct faulty *f = (struct faulty *)engine;
	unsigned n = 0;

	(void)now;
	/* the first time that it is asked it has nothing */
	if (f->fault == FAULT_LATE && f->n && f->asked++ % 2 == 0)
		return 0;
	while (n < max && f->n)
		done[n++] = queue_take(f);
	return n;
}

static uint64_t
faulty_next_due(const struct engine *engine)
{
	const struct faulty *f = (const struct faulty *)engine;

	if (!f->n)
		return TIME_NEVER;
	return f->fault == FAULT_EARLY ? f->due : 0;
}

static const struct engine_ops faulty_ops = {
	.name = "faulty",
	.destroy = faulty_destroy,
	.session_create = faulty_session_create,
	.session_destroy = faulty_session_destroy,
	.submit = faulty_submit,
	.poll = faulty_poll,
	.next_due = faulty_next_due,
};
