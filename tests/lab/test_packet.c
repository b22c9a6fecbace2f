/* Generated packets: headers by hand, checksums by RFC 1071, stamps, and that no changed bit goes unnoticed.
 */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "dataplane/frag/mss.h"
#include "lab/lab_priv.h"
#include "tests/kit/kit.h"

int suite_packet(void);

enum { UDP = 17, TCP = 6, ICMP = 1, GRE = 47, ICMP6 = 58, FLOWS = 8, FIRST6 = 5 };

struct packet_rig {
	struct lab lab;
	struct flow flows[FLOWS]; /* UDP, TCP, ICMP, GRE, a capture's; IPv6: UDP, TCP, ICMPv6 */
	uint8_t pattern[PACKET_PATTERN];
	uint32_t sums[PACKET_PATTERN + 1];
};

static struct packet_rig *
rig_create(void)
{
	static const uint8_t protos[FLOWS] = {UDP, TCP, ICMP, GRE, 0, UDP, TCP, ICMP6};
	struct packet_rig *rig = calloc(1, sizeof(*rig));

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	rig->lab.pattern = rig->pattern;
	rig->lab.flows = rig->flows;
	packet_pattern_fill(rig->pattern);
	rig->lab.sums = rig->sums;
	packet_sums_fill(rig->pattern, rig->sums);
	for (unsigned i = 0; i < FLOWS; i++) {
		rig->flows[i].id = (struct traffic_flow){.src = IP_V4(0x0a010203),
			.dst = IP_V4(0xc0a80405),
			.sport = 0x1234,
			.dport = 0xfedc,
			.proto = protos[i],
			.dscp = 46,
			.ecn = 2,
			.df = i == 1};
		if (i >= FIRST6) {
			rig->flows[i].id.src = (struct ip_addr){0x20010db800010002, 0x0003000400050006};
			rig->flows[i].id.dst = (struct ip_addr){0x20010db8fffe1234, 0xabcdef0123456789};
		}
		if (protos[i])
			packet_template(&rig->flows[i]);
	}
	return rig;
}

static struct rte_mbuf *
build(struct packet_rig *rig, uint32_t flow, uint32_t bytes, uint64_t num, const uint8_t *data)
{
	struct traffic_packet desc = {
		.time_ns = 0x0102030405060708 + num, .num = num, .flow = flow, .bytes = bytes, .data = data};
	struct rte_mbuf *m = rte_pktmbuf_alloc(kit_pool());

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	if (!m) /* for the compiler, which does not know that FATAL does not return */
		abort();
	memset(pkt_of(m), 0xff, sizeof(struct pkt));
	memset(rte_pktmbuf_mtod(m, void *), 0xee, 9216);
	packet_build(&rig->lab, flow, &desc, m);
	return m;
}

