/* The run of the cases: which transforms, which rows, and their lines.
 *
 * An engine that says of a transform that it does not have it gets one SKIP with its own words, and no
 * further case of that transform. */
#include "conform/conform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/esp_case.h"

enum scope { SCOPE_EACH, SCOPE_ONCE, SCOPE_ESP, SCOPE_REPLAY };

struct row {
	struct conform_case show;
	enum scope scope;
	void (*run)(struct conform *c);
};

static const struct row rows[] = {
#define CASE(name, scope, text, rfc) {{#name, text, rfc}, SCOPE_##scope, case_##name},
#include "conform/case.def"
#undef CASE
};

const char *const conform_verdict_texts[CONFORM_VERDICT_COUNT] = {"PASS", "FAIL", "SKIP"};

static void
line_send(struct conform *c, enum conform_verdict verdict, const char *expected, const char *found)
{
	struct conform_line line = {
		.verdict = verdict,
		.name = c->row->name,
		.transform = c->words,
		.expected = expected ? expected : c->row->text,
		.found = found,
		.rfc = c->row->rfc[0] ? c->row->rfc : c->rfc,
	};

	c->sum->lines[verdict]++;
	c->sink->line(c->sink->ctx, &line);
	c->checks = 0;
	c->wrong = 0;
	c->refusal[0] = '\0';
}

bool
case_check(struct conform *c, bool good, const char *format, ...)
{
	va_list args;

	c->checks++;
	if (!good && !c->wrong++) {
		va_start(args, format);
		vsnprintf(c->first, sizeof(c->first), format, args);
		va_end(args);
	}
	return good;
}

void
case_refused(struct conform *c, const char *why)
{
	snprintf(c->refusal, sizeof(c->refusal), "%s", why);
}

void
case_end(struct conform *c, const char *expected, const char *note)
{
	char found[600];

	if (!c->checks && c->refusal[0]) {
		line_send(c, CONFORM_SKIP, expected, c->refusal);
		return;
	}
	if (c->wrong)
		snprintf(found, sizeof(found), "%u of %u differ, first: %s%s%s", c->wrong, c->checks,
			c->first, note[0] ? "; " : "", note);
	else
		snprintf(found, sizeof(found), "%u of %u%s%s%s%s", c->checks, c->checks, note[0] ? ", " : "",
			note, c->refusal[0] ? ", left out: " : "", c->refusal);
	/* A case that checked nothing has shown nothing. */
	line_send(c, c->wrong || !c->checks ? CONFORM_FAIL : CONFORM_PASS, expected, found);
}

void
case_skip(struct conform *c, const char *expected, const char *why)
{
	line_send(c, CONFORM_SKIP, expected, why);
}

/* The documents of its rows of alg.def. */
static void
transform_rfc(const struct transform *t, char *out, size_t bytes)
{
	bool cipher = t->proto == ALG_ESP && (t->cipher != ALG_CIPHER_NULL || t->auth == ALG_AUTH_NONE);
	bool auth = t->auth != ALG_AUTH_NONE;

	snprintf(out, bytes, "%s%s%s", cipher ? alg_cipher_info[t->cipher].rfc : "",
		cipher && auth ? ", " : "", auth ? alg_auth_info[t->auth].rfc : "");
}

static void
transform_take(struct conform *c, const struct transform *transform)
{
	c->transform = transform;
	transform_text(transform, c->words, sizeof(c->words));
	transform_rfc(transform, c->rfc, sizeof(c->rfc));
}

static void
rows_run(struct conform *c, enum scope scope)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows) && !c->nomem; i++) {
		if (rows[i].scope != scope)
			continue;
		c->row = &rows[i].show;
		rows[i].run(c);
	}
}

/* The first row of a scope speaks for all of it. */
static const struct conform_case *
row_find(enum scope scope)
{
	unsigned i = 0;

	while (rows[i].scope != scope)
		i++;
	return &rows[i].show;
}

/* Whether the engine has the transform; where not, it says so in a line of its own. */
static bool
engine_has(struct conform *c)
{
	const struct transform *t = c->transform;
	struct crypto_session *session;
	char message[256];
	enum status status = case_session_with(c, &c->drive, t->key_len - (unsigned)t->salt_len,
		t->auth_key_len, CRYPTO_ENCRYPT, &session, message, sizeof(message));

	if (status == ST_OK)
		c->drive.engine->ops->session_destroy(c->drive.engine, session);
	if (status != ST_ERR_UNSUPPORTED && status != ST_ERR_CONFIG)
		return true; /* what else is wrong shows in the cases */
	c->row = row_find(SCOPE_EACH);
	case_skip(c, NULL, message[0] ? message : status_text(status));
	return false;
}

