/* Captures as traffic, lab/traffic_pcap.c: time, speed, loops, flows, files that cannot be used, and real
 * captures.  What is inside a frame is the matter of test_traffic_capture.c. */
#include <dirent.h>

#include "tests/lab/pcap_rig.h"

int
suite_traffic_pcap(void);

#define EPOCH UINT64_C(1700000000123456789)

/* A raw IP capture of UDP packets at the given ns after EPOCH, packet i from port ports[i] (NULL: 1000). */
static void
rig_times(struct rig *rig, const int64_t *times, const uint16_t *ports, unsigned n)
{
	uint8_t ip[60];

	rig_dump(rig, DLT_RAW);
	for (unsigned i = 0; i < n; i++) {
		packet_make(ip, 40 + i % 20, UDP, ports ? ports[i] : 1000, 53, 0);
		rig_frame(rig, EPOCH + (uint64_t)times[i], ip, 40 + i % 20, 40 + i % 20);
	}
}

static void
play_check(struct rig *rig, uint64_t end, const uint64_t *want, unsigned n)
{
	struct traffic *traffic = rig_open(rig, end);
	struct traffic_packet packet[2];

	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(traffic_next_due(traffic), want[i]);
		CU_ASSERT_EQUAL(traffic_get(traffic, want[i] - (want[i] > 0), packet, 2), want[i] == 0);
		if (want[i] > 0)
			CU_ASSERT_EQUAL(traffic_get(traffic, want[i], packet, 2), 1);
		CU_ASSERT_EQUAL(packet[0].time_ns, want[i]);
		CU_ASSERT_EQUAL(packet[0].num, i);
		CU_ASSERT_PTR_NOT_NULL_FATAL(packet[0].data);
		CU_ASSERT_EQUAL(packet[0].bytes, load_be16(packet[0].data + 2));
	}
	CU_ASSERT_EQUAL(traffic_next_due(traffic), TIME_NEVER);
	CU_ASSERT_EQUAL(traffic_get(traffic, TIME_NEVER, packet, 2), 0);
	traffic_destroy(traffic);
}

static const int64_t four_times[] = {0, 1000000, 1000007, 9000001};

static void
test_timing(void)
{
	static const uint64_t plain[] = {0, 1000000, 1000007, 9000001};
	static const uint64_t later[] = {50, 1000050, 1000057, 9000051};
	static const uint64_t twice[] = {0, 500000, 500003, 4500000};
	static const uint64_t half[] = {0, 2000000, 2000014, 18000002};
	struct rig rig;

	rig_times(&rig, four_times, NULL, 4);
	play_check(&rig, NS_PER_SEC, plain, 4);
	play_check(&rig, 9000002, plain, 4);
	play_check(&rig, 9000001, plain, 3);
	play_check(&rig, 0, plain, 0);
	rig.cfg.start = 50;
	play_check(&rig, NS_PER_SEC, later, 4);
	rig.cfg.stop = 1000057;
	play_check(&rig, NS_PER_SEC, later, 2);
	rig.cfg.start = rig.cfg.stop = 0;
	rig.cfg.speed = 2;
	play_check(&rig, NS_PER_SEC, twice, 4);
	rig.cfg.speed = 0.5;
	play_check(&rig, NS_PER_SEC, half, 4);
	rig_fini(&rig);
}

/* The second is earlier than the first, and the fourth than the third. */
static void
test_out_of_order(void)
{
	static const int64_t times[] = {500, -100, 800, 700, 900};
	static const uint64_t want[] = {0, 0, 300, 300, 400};
	struct rig rig;

	rig_times(&rig, times, NULL, 5);
	play_check(&rig, NS_PER_SEC, want, 5);
	rig_fini(&rig);
}

