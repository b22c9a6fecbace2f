/* Keys that outbound SAs had and have no more: with one of them numbers would begin anew, and be used twice
 * (RFC 4303 §3.3.3).  They are remembered as long as the process lives; what was before it is the state
 * file's affair. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ctrl/sadb_priv.h"

struct used_key {
	struct used_key *next;
	struct cfg_sa sa; /* of it the keys alone */
};

static bool
key_equal(const struct cfg_sa *a, const struct cfg_sa *b)
{
	return a->key_len == b->key_len && a->auth_key_len == b->auth_key_len &&
	       !memcmp(a->key, b->key, a->key_len) && !memcmp(a->auth_key, b->auth_key, a->auth_key_len);
}

static bool
has_key(const struct cfg_gateway *cfg, const struct cfg_sa *sa, uint32_t guess)
{
	if (guess < cfg->n_sas && cfg->sas[guess].direction == CFG_OUT && key_equal(&cfg->sas[guess], sa))
		return true;
	for (uint32_t i = 0; i < cfg->n_sas; i++)
		if (cfg->sas[i].direction == CFG_OUT && key_equal(&cfg->sas[i], sa))
			return true;
	return false;
}

static bool
is_secret(const struct cfg_sa *sa)
{
	return sa->direction == CFG_OUT && sa->key_len + sa->auth_key_len;
}

enum status
sadb_used_find(const struct cfg_gateway *was, const struct cfg_gateway *cfg, struct used_key **list)
{
	*list = NULL;
	for (uint32_t i = 0; i < was->n_sas; i++) {
		struct used_key *key;

		if (!is_secret(&was->sas[i]) || has_key(cfg, &was->sas[i], i))
			continue;
		key = calloc(1, sizeof(*key));
		if (!key) {
			sadb_used_free(*list);
			return ST_ERR_NOMEM;
		}
		memcpy(key->sa.key, was->sas[i].key, sizeof(key->sa.key));
		memcpy(key->sa.auth_key, was->sas[i].auth_key, sizeof(key->sa.auth_key));
		key->sa.key_len = was->sas[i].key_len;
		key->sa.auth_key_len = was->sas[i].auth_key_len;
		key->next = *list;
		*list = key;
	}
	return ST_OK;
}

const struct cfg_sa *
sadb_used_again(const struct used_key *list, const struct cfg_gateway *cfg)
{
	for (; list; list = list->next)
		for (uint32_t i = 0; i < cfg->n_sas; i++)
			if (is_secret(&cfg->sas[i]) && key_equal(&cfg->sas[i], &list->sa))
				return &cfg->sas[i];
	return NULL;
}

struct used_key *
sadb_used_join(struct used_key *list, struct used_key *more)
{
	struct used_key **end = &more;

	while (*end)
		end = &(*end)->next;
	*end = list;
	return more;
}

void
sadb_used_free(struct used_key *list)
{
	for (struct used_key *next; list; list = next) {
		next = list->next;
		bytes_wipe(list, sizeof(*list));
		free(list);
	}
}
