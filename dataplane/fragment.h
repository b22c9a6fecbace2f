/* Fragments in a gateway: what cuts packets, what puts them together, and the ICMP about those that may be
 * neither.  The bytes are frag/'s; here are the buffers, the books and the bounds.  One thread. */
#ifndef DATAPLANE_FRAGMENT_H
#define DATAPLANE_FRAGMENT_H

#include "dataplane/frag/cut.h"
#include "dataplane/frag/ident.h"
#include "dataplane/frag/reasm.h"
#include "dataplane/worker.h"

#define FRAGMENT_WAITING 1024u /* packets that wait to be cut; a power of two */

/* Cutting: one packet after another, as many pieces at a time as the stages behind can take.  All have gone
 * on when worker_walk() returns. */
struct cutter {
	/* false: it cannot be cut */
	bool (*plan)(struct worker *worker, struct rte_mbuf *m, struct frag_cut *cut);
	void (*pass)(struct worker *worker, struct rte_mbuf *piece);
	struct frag_cut cut; /* of the first that waits, when begun */
	unsigned piece;	     /* its next */
	bool begun;
	uint64_t line;	     /* bytes of its pieces so far, as its line counts them */
	unsigned head, tail; /* head: next to leave; both run freely */
	struct rte_mbuf *waiting[FRAGMENT_WAITING];
};

/* Fragments that ended without becoming a packet: there can be more at once than events (worker.h). */
struct ended {
	unsigned head, tail, size; /* size: a power of two */
	struct {
		struct rte_mbuf *m;
		uint8_t reason;
	} list[];
};

struct fragments {
	struct cutter pre, post;
	struct reasm *reasm; /* NULL: fragments are dropped */
	struct ended *ended;
	struct frag_ident ident;		       /* of packets that get theirs from the gateway */
	uint64_t icmp_cost;			       /* ns that an ICMP message costs; 0: none are sent */
	uint64_t icmp_full;			       /* when the bucket is full again */
	int8_t outside;				       /* as pkt->outside: of any that become one */
	uint64_t pmtu_due;			       /* the next path MTU is forgotten; TIME_NEVER */
	void (*joined)(void *ctx, struct rte_mbuf *m); /* NULL: nobody watches */
	void *joined_ctx;
};

enum status fragments_create(struct worker *worker);
void fragments_destroy(struct worker *worker);
/* Frees what waits. */
void fragments_flush(struct worker *worker);
/* What is due by now: fragments that waited too long, path MTUs that are too old.  start: of events (dp.c).
 */
bool fragments_run(struct worker *worker, unsigned start);
uint64_t fragments_next_due(const struct worker *worker);
uint64_t fragments_held(const struct worker *worker);

/* The body of the two stages that cut. */
void cutter_run(
	struct worker *worker, enum stage stage, struct cutter *cutter, struct rte_mbuf **pkts, unsigned n);

#endif
