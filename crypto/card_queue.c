/* The queue of the engine card: when jobs are worked on, when they are completed, and when the driver stops
 * waiting.
 *
 * All times are computed, to the ns, from the instants of submission: a job starts as soon as a unit is free,
 * and is completed latency_ns after its work.  poll() only asks what is due by now, so the card's times do
 * not depend on how often it is asked.  Completions are a heap by time and number of the job; jobs that the
 * driver waits for are a list by age, and as all have the same timeout, the oldest is the first to be given
 * up.  A completion at the very deadline is in time. */
#include "crypto/card.h"

#include <stdlib.h>

#include "base/clock.h"

#define DONE_SPARE 1024u /* completed, or done in software, and not polled, while the queue is full besides  \
			  */

enum status
card_queue_init(struct card_queue *queue, const struct card_shape *shape)
{
	uint32_t ring = DONE_SPARE;

	while (ring < shape->queue + DONE_SPARE)
		ring *= 2;
	queue->job = calloc(shape->queue, sizeof(*queue->job));
	queue->event = calloc(shape->queue, sizeof(*queue->event));
	queue->unit_free = calloc(shape->units, sizeof(*queue->unit_free));
	queue->done = calloc(ring, sizeof(struct crypto_op *));
	if (!queue->job || !queue->event || !queue->unit_free || !queue->done)
		return ST_ERR_NOMEM; /* card_queue_fini() is called all the same */
	queue->depth = queue->n_free = shape->queue;
	queue->units = shape->units;
	queue->done_mask = ring - 1;
	queue->oldest = queue->newest = CARD_NO_JOB;
	for (uint32_t i = 0; i < queue->depth; i++)
		queue->job[i].newer = i + 1;
	return ST_OK;
}

void
card_queue_fini(struct card_queue *queue)
{
	free(queue->job);
	free(queue->event);
	free(queue->unit_free);
	free(queue->done);
}

static uint32_t
job_take(struct card_queue *queue)
{
	uint32_t at = queue->free;
	struct card_job *job = &queue->job[at];

	queue->free = job->newer;
	queue->n_free--;
	job->older = queue->newest;
	job->newer = CARD_NO_JOB;
	if (queue->newest != CARD_NO_JOB)
		queue->job[queue->newest].newer = at;
	else
		queue->oldest = at;
	queue->newest = at;
	return at;
}

/* The driver waits no more: its operation goes to poll(). */
static void
job_hand_back(struct card_queue *queue, struct card_job *job)
{
	if (job->older != CARD_NO_JOB)
		queue->job[job->older].newer = job->newer;
	else
		queue->oldest = job->newer;
	if (job->newer != CARD_NO_JOB)
		queue->job[job->newer].older = job->older;
	else
		queue->newest = job->older;
	card_done_put(queue, job->op);
	job->op = NULL;
}

/* Both are through with it. */
static void
job_release(struct card_queue *queue, struct card_job *job)
{
	if (job->op || job->completions)
		return;
	job->newer = queue->free;
	queue->free = (uint32_t)(job - queue->job);
	queue->n_free++;
}

/* From `from` on the card does nothing for `by`: what was to be completed later is, and order stays. */
static void
card_stall(struct card_queue *queue, uint64_t from, uint64_t by)
{
	for (uint32_t i = 0; i < queue->n_events; i++)
		if (queue->event[i].time_ns > from)
			queue->event[i].time_ns += by;
	for (uint32_t u = 0; u < queue->units; u++)
		queue->unit_free[u] = (queue->unit_free[u] > from ? queue->unit_free[u] : from) + by;
	if (queue->floor > from)
		queue->floor += by;
}

/* Gives the job to the unit that is free first; returns when its work is done. */
static uint64_t
job_work(struct card *card, const struct crypto_op *op, const struct card_fate *fate, uint64_t now)
{
	struct card_queue *queue = &card->queue;
	uint64_t *unit = queue->unit_free, start;

	for (uint32_t u = 1; u < queue->units; u++)
		if (queue->unit_free[u] < *unit)
			unit = &queue->unit_free[u];
	start = *unit > now ? *unit : now;
	if (fate->stuck) {
		card_stall(queue, start, fate->stuck);
		start += fate->stuck;
	}
	*unit = start + card->shape.packet_ns + card_op_bytes(op) * card->shape.byte_ps / 1000;
	return *unit;
}

void
card_job_start(struct card *card, struct crypto_op *op, uint64_t now)
{
	struct card_queue *queue = &card->queue;
	uint32_t at = job_take(queue);
	struct card_job *job = &queue->job[at];
	struct card_fate fate = {0};
	uint64_t due;

	job->op = op;
	job->number = ++queue->number;
	job->deadline = now + card->timeout;
	job->given_up = false;
	if (card->n_faults)
		card_fate_draw(card, op, &fate);
	due = job_work(card, op, &fate, now) + card->shape.latency_ns + fate.late;
	if (due < queue->floor)
		due = queue->floor;
	else if (fate.late)
		queue->floor = due;
	job->completions = fate.lost ? 0 : fate.duplicate ? 2 : 1;
	if (!fate.lost)
		time_heap_push(queue->event, &queue->n_events,
			(struct time_heap_item){due + fate.overtaken, job->number, {.index = at}});
	card->counters[ENGINE_SUBMITTED]++;
}

/* The driver sees a completion: of a job that it waits for, or not. */
static void
job_complete(struct card *card)
{
	struct card_queue *queue = &card->queue;
	struct time_heap_item event = time_heap_pop(queue->event, &queue->n_events);
	struct card_job *job = &queue->job[event.index];

	if (--job->completions)
		time_heap_push(queue->event, &queue->n_events, event); /* the same once more */
	if (job->op) {
		card->counters[ENGINE_COMPLETED]++;
		card->counters[ENGINE_MAC_MISCOMPARE] += job->op->result == CRYPTO_BAD_ICV;
		if (job->number < queue->highest)
			card->counters[ENGINE_OUT_OF_ORDER]++;
		else
			queue->highest = job->number;
		job_hand_back(queue, job);
	} else {
		card->counters[job->given_up ? ENGINE_STALE : ENGINE_DUPLICATE]++;
	}
	job_release(queue, job);
}

static void
job_give_up(struct card *card)
{
	struct card_job *job = &card->queue.job[card->queue.oldest];

	card->counters[ENGINE_LOST]++;
	job->op->result = CRYPTO_LOST;
	job->given_up = true;
	job_hand_back(&card->queue, job);
	job_release(&card->queue, job);
}

static uint64_t
completion_due(const struct card_queue *queue)
{
	return queue->n_events ? queue->event[0].time_ns : TIME_NEVER;
}

static uint64_t
deadline_due(const struct card_queue *queue)
{
	return queue->oldest != CARD_NO_JOB ? queue->job[queue->oldest].deadline : TIME_NEVER;
}

void
card_advance(struct card *card, uint64_t now)
{
	const struct card_queue *queue = &card->queue;

	while (card_done_room(queue)) {
		uint64_t completion = completion_due(queue), deadline = deadline_due(queue);

		if (time_min(completion, deadline) > now)
			return;
		if (completion <= deadline)
			job_complete(card);
		else
			job_give_up(card);
	}
}

uint64_t
card_next_due(const struct card_queue *queue)
{
	return card_done(queue) ? 0 : time_min(completion_due(queue), deadline_due(queue));
}
