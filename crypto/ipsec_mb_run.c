/* Operations of the engine ipsec_mb, each by its session's route.
 *
 * AES-GCM goes to the library's one-packet function: 13 to 23 cycles a packet less than a burst of jobs (5-21
 * %, 64 to 1424 bytes), which gains nothing for it.  GMAC and AES-CCM with 192 bits are done at once as well.
 * All else goes through the burst API, where CBC encryption and the hashes work on up to 16 packets at once.
 * No checks of the caller's pointers; lengths that the library would not survive end as CRYPTO_FAILED.
 * Nothing is under way when ipsec_mb_run() returns. */
#include <string.h>

#include "crypto/chain.h"
#include "crypto/icv.h"
#include "crypto/ipsec_mb.h"

#define PAGE_BYTES 4096u

static inline void
icv_check(struct crypto_op *op, const uint8_t *tag, unsigned bytes)
{
	op->result = icv_differs(tag, op->icv, bytes) ? CRYPTO_BAD_ICV : CRYPTO_OK;
}

static inline void
gcm_run(struct ipsec_mb_runner *runner, const struct crypto_session *session, struct crypto_op *op,
	unsigned icv_len)
{
	uint8_t tag[16];

	session->gcm(&session->key.gcm, &runner->gcm_context, op->text, op->text, op->text_len, op->iv,
		op->aad, op->aad_len, session->decrypt ? tag : op->icv, icv_len);
	op->result = session->decrypt && icv_differs(tag, op->icv, icv_len) ? CRYPTO_BAD_ICV : CRYPTO_OK;
}

/* RFC 4543 §3.3: all of it is AAD of a GCM without text.  The AAD of the operation is in another place. */
static void
gmac_run(struct ipsec_mb_runner *runner, const struct crypto_session *session, struct crypto_op *op)
{
	const struct ipsec_mb_gmac *gmac = &session->gmac;
	const struct gcm_key_data *key = &session->key.gcm;
	uint8_t tag[16];

	gmac->init(key, &runner->gcm_context, op->iv, 12);
	gmac->update(key, &runner->gcm_context, op->aad, op->aad_len);
	gmac->update(key, &runner->gcm_context, op->text - op->auth_before, op->auth_len);
	gmac->finalize(key, &runner->gcm_context, session->decrypt ? tag : op->icv, session->icv_len);
	op->result = CRYPTO_OK;
	if (session->decrypt)
		icv_check(op, tag, session->icv_len);
}

static void
ccm_192_run(struct ipsec_mb_runner *runner, const struct crypto_session *session, struct crypto_op *op)
{
	uint8_t tag[16];

	op->result = CRYPTO_FAILED;
	if (op->text_len > IPSEC_MB_BYTES_MAX || op->aad_len > sizeof(op->aad))
		return;
	ipsec_mb_ccm_192(runner->manager, session, op, tag);
	op->result = CRYPTO_OK;
	if (session->decrypt)
		icv_check(op, tag, session->icv_len);
	else
		memcpy(op->icv, tag, session->icv_len);
}

