/* The bytes of TCP segments: the flow's template in front, and behind it the piece of the pattern that stands
 * at this place of the stream, so that what arrives is known byte by byte wherever it was sent again or cut
 * anew.  Streams begin at different places of the pattern, which repeats itself after PATTERN_PERIOD bytes.
 */
#include <string.h>

#include <rte_memcpy.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "lab/lab_priv.h"

#define PATTERN_PERIOD 65536u
#define STREAM_STEP 1021u /* between the beginnings of two flows */
#define TCP_CHECKSUM 16u

/* Where in the pattern the payload of a number begins. */
static uint32_t
pattern_at(const struct flow *flow, uint32_t flow_index, uint32_t seq)
{
	return (seq - flow->iss - 1 + flow_index * STREAM_STEP) % PATTERN_PERIOD;
}

static void
payload_write(const struct lab *lab, uint32_t at, uint8_t *p, uint32_t bytes)
{
	uint32_t first = bytes < PATTERN_PERIOD - at ? bytes : PATTERN_PERIOD - at;

	rte_memcpy(p, lab->pattern + at, first);
	rte_memcpy(p + first, lab->pattern, bytes - first);
}

static bool
payload_right(const struct lab *lab, uint32_t at, const uint8_t *p, uint32_t bytes)
{
	uint32_t first = bytes < PATTERN_PERIOD - at ? bytes : PATTERN_PERIOD - at;

	return !memcmp(p, lab->pattern + at, first) && !memcmp(p + first, lab->pattern, bytes - first);
}

static void
head_write(
	const struct flow *flow, const struct tcp_segment *segment, uint8_t *ip, uint32_t bytes, uint64_t num)
{
	uint16_t check;

	memcpy(ip, flow->head, (size_t)flow->ip_bytes + 4); /* with the ports */
	if (flow->ip_bytes == IPV6_MIN_BYTES) {
		store_be16(ip + IPV6_LENGTH, (uint16_t)(bytes - IPV6_MIN_BYTES));
		ipv6_class_set(ip, (uint8_t)(ipv6_class(ip) | segment->ecn));
		return;
	}
	ip[IPV4_TOS] |= segment->ecn;
	store_be16(ip + IPV4_LENGTH, (uint16_t)bytes);
	store_be16(ip + IPV4_ID, (uint16_t)(flow->id_first + num * flow->id_step));
	check = (uint16_t)~ipv4_sum(ip, IPV4_MIN_BYTES); /* the machine's order */
	memcpy(ip + IPV4_CHECKSUM, &check, 2);
}

static void
pkt_fill(struct rte_mbuf *m, uint32_t flow_index, uint32_t bytes, uint64_t num, uint64_t now)
{
	struct pkt *pkt = pkt_of(m);

	m->data_off = PKT_HEADROOM;
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
	pkt->time_ns = now;
	pkt->sent_ns = now;
	pkt->num = num;
	pkt->seq = 0;
	pkt->sa = NULL;
	pkt->flow = flow_index;
	pkt->flags = 0;
	pkt->lag = 0;
	pkt->sent_bytes = bytes;
}

void
packet_tcp_build(const struct lab *lab, uint32_t flow_index, const struct tcp_segment *segment, uint64_t num,
	uint64_t now, struct rte_mbuf *m)
{
	const struct flow *flow = &lab->flows[flow_index];
	uint8_t *ip = (uint8_t *)m->buf_addr + PKT_HEADROOM, *tcp = ip + flow->ip_bytes;
	uint32_t head = tcp_segment_bytes(segment), bytes = flow->ip_bytes + head + segment->len;

	pkt_fill(m, flow_index, bytes, num, now);
	head_write(flow, segment, ip, bytes, num);
	tcp_segment_write(segment, tcp);
	payload_write(lab, pattern_at(flow, flow_index, segment->seq), tcp + head, segment->len);
	store_be16(tcp + TCP_CHECKSUM, ip_transport_checksum(ip, IPV4_PROTO_TCP, tcp, head + segment->len));
}

const uint8_t *
packet_tcp_find(const uint8_t *ip, uint32_t bytes, uint32_t *l4_bytes)
{
	struct ip_head head;

	if (!ip_head_is_whole(ip, bytes) || !ip_head_all(ip, bytes, &head) || head.next != IPV4_PROTO_TCP)
		return NULL;
	*l4_bytes = bytes - head.len;
	return ip + head.len;
}

bool
packet_tcp_intact(const struct lab *lab, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *), *tcp;
	const struct pkt *pkt = pkt_of(m);
	const struct flow *flow = &lab->flows[pkt->flow];
	uint32_t src = flow->ip_bytes == IPV6_MIN_BYTES ? IPV6_SRC : IPV4_SRC, l4_bytes, head;
	uint32_t bytes = rte_pktmbuf_data_len(m);
	struct tcp_segment segment;

	if (bytes != pkt->sent_bytes || !(tcp = packet_tcp_find(ip, bytes, &l4_bytes)))
		return false;
	if (memcmp(ip + src, flow->head + src, flow->ip_bytes - src) ||
		memcmp(tcp, flow->head + flow->ip_bytes, 4))
		return false;
	if (ip_transport_checksum(ip, IPV4_PROTO_TCP, tcp, l4_bytes) ||
		!tcp_segment_read(tcp, l4_bytes, &segment, &head))
		return false;
	return payload_right(lab, pattern_at(flow, pkt->flow, segment.seq), tcp + head, segment.len);
}
