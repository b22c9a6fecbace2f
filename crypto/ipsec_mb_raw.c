/* The library alone: see ipsec_mb_raw.h.  AES-GCM by its function for one packet, all else by bursts of jobs
 * that begin and end with an empty manager, which are the fastest ways that it has for a burst of packets.
 * Lengths are not checked: the operations come from a path that has made them. */
#include "crypto/ipsec_mb_raw.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/ipsec_mb.h"

#define BURST 64u /* as packets come from a port */

struct ipsec_mb_raw {
	IMB_MGR *manager;
	struct crypto_session *session[2]; /* by direction */
	struct gcm_context_data gcm_context IPSEC_MB_LINE;
	uint8_t tags[BURST][CRYPTO_ICV_MAX] IPSEC_MB_LINE;
};

enum status
ipsec_mb_raw_create(
	const struct transform *transform, const struct crypto_key *key, struct ipsec_mb_raw **out)
{
	struct ipsec_mb_raw *raw = aligned_alloc(64, (sizeof(*raw) + 63) & ~(size_t)63);
	enum status status = ST_OK;

	*out = NULL;
	if (!raw)
		return ST_ERR_NOMEM;
	memset(raw, 0, sizeof(*raw));
	raw->manager = alloc_mb_mgr(0);
	if (raw->manager)
		init_mb_mgr_auto(raw->manager, NULL);
	else
		status = ST_ERR_NOMEM;
	for (unsigned d = 0; d < 2 && !status; d++)
		status = ipsec_mb_session_new(
			raw->manager, NULL, transform, key, (enum crypto_direction)d, &raw->session[d]);
	if (!status &&
		(raw->session[0]->route == IPSEC_MB_GMAC || raw->session[0]->route == IPSEC_MB_CCM_192))
		status = ST_ERR_UNSUPPORTED;
	if (status)
		ipsec_mb_raw_destroy(raw);
	else
		*out = raw;
	return status;
}

void
ipsec_mb_raw_destroy(struct ipsec_mb_raw *raw)
{
	if (!raw)
		return;
	ipsec_mb_session_free(NULL, raw->session[0]);
	ipsec_mb_session_free(NULL, raw->session[1]);
	if (raw->manager)
		free_mb_mgr(raw->manager);
	bytes_wipe(raw, sizeof(*raw));
	free(raw);
}

static void
gcm_run(struct ipsec_mb_raw *raw, const struct crypto_session *session, struct crypto_op *const *ops,
	unsigned n)
{
	uint8_t tag[16];

	for (unsigned i = 0; i < n; i++) {
		const struct crypto_op *op = ops[i];

		session->gcm(&session->key.gcm, &raw->gcm_context, op->text, op->text, op->text_len, op->iv,
			op->aad, op->aad_len, session->decrypt ? tag : op->icv, session->icv_len);
	}
}

static void
jobs_run(struct ipsec_mb_raw *raw, const struct crypto_session *session, struct crypto_op *const *ops,
	unsigned n)
{
	IMB_JOB *jobs[IPSEC_MB_BURST];

	for (unsigned i = 0, m; i < n; i += m) {
		m = n - i < BURST ? n - i : BURST;
		if (IMB_GET_NEXT_BURST(raw->manager, m, jobs) != m)
			return; /* cannot be: it is empty */
		for (unsigned k = 0; k < m; k++)
			ipsec_mb_job_make(jobs[k], session, ops[i + k], raw->tags[k]);
		IMB_SUBMIT_BURST_NOCHECK(raw->manager, m, jobs);
		while (IMB_FLUSH_BURST(raw->manager, IPSEC_MB_BURST, jobs))
			;
	}
}

void
ipsec_mb_raw_run(
	struct ipsec_mb_raw *raw, enum crypto_direction direction, struct crypto_op *const *ops, unsigned n)
{
	const struct crypto_session *session = raw->session[direction];

	if (session->route == IPSEC_MB_GCM_16 || session->route == IPSEC_MB_GCM)
		gcm_run(raw, session, ops, n);
	else
		jobs_run(raw, session, ops, n);
}
