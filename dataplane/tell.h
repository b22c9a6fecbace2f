/* ICMP that a gateway sends about packets: at most cfg->icmp_rate a second, ten at once; by its own routes
 * and policies. One thread. */
#ifndef DATAPLANE_TELL_H
#define DATAPLANE_TELL_H

#include "dataplane/worker.h"

/* To the source of a packet that was too big for a port: what would fit. */
void tell_too_big(struct worker *worker, const uint8_t *ip, uint32_t len, uint32_t port, uint32_t mtu);
/* To the source of fragments that waited too long: about the first of them, where m is that. */
void tell_late(struct worker *worker, const struct rte_mbuf *m);

#endif
