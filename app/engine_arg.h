/* --engine of a command: a kind of crypto/engine.def with what follows it, an engine of a configuration file,
 * or where a command knows them, a subject that does all of ESP. */
#ifndef APP_ENGINE_ARG_H
#define APP_ENGINE_ARG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/cfg.h"

/* Filled by engine_arg_parse(), freed by engine_arg_free(); cfg points into it, so it must not move. */
struct engine_arg {
	const struct cfg_engine *cfg;
	const char *subject; /* of the names that the caller allowed besides; NULL: an engine */
	struct cfg_engine own, inner;
	struct cfg_lab *lab;
	char text[256];
};

/* "ipsec_mb", "cryptodev:crypto_openssl0", "card:vam2plus", "lab.cfg:NAME"; or SUBJECT[:DEVICE] where
 * subjects, NULL-terminated, has that name.  False: message says what is wrong, what is allowed, and the
 * nearest. */
bool engine_arg_parse(
	struct engine_arg *arg, const char *text, const char *const *subjects, char *message, size_t bytes);
void engine_arg_free(struct engine_arg *arg);

#endif