static uint16_t
sum_of(const uint8_t *p, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
check_header(const uint8_t *ip, uint8_t proto, uint32_t bytes, uint16_t id, unsigned df)
{
	CU_ASSERT_EQUAL(ip[0], 0x45);
	CU_ASSERT_EQUAL(ip[1], 46 << 2 | 2);
	CU_ASSERT_EQUAL(load_be16(ip + 2), bytes);
	CU_ASSERT_EQUAL(load_be16(ip + 4), id);
	CU_ASSERT_EQUAL(load_be16(ip + 6), df ? 0x4000 : 0);
	CU_ASSERT_EQUAL(ip[8], 64);
	CU_ASSERT_EQUAL(ip[9], proto);
	CU_ASSERT_EQUAL(load_be32(ip + 12), 0x0a010203);
	CU_ASSERT_EQUAL(load_be32(ip + 16), 0xc0a80405);
	CU_ASSERT_EQUAL(sum_of(ip, 20, 0), 0xffff);
	CU_ASSERT_NOT_EQUAL(load_be16(ip + 10), 0xffff);
}

static void
check_pkt(const struct rte_mbuf *m, uint32_t flow, uint32_t bytes, uint64_t num)
{
	const struct pkt *pkt = (const struct pkt *)(m + 1);

	CU_ASSERT_EQUAL(rte_pktmbuf_data_len(m), bytes);
	CU_ASSERT_EQUAL(rte_pktmbuf_pkt_len(m), bytes);
	CU_ASSERT_EQUAL(rte_pktmbuf_headroom(m), PKT_HEADROOM);
	CU_ASSERT_EQUAL(pkt->flow, flow);
	CU_ASSERT_EQUAL(pkt->num, num);
	CU_ASSERT_EQUAL(pkt->time_ns, 0x0102030405060708 + num);
	CU_ASSERT_EQUAL(pkt->sent_ns, pkt->time_ns);
	CU_ASSERT_EQUAL(pkt->sent_bytes, bytes);
	CU_ASSERT_EQUAL(pkt->flags, 0);
	CU_ASSERT_EQUAL(pkt->seq, 0);
	CU_ASSERT_PTR_NULL(pkt->sa);
}

static void
check_stamp(const uint8_t *p, uint32_t flow, uint64_t num)
{
	CU_ASSERT_EQUAL(load_be32(p), flow);
	CU_ASSERT_EQUAL(load_be64(p + 4), num);
	CU_ASSERT_EQUAL(load_be64(p + 12), 0x0102030405060708 + num);
}

static void
test_udp(void)
{
	struct packet_rig *rig = rig_create();

	for (uint32_t bytes = 28; bytes < 1600; bytes += bytes < 80 ? 1 : 53) {
		struct rte_mbuf *m = build(rig, 0, bytes, 0x12345 + bytes, NULL);
		const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

		check_header(ip, UDP, bytes, (uint16_t)(0x2345 + bytes), 0);
		check_pkt(m, 0, bytes, 0x12345 + bytes);
		CU_ASSERT_EQUAL(load_be16(ip + 20), 0x1234);
		CU_ASSERT_EQUAL(load_be16(ip + 22), 0xfedc);
		CU_ASSERT_EQUAL(load_be16(ip + 24), bytes - 20);
		CU_ASSERT_EQUAL(load_be16(ip + 26), 0); /* RFC 768: no checksum */
		if (bytes >= 48)
			check_stamp(ip + 28, 0, 0x12345 + bytes);
		CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
		rte_pktmbuf_free(m);
	}
	free(rig);
}

static void
test_tcp(void)
{
	struct packet_rig *rig = rig_create();

	for (uint32_t bytes = 40; bytes < 1600; bytes += bytes < 80 ? 1 : 53) {
		struct rte_mbuf *m = build(rig, 1, bytes, bytes, NULL);
		const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *), *tcp = ip + 20;

		check_header(ip, TCP, bytes, (uint16_t)bytes, 1);
		CU_ASSERT_EQUAL(load_be16(tcp), 0x1234);
		CU_ASSERT_EQUAL(load_be16(tcp + 2), 0xfedc);
		CU_ASSERT_EQUAL(load_be32(tcp + 4), bytes * (bytes - 40)); /* packet `bytes` of equal ones */
		CU_ASSERT_EQUAL(tcp[12], 0x50);
		CU_ASSERT_EQUAL(tcp[13], 0x10);
		/* RFC 793 §3.1: pseudo header, header and text */
		CU_ASSERT_EQUAL(sum_of(tcp, bytes - 20, TCP + bytes - 20 + 0x0a01 + 0x0203 + 0xc0a8 + 0x0405),
			0xffff);
		if (bytes >= 60)
			check_stamp(ip + 40, 1, bytes);
		CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
		rte_pktmbuf_free(m);
	}
	free(rig);
}

/* RFC 8200 §3 and §8.1: header by hand, and a checksum over pseudo header, header and payload, at every
 * parity of length and place in the pattern. */
