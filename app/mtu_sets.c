/* Lists of transform sets.  The rows come from alg.def; what may be combined is asked of
 * transform_set_parse(), so that no rule stands here a second time. */
#include "app/mtu_sets.h"

#include <stdio.h>
#include <string.h>

#define WORDS_BYTES 128u

/* The rows of the table of overheads that everybody knows by heart. */
static const char *const common[] = {
	"esp-aes 128 esp-sha-hmac",
	"esp-aes 256 esp-sha-hmac",
	"esp-aes 256 esp-sha256-hmac",
	"esp-aes 256 esp-sha512-hmac",
	"esp-3des esp-md5-hmac",
	"esp-3des esp-sha-hmac",
	"esp-gcm 128",
	"esp-gcm 256",
	"esp-chacha20-poly1305",
	"esp-null esp-sha-hmac",
	"ah-sha-hmac",
	"ah-sha256-hmac",
	"ah-sha-hmac esp-aes 128",
};

enum status
mtu_sets_add(struct mtu_sets *sets, const char *words, char *message, size_t bytes)
{
	enum status status;

	if (sets->n == MTU_SETS_MAX) {
		snprintf(message, bytes, "at most %u transform sets at a time", MTU_SETS_MAX);
		return ST_ERR_RANGE;
	}
	status = transform_set_parse(words, &sets->set[sets->n], message, bytes);
	if (status == ST_OK)
		sets->n++;
	return status;
}

void
mtu_sets_common(struct mtu_sets *sets)
{
	char message[1024];

	for (unsigned i = 0; i < sizeof(common) / sizeof(*common); i++)
		mtu_sets_add(sets, common[i], message, sizeof(message));
}

/* Words of a row without its synonyms. */
static int
first_word(const char *words)
{
	return (int)strcspn(words, "|");
}

/* The words of both together; what makes no sense is left out. */
static void
pair_add(struct mtu_sets *sets, const char *a, const char *b)
{
	char words[WORDS_BYTES], message[1024];

	snprintf(words, sizeof(words), "%.*s %.*s", first_word(a), a, first_word(b), b);
	mtu_sets_add(sets, words, message, sizeof(message));
}

void
mtu_sets_all(struct mtu_sets *sets)
{
	for (unsigned c = 0; c < ALG_CIPHER_COUNT; c++)
		for (unsigned a = 0; a < ALG_AUTH_COUNT; a++)
			pair_add(sets, alg_cipher_info[c].ios, alg_auth_info[a].esp);
	for (unsigned a = ALG_AUTH_NONE + 1; a < ALG_AUTH_COUNT; a++) {
		pair_add(sets, alg_auth_info[a].ah, "");
		for (unsigned c = 0; c < ALG_CIPHER_COUNT; c++)
			if (!alg_cipher_info[c].icv)
				pair_add(sets, alg_auth_info[a].ah, alg_cipher_info[c].ios);
	}
}

void
mtu_set_text(const struct transform_set *set, char *out, size_t bytes)
{
	char ah[WORDS_BYTES] = "", esp[WORDS_BYTES] = "";

	if (set->has_ah)
		transform_text(&set->ah, ah, sizeof(ah));
	if (set->has_esp)
		transform_text(&set->esp, esp, sizeof(esp));
	snprintf(out, bytes, "%s%s%s", ah, set->has_ah && set->has_esp ? " " : "", esp);
}
