/* A gateway at an instant: what commands print, copied out of its workers and added up.
 *
 * Workers are asked in small portions, so that none stands still for long; one that works on meanwhile makes
 * the portions differ by some packets. */
#ifndef CTRL_SNAP_H
#define CTRL_SNAP_H

#include "ctrl/target.h"
#include "crypto/engine.h"
#include "dataplane/dp.h"
#include "dataplane/life.h"
#include "dataplane/ipsec/size.h"
#include "dataplane/qos/qos.h"

struct snap_sa {
	const struct cfg_sa *cfg; /* until the next change of SAs */
	uint32_t spi;
	enum cfg_direction direction;
	struct transform transform;
	struct ipsec_size wire; /* of all SAs that a packet of it gets */
	uint32_t index;
	bool session;	   /* the engine has taken it */
	bool replay;	   /* there is a replay check */
	bool inside;	   /* an ESP under an AH */
	uint32_t path_mtu; /* 0: nothing learnt */
	uint64_t seq;	   /* out: last sent; in: right edge */
	uint64_t packets, bytes, errors, replays, duplicates, dummies;
	uint64_t lag_packets, lag_late, lag_max;
	struct life_left left; /* UINT64_MAX: no limit */
	enum life ended;       /* why it carries nothing any more; LIFE_NONE: it does */
};

struct snap_class {
	unsigned port;
	struct qos_class_stats stats;
};

struct snap {
	const struct cfg_gateway *cfg; /* until the next change of SAs */
	unsigned n_ports;
	uint64_t now;
	struct dp_stats stats;
	uint64_t lives[LIFE_COUNT];
	uint64_t held, before; /* before: what was held when counters were cleared, and comes out later */
	struct stage_stats stage[STAGE_COUNT];
	bool engine, engine_counts;
	uint64_t counter[ENGINE_COUNTER_COUNT];
	uint64_t *received; /* packets, one a port of cfg */
	uint32_t *mtu;	    /* largest IP packet, one a port of cfg */
	unsigned n_sas, n_classes;
	bool has_sas;
	struct snap_sa *sas;
	struct snap_class *classes; /* by port */
};

/* sas: SAs as well; without, n_sas alone is told. */
enum status snap_take(const struct ctrl_target *target, bool sas, struct snap **snap);
void snap_free(struct snap *snap);
/* Takes away what had been counted then.  SAs that have been replaced since have counters of their own. */
void snap_less(struct snap *snap, const struct snap *then);
/* Exchanges what is known of SAs. */
void snap_swap_sas(struct snap *a, struct snap *b);

#endif
