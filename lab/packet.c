/* The bytes of generated packets: a template per flow, a pattern behind it, and a stamp (flow, number, send
 * time) at the head of the payload where it fits, so that a decrypted capture can be read.
 *
 * UDP over IPv4 has no checksum, which is allowed (RFC 768); TCP always has one, and UDP over IPv6 must
 * (RFC 8200 §8.1).  As payloads are pieces of one pattern, their sums come from a table of sums up to each
 * byte. */
#include <string.h>

#include <rte_memcpy.h>

#include "base/bytes.h"
#include "dataplane/frag/mss.h"
#include "dataplane/ipsec/ip_head.h"
#include "lab/lab_priv.h"

#define STAMP_BYTES 20u
#define TCP_BYTES 20u
#define TCP_CHECKSUM 16u
#define UDP_BYTES 8u
#define HEAD4_MAX 40u /* IPv4 and TCP: what is copied of a template, a constant */

void
packet_pattern_fill(uint8_t *pattern)
{
	for (unsigned i = 0; i < PACKET_PATTERN; i++)
		pattern[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* sums[i]: of the words that begin at even places, of the first i bytes; below 2^32. */
void
packet_sums_fill(const uint8_t *pattern, uint32_t *sums)
{
	sums[0] = 0;
	for (unsigned i = 0; i < PACKET_PATTERN; i++)
		sums[i + 1] = sums[i] + (i & 1 ? pattern[i] : (uint32_t)pattern[i] << 8);
}

static uint32_t
words_sum(const uint8_t *p, uint32_t bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes; i += 2)
		sum += load_be16(p + i);
	return sum;
}

static void
head4_fill(struct flow *flow)
{
	const struct traffic_flow *id = &flow->id;
	uint8_t *ip = flow->head;

	ip[0] = 0x45;
	ip[IPV4_TOS] = (uint8_t)(id->dscp << 2 | id->ecn);
	store_be16(ip + IPV4_FRAGMENT, id->df ? IPV4_DF : 0);
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTO] = id->proto;
	ip_store4(ip + IPV4_SRC, id->src);
	ip_store4(ip + IPV4_DST, id->dst);
	flow->head_sum = ipv4_sum(ip, IPV4_MIN_BYTES);
	flow->ip_bytes = IPV4_MIN_BYTES;
	flow->pseudo_sum = words_sum(ip + IPV4_SRC, 8) + id->proto;
}

static void
head6_fill(struct flow *flow)
{
	const struct traffic_flow *id = &flow->id;
	uint8_t *ip = flow->head, tos = (uint8_t)(id->dscp << 2 | id->ecn);

	ip[0] = (uint8_t)(0x60 | tos >> 4);
	ip[1] = (uint8_t)(tos << 4);
	ip[IPV6_NEXT] = id->proto;
	ip[IPV6_HOPS] = 64;
	ip_store6(ip + IPV6_SRC, id->src);
	ip_store6(ip + IPV6_DST, id->dst);
	flow->ip_bytes = IPV6_MIN_BYTES;
	flow->pseudo_sum = words_sum(ip + IPV6_SRC, 32) + id->proto;
}

