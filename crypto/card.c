/* The engine card: a modelled accelerator (AIM, VAM2+, IPSEC-SPA) around another engine, in virtual time.
 *
 * The cryptography is done at once, in bursts, by the inner engine; what the card adds is when an operation
 * comes back (card_queue.c), what it can hold, and what goes wrong (card_fault.c).  It reads and writes an
 * operation while it is submitted, and once more, its result, when it is given back; never after.
 *
 * Sessions that find no slot, or that the profile knows no algorithm for, are done in software where there is
 * a fallback: by the inner engine, without queue and service time.  One instance, one thread. */
#include "crypto/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define BURST 64u
#define TIMEOUT_NS UINT64_C(100000000) /* where the configuration came from no file */

extern const struct engine_ops engine_ops_card;

/* Until all have come back.  What the inner engine does not take or loses has failed. */
static void
inner_run(struct engine *inner, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct crypto_op *done[BURST];
	unsigned sent = 0, back = 0;

	while (back < n) {
		unsigned took = sent < n ? inner->ops->submit(inner, ops + sent, n - sent, now) : 0;
		unsigned got = inner->ops->poll(inner, done, BURST, now);

		sent += took;
		back += got;
		if (!took && !got && inner->ops->next_due(inner) == TIME_NEVER)
			return;
	}
}

static void
crypto_run(struct card *card, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct crypto_session *session[BURST];

	for (unsigned i = 0; i < n; i++) {
		session[i] = ops[i]->session;
		ops[i]->session = session[i]->inner;
		ops[i]->result = CRYPTO_FAILED;
	}
	inner_run(card->inner, ops, n, now);
	for (unsigned i = 0; i < n; i++)
		ops[i]->session = session[i];
}

/* How many of the first there is room for. */
static unsigned
room_count(const struct card_queue *queue, struct crypto_op **ops, unsigned n)
{
	uint32_t jobs = queue->n_free, software = card_done_room(queue);

	for (unsigned i = 0; i < n; i++) {
		uint32_t *room = ops[i]->session->software ? &software : &jobs;

		if (!*room)
			return i;
		--*room;
	}
	return n;
}

static unsigned
card_submit(struct engine *engine, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct card *card = (struct card *)engine;
	unsigned taken;

	card_advance(card, now);
	taken = room_count(&card->queue, ops, n);
	card->counters[ENGINE_QUEUE_FULL] += taken < n;
	for (unsigned first = 0; first < taken; first += BURST) {
		unsigned burst = taken - first < BURST ? taken - first : BURST;

		crypto_run(card, ops + first, burst, now);
		for (unsigned i = first; i < first + burst; i++) {
			if (ops[i]->session->software) {
				card->counters[ENGINE_FALLBACK]++;
				card_done_put(&card->queue, ops[i]);
			} else {
				card_job_start(card, ops[i], now);
			}
		}
	}
	return taken;
}

static unsigned
card_poll(struct engine *engine, struct crypto_op **done, unsigned max, uint64_t now)
{
	struct card *card = (struct card *)engine;
	struct card_queue *queue = &card->queue;
	unsigned n;

	card_advance(card, now);
	n = card_done(queue) < max ? card_done(queue) : max;
	for (unsigned i = 0; i < n; i++)
		done[i] = queue->done[queue->done_head++ & queue->done_mask];
	return n;
}

static uint64_t
card_due(const struct engine *engine)
{
	return card_next_due(&((const struct card *)engine)->queue);
}

static uint64_t
card_oldest(const struct engine *engine, uint64_t *next)
{
	const struct card_queue *queue = &((const struct card *)engine)->queue;

	*next = queue->number + 1;
	if (card_done(queue)) /* of any number */
		return 0;
	return queue->oldest == CARD_NO_JOB ? *next : queue->job[queue->oldest].number;
}

static const uint64_t *
card_counters(const struct engine *engine)
{
	return ((const struct card *)engine)->counters;
}

/* Why the card has no place for a session, ST_OK where it has one. */
static enum status
slot_find(const struct card *card, const struct transform *transform, char *message, size_t bytes)
{
	char words[64];

	if (!card_knows(&card->shape, transform)) {
		transform_text(transform, words, sizeof(words));
		snprintf(message, bytes, "engine %s: the card has no \"%s\"", card->cfg->name, words);
		return ST_ERR_UNSUPPORTED;
	}
	if (card->sessions >= card->shape.sa_slots) {
		snprintf(message, bytes, "engine %s: all %u slots of the card are taken", card->cfg->name,
			card->shape.sa_slots);
		return ST_ERR_RANGE;
	}
	return ST_OK;
}

