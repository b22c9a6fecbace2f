/* Sessions of the engine cryptodev: from a transform to DPDK's chain of xforms (rte_crypto_sym.h).
 *
 * Encrypt: cipher, then authentication of the ciphertext (RFC 4303 §3.3.2.1); decrypt: the other way round.
 * NULL has no cipher xform at all, so that a device without a null cipher does ESP-NULL and AH.  GMAC is an
 * authentication to DPDK.  The length of the AAD belongs to DPDK's session, but to our operation: an AEAD has
 * two, for 8 and for 12 bytes. */
#include "crypto/cryptodev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#define POOL_FIRST 32u	   /* sessions in the first pool; a gateway has a few */
#define CCM_AAD_BEFORE 18u /* room for the first block and the length (rte_crypto_sym.h) */
#define SLOT_IV ((uint16_t)offsetof(struct cryptodev_slot, iv))

/* The xforms of one session, in their order. */
struct xforms {
	struct rte_crypto_sym_xform list[2];
	unsigned n;
};

static struct rte_crypto_sym_xform *
xforms_add(struct xforms *x, enum rte_crypto_sym_xform_type type)
{
	struct rte_crypto_sym_xform *xform = &x->list[x->n++];

	memset(xform, 0, sizeof(*xform));
	xform->type = type;
	if (x->n > 1)
		x->list[0].next = xform;
	return xform;
}

static void
xforms_aead(struct xforms *x, const struct transform *t, const struct crypto_key *key, bool decrypt,
	unsigned iv_offset, unsigned aad_len)
{
	struct rte_crypto_aead_xform *aead = &xforms_add(x, RTE_CRYPTO_SYM_XFORM_AEAD)->aead;

	aead->op = decrypt ? RTE_CRYPTO_AEAD_OP_DECRYPT : RTE_CRYPTO_AEAD_OP_ENCRYPT;
	aead->algo = cryptodev_aead(t->cipher);
	aead->key.data = key->key;
	aead->key.length = (uint16_t)key->key_len;
	aead->iv.offset = (uint16_t)(SLOT_IV + (t->mode == ALG_MODE_CCM ? 0 : iv_offset));
	aead->iv.length = (uint16_t)cryptodev_iv_len(t->cipher);
	aead->digest_length = t->icv_len;
	aead->aad_length = (uint16_t)aad_len;
}

static void
xforms_cipher(struct xforms *x, const struct transform *t, const struct crypto_key *key, bool decrypt)
{
	struct rte_crypto_cipher_xform *cipher = &xforms_add(x, RTE_CRYPTO_SYM_XFORM_CIPHER)->cipher;

	cipher->op = decrypt ? RTE_CRYPTO_CIPHER_OP_DECRYPT : RTE_CRYPTO_CIPHER_OP_ENCRYPT;
	cipher->algo = cryptodev_cipher(t->cipher);
	cipher->key.data = key->key;
	cipher->key.length = (uint16_t)key->key_len;
	cipher->iv.offset = SLOT_IV;
	cipher->iv.length = (uint16_t)cryptodev_iv_len(t->cipher);
}

static void
xforms_auth(struct xforms *x, const struct transform *t, const struct crypto_key *key, bool verify,
	unsigned digest)
{
	struct rte_crypto_auth_xform *auth = &xforms_add(x, RTE_CRYPTO_SYM_XFORM_AUTH)->auth;
	bool gmac = t->mode == ALG_MODE_GMAC;

	auth->op = verify ? RTE_CRYPTO_AUTH_OP_VERIFY : RTE_CRYPTO_AUTH_OP_GENERATE;
	auth->algo = gmac ? RTE_CRYPTO_AUTH_AES_GMAC : cryptodev_auth(t->auth);
	auth->key.data = gmac ? key->key : key->auth_key;
	auth->key.length = (uint16_t)(gmac ? key->key_len : key->auth_key_len);
	auth->digest_length = (uint16_t)digest;
	if (gmac) {
		auth->iv.offset = SLOT_IV;
		auth->iv.length = (uint16_t)cryptodev_iv_len(t->cipher);
	}
}

static enum cryptodev_shape
shape_of(const struct transform *t)
{
	if (t->mode == ALG_MODE_GMAC)
		return CRYPTODEV_GMAC;
	if (t->aead)
		return CRYPTODEV_AEAD;
	if (t->mode == ALG_MODE_NULL)
		return CRYPTODEV_AUTH;
	return t->auth == ALG_AUTH_NONE ? CRYPTODEV_CIPHER : CRYPTODEV_CIPHER_AUTH;
}

static void
xforms_fill(struct xforms *x, const struct crypto_session *s, const struct transform *t,
	const struct crypto_key *key, unsigned digest, unsigned aad_len)
{
	bool verify = s->decrypt && !s->compare;

	x->n = 0;
	if (s->shape == CRYPTODEV_AEAD) {
		xforms_aead(x, t, key, s->decrypt, s->iv_offset, aad_len);
		return;
	}
	if (s->decrypt && s->shape != CRYPTODEV_CIPHER)
		xforms_auth(x, t, key, verify, digest);
	if (s->shape == CRYPTODEV_CIPHER || s->shape == CRYPTODEV_CIPHER_AUTH)
		xforms_cipher(x, t, key, s->decrypt);
	if (!s->decrypt && s->shape != CRYPTODEV_CIPHER)
		xforms_auth(x, t, key, verify, digest);
}

