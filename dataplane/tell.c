/* See tell.h.  RFC 1812 §4.3.2, RFC 4443 §2.4, RFC 792, RFC 8200 §4.5. */
#include "dataplane/tell.h"

#include "config/cfg_net.h"
#include "dataplane/forward.h"
#include "dataplane/frag/icmp.h"
#include "dataplane/fragment.h"
#include "dataplane/ipsec/ipsec.h"

#define ICMP_BURST 10u

static bool
icmp_allowed(struct worker *w)
{
	struct fragments *f = w->fragments;

	if (!f->icmp_cost || f->icmp_full > w->now + (ICMP_BURST - 1) * f->icmp_cost)
		return false;
	f->icmp_full = (f->icmp_full > w->now ? f->icmp_full : w->now) + f->icmp_cost;
	return true;
}

/* Writes the message from that address; false where there must be none, the address is not of its family, or
 * the policy lets no such message out. */
static bool
message_write(struct worker *w, enum frag_icmp what, const uint8_t *ip, uint32_t len, struct ip_addr from,
	uint32_t mtu, struct rte_mbuf *m, struct flow_entry *way)
{
	uint8_t *icmp = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t id = (uint16_t)frag_ident_take(&w->fragments->ident, from, ip_head_src(ip));
	uint32_t bytes = frag_icmp_write(what, ip, len, from, mtu, id, icmp);

	if (!bytes)
		return false;
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
	forward_resolve_own(w->dp, icmp, bytes, way);
	/* a packet that came here protected may be answered where it came from, if no rule speaks of it */
	if (what == FRAG_ICMP_LATE && way->drop == DROP_POLICY_NONE)
		way->drop = DROP_NONE;
	return !way->drop && (way->sa ? ipsec_wire_length(way->sa, icmp, bytes) : bytes) <= way->mtu;
}

static bool
too_big_from(struct worker *w, uint32_t port, const uint8_t *ip, uint32_t len, uint32_t mtu,
	struct rte_mbuf *m, struct flow_entry *way)
{
	const struct cfg_prefix *from = cfg_port_source(&w->dp->cfg->ports[port], ip_head_src(ip));

	return from && message_write(w, FRAG_ICMP_TOO_BIG, ip, len, from->addr, mtu, m, way);
}

static struct rte_mbuf *
message_begin(struct worker *w)
{
	struct rte_mbuf *m = w->dp->pool ? rte_pktmbuf_alloc(w->dp->pool) : NULL;

	if (m)
		m->data_off = PKT_HEADROOM;
	return m;
}

/* Its way over another worker takes one. */
static void
hops_add(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	if (!ip_head_is_v4(ip)) {
		ip[IPV6_HOPS]++;
		return;
	}
	ip[IPV4_TTL]++;
	ipv4_checksum_set(ip, ipv4_header_len(ip));
}

static void
icmp_send(struct worker *w, struct rte_mbuf *m, const struct flow_entry *way)
{
	const uint8_t *icmp = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t bytes = rte_pktmbuf_data_len(m);

	*pkt_of(m) = (struct pkt){.time_ns = w->now,
		.sa = way->sa,
		.flow = PKT_NO_FLOW,
		.wire_bytes = way->sa ? ipsec_wire_length(way->sa, icmp, bytes) : bytes,
		.out_port = way->port,
		.dscp = ip_tos(way->sa && !way->sa->copy_dscp ? way->sa->outer : icmp) >> 2};
	w->stats.created++;
	if (way->sa && way->sa->light) {
		hops_add(m);
		hand_own(w, m, way->sa);
		return;
	}
	worker_put(w, way->sa && !w->after_queue ? STAGE_sa_out : STAGE_qos, m);
}

/* The sender is the port that leads to the source (RFC 1812 §4.3.2.4); where that may not speak, as with a
 * source behind a tunnel, the port that was too narrow, and then any. */
void
tell_too_big(struct worker *w, const uint8_t *ip, uint32_t len, uint32_t port, uint32_t mtu)
{
	uint32_t back = forward_route(w->dp->cfg, ip_head_src(ip));
	struct flow_entry way = {.drop = DROP_NONE};
	struct rte_mbuf *m;
	bool good;

	if (!icmp_allowed(w) || !(m = message_begin(w)))
		return;
	good = (back != CFG_NONE && too_big_from(w, back, ip, len, mtu, m, &way)) ||
	       too_big_from(w, port, ip, len, mtu, m, &way);
	for (unsigned p = 0; !good && p < w->dp->n_ports; p++)
		good = too_big_from(w, p, ip, len, mtu, m, &way);
	if (good)
		icmp_send(w, m, &way);
	else
		rte_pktmbuf_free(m);
}

/* The sender is who was to put them together: the address at which IPsec ends. */
void
tell_late(struct worker *w, const struct rte_mbuf *late)
{
	const uint8_t *ip = rte_pktmbuf_mtod(late, const uint8_t *);
	struct flow_entry way = {.drop = DROP_NONE};
	struct rte_mbuf *m = message_begin(w);

	if (!m)
		return;
	if (message_write(w, FRAG_ICMP_LATE, ip, rte_pktmbuf_data_len(late), ip_head_dst(ip), 0, m, &way) &&
		icmp_allowed(w))
		icmp_send(w, m, &way);
	else
		rte_pktmbuf_free(m);
}
