/* A host: sends what its traffic sources describe, at exact times, and takes what is addressed to it.
 *
 * Fragments it puts together before it looks at them, with generous limits, and gives up as Linux does.  ICMP
 * from gateways goes to its TCP and its pings; other sources do not listen. */
#include <stdlib.h>

#include <rte_mempool.h>
#include <rte_prefetch.h>

#include "lab/lab_priv.h"

/* Packets that cannot be made: they count as created and are dropped at once. */
static void
send_failed(struct host *host, uint32_t first_flow, const struct traffic_packet *descs, unsigned n,
	enum drop reason)
{
	for (unsigned i = 0; i < n; i++) {
		struct drop_event event = {.time_ns = descs[i].time_ns,
			.reason = (uint8_t)reason,
			.flow = first_flow + descs[i].flow,
			.num = descs[i].num,
			.src = IP_V4(0), /* there is no packet */
			.dst = IP_V4(0),
			.bytes = descs[i].bytes};

		host->drops[reason]++;
		flow_dropped(host->lab, host->index, &event);
	}
}

static uint32_t
bytes_most(const struct traffic_packet *descs, unsigned n)
{
	uint32_t most = 0;

	for (unsigned i = 0; i < n; i++)
		most = descs[i].bytes > most ? descs[i].bytes : most;
	return most;
}

/* In pieces where it is longer than the MTU. */
static enum drop
send_one(struct host *host, struct rte_mbuf *m, uint64_t now)
{
	enum drop drop = DROP_NONE;

	if (unlikely(rte_pktmbuf_data_len(m) > host->cfg->mtu))
		drop = host_cut(host, m);
	else {
		host->tx++;
		link_send(host->end, &m, 1);
	}
	if (unlikely(drop)) {
		host->drops[drop]++;
		flow_dropped_packet(host->lab, host->index, m, drop, now);
	}
	return drop;
}

static void
send_burst(struct host *host, uint32_t first_flow, const struct traffic_packet *descs, unsigned n)
{
	struct lab *lab = host->lab;
	struct rte_mbuf *pkts[LAB_BURST];

	host->created += n;
	for (unsigned i = 0; i < n; i++) {
		struct flow *flow = &lab->flows[first_flow + descs[i].flow];

		flow->sent++;
		flow->sent_bytes += descs[i].bytes;
	}
	/* only a capture (one packet a call) holds such monsters, made by segmentation offload */
	if (unlikely(descs[0].bytes > POOL_BYTES_MAX)) {
		send_failed(host, first_flow, descs, n, DROP_NO_ROOM);
		return;
	}
	if (unlikely(rte_mempool_get_bulk(lab->pool, (void **)pkts, n))) {
		send_failed(host, first_flow, descs, n, DROP_NO_MBUF);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		packet_build(lab, first_flow + descs[i].flow, &descs[i], pkts[i]);
	if (unlikely(bytes_most(descs, n) > host->cfg->mtu)) {
		for (unsigned i = 0; i < n; i++)
			send_one(host, pkts[i], descs[i].time_ns);
		return;
	}
	host->tx += n;
	link_send(host->end, pkts, n);
}

enum drop
host_send_built(struct host *host, uint32_t flow, const struct traffic_packet *desc, struct rte_mbuf *m)
{
	host->created++;
	host->lab->flows[flow].sent++;
	host->lab->flows[flow].sent_bytes += desc->bytes;
	if (m)
		return send_one(host, m, desc->time_ns);
	send_failed(host, flow, desc, 1, DROP_NO_MBUF);
	return DROP_NO_MBUF;
}

/* The source that sends next, and until when it is the only one. */
static unsigned
source_next(const struct host *host, uint64_t *due, uint64_t *until)
{
	unsigned best = 0;

	*due = TIME_NEVER;
	*until = TIME_NEVER;
	for (unsigned s = 0; s < host->n_sources; s++) {
		uint64_t t = traffic_next_due(host->sources[s]);

		if (t < *due) {
			*until = *due;
			*due = t;
			best = s;
		} else {
			*until = time_min(*until, t);
		}
	}
	return best;
}

/* Packets of all sources leave in order of time: the wire wants it so. */
static bool
host_send(struct host *host, uint64_t now)
{
	struct traffic_packet descs[LAB_BURST];
	bool moved = false;

	for (;;) {
		uint64_t due, until;
		unsigned n, s = source_next(host, &due, &until);

		if (due > now)
			return moved;
		n = traffic_get(host->sources[s], time_min(now, until), descs, LAB_BURST);
		send_burst(host, host->first_flow[s], descs, n);
		moved = true;
	}
}

static void
fragment_end(void *ctx, void *pkt, enum drop reason)
{
	struct host *host = ctx;

	if (!reason) {
		host->consumed++;
		rte_pktmbuf_free(pkt);
		return;
	}
	host->drops[reason]++;
	flow_dropped_packet(host->lab, host->index, pkt, reason, host->now);
}

/* NULL where it waits for the rest, or has ended.  The others are consumed, and the first becomes the packet.
 */
static struct rte_mbuf *
fragment_take(struct host *host, struct rte_mbuf *m)
{
	uint64_t time_ns = pkt_of(m)->time_ns;
	struct reasm_whole whole;
	struct rte_mbuf *first;

	if (!reasm_put(host->reasm, m, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
		    host->now, &whole))
		return NULL;
	first = whole.first;
	if (!pkt_can_hold(first, whole.skip, whole.bytes)) {
		reasm_refuse(host->reasm, &whole, DROP_NO_ROOM);
		return NULL;
	}
	reasm_join(host->reasm, &whole, rte_pktmbuf_mtod(first, uint8_t *));
	pkt_keep(first, whole.skip, whole.bytes);
	pkt_of(first)->time_ns = time_ns;
	return first;
}

static bool
is_fragment(const uint8_t *ip, uint32_t len)
{
	struct ip6_upper upper;

	if (ip_head_is_v4(ip))
		return load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK);
	ip6_upper_find(ip, len, &upper);
	return upper.fragment;
}

