/* What stands on a connection: one sends a stream and the other takes it (bulk), or one asks and the other
 * answers, again and again.  Each end has one; after whatever happened to its connection, and when it is due,
 * it is turned.  No EAL. */
#ifndef LAB_TCP_APP_H
#define LAB_TCP_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "config/cfg.h"
#include "lab/delay.h"
#include "lab/tcp/conn.h"

/* What all ends of a source have found out together. */
struct tcp_outcome {
	struct rng rng;			  /* of pauses */
	uint64_t start, stop;		  /* ns */
	struct delay completed;		  /* of transfers, or from request to response */
	uint64_t bytes_there, bytes_back; /* of streams, in order, before `stop` */
	uint64_t late_there, late_back;	  /* after it */
	uint64_t last;			  /* when the last of those came that count */
	uint64_t finished;		  /* bulk flows that are complete */
};

struct tcp_app {
	const struct cfg_traffic *cfg;
	struct tcp_outcome *outcome;
	struct tcp_conn *conn;
	bool client;
	bool begun, cut, waiting;
	uint64_t due;
	uint64_t turns; /* requests that were sent, or answered */
	uint64_t asked; /* ns */
	uint64_t seen;	/* bytes of the peer's stream */
};

void tcp_app_init(struct tcp_app *app, const struct cfg_traffic *cfg, struct tcp_outcome *outcome,
	struct tcp_conn *conn, bool client);
void tcp_app_turn(struct tcp_app *app, uint64_t now);

#endif
