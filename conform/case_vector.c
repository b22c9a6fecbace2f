/* vector: the published vectors of a transform, a line each.  Encrypting must give the published bytes, and
 * these must decrypt to the text.
 *
 * The specification of GCM has cases with other lengths of AAD than ESP's 8 and 12 bytes (RFC 4106 §5). Their
 * AAD runs on into icv_copy, which stands behind and is free here; an engine that cannot do them is not
 * wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/case.h"
#include "conform/vector.h"

_Static_assert(offsetof(struct crypto_op, aad) + sizeof(((struct crypto_op *)0)->aad) ==
		       offsetof(struct crypto_op, icv_copy),
	"AAD may run on");

#define AAD_MAX (sizeof(((struct crypto_op *)0)->aad) + CRYPTO_ICV_MAX)

/* Everything that the case writes to, or the engine. */
struct work {
	struct crypto_op op;
	uint8_t *text, *icv;
};

static void
work_fill(const struct transform *t, const struct conform_vector *v, struct work *work)
{
	bool only_mac = case_only_mac(t);

	work->op = (struct crypto_op){
		.text = work->text,
		.icv = work->icv,
		.text_len = only_mac ? 0 : v->text.n,
		.auth_len = t->authenticated && (!t->aead || only_mac) ? v->text.n : 0,
		.aad_len = (uint8_t)v->aad.n,
		.result = 0xee,
	};
	if (v->iv.n)
		memcpy(work->op.iv, v->iv.data, v->iv.n);
	if (v->aad.n)
		memcpy((uint8_t *)&work->op + offsetof(struct crypto_op, aad), v->aad.data, v->aad.n);
}

static bool
session_open(struct conform *c, const struct conform_vector *v, enum crypto_direction direction,
	struct crypto_session **session)
{
	const struct transform *t = c->transform;
	struct engine *engine = c->drive.engine;
	uint8_t key[CASE_KEY_MAX] = {0}, auth_key[CASE_KEY_MAX] = {0};
	struct crypto_key keys = {key, t->key_len - (unsigned)t->salt_len, auth_key, t->auth_key_len};
	char message[256] = "";

	if (v->key.n)
		memcpy(key, v->key.data, v->key.n);
	if (v->auth_key.n)
		memcpy(auth_key, v->auth_key.data, v->auth_key.n);
	enum status status = engine->ops->session_create(
		engine, t, &keys, direction, session, message, sizeof(message));
	return case_check(c, status == ST_OK, "no session: %s", message);
}

static bool
direction_run(
	struct conform *c, const struct conform_vector *v, struct work *work, enum crypto_direction direction)
{
	const struct vector_bytes *from = direction == CRYPTO_ENCRYPT ? &v->text : &v->out;
	const struct vector_bytes *to = direction == CRYPTO_ENCRYPT ? &v->out : &v->text;
	struct crypto_session *session;
	const char *what = direction == CRYPTO_ENCRYPT ? "encrypting" : "decrypting";
	unsigned wrong = c->wrong;

	if (!session_open(c, v, direction, &session))
		return false;
	work_fill(c->transform, v, work);
	work->op.session = session;
	memset(work->icv, 0, CRYPTO_ICV_MAX);
	if (from->n)
		memcpy(work->text, from->data, from->n);
	if (direction == CRYPTO_DECRYPT && v->icv.n)
		memcpy(work->icv, v->icv.data, v->icv.n);
	drive_run(&c->drive, &work->op, 1);
	case_check(c, work->op.result == CRYPTO_OK, "%s: %s", what, case_result_text(work->op.result));
	case_check(c, !to->n || !memcmp(work->text, to->data, to->n), "%s: another text", what);
	if (direction == CRYPTO_ENCRYPT)
		case_check(c, !v->icv.n || !memcmp(work->icv, v->icv.data, v->icv.n), "another ICV");
	c->drive.engine->ops->session_destroy(c->drive.engine, session);
	return c->wrong == wrong;
}

/* Whether the vector is one for this transform that can be run at all. */
static bool
vector_fits(const struct conform *c, const struct conform_vector *v)
{
	const struct transform *t = c->transform;
	struct transform own;
	char message[64];

	if (transform_parse(v->transform, &own, message, sizeof(message)) != ST_OK)
		return false;
	return own.proto == t->proto && own.cipher == t->cipher && own.auth == t->auth;
}

static const char *
vector_fault(const struct transform *t, const struct conform_vector *v)
{
	if (v->key.n > t->key_len || v->auth_key.n > t->auth_key_len)
		return "its key is too long for this transform";
	if (v->iv.n > sizeof(((struct crypto_op *)0)->iv) || v->aad.n > AAD_MAX)
		return "its IV or AAD is longer than any of ESP";
	return v->text.n != v->out.n || v->icv.n != t->icv_len ? "its lengths are not those of the transform"
							       : NULL;
}

static void
vector_run(struct conform *c, const struct conform_vector *v)
{
	const char *fault = vector_fault(c->transform, v);
	char expected[200], why[128];
	struct work work = {
		.text = case_alloc(c, v->text.n + 64u, 1), .icv = case_alloc(c, CRYPTO_ICV_MAX, 1)};
	bool esp_aad = v->aad.n == 8 || v->aad.n == 12 || !c->transform->aead;

	snprintf(expected, sizeof(expected), "%s: %s (%s)", c->row->text, v->name, v->file);
	if (work.text && work.icv && !fault) {
		bool good = direction_run(c, v, &work, CRYPTO_ENCRYPT);

		good = direction_run(c, v, &work, CRYPTO_DECRYPT) && good;
		if (!good && !esp_aad) {
			snprintf(why, sizeof(why), "not done with %u bytes of AAD, which ESP never has",
				v->aad.n);
			fault = why;
		}
	}
	if (fault)
		case_skip(c, expected, fault);
	else if (!c->nomem)
		case_end(c, expected, "");
	free(work.text);
	free(work.icv);
}

void
case_vector(struct conform *c)
{
	for (unsigned i = 0; i < conform_vector_count && !c->nomem; i++)
		if (vector_fits(c, &conform_vectors[i]))
			vector_run(c, &conform_vectors[i]);
}
