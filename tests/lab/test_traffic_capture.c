/* Frames of captures, lab/traffic_capture.c, seen through a whole capture: which frames are used, and what
 * becomes of addresses, TTL and checksums.  Checksums are verified by summing the packet again. */
#include "tests/lab/pcap_rig.h"

int
suite_traffic_capture(void);

/* Writes the packet as a capture of its own and plays it back into `out`. */
static uint32_t
packet_map(const uint8_t *ip, uint32_t bytes, uint8_t *out)
{
	struct traffic_packet packet;
	struct rig rig;

	rig_dump(&rig, DLT_RAW);
	rig_frame(&rig, 0, ip, bytes, bytes);
	struct traffic *traffic = rig_open(&rig, 1);
	CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, 0, &packet, 1), 1);
	memcpy(out, packet.data, packet.bytes);
	uint32_t got = packet.bytes;
	traffic_destroy(traffic);
	rig_fini(&rig);
	return got;
}

/* All but addresses and checksums (and, where asked for, TTL) is as it was. */
static void
mapped_check(const uint8_t *ip, const uint8_t *out, uint32_t bytes, uint32_t check_at)
{
	CU_ASSERT_EQUAL(load_be32(out + 12), HOST_A);
	CU_ASSERT_EQUAL(load_be32(out + 16), HOST_B);
	CU_ASSERT_EQUAL(header_sum(out), 0xffff);
	CU_ASSERT_EQUAL(memcmp(ip, out, 10), 0);
	for (uint32_t i = 20; i < bytes; i++)
		CU_ASSERT(i == check_at || i == check_at + 1 || ip[i] == out[i]);
}

static void
test_checksums(void)
{
	static const struct {
		uint8_t proto;
		uint32_t bytes, options, check_at;
	} rows[] = {
		{TCP, 40, 0, 36},
		{TCP, 41, 0, 36},
		{TCP, 1500, 40, 76},
		{UDP, 28, 0, 26},
		{UDP, 29, 0, 26},
		{UDP, 1500, 4, 30},
	};
	uint8_t ip[1500], out[1500];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint16_t port = 0; port < 40; port++) {
			packet_make(ip, rows[i].bytes, rows[i].proto, (uint16_t)(port * 1637), 80,
				rows[i].options);
			CU_ASSERT_EQUAL_FATAL(transport_sum(ip), 0xffff);
			CU_ASSERT_EQUAL_FATAL(packet_map(ip, rows[i].bytes, out), rows[i].bytes);
			mapped_check(ip, out, rows[i].bytes, rows[i].check_at);
			CU_ASSERT_EQUAL(transport_sum(out), 0xffff);
		}
}

/* Protocols without a pseudo header, and a UDP packet without checksum, keep what they have. */
static void
test_no_checksum(void)
{
	uint8_t ip[100], out[100];

	packet_make(ip, 100, ICMP, 1, 2, 0);
	packet_map(ip, 100, out);
	mapped_check(ip, out, 100, 100);
	packet_make(ip, 100, UDP, 1, 2, 0);
	store_be16(ip + 26, 0);
	packet_map(ip, 100, out);
	mapped_check(ip, out, 100, 100);
	packet_make(ip, 100, UDP, 1, 2, 0);
	store_be16(ip + 2, 24); /* too short for its checksum, were it there */
	header_remake(ip);
	CU_ASSERT_EQUAL(packet_map(ip, 100, out), 24);
	mapped_check(ip, out, 24, 24);
}

/* RFC 768: a UDP checksum that comes out as 0 is sent as 0xffff.  The last word of the packet is chosen so
 * that it does at the new addresses. */
static void
test_udp_zero(void)
{
	uint8_t ip[40], out[40], want[40];

	packet_make(ip, 40, UDP, 1, 2, 0);
	store_be16(ip + 38, 0);
	store_be16(ip + 26, 0);
	memcpy(want, ip, 40);
	store_be32(want + 12, HOST_A);
	store_be32(want + 16, HOST_B);
	store_be16(ip + 38, (uint16_t)~transport_sum(want));
	store_be16(ip + 26, (uint16_t)~transport_sum(ip));
	CU_ASSERT_NOT_EQUAL(load_be16(ip + 26), 0);
	packet_map(ip, 40, out);
	CU_ASSERT_EQUAL(load_be16(out + 26), 0xffff);
	CU_ASSERT_EQUAL(transport_sum(out), 0xffff);
}

