/* The connections of a laboratory: which end stands where.  For lab/tcp_source.c, tcp_host.c and collect.c.
 */
#ifndef LAB_TCP_ENDS_H
#define LAB_TCP_ENDS_H

#include "lab/tcp/app.h"
#include "lab/tcp/conn.h"

struct tcp_end {
	struct tcp_conn *conn;
	struct tcp_app app;
	uint32_t flow; /* in lab->flows: what this end sends */
	uint32_t host;
	uint32_t place; /* among the ends of its host */
	uint64_t num;	/* of the next packet */
};

/* Of one cfg_traffic of kind tcp. */
struct tcp_source {
	const struct cfg_traffic *cfg;
	struct tcp_outcome outcome;
	uint32_t n;	      /* connections */
	uint32_t first_flow;  /* in lab->flows */
	struct tcp_end *ends; /* n clients, n servers; end i sends flow first_flow + i */
};

#endif
