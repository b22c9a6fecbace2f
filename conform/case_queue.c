/* order, queue and due: how an engine takes operations and gives them back (crypto/engine.h), whatever they
 * compute.  The order of completion is reported, not judged. */
#include <stdio.h>

#include "base/clock.h"
#include "conform/case.h"

#define ORDER_OPS 512u
#define TEXT_MAX 256u
#define BURST 32u
#define AGAIN 64u

static void
order_check(struct conform *c, struct case_pair *pair, struct case_batch *batch)
{
	uint32_t step = case_text_step(c->transform);
	const struct drive *d = pair->drive;

	for (unsigned i = 0; i < batch->n; i++) {
		uint32_t bytes = 16 + i * 29 % (TEXT_MAX - 16);

		case_fill(c, batch, i, pair->session[CRYPTO_ENCRYPT], bytes - bytes % step, i);
	}
	drive_run(pair->drive, batch->ops, batch->n);
	case_check(
		c, d->back == batch->n, "%u of %u operations never came back", batch->n - d->back, batch->n);
	case_check(c, !d->twice, "%u operations came back twice", d->twice);
	case_check(c, !d->foreign, "%u came back that were not submitted", d->foreign);
	for (unsigned i = 0; i < batch->n; i++)
		case_check(c, batch->ops[i].result == CRYPTO_OK, "operation %u of %u: %s", i + 1, batch->n,
			case_result_text(batch->ops[i].result));
}

void
case_order(struct conform *c)
{
	struct case_batch batch;
	struct case_pair pair;
	char note[80] = "";

	if (!case_batch_open(c, &batch, ORDER_OPS, TEXT_MAX))
		return;
	if (case_pair_open(c, &c->drive, &pair)) {
		order_check(c, &pair, &batch);
		if (c->drive.overtaken)
			snprintf(note, sizeof(note), "out of order: %u of %u were overtaken",
				c->drive.overtaken, batch.n);
		else
			snprintf(note, sizeof(note), "in order");
		case_pair_close(&pair);
	}
	case_batch_close(&batch);
	case_end(c, NULL, note);
}

/* Until the engine takes no more; how many it took. */
static unsigned
queue_fill(struct drive *d, struct crypto_op *ops, unsigned n)
{
	struct crypto_op *list[BURST];
	unsigned in = 0, taken = 1;

	for (; in < n && taken; in += taken) {
		unsigned count = n - in < BURST ? n - in : BURST;

		for (unsigned i = 0; i < count; i++)
			list[i] = &ops[in + i];
		taken = d->engine->ops->submit(d->engine, list, count, d->now);
	}
	return in;
}

static void
queue_check(struct conform *c, struct drive *d, struct case_batch *batch, unsigned in)
{
	unsigned touched = 0, failed = 0;

	case_check(c, d->engine->ops->next_due(d->engine) != TIME_NEVER, "full, and nothing due");
	drive_finish(d, batch->ops, in);
	case_check(c, d->back == in, "of %u operations taken %u never came back", in, in - d->back);
	case_check(c, !d->foreign, "%u came back that were not taken", d->foreign);
	for (unsigned i = 0; i < in; i++)
		failed += batch->ops[i].result != CRYPTO_OK;
	case_check(c, !failed, "%u of %u operations failed", failed, in);
	for (unsigned i = in; i < batch->n; i++)
		touched += batch->ops[i].result <= CRYPTO_LOST;
	case_check(c, !touched, "%u operations have a result, but were not taken", touched);
	case_check(c, drive_run(d, batch->ops + in, AGAIN), "after that, %u of %u operations came back",
		d->back, AGAIN);
}

void
case_queue(struct conform *c)
{
	struct case_batch batch;
	struct case_pair pair;
	char note[80] = "";
	unsigned in = 0;

	if (!case_batch_open(c, &batch, DRIVE_MAX + AGAIN, 16))
		return;
	if (case_pair_open(c, &c->drive, &pair)) {
		for (unsigned i = 0; i < batch.n; i++)
			case_fill(c, &batch, i, pair.session[CRYPTO_ENCRYPT], 16, i);
		drive_begin(&c->drive);
		in = queue_fill(&c->drive, batch.ops, DRIVE_MAX);
		queue_check(c, &c->drive, &batch, in);
		snprintf(note, sizeof(note), "full with %u operations", in);
		case_pair_close(&pair);
	}
	case_batch_close(&batch);
	if (in == DRIVE_MAX && !c->wrong)
		case_skip(c, NULL, "not seen: it took every operation that there was, and was not full");
	else
		case_end(c, NULL, note);
}

/* The engine was given n operations at d->now. */
static void
due_check(struct conform *c, struct drive *d, const struct case_batch *batch, unsigned n)
{
	uint64_t due = d->engine->ops->next_due(d->engine);

	case_check(c, due != TIME_NEVER, "%u operations under way, and nothing due", n);
	if (due == TIME_NEVER)
		return;
	bool modelled = due > d->now;
	if (modelled) {
		case_check(c, !drive_poll(d, batch->ops, n, BURST),
			"something was ready %llu ns before it was due", (unsigned long long)(due - d->now));
		d->now = due - 1;
		case_check(c, !drive_poll(d, batch->ops, n, BURST),
			"something was ready 1 ns before it was due");
		d->now = due;
	}
	/* between these, a device of its own says "ask now", and need not have finished */
	if (!due || modelled)
		case_check(c, drive_poll(d, batch->ops, n, BURST), "it was due, but poll gave nothing");
	drive_finish(d, batch->ops, n);
	case_check(c, d->back == n, "%u of %u operations came back", d->back, n);
}

static void
empty_check(struct conform *c, struct drive *d, const struct case_batch *batch)
{
	uint64_t due = d->engine->ops->next_due(d->engine);

	case_check(c, due == TIME_NEVER, "nothing under way, but due at %llu ns", (unsigned long long)due);
	case_check(
		c, !drive_poll(d, batch->ops, batch->n, BURST), "nothing under way, but poll gave something");
}

void
case_due(struct conform *c)
{
	static const unsigned rounds[] = {1, 2, 7, BURST};
	struct case_batch batch;
	struct case_pair pair;

	if (!case_batch_open(c, &batch, BURST, 64))
		return;
	if (case_pair_open(c, &c->drive, &pair)) {
		for (unsigned r = 0; r < sizeof(rounds) / sizeof(*rounds); r++) {
			for (unsigned i = 0; i < rounds[r]; i++)
				case_fill(c, &batch, i, pair.session[CRYPTO_ENCRYPT], 64, i);
			drive_begin(&c->drive);
			empty_check(c, &c->drive, &batch);
			unsigned in = queue_fill(&c->drive, batch.ops, rounds[r]);
			if (case_check(c, in > 0, "an empty engine takes nothing"))
				due_check(c, &c->drive, &batch, in);
		}
		drive_begin(&c->drive);
		empty_check(c, &c->drive, &batch);
		case_pair_close(&pair);
	}
	case_batch_close(&batch);
	case_end(c, NULL, "");
}