/* Not a packet of a flow: what gateways say about packets is heard, all else is somebody's mistake. */
static bool
host_hears(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	return ip[ip_head_is_v4(ip) ? IPV4_PROTO : IPV6_NEXT] ==
	       (ip_head_is_v4(ip) ? IPV4_PROTO_ICMP : IP_NEXT_ICMP6);
}

/* ICMP from a gateway about a packet of ours. */
static void
host_takes_icmp(struct host *host, struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t bytes = rte_pktmbuf_data_len(m);

	if (!host->tcp || !tcp_host_icmp(host->tcp, ip, bytes, now))
		ping_host_icmp(host, ip, bytes, now);
}

/* Is it for this host, and what is to be kept of it?  NULL: nothing, it has gone. */
static struct rte_mbuf *
host_take_one(struct host *host, struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct pkt *pkt = pkt_of(m);
	bool mine = ip_equal(ip_head_dst(ip), host->cfg->address);

	if (unlikely(!mine || (pkt->flow == PKT_NO_FLOW && !host_hears(m)))) {
		host->drops[DROP_NOT_MINE]++;
		flow_dropped_packet(host->lab, host->index, m, DROP_NOT_MINE, now);
		return NULL;
	}
	if (unlikely(pkt->flow == PKT_NO_FLOW)) {
		host_takes_icmp(host, m, now);
		return m;
	}
	if (unlikely(pkt->flags & PKT_CUT) && is_fragment(ip, rte_pktmbuf_data_len(m))) {
		m = fragment_take(host, m);
		if (!m)
			return NULL;
	}
	if (!flow_delivered(host->lab, m))
		return m;
	if (host->tcp)
		tcp_host_segment(host->tcp, m, now);
	if (unlikely(host->lab->flows[pkt_of(m)->flow].is_ping))
		ping_host_packet(host, m, now);
	return m;
}

static bool
host_take(struct host *host, uint64_t now)
{
	struct rte_mbuf *pkts[LAB_BURST];
	unsigned n = link_receive(host->end, pkts, LAB_BURST, now), kept = 0;

	host->rx += n;
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = host_take_one(host, pkts[i], now);

		if (likely(m != NULL))
			pkts[kept++] = m;
	}
	host->consumed += kept;
	/* unshared, of one segment, of one pool: the second line of the mbuf need not be touched */
	rte_mempool_put_bulk(host->lab->pool, (void **)pkts, kept);
	return n > 0;
}

static bool
host_run(struct actor *actor, uint64_t now)
{
	struct host *host = (struct host *)actor;
	bool moved;

	host->now = now;
	reasm_run(host->reasm, now);
	moved = host_send(host, now);

	if (host->tcp)
		moved |= tcp_host_run(host->tcp, now);
	moved |= ping_host_run(host, now);
	while (host_take(host, now))
		moved = true;
	return moved;
}

static uint64_t
host_next_due(struct actor *actor)
{
	struct host *host = (struct host *)actor;
	uint64_t poll = host->cfg->poll_interval, peer = host->end->port.peer_poll, send = TIME_NEVER;

	for (unsigned s = 0; s < host->n_sources; s++)
		send = time_min(send, traffic_next_due(host->sources[s]));
	if (host->tcp)
		send = time_min(send, tcp_host_next_due(host->tcp));
	send = time_min(send, ping_host_next_due(host));
	/* what is sent must be on the wire before a peer that looks more often does */
	send = time_round_up(send, time_min(poll, peer));
	return time_min(
		send, time_round_up(time_min(link_next_due(host->end), reasm_next_due(host->reasm)), poll));
}

/* net.ipv4.ipfrag_high_thresh and ipfrag_time of Linux. */
static const struct reasm_limits reasm_limits = {
	.packets = 1024, .per_source = 1024, .bytes = 4 << 20, .timeout = 30 * NS_PER_SEC};

enum status
host_create(struct lab *lab, unsigned index, struct link_end *end)
{
	struct host *host = &lab->hosts[index];
	uint32_t flow = 0;

	host->actor = (struct actor){
		.name = lab->cfg->hosts[index].name, .run = host_run, .next_due = host_next_due};
	host->cfg = &lab->cfg->hosts[index];
	host->lab = lab;
	host->index = index;
	host->end = end;
	if (reasm_create(&reasm_limits, fragment_end, host, &host->reasm))
		return ST_ERR_NOMEM;
	host->sources = calloc(lab->cfg->n_traffic + 1u, sizeof(*host->sources));
	host->first_flow = calloc(lab->cfg->n_traffic + 1u, sizeof(*host->first_flow));
	if (!host->sources || !host->first_flow)
		return ST_ERR_NOMEM;
	for (unsigned t = 0; t < lab->cfg->n_traffic; t++) {
		if (lab->cfg->traffic[t].from_host == index) {
			host->sources[host->n_sources] = lab->traffic[t];
			host->first_flow[host->n_sources++] = flow;
		}
		flow += traffic_flow_count(lab->traffic[t]);
	}
	return tcp_host_create(host);
}

void
host_destroy(struct host *host)
{
	reasm_destroy(host->reasm);
	tcp_host_destroy(host->tcp);
	free(host->sources);
	free(host->first_flow);
}
