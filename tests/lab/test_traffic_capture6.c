/* IPv6 packets of captures: which frames are used between IPv6 hosts, and what becomes of addresses, hop
 * limit and checksums.  Checksums are verified by summing the packet again. */
#include "dataplane/ipsec/ip_head.h"
#include "tests/lab/pcap_rig.h"

int suite_traffic_capture6(void);

#define ICMP6 58
#define V6_A ((struct ip_addr){UINT64_C(0x20010db8aaaa0001), 0x1234})
#define V6_B ((struct ip_addr){UINT64_C(0x20010db8bbbb0002), UINT64_C(0xffffffff00000001)})

/* fe80::.. to ff02::.., `extension` bytes of destination options before the transport header. */
static void
packet6_make(uint8_t *ip, uint32_t bytes, uint8_t proto, uint32_t extension, uint32_t check_at)
{
	memset(ip, 0, IPV6_MIN_BYTES);
	ip[0] = 0x6b;
	ip[1] = 0x9a;
	store_be16(ip + IPV6_LENGTH, (uint16_t)(bytes - IPV6_MIN_BYTES));
	ip[IPV6_NEXT] = extension ? IP_NEXT_DEST_OPTIONS : proto;
	ip[IPV6_HOPS] = 255;
	ip_store6(ip + IPV6_SRC, (struct ip_addr){UINT64_C(0xfe80000000000000), 0x99});
	ip_store6(ip + IPV6_DST, (struct ip_addr){UINT64_C(0xfe80000000000000), 0x9876543210});
	for (uint32_t i = IPV6_MIN_BYTES; i < bytes; i++)
		ip[i] = (uint8_t)(i * 7);
	if (extension) {
		ip[IPV6_MIN_BYTES] = proto;
		ip[IPV6_MIN_BYTES + 1] = (uint8_t)(extension / 8 - 1);
	}
	store_be16(ip + check_at, 0);
	store_be16(ip + check_at,
		(uint16_t)~words_sum(ip + IPV6_MIN_BYTES + extension, bytes - IPV6_MIN_BYTES - extension,
			words_sum(ip + IPV6_SRC, 32, proto + bytes - IPV6_MIN_BYTES - extension)));
}

static uint32_t
sum6(const uint8_t *ip, uint32_t bytes, uint8_t proto, uint32_t extension)
{
	return words_sum(ip + IPV6_MIN_BYTES + extension, bytes - IPV6_MIN_BYTES - extension,
		words_sum(ip + IPV6_SRC, 32, proto + bytes - IPV6_MIN_BYTES - extension));
}

static void
rig6_dump(struct rig *rig, int link_type)
{
	rig_dump(rig, link_type);
	rig->hosts[0].address = V6_A;
	rig->hosts[1].address = V6_B;
}

static void
test_mapping(void)
{
	static const struct {
		uint8_t proto;
		uint32_t bytes, extension, check;
	} rows[] = {{UDP, 48, 0, 6}, {UDP, 101, 0, 6}, {UDP, 200, 24, 6}, {TCP, 60, 0, 16},
		{TCP, 1280, 8, 16}, {ICMP6, 48, 0, 2}, {ICMP6, 99, 16, 2}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t bytes = rows[i].bytes, at = IPV6_MIN_BYTES + rows[i].extension + rows[i].check;
		struct traffic_packet packet;
		struct traffic_flow flow;
		struct traffic *traffic;
		uint8_t ip[1280];
		struct rig rig;

		packet6_make(ip, bytes, rows[i].proto, rows[i].extension, at);
		ip[IPV6_HOPS] = (uint8_t)(i & 1 ? 7 : 8);
		rig6_dump(&rig, DLT_RAW);
		rig_frame(&rig, 0, ip, bytes, bytes);
		traffic = rig_open(&rig, 1);
		CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, 0, &packet, 1), 1);
		CU_ASSERT_EQUAL(packet.bytes, bytes);
		CU_ASSERT(ip_equal(ip_load6(packet.data + IPV6_SRC), V6_A));
		CU_ASSERT(ip_equal(ip_load6(packet.data + IPV6_DST), V6_B));
		CU_ASSERT_EQUAL(packet.data[IPV6_HOPS], i & 1 ? 64 : 8);
		CU_ASSERT_EQUAL(sum6(packet.data, bytes, rows[i].proto, rows[i].extension), 0xffff);
		CU_ASSERT_EQUAL(memcmp(ip, packet.data, 7), 0);
		for (uint32_t k = IPV6_MIN_BYTES; k < bytes; k++)
			CU_ASSERT(k == at || k == at + 1 || ip[k] == packet.data[k]);
		traffic_flow_get(traffic, 0, &flow);
		CU_ASSERT(flow.proto == rows[i].proto && flow.dscp == 46 && flow.ecn == 1 && !flow.df);
		CU_ASSERT_EQUAL(flow.sport, rows[i].proto == ICMP6 ? 0 : load_be16(ip + at - rows[i].check));
		traffic_destroy(traffic);
		rig_fini(&rig);
	}
}

