/* Used inside ctrl/sadb*.c only. */
#ifndef CTRL_SADB_PRIV_H
#define CTRL_SADB_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "ctrl/sadb.h"
#include "ctrl/target.h"

struct used_keys;

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
	struct used_keys *used;	 /* by outbound SAs, those that have gone too */
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

enum status sadb_used_create(struct used_keys **used);
void sadb_used_destroy(struct used_keys *used); /* NULL is fine */
/* An outbound SA of cfg with a key that was used, and that none of `was` has; *again NULL: none. */
enum status sadb_used_again(const struct used_keys *used, const struct cfg_gateway *was,
	const struct cfg_gateway *cfg, const struct cfg_sa **again);
/* Room for so many more, so that sadb_used_add() cannot fail. */
enum status sadb_used_reserve(struct used_keys *used, uint32_t more);
/* The keys of all outbound SAs of cfg. */
void sadb_used_add(struct used_keys *used, const struct cfg_gateway *cfg);

#endif
