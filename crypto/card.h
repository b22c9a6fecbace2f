/* Between the files of the engine card: the modelled accelerator and its driver.  Nobody else includes this.
 *
 * A job is in the card (it has completions to come) and in the hands of the driver (it waits for one).  The
 * driver gives its operation back once, completed or given up; from then on the operation is not touched. */
#ifndef CRYPTO_CARD_H
#define CRYPTO_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/time_heap.h"
#include "config/cfg.h"
#include "crypto/engine.h"

#define CARD_NO_JOB UINT32_MAX

struct card_shape {
	uint32_t queue, units, sa_slots;
	uint64_t packet_ns, latency_ns;
	uint64_t byte_ps;	 /* 1/1000 ns */
	uint64_t ciphers, auths; /* bit i: it knows row i of alg.def */
	bool fallback;
};

/* Read-only after creation. */
struct crypto_session {
	struct crypto_session *inner; /* of the engine that does the cryptography */
	bool software;		      /* not in the card */
	bool decrypt;
	uint8_t icv_len; /* 0: no ICV */
};

/* What becomes of a job besides the work. */
struct card_fate {
	uint64_t overtaken; /* ns by which it completes later, and others do not */
	uint64_t late;	    /* and others wait behind it */
	uint64_t stuck;	    /* for which the card stands still before this job */
	bool lost, duplicate;
};

struct card_fault {
	const struct cfg_fault *cfg;
	struct rng rng;
	unsigned next; /* in cfg->jobs */
};

struct card_job {
	struct crypto_op *op; /* NULL: the driver waits no more */
	uint64_t number;      /* of submission, from 1 */
	uint64_t deadline;
	uint32_t older, newer; /* of those that the driver waits for; newer also links the free ones */
	uint8_t completions;   /* to come from the card */
	bool given_up;
};

struct card_queue {
	struct card_job *job; /* depth of them */
	uint32_t depth, n_free, free, oldest, newest;
	struct time_heap_item *event; /* completions: time, number and index of the job; depth of them */
	uint32_t n_events;
	uint64_t *unit_free; /* when each unit has done what it was given */
	uint32_t units;
	uint64_t floor;	  /* nothing submitted from now on completes before: a late job is in the way */
	uint64_t number;  /* of the last job submitted */
	uint64_t highest; /* number completed */
	struct crypto_op **done; /* for poll(), a ring of done_mask + 1 */
	uint32_t done_mask, done_head, done_tail;
};

struct card {
	struct engine engine;
	const struct cfg_engine *cfg;
	struct engine *inner;
	struct cfg_engine inner_cfg;
	struct card_shape shape;
	struct card_queue queue;
	uint64_t timeout;
	uint32_t sessions; /* in the card now */
	unsigned n_faults;
	struct card_fault *faults;
	uint64_t counters[ENGINE_COUNTER_COUNT];
};

/* card_profile.c: the profile of cfg, and what cfg says itself.  ERR_CONFIG for an unknown one. */
enum status card_shape_set(
	struct card_shape *shape, const struct cfg_engine *cfg, char *message, size_t bytes);
bool card_knows(const struct card_shape *shape, const struct transform *transform);

/* card_fault.c: draws for the next job, which has gone through the inner engine.  May change op's result and
 * ICV.  card->faults has been made by card_faults_init, which wants memory for cfg->n_faults. */
void card_faults_init(struct card *card);
void card_fate_draw(struct card *card, struct crypto_op *op, struct card_fate *fate);

/* card_queue.c */
enum status card_queue_init(struct card_queue *queue, const struct card_shape *shape);
void card_queue_fini(struct card_queue *queue);
/* A job enters the card: n_free > 0. */
void card_job_start(struct card *card, struct crypto_op *op, uint64_t now);
/* Completes and gives up what is due by now. */
void card_advance(struct card *card, uint64_t now);
uint64_t card_next_due(const struct card_queue *queue);

/* Operations that wait for poll(). */
static inline uint32_t
card_done(const struct card_queue *queue)
{
	return queue->done_tail - queue->done_head;
}

static inline uint32_t
card_done_room(const struct card_queue *queue)
{
	return queue->done_mask + 1 - card_done(queue);
}

static inline void
card_done_put(struct card_queue *queue, struct crypto_op *op)
{
	queue->done[queue->done_tail++ & queue->done_mask] = op;
}

/* What a job is paid for: its text, or what is authenticated where nothing is enciphered (AH, GMAC). */
static inline uint32_t
card_op_bytes(const struct crypto_op *op)
{
	return op->text_len ? op->text_len : op->auth_len;
}

#endif
