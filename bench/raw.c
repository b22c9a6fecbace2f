/* The cryptography alone: see raw.h. */
#include "bench/raw.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/ipsec_mb_raw.h"

#define BURST 64u

static enum status
engine_open(struct raw *raw, const struct cfg_engine *cfg, const struct transform *transform,
	const struct crypto_key *key)
{
	char message[2000];
	enum status status = engine_create(cfg, &raw->engine, message, sizeof(message));

	for (unsigned d = 0; d < 2 && !status; d++)
		status = raw->engine->ops->session_create(raw->engine, transform, key,
			(enum crypto_direction)d, &raw->session[d], message, sizeof(message));
	if (!status)
		raw->name = cfg->name;
	else
		raw_destroy(raw);
	return status;
}

enum status
raw_create(struct raw *raw, const struct cfg_engine *cfg, const struct cfg_sa *sa)
{
	struct transform transform;
	char message[256];
	enum status status = transform_parse(sa->transform, &transform, message, sizeof(message));
	struct crypto_key key = {.key = sa->key,
		.key_len = alg_cipher_info[transform.cipher].key,
		.auth_key = sa->auth_key,
		.auth_key_len = sa->auth_key_len};

	memset(raw, 0, sizeof(*raw));
	if (!status && !strcmp(cfg->kind, "ipsec_mb"))
		status = ipsec_mb_raw_create(&transform, &key, &raw->library);
	if (raw->library)
		raw->name = "intel-ipsec-mb";
	else if (!status || status == ST_ERR_UNSUPPORTED)
		status = engine_open(raw, cfg, &transform, &key);
	return status == ST_ERR_NOMEM ? status : ST_OK;
}

void
raw_destroy(struct raw *raw)
{
	ipsec_mb_raw_destroy(raw->library);
	for (unsigned d = 0; d < 2; d++)
		if (raw->session[d])
			raw->engine->ops->session_destroy(raw->engine, raw->session[d]);
	engine_destroy(raw->engine);
	memset(raw, 0, sizeof(*raw));
}

static bool
burst_run(struct raw *raw, struct crypto_op **ops, unsigned n)
{
	const struct engine_ops *engine = raw->engine->ops;
	struct crypto_op *done[BURST];
	unsigned sent = 0, back = 0;

	while (back < n) {
		unsigned got;

		if (sent < n)
			sent += engine->submit(raw->engine, ops + sent, n - sent, raw->now);
		got = engine->poll(raw->engine, done, BURST, raw->now);
		back += got;
		if (got)
			continue;
		if (engine->next_due(raw->engine) == TIME_NEVER)
			return false;
		if (engine->next_due(raw->engine) > raw->now)
			raw->now = engine->next_due(raw->engine);
	}
	return true;
}

bool
raw_run(struct raw *raw, enum crypto_direction direction, struct crypto_op **ops, unsigned n)
{
	if (raw->library) {
		ipsec_mb_raw_run(raw->library, direction, ops, n);
		return true;
	}
	for (unsigned i = 0; i < n; i++)
		ops[i]->session = raw->session[direction];
	for (unsigned i = 0; i < n; i += BURST)
		if (!burst_run(raw, ops + i, n - i < BURST ? n - i : BURST))
			return false;
	return true;
}
