/* Policy and route of a packet that the flow cache does not know.  Routes are searched one by one: a miss is
 * rare, and they are few. */
#include "dataplane/forward_send.h"

#include "config/cfg_net.h"
#include "dataplane/frag/mss.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/spd.h"
#include "dataplane/worker.h"

uint32_t
forward_route(const struct cfg_gateway *cfg, struct ip_addr dst)
{
	uint32_t best = CFG_NONE;
	int best_len = -1;

	for (unsigned i = 0; i < cfg->n_ports; i++) {
		const struct cfg_prefix *net = cfg_port_net(&cfg->ports[i], dst);

		if (net && net->len > best_len) {
			best = i;
			best_len = net->len;
		}
	}
	for (unsigned i = 0; i < cfg->n_routes; i++) {
		const struct cfg_prefix *to = &cfg->routes[i].to;

		if (cfg_prefix_holds(to, dst) && to->len > best_len) {
			best = cfg->routes[i].port;
			best_len = to->len;
		}
	}
	return best;
}

uint32_t
forward_mtu(const struct dp *dp, uint32_t port, const struct sa *sa)
{
	uint32_t mtu = dp->ports[port].mtu;

	return sa && sa->first->path_mtu && sa->first->path_mtu < mtu ? sa->first->path_mtu : mtu;
}

static void
route(const struct dp *dp, struct ip_addr dst, struct flow_entry *entry)
{
	uint32_t port = forward_route(dp->cfg, dst);

	if (port == CFG_NONE) {
		entry->drop = DROP_NO_ROUTE;
		return;
	}
	entry->port = (uint8_t)port;
	entry->mtu = (uint16_t)forward_mtu(dp, port, entry->sa);
}

static void
protect(const struct dp *dp, const struct cfg_policy *policy, struct flow_entry *entry)
{
	entry->sa = dp->sas[policy->sa_index]->first;
	if (entry->sa->down)
		entry->drop = DROP_TUNNEL_DOWN;
}

void
forward_resolve_out(const struct dp *dp, const uint8_t *ip, uint32_t len, struct flow_entry *entry)
{
	const struct cfg_policy *policy;
	struct selector selector;

	selector_read(ip, len, &selector);
	entry->sa = NULL;
	entry->drop = DROP_NONE;
	if (worker_is_local(dp->worker, selector.dst)) {
		entry->drop = DROP_NOT_MINE;
		return;
	}
	if (dp->cfg->n_policies) {
		policy = spd_find(dp->spd, CFG_OUT, &selector);
		if (!policy || policy->action == CFG_DISCARD) {
			entry->drop = policy ? DROP_POLICY_DISCARD : DROP_POLICY_NONE;
			return;
		}
		if (policy->action == CFG_PROTECT)
			protect(dp, policy, entry);
	}
	/* a protected packet goes where its tunnel goes */
	route(dp, entry->sa ? entry->sa->dst : selector.dst, entry);
}

bool
forward_unprotected(const struct cfg_gateway *cfg, uint32_t port)
{
	struct ip_addr last = {0, 0}; /* both directions of a tunnel have one far end */

	for (unsigned i = 0; i < cfg->n_sas; i++) {
		const struct cfg_sa *sa = &cfg->sas[i];
		struct ip_addr far = sa->direction == CFG_OUT ? sa->dst : sa->src;

		if (cfg_port_has(&cfg->ports[port], sa->direction == CFG_OUT ? sa->src : sa->dst))
			return true;
		if (!ip_equal(far, last) && forward_route(cfg, far) == port)
			return true;
		last = far;
	}
	return false;
}

/* A packet that was allowed in and leaves for another site is protected anew (RFC 4301 §5.2).  On the
 * protected side no outbound rule speaks of it, and it goes on in the clear; where tunnels end it may do so
 * only if a rule says. */
static void
resolve_onward(const struct dp *dp, const struct selector *selector, struct flow_entry *entry)
{
	const struct cfg_policy *policy = spd_find(dp->spd, CFG_OUT, selector);

	if (policy && policy->action == CFG_PROTECT)
		protect(dp, policy, entry);
	route(dp, entry->sa ? entry->sa->dst : selector->dst, entry);
	if (policy && policy->action == CFG_DISCARD)
		entry->drop = DROP_POLICY_DISCARD;
	else if (!policy && !entry->drop && dp->ports[entry->port].unprotected)
		entry->drop = DROP_POLICY_NONE;
}