/* 9000001 ns and the mean of three gaps, 3000000. */
static void
test_loop(void)
{
	static const uint64_t rounds[] = {
		10, 1000010, 1000017, 9000011, 12000011, 13000011, 13000018, 21000012, 24000012, 25000012};
	static const uint64_t fast[] = {0, 500000, 500003, 4500000, 6000000, 6500000};
	static const uint64_t alone[] = {0, 1000000000, 2000000000};
	static const uint64_t alone_fast[] = {0, 250000000, 500000000};
	static const int64_t same_times[] = {0, 0};
	static const uint64_t together[] = {0, 0, 1000000000, 1000000000};
	struct rig rig;

	rig_times(&rig, four_times, NULL, 4);
	rig.cfg.loop = true;
	rig.cfg.start = 10;
	play_check(&rig, 25000019, rounds, 10);
	rig.cfg.start = 0;
	rig.cfg.speed = 2;
	play_check(&rig, 6500003, fast, 6);
	rig_fini(&rig);

	rig_times(&rig, four_times, NULL, 1);
	rig.cfg.loop = true;
	play_check(&rig, 2000000001, alone, 3);
	rig.cfg.speed = 4;
	play_check(&rig, 500000001, alone_fast, 3);
	rig_fini(&rig);

	rig_times(&rig, same_times, NULL, 2);
	rig.cfg.loop = true;
	play_check(&rig, 1000000001, together, 4);
	rig_fini(&rig);
}

static void
test_flows(void)
{
	static const int64_t times[] = {0, 1, 2, 3, 4};
	static const uint16_t ports[] = {7, 9, 7, 8, 9};
	static const unsigned flows[] = {0, 1, 0, 2, 1}, nums[] = {0, 0, 1, 0, 1};
	struct traffic_packet packet;
	struct traffic_flow flow;
	struct rig rig;

	rig_times(&rig, times, ports, 5);
	rig.cfg.dscp = 10; /* the capture's own counts */
	struct traffic *traffic = rig_open(&rig, NS_PER_SEC);
	CU_ASSERT_EQUAL(traffic_flow_count(traffic), 3);
	for (unsigned i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, TIME_NEVER, &packet, 1), 1);
		CU_ASSERT_EQUAL(packet.flow, flows[i]);
		CU_ASSERT_EQUAL(packet.num, nums[i]);
	}
	traffic_flow_get(traffic, 1, &flow);
	CU_ASSERT(ip_equal(flow.src, ip_v4(HOST_A)));
	CU_ASSERT(ip_equal(flow.dst, ip_v4(HOST_B)));
	CU_ASSERT_EQUAL(flow.sport, 9);
	CU_ASSERT_EQUAL(flow.dport, 53);
	CU_ASSERT_EQUAL(flow.proto, UDP);
	CU_ASSERT_EQUAL(flow.dscp, 46);
	CU_ASSERT_EQUAL(flow.ecn, 1);
	CU_ASSERT_EQUAL(flow.df, 1);
	traffic_destroy(traffic);
	rig_fini(&rig);
}

/* 5000 flows, twice each: the first 4096 keep their own, the others share them, numbers count on. */
static void
test_flows_shared(void)
{
	static uint64_t nums[4096];
	struct traffic_packet packet;
	uint8_t ip[40];
	struct rig rig;
	unsigned wrong = 0, first[5000];

	rig_dump(&rig, DLT_RAW);
	for (unsigned i = 0; i < 10000; i++) {
		packet_make(ip, 40, UDP, (uint16_t)(i % 5000), 53, 0);
		rig_frame(&rig, EPOCH, ip, 40, 40);
	}
	struct traffic *traffic = rig_open(&rig, NS_PER_SEC);
	CU_ASSERT_EQUAL(traffic_flow_count(traffic), 4096);
	memset(nums, 0, sizeof(nums));
	for (unsigned i = 0; i < 10000; i++) {
		CU_ASSERT_EQUAL_FATAL(traffic_get(traffic, TIME_NEVER, &packet, 1), 1);
		CU_ASSERT_FATAL(packet.flow < 4096);
		wrong += packet.num != nums[packet.flow]++;
		wrong += i < 4096 && packet.flow != i;
		if (i < 5000)
			first[i] = packet.flow;
		else
			wrong += packet.flow != first[i - 5000];
	}
	CU_ASSERT_EQUAL(wrong, 0);
	traffic_destroy(traffic);
	rig_fini(&rig);
}

static void
put_le32(FILE *file, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
	fwrite(b, 1, 4, file);
}

/* An interface description block, Ethernet, with if_tsresol. */
static void
put_interface(FILE *file, uint32_t resolution)
{
	static const uint32_t words[] = {1, 32, 1 /* Ethernet */, 65535, 0x00010009};

	for (unsigned i = 0; i < 5; i++)
		put_le32(file, words[i]);
	put_le32(file, resolution);
	put_le32(file, 0);
	put_le32(file, 32);
}

