/* Inside of a change (dp_sas.h): what has been prepared, and how far it has come.  For dp_*.c alone. */
#ifndef DATAPLANE_DP_CHANGE_H
#define DATAPLANE_DP_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/cfg.h"
#include "dataplane/dp_plan.h"

struct dp;
struct dp_old;
struct dp_old_sa;
struct flow_cache;
struct local;
struct qos;
struct sa;
struct sad_spare;
struct spd;

struct dp_change {
	const struct cfg_gateway *cfg;
	/* what is exchanged; then what there was before */
	struct local *local;
	struct spd *spd;
	struct flow_cache *cache, *routes; /* empty ones; routes NULL: none wanted */
	struct sa **sas, **keepalive;
	uint32_t *place;
	unsigned n_keepalive;
	uint32_t unprotected; /* bit p: port p */
	struct qos **qos;     /* of each port; NULL: it stays */
	bool limited;	      /* there are lifetimes */
	unsigned n, n_was;    /* SAs that there are to be, and were */
	/* making */
	uint8_t *owners;	 /* of several workers (hand.h), for each SA */
	uint32_t *todo;		 /* those to be made: new or altered */
	unsigned n_todo, next;	 /* next in todo */
	struct sad_spare *spare; /* NULL: the SAD has room */
	bool moved;
	uint32_t *outer; /* the AH over each ESP, or CFG_NONE; NULL: there are none */
	/* settling */
	struct dp_old_sa *places; /* for those that go, a list, so that no memory is needed */
	unsigned settled;	  /* of the SAs that there are, and then of those that were */
	struct dp_old_sa *look;	  /* replaced SA to look at next */
	bool looking;
	struct plan plan[];
};

/* dp_place.c: change->place and the numbers of new SAs.  After the plan and `outer`. */
enum status dp_place_create(const struct dp *dp, struct dp_change *change);

/* dp_ports.c: queues for ports whose policy differs; message. */
enum status dp_ports_create(const struct dp *dp, struct dp_change *change, char *message, size_t bytes);
/* Worker. */
void dp_ports_commit(struct dp *dp, struct dp_change *change);
void dp_ports_destroy(struct dp_change *change);
/* Largest IP packet. */
uint32_t dp_port_mtu(const struct cfg_port *cfg);

/* dp_old.c: what was replaced or removed. */
enum status dp_old_create(unsigned n_ports, struct dp_old **old);
void dp_old_destroy(struct dp_old *old); /* empty; NULL is fine */
unsigned dp_old_count(const struct dp_old *old);
/* Places for n more, in front of *list. */
enum status dp_old_places(unsigned n, struct dp_old_sa **list);
void dp_old_places_free(struct dp_old_sa *list);
/* Takes a place off the list for sa; where it accepts, an inbound SA does for a while. */
void dp_old_add(struct dp *dp, struct dp_old_sa **places, struct sa *sa, bool accepts, uint64_t now);
/* The first and the next of those that accept. */
struct dp_old_sa *dp_old_first(struct dp_old *old);
struct dp_old_sa *dp_old_next(struct dp_old_sa *at);
struct sa *dp_old_sa(const struct dp_old_sa *at);
/* No more. */
void dp_old_refuse(struct dp *dp, struct dp_old_sa *at);
/* Packets that were waiting in one queue wait in another. */
void dp_old_moved(struct dp *dp);
/* For all, whether they accept or not. */
void dp_old_each(
	const struct dp_old *old, void (*fn)(void *ctx, const struct sa *sa, bool accepts), void *ctx);

#endif
