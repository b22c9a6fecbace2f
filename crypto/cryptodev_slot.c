/* One operation of the engine cryptodev, to a DPDK device and back.
 *
 * An mbuf header of the slot's own points at the caller's memory, so that nothing is copied but IV, AAD and
 * ICV.  Bytes are gathered into a buffer of the engine where the device cannot have them as they lie: a chain
 * for a device without segments, GMAC, whose AAD must stand before the rest (RFC 4543 §3), and everything
 * for hardware, which does not reach the caller's memory. */
#include "crypto/cryptodev.h"

#include <string.h>

#include "crypto/chain.h"
#include "crypto/icv.h"

#define BYTES_MAX 65535u /* of a segment: a 16-bit number */

/* What of the caller's bytes the device gets. */
struct span {
	uint32_t before; /* bytes before the text */
	uint32_t bytes;	 /* altogether */
};

static struct span
span_of(const struct crypto_session *s, const struct crypto_op *op)
{
	struct span span = {.before = op->auth_before};

	if (s->shape == CRYPTODEV_AUTH || s->shape == CRYPTODEV_GMAC)
		span.bytes = op->auth_len;
	else if (s->shape == CRYPTODEV_CIPHER_AUTH)
		span.bytes = RTE_MAX(span.before + op->text_len, op->auth_len);
	else if (op->flags & CRYPTO_CHAIN)
		span.bytes = span.before + op->text_len;
	else
		span = (struct span){0, op->text_len}; /* what stands before is not looked at */
	return span;
}

static bool
lengths_valid(const struct crypto_session *s, const struct crypto_op *op, const struct span *span)
{
	if ((op->text_len & s->block_mask) || span->bytes > BYTES_MAX)
		return false;
	if (!op->text_len && !s->empty)
		return false;
	if (s->shape == CRYPTODEV_AEAD || s->shape == CRYPTODEV_GMAC)
		return op->aad_len == 8 || op->aad_len == 12;
	return s->shape == CRYPTODEV_CIPHER || op->auth_len;
}

static inline void
segment_set(struct rte_mbuf *m, uint8_t *data, uint32_t bytes)
{
	m->buf_addr = data;
	rte_mbuf_iova_set(m, (uintptr_t)data);
	m->buf_len = (uint16_t)bytes;
	m->data_len = (uint16_t)bytes;
	m->next = NULL;
}

/* The pieces as they are; false where they are too many or too few. */
static bool
segments_link(struct cryptodev_slot *slot, const struct crypto_chain *chain, uint32_t bytes)
{
	unsigned n = 0;

	for (unsigned i = 0; i < chain->n && bytes; i++) {
		uint32_t part = RTE_MIN(chain->pieces[i].len, bytes);

		if (!part)
			continue;
		if (n == CRYPTODEV_SEGMENTS_MAX)
			return false;
		segment_set(&slot->segment[n], chain->pieces[i].data, part);
		if (n)
			slot->segment[n - 1].next = &slot->segment[n];
		bytes -= part;
		n++;
	}
	slot->segment[0].nb_segs = (uint16_t)n;
	return n && !bytes;
}

/* Into a buffer of ours.  GMAC: the AAD comes first. */
static bool
bounce_gather(struct cryptodev *cd, struct cryptodev_slot *slot, const struct crypto_op *op,
	const struct span *span)
{
	uint32_t aad = op->session->shape == CRYPTODEV_GMAC ? op->aad_len : 0;

	if (!cd->n_bounce)
		return false;
	slot->bounce = cd->bounce[--cd->n_bounce];
	memcpy(slot->bounce, op->aad, aad);
	segment_set(&slot->segment[0], slot->bounce, aad + span->bytes);
	if (op->flags & CRYPTO_CHAIN)
		return chain_gather(op, slot->bounce + aad, span->bytes) == span->bytes;
	if (span->bytes)
		memcpy(slot->bounce + aad, op->text - span->before, span->bytes);
	return true;
}

static bool
memory_fill(struct cryptodev *cd, struct cryptodev_slot *slot, const struct crypto_op *op,
	const struct span *span)
{
	const struct crypto_session *s = op->session;

	slot->segment[0].nb_segs = 1;
	if (cd->device.hardware || s->shape == CRYPTODEV_GMAC)
		return bounce_gather(cd, slot, op, span);
	if (op->flags & CRYPTO_CHAIN) {
		if (s->segments && segments_link(slot, op->chain, span->bytes))
			return true;
		slot->segment[0].nb_segs = 1;
		return bounce_gather(cd, slot, op, span);
	}
	segment_set(&slot->segment[0], op->text - span->before, span->bytes);
	return true;
}

