/* Used inside ctrl/sadb*.c only. */
#ifndef CTRL_SADB_PRIV_H
#define CTRL_SADB_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "ctrl/sadb.h"
#include "ctrl/target.h"

/* The first key, but for SAs and policies, in which two configurations of a gateway differ; NULL: none. */
const char *sadb_differs(const struct cfg_gateway *a, const struct cfg_gateway *b);

struct used_key;

struct generation {
	struct generation *before;
	uint64_t number; /* counts up */
	uint64_t until;	 /* generations before that one may have texts of this one; 0: it has none */
	struct cfg_gateway cfg;
	struct cfg_lab *loaded; /* a file; NULL: changed from the one before */
	char *name;		/* of an SA that came with it */
	bool arrays;		/* cfg.sas and cfg.policies are its own */
	bool used;		/* by SAs that have been replaced; of sadb_age() */
};

struct sadb {
	const struct ctrl_target *target;
	struct generation *last; /* in force; the first one is the target's */
	struct used_key *used;	 /* by outbound SAs that have gone */
	unsigned old;
};

/* A copy of what is in force, with room for one SA more; NULL: no memory. */
struct generation *sadb_copy(const struct sadb *sadb);
void sadb_generation_free(struct generation *generation);
/* Into all workers, or freed and no change. */
enum status sadb_enter(
	struct sadb *sadb, struct generation *generation, unsigned *changed, char *message, size_t bytes);
/* "SA name: why" */
enum status sadb_refuse(char *message, size_t bytes, const char *name, const char *why);
enum status sadb_no_memory(char *message, size_t bytes);

/* The keys of outbound SAs that are in `was` and no more in cfg. */
enum status sadb_used_find(
	const struct cfg_gateway *was, const struct cfg_gateway *cfg, struct used_key **list);
/* An outbound SA of cfg with a key of the list; NULL: none. */
const struct cfg_sa *sadb_used_again(const struct used_key *list, const struct cfg_gateway *cfg);
struct used_key *sadb_used_join(struct used_key *list, struct used_key *more);
void sadb_used_free(struct used_key *list); /* wipes them; NULL is fine */

#endif
