/* What a host does for pings: sends the echoes of its sources, answers those of others, and hears what comes
 * back.  An answer is as long as its echo and has its DF.  The next echo leaves when the host has looked at
 * its link (poll_interval). */
#include <stdlib.h>

#include "base/bytes.h"
#include "config/cfg_net.h"
#include "lab/icmp_quote.h"
#include "lab/lab_priv.h"
#include "lab/ping.h"

#define ECHO4 8u
#define ECHO6 128u
#define UNREACHABLE4 3u
#define UNREACHABLE6 1u

static enum status
ping_make(struct lab *lab, unsigned t)
{
	const struct cfg_traffic *cfg = &lab->cfg->traffic[t];
	struct ip_addr from = lab->cfg->hosts[cfg->from_host].address;

	return ping_create(cfg, from, cfg_end_address(lab->cfg, &cfg->to_end, from),
		traffic_start(lab->traffic[t]), traffic_limit(lab->traffic[t]), &lab->pings[t]);
}

enum status
pings_create(struct lab *lab)
{
	enum status status = ST_OK;

	lab->pings = calloc(lab->cfg->n_traffic + 1u, sizeof(struct ping *));
	if (!lab->pings)
		return ST_ERR_NOMEM;
	for (unsigned t = 0; t < lab->cfg->n_traffic && !status; t++)
		if (lab->cfg->traffic[t].kind == CFG_TRAFFIC_PING)
			status = ping_make(lab, t);
	return status;
}

void
pings_destroy(struct lab *lab)
{
	for (unsigned t = 0; lab->pings && t < lab->cfg->n_traffic; t++)
		ping_destroy(lab->pings[t]);
	free(lab->pings);
}

static enum drop
message_send(struct host *host, uint32_t flow, uint64_t num, uint32_t bytes, uint64_t now)
{
	struct traffic_packet desc = {.time_ns = now, .num = num, .bytes = bytes};
	struct rte_mbuf *m = rte_mbuf_raw_alloc(host->lab->pool);

	if (m)
		packet_ping_build(host->lab, flow, &desc, m);
	return host_send_built(host, flow, &desc, m);
}

bool
ping_host_run(struct host *host, uint64_t now)
{
	const struct lab *lab = host->lab;
	bool moved = false, v4 = ip_is_v4(host->cfg->address);
	uint64_t num;
	uint32_t bytes;

	for (unsigned s = 0; s < host->n_sources; s++) {
		uint32_t flow = host->first_flow[s];
		struct ping *ping = lab->pings[lab->flows[flow].traffic];

		while (ping && ping_turn(ping, now, &num, &bytes)) {
			if (message_send(host, flow, num, bytes, now) == DROP_TOO_BIG)
				ping_fail(ping, (uint16_t)num, v4 ? PING_TOO_BIG : PING_TOO_BIG6,
					host->cfg->address, host->cfg->mtu, now);
			moved = true;
		}
	}
	return moved;
}

uint64_t
ping_host_next_due(const struct host *host)
{
	const struct lab *lab = host->lab;
	uint64_t due = TIME_NEVER;

	for (unsigned s = 0; s < host->n_sources; s++) {
		const struct ping *ping = lab->pings[lab->flows[host->first_flow[s]].traffic];

		if (ping)
			due = time_min(due, ping_next_due(ping));
	}
	return due;
}

void
ping_host_packet(struct host *host, struct rte_mbuf *m, uint64_t now)
{
	const struct pkt *pkt = pkt_of(m);
	const struct flow *flow = &host->lab->flows[pkt->flow];

	if (flow->index)
		ping_reply(host->lab->pings[flow->traffic], pkt->num, pkt->time_ns, now);
	else
		message_send(host, pkt->flow + 1, pkt->num, rte_pktmbuf_data_len(m), now);
}

static enum ping_mark
mark_of(const struct icmp_quote *quote)
{
	bool v6 = ip_is_v6(quote->ip);

	if (quote->too_big)
		return v6 ? PING_TOO_BIG6 : PING_TOO_BIG;
	if (quote->type == (v6 ? UNREACHABLE6 : UNREACHABLE4))
		return PING_UNREACHABLE;
	return v6 ? PING_EXPIRED6 : PING_EXPIRED;
}

/* The ping of this host that an echo with that identifier came from. */
static struct ping *
ping_find(const struct host *host, uint16_t id)
{
	const struct lab *lab = host->lab;

	for (unsigned s = 0; s < host->n_sources; s++) {
		const struct flow *flow = &lab->flows[host->first_flow[s]];

		if (lab->pings[flow->traffic] && packet_ping_id(flow) == id)
			return lab->pings[flow->traffic];
	}
	return NULL;
}

void
ping_host_icmp(struct host *host, const uint8_t *ip, uint32_t bytes, uint64_t now)
{
	struct icmp_quote quote;
	struct ping *ping;

	if (!icmp_quote_read(ip, bytes, &quote) ||
		quote.proto != (ip_is_v6(ip) ? IP_NEXT_ICMP6 : IPV4_PROTO_ICMP) ||
		quote.l4[0] != (ip_is_v6(ip) ? ECHO6 : ECHO4))
		return;
	ping = ping_find(host, load_be16(quote.l4 + 4));
	if (ping)
		ping_fail(ping, load_be16(quote.l4 + 6), mark_of(&quote), ip_head_src(ip),
			quote.too_big ? quote.mtu : 0, now);
}