/* Has it to be protected, or may it not come in at all? */
static enum drop
clear_refused(const struct dp *dp, const struct selector *selector)
{
	const struct cfg_policy *policy = spd_find_clear(dp->spd, selector);

	if (!policy)
		return DROP_POLICY_NONE;
	if (policy->action == CFG_PROTECT)
		return DROP_NOT_IPSEC;
	return policy->action == CFG_DISCARD ? DROP_POLICY_DISCARD : DROP_NONE;
}

void
forward_resolve_outside(const struct dp *dp, const uint8_t *ip, uint32_t len, struct flow_entry *entry)
{
	struct selector selector;

	if (!dp->cfg->n_policies) {
		forward_resolve_out(dp, ip, len, entry);
		return;
	}
	selector_read(ip, len, &selector);
	entry->sa = NULL;
	entry->drop = (uint8_t)clear_refused(dp, &selector);
	if (entry->drop)
		return;
	if (worker_is_local(dp->worker, selector.dst))
		entry->drop = DROP_NOT_MINE;
	else
		resolve_onward(dp, &selector, entry);
}

void
forward_resolve_own(const struct dp *dp, const uint8_t *ip, uint32_t len, struct flow_entry *entry)
{
	struct selector selector;

	selector_read(ip, len, &selector);
	entry->sa = NULL;
	entry->drop = DROP_NONE;
	resolve_onward(dp, &selector, entry);
}

void
forward_resolve_in(
	const struct dp *dp, uint32_t sa_index, const uint8_t *ip, uint32_t len, struct flow_entry *entry)
{
	struct selector selector;

	selector_read(ip, len, &selector);
	entry->sa = NULL;
	entry->drop = DROP_NONE;
	if (!spd_inbound_allowed(dp->spd, sa_index, &selector))
		entry->drop = DROP_POLICY_IN;
	else if (worker_is_local(dp->worker, selector.dst))
		entry->drop = DROP_NOT_MINE;
	else
		resolve_onward(dp, &selector, entry);
}

static void
clamp_by(const struct cfg_gateway *cfg, uint32_t port, struct flow_entry *entry)
{
	uint32_t mss = cfg->ports[port].tcp_adjust_mss;

	if (mss && (!entry->clamp || mss < cfg->ports[entry->clamp - 1u].tcp_adjust_mss))
		entry->clamp = (uint8_t)(port + 1);
}

/* The lower one of the two ports that a packet passes.  It came in by the one that leads back to where it
 * comes from: its source, or the other end of its tunnel. */
static void
clamp_resolve(const struct cfg_gateway *cfg, struct ip_addr from, struct flow_entry *entry)
{
	uint32_t in = forward_route(cfg, from);

	clamp_by(cfg, entry->port, entry);
	if (in != CFG_NONE)
		clamp_by(cfg, in, entry);
}

const struct flow_entry *
forward_learn(struct worker *w, const struct sa *sa_in, uint32_t in, const uint8_t *ip, uint32_t len)
{
	struct flow_entry entry = flow_entry_begin(ip, len, in);

	if (sa_in)
		forward_resolve_in(w->dp, dp_place(w->dp, sa_in), ip, len, &entry);
	else if (in == FLOW_OUTSIDE)
		forward_resolve_outside(w->dp, ip, len, &entry);
	else
		forward_resolve_out(w->dp, ip, len, &entry);
	if (!entry.drop && flow_key_proto(entry.key) == IPV4_PROTO_TCP)
		clamp_resolve(w->dp->cfg, sa_in ? sa_in->src : ip_head_src(ip), &entry);
	if (!entry.drop && entry.sa && entry.sa->light)
		entry.drop = (uint8_t)hand_to(sa_in ? HAND_POLICY_CHECK : HAND_CLASSIFY, entry.sa->owner);
	return flow_cache_add(w->cache, &entry);
}

void
forward_clamp(struct worker *w, uint8_t *ip, uint32_t len, const struct flow_entry *flow)
{
	struct dp_port *port = &w->dp->ports[flow->clamp - 1u];

	port->mss_clamped += mss_clamp(ip, len, port->cfg->tcp_adjust_mss);
}