/* Every transform that alg.def allows: AEADs, ciphers with each authentication, and AH. */
struct transform_list {
	struct transform *items;
	unsigned n;
};

static void
list_add(struct transform_list *list, const struct transform *only, const struct transform *pair)
{
	char words[128], message[64];
	struct transform *item = &list->items[list->n];

	transform_text(pair, words, sizeof(words));
	if (transform_parse(words, item, message, sizeof(message)) != ST_OK)
		return;
	list->n += !only ||
		   (item->proto == only->proto && item->cipher == only->cipher && item->auth == only->auth);
}

static bool
list_make(struct conform *c, const struct transform *only, struct transform_list *list)
{
	list->n = 0;
	list->items = case_alloc(c, (ALG_CIPHER_COUNT + 1u) * ALG_AUTH_COUNT + 1u, sizeof(*list->items));
	if (!list->items)
		return false;
	for (unsigned cipher = 0; cipher < ALG_CIPHER_COUNT; cipher++)
		for (unsigned auth = 0; auth < ALG_AUTH_COUNT; auth++)
			list_add(list, only,
				&(struct transform){.proto = ALG_ESP, .cipher = cipher, .auth = auth});
	for (unsigned auth = ALG_AUTH_NONE + 1; auth < ALG_AUTH_COUNT; auth++)
		list_add(list, only,
			&(struct transform){.proto = ALG_AH, .cipher = ALG_CIPHER_NULL, .auth = auth});
	return true;
}

/* The same for who does all of ESP, in either direction. */
static bool
esp_has(struct conform *c)
{
	for (unsigned d = CRYPTO_ENCRYPT; d <= CRYPTO_DECRYPT; d++) {
		const struct esp_shape shape = {.direction = (enum crypto_direction)d};
		struct esp_subject *subject;
		char message[256];
		enum status status = esp_subject_make(c, &shape, &subject, message, sizeof(message));

		esp_subject_end(subject);
		if (status != ST_ERR_UNSUPPORTED)
			continue;
		c->row = row_find(SCOPE_ESP);
		case_skip(c, NULL, message[0] ? message : status_text(status));
		return false;
	}
	return true;
}

/* All cases of one transform; *once: those that are run with the first one only, have been. */
static void
transform_run(struct conform *c, bool *once, const struct transform **replay)
{
	const struct transform *t = c->transform;

	if (c->subject->engine) {
		if (!engine_has(c))
			return;
		rows_run(c, SCOPE_EACH);
		if (!*once)
			rows_run(c, SCOPE_ONCE);
		*once = true;
	}
	if (t->proto != ALG_ESP || !esp_has(c))
		return;
	rows_run(c, SCOPE_ESP);
	if (!*replay && t->authenticated)
		*replay = t;
}

static void
list_run(struct conform *c, const struct transform_list *list)
{
	const struct transform *replay = NULL;
	bool once = false;

	for (unsigned i = 0; i < list->n && !c->nomem; i++) {
		transform_take(c, &list->items[i]);
		transform_run(c, &once, &replay);
	}
	if (!replay)
		return;
	transform_take(c, replay);
	rows_run(c, SCOPE_REPLAY);
}

enum status
conform_run(const struct conform_subject *subject, const struct transform *only,
	const struct conform_sink *sink, struct conform_sum *sum)
{
	struct conform *c = calloc(1, sizeof(*c));
	struct transform_list list;
	enum status status;

	*sum = (struct conform_sum){0};
	if (!c)
		return ST_ERR_NOMEM;
	c->subject = subject;
	c->sink = sink;
	c->sum = sum;
	c->drive.engine = subject->engine ? subject->engine : subject->reference;
	c->reference.engine = subject->engine ? subject->reference : NULL;
	if (list_make(c, only, &list)) {
		list_run(c, &list);
		free(list.items);
	}
	status = c->nomem ? ST_ERR_NOMEM : ST_OK;
	free(c);
	return status;
}
