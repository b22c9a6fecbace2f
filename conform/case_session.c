/* session: the key lengths of RFCs are exact; a session with another one would encrypt with a key that nobody
 * has.  Refusing is ERR_RANGE, or ERR_UNSUPPORTED where the length belongs to another transform, or
 * ERR_CONFIG where the engine behind a card said so. */
#include "conform/case.h"

static void
length_try(struct conform *c, unsigned key_len, unsigned auth_key_len, bool right)
{
	for (unsigned d = CRYPTO_ENCRYPT; d <= CRYPTO_DECRYPT; d++) {
		struct crypto_session *session;
		char message[256];
		enum status status = case_session_with(c, &c->drive, key_len, auth_key_len,
			(enum crypto_direction)d, &session, message, sizeof(message));
		bool refused = status == ST_ERR_RANGE || status == ST_ERR_UNSUPPORTED ||
			       status == ST_ERR_CONFIG;

		case_check(c, right ? status == ST_OK && session : refused && !session,
			"a key of %u and an authentication key of %u bytes: %s%s%s", key_len, auth_key_len,
			status_text(status), message[0] ? ": " : "", message);
		if (session)
			c->drive.engine->ops->session_destroy(c->drive.engine, session);
	}
}

void
case_session(struct conform *c)
{
	const struct transform *t = c->transform;
	unsigned key = t->key_len - (unsigned)t->salt_len, auth = t->auth_key_len;
	const unsigned keys[] = {0, key - 1, key + 1, key + 8, key + t->salt_len, 5};
	const unsigned auths[] = {0, auth - 1, auth + 1, auth + 4, 7};

	length_try(c, key, auth, true);
	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i] != key && keys[i] <= CASE_KEY_MAX)
			length_try(c, keys[i], auth, false);
	for (unsigned i = 0; i < sizeof(auths) / sizeof(*auths); i++)
		if (auths[i] != auth && auths[i] <= CASE_KEY_MAX)
			length_try(c, key, auths[i], false);
	case_end(c, NULL, "");
}
