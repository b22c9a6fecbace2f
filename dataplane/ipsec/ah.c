/* AH: the ICV of a packet over its header too, with what may change under way as zero.  RFC 4302.
 *
 * The header is copied into the bytes before the packet, then muted in place, so that any engine hashes one
 * run of bytes; afterwards it is put back.  Where the copy stands follows from op->aad_len, which counts
 * words of it: AH has no AAD.  The high half of an ESN is hashed behind the packet (§2.5.1).  Inbound and
 * outbound the ICV field is zero meanwhile, and the ICV itself in op->icv_copy. */
#include <string.h>

#include "dataplane/ipsec/ipsec_priv.h"

enum ah_field {
	AH_NEXT = 0,
	AH_LENGTH = 1, /* 32-bit words less 2 */
	AH_SPI = 4,
	AH_SEQ = 8,
	AH_ICV = 12,
};

bool
ah_can_mute(const uint8_t *ip, uint32_t head_len)
{
	uint8_t copy[IPSEC_AH_SCRATCH];

	if (head_len > sizeof(copy))
		return false;
	memcpy(copy, ip, head_len);
	return ah_mute(copy, head_len, true);
}

static uint32_t
header_saved(const struct crypto_op *op)
{
	return op->aad_len * 4u;
}

static void
header_save(uint8_t *packet, uint32_t head_len, struct crypto_op *op)
{
	memcpy(packet - head_len, packet, head_len);
	op->aad_len = (uint8_t)(head_len / 4);
}

static void
header_restore(uint8_t *packet, const struct crypto_op *op)
{
	memcpy(packet, packet - header_saved(op), header_saved(op));
}

/* The whole packet is authenticated, and nothing enciphered. */
static void
op_describe(const struct sa *sa, uint8_t *packet, uint32_t len, uint64_t seq, struct crypto_op *op)
{
	op->session = sa->session;
	op->text = packet;
	op->text_len = 0;
	op->auth_before = 0;
	op->auth_len = len;
	op->flags = 0;
	op->icv = op->icv_copy;
	op->result = CRYPTO_FAILED; /* until the engine says otherwise */
	memset(op->iv, 0, sizeof(op->iv));
	if (!sa->esn)
		return;
	store_be32(packet + len, (uint32_t)(seq >> 32));
	op->auth_len += IPSEC_ESN_BYTES;
}

void
ah_protect(struct sa *sa, uint8_t *packet, uint32_t total, uint32_t at, uint8_t next, uint64_t seq,
	struct crypto_op *op)
{
	uint8_t *ah = packet + at;

	memset(ah, 0, sa->ah_len); /* with the padding of the ICV, which is authenticated */
	ah[AH_NEXT] = next;
	ah[AH_LENGTH] = (uint8_t)(sa->ah_len / 4 - 2);
	store_be32(ah + AH_SPI, sa->spi);
	store_be32(ah + AH_SEQ, (uint32_t)seq);
	header_save(packet, at, op);
	ah_mute(packet, at, true); /* our own header, or one that ipsec_stay_read() has been through */
	op_describe(sa, packet, total, seq, op);
}

enum drop
ah_open(const struct sa *sa, uint8_t *packet, uint32_t len, uint32_t at, uint64_t seq, struct crypto_op *op)
{
	uint8_t *ah = packet + at;

	if (at > IPSEC_AH_SCRATCH || len < at + sa->ah_len || (ah[AH_LENGTH] + 2u) * 4 != sa->ah_len)
		return DROP_AH_LENGTH;
	header_save(packet, at, op);
	if (!ah_mute(packet, at, false)) {
		header_restore(packet, op);
		return DROP_IP_HEADER;
	}
	memcpy(op->icv_copy, ah + AH_ICV, sa->icv_len);
	memset(ah + AH_ICV, 0, sa->icv_len);
	op_describe(sa, packet, len, seq, op);
	return DROP_NONE;
}

void
ah_restore(uint8_t *packet, const struct crypto_op *op, uint32_t icv_len)
{
	memcpy(packet + header_saved(op) + AH_ICV, op->icv_copy, icv_len);
	header_restore(packet, op);
}
