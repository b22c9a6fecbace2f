/* A host's packets that are longer than its MTU: cut, as any host may cut its own (RFC 791 §3.2, RFC 8200
 * §4.5), or refused where they say "don't fragment".  In a laboratory the last piece stands for the packet
 * where it is met, as with pieces that a gateway makes. */
#include <stddef.h>
#include <string.h>

#include "dataplane/frag/cut.h"
#include "lab/lab_priv.h"

/* IPv6 has no DF: there the source says whether its host may cut. */
static bool
may_cut(const struct lab *lab, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	if (ip_head_is_v4(ip))
		return !(load_be16(ip + IPV4_FRAGMENT) & IPV4_DF);
	return !lab->flows[pkt_of(m)->flow].id.df;
}

static void
piece_send(struct host *host, struct rte_mbuf *piece)
{
	host->tx++;
	link_send(host->end, &piece, 1);
}

static bool
piece_make(struct host *host, struct rte_mbuf *m, const struct frag_cut *cut, uint32_t i)
{
	struct rte_mbuf *piece = rte_mbuf_raw_alloc(host->lab->pool);

	if (!piece)
		return false;
	memcpy(pkt_of(piece), pkt_of(m), offsetof(struct pkt, op));
	piece->data_off = PKT_HEADROOM;
	piece->data_len = (uint16_t)frag_cut_piece(
		cut, rte_pktmbuf_mtod(m, const uint8_t *), i, rte_pktmbuf_mtod(piece, uint8_t *));
	piece->pkt_len = piece->data_len;
	pkt_of(piece)->flags |= PKT_CUT | PKT_MET;
	host->created++;
	piece_send(host, piece);
	return true;
}

enum drop
host_cut(struct host *host, struct rte_mbuf *m)
{
	struct frag_cut cut;
	uint32_t at;

	if (!may_cut(host->lab, m) ||
		!frag_cut_plan(&cut, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
			host->cfg->mtu, false, host->fragment_id++))
		return DROP_TOO_BIG;
	for (uint32_t i = 0; i + 1 < cut.pieces; i++) {
		if (!piece_make(host, m, &cut, i))
			return DROP_NO_MBUF;
		pkt_of(m)->flags |= PKT_CUT; /* from now on it ends as pieces do */
	}
	at = frag_cut_last(&cut, rte_pktmbuf_mtod(m, uint8_t *));
	pkt_keep(m, at, rte_pktmbuf_data_len(m) - at);
	piece_send(host, m);
	return DROP_NONE;
}
