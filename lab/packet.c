/* The bytes of generated packets: a template per flow, a pattern behind it, and a stamp (flow, number, send
 * time) at the head of the payload where it fits, so that a decrypted capture can be read. */
#include <string.h>

#include <rte_memcpy.h>

#include "base/bytes.h"
#include "lab/lab_priv.h"

#define STAMP_BYTES 20u
#define TCP_BYTES 20u
#define UDP_BYTES 8u

void
packet_pattern_fill(uint8_t *pattern)
{
	for (unsigned i = 0; i < PACKET_PATTERN; i++)
		pattern[i] = (uint8_t)(i * 7 + (i >> 8));
}

void
packet_template(struct flow *flow)
{
	const struct traffic_flow *id = &flow->id;
	uint8_t *ip = flow->head, *l4 = ip + IPV4_MIN_BYTES;

	ip[0] = 0x45;
	ip[IPV4_TOS] = (uint8_t)(id->dscp << 2 | id->ecn);
	store_be16(ip + IPV4_FRAGMENT, id->df ? IPV4_DF : 0);
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTO] = id->proto;
	ip_store4(ip + IPV4_SRC, id->src);
	ip_store4(ip + IPV4_DST, id->dst);
	flow->head_sum = ipv4_sum(ip, IPV4_MIN_BYTES);
	flow->head_len = IPV4_MIN_BYTES;
	if (id->proto != IPV4_PROTO_UDP && id->proto != IPV4_PROTO_TCP)
		return;
	store_be16(l4, id->sport);
	store_be16(l4 + 2, id->dport);
	if (id->proto == IPV4_PROTO_TCP) {
		l4[12] = TCP_BYTES / 4 << 4;
		l4[13] = 0x10; /* ACK: a segment in the middle of a connection */
	}
	flow->head_len = (uint8_t)(IPV4_MIN_BYTES + (id->proto == IPV4_PROTO_UDP ? UDP_BYTES : TCP_BYTES));
}

/* Where payload bytes come from: another piece of the pattern for each packet. */
static const uint8_t *
payload_source(const struct lab *lab, uint64_t num)
{
	return lab->pattern + (num & 255);
}

static void
stamp_write(uint8_t *p, uint32_t flow, uint64_t num, uint64_t time_ns)
{
	store_be32(p, flow);
	store_be64(p + 4, num);
	store_be64(p + 12, time_ns);
}

/* TCP has no way to say "no checksum", UDP has: 0. */
static void
tcp_finish(uint8_t *ip, uint32_t bytes, uint64_t num)
{
	uint8_t *l4 = ip + IPV4_MIN_BYTES;
	uint32_t len = bytes - IPV4_MIN_BYTES, sum = IPV4_PROTO_TCP + len;

	store_be32(l4 + 4, (uint32_t)num * (len - TCP_BYTES));
	store_be16(l4 + 14, UINT16_MAX); /* window */
	for (unsigned i = IPV4_SRC; i < IPV4_MIN_BYTES; i += 2)
		sum += load_be16(ip + i);
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += load_be16(l4 + i);
	if (len & 1)
		sum += (uint32_t)l4[len - 1] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	store_be16(l4 + 16, (uint16_t) ~(sum + (sum >> 16)));
}

static void
generated_build(const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, uint8_t *ip)
{
	const struct flow *flow = &lab->flows[flow_index];
	uint32_t head = flow->head_len < desc->bytes ? flow->head_len : desc->bytes,
		 room = desc->bytes - head;
	uint16_t length, id;

	memcpy(ip, flow->head, FLOW_HEAD_MAX); /* constant size; the payload overwrites the rest */
	store_be16(ip + IPV4_LENGTH, (uint16_t)desc->bytes);
	store_be16(ip + IPV4_ID, (uint16_t)desc->num);
	memcpy(&length, ip + IPV4_LENGTH, 2);
	memcpy(&id, ip + IPV4_ID, 2);
	length = (uint16_t)~ipv4_fold((uint64_t)flow->head_sum + length + id);
	memcpy(ip + IPV4_CHECKSUM, &length, 2);
	rte_memcpy(ip + head, payload_source(lab, desc->num), room);
	if (room >= STAMP_BYTES)
		stamp_write(ip + head, flow_index, desc->num, desc->time_ns);
	if (flow->id.proto == IPV4_PROTO_UDP && desc->bytes >= IPV4_MIN_BYTES + UDP_BYTES)
		store_be16(ip + IPV4_MIN_BYTES + 4, (uint16_t)(desc->bytes - IPV4_MIN_BYTES));
	else if (flow->id.proto == IPV4_PROTO_TCP && desc->bytes >= IPV4_MIN_BYTES + TCP_BYTES)
		tcp_finish(ip, desc->bytes, desc->num);
}

/* Of what stands behind the fields that a hop or a gateway may change. */
static uint32_t
carried_sum(const uint8_t *ip, uint32_t bytes)
{
	uint32_t sum = 2166136261u; /* FNV-1a */

	for (uint32_t i = IPV4_SRC; i < bytes; i++)
		sum = (sum ^ ip[i]) * 16777619u;
	return sum;
}

void
packet_build(
	const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, struct rte_mbuf *m)
{
	uint8_t *ip = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;
	struct pkt *pkt = pkt_of(m);

	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->data_len = (uint16_t)desc->bytes; /* refcnt, nb_segs and next are as a free mbuf has them */
	m->pkt_len = desc->bytes;
	pkt->time_ns = desc->time_ns;
	pkt->sent_ns = desc->time_ns;
	pkt->num = desc->num;
	pkt->seq = 0;
	pkt->sa = NULL;
	pkt->flow = flow_index;
	pkt->flags = 0;
	pkt->lag = 0;
	pkt->sent_bytes = desc->bytes;
	if (desc->data) {
		memcpy(ip, desc->data, desc->bytes);
		pkt->sent_sum = carried_sum(ip, desc->bytes);
	} else {
		generated_build(lab, flow_index, desc, ip);
	}
}

bool
packet_intact(const struct lab *lab, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct pkt *pkt = pkt_of(m);
	const struct flow *flow = &lab->flows[pkt->flow];
	uint32_t bytes = rte_pktmbuf_data_len(m), head = flow->head_len, room = bytes - head, stamped = 0;
	uint8_t stamp[STAMP_BYTES];

	if (bytes != pkt->sent_bytes)
		return false;
	if (!head)
		return carried_sum(ip, bytes) == pkt->sent_sum;
	/* addresses, and ports where there are some */
	if (memcmp(ip + IPV4_SRC, flow->head + IPV4_SRC, head > IPV4_MIN_BYTES ? 12 : 8))
		return false;
	if (bytes <= head)
		return true;
	if (room >= STAMP_BYTES) {
		stamp_write(stamp, pkt->flow, pkt->num, pkt->sent_ns);
		if (memcmp(stamp, ip + head, STAMP_BYTES))
			return false;
		stamped = STAMP_BYTES;
	}
	return !memcmp(ip + head + stamped, payload_source(lab, pkt->num) + stamped, room - stamped);
}
