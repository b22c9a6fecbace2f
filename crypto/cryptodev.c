/* The engine cryptodev: any DPDK crypto device, software or hardware, look-aside and asynchronous.
 *
 * One instance, one queue pair of a device, one thread.  Operations travel in slots (cryptodev_slot.c), all
 * made at creation; sessions take memory when they are made (cryptodev_session.c).  The order of completion
 * is the device's, save that of hardware, which differs from run to run: where poll() waits for all, it is
 * given back in order of submission.  No virtual time passes in a device: who wants an accelerator that takes
 * its time puts the engine card before this one. */
#include "crypto/cryptodev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_pause.h>

#include "base/clock.h"
#include "config/cfg.h"

#define QUEUE_DEFAULT 1024u
#define QUEUE_MAX 32768u
#define HARDWARE_MAX 256u /* operations under way: each has a buffer of EAL's memory */
#define BURST 64u
#define TRIES (1u << 20) /* empty looks at a device before poll() gives up waiting */

static unsigned
ready_count(const struct cryptodev *cd)
{
	return cd->tail - cd->head;
}

static void
ready_put(struct cryptodev *cd, struct crypto_op *op, uint64_t number)
{
	cd->ready[cd->tail++ & cd->ready_mask] = (struct cryptodev_ready){op, number};
}

/* Into order of submission; nearly is already. */
static void
ready_sort(struct cryptodev *cd)
{
	for (unsigned i = cd->head + 1; i != cd->tail && cd->tail != cd->head; i++) {
		struct cryptodev_ready one = cd->ready[i & cd->ready_mask];
		unsigned at = i;

		for (; at != cd->head && cd->ready[(at - 1) & cd->ready_mask].number > one.number; at--)
			cd->ready[at & cd->ready_mask] = cd->ready[(at - 1) & cd->ready_mask];
		cd->ready[at & cd->ready_mask] = one;
	}
}

/* Takes from the device what is finished, BURST at most. */
static unsigned
collect(struct cryptodev *cd)
{
	struct rte_crypto_op *ops[BURST];
	unsigned n = rte_cryptodev_dequeue_burst(cd->device.id, cd->device.queue_pair, ops, BURST);

	for (unsigned i = 0; i < n; i++) {
		struct cryptodev_slot *slot = (struct cryptodev_slot *)ops[i];

		ready_put(cd, cryptodev_slot_finish(cd, slot), slot->number);
		cd->free[cd->n_free++] = slot;
	}
	cd->in_flight -= n;
	return n;
}

/* Everything back, unless the device has stopped to answer: the rest then stays under way, as the device may
 * still write to it. */
void
cryptodev_collect(struct cryptodev *cd)
{
	for (unsigned tries = 0; cd->in_flight && tries < TRIES; tries++) {
		if (collect(cd))
			tries = 0;
		else
			rte_pause();
	}
	if (cd->device.hardware)
		ready_sort(cd);
}

/* Operations that wait for the device to be given them in one burst. */
struct burst {
	struct rte_crypto_op *ops[BURST];
	unsigned n;
};

/* The device took none of the rest of a burst, and says about the first of it that it never will
 * (crypto_openssl, with what it finds wrong while it is given it). */
static bool
refused(struct cryptodev *cd, struct rte_crypto_op *first)
{
	struct cryptodev_slot *slot = (struct cryptodev_slot *)first;

	if (first->status == RTE_CRYPTO_OP_STATUS_NOT_PROCESSED)
		return false;
	first->status = RTE_CRYPTO_OP_STATUS_ERROR;
	ready_put(cd, cryptodev_slot_finish(cd, slot), slot->number);
	cd->free[cd->n_free++] = slot;
	return true;
}

/* How many of the burst are done with: taken by the device, or refused for good.  The others' slots are free
 * again. */
static unsigned
burst_send(struct cryptodev *cd, struct burst *burst)
{
	unsigned n = 0;

	while (n < burst->n) {
		unsigned taken = rte_cryptodev_enqueue_burst(
			cd->device.id, cd->device.queue_pair, burst->ops + n, (uint16_t)(burst->n - n));

		cd->in_flight += taken;
		n += taken;
		if (n < burst->n && !refused(cd, burst->ops[n]))
			break;
		n += n < burst->n;
	}
	for (unsigned i = burst->n; i-- > n;) {
		struct cryptodev_slot *slot = (struct cryptodev_slot *)burst->ops[i];

		cryptodev_slot_release(cd, slot);
		cd->free[cd->n_free++] = slot;
	}
	burst->n = 0;
	return n;
}

/* One operation more.  False where the device took less than all of what waited: *taken is then how many of
 * the operations so far it has. */
static bool
burst_add(struct cryptodev *cd, struct burst *burst, struct crypto_op *op, unsigned *taken)
{
	struct cryptodev_slot *slot = cd->free[--cd->n_free];
	bool possible = cryptodev_slot_fill(cd, slot, op);

	slot->number = cd->submitted++;
	if (possible)
		burst->ops[burst->n++] = &slot->op;
	else
		cd->free[cd->n_free++] = slot;
	if (!possible || burst->n == BURST) {
		unsigned waiting = burst->n, sent = burst_send(cd, burst);

		*taken += sent;
		if (sent < waiting)
			return false;
	}
	if (!possible) {
		op->result = CRYPTO_FAILED;
		ready_put(cd, op, slot->number);
		++*taken;
	}
	return true;
}

