/* Transforms: the tables of alg.def, and the words of an IOS transform set.
 *
 * A transform set is a list of phrases; a phrase is a word and the number that may follow it ("esp-aes 256").
 * Phrases are compared whole, in lower case, with every synonym of every row, so that a new row needs nothing
 * here.  Which combinations make sense: not both algorithms NULL (RFC 4303 §3.2), and an AEAD brings its own
 * ICV (§3.2.3).  Encryption without authentication is accepted: RFC 4303 §1 allows it, and the documents that
 * this project reproduces name it as a cure.  Keys are not known here. */
#include "crypto/alg.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/distance.h"

#define PHRASE_MAX 32 /* longer than any synonym */
#define ROW_NONE ROW_COUNT

/* Rows counted through: ciphers, authentications of ESP, those of AH. */
#define ROW_AUTH ((unsigned)ALG_CIPHER_COUNT)
#define ROW_AH (ROW_AUTH + (unsigned)ALG_AUTH_COUNT)
#define ROW_COUNT (ROW_AH + (unsigned)ALG_AUTH_COUNT)

/* Some characters inside a longer text. */
struct span {
	const char *text;
	size_t bytes;
};

/* The columns are single letters here: a parameter called `key` would also replace the member's name. */
#define SOURCE(r, a) .rfc = r, .advice = a
#define WORDS(e, a) .esp = e, .ah = a