static void
put_packet(FILE *file, uint32_t interface, uint64_t time, const uint8_t frame[56])
{
	put_le32(file, 6);
	put_le32(file, 32 + 56);
	put_le32(file, interface);
	put_le32(file, (uint32_t)(time >> 32));
	put_le32(file, (uint32_t)time);
	put_le32(file, 56);
	put_le32(file, 56);
	fwrite(frame, 1, 56, file); /* a multiple of 4: no padding */
	put_le32(file, 32 + 56);
}

/* Two interfaces, one counting in ns and one in us. */
static void
test_pcapng(void)
{
	static const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28};
	static const uint64_t want[] = {0, 211, 1000211};
	uint8_t frame[56] = {[12] = 8, [13] = 0};
	struct rig rig;

	rig_init(&rig);
	for (unsigned i = 0; i < 7; i++)
		put_le32(rig.file, section[i]);
	put_interface(rig.file, 9);
	put_interface(rig.file, 6);
	packet_make(frame + 14, 42, TCP, 1, 2, 0);
	put_packet(rig.file, 0, EPOCH, frame);
	put_packet(rig.file, 1, EPOCH / 1000 + 1, frame); /* ...457 000 */
	put_packet(rig.file, 0, EPOCH + 1000211, frame);
	play_check(&rig, NS_PER_SEC, want, 3);
	rig_fini(&rig);
}

static void
test_refused(void)
{
	struct rig rig;
	uint8_t frame[64] = {0};

	rig_init(&rig);
	rig_refused(&rig, ST_ERR_IO, rig.path); /* empty */
	rig.cfg.speed = 0;
	rig_refused(&rig, ST_ERR_RANGE, "speed = 0");
	rig.cfg.speed = __builtin_nan("");
	rig_refused(&rig, ST_ERR_RANGE, "speed = ");
	rig.cfg.speed = 1;
	rig.cfg.file = "/nonexistent/x.pcap";
	rig_refused(&rig, ST_ERR_IO, "/nonexistent/x.pcap: No such file or directory");
	rig.cfg.file = "/";
	rig_refused(&rig, ST_ERR_IO, "directory");
	rig.cfg.file = NULL;
	rig_refused(&rig, ST_ERR_RANGE, "file");
	rig_fini(&rig);

	rig_init(&rig);
	fputs("This is no capture at all, but a letter to a friend.\n", rig.file);
	rig_refused(&rig, ST_ERR_IO, "unknown file format");
	rig_fini(&rig);

	rig_dump(&rig, DLT_IEEE802_11);
	rig_frame(&rig, EPOCH, frame, 64, 64);
	rig_refused(&rig, ST_ERR_IO, "link type IEEE802_11 (105) is not supported");
	rig_fini(&rig);

	rig_dump(&rig, DLT_EN10MB);
	rig_frame(&rig, EPOCH, frame, 64, 64);
	rig_frame(&rig, EPOCH, frame, 10, 64);
	rig_refused(&rig, ST_ERR_IO, "no whole IPv4 packet in it (2 others)");
	rig_fini(&rig);
}

static void
test_relative_path(void)
{
	struct traffic *traffic;
	char message[256];
	struct rig rig;

	rig_init(&rig);
	rig.cfg.file = "captures/ipv4_tcp_http_xml.pcap";
	rig.lab.file = ESPLAB_TESTS "/vectors/x.cfg";
	traffic_destroy(rig_open(&rig, NS_PER_SEC));
	rig.lab.file = "x.cfg"; /* then from here, where it is not */
	CU_ASSERT_EQUAL(traffic_create(&rig.lab, &rig.cfg, 1, &traffic, message, sizeof(message)), ST_ERR_IO);
	rig.lab.file = NULL;
	rig.cfg.file = ESPLAB_TESTS "/vectors/captures/ipv4_tcp_http_xml.pcap";
	traffic_destroy(rig_open(&rig, NS_PER_SEC));
	rig_fini(&rig);
}

