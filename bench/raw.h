/* The cryptography alone, as a gateway's engine does it: the library behind ipsec_mb called directly, or for
 * other engines one of its own kind, submit and poll.  One thread. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdbool.h>

#include "config/cfg.h"
#include "crypto/engine.h"

struct ipsec_mb_raw;

struct raw {
	const char *name; /* NULL: there is none, as of a device that exists once */
	struct ipsec_mb_raw *library;
	struct engine *engine;
	struct crypto_session *session[2]; /* by direction */
	uint64_t now;
};

/* cfg: with the keys of sa.  ERR_NOMEM at most; what cannot be had is left out. */
enum status raw_create(struct raw *raw, const struct cfg_engine *cfg, const struct cfg_sa *sa);
void raw_destroy(struct raw *raw);
/* Does the n operations once more; false where an engine lost some. */
bool raw_run(struct raw *raw, enum crypto_direction direction, struct crypto_op **ops, unsigned n);

#endif