static bool
pool_add(struct cryptodev *cd)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	uint32_t size = rte_cryptodev_sym_get_private_session_size(cd->device.id);

	if (cd->n_pools == CRYPTODEV_POOLS_MAX)
		return false;
	snprintf(name, sizeof(name), "crypto%u_%u", cd->device.id, cd->n_pools);
	struct rte_mempool *pool = rte_cryptodev_sym_session_pool_create(
		name, POOL_FIRST << cd->n_pools, size, 0, 0, SOCKET_ID_ANY);
	if (!pool)
		return false;
	cd->pools[cd->n_pools++] = pool;
	return true;
}

/* Objects that one session takes: a scheduler makes one for each kind of worker besides its own. */
static unsigned
session_objects(const struct cryptodev *cd)
{
	return 1 + cd->device.n_workers;
}

static struct rte_mempool *
pool_with_room(struct cryptodev *cd)
{
	for (unsigned i = cd->n_pools; i-- > 0;)
		if (rte_mempool_avail_count(cd->pools[i]) >= session_objects(cd))
			return cd->pools[i];
	return pool_add(cd) ? cd->pools[cd->n_pools - 1] : NULL;
}

void
cryptodev_pools_free(struct cryptodev *cd)
{
	while (cd->n_pools)
		rte_mempool_free(cd->pools[--cd->n_pools]);
}

static enum status
dpdk_session(struct cryptodev *cd, struct xforms *x, void **out, char *message, size_t bytes)
{
	struct rte_mempool *pool = pool_with_room(cd);

	if (!pool) {
		snprintf(message, bytes, "%s: no memory for another session", cd->device.name);
		return ST_ERR_RANGE;
	}
	*out = rte_cryptodev_sym_session_create(cd->device.id, &x->list[0], pool);
	if (*out)
		return ST_OK;
	snprintf(message, bytes, "%s refuses the session: %s", cd->device.name, rte_strerror(rte_errno));
	return rte_errno == ENOMEM ? ST_ERR_RANGE : ST_ERR_UNSUPPORTED;
}

static enum status
key_lengths_check(const struct transform *t, const struct crypto_key *key, char *message, size_t bytes)
{
	unsigned cipher = alg_cipher_info[t->cipher].key, auth = alg_auth_info[t->auth].key;

	if ((!cipher || key->key_len == cipher) && (!auth || key->auth_key_len == auth))
		return ST_OK;
	snprintf(message, bytes, "keys of %u and %u bytes; %s and %s want %u and %u", key->key_len,
		key->auth_key_len, alg_cipher_info[t->cipher].name, alg_auth_info[t->auth].name, cipher,
		auth);
	return ST_ERR_RANGE;
}

static void
session_describe(struct crypto_session *s, const struct cryptodev_device *device, const struct transform *t,
	enum crypto_direction direction, unsigned full)
{
	bool ccm = t->mode == ALG_MODE_CCM;

	*s = (struct crypto_session){
		.shape = shape_of(t),
		.decrypt = direction == CRYPTO_DECRYPT,
		.compare = full != 0 && direction == CRYPTO_DECRYPT,
		.icv_len = t->icv_len,
		.iv_offset = ccm, /* its first byte is the driver's */
		.aad_offset = ccm ? CCM_AAD_BEFORE : 0,
		.block_mask = t->mode == ALG_MODE_CBC ? (uint8_t)(t->block - 1) : 0,
		.empty = true,
		.segments = (device->features & RTE_CRYPTODEV_FF_IN_PLACE_SGL) && !device->hardware &&
			    !(device->quirks & CRYPTODEV_QUIRK(NO_SEGMENTS)),
	};
}

enum status
cryptodev_session_create(struct engine *engine, const struct transform *transform,
	const struct crypto_key *key, enum crypto_direction direction, struct crypto_session **session,
	char *message, size_t bytes)
{
	struct cryptodev *cd = (struct cryptodev *)engine;
	struct xforms xforms;
	unsigned full;
	enum status status = cryptodev_caps_check(&cd->device, transform, &full, message, bytes);

	if (status == ST_OK)
		status = key_lengths_check(transform, key, message, bytes);
	if (status != ST_OK)
		return status;
	struct crypto_session *s = calloc(1, sizeof(*s));
	if (!s)
		return ST_ERR_NOMEM;
	session_describe(s, &cd->device, transform, direction, full);
	for (unsigned i = 0; status == ST_OK && i < (s->shape == CRYPTODEV_AEAD ? 2u : 1u); i++) {
		xforms_fill(&xforms, s, transform, key, full ? full : transform->icv_len, i ? 12 : 8);
		status = dpdk_session(cd, &xforms, &s->dpdk[i], message, bytes);
	}
	if (status != ST_OK) {
		cryptodev_session_destroy(engine, s);
		return status;
	}
	*session = s;
	return ST_OK;
}

void
cryptodev_session_destroy(struct engine *engine, struct crypto_session *session)
{
	struct cryptodev *cd = (struct cryptodev *)engine;

	if (!session)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (session->dpdk[i]) /* DPDK wipes it */
			rte_cryptodev_sym_session_free(cd->device.id, session->dpdk[i]);
	free(session);
}
