/* AES-CCM with keys of 192 bits for the engine ipsec_mb (RFC 3610, RFC 4309).
 *
 * Release 1.3 of the library takes any key of CCM that is not 128 bits long for one of 256.  What it has for
 * 192 bits, CBC and CTR, makes a CCM: the CBC-MAC is the last block of a CBC encryption whose text is thrown
 * away.  One packet at a time, hence slower than its sisters, which work on 16.  Nonces are those of ESP, 11
 * bytes, so the length field has 4.  Compares nothing. */
#include "crypto/ipsec_mb.h"

#include <string.h>

#include "base/bytes.h"

#define BLOCK ((unsigned)IMB_AES_BLOCK_SIZE)
#define CHUNK 1024u /* of text in one call; its ciphertext is thrown away */
#define NONCE 11u
#define LENGTH_BYTES (15u - NONCE)

struct ccm {
	IMB_MGR *manager;
	const struct crypto_session *session;
	uint8_t mac[BLOCK];
};

/* One synchronous pass over `bytes`, not 0. */
static void
cipher_run(const struct ccm *ccm, IMB_CIPHER_MODE mode, const uint8_t *iv, const uint8_t *src, uint8_t *dst,
	unsigned bytes)
{
	IMB_JOB job = ccm->session->job;

	job.src = src;
	job.dst = dst;
	job.iv = iv;
	job.iv_len_in_bytes = BLOCK;
	job.msg_len_to_cipher_in_bytes = bytes;
	IMB_SUBMIT_CIPHER_BURST_NOCHECK(
		ccm->manager, &job, 1, mode, IMB_DIR_ENCRYPT, ccm->session->job.key_len_in_bytes);
}

/* Whole blocks. */
static void
mac_blocks(struct ccm *ccm, const uint8_t *data, unsigned bytes)
{
	uint8_t thrown_away[CHUNK];
	uint8_t iv[BLOCK];

	for (unsigned n; bytes; data += n, bytes -= n) {
		n = bytes < CHUNK ? bytes : CHUNK;
		memcpy(iv, ccm->mac, BLOCK);
		cipher_run(ccm, IMB_CIPHER_CBC, iv, data, thrown_away, n);
		memcpy(ccm->mac, thrown_away + n - BLOCK, BLOCK);
	}
}

/* RFC 3610 §2.2: B_0, the AAD with its length before it, the text; each filled up with zeros. */
static void
mac_run(struct ccm *ccm, const struct crypto_op *op)
{
	uint8_t head[2 * BLOCK] = {0}, tail[BLOCK] = {0};
	unsigned whole = op->text_len & ~(BLOCK - 1), rest = op->text_len - whole;

	memset(ccm->mac, 0, BLOCK);
	head[0] = (uint8_t)((ccm->session->icv_len - 2) / 2 << 3 | (LENGTH_BYTES - 1));
	head[0] |= op->aad_len ? 0x40 : 0;
	memcpy(head + 1, op->iv, NONCE);
	store_be32(head + 1 + NONCE, op->text_len);
	head[BLOCK + 1] = op->aad_len;
	memcpy(head + BLOCK + 2, op->aad, op->aad_len);
	mac_blocks(ccm, head, op->aad_len ? sizeof(head) : BLOCK);
	mac_blocks(ccm, op->text, whole);
	if (!rest)
		return;
	memcpy(tail, op->text + whole, rest);
	mac_blocks(ccm, tail, BLOCK);
}

void
ipsec_mb_ccm_192(IMB_MGR *manager, const struct crypto_session *session, struct crypto_op *op,
	uint8_t tag[IMB_AES_BLOCK_SIZE])
{
	struct ccm ccm = {.manager = manager, .session = session};
	uint8_t counter[BLOCK] = {LENGTH_BYTES - 1}; /* A_0; from A_1 on for the text (RFC 3610 §2.3) */

	memcpy(counter + 1, op->iv, NONCE);
	if (!session->decrypt)
		mac_run(&ccm, op);
	if (op->text_len) {
		counter[BLOCK - 1] = 1;
		cipher_run(&ccm, IMB_CIPHER_CNTR, counter, op->text, op->text, op->text_len);
	}
	if (session->decrypt)
		mac_run(&ccm, op);
	counter[BLOCK - 1] = 0;
	cipher_run(&ccm, IMB_CIPHER_CNTR, counter, ccm.mac, tag, BLOCK);
}
