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

static struct rte_crypto_sym_xform *
xforms_add(struct cryptodev_xforms *x, enum rte_crypto_sym_xform_type type)
{
	struct rte_crypto_sym_xform *xform = &x->list[x->n++];

	memset(xform, 0, sizeof(*xform));
	xform->type = type;
	if (x->n > 1)
		x->list[0].next = xform;
	return xform;
}

static void
xforms_aead(struct cryptodev_xforms *x, const struct cryptodev_wish *wish)
{
	struct rte_crypto_aead_xform *aead = &xforms_add(x, RTE_CRYPTO_SYM_XFORM_AEAD)->aead;

	aead->op = wish->decrypt ? RTE_CRYPTO_AEAD_OP_DECRYPT : RTE_CRYPTO_AEAD_OP_ENCRYPT;
	aead->algo = cryptodev_aead(wish->transform->cipher);
	aead->key.data = wish->key->key;
	aead->key.length = (uint16_t)wish->key->key_len;
	aead->iv.offset = SLOT_IV;
	aead->iv.length = (uint16_t)cryptodev_iv_len(wish->transform->cipher);
	aead->digest_length = (uint16_t)wish->digest;
	aead->aad_length = (uint16_t)wish->aad_len;
}

static void
xforms_cipher(struct cryptodev_xforms *x, const struct cryptodev_wish *wish)
{
	struct rte_crypto_cipher_xform *cipher = &xforms_add(x, RTE_CRYPTO_SYM_XFORM_CIPHER)->cipher;
	bool null = wish->transform->mode == ALG_MODE_NULL;

	cipher->op = wish->decrypt ? RTE_CRYPTO_CIPHER_OP_DECRYPT : RTE_CRYPTO_CIPHER_OP_ENCRYPT;
	cipher->algo = null ? RTE_CRYPTO_CIPHER_NULL : cryptodev_cipher(wish->transform->cipher);
	cipher->key.data = wish->key->key;
	cipher->key.length = (uint16_t)(null ? 0 : wish->key->key_len);
	cipher->iv.offset = SLOT_IV;
	cipher->iv.length = (uint16_t)cryptodev_iv_len(wish->transform->cipher);
}

static void
xforms_auth(struct cryptodev_xforms *x, const struct cryptodev_wish *wish)
{
	struct rte_crypto_auth_xform *auth = &xforms_add(x, RTE_CRYPTO_SYM_XFORM_AUTH)->auth;
	const struct crypto_key *key = wish->key;
	bool gmac = wish->transform->mode == ALG_MODE_GMAC;

	auth->op = wish->decrypt && wish->verify ? RTE_CRYPTO_AUTH_OP_VERIFY : RTE_CRYPTO_AUTH_OP_GENERATE;
	auth->algo = gmac ? RTE_CRYPTO_AUTH_AES_GMAC : cryptodev_auth(wish->transform->auth);
	auth->key.data = gmac ? key->key : key->auth_key;
	auth->key.length = (uint16_t)(gmac ? key->key_len : key->auth_key_len);
	auth->digest_length = (uint16_t)wish->digest;
	if (gmac) {
		auth->iv.offset = SLOT_IV;
		auth->iv.length = (uint16_t)cryptodev_iv_len(wish->transform->cipher);
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

void
cryptodev_xforms_fill(struct cryptodev_xforms *x, const struct cryptodev_wish *wish)
{
	const struct transform *t = wish->transform;
	bool gmac = t->mode == ALG_MODE_GMAC, auth = gmac || t->auth != ALG_AUTH_NONE;
	bool cipher = !gmac && (t->mode != ALG_MODE_NULL || wish->null_cipher);

	x->n = 0;
	if (t->aead && !gmac) {
		xforms_aead(x, wish);
		return;
	}
	if (auth && wish->decrypt)
		xforms_auth(x, wish);
	if (cipher)
		xforms_cipher(x, wish);
	if (auth && !wish->decrypt)
		xforms_auth(x, wish);
}

static bool
pool_add(struct cryptodev *cd)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	uint32_t size = rte_cryptodev_sym_get_private_session_size(cd->device.id);

	if (cd->n_pools == CRYPTODEV_POOLS_MAX)
		return false;
	snprintf(name, sizeof(name), "crypto%u_%u_%u", cd->device.id, cd->device.queue_pair, cd->n_pools);
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
dpdk_session(struct cryptodev *cd, struct cryptodev_xforms *x, void **out, char *message, size_t bytes)
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

	if (key->key_len == cipher && key->auth_key_len == auth)
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
		.empty = t->mode != ALG_MODE_CBC || !(device->quirks & CRYPTODEV_QUIRK(NO_EMPTY_CBC)),
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
	struct cryptodev_xforms xforms;
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
	struct cryptodev_wish wish = {.transform = transform,
		.key = key,
		.decrypt = s->decrypt,
		.verify = !s->compare,
		.digest = full ? full : transform->icv_len};
	for (unsigned i = 0; status == ST_OK && i < (s->shape == CRYPTODEV_AEAD ? 2u : 1u); i++) {
		wish.aad_len = i ? 12 : 8;
		cryptodev_xforms_fill(&xforms, &wish);
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
	cryptodev_collect(cd); /* nobody may still use it */
	for (unsigned i = 0; i < 2; i++)
		if (session->dpdk[i]) /* DPDK wipes it */
			rte_cryptodev_sym_session_free(cd->device.id, session->dpdk[i]);
	free(session);
}
