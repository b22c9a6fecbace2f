/* switching: which of the two paths a packet takes.  At interrupt level goes what the route cache knows; all
 * else waits for the process (docs/switching.md): IP options (RFC 791 §3.1; RFC 8200 §4.3), fragments that
 * are reassembled here, large packets under load, and flows without a fresh entry.
 *
 * The way itself is not decided here: classify does that, for both. */
#include "dataplane/process.h"
#include "dataplane/worker.h"

/* Is a fragment of this protocol reassembled here? */
static bool
is_for_here(const struct worker *w, const uint8_t *ip, uint8_t proto)
{
	const struct local_address *local = local_find(w->local, ip_head_dst(ip));

	return local && (local->own || proto == IPV4_PROTO_ESP || proto == IP_NEXT_AH ||
				(proto == IPV4_PROTO_UDP && local->natt));
}

static enum process_cause
header_cause4(const struct worker *w, const uint8_t *ip)
{
	if (ipv4_header_len(ip) > IPV4_MIN_BYTES)
		return PROCESS_OPTIONS;
	if (unlikely(load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK)) &&
		is_for_here(w, ip, ip[IPV4_PROTO]))
		return PROCESS_FRAGMENT;
	return PROCESS_NOT;
}

static enum process_cause
header_cause6(const struct worker *w, const uint8_t *ip, uint32_t len)
{
	struct ip6_upper upper;

	if (ip[IPV6_NEXT] == IP_NEXT_HOP_BY_HOP)
		return PROCESS_OPTIONS;
	if (likely(ip_proto_has_ports(ip[IPV6_NEXT]) || ip[IPV6_NEXT] == IPV4_PROTO_ESP))
		return PROCESS_NOT;
	ip6_upper_find(ip, len, &upper);
	return upper.fragment && is_for_here(w, ip, upper.proto) ? PROCESS_FRAGMENT : PROCESS_NOT;
}

/* An entry's age counts from when it was made, used or not; one that is too old is gone. */
static enum process_cause
route_cause(struct process *p, bool v4, const uint8_t *ip, uint32_t len, uint64_t now)
{
	const struct flow_entry *entry = flow_cache_look(p->routes, v4, ip, len, 0);

	if (unlikely(!entry))
		return PROCESS_MISS;
	if (likely(now - entry->made_ns < p->cache_timeout))
		return PROCESS_NOT;
	flow_cache_forget(p->routes, entry);
	return PROCESS_STALE;
}

static inline enum process_cause
packet_cause(const struct worker *w, const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	struct process *p = w->process;
	enum process_cause cause;
	bool v4;

	if (unlikely(!ip_head_is_whole(ip, len))) /* classify will drop it */
		return PROCESS_NOT;
	v4 = ip_head_is_v4(ip);
	cause = v4 ? header_cause4(w, ip) : header_cause6(w, ip, len);
	if (unlikely(cause != PROCESS_NOT))
		return cause;
	if (unlikely(len > p->size && p->loaded))
		return PROCESS_LARGE;
	return route_cause(p, v4, ip, len, w->now);
}

/* The load is what came in the last whole PROCESS_LOAD_TIME. */
static void
load_measure(struct process *p, unsigned n, uint64_t now)
{
	if (now >= p->load_end) {
		uint32_t last = now - p->load_end < PROCESS_LOAD_TIME ? p->arrived : 0;

		p->loaded = last * (NS_PER_SEC / PROCESS_LOAD_TIME) >= p->load;
		p->load_end = now - now % PROCESS_LOAD_TIME + PROCESS_LOAD_TIME;
		p->arrived = 0;
	}
	p->arrived += n;
}

void
stage_switching(struct worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct process *p = w->process;

	load_measure(p, n, w->now);
	for (unsigned i = 0; i < n; i++) {
		enum process_cause cause = packet_cause(w, pkts[i]);

		if (likely(cause == PROCESS_NOT)) {
			p->stats.fast++;
			worker_put(w, STAGE_classify, pkts[i]);
		} else {
			process_put(w, pkts[i], cause);
		}
	}
}
