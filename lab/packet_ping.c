/* The bytes of echoes and their answers (RFC 792, RFC 4443 §4): a packet of the flow as any other, with an
 * ICMP message in place of its payload.  The identifier is that of the source, the sequence number that of
 * the packet, and the data is `pattern` over and over, as IOS sends it. */
#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "lab/icmp_quote.h"
#include "lab/lab_priv.h"

#define ECHO4 8u
#define REPLY4 0u
#define ECHO6 128u
#define REPLY6 129u
#define CHECKSUM 2u

static void
message_head(const struct flow *flow, uint64_t num, uint8_t *icmp)
{
	bool v6 = flow->ip_bytes == IPV6_MIN_BYTES, back = flow->index != 0;

	memset(icmp, 0, ICMP_HEAD_BYTES);
	icmp[0] = v6 ? (back ? REPLY6 : ECHO6) : (back ? REPLY4 : ECHO4);
	store_be16(icmp + 4, packet_ping_id(flow));
	store_be16(icmp + 6, (uint16_t)num);
}

static uint16_t
message_sum(const struct flow *flow, const uint8_t *ip, const uint8_t *icmp, uint32_t bytes)
{
	return flow->ip_bytes == IPV6_MIN_BYTES ? ip_transport_checksum(ip, IP_NEXT_ICMP6, icmp, bytes)
						: ip_checksum(icmp, bytes);
}

static uint8_t
data_byte(const struct lab *lab, const struct flow *flow, uint32_t at)
{
	return (uint8_t)(lab->cfg->traffic[flow->traffic].pattern >> (at & 1 ? 0 : 8));
}

void
packet_ping_build(
	const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, struct rte_mbuf *m)
{
	const struct flow *flow = &lab->flows[flow_index];
	uint32_t bytes = desc->bytes - flow->ip_bytes;
	uint8_t *ip, *icmp;

	packet_build(lab, flow_index, desc, m);
	ip = rte_pktmbuf_mtod(m, uint8_t *);
	icmp = ip + flow->ip_bytes;
	message_head(flow, desc->num, icmp);
	for (uint32_t i = ICMP_HEAD_BYTES; i < bytes; i++)
		icmp[i] = data_byte(lab, flow, i);
	store_be16(icmp + CHECKSUM, message_sum(flow, ip, icmp, bytes));
}

bool
packet_ping_intact(const struct lab *lab, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *), *icmp;
	const struct pkt *pkt = pkt_of(m);
	const struct flow *flow = &lab->flows[pkt->flow];
	uint32_t src = flow->ip_bytes == IPV6_MIN_BYTES ? IPV6_SRC : IPV4_SRC;
	uint32_t bytes = rte_pktmbuf_data_len(m);
	uint8_t head[ICMP_HEAD_BYTES];

	if (bytes != pkt->sent_bytes || memcmp(ip + src, flow->head + src, flow->ip_bytes - src))
		return false;
	icmp = ip + flow->ip_bytes;
	bytes -= flow->ip_bytes;
	message_head(flow, pkt->num, head);
	memcpy(head + CHECKSUM, icmp + CHECKSUM, 2);
	if (memcmp(icmp, head, ICMP_HEAD_BYTES) || message_sum(flow, ip, icmp, bytes))
		return false;
	for (uint32_t i = ICMP_HEAD_BYTES; i < bytes; i++)
		if (icmp[i] != data_byte(lab, flow, i))
			return false;
	return true;
}
