/* The engine ipsec_mb: intel-ipsec-mb called directly.  One instance, one thread, one library manager.
 *
 * Everything taken by submit() is finished when submit() returns, and poll() hands it out in the order of
 * submission, so the same operations give the same sequence on any machine whatever its vector width. AES-GCM
 * goes to the library's one-packet function: 13 to 23 cycles a packet less than a burst of jobs (5-21 %, 64
 * to 1424 bytes), which gains nothing for it.  All else goes through the burst API, where CBC encryption and
 * the hashes work on up to 16 packets at once.  No checks of the caller's pointers; lengths that the library
 * would not survive end as CRYPTO_FAILED. */
#include "crypto/ipsec_mb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/chain.h"

#define QUEUE_DEPTH 1024u /* a power of two */
#define BURST 128u	  /* IMB_MAX_BURST_SIZE, and half of what the manager holds */
#define BOUNCE_BYTES (65536u + 256u) /* the longest packet, and what may be authenticated before it */
#define PAGE_BYTES 4096u

struct ipsec_mb {
	struct engine engine;
	IMB_MGR *manager;
	size_t manager_bytes;
	unsigned head, tail; /* poll() takes at head, submit() puts at tail; both run freely */
	uint64_t counters[ENGINE_COUNTER_COUNT];
	struct gcm_context_data gcm_context IPSEC_MB_LINE;
	struct crypto_op *queue[QUEUE_DEPTH];
	/* Computed ICVs of a burst wait here for the comparison. */
	uint8_t tags[BURST][CRYPTO_ICV_MAX] IPSEC_MB_LINE;
	uint8_t bounce[BOUNCE_BYTES + 64] IPSEC_MB_LINE; /* chained operations, one at a time */
};

/* In constant time; branches on the length alone.  Every ICV is a multiple of 4 bytes. */
static inline bool
icv_differs(const uint8_t *a, const uint8_t *b, unsigned bytes)
{
	uint64_t x[2], y[2];
	uint32_t differ = 0;

	if (bytes == 16) {
		memcpy(x, a, sizeof(x));
		memcpy(y, b, sizeof(y));
		return ((x[0] ^ y[0]) | (x[1] ^ y[1])) != 0;
	}
	for (unsigned i = 0; i < bytes; i += 4)
		differ |= load_be32(a + i) ^ load_be32(b + i);
	return differ != 0;
}

static inline void
icv_check(struct crypto_op *op, const uint8_t *tag, unsigned bytes)
{
	op->result = icv_differs(tag, op->icv, bytes) ? CRYPTO_BAD_ICV : CRYPTO_OK;
}

static inline void
gcm_run(struct ipsec_mb *mb, const struct crypto_session *session, struct crypto_op *op)
{
	uint8_t tag[16];

	session->gcm(&session->key.gcm, &mb->gcm_context, op->text, op->text, op->text_len, op->iv, op->aad,
		op->aad_len, session->decrypt ? tag : op->icv, session->icv_len);
	op->result = CRYPTO_OK;
	if (session->decrypt)
		icv_check(op, tag, session->icv_len);
}

/* RFC 4543 §3.3: all of it is AAD of a GCM without text.  The AAD of the operation is in another place. */
static void
gmac_run(struct ipsec_mb *mb, const struct crypto_session *session, struct crypto_op *op)
{
	const struct ipsec_mb_gmac *gmac = &session->gmac;
	const struct gcm_key_data *key = &session->key.gcm;
	uint8_t tag[16];

	gmac->init(key, &mb->gcm_context, op->iv, 12);
	gmac->update(key, &mb->gcm_context, op->aad, op->aad_len);
	gmac->update(key, &mb->gcm_context, op->text - op->auth_before, op->auth_len);
	gmac->finalize(key, &mb->gcm_context, session->decrypt ? tag : op->icv, session->icv_len);
	op->result = CRYPTO_OK;
	if (session->decrypt)
		icv_check(op, tag, session->icv_len);
}

