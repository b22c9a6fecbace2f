/* sa_out: the sequence number, and ESP or AH round the packet (RFC 4303 §3.3, RFC 4302 §3.3).  After this
 * point the order of packets is the order of numbers; whatever reorders them later can push them out of the
 * peer's window. */
#include "dataplane/ipsec/ipsec.h"
#include "dataplane/life.h"
#include "dataplane/worker.h"

/* For the copy of the header before the packet, and the high half of the number behind it. */
static bool
ah_has_room(struct rte_mbuf *m, const struct sa *sa, const uint8_t *ip, uint32_t len)
{
	uint32_t head = sa->head == SA_HEAD_TRANSPORT ? ipsec_stay(sa, ip, len) : sa->outer_len;

	return rte_pktmbuf_headroom(m) >= sa->size.front + head &&
	       pkt_behind(m) >= ipsec_behind(sa, ip, len) + IPSEC_ESN_BYTES;
}

/* Why transport mode cannot carry it. */
static enum drop
stay_refusal(const uint8_t *ip, uint32_t len)
{
	struct ip_head head;
	bool fragment;

	if (!ip_head_all(ip, len, &head))
		return DROP_IP_HEADER;
	fragment = ip_is_v6(ip) ? head.next == IP_NEXT_FRAGMENT
				: load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK);
	return fragment ? DROP_FRAGMENT : DROP_IP_HEADER;
}

static __attribute__((noinline)) enum drop
room_refusal(const struct rte_mbuf *m, uint32_t behind)
{
	if (behind == UINT32_MAX)
		return stay_refusal(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m));
	return DROP_NO_ROOM;
}

static inline enum drop
protect_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt *pkt = pkt_of(m);
	struct sa *sa = pkt->sa;
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t inner = rte_pktmbuf_data_len(m), behind = ipsec_behind(sa, ip, inner);

	/* RFC 4303 §3.3.3: the counter must not cycle; the SA is at its end, or never had a session */
	if (unlikely(sa->seq == sa->seq_max)) {
		enum drop drop = life_more(w, sa);

		if (drop)
			return drop;
	}
	if (unlikely(rte_pktmbuf_headroom(m) < sa->size.front || !pkt_has_behind(m, behind)))
		return room_refusal(m, behind);
	if (unlikely(sa->ah_len) && !ah_has_room(m, sa, ip, inner))
		return DROP_NO_ROOM;
	pkt->seq = ++sa->seq;
	sa->packets++;
	sa->bytes += inner;
	if (unlikely(sa->natt))
		sa->last_ns = w->now;
	ipsec_protect_sized(sa, pkt_push(m, sa->size.front, behind), inner, behind, pkt->seq, &pkt->op);
	pkt->flags |= PKT_ENCRYPTED;
	return DROP_NONE;
}

void
stage_sa_out(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	worker_each(w, pkts, n, protect_one, STAGE_crypto_submit);
}
