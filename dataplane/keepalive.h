/* NAT-keepalives of a gateway (RFC 3948 §4).  One thread. */
#ifndef DATAPLANE_KEEPALIVE_H
#define DATAPLANE_KEEPALIVE_H

#include "dataplane/worker.h"

/* After the SAs were made: lists those that send keepalives. */
enum status keepalive_create(struct dp *dp);
/* Whether sa, as cfg says or is to say, does: at its owner. */
static inline bool
keepalive_sends(const struct sa *sa, const struct cfg_sa *cfg)
{
	return !sa->light && cfg->natt && cfg->direction == CFG_OUT && cfg->natt_keepalive;
}

/* TIME_NEVER where there are none. */
uint64_t keepalive_next_due(const struct dp *dp);
/* Sends those that are due; true where any was. */
bool keepalive_run(struct worker *worker);

#endif