static void
ccm_192_run(struct ipsec_mb *mb, const struct crypto_session *session, struct crypto_op *op)
{
	uint8_t tag[16];

	op->result = CRYPTO_FAILED;
	if (op->text_len > IPSEC_MB_BYTES_MAX || op->aad_len > sizeof(op->aad))
		return;
	ipsec_mb_ccm_192(mb->manager, session, op, tag);
	op->result = CRYPTO_OK;
	if (session->decrypt)
		icv_check(op, tag, session->icv_len);
	else
		memcpy(op->icv, tag, session->icv_len);
}

static inline void
job_make(IMB_JOB *job, struct crypto_op *op, uint8_t *tag)
{
	const struct crypto_session *session = op->session;

	*job = session->job;
	session->job_fill(job, op);
	job->auth_tag_output = session->decrypt ? tag : op->icv;
}

static inline void
jobs_collect(IMB_JOB **jobs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct crypto_op *op = jobs[i]->user_data;
		const struct crypto_session *session = op->session;

		if (jobs[i]->status != IMB_STATUS_COMPLETED)
			continue; /* as marked: CRYPTO_FAILED */
		op->result = CRYPTO_OK;
		if (session->decrypt)
			icv_check(op, jobs[i]->auth_tag_output, session->icv_len);
	}
}

/* Every burst begins and ends with an empty manager.  That is for more than order: release 1.3 takes a full
 * ring (256 jobs, none complete) for an empty one in IMB_GET_NEXT_BURST and hands out jobs that are still in
 * its lanes; a burst behind a burst without a flush can get there. */
static void
burst_run(struct ipsec_mb *mb, struct crypto_op **ops, unsigned n)
{
	IMB_JOB *jobs[BURST];
	unsigned done;

	if (IMB_GET_NEXT_BURST(mb->manager, n, jobs) != n)
		return; /* cannot be; the operations stay CRYPTO_FAILED */
	for (unsigned i = 0; i < n; i++)
		job_make(jobs[i], ops[i], mb->tags[i]);
	done = IMB_SUBMIT_BURST_NOCHECK(mb->manager, n, jobs);
	do {
		jobs_collect(jobs, done);
		done = IMB_FLUSH_BURST(mb->manager, BURST, jobs);
	} while (done);
}

/* Checked here because the burst call is the one without checks, and its lanes run past what they do not
 * expect. */
static inline bool
lengths_valid(const struct crypto_op *op)
{
	const struct crypto_session *session = op->session;

	if ((op->text_len & session->block_mask) || op->text_len > IPSEC_MB_BYTES_MAX)
		return false;
	return !session->auth || (op->auth_len && op->auth_len <= IPSEC_MB_BYTES_MAX);
}

/* The head of the next text, while this one is worked on; the processor finds the rest itself. */
static inline void
text_prefetch(const struct crypto_op *op)
{
	for (unsigned line = 0; line < 4; line++)
		__builtin_prefetch(op->text + line * 64u, 1);
}

/* Jobs wait in a burst for one another; all else is done at once. */
struct burst {
	struct crypto_op *ops[BURST];
	unsigned n;
};

static inline void
burst_flush(struct ipsec_mb *mb, struct burst *burst)
{
	if (burst->n)
		burst_run(mb, burst->ops, burst->n);
	burst->n = 0;
}

static inline void
burst_put(struct ipsec_mb *mb, struct burst *burst, struct crypto_op *op)
{
	op->result = CRYPTO_FAILED;
	if (!lengths_valid(op))
		return;
	burst->ops[burst->n++] = op;
	if (burst->n == BURST)
		burst_flush(mb, burst);
}

static void bounce_run(struct ipsec_mb *mb, struct crypto_op *op);

/* Release 1.3 reads up to 15 bytes behind the end of what CMAC, and with SSE ChaCha20, is given, and throws
 * them away.  Usually they are there, the ICV or the rest of a buffer, but they may be in a page that is not:
 * such a packet goes through the bounce buffer. */
static inline bool
tail_reads_on(const struct crypto_op *op)
{
	const uint8_t *end = op->text + op->text_len;

	if (op->session->auth)
		end = op->text - op->auth_before + op->auth_len;
	return -(uintptr_t)end % PAGE_BYTES < 16;
}

