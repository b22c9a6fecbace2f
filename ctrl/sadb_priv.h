/* Used inside ctrl/sadb*.c only. */
#ifndef CTRL_SADB_PRIV_H
#define CTRL_SADB_PRIV_H

#include <stdbool.h>

#include "base/status.h"
#include "config/cfg.h"

/* The first key, but for SAs and policies, in which two configurations of a gateway differ; NULL: none. */
const char *sadb_differs(const struct cfg_gateway *a, const struct cfg_gateway *b);

struct used_key;

/* The keys of outbound SAs that are in `was` and no more in cfg. */
enum status sadb_used_find(
	const struct cfg_gateway *was, const struct cfg_gateway *cfg, struct used_key **list);
/* An outbound SA of cfg with a key of the list; NULL: none. */
const struct cfg_sa *sadb_used_again(const struct used_key *list, const struct cfg_gateway *cfg);
struct used_key *sadb_used_join(struct used_key *list, struct used_key *more);
void sadb_used_free(struct used_key *list); /* wipes them; NULL is fine */

#endif