static inline void
sym_fill(struct cryptodev_slot *slot, const struct crypto_op *op, const struct span *span)
{
	const struct crypto_session *s = op->session;
	struct rte_crypto_sym_op *sym = &slot->sym;
	rte_iova_t digest = slot->op.phys_addr + offsetof(struct cryptodev_slot, digest);

	sym->session = s->dpdk[s->shape == CRYPTODEV_AEAD && op->aad_len == 12];
	if (s->shape == CRYPTODEV_AEAD) {
		sym->aead.data.offset = span->before;
		sym->aead.data.length = op->text_len;
		sym->aead.digest.data = slot->digest;
		sym->aead.digest.phys_addr = digest;
		sym->aead.aad.data = slot->aad;
		sym->aead.aad.phys_addr = slot->op.phys_addr + offsetof(struct cryptodev_slot, aad);
		return;
	}
	sym->cipher.data.offset = span->before;
	sym->cipher.data.length = op->text_len;
	sym->auth.data.offset = 0;
	sym->auth.data.length = s->shape == CRYPTODEV_GMAC ? op->auth_len + op->aad_len : op->auth_len;
	sym->auth.digest.data = slot->digest;
	sym->auth.digest.phys_addr = digest;
	if (s->shape == CRYPTODEV_AUTH || s->shape == CRYPTODEV_GMAC)
		sym->cipher.data.length = sym->cipher.data.offset = 0;
}

void
cryptodev_slot_release(struct cryptodev *cd, struct cryptodev_slot *slot)
{
	if (slot->bounce)
		cd->bounce[cd->n_bounce++] = slot->bounce;
	slot->bounce = NULL;
}

bool
cryptodev_slot_fill(struct cryptodev *cd, struct cryptodev_slot *slot, struct crypto_op *op)
{
	const struct crypto_session *s = op->session;
	struct span span = span_of(s, op);

	slot->caller = op;
	slot->bounce = NULL;
	if (!lengths_valid(s, op, &span))
		return false;
	if (!memory_fill(cd, slot, op, &span)) {
		cryptodev_slot_release(cd, slot);
		return false;
	}
	slot->segment[0].pkt_len = slot->segment[0].nb_segs == 1 ? slot->segment[0].data_len : span.bytes;
	memcpy(slot->iv + s->iv_offset, op->iv, sizeof(op->iv));
	memcpy(slot->aad + s->aad_offset, op->aad, sizeof(op->aad));
	memset(slot->digest, 0, sizeof(slot->digest));
	if (s->decrypt && !s->compare)
		memcpy(slot->digest, op->icv, s->icv_len);
	sym_fill(slot, op, &span);
	slot->op.status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	return true;
}

static enum crypto_result
result_of(const struct cryptodev_slot *slot, const struct crypto_op *op)
{
	if (slot->op.status == RTE_CRYPTO_OP_STATUS_AUTH_FAILED)
		return CRYPTO_BAD_ICV;
	if (slot->op.status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		return CRYPTO_FAILED;
	if (op->session->compare && icv_differs(slot->digest, op->icv, op->session->icv_len))
		return CRYPTO_BAD_ICV;
	return CRYPTO_OK;
}

/* The text alone: what stands round it has not changed. */
static void
bounce_scatter(const struct cryptodev_slot *slot, const struct crypto_op *op)
{
	if (op->session->shape == CRYPTODEV_GMAC || op->session->shape == CRYPTODEV_AUTH || !op->text_len)
		return;
	if (op->flags & CRYPTO_CHAIN)
		chain_scatter(op, slot->bounce);
	else
		memcpy(op->text, slot->bounce + span_of(op->session, op).before, op->text_len);
}

struct crypto_op *
cryptodev_slot_finish(struct cryptodev *cd, struct cryptodev_slot *slot)
{
	struct crypto_op *op = slot->caller;
	const struct crypto_session *s = op->session;

	op->result = result_of(slot, op);
	if (op->result == CRYPTO_OK && !s->decrypt && s->icv_len)
		memcpy(op->icv, slot->digest, s->icv_len);
	if (slot->bounce && op->result == CRYPTO_OK)
		bounce_scatter(slot, op);
	cryptodev_slot_release(cd, slot);
	return op;
}

void
cryptodev_slot_init(struct cryptodev_slot *slot)
{
	slot->op.type = RTE_CRYPTO_OP_TYPE_SYMMETRIC;
	slot->op.sess_type = RTE_CRYPTO_OP_WITH_SESSION;
	slot->sym.m_src = &slot->segment[0];
	for (unsigned i = 0; i < CRYPTODEV_SEGMENTS_MAX; i++) {
		rte_mbuf_refcnt_set(&slot->segment[i], 1);
		slot->segment[i].nb_segs = 1;
		slot->segment[i].port = RTE_MBUF_PORT_INVALID;
	}
}
