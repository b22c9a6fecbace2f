/* What commands act on: a gateway, wherever it runs.
 *
 * A gateway has one or more workers, each a struct dp.  Nobody but its worker touches a dp, so commands hand
 * it functions to run between bursts.  In tests and laboratories nothing runs beside, and call() just calls;
 * over the live driver it is live_call().  One thread gives commands. */
#ifndef CTRL_TARGET_H
#define CTRL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"

struct dp;

/* Short: packets wait meanwhile. */
typedef void ctrl_fn(struct dp *dp, void *arg, uint64_t now);

/* What hardware knows of a port, besides what the gateway counts. */
struct ctrl_port {
	char driver[64]; /* "net_af_packet"; "": none */
	uint8_t mac[6];
	bool up;
	uint64_t rate; /* bit/s, 0: not known */
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, tx_packets, tx_bytes, tx_errors;
};

struct ctrl_target {
	void *ctx;
	unsigned workers;
	/* Runs fn on that worker and waits for it. */
	enum status (*call)(void *ctx, unsigned worker, ctrl_fn *fn, void *arg);
	/* False where there is no hardware; NULL: nowhere. */
	bool (*port)(void *ctx, unsigned port, struct ctrl_port *info);
	/* Reads the file of a gateway for `reload`, which takes the result over; NULL: it came from none. */
	enum status (*load)(void *ctx, const char *file, struct cfg_lab **lab, char *message, size_t bytes);
	/* Sets first_seq of an SA that is to be made, behind what may have been sent by it before; NULL: that
	 * is its configuration's affair. */
	enum status (*begin)(void *ctx, struct cfg_sa *sa, char *message, size_t bytes);
	/* After all of those that are to be made together; a failure says that none may be.  NULL: nothing to
	 * do. */
	enum status (*begun)(void *ctx, char *message, size_t bytes);
	/* The workers run by another file's configuration of the same gateway now, as to routes and
	 * neighbours; NULL: nobody else wants to know. */
	void (*changed)(void *ctx, const struct cfg_gateway *was, const struct cfg_gateway *now);
	const char *fixed; /* why SAs cannot be changed; NULL: they can */
	/* Reads along with the log: stderr, syslog; NULL: nobody. */
	void (*log)(void *ctx, uint64_t now, const char *text);
	const struct cfg_gateway *cfg;
	const struct cfg_lab *lab; /* the live gateway's file; NULL: its gateway alone is known */
	uint64_t epoch_ns;	   /* from second 0 of 1970 to 0 of the clock; 0 for virtual time */
	const char *clock;	   /* what times count from: "virtual time", or the start as text */
	const char *confined;	   /* what the process may not do, as text; NULL: nobody knows */
	const char *version;	   /* of esplab and its libraries, a line each */
};

/* A gateway that nothing turns meanwhile: dp is called where it stands, at the time *now. */
struct ctrl_single {
	struct dp *dp;
	uint64_t now;
};

void ctrl_single_target(struct ctrl_single *single, struct ctrl_target *target);

#endif
