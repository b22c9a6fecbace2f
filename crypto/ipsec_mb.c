/* The engine ipsec_mb: intel-ipsec-mb called directly.  One instance, one thread, one library manager.
 *
 * Everything taken by submit() is finished when submit() returns, and poll() hands it out in the order of
 * submission, so the same operations give the same sequence on any machine whatever its vector width.  What
 * is done to an operation is in ipsec_mb_run.c. */
#include "crypto/ipsec_mb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

#define QUEUE_DEPTH 1024u /* a power of two */
#define KEY_LINES 3u	   /* all of AES-128's */
#define POWER_LINES 2u	   /* eight powers of the hash key, for packets of 112 bytes */

struct ipsec_mb {
	struct engine engine;
	size_t manager_bytes;
	unsigned head, tail; /* poll() takes at head, submit() puts at tail; both run freely */
	uint64_t counters[ENGINE_COUNTER_COUNT];
	struct ipsec_mb_runner runner;
	struct crypto_op *queue[QUEUE_DEPTH];
};

static inline void
queue_put(struct ipsec_mb *mb, struct crypto_op **ops, unsigned n)
{
	unsigned at = mb->tail % QUEUE_DEPTH, first = n < QUEUE_DEPTH - at ? n : QUEUE_DEPTH - at;

	memcpy(mb->queue + at, ops, first * sizeof(*ops));
	if (n > first)
		memcpy(mb->queue, ops + first, (n - first) * sizeof(*ops));
	mb->tail += n;
}

static unsigned
ipsec_mb_submit(struct engine *engine, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct ipsec_mb *mb = (struct ipsec_mb *)engine;
	unsigned space = QUEUE_DEPTH - (mb->tail - mb->head);

	(void)now;
	if (n > space) {
		mb->counters[ENGINE_QUEUE_FULL] += n - space;
		n = space;
	}
	mb->counters[ENGINE_SUBMITTED] += n;
	queue_put(mb, ops, n);
	ipsec_mb_run(&mb->runner, ops, n);
	return n;
}

static unsigned
ipsec_mb_poll(struct engine *engine, struct crypto_op **done, unsigned max, uint64_t now)
{
	struct ipsec_mb *mb = (struct ipsec_mb *)engine;
	unsigned n = mb->tail - mb->head;

	(void)now;
	if (n > max)
		n = max;
	mb->counters[ENGINE_COMPLETED] += n;
	for (unsigned i = 0; i < n; i++)
		done[i] = mb->queue[mb->head++ % QUEUE_DEPTH];
	return n;
}

/* As AES-GCM wants it: what comes first with the round keys, and the last powers of the hash key, by which the
 * library does short texts. */
static void
ipsec_mb_prefetch(const struct crypto_session *session)
{
	const char *first = (const char *)session;
	const char *powers_end = first + offsetof(struct crypto_session, gmac);

	for (unsigned at = 0; at < KEY_LINES * 64; at += 64)
		__builtin_prefetch(first + at);
	for (unsigned at = 64; at <= POWER_LINES * 64; at += 64)
		__builtin_prefetch(powers_end - at);
}

static uint64_t
ipsec_mb_next_due(const struct engine *engine)
{
	const struct ipsec_mb *mb = (const struct ipsec_mb *)engine;

	return mb->head == mb->tail ? TIME_NEVER : 0;
}

static const uint64_t *
ipsec_mb_counters(const struct engine *engine)
{
	return ((const struct ipsec_mb *)engine)->counters;
}

static enum status
ipsec_mb_session_create(struct engine *engine, const struct transform *transform,
	const struct crypto_key *key, enum crypto_direction direction, struct crypto_session **session,
	char *message, size_t bytes)
{
	struct ipsec_mb *mb = (struct ipsec_mb *)engine;
	enum status status = ipsec_mb_session_new(
		mb->runner.manager, engine->memory, transform, key, direction, session);

	if (status)
		snprintf(message, bytes, "ipsec_mb: %s", status_text(status));
	return status;
}

static void
ipsec_mb_session_destroy(struct engine *engine, struct crypto_session *session)
{
	ipsec_mb_session_free(engine->memory, session);
}

static void
ipsec_mb_free(struct ipsec_mb *mb)
{
	if (mb->runner.manager)
		bytes_wipe(mb->runner.manager, mb->manager_bytes);
	free(mb->runner.manager);
	bytes_wipe(mb, sizeof(*mb));
	free(mb);
}

static void
ipsec_mb_destroy(struct engine *engine)
{
	if (engine)
		ipsec_mb_free((struct ipsec_mb *)engine);
}

static void *
zeroed_lines(size_t bytes)
{
	void *p = aligned_alloc(64, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

static enum status
ipsec_mb_create(const struct cfg_engine *cfg, struct engine **engine, char *message, size_t bytes)
{
	struct ipsec_mb *mb = zeroed_lines(sizeof(*mb));
	IMB_ARCH arch;

	(void)cfg;
	snprintf(message, bytes, "ipsec_mb: intel-ipsec-mb does not start");
	if (!mb)
		return ST_ERR_NOMEM;
	mb->engine.ops = &engine_ops_ipsec_mb;
	/* In memory of our own, so that destroy can wipe the lanes: they hold hash states and text. */
	mb->manager_bytes = (imb_get_mb_mgr_size() + 63) & ~(size_t)63;
	mb->runner.manager = zeroed_lines(mb->manager_bytes);
	if (!mb->runner.manager) {
		ipsec_mb_free(mb);
		return ST_ERR_NOMEM;
	}
	if (imb_set_pointers_mb_mgr(mb->runner.manager, 0, 1))
		init_mb_mgr_auto(mb->runner.manager, &arch);
	if (imb_get_errno(mb->runner.manager)) {
		ipsec_mb_free(mb);
		return ST_ERR_UNSUPPORTED;
	}
	*engine = &mb->engine;
	return ST_OK;
}

const struct engine_ops engine_ops_ipsec_mb = {
	.name = "ipsec_mb",
	.create = ipsec_mb_create,
	.destroy = ipsec_mb_destroy,
	.session_create = ipsec_mb_session_create,
	.session_destroy = ipsec_mb_session_destroy,
	.submit = ipsec_mb_submit,
	.poll = ipsec_mb_poll,
	.next_due = ipsec_mb_next_due,
	.prefetch = ipsec_mb_prefetch,
	.counters = ipsec_mb_counters,
};