const struct alg_cipher_info alg_cipher_info[ALG_CIPHER_COUNT] = {
#define BYTES(k, s, i, b, t) .key = k, .salt = s, .iv = i, .block = b, .icv = t
#define CIPHER(n, i, t, m, shape, source)                                                                    \
	[ALG_CIPHER_##n] = {.name = #n, .ios = i, .tshark = t, .mode = ALG_MODE_##m, shape, source},
#define AUTH(n, w, t, m, shape, source)
#include "crypto/alg.def"
#undef CIPHER
#undef AUTH
#undef BYTES
};

const struct alg_auth_info alg_auth_info[ALG_AUTH_COUNT] = {
#define BYTES(k, t) .key = k, .icv = t
#define CIPHER(n, i, t, m, shape, source)
#define AUTH(n, words, t, m, shape, source)                                                                  \
	[ALG_AUTH_##n] = {.name = #n, words, .tshark = t, .mac = ALG_MAC_##m, shape, source},
#include "crypto/alg.def"
#undef CIPHER
#undef AUTH
#undef BYTES
};

/* Words of a row. */
static const char *
row_words(unsigned row)
{
	if (row < ROW_AUTH)
		return alg_cipher_info[row].ios;
	return row < ROW_AH ? alg_auth_info[row - ROW_AUTH].esp : alg_auth_info[row - ROW_AH].ah;
}

/* The name that the RFCs know it by, another word for it; AH has no other. */
static const char *
row_name(unsigned row)
{
	if (row < ROW_AUTH)
		return alg_cipher_info[row].name;
	return row < ROW_AH && row != ROW_AUTH + ALG_AUTH_NONE ? alg_auth_info[row - ROW_AUTH].name : "";
}

/* The next of the synonyms split by '|'. */
static bool
synonym_next(const char **rest, struct span *span)
{
	if (**rest == '\0')
		return false;
	*span = (struct span){*rest, strcspn(*rest, "|")};
	*rest += span->bytes;
	*rest += **rest == '|';
	return true;
}

static struct span
synonym_first(unsigned row)
{
	const char *rest = row_words(row);
	struct span span = {"", 0};

	synonym_next(&rest, &span);
	return span;
}

/* Append one word in lower case.  What does not fit is cut off, and is then longer than any synonym. */
static size_t
word_append(char phrase[PHRASE_MAX], size_t used, const char **rest)
{
	size_t bytes = strcspn(*rest, " \t");

	for (size_t i = 0; i < bytes && used < PHRASE_MAX - 1; i++)
		phrase[used++] = (char)tolower((unsigned char)(*rest)[i]);
	phrase[used] = '\0';
	*rest += bytes;
	*rest += strspn(*rest, " \t");
	return used;
}

/* Not the name "3DES_CBC". */
static bool
word_is_number(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	return digits && digits == strcspn(word, " \t");
}

/* The next word, and the number that belongs to it. */
static bool
phrase_next(const char **rest, char phrase[PHRASE_MAX])
{
	*rest += strspn(*rest, " \t");
	if (**rest == '\0')
		return false;
	size_t used = word_append(phrase, 0, rest);
	if (word_is_number(*rest) && used < PHRASE_MAX - 1) {
		phrase[used++] = ' ';
		word_append(phrase, used, rest);
	}
	return true;
}

/* "aes-128-cbc" is AES_128_CBC. */
static bool
name_equal(const char *name, const char *phrase)
{
	for (; *name && *phrase; name++, phrase++)
		if (tolower((unsigned char)*name) != (*phrase == '-' ? '_' : *phrase))
			return false;
	return *name == *phrase;
}

static unsigned
row_find(const char *phrase)
{
	struct span span;

	for (unsigned row = 0; row < ROW_COUNT; row++) {
		if (*phrase && name_equal(row_name(row), phrase))
			return row;
		for (const char *rest = row_words(row); synonym_next(&rest, &span);)
			if (span.bytes == strlen(phrase) && !memcmp(span.text, phrase, span.bytes))
				return row;
	}
	return ROW_NONE;
}

/* A phrase that was only broken off ("esp-sha") is nearer than its missing letters say. */
static struct span
phrase_nearest(const char *phrase)
{
	struct span span, nearest = {"", 0};
	unsigned least = PHRASE_MAX;

	for (unsigned row = 0; row < ROW_COUNT; row++) {
		for (const char *rest = row_words(row); synonym_next(&rest, &span);) {
			bool begun = !strncmp(span.text, phrase, strlen(phrase));
			unsigned distance = begun ? 1
						  : text_distance(
							    phrase, strlen(phrase), span.text, span.bytes);
			if (distance < least) {
				least = distance;
				nearest = span;
			}
		}
	}
	return nearest;
}

/* "a, b, c": the shown phrases of rows from..to-1, behind what message holds already. */
static void
message_add_rows(char *message, size_t bytes, unsigned from, unsigned to)
{
	const char *comma = "";

	for (unsigned row = from; row < to; row++) {
		struct span span = synonym_first(row);
		size_t used = bytes ? strnlen(message, bytes) : 0;

		if (!span.bytes || used >= bytes)
			continue;
		snprintf(message + used, bytes - used, "%s%.*s", comma, (int)span.bytes, span.text);
		comma = ", ";
	}
}

static enum status
refuse_unknown(const char *phrase, char *message, size_t bytes)
{
	struct span nearest = phrase_nearest(phrase);

	snprintf(message, bytes, "unknown transform \"%s\"; the nearest is \"%.*s\"; allowed: ", phrase,
		(int)nearest.bytes, nearest.text);
	message_add_rows(message, bytes, 0, ROW_COUNT);
	return ST_ERR_CONFIG;
}

static enum status
refuse_empty(char *message, size_t bytes)
{
	snprintf(message, bytes, "the transform is empty; allowed: ");
	message_add_rows(message, bytes, 0, ROW_COUNT);
	return ST_ERR_CONFIG;
}

static enum status
refuse_second(unsigned had, unsigned row, char *message, size_t bytes)
{
	struct span a = synonym_first(had), b = synonym_first(row);

	snprintf(message, bytes, "\"%.*s\" and \"%.*s\" exclude one another: one %s is allowed", (int)a.bytes,
		a.text, (int)b.bytes, b.text, row < ROW_AUTH ? "cipher" : "authentication");
	return ST_ERR_CONFIG;
}

/* The rows of a set; ROW_NONE stands for "none". */
struct choice {
	unsigned cipher, auth, ah;
};

static unsigned *
choice_slot(struct choice *choice, unsigned row)
{
	if (row < ROW_AUTH)
		return &choice->cipher;
	return row < ROW_AH ? &choice->auth : &choice->ah;
}

static enum status
phrases_parse(const char *words, struct choice *choice, char *message, size_t bytes)
{
	char phrase[PHRASE_MAX];
	bool any = false;

	*choice = (struct choice){ROW_NONE, ROW_NONE, ROW_NONE};
	for (; phrase_next(&words, phrase); any = true) {
		unsigned row = row_find(phrase);

		if (row == ROW_NONE)
			return refuse_unknown(phrase, message, bytes);
		if (*choice_slot(choice, row) != ROW_NONE)
			return refuse_second(*choice_slot(choice, row), row, message, bytes);
		*choice_slot(choice, row) = row;
	}
	return any ? ST_OK : refuse_empty(message, bytes);
}

/* What may not stand alone or together in ESP. */
static enum status
combination_check(unsigned cipher, unsigned auth, char *message, size_t bytes)
{
	if (cipher == ROW_NONE) {
		struct span a = synonym_first(auth);

		snprintf(message, bytes,
			"\"%.*s\" has no cipher; without encryption it is \"esp-null %.*s\"; allowed: ",
			(int)a.bytes, a.text, (int)a.bytes, a.text);
		message_add_rows(message, bytes, 0, ROW_AUTH);
		return ST_ERR_CONFIG;
	}
	if (auth == ROW_NONE && cipher == ALG_CIPHER_NULL) {
		snprintf(message, bytes, "\"esp-null\" needs an authentication; allowed: ");
		message_add_rows(message, bytes, ROW_AUTH, ROW_AH);
		return ST_ERR_CONFIG;
	}
	if (auth != ROW_NONE && alg_cipher_info[cipher].icv) {
		struct span c = synonym_first(cipher), a = synonym_first(auth);

		snprintf(message, bytes, "\"%.*s\" authenticates by itself; \"%.*s\" is not allowed with it",
			(int)c.bytes, c.text, (int)a.bytes, a.text);
		return ST_ERR_CONFIG;
	}
	return ST_OK;
}

static void
transform_sum(struct transform *transform, enum alg_proto proto, enum alg_cipher cipher, enum alg_auth auth)
{
	const struct alg_cipher_info *c = &alg_cipher_info[cipher];
	const struct alg_auth_info *a = &alg_auth_info[auth];

	*transform = (struct transform){
		.proto = proto,
		.cipher = cipher,
		.auth = auth,
		.mode = c->mode,
		.aead = c->icv != 0,
		.authenticated = c->icv || a->icv,
		.key_len = (uint8_t)(c->key + c->salt),
		.auth_key_len = a->key,
		.salt_len = c->salt,
		.iv_len = c->iv,
		.block = c->block,
		.icv_len = c->icv ? c->icv : a->icv,
	};
}

enum status
transform_set_parse(const char *words, struct transform_set *set, char *message, size_t bytes)
{
	struct transform_set made = {0};
	struct choice choice;
	enum status status = phrases_parse(words, &choice, message, bytes);

	if (status != ST_OK)
		return status;
	made.has_ah = choice.ah != ROW_NONE;
	made.has_esp = choice.cipher != ROW_NONE || choice.auth != ROW_NONE;
	if (made.has_esp)
		status = combination_check(choice.cipher, choice.auth, message, bytes);
	if (status != ST_OK)
		return status;
	if (made.has_esp)
		transform_sum(&made.esp, ALG_ESP, (enum alg_cipher)choice.cipher,
			choice.auth == ROW_NONE ? ALG_AUTH_NONE : (enum alg_auth)(choice.auth - ROW_AUTH));
	if (made.has_ah)
		transform_sum(&made.ah, ALG_AH, ALG_CIPHER_NULL, (enum alg_auth)(choice.ah - ROW_AH));
	*set = made;
	return ST_OK;
}

enum status
transform_parse(const char *words, struct transform *transform, char *message, size_t bytes)
{
	struct transform_set set;
	enum status status = transform_set_parse(words, &set, message, bytes);

	if (status != ST_OK)
		return status;
	if (set.has_esp && set.has_ah) {
		snprintf(message, bytes,
			"\"%s\" is AH over ESP, which is two SAs; allowed: one SA for the \"esp-\" words, "
			"and one for \"ah-\" with over = the name of the first",
			words);
		return ST_ERR_CONFIG;
	}
	*transform = set.has_esp ? set.esp : set.ah;
	return ST_OK;
}

void
transform_text(const struct transform *transform, char *out, size_t bytes)
{
	bool ah = transform->proto == ALG_AH;
	struct span c = ah ? (struct span){"", 0} : synonym_first(transform->cipher);
	struct span a = synonym_first((ah ? ROW_AH : ROW_AUTH) + transform->auth);

	snprintf(out, bytes, "%.*s%s%.*s", (int)c.bytes, c.text, a.bytes && c.bytes ? " " : "", (int)a.bytes,
		a.text);
}

bool
transform_key_lengths(
	const char *words, unsigned *key_len, unsigned *auth_key_len, char *message, size_t bytes)
{
	struct transform transform;

	if (transform_parse(words, &transform, message, bytes) != ST_OK)
		return false;
	*key_len = transform.key_len;
	*auth_key_len = transform.auth_key_len;
	return true;
}
