/* Cuts packets into fragments: new buffers for all pieces but the last, which is the packet itself.
 *
 * So each packet that comes goes on or ends once, and all pieces but one are created.  A piece for which
 * there is no buffer is missed by whoever puts the packet together; the packet itself then ends as NO_MBUF.
 */
#include <string.h>

#include "dataplane/forward.h"
#include "dataplane/fragment.h"
#include "dataplane/ipsec/ipsec.h"

#define LET_GO (WORKER_INBOX / 4)

static uint8_t
piece_flags(uint8_t flags)
{
	return (uint8_t)((flags & ~PKT_TO_CUT) | PKT_CUT | (flags & PKT_ENCRYPTED ? PKT_FRAGMENT : 0));
}

/* With the number taken after the queue pieces leave one behind the other: their line was paid for there. */
static uint64_t
piece_time(const struct worker *w, struct cutter *c, const struct pkt *pkt, uint32_t bytes)
{
	const struct port *port = w->dp->ports[pkt->out_port].port;
	uint64_t before = c->line;

	if (!(pkt->flags & PKT_READY) || !port->rate)
		return pkt->time_ns;
	c->line += bytes + port->overhead;
	return pkt->time_ns + before * 8 * NS_PER_SEC / port->rate;
}

/* The next piece of m, but not the last; false where there is no buffer. */
static bool
piece_make(struct worker *w, struct cutter *c, struct rte_mbuf *m)
{
	struct rte_mbuf *piece = w->dp->pool ? rte_pktmbuf_alloc(w->dp->pool) : NULL;
	const struct pkt *from = pkt_of(m);
	struct pkt *pkt;

	if (!piece)
		return false;
	pkt = pkt_of(piece);
	memcpy(pkt, from, offsetof(struct pkt, op));
	piece->data_off = PKT_HEADROOM;
	piece->data_len = (uint16_t)frag_cut_piece(
		&c->cut, rte_pktmbuf_mtod(m, const uint8_t *), c->piece, rte_pktmbuf_mtod(piece, uint8_t *));
	piece->pkt_len = piece->data_len;
	pkt->time_ns = piece_time(w, c, from, piece->data_len);
	/* in a laboratory the last piece stands for the packet where it is met */
	pkt->flags = piece_flags(from->flags) | (from->flags & PKT_ENCRYPTED ? 0 : PKT_MET);
	pkt->over = pkt->sa;
	w->stats.created++;
	c->pass(w, piece);
	return true;
}

static void
last_pass(struct worker *w, struct cutter *c, struct rte_mbuf *m)
{
	uint32_t at = frag_cut_last(&c->cut, rte_pktmbuf_mtod(m, uint8_t *));
	struct pkt *pkt = pkt_of(m);

	if (unlikely(m->data_off + at > UINT16_MAX)) /* a number of 16 bits */
		pkt_keep_front(m, at, rte_pktmbuf_data_len(m) - at);
	else
		pkt_keep(m, at, rte_pktmbuf_data_len(m) - at);
	pkt->time_ns = piece_time(w, c, pkt, rte_pktmbuf_data_len(m));
	pkt->flags = piece_flags(pkt->flags);
	pkt->over = pkt->sa;
	c->pass(w, m);
}

/* Goes on with the first that waits; at most `room` pieces.  Returns how many. */
static unsigned
first_cut(struct worker *w, struct cutter *c, unsigned room)
{
	struct rte_mbuf *m = c->waiting[c->head % FRAGMENT_WAITING];
	enum drop drop = DROP_NONE;
	unsigned made = 0;

	if (!c->begun) {
		c->piece = 0;
		c->line = 0;
		c->begun = c->plan(w, m, &c->cut);
		drop = c->begun ? DROP_NONE : DROP_TOO_BIG;
	}
	while (!drop && made < room && c->piece + 1 < c->cut.pieces) {
		drop = piece_make(w, c, m) ? DROP_NONE : DROP_NO_MBUF;
		c->piece++;
		made++;
	}
	if (!drop && made == room)
		return made;
	c->begun = false;
	c->head++;
	if (drop)
		worker_drop(w, m, drop);
	else
		last_pass(w, c, m);
	return made + 1;
}

void
cutter_run(struct worker *w, enum stage stage, struct cutter *c, struct rte_mbuf **pkts, unsigned n)
{
	unsigned room = LET_GO;

	for (unsigned i = 0; i < n; i++) {
		if (c->tail - c->head == FRAGMENT_WAITING)
			worker_drop(w, pkts[i], DROP_INBOX);
		else
			c->waiting[c->tail++ % FRAGMENT_WAITING] = pkts[i];
	}
	while (c->head != c->tail && room) {
		unsigned made = first_cut(w, c, room);

		room = made < room ? room - made : 0;
	}
	if (c->head != c->tail)
		w->again |= 1u << stage;
}