/* A datagram in two fragments: put together again, its checksum is right; the second part was not touched. */
static void
test_fragments(void)
{
	uint8_t whole[100], part[2][100], out[2][100];

	packet_make(whole, 100, UDP, 1000, 2000, 0);
	memcpy(part[0], whole, 68); /* 48 bytes of data */
	store_be16(part[0] + 2, 68);
	store_be16(part[0] + 6, 0x2000);
	header_remake(part[0]);
	memcpy(part[1], whole, 20);
	memcpy(part[1] + 20, whole + 68, 32);
	store_be16(part[1] + 2, 52);
	store_be16(part[1] + 6, 48 / 8);
	header_remake(part[1]);
	CU_ASSERT_EQUAL(packet_map(part[0], 68, out[0]), 68);
	CU_ASSERT_EQUAL(packet_map(part[1], 52, out[1]), 52);
	mapped_check(part[0], out[0], 68, 26);
	mapped_check(part[1], out[1], 52, 52);
	memcpy(whole, out[0], 68);
	memcpy(whole + 68, out[1] + 20, 32);
	store_be16(whole + 2, 100);
	CU_ASSERT_EQUAL(transport_sum(whole), 0xffff);
}

static void
test_ttl(void)
{
	static const uint8_t ttl[][2] = {{0, 64}, {1, 64}, {7, 64}, {8, 8}, {63, 63}, {255, 255}};
	uint8_t ip[40], out[40];

	for (unsigned i = 0; i < sizeof(ttl) / sizeof(ttl[0]); i++) {
		packet_make(ip, 40, TCP, 1, 2, 0);
		ip[8] = ttl[i][0];
		header_remake(ip);
		packet_map(ip, 40, out);
		CU_ASSERT_EQUAL(out[8], ttl[i][1]);
		CU_ASSERT_EQUAL(header_sum(out), 0xffff);
		CU_ASSERT_EQUAL(transport_sum(out), 0xffff);
	}
}

/* A sender with checksum offload captures its own packets without a header checksum. */
static void
test_header_checksum_wrong(void)
{
	uint8_t ip[40], out[40];

	packet_make(ip, 40, TCP, 1, 2, 0);
	store_be16(ip + 10, 0);
	packet_map(ip, 40, out);
	mapped_check(ip, out, 40, 36);
}

/* Link layers: header in front of a 40-byte packet, and whether it is used. */
struct link_row {
	int link_type;
	bool used;
	uint8_t len;
	uint8_t header[24];
};

#define MAC 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define SLL 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0
#define SLL2 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0

static const struct link_row link_rows[] = {
	{DLT_EN10MB, true, 14, {MAC, 8, 0}},
	{DLT_EN10MB, true, 18, {MAC, 0x81, 0, 0, 5, 8, 0}},
	{DLT_EN10MB, true, 22, {MAC, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0}},
	{DLT_EN10MB, true, 22, {MAC, 0x91, 0, 0, 5, 0x81, 0, 0, 6, 8, 0}},
	{DLT_EN10MB, false, 24, {MAC, 0x81, 0, 0, 5, 0x81, 0, 0, 6, 0x81, 0, 0, 7}},
	{DLT_EN10MB, false, 14, {MAC, 8, 6}},
	{DLT_EN10MB, false, 14, {MAC, 0x86, 0xdd}},
	{DLT_EN10MB, false, 14, {MAC, 0, 40}},
	{DLT_LINUX_SLL, true, 16, {SLL, 8, 0}},
	{DLT_LINUX_SLL, true, 20, {SLL, 0x81, 0, 0, 5, 8, 0}},
	{DLT_LINUX_SLL, false, 16, {SLL, 8, 6}},
	{DLT_LINUX_SLL2, true, 20, {8, 0, SLL2}},
	{DLT_LINUX_SLL2, false, 20, {0x86, 0xdd, SLL2}},
	{DLT_RAW, true, 0, {0}},
	{DLT_IPV4, true, 0, {0}},
	{DLT_NULL, true, 4, {2, 0, 0, 0}},
	{DLT_NULL, true, 4, {0, 0, 0, 2}},
	{DLT_NULL, false, 4, {30, 0, 0, 0}},
	{DLT_LOOP, true, 4, {0, 0, 0, 2}},
	{DLT_LOOP, false, 4, {0, 0, 0, 24}},
};

