/* Generated packets: headers by hand, checksums by RFC 1071, stamps, and that no changed bit goes unnoticed.
 */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <rte_mbuf.h>

#include "base/bytes.h"
#include "lab/lab_priv.h"
#include "tests/kit/kit.h"

int suite_packet(void);

enum { UDP = 17, TCP = 6, ICMP = 1, GRE = 47, FLOWS = 5 };

struct packet_rig {
	struct lab lab;
	struct flow flows[FLOWS]; /* UDP, TCP, ICMP, GRE, a capture's */
	uint8_t pattern[PACKET_PATTERN];
};

static struct packet_rig *
rig_create(void)
{
	static const uint8_t protos[FLOWS] = {UDP, TCP, ICMP, GRE, 0};
	struct packet_rig *rig = calloc(1, sizeof(*rig));

	CU_ASSERT_FATAL(kit_init());
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	rig->lab.pattern = rig->pattern;
	rig->lab.flows = rig->flows;
	packet_pattern_fill(rig->pattern);
	for (unsigned i = 0; i < FLOWS; i++) {
		rig->flows[i].id = (struct traffic_flow){.src = IP_V4(0x0a010203),
			.dst = IP_V4(0xc0a80405),
			.sport = 0x1234,
			.dport = 0xfedc,
			.proto = protos[i],
			.dscp = 46,
			.ecn = 2,
			.df = i == 1};
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
	CU_ASSERT_EQUAL(rte_pktmbuf_headroom(m), RTE_PKTMBUF_HEADROOM);
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
			      heads[] = {28, 40, 20, 20};
	struct packet_rig *rig = rig_create();

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (uint32_t f = 0; f < 4; f++) {
			struct rte_mbuf *m = build(rig, f, sizes[s], 1000 + s, NULL);
			uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

			CU_ASSERT_EQUAL(unnoticed(rig, m, heads[f]), 0);
			for (unsigned i = 12; i < (heads[f] > 20 ? 24 : 20); i++) { /* addresses, ports */
				ip[i] ^= 0x10;
				CU_ASSERT_FALSE(packet_intact(&rig->lab, m));
				ip[i] ^= 0x10;
			}
			ip[8] -= 2; /* what hops change */
			ip[11] ^= 0x55;
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
	for (uint32_t bytes = 20; bytes <= sizeof(data); bytes += 313) {
		m = build(rig, 4, bytes, 9, data);
		check_pkt(m, 4, bytes, 9);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, void *), data, bytes), 0);
		CU_ASSERT_EQUAL(unnoticed(rig, m, 12), 0);
		rte_pktmbuf_mtod(m, uint8_t *)[8]--;
		CU_ASSERT_TRUE(packet_intact(&rig->lab, m));
		rte_pktmbuf_free(m);
	}
	free(rig);
}

int
suite_packet(void)
{
	CU_pSuite s = CU_add_suite("packet", NULL, NULL);

	CU_ADD_TEST(s, test_udp);
	CU_ADD_TEST(s, test_tcp);
	CU_ADD_TEST(s, test_checksums);
	CU_ADD_TEST(s, test_no_bit_unnoticed);
	CU_ADD_TEST(s, test_not_another);
	CU_ADD_TEST(s, test_capture);
	return 0;
}