/* Frames of every link layer, whole and cut; IPv4 in between is skipped and counted, and between IPv4 hosts
 * it is IPv6 that is. */
static void
test_link_layers(void)
{
	static const struct {
		int link_type;
		uint8_t len, header[20], four[20];
	} rows[] = {
		{DLT_EN10MB, 14, {[12] = 0x86, 0xdd}, {[12] = 8, 0}},
		{DLT_EN10MB, 18, {[12] = 0x81, 0, 0, 5, 0x86, 0xdd}, {[12] = 0x81, 0, 0, 5, 8, 0}},
		{DLT_LINUX_SLL, 16, {[14] = 0x86, 0xdd}, {[14] = 8, 0}},
		{DLT_LINUX_SLL2, 20, {0x86, 0xdd}, {8, 0}},
		{DLT_RAW, 0, {0}, {0}},
		{DLT_IPV6, 0, {0}, {0}},
		{DLT_NULL, 4, {30, 0, 0, 0}, {2, 0, 0, 0}},
		{DLT_NULL, 4, {0, 0, 0, 10}, {0, 0, 0, 2}},
		{DLT_LOOP, 4, {0, 0, 0, 24}, {0, 0, 0, 2}},
		{DLT_LOOP, 4, {0, 0, 0, 28}, {0, 0, 0, 2}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			uint8_t frame[20 + 64 + 6] = {0}, four[20 + 28] = {0}, len = rows[i].len;
			struct traffic *traffic;
			struct rig rig;

			if (!v6 && rows[i].link_type == DLT_IPV6)
				continue;
			rig6_dump(&rig, rows[i].link_type);
			if (!v6) {
				rig.hosts[0].address = ip_v4(HOST_A);
				rig.hosts[1].address = ip_v4(HOST_B);
			}
			memcpy(frame, rows[i].header, len);
			packet6_make(frame + len, 64, UDP, 0, 46);
			memcpy(four, rows[i].four, len);
			memcpy(four + len, "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2", 20);
			for (uint32_t cut = 0; cut < len + 64u; cut++) /* 64 + len that are cut */
				rig_frame(&rig, 0, frame, cut, len + 70u);
			rig_frame(&rig, 1, frame, len + 70u, len + 70u);
			rig_frame(&rig, 2, four, len + 28u, len + 28u);
			traffic = rig_open(&rig, 10);
			CU_ASSERT_EQUAL(traffic_skipped(traffic), len + 64u + 1u);
			CU_ASSERT_EQUAL(traffic_flow_count(traffic), 1);
			CU_ASSERT_EQUAL(traffic_bytes_max(traffic) >= (v6 ? 64 : 28), 1);
			traffic_destroy(traffic);
			rig_fini(&rig);
		}
}

/* The later fragment has no checksum to mend, and is a flow of its own. */
static void
test_fragments(void)
{
	struct traffic_packet packet;
	struct traffic *traffic;
	uint8_t ip[100];
	struct rig rig;

	packet6_make(ip, 100, UDP, 8, 54);
	ip[IPV6_NEXT] = IP_NEXT_FRAGMENT;
	store_be16(ip + 42, 64);
	rig6_dump(&rig, DLT_RAW);
	rig_frame(&rig, 0, ip, 100, 100);
	store_be16(ip + 42, 1);
	rig_frame(&rig, 0, ip, 100, 100);
	traffic = rig_open(&rig, 1);
	CU_ASSERT_EQUAL(traffic_flow_count(traffic), 2);
	CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, 0, &packet, 1), 1);
	CU_ASSERT_EQUAL(memcmp(packet.data + 48, ip + 48, 52), 0);
	CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, 0, &packet, 1), 1);
	CU_ASSERT_NOT_EQUAL(memcmp(packet.data + 54, ip + 54, 2), 0);
	traffic_destroy(traffic);
	rig_fini(&rig);
}

static void
test_none(void)
{
	uint8_t ip[64] = {0x45};
	struct rig rig;

	rig6_dump(&rig, DLT_RAW);
	rig_frame(&rig, 0, ip, 64, 64);
	rig_refused(&rig, ST_ERR_IO, "no whole IPv6 packet in it (1 others)");
	rig_fini(&rig);
}

int
suite_traffic_capture6(void)
{
	CU_pSuite s = CU_add_suite("traffic_capture6", NULL, NULL);

	CU_ADD_TEST(s, test_mapping);
	CU_ADD_TEST(s, test_link_layers);
	CU_ADD_TEST(s, test_fragments);
	CU_ADD_TEST(s, test_none);
	return 0;
}