_Static_assert(offsetof(IMB_JOB, u.CCM.aad) == offsetof(IMB_JOB, u.CHACHA20_POLY1305.aad), "one for both");
_Static_assert(
	offsetof(IMB_JOB, u.CCM.aad_len_in_bytes) == offsetof(IMB_JOB, u.CHACHA20_POLY1305.aad_len_in_bytes),
	"one for both");

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
burst_run(struct ipsec_mb_runner *runner, struct crypto_op **ops, unsigned n)
{
	IMB_JOB *jobs[IPSEC_MB_BURST];
	unsigned done;

	if (IMB_GET_NEXT_BURST(runner->manager, n, jobs) != n)
		return; /* cannot be; the operations stay CRYPTO_FAILED */
	for (unsigned i = 0; i < n; i++)
		ipsec_mb_job_make(jobs[i], ops[i]->session, ops[i], runner->tags[i]);
	done = IMB_SUBMIT_BURST_NOCHECK(runner->manager, n, jobs);
	do {
		jobs_collect(jobs, done);
		done = IMB_FLUSH_BURST(runner->manager, IPSEC_MB_BURST, jobs);
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
		__builtin_prefetch((const void *)((uintptr_t)op->text + line * 64u), 1); /* may be NULL */
}

/* Jobs wait in a burst for one another; all else is done at once. */
struct burst {
	struct crypto_op *ops[IPSEC_MB_BURST];
	unsigned n;
};

static inline void
burst_flush(struct ipsec_mb_runner *runner, struct burst *burst)
{
	if (burst->n)
		burst_run(runner, burst->ops, burst->n);
	burst->n = 0;
}

static inline void
burst_put(struct ipsec_mb_runner *runner, struct burst *burst, struct crypto_op *op)
{
	op->result = CRYPTO_FAILED;
	if (!lengths_valid(op))
		return;
	burst->ops[burst->n++] = op;
	if (burst->n == IPSEC_MB_BURST)
		burst_flush(runner, burst);
}

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
direct_run(struct ipsec_mb_runner *runner, struct crypto_op *op)
{
	const struct crypto_session *session = op->session;

	switch (session->route) {
	case IPSEC_MB_GCM_16:
		gcm_run(runner, session, op, 16);
		return true;
	case IPSEC_MB_GCM:
		gcm_run(runner, session, op, session->icv_len);
		return true;
	case IPSEC_MB_GMAC:
		gmac_run(runner, session, op);
		return true;
	case IPSEC_MB_CCM_192:
		ccm_192_run(runner, session, op);
		return true;
	default:
		return false;
	}
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
chain_run(struct ipsec_mb_runner *runner, struct crypto_op *op)
{
	struct crypto_op flat = *op;
	struct burst burst;

	op->result = CRYPTO_FAILED;
	if (chain_gather(op, runner->bounce, IPSEC_MB_BOUNCE_BYTES) < bytes_needed(op))
		return;
	flat.text = runner->bounce + op->auth_before;
	burst.n = 0;
	if (!direct_run(runner, &flat)) {
		burst_put(runner, &burst, &flat);
		burst_flush(runner, &burst);
	}
	op->result = flat.result;
	if (op->result != CRYPTO_FAILED)
		chain_scatter(op, runner->bounce);
}

static void
bounce_run(struct ipsec_mb_runner *runner, struct crypto_op *op)
{
	struct crypto_piece piece = {op->text - op->auth_before, (uint32_t)bytes_needed(op)};
	struct crypto_chain chain = {&piece, 1};
	struct crypto_op chained = *op;

	op->result = CRYPTO_FAILED;
	if (!lengths_valid(op))
		return;
	chained.chain = &chain;
	chain_run(runner, &chained);
	op->result = chained.result;
}

static inline void
op_run(struct ipsec_mb_runner *runner, struct burst *burst, struct crypto_op *op)
{
	if (op->session->route == IPSEC_MB_JOB)
		burst_put(runner, burst, op);
	else if (op->session->route == IPSEC_MB_JOB_TAIL && !tail_reads_on(op))
		burst_put(runner, burst, op);
	else if (op->session->route == IPSEC_MB_JOB_TAIL)
		bounce_run(runner, op);
	else
		direct_run(runner, op);
}

/* The usual: no chain, and the first of the routes. */
static inline bool
gcm_16_is(const struct crypto_op *op)
{
	return !(op->flags | op->session->route);
}

/* Takes operations from the i-th on while they are of that kind, returns the first that is not.  These loops
 * are apart because AES-GCM is short enough to feel the registers that the other needs. */
static __attribute__((noinline)) unsigned
gcm_16_loop(struct ipsec_mb_runner *runner, struct crypto_op **ops, unsigned i, unsigned n)
{
	do {
		struct crypto_op *op = ops[i];

		if (++i < n)
			text_prefetch(ops[i]);
		gcm_run(runner, op->session, op, 16);
	} while (i < n && gcm_16_is(ops[i]));
	return i;
}

static __attribute__((noinline)) unsigned
other_loop(
	struct ipsec_mb_runner *runner, struct burst *burst, struct crypto_op **ops, unsigned i, unsigned n)
{
	do {
		struct crypto_op *op = ops[i];

		if (++i < n)
			text_prefetch(ops[i]);
		if (op->flags & CRYPTO_CHAIN)
			chain_run(runner, op);
		else
			op_run(runner, burst, op);
	} while (i < n && !gcm_16_is(ops[i]));
	return i;
}

void
ipsec_mb_run(struct ipsec_mb_runner *runner, struct crypto_op **ops, unsigned n)
{
	struct burst burst;

	burst.n = 0;
	for (unsigned i = 0; i < n;)
		i = gcm_16_is(ops[i]) ? gcm_16_loop(runner, ops, i, n)
				      : other_loop(runner, &burst, ops, i, n);
	burst_flush(runner, &burst);
}