static void
test_ipv6(void)
{
	static const uint32_t heads[] = {48, 60, 40};
	static const uint8_t protos[] = {UDP, TCP, ICMP6};
	struct packet_rig *rig = rig_create();

	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t bytes = heads[i]; bytes < 1600; bytes += bytes < 90 ? 1 : 53) {
			struct rte_mbuf *m = build(rig, FIRST6 + i, bytes, 0x10000 + bytes * 3, NULL);
			const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
			uint32_t sum = sum_of(ip + 8, 32, protos[i] + bytes - 40);

			CU_ASSERT_EQUAL(load_be32(ip), 0x60000000 | (46 << 2 | 2) << 20);
			CU_ASSERT_EQUAL(load_be16(ip + 4), bytes - 40);
			CU_ASSERT(ip[6] == protos[i] && ip[7] == 64);
			CU_ASSERT_EQUAL(load_be64(ip + 8), 0x20010db800010002);
			CU_ASSERT_EQUAL(load_be64(ip + 32), 0xabcdef0123456789);
			check_pkt(m, FIRST6 + i, bytes, 0x10000 + bytes * 3);
			if (protos[i] != ICMP6) {
				CU_ASSERT_EQUAL(load_be32(ip + 40), 0x1234fedc);
				CU_ASSERT_EQUAL(sum_of(ip + 40, bytes - 40, sum), 0xffff);
			}
			if (protos[i] == UDP) {
				CU_ASSERT_EQUAL(load_be16(ip + 44), bytes - 40);
				CU_ASSERT_NOT_EQUAL(load_be16(ip + 46), 0);
			}
			if (bytes >= heads[i] + 20)
				check_stamp(ip + heads[i], FIRST6 + i, 0x10000 + bytes * 3);
			CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
			rte_pktmbuf_free(m);
		}
	free(rig);
}

/* A checksum that comes out as 0 is sent as 0xffff: some number and time make it so. */
static void
test_ipv6_zero(void)
{
	struct packet_rig *rig = rig_create();
	unsigned full = 0, zero = 0;

	for (uint64_t num = 0; num < 200000; num++) {
		struct rte_mbuf *m = build(rig, FIRST6, 68, num, NULL);
		uint16_t check = load_be16(rte_pktmbuf_mtod(m, const uint8_t *) + 46);

		full += check == 0xffff;
		zero += check == 0;
		rte_pktmbuf_free(m);
	}
	CU_ASSERT(full > 0);
	CU_ASSERT_EQUAL(zero, 0);
	free(rig);
}

