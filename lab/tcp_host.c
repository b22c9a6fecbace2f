/* The ends of connections on a host: packets to segments and back, timers, and ICMP.
 *
 * An end answers at the instant at which its host looks at the link (poll_interval), so what it sends leaves
 * in order of time with everything else of that host. */
#include <stdlib.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "lab/icmp_quote.h"
#include "lab/lab_priv.h"
#include "lab/tcp/due_tree.h"
#include "lab/tcp_ends.h"

#define IP6_TCP_BYTES 60u
#define IP4_TCP_BYTES 40u

struct tcp_host {
	struct host *host;
	struct tcp_end **ends;
	uint32_t n;
	struct due_tree due;
};

static struct tcp_end *
source_end(struct tcp_source *source, const struct host *host, uint32_t i)
{
	struct tcp_end *end = &source->ends[i];

	return end->host == host->index ? end : NULL;
}

static void
ends_gather(struct tcp_host *tcp)
{
	struct lab *lab = tcp->host->lab;

	tcp->n = 0;
	for (unsigned t = 0; t < lab->cfg->n_traffic; t++)
		for (uint32_t i = 0; lab->tcp[t] && i < 2 * lab->tcp[t]->n; i++) {
			struct tcp_end *end = source_end(lab->tcp[t], tcp->host, i);

			if (end && tcp->ends) {
				end->place = tcp->n;
				tcp->ends[tcp->n] = end;
			}
			tcp->n += end != NULL;
		}
}

enum status
tcp_host_create(struct host *host)
{
	struct tcp_host count = {.host = host}, *tcp;

	ends_gather(&count);
	if (!count.n)
		return ST_OK;
	tcp = host->tcp = calloc(1, sizeof(*tcp));
	if (!tcp)
		return ST_ERR_NOMEM;
	tcp->host = host;
	tcp->ends = calloc(count.n, sizeof(*tcp->ends));
	if (!tcp->ends || due_tree_init(&tcp->due, count.n))
		return ST_ERR_NOMEM;
	ends_gather(tcp);
	for (uint32_t i = 0; i < tcp->n; i++)
		due_tree_set(&tcp->due, i, tcp->ends[i]->app.due);
	return ST_OK;
}

void
tcp_host_destroy(struct tcp_host *tcp)
{
	if (!tcp)
		return;
	due_tree_fini(&tcp->due);
	free(tcp->ends);
	free(tcp);
}

static void
segment_send(struct tcp_host *tcp, struct tcp_end *end, const struct tcp_segment *segment, uint64_t now)
{
	struct lab *lab = tcp->host->lab;
	struct rte_mbuf *m = rte_mbuf_raw_alloc(lab->pool);
	struct traffic_packet desc = {.time_ns = now,
		.num = end->num++,
		.bytes = lab->flows[end->flow].ip_bytes + tcp_segment_bytes(segment) + segment->len};

	if (m)
		packet_tcp_build(lab, end->flow, segment, desc.num, now, m);
	host_send_built(tcp->host, end->flow, &desc, m);
}

/* After whatever happened to an end: its application, what it sends, and when it is due. */
static bool
end_turn(struct tcp_host *tcp, struct tcp_end *end, uint64_t now)
{
	struct tcp_segment segment;
	bool sent = false;

	tcp_app_turn(&end->app, now);
	while (tcp_output(end->conn, now, &segment)) {
		segment_send(tcp, end, &segment, now);
		sent = true;
	}
	due_tree_set(&tcp->due, end->place, time_min(end->app.due, tcp_next_due(end->conn)));
	return sent;
}

bool
tcp_host_run(struct tcp_host *tcp, uint64_t now)
{
	bool moved = false;

	while (due_tree_least(&tcp->due) <= now) {
		struct tcp_end *end = tcp->ends[due_tree_first(&tcp->due)];

		tcp_timer(end->conn, now);
		end_turn(tcp, end, now);
		moved = true;
	}
	return moved;
}

uint64_t
tcp_host_next_due(const struct tcp_host *tcp)
{
	return due_tree_least(&tcp->due);
}

/* The end that a packet of this flow goes to; NULL: it is no TCP of the laboratory. */
static struct tcp_end *
receiver_find(struct lab *lab, uint32_t flow_index)
{
	const struct flow *flow = &lab->flows[flow_index];
	struct tcp_source *source = lab->tcp[flow->traffic];

	if (!source)
		return NULL;
	return &source->ends[flow->index < source->n ? flow->index + source->n : flow->index - source->n];
}

void
tcp_host_segment(struct tcp_host *tcp, struct rte_mbuf *m, uint64_t now)
{
	struct tcp_end *end = receiver_find(tcp->host->lab, pkt_of(m)->flow);
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *), *l4;
	struct tcp_segment segment;
	uint32_t l4_bytes, head;

	if (!end || end->host != tcp->host->index)
		return;
	l4 = packet_tcp_find(ip, rte_pktmbuf_data_len(m), &l4_bytes);
	if (!l4 || !tcp_segment_read(l4, l4_bytes, &segment, &head))
		return;
	segment.ecn = ip_tos(ip) & IPV4_ECN_MASK;
	tcp_input(end->conn, &segment, now);
	end_turn(tcp, end, now);
}

/* ---- ICMP ---- */

static struct tcp_end *
quote_end(const struct tcp_host *tcp, const struct icmp_quote *quote)
{
	for (uint32_t i = 0; i < tcp->n; i++) {
		const struct traffic_flow *id = &tcp->host->lab->flows[tcp->ends[i]->flow].id;

		if (id->sport == load_be16(quote->l4) && id->dport == load_be16(quote->l4 + 2) &&
			ip_equal(id->src, ip_head_src(quote->ip)) &&
			ip_equal(id->dst, ip_head_dst(quote->ip)))
			return tcp->ends[i];
	}
	return NULL;
}

bool
tcp_host_icmp(struct tcp_host *tcp, const uint8_t *ip, uint32_t bytes, uint64_t now)
{
	struct icmp_quote quote;
	struct tcp_end *end;
	uint32_t heads;

	if (!icmp_quote_read(ip, bytes, &quote) || !quote.too_big || quote.proto != IPV4_PROTO_TCP)
		return false;
	end = quote_end(tcp, &quote);
	if (!end)
		return false;
	heads = ip_is_v6(ip) ? IP6_TCP_BYTES : IP4_TCP_BYTES;
	if (end->app.cfg->pmtud && quote.mtu > heads &&
		tcp_path_mtu(end->conn, load_be32(quote.l4 + 4), quote.mtu - heads))
		end_turn(tcp, end, now);
	return true;
}