/* Between two packets that are good, so that the source lives.  Padding after the packet goes; of what is
 * captured one byte short, at any place, nothing is used. */
static void
link_check(const struct link_row *row, const struct link_row *good)
{
	uint8_t frame[24 + 40 + 6] = {0}, fine[24 + 40];
	struct traffic_packet packet;
	struct rig rig;

	rig_dump(&rig, row->link_type);
	memcpy(fine, good->header, good->len);
	packet_make(fine + good->len, 40, UDP, 1, 2, 0);
	rig_frame(&rig, 0, fine, good->len + 40u, good->len + 40u);
	memcpy(frame, row->header, row->len);
	packet_make(frame + row->len, 40, UDP, 3, 4, 0);
	rig_frame(&rig, 1, frame, row->len + 46u, row->len + 46u);
	for (uint32_t cut = 0; cut < row->len + 40u; cut++)
		rig_frame(&rig, 2, frame, cut, row->len + 40u);
	struct traffic *traffic = rig_open(&rig, 10);
	CU_ASSERT_EQUAL(traffic_skipped(traffic), row->len + 40u + !row->used);
	CU_ASSERT_EQUAL(traffic_flow_count(traffic), 1u + row->used);
	CU_ASSERT_EQUAL(traffic_get(traffic, 10, &packet, 1), 1);
	CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, 10, &packet, 1), row->used);
	if (row->used) {
		CU_ASSERT_EQUAL(packet.bytes, 40);
		mapped_check(frame + row->len, packet.data, 40, 26);
		CU_ASSERT_EQUAL(transport_sum(packet.data), 0xffff);
	}
	traffic_destroy(traffic);
	rig_fini(&rig);
}

static void
test_link_layers(void)
{
	const struct link_row *good = link_rows;

	for (unsigned i = 0; i < sizeof(link_rows) / sizeof(link_rows[0]); i++) {
		if (link_rows[i].link_type != good->link_type)
			good = &link_rows[i]; /* the first row of each type is used */
		link_check(&link_rows[i], good);
	}
}

/* Headers that are no IPv4 header are skipped: { byte, value }. */
static void
test_broken_headers(void)
{
	static const uint8_t rows[][2] = {{0, 0x65}, {0, 0x44}, {0, 0x4b}, {3, 19}, {3, 41}, {2, 1}};
	uint8_t ip[40];
	struct rig rig;

	rig_dump(&rig, DLT_RAW);
	packet_make(ip, 40, UDP, 1, 2, 0);
	rig_frame(&rig, 0, ip, 40, 40);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		packet_make(ip, 40, UDP, 1, 2, 0);
		ip[rows[i][0]] = rows[i][1];
		rig_frame(&rig, 0, ip, 40, 40);
	}
	packet_make(ip, 40, UDP, 1, 2, 0);
	ip[3] = 20; /* a header alone is a packet */
	rig_frame(&rig, 0, ip, 40, 40);
	struct traffic *traffic = rig_open(&rig, 10);
	CU_ASSERT_EQUAL(traffic_skipped(traffic), sizeof(rows) / sizeof(rows[0]));
	CU_ASSERT_EQUAL(traffic_flow_count(traffic), 2);
	traffic_destroy(traffic);
	rig_fini(&rig);
}

int
suite_traffic_capture(void)
{
	CU_pSuite s = CU_add_suite("traffic_capture", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_checksums);
	CU_ADD_TEST(s, test_no_checksum);
	CU_ADD_TEST(s, test_udp_zero);
	CU_ADD_TEST(s, test_fragments);
	CU_ADD_TEST(s, test_ttl);
	CU_ADD_TEST(s, test_header_checksum_wrong);
	CU_ADD_TEST(s, test_link_layers);
	CU_ADD_TEST(s, test_broken_headers);
	return (int)CU_get_error();
}