static unsigned
cryptodev_submit(struct engine *engine, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct cryptodev *cd = (struct cryptodev *)engine;
	unsigned room = cd->queue - cd->in_flight - ready_count(cd), taken = 0;
	struct burst burst = {.n = 0};
	bool going = true;

	(void)now;
	for (unsigned i = 0; i < n && i < room && going; i++)
		going = burst_add(cd, &burst, ops[i], &taken);
	if (going)
		taken += burst_send(cd, &burst);
	cd->counters[ENGINE_SUBMITTED] += taken;
	cd->counters[ENGINE_QUEUE_FULL] += n - taken;
	return taken;
}

static unsigned
cryptodev_poll(struct engine *engine, struct crypto_op **done, unsigned max, uint64_t now)
{
	struct cryptodev *cd = (struct cryptodev *)engine;

	(void)now;
	if (cd->waits)
		cryptodev_collect(cd);
	else
		while (cd->in_flight && ready_count(cd) < max && collect(cd))
			;
	unsigned n = RTE_MIN(max, ready_count(cd));
	for (unsigned i = 0; i < n; i++)
		done[i] = cd->ready[cd->head++ & cd->ready_mask].op;
	cd->counters[ENGINE_COMPLETED] += n;
	return n;
}

static uint64_t
cryptodev_next_due(const struct engine *engine)
{
	const struct cryptodev *cd = (const struct cryptodev *)engine;

	return cd->in_flight || ready_count(cd) ? 0 : TIME_NEVER;
}

static const uint64_t *
cryptodev_counters(const struct engine *engine)
{
	return ((const struct cryptodev *)engine)->counters;
}

/* What is under way still belongs to the device. */
static void
cryptodev_destroy(struct engine *engine)
{
	struct cryptodev *cd = (struct cryptodev *)engine;

	if (!cd)
		return;
	bool hardware = cd->device.hardware;
	cryptodev_collect(cd);
	/* where the device goes on for others, it may still write */
	if (cryptodev_device_close(&cd->device) || !cd->in_flight) {
		cryptodev_pools_free(cd);
		rte_free(cd->slots); /* EAL wipes what is freed */
		if (hardware)
			rte_free(cd->bounce_memory);
		else
			free(cd->bounce_memory);
	}
	free(cd->free);
	free(cd->bounce);
	free(cd->ready);
	free(cd);
}

static void
slots_init(struct cryptodev *cd)
{
	for (unsigned i = cd->queue; i-- > 0;) {
		struct cryptodev_slot *slot = &cd->slots[i];

		cryptodev_slot_init(slot);
		slot->op.phys_addr = rte_mem_virt2iova(slot);
		cd->free[cd->n_free++] = slot;
		cd->bounce[cd->n_bounce++] = (uint8_t *)cd->bounce_memory +
					     (size_t)i * CRYPTODEV_BOUNCE_BYTES;
	}
}

/* Buffers of a software device are only resident once they were used. */
static enum status
memory_create(struct cryptodev *cd)
{
	unsigned ready = rte_align32pow2(cd->queue);
	size_t bounce = (size_t)cd->queue * CRYPTODEV_BOUNCE_BYTES;

	cd->ready_mask = ready - 1;
	cd->ready = calloc(ready, sizeof(*cd->ready));
	cd->free = calloc(cd->queue, sizeof(struct cryptodev_slot *));
	cd->bounce = calloc(cd->queue, sizeof(uint8_t *));
	cd->slots = rte_zmalloc("crypto_slots", cd->queue * sizeof(*cd->slots), RTE_CACHE_LINE_SIZE);
	cd->bounce_memory = cd->device.hardware ? rte_malloc("crypto_bounce", bounce, RTE_CACHE_LINE_SIZE)
						: aligned_alloc(RTE_CACHE_LINE_SIZE, bounce);
	if (!cd->ready || !cd->free || !cd->bounce || !cd->slots || !cd->bounce_memory)
		return ST_ERR_NOMEM;
	slots_init(cd);
	return ST_OK;
}

static enum status
cryptodev_create(const struct cfg_engine *cfg, struct engine **engine, char *message, size_t bytes)
{
	if (!cfg->device) {
		snprintf(message, bytes,
			"engine \"%s\": cryptodev needs a device: the name of a DPDK driver "
			"(\"crypto_aesni_mb\", \"crypto_openssl\") or a PCI address",
			cfg->name);
		return ST_ERR_CONFIG;
	}
	struct cryptodev *cd = calloc(1, sizeof(*cd));
	if (!cd)
		return ST_ERR_NOMEM;
	cd->engine.ops = &engine_ops_cryptodev;
	cd->waits = true;
	cd->queue = cfg->queue ? RTE_MIN(cfg->queue, QUEUE_MAX) : QUEUE_DEFAULT;
	enum status status = cryptodev_device_open(
		&cd->device, cfg->device, cfg->user, cfg->users, cd->queue, message, bytes);
	if (status == ST_OK) {
		cd->queue = RTE_MIN(cd->device.queue, cd->device.hardware ? HARDWARE_MAX : QUEUE_MAX);
		status = memory_create(cd);
		if (status != ST_OK)
			snprintf(message, bytes, "%s: no memory for a queue of %u", cd->device.name,
				cd->queue);
	}
	if (status != ST_OK) {
		cryptodev_destroy(&cd->engine);
		return status;
	}
	*engine = &cd->engine;
	return ST_OK;
}

const struct engine_ops engine_ops_cryptodev = {
	.name = "cryptodev",
	.create = cryptodev_create,
	.destroy = cryptodev_destroy,
	.session_create = cryptodev_session_create,
	.session_destroy = cryptodev_session_destroy,
	.submit = cryptodev_submit,
	.poll = cryptodev_poll,
	.next_due = cryptodev_next_due,
	.counters = cryptodev_counters,
	.reorders = true,
};
