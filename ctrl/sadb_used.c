/* Keys that outbound SAs have had: with one of them numbers would begin anew, and be used twice (RFC 4303
 * §3.3.3).  They are remembered as long as the process lives, by fingerprints of 16 bytes that nobody can
 * make without the secret of the process, so that no key stays in memory; what was before it is the state
 * file's affair. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/lookup.h"
#include "base/rng.h"
#include "base/siphash.h"
#include "ctrl/sadb_priv.h"

#define SLOTS_MIN 64u
#define KEY_WORDS (1u + 2u * CFG_KEY_MAX / 8u)

/* Both 0: free. */
struct print {
	uint64_t a, b;
};

struct used_keys {
	uint64_t secret[4];
	struct print *slots; /* open addressing, at most half full */
	uint64_t mask, n;
};

enum status
sadb_used_create(struct used_keys **out)
{
	struct used_keys *used = calloc(1, sizeof(*used));

	*out = NULL;
	if (!used)
		return ST_ERR_NOMEM;
	used->mask = SLOTS_MIN - 1;
	used->slots = calloc(SLOTS_MIN, sizeof(*used->slots));
	for (unsigned i = 0; i < 4 && used->slots; i++)
		if (!rng_seed_draw(&used->secret[i])) {
			free(used->slots);
			used->slots = NULL;
		}
	if (!used->slots) {
		free(used);
		return ST_ERR_NOMEM;
	}
	*out = used;
	return ST_OK;
}

void
sadb_used_destroy(struct used_keys *used)
{
	if (!used)
		return;
	bytes_wipe(used->secret, sizeof(used->secret));
	free(used->slots);
	free(used);
}

/* False where it has no key. */
static bool
print_of(const struct used_keys *used, const struct cfg_sa *sa, struct print *print)
{
	uint64_t words[KEY_WORDS] = {sa->key_len << 8 | sa->auth_key_len};

	memcpy(&words[1], sa->key, sa->key_len);
	memcpy(&words[1 + CFG_KEY_MAX / 8], sa->auth_key, sa->auth_key_len);
	print->a = siphash_words(used->secret, words, KEY_WORDS);
	print->b = siphash_words(used->secret + 2, words, KEY_WORDS) | 1;
	bytes_wipe(words, sizeof(words));
	return sa->direction == CFG_OUT && sa->key_len + sa->auth_key_len;
}

static struct print *
slot_of(const struct used_keys *used, const struct print *print)
{
	uint64_t at = print->a & used->mask;

	while (used->slots[at].b && (used->slots[at].a != print->a || used->slots[at].b != print->b))
		at = (at + 1) & used->mask;
	return &used->slots[at];
}

enum status
sadb_used_reserve(struct used_keys *used, uint32_t more)
{
	struct used_keys wider = *used;

	while ((used->n + more) * 2 > wider.mask)
		wider.mask = wider.mask * 2 + 1;
	if (wider.mask == used->mask)
		return ST_OK;
	wider.slots = calloc(wider.mask + 1, sizeof(*wider.slots));
	if (!wider.slots)
		return ST_ERR_NOMEM;
	for (uint64_t i = 0; i <= used->mask; i++)
		if (used->slots[i].b)
			*slot_of(&wider, &used->slots[i]) = used->slots[i];
	free(used->slots);
	*used = wider;
	return ST_OK;
}

void
sadb_used_add(struct used_keys *used, const struct cfg_gateway *cfg)
{
	struct print print, *slot;

	for (uint32_t i = 0; i < cfg->n_sas; i++) {
		if (!print_of(used, &cfg->sas[i], &print))
			continue;
		slot = slot_of(used, &print);
		used->n += !slot->b;
		*slot = print;
	}
}

static bool
key_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->direction == b->direction && a->key_len == b->key_len &&
	       a->auth_key_len == b->auth_key_len && !memcmp(a->key, b->key, a->key_len) &&
	       !memcmp(a->auth_key, b->auth_key, a->auth_key_len);
}

/* lookup: of the outbound SAs of cfg, by the first half of their fingerprints. */
static bool
in_force(const struct cfg_gateway *cfg, const struct lookup *lookup, const struct cfg_sa *sa, uint64_t hash)
{
	uint32_t slot, at = lookup_first(lookup, hash, &slot);

	while (at != LOOKUP_NONE && !key_equal(&cfg->sas[at], sa))
		at = lookup_next(lookup, &slot);
	return at != LOOKUP_NONE;
}

enum status
sadb_used_again(const struct used_keys *used, const struct cfg_gateway *was, const struct cfg_gateway *cfg,
	const struct cfg_sa **again)
{
	struct lookup now;
	struct print print;

	*again = NULL;
	if (lookup_create(&now, was->n_sas))
		return ST_ERR_NOMEM;
	for (uint32_t i = 0; i < was->n_sas; i++)
		if (print_of(used, &was->sas[i], &print) && !in_force(was, &now, &was->sas[i], print.a))
			lookup_add(&now, print.a, i);
	for (uint32_t i = 0; i < cfg->n_sas && !*again; i++)
		if (print_of(used, &cfg->sas[i], &print) && slot_of(used, &print)->b &&
			!in_force(was, &now, &cfg->sas[i], print.a))
			*again = &cfg->sas[i];
	lookup_destroy(&now);
	return ST_OK;
}
