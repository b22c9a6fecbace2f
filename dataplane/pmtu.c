/* Path MTUs: who may lower one, and when it is forgotten (RFC 4301 §8.2.1, §8.2.2).
 *
 * Anybody can send ICMP, so it is believed only about a packet that must have been sent: an SA with its SPI
 * and addresses, a sequence number among the last that were taken, longer than the MTU that is told, and that
 * one between the least that the family allows and what is in use.  What comes to a host of transport
 * mode is believed likewise, and where it is not it passes on to the host: it may be about other traffic. */
#include "dataplane/pmtu.h"

#include "dataplane/forward.h"
#include "dataplane/frag/icmp.h"
#include "dataplane/frag/way.h"
#include "dataplane/fragment.h"
#include "dataplane/ipsec/sa.h"

#define RECENT (UINT64_C(1) << 20) /* packets: more than are on the way at once */

static struct sa *
sa_of(const struct dp *dp, const struct frag_report *report)
{
	for (unsigned i = 0; i < dp->cfg->n_sas; i++) {
		struct sa *sa = dp->sas[i];

		if (sa->direction == CFG_OUT && sa->spi == report->spi &&
			sa->transform.proto == report->proto && ip_equal(sa->src, report->src) &&
			ip_equal(sa->dst, report->dst))
			return sa;
	}
	return NULL;
}

static bool
was_sent(const struct sa *sa, uint32_t seq)
{
	uint64_t sent = sa->seq - (sa->cfg->first_seq ? sa->cfg->first_seq - 1 : 0);
	uint32_t age = (uint32_t)sa->seq - seq;

	return age < (sent < RECENT ? sent : RECENT);
}

static enum drop
learn(struct worker *w, const uint8_t *ip, uint32_t len)
{
	struct fragments *f = w->fragments;
	struct frag_report report;
	struct sa *sa;
	uint32_t port, least;

	if (!frag_icmp_read(ip, len, &report))
		return DROP_ICMP_REFUSED;
	sa = sa_of(w->dp, &report);
	if (sa && sa->light) /* its owner knows what was sent */
		return hand_to(HAND_CLASSIFY, sa->owner);
	if (!sa || !was_sent(sa, report.seq))
		return DROP_ICMP_REFUSED;
	if (report.what == FRAG_ICMP_LATE) /* nothing to learn */
		return DROP_NONE;
	port = forward_route(w->dp->cfg, sa->dst);
	least = ip_is_v4(sa->dst) ? FRAG_V4_MIN_MTU : FRAG_V6_MIN_MTU;
	if (port == CFG_NONE || report.mtu < least || report.bytes <= report.mtu ||
		report.mtu >= forward_mtu(w->dp, port, sa))
		return DROP_ICMP_REFUSED;
	sa->first->path_mtu = report.mtu;
	sa->first->path_mtu_until = w->dp->cfg->pmtu_ageing ? w->now + w->dp->cfg->pmtu_ageing : TIME_NEVER;
	f->pmtu_due = time_min(f->pmtu_due, sa->first->path_mtu_until);
	flow_cache_clear(w->cache); /* entries hold the MTU */
	return DROP_NONE;
}

static void
consume(struct worker *w, struct rte_mbuf *m)
{
	w->stats.consumed++;
	rte_pktmbuf_free(m);
}

bool
pmtu_take_for_host(struct worker *w, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	enum drop drop;

	if (!w->engine || !frag_icmp_is(ip, len) || !local_find(w->local, ip_head_dst(ip)))
		return false;
	drop = learn(w, ip, len);
	if (!drop)
		consume(w, m);
	else if (drop >= DROP_COUNT)
		worker_drop(w, m, drop);
	return !drop || drop >= DROP_COUNT;
}

bool
pmtu_take(struct worker *w, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	enum drop drop;

	if (!w->engine || !frag_icmp_is(ip, len))
		return false;
	drop = learn(w, ip, len);
	if (drop)
		worker_drop(w, m, drop);
	else
		consume(w, m);
	return true;
}

void
pmtu_age(struct worker *w)
{
	uint64_t due = TIME_NEVER;

	for (unsigned i = 0; i < w->dp->cfg->n_sas; i++) {
		struct sa *sa = w->dp->sas[i];

		if (!sa->path_mtu)
			continue;
		if (sa->path_mtu_until <= w->now)
			sa->path_mtu = 0;
		else
			due = time_min(due, sa->path_mtu_until);
	}
	w->fragments->pmtu_due = due;
	flow_cache_clear(w->cache);
}
