/* Operations through an engine, and what came back.
 *
 * A modelled engine says when to come again.  A device of its own cannot know, and says "now": it is asked
 * again, and given up after IDLE_MAX polls that brought nothing, and much sooner once it was given up.  No
 * clock is read. */
#include "conform/drive.h"

#include <string.h>

#include "base/clock.h"

#define BURST 32u
#define IDLE_MAX (1u << 16)
#define IDLE_LESS 64u /* where all is back already, or the engine was given up before */

void
drive_begin(struct drive *d)
{
	d->back = 0;
	d->twice = 0;
	d->foreign = 0;
	d->overtaken = 0;
	d->highest = 0;
	memset(d->seen, 0, d->marked * sizeof(*d->seen));
	d->marked = 0;
}

static void
op_count(struct drive *d, const struct crypto_op *ops, unsigned n, const struct crypto_op *op)
{
	uintptr_t offset = (uintptr_t)op - (uintptr_t)ops;
	size_t i = offset / sizeof(*ops);

	if (op < ops || i >= n || offset % sizeof(*ops)) {
		d->foreign++;
		return;
	}
	if (d->seen[i]) {
		d->twice++;
		return;
	}
	d->seen[i] = true;
	if (i >= d->marked)
		d->marked = (unsigned)i + 1;
	d->back++;
	if (i < d->highest)
		d->overtaken++;
	else
		d->highest = (unsigned)i;
}

unsigned
drive_poll(struct drive *d, const struct crypto_op *ops, unsigned n, unsigned max)
{
	struct crypto_op *done[BURST];
	unsigned got = d->engine->ops->poll(d->engine, done, max < BURST ? max : BURST, d->now);

	for (unsigned i = 0; i < got; i++)
		op_count(d, ops, n, done[i]);
	return got;
}

/* One poll, at the next time at which it can bring something.  False where it cannot. */
static bool
poll_next(struct drive *d, const struct crypto_op *ops, unsigned n, unsigned *idle)
{
	uint64_t due = d->engine->ops->next_due(d->engine);

	if (due == TIME_NEVER)
		return false;
	if (due > d->now)
		d->now = due;
	*idle = drive_poll(d, ops, n, BURST) ? 0 : *idle + 1;
	return true;
}

static unsigned
idle_max(const struct drive *d, bool all_back)
{
	return all_back || d->given_up ? IDLE_LESS : IDLE_MAX;
}

void
drive_finish(struct drive *d, const struct crypto_op *ops, unsigned n)
{
	unsigned idle = 0;

	while (idle < idle_max(d, d->back >= n) && poll_next(d, ops, n, &idle))
		continue;
	d->given_up |= d->back < n;
}

bool
drive_run(struct drive *d, struct crypto_op *ops, unsigned n)
{
	struct crypto_op *list[BURST];
	unsigned in = 0, idle = 0;

	drive_begin(d);
	while (in < n && idle < idle_max(d, false)) {
		unsigned count = n - in < BURST ? n - in : BURST;

		for (unsigned i = 0; i < count; i++)
			list[i] = &ops[in + i];
		unsigned taken = d->engine->ops->submit(d->engine, list, count, d->now);
		in += taken;
		if (taken < count && !poll_next(d, ops, n, &idle))
			break; /* takes nothing and has nothing */
	}
	drive_finish(d, ops, in);
	return d->back == n;
}
