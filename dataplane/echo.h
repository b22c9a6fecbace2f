/* Ping of the gateway itself: ICMP and ICMPv6 echo are answered.  RFC 792, RFC 1122 §3.2.2.6, RFC 4443 §4.2.
 * One thread. */
#ifndef DATAPLANE_ECHO_H
#define DATAPLANE_ECHO_H

#include "dataplane/worker.h"

/* A packet for this gateway, in the clear or decrypted: true where it was a question, which then has become
 * its answer and is on its way, or was dropped; false: it is the caller's still.  The question is counted as
 * consumed, the answer as created. */
bool echo_take(struct worker *worker, struct rte_mbuf *m);

#endif
