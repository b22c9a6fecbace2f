/* Packets of one SA leave the engine in the order in which they entered it (cfg_sa.in_order).
 *
 * Each gets a ticket on its way into the engine and goes on when all older ones have gone on or ended.  At
 * most IN_ORDER_PLACES are between: a packet that finds no place is not given to the engine.  SAs without
 * in_order have none of this.  One thread. */
#ifndef DATAPLANE_IN_ORDER_H
#define DATAPLANE_IN_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/ipsec/sa.h"
#include "dataplane/pkt.h"
#include "dataplane/worker.h"

#define IN_ORDER_PLACES 1024u /* a power of two */

struct in_order {
	uint32_t first, next;  /* tickets: of the oldest that is between, and the next one; both run freely */
	struct in_order *more; /* in the list of those that may have something to let go */
	bool listed;
	bool gone[IN_ORDER_PLACES];		 /* ended: nothing to wait for */
	struct rte_mbuf *place[IN_ORDER_PLACES]; /* back from the engine; NULL: not yet */
};

/* NULL where memory is short. */
struct in_order *in_order_create(void);
/* Frees the packets that wait; none is in the engine any more. */
void in_order_flush(struct in_order *order);
/* Not the packets: their pool may be gone.  NULL is fine. */
void in_order_destroy(struct in_order *order);

/* False where there is no place. */
static inline bool
in_order_enter(struct in_order *order, uint32_t *ticket)
{
	if (order->next - order->first == IN_ORDER_PLACES)
		return false;
	*ticket = order->next++;
	return true;
}

static inline void
in_order_arrive(struct in_order *order, uint32_t ticket, struct rte_mbuf *m)
{
	order->place[ticket % IN_ORDER_PLACES] = m;
}

/* The next packet whose turn it is, NULL where there is none. */
struct rte_mbuf *in_order_take(struct in_order *order);

/* The packet of that ticket has ended, and those behind it may go (stage/in_order.c). */
void in_order_skip(struct worker *worker, struct in_order *order, uint32_t ticket);

/* On with a packet whose cryptography was good. */
static inline void
crypto_pass_plain(struct worker *w, struct rte_mbuf *m, const struct sa *sa)
{
	if (sa->direction == CFG_IN)
		worker_put(w, STAGE_replay_commit, m);
	else
		worker_put(w, pkt_of(m)->flags & PKT_READY ? STAGE_tx : STAGE_qos, m);
}

/* The same where it may be an ESP that stands under an AH, and is not done. */
static inline void
crypto_pass(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	const struct sa *sa = pkt->sa;

	if (sa->direction == CFG_IN || !sa->next) {
		crypto_pass_plain(w, m, sa);
	} else {
		pkt->sa = sa->next;
		worker_put(w, STAGE_sa_out, m);
	}
}

#endif
