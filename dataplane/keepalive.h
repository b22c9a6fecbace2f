/* NAT-keepalives of a gateway (RFC 3948 §4).  One thread. */
#ifndef DATAPLANE_KEEPALIVE_H
#define DATAPLANE_KEEPALIVE_H

#include "dataplane/worker.h"

/* After the SAs were made: lists those that send keepalives. */
enum status keepalive_create(struct dp *dp);
/* Lists them anew, into dp->keepalive, which has room for all SAs. */
void keepalive_list(struct dp *dp);
/* TIME_NEVER where there are none. */
uint64_t keepalive_next_due(const struct dp *dp);
/* Sends those that are due; true where any was. */
bool keepalive_run(struct worker *worker);

#endif