/* Every checksum that the number can make, the identification's turn included. */
static void
test_checksums(void)
{
	struct packet_rig *rig = rig_create();
	unsigned wrong = 0;

	for (uint64_t num = 0; num < 65600; num += 1 + (num > 300 && num < 65200) * 16) {
		struct rte_mbuf *m = build(rig, 0, 60, num, NULL);
		const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

		wrong += sum_of(ip, 20, 0) != 0xffff || load_be16(ip + 10) == 0xffff;
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	free(rig);
}

/* Flips bit after bit of bytes from..bytes-1; returns how many go unnoticed. */
static unsigned
unnoticed(struct packet_rig *rig, struct rte_mbuf *m, uint32_t from)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	unsigned n = 0;

	for (uint32_t i = from * 8; i < rte_pktmbuf_data_len(m) * 8u; i++) {
		ip[i / 8] ^= (uint8_t)(1 << i % 8);
		n += packet_intact(&rig->lab, m);
		ip[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
	return n;
}

static void
test_no_bit_unnoticed(void)
{
	static const uint32_t sizes[] = {40, 41, 47, 48, 59, 60, 61, 100, 577, 1500},
			      heads[] = {28, 40, 20, 20, 0, 48, 60, 40};
	static const unsigned ends[] = {24, 24, 20, 20, 0, 44, 44, 40};
	struct packet_rig *rig = rig_create();

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (uint32_t f = 0; f < FLOWS; f++) {
			struct rte_mbuf *m;

			if (f == 4 || sizes[s] < heads[f])
				continue;
			m = build(rig, f, sizes[s], 1000 + s, NULL);
			uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

			CU_ASSERT_EQUAL(unnoticed(rig, m, heads[f]), 0);
			for (unsigned i = f < FIRST6 ? 12 : 8; i < ends[f]; i++) { /* addresses, ports */
				ip[i] ^= 0x10;
				CU_ASSERT_FALSE(packet_intact(&rig->lab, m));
				ip[i] ^= 0x10;
			}
			ip[f < FIRST6 ? 8 : 7] -= 2; /* what hops change */
			ip[f < FIRST6 ? 11 : 1] ^= f < FIRST6 ? 0x55 : 0x30;
			CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
			rte_pktmbuf_trim(m, 1);
			CU_ASSERT_FALSE(packet_intact(&rig->lab, m));
			rte_pktmbuf_free(m);
		}
	free(rig);
}

/* A packet is not another one, of the same flow or of another: number, time and flow are in it. */
static void
test_not_another(void)
{
	struct packet_rig *rig = rig_create();
	struct rte_mbuf *m = build(rig, 0, 100, 7, NULL), *other = build(rig, 0, 100, 7 + 256, NULL);

	CU_ASSERT_NOT_EQUAL(
		memcmp(rte_pktmbuf_mtod(m, uint8_t *) + 48, rte_pktmbuf_mtod(other, uint8_t *) + 28, 52), 0);
	memcpy(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(other, void *), 100);
	CU_ASSERT_FALSE(packet_intact(&rig->lab, m));
	rte_pktmbuf_free(m);
	m = build(rig, 0, 100, 7, NULL);
	pkt_of(m)->sent_ns++;
	CU_ASSERT_FALSE(packet_intact(&rig->lab, m));
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(other);
	free(rig);
}

static void
test_capture(void)
{
	struct packet_rig *rig = rig_create();
	uint8_t data[333];
	struct rte_mbuf *m;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i + 3);
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (uint32_t bytes = v6 ? 40 : 20; bytes <= sizeof(data); bytes += 293) {
			data[0] = v6 ? 0x60 : 0x45;
			m = build(rig, 4, bytes, 9, data);
			check_pkt(m, 4, bytes, 9);
			CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, void *), data, bytes), 0);
			CU_ASSERT_EQUAL(unnoticed(rig, m, v6 ? 8 : 12), 0);
			rte_pktmbuf_mtod(m, uint8_t *)[v6 ? 7 : 8]--;
			CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
			rte_pktmbuf_free(m);
		}
	free(rig);
}

/* Of a SYN in a capture the MSS may be clamped on its way, and then its checksum is another; nothing else. */
static void
test_capture_clamped(void)
{
	static const uint8_t syn[] = {0x45, 0, 0, 52, 0, 9, 0, 0, 64, 6, 0, 0, 10, 1, 0, 10, 10, 2, 0, 10, 4,
		0, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0x80, 2, 0xff, 0xff, 0x12, 0x34, 0, 0, 1, 2, 4, 5, 0xb4, 4,
		2, 1, 3, 3, 7, 0};
	struct packet_rig *rig = rig_create();
	unsigned noticed = 0;
	uint8_t *ip;

	for (uint32_t at = 12; at < sizeof(syn); at++) {
		struct rte_mbuf *m = build(rig, 4, sizeof(syn), 9, syn);

		ip = rte_pktmbuf_mtod(m, uint8_t *);
		CU_ASSERT_TRUE(mss_clamp(ip, sizeof(syn), 1300));
		CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
		ip[at] ^= 0x80;
		noticed += !packet_intact(&rig->lab, m);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(noticed, sizeof(syn) - 12 - 4);
	free(rig);
}

int
suite_packet(void)
{
	CU_pSuite s = CU_add_suite("packet", NULL, NULL);

	CU_ADD_TEST(s, test_udp);
	CU_ADD_TEST(s, test_tcp);
	CU_ADD_TEST(s, test_ipv6);
	CU_ADD_TEST(s, test_ipv6_zero);
	CU_ADD_TEST(s, test_checksums);
	CU_ADD_TEST(s, test_no_bit_unnoticed);
	CU_ADD_TEST(s, test_not_another);
	CU_ADD_TEST(s, test_capture);
	CU_ADD_TEST(s, test_capture_clamped);
	return 0;
}