/* True where the operation was no job, and is done. */
static inline bool
direct_run(struct ipsec_mb *mb, struct crypto_op *op)
{
	const struct crypto_session *session = op->session;

	switch (session->route) {
	case IPSEC_MB_GCM:
		gcm_run(mb, session, op);
		return true;
	case IPSEC_MB_GMAC:
		gmac_run(mb, session, op);
		return true;
	case IPSEC_MB_CCM_192:
		ccm_192_run(mb, session, op);
		return true;
	default:
		return false;
	}
}

static inline void
op_run(struct ipsec_mb *mb, struct burst *burst, struct crypto_op *op)
{
	if (direct_run(mb, op))
		return;
	if (op->session->route == IPSEC_MB_JOB_TAIL && tail_reads_on(op))
		bounce_run(mb, op);
	else
		burst_put(mb, burst, op);
}

/* Bytes from text - auth_before on. */
static size_t
bytes_needed(const struct crypto_op *op)
{
	size_t bytes = (size_t)op->auth_before + op->text_len;
	bool auth = op->session->auth || op->session->route == IPSEC_MB_GMAC;

	return auth && op->auth_len > bytes ? op->auth_len : bytes;
}

/* Through the bounce buffer, alone: there is one buffer.  This way is for those who have no better. */
static void
chain_run(struct ipsec_mb *mb, struct crypto_op *op)
{
	struct crypto_op flat = *op;
	struct burst burst;

	op->result = CRYPTO_FAILED;
	if (chain_gather(op, mb->bounce, BOUNCE_BYTES) < bytes_needed(op))
		return;
	flat.text = mb->bounce + op->auth_before;
	burst.n = 0;
	if (!direct_run(mb, &flat)) {
		burst_put(mb, &burst, &flat);
		burst_flush(mb, &burst);
	}
	op->result = flat.result;
	if (op->result != CRYPTO_FAILED)
		chain_scatter(op, mb->bounce);
}

static void
bounce_run(struct ipsec_mb *mb, struct crypto_op *op)
{
	struct crypto_piece piece = {op->text - op->auth_before, (uint32_t)bytes_needed(op)};
	struct crypto_chain chain = {&piece, 1};
	struct crypto_op chained = *op;

	op->result = CRYPTO_FAILED;
	if (!lengths_valid(op))
		return;
	chained.chain = &chain;
	chain_run(mb, &chained);
	op->result = chained.result;
}

static unsigned
ipsec_mb_submit(struct engine *engine, struct crypto_op **ops, unsigned n, uint64_t now)
{
	struct ipsec_mb *mb = (struct ipsec_mb *)engine;
	unsigned space = QUEUE_DEPTH - (mb->tail - mb->head);
	struct burst burst;

	(void)now;
	burst.n = 0;
	if (n > space) {
		mb->counters[ENGINE_QUEUE_FULL]++;
		n = space;
	}
	mb->counters[ENGINE_SUBMITTED] += n;
	for (unsigned i = 0; i < n; i++) {
		if (i + 1 < n)
			text_prefetch(ops[i + 1]);
		mb->queue[mb->tail++ % QUEUE_DEPTH] = ops[i];
		if (ops[i]->flags & CRYPTO_CHAIN)
			chain_run(mb, ops[i]);
		else
			op_run(mb, &burst, ops[i]);
	}
	burst_flush(mb, &burst);
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
	enum status status = ipsec_mb_session_new(mb->manager, transform, key, direction, session);

	if (status)
		snprintf(message, bytes, "ipsec_mb: %s", status_text(status));
	return status;
}

static void
ipsec_mb_session_destroy(struct engine *engine, struct crypto_session *session)
{
	(void)engine;
	ipsec_mb_session_free(session);
}

static void
ipsec_mb_free(struct ipsec_mb *mb)
{
	if (mb->manager)
		bytes_wipe(mb->manager, mb->manager_bytes);
	free(mb->manager);
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
	mb->manager = zeroed_lines(mb->manager_bytes);
	if (!mb->manager) {
		ipsec_mb_free(mb);
		return ST_ERR_NOMEM;
	}
	if (imb_set_pointers_mb_mgr(mb->manager, 0, 1))
		init_mb_mgr_auto(mb->manager, &arch);
	if (imb_get_errno(mb->manager)) {
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
	.counters = ipsec_mb_counters,
};
