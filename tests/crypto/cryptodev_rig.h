/* What the tests of the engine cryptodev share: the devices that this DPDK has, and packets of any transform.
 */
#ifndef TESTS_CRYPTO_CRYPTODEV_RIG_H
#define TESTS_CRYPTO_CRYPTODEV_RIG_H

#include <stdlib.h>

#include "tests/crypto/crypto_rig.h"
#include "tests/kit/kit.h"

#define CDRIG_BEFORE 64u /* bytes before a packet that may be looked at, and after it */

/* Software devices, and what each must be able to do at least. */
static const struct cdrig_device {
	const char *device;
	const char *words;
} cdrig_devices[] = {
	{"crypto_aesni_mb", "esp-gcm 128"},
	{"crypto_aesni_gcm", "esp-gcm 128"},
	{"crypto_chacha20_poly1305", "esp-chacha20-poly1305"},
	{"crypto_openssl", "esp-aes 128 esp-sha-hmac"},
	{"crypto_scheduler,worker=crypto_openssl,worker=crypto_aesni_mb,mode=round-robin",
		"esp-aes 128 esp-sha-hmac"},
};

#define CDRIG_DEVICES (sizeof(cdrig_devices) / sizeof(cdrig_devices[0]))

/* cfg must live as long as the engine. */
static inline struct rig
cdrig_open(struct cfg_engine *cfg, const char *device, uint32_t queue)
{
	struct rig rig = {.ops = engine_find("cryptodev")};
	char message[512] = "";

	*cfg = (struct cfg_engine){.name = "dev", .kind = "cryptodev", .device = device, .queue = queue};
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig.ops);
	CU_ASSERT_FATAL(kit_init());
	if (engine_create(cfg, &rig.engine, message, sizeof(message)) != ST_OK) {
		fprintf(stderr, "%s\n", message);
		CU_FAIL_FATAL("no engine");
	}
	return rig;
}

/* NULL where the device does not claim the transform. */
static inline struct crypto_session *
cdrig_session(struct rig *rig, const struct transform *t, enum crypto_direction direction)
{
	struct crypto_key keys = {rig_key, alg_cipher_info[t->cipher].key, rig_auth_key, t->auth_key_len};
	struct crypto_session *session = NULL;
	char message[512] = "";
	enum status status = rig->ops->session_create(
		rig->engine, t, &keys, direction, &session, message, sizeof(message));

	CU_ASSERT(status == ST_OK || status == ST_ERR_UNSUPPORTED);
	return session;
}

/* An operation on a packet at p with `text_len` bytes of text, as the datapath would make it: with ESN 12
 * bytes of AAD, or 4 bytes more behind the text and the ICV elsewhere; GMAC authenticates IV and text. */
static inline struct crypto_op
cdrig_op(struct crypto_session *session, const struct transform *t, uint8_t *p, uint32_t text_len, bool esn,
	uint8_t *icv)
{
	struct crypto_op op = rig_op(session, t, p, text_len);

	op.icv = icv;
	op.aad_len = esn ? 12 : 8;
	if (!t->aead)
		op.auth_len += esn ? 4 : 0;
	if (t->mode == ALG_MODE_GMAC) {
		op.text = p + RIG_ESP_BYTES + t->iv_len;
		op.auth_before = t->iv_len;
		op.auth_len = t->iv_len + text_len;
		op.text_len = 0;
	}
	return op;
}

/* CBC has a block at least, see crypto/cryptodev_quirk.def. */
static inline bool
cdrig_length_valid(const struct transform *t, uint32_t text_len)
{
	return t->mode != ALG_MODE_CBC || (text_len && text_len % t->block == 0);
}

/* Through the engine, in whatever order. */
static inline void
cdrig_run(struct rig *rig, struct crypto_op **ops, unsigned n)
{
	struct crypto_op *done[1024];

	CU_ASSERT_EQUAL_FATAL(rig->ops->submit(rig->engine, ops, n, 0), n);
	CU_ASSERT_EQUAL_FATAL(rig->ops->poll(rig->engine, done, 1024, 0), n);
}

#endif