void
packet_template(struct flow *flow)
{
	const struct traffic_flow *id = &flow->id;
	uint8_t *l4;

	flow->id_step = flow->id_step ? flow->id_step : 1;
	if (ip_is_v4(id->src))
		head4_fill(flow);
	else
		head6_fill(flow);
	flow->head_len = flow->ip_bytes;
	l4 = flow->head + flow->ip_bytes;
	if (id->proto != IPV4_PROTO_UDP && id->proto != IPV4_PROTO_TCP)
		return;
	store_be16(l4, id->sport);
	store_be16(l4 + 2, id->dport);
	if (id->proto == IPV4_PROTO_TCP) {
		l4[12] = TCP_BYTES / 4 << 4;
		l4[13] = 0x10; /* ACK: a segment in the middle of a connection */
		store_be16(l4 + 14, UINT16_MAX); /* window */
	}
	flow->head_len = (uint8_t)(flow->ip_bytes + (id->proto == IPV4_PROTO_UDP ? UDP_BYTES : TCP_BYTES));
	flow->pseudo_sum += words_sum(l4, flow->head_len - flow->ip_bytes);
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

/* One's complement sum of a payload of `room` bytes, the stamp at `p` included where there is one. */
static uint32_t
payload_sum(const struct lab *lab, uint64_t num, const uint8_t *p, uint32_t room)
{
	uint32_t from = num & 255, stamped = room >= STAMP_BYTES ? STAMP_BYTES : 0;
	uint16_t sum = ipv4_fold(lab->sums[from + room] - lab->sums[from + stamped]);

	if (from & 1) /* the table took the other bytes for the high ones (RFC 1071 §2 B) */
		sum = (uint16_t)(sum << 8 | sum >> 8);
	return sum + words_sum(p, stamped);
}

/* l4: a template's transport header, whose checksum stands at l4 + at; what it sums up but for `sum` is in
 * the flow.  A checksum of 0 would be none (RFC 768). */
static void
checksum_write(const struct lab *lab, const struct flow *flow, uint8_t *ip, uint32_t bytes, uint64_t num,
	uint32_t at, uint32_t sum)
{
	uint32_t l4_bytes = bytes - flow->ip_bytes;
	uint16_t check;

	sum += flow->pseudo_sum + l4_bytes;
	sum += payload_sum(lab, num, ip + flow->head_len, bytes - flow->head_len);
	check = (uint16_t)~ipv4_fold(sum);
	store_be16(ip + flow->ip_bytes + at, check || at == 16 ? check : UINT16_MAX);
}

/* What varies in the transport header. */
static void
transport_finish(
	const struct lab *lab, const struct flow *flow, uint8_t *ip, uint32_t bytes, uint64_t num)
{
	uint8_t *l4 = ip + flow->ip_bytes;
	uint32_t seq;

	if (bytes < flow->head_len)
		return;
	if (flow->id.proto == IPV4_PROTO_TCP) {
		seq = (uint32_t)num * (bytes - flow->head_len);
		store_be32(l4 + 4, seq);
		checksum_write(lab, flow, ip, bytes, num, 16, (seq >> 16) + (seq & 0xffff));
	} else if (flow->id.proto == IPV4_PROTO_UDP) {
		store_be16(l4 + 4, (uint16_t)(bytes - flow->ip_bytes));
		if (flow->ip_bytes == IPV6_MIN_BYTES)
			checksum_write(lab, flow, ip, bytes, num, 6, bytes - flow->ip_bytes);
	}
}

/* Constant sizes; the payload overwrites what is too much. */
static inline void
head_write(const struct flow *flow, uint8_t *ip, uint32_t bytes, uint64_t num)
{
	uint16_t length, id;

	if (flow->ip_bytes == IPV6_MIN_BYTES) {
		memcpy(ip, flow->head, FLOW_HEAD_MAX);
		store_be16(ip + IPV6_LENGTH, (uint16_t)(bytes - IPV6_MIN_BYTES));
		return;
	}
	memcpy(ip, flow->head, HEAD4_MAX);
	store_be16(ip + IPV4_LENGTH, (uint16_t)bytes);
	store_be16(ip + IPV4_ID, (uint16_t)(flow->id_first + num * flow->id_step));
	memcpy(&length, ip + IPV4_LENGTH, 2);
	memcpy(&id, ip + IPV4_ID, 2);
	length = (uint16_t)~ipv4_fold((uint64_t)flow->head_sum + length + id);
	memcpy(ip + IPV4_CHECKSUM, &length, 2);
}

static void
generated_build(const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, uint8_t *ip)
{
	const struct flow *flow = &lab->flows[flow_index];
	uint32_t head = flow->head_len < desc->bytes ? flow->head_len : desc->bytes,
		 room = desc->bytes - head;

	head_write(flow, ip, desc->bytes, desc->num);
	rte_memcpy(ip + head, payload_source(lab, desc->num), room);
	if (room >= STAMP_BYTES)
		stamp_write(ip + head, flow_index, desc->num, desc->time_ns);
	transport_finish(lab, flow, ip, desc->bytes, desc->num);
}

static uint32_t
bytes_hash(uint32_t hash, const uint8_t *p, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		hash = (hash ^ p[i]) * 16777619u; /* FNV-1a */
	return hash;
}

/* Of what stands behind the fields that a hop or a gateway may change; the MSS that a SYN announces is one of
 * them, and so is then its checksum. */
static uint32_t
carried_sum(const uint8_t *ip, uint32_t bytes)
{
	uint32_t sum = 2166136261u, from = ip_head_is_v4(ip) ? IPV4_SRC : IPV6_SRC;
	struct mss_places mss;

	mss_find(ip, bytes, &mss);
	if (mss.n) {
		sum = bytes_hash(sum, ip + from, mss.tcp + TCP_CHECKSUM - from);
		from = mss.tcp + TCP_CHECKSUM + 2;
	}
	for (uint32_t i = 0; i < mss.n; i++) {
		sum = bytes_hash(sum, ip + from, mss.at[i] - from);
		from = mss.at[i] + 2;
	}
	return bytes_hash(sum, ip + from, bytes - from);
}

void
packet_build(
	const struct lab *lab, uint32_t flow_index, const struct traffic_packet *desc, struct rte_mbuf *m)
{
	uint8_t *ip = (uint8_t *)m->buf_addr + PKT_HEADROOM;
	struct pkt *pkt = pkt_of(m);

	m->data_off = PKT_HEADROOM;
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
	uint32_t src = flow->ip_bytes == IPV6_MIN_BYTES ? IPV6_SRC : IPV4_SRC;
	uint32_t ports = head > flow->ip_bytes ? 4 : 0;
	uint8_t stamp[STAMP_BYTES];

	if (flow->is_tcp)
		return packet_tcp_intact(lab, m);
	if (flow->is_ping)
		return packet_ping_intact(lab, m);
	/* cut once more, a fragment of a capture is put together with the others of its packet */
	if (bytes != pkt->sent_bytes)
		return !head && pkt->flags & PKT_CUT;
	if (!head)
		return carried_sum(ip, bytes) == pkt->sent_sum;
	/* addresses, and ports where there are some */
	if (memcmp(ip + src, flow->head + src, flow->ip_bytes - src + ports))
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
