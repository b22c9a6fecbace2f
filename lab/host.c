/* A host: sends what its traffic sources describe, at exact times, and takes what is addressed to it. */
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
	host->tx += n;
	link_send(host->end, pkts, n);
}

void
host_send_built(struct host *host, uint32_t flow, const struct traffic_packet *desc, struct rte_mbuf *m)
{
	host->created++;
	host->lab->flows[flow].sent++;
	host->lab->flows[flow].sent_bytes += desc->bytes;
	if (!m) {
		send_failed(host, flow, desc, 1, DROP_NO_MBUF);
		return;
	}
	host->tx++;
	link_send(host->end, &m, 1);
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

/* ICMP from a gateway about a segment of ours. */
static bool
host_takes_icmp(struct host *host, struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	return host->tcp && pkt_of(m)->flow == PKT_NO_FLOW && ip_equal(ip_head_dst(ip), host->cfg->address) &&
	       tcp_host_icmp(host->tcp, ip, rte_pktmbuf_data_len(m), now);
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
		const uint8_t *ip = rte_pktmbuf_mtod(pkts[i], const uint8_t *);

		if (unlikely(!ip_equal(ip_head_dst(ip), host->cfg->address) ||
			     pkt_of(pkts[i])->flow == PKT_NO_FLOW)) {
			if (host_takes_icmp(host, pkts[i], now)) {
				pkts[kept++] = pkts[i];
				continue;
			}
			host->drops[DROP_NOT_MINE]++;
			flow_dropped_packet(host->lab, host->index, pkts[i], DROP_NOT_MINE, now);
			continue;
		}
		if (flow_delivered(host->lab, pkts[i]) && host->tcp)
			tcp_host_segment(host->tcp, pkts[i], now);
		pkts[kept++] = pkts[i];
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
	bool moved = host_send(host, now);

	if (host->tcp)
		moved |= tcp_host_run(host->tcp, now);
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
	/* what is sent must be on the wire before a peer that looks more often does */
	send = time_round_up(send, time_min(poll, peer));
	return time_min(send, time_round_up(link_next_due(host->end), poll));
}

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
	tcp_host_destroy(host->tcp);
	free(host->sources);
	free(host->first_flow);
}