static enum status
card_session_create(struct engine *engine, const struct transform *transform, const struct crypto_key *key,
	enum crypto_direction direction, struct crypto_session **session, char *message, size_t bytes)
{
	struct card *card = (struct card *)engine;
	enum status status = slot_find(card, transform, message, bytes);
	bool software = status != ST_OK;
	struct crypto_session *made;

	if (software && !card->shape.fallback) {
		card->counters[ENGINE_SESSIONS_REFUSED]++;
		return status;
	}
	made = calloc(1, sizeof(*made));
	if (!made) {
		snprintf(message, bytes, "engine %s: memory", card->cfg->name);
		return ST_ERR_NOMEM;
	}
	*made = (struct crypto_session){
		.software = software, .decrypt = direction == CRYPTO_DECRYPT, .icv_len = transform->icv_len};
	status = card->inner->ops->session_create(
		card->inner, transform, key, direction, &made->inner, message, bytes);
	if (status) { /* no matter of slots: the card can hold no session that nobody can compute */
		free(made);
		return status == ST_ERR_NOMEM ? status : ST_ERR_CONFIG;
	}
	card->sessions += !software;
	card->counters[software ? ENGINE_SESSIONS_SOFTWARE : ENGINE_SESSIONS]++;
	*session = made;
	return ST_OK;
}

static void
card_session_destroy(struct engine *engine, struct crypto_session *session)
{
	struct card *card = (struct card *)engine;

	if (!session)
		return;
	card->sessions -= !session->software;
	card->inner->ops->session_destroy(card->inner, session->inner);
	free(session);
}

static void
card_destroy(struct engine *engine)
{
	struct card *card = (struct card *)engine;

	if (!card)
		return;
	engine_destroy(card->inner);
	card_queue_fini(&card->queue);
	free(card->faults);
	free(card);
}

static enum status
inner_create(struct card *card, char *message, size_t bytes)
{
	static const struct cfg_engine plain = {.name = "ipsec_mb", .kind = "ipsec_mb"};
	const struct cfg_engine *inner = card->cfg->inner_engine ? card->cfg->inner_engine : &plain;

	if (!strcmp(inner->kind, engine_ops_card.name)) { /* it would wait for a time that does not pass */
		snprintf(message, bytes, "engine %s: its inner engine %s is a card too", card->cfg->name,
			inner->name);
		return ST_ERR_CONFIG;
	}
	card->inner_cfg = *inner;
	card->inner_cfg.user = card->cfg->user;
	card->inner_cfg.users = card->cfg->users;
	return engine_create(&card->inner_cfg, &card->inner, message, bytes);
}

static enum status
card_create(const struct cfg_engine *cfg, struct engine **engine, char *message, size_t bytes)
{
	struct card *card = calloc(1, sizeof(*card));
	enum status status;

	snprintf(message, bytes, "engine %s: memory", cfg->name);
	if (!card)
		return ST_ERR_NOMEM;
	card->engine.ops = &engine_ops_card;
	card->cfg = cfg;
	card->timeout = cfg->timeout ? cfg->timeout : TIMEOUT_NS;
	status = card_shape_set(&card->shape, cfg, message, bytes);
	if (!status)
		status = card_queue_init(&card->queue, &card->shape);
	if (!status) {
		card->faults = calloc(cfg->n_faults + 1u, sizeof(*card->faults));
		status = card->faults ? inner_create(card, message, bytes) : ST_ERR_NOMEM;
	}
	if (status) {
		card_destroy(&card->engine);
		return status;
	}
	card_faults_init(card);
	*engine = &card->engine;
	return ST_OK;
}

const struct engine_ops engine_ops_card = {
	.name = "card",
	.create = card_create,
	.destroy = card_destroy,
	.session_create = card_session_create,
	.session_destroy = card_session_destroy,
	.submit = card_submit,
	.poll = card_poll,
	.next_due = card_due,
	.counters = card_counters,
	.refuses = true,
	.reorders = true,
	.oldest = card_oldest,
};