static size_t
vector_read(const char *path, uint8_t *out, size_t size)
{
	FILE *file = fopen(path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	size_t n = fread(out, 1, size, file);
	fclose(file);
	return n;
}

/* Cut at each length, and with each byte inverted: refused or played, but nothing worse. */
static void
test_damaged(void)
{
	uint8_t good[703], bad[703];
	struct traffic *traffic;
	char message[256];
	struct rig rig;
	unsigned played = 0;

	size_t n = vector_read(ESPLAB_TESTS "/vectors/captures/ipv4_tcp_http_xml.pcap", good, 703);
	CU_ASSERT_EQUAL_FATAL(n, 703);
	for (unsigned i = 0; i < 2 * 703; i++) {
		unsigned len = i < 703 ? i : 703;
		rig_init(&rig);
		memcpy(bad, good, 703);
		if (i >= 703)
			bad[i - 703] ^= 0xff;
		fwrite(bad, 1, len, rig.file);
		rig_close(&rig);
		enum status status = traffic_create(&rig.lab, &rig.cfg, NS_PER_SEC, &traffic, message, 256);
		CU_ASSERT(i >= 703 ? status == ST_OK || status == ST_ERR_IO : status == ST_ERR_IO);
		CU_ASSERT_EQUAL(message[0] != '\0', status != ST_OK);
		played += status == ST_OK;
		traffic_destroy(traffic);
		rig_fini(&rig);
	}
	CU_ASSERT(played > 600 && played < 703);
}

/* Plays it to its end and counts what is wrong; returns the sum of bytes. */
static uint64_t
play_all(struct traffic *traffic, unsigned *packets, unsigned *wrong)
{
	struct traffic_packet packet;
	uint64_t bytes = 0, last = 0;

	*packets = *wrong = 0;
	while (traffic_get(traffic, TIME_NEVER, &packet, 1)) {
		*wrong += header_sum(packet.data) != 0xffff || packet.data[8] < 8 || packet.time_ns < last;
		*wrong += load_be32(packet.data + 12) != HOST_A || load_be32(packet.data + 16) != HOST_B;
		last = packet.time_ns;
		bytes += packet.bytes;
		++*packets;
	}
	return bytes;
}

/* What tshark says of afs.pcap: 601 packets of IPv4 with 503862 bytes, 129.429532 s. */
static void
test_vector_afs(void)
{
	unsigned packets, wrong;
	struct rig rig;

	rig_init(&rig);
	rig.cfg.file = ESPLAB_TESTS "/vectors/captures/afs.pcap";
	struct traffic *traffic = rig_open(&rig, 200 * NS_PER_SEC);
	CU_ASSERT_EQUAL(play_all(traffic, &packets, &wrong), 503862);
	CU_ASSERT_EQUAL(packets, 601);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(traffic_skipped(traffic), 0);
	traffic_destroy(traffic);
	traffic = rig_open(&rig, UINT64_C(129429532000)); /* the last is due at the end, so not sent */
	play_all(traffic, &packets, &wrong);
	CU_ASSERT_EQUAL(packets, 600);
	traffic_destroy(traffic);
	rig_fini(&rig);
}

/* The other captures of the project, where they are at hand. */
static void
test_shared_captures(void)
{
	DIR *dir = opendir(ESPLAB_TESTS "/../../shared/captures");
	struct dirent *entry;
	char path[1024], message[256];
	struct traffic *traffic;
	struct rig rig;
	unsigned packets, wrong;

	rig_init(&rig);
	rig.cfg.file = path;
	while (dir && (entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".pcap"))
			continue;
		snprintf(path, sizeof(path), ESPLAB_TESTS "/../../shared/captures/%s", entry->d_name);
		enum status status = traffic_create(&rig.lab, &rig.cfg, TIME_NEVER, &traffic, message, 256);
		CU_ASSERT(status == ST_OK || (status == ST_ERR_IO && message[0]));
		if (status != ST_OK)
			continue;
		CU_ASSERT(play_all(traffic, &packets, &wrong) > 0);
		CU_ASSERT_EQUAL(wrong, 0);
		traffic_destroy(traffic);
	}
	if (dir)
		closedir(dir);
	rig_fini(&rig);
}

int
suite_traffic_pcap(void)
{
	CU_pSuite s = CU_add_suite("traffic_pcap", NULL, NULL);
	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_timing);
	CU_ADD_TEST(s, test_out_of_order);
	CU_ADD_TEST(s, test_loop);
	CU_ADD_TEST(s, test_flows);
	CU_ADD_TEST(s, test_flows_shared);
	CU_ADD_TEST(s, test_pcapng);
	CU_ADD_TEST(s, test_refused);
	CU_ADD_TEST(s, test_relative_path);
	CU_ADD_TEST(s, test_damaged);
	CU_ADD_TEST(s, test_vector_afs);
	CU_ADD_TEST(s, test_shared_captures);
	return (int)CU_get_error();
}
