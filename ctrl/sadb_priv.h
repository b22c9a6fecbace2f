/* Used inside ctrl/sadb*.c only. */
#ifndef CTRL_SADB_PRIV_H
#define CTRL_SADB_PRIV_H

#include <stdbool.h>

#include "config/cfg.h"

/* The first key, but for SAs and policies, in which two configurations of a gateway differ; NULL: none. */
const char *sadb_differs(const struct cfg_gateway *a, const struct cfg_gateway *b);

#endif
