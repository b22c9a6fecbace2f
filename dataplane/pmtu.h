/* Path MTUs of outbound SAs, as ICMP tells them.  RFC 4301 §8.2, RFC 1191, RFC 8201.  One thread. */
#ifndef DATAPLANE_PMTU_H
#define DATAPLANE_PMTU_H

#include "dataplane/worker.h"

/* A packet for this gateway: false where it is no ICMP about path MTUs or fragments that came late, and still
 * the caller's; else it was consumed, or dropped as ICMP_REFUSED. */
bool pmtu_take(struct worker *worker, struct rte_mbuf *m);
/* The same of a packet for a host of transport mode ("bump in the wire"): what is not about an SA of this
 * gateway, or is not believed, stays the caller's. */
bool pmtu_take_for_host(struct worker *worker, struct rte_mbuf *m);
/* Forgets those that are too old. */
void pmtu_age(struct worker *worker);

#endif
