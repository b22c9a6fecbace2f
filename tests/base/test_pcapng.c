/* base/pcapng: read back by libpcap, and its blocks byte by byte. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <pcap/pcap.h>

#include "base/pcapng.h"

#include <stdbool.h>
#include "tests/lab/folder_rig.h"

int suite_pcapng(void);

static const char *const names[] = {"gwa.wan > gwb.wan", "b"};

static void
packet_fill(uint8_t *packet, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		packet[i] = (uint8_t)(bytes + i);
}

/* Every remainder modulo 4, and times around 2^32 ns. */
static void
capture_write(const struct folder_rig *rig, const char *name, bool v6, unsigned n)
{
	char path[RIG_PATH_BYTES];
	uint8_t packet[64];
	struct pcapng *p;

	CU_ASSERT_EQUAL_FATAL(
		pcapng_create(folder_rig_path(rig, name, path), v6 ? PCAPNG_IPV6 : PCAPNG_IPV4, names, 2, &p),
		ST_OK);
	for (unsigned i = 0; i < n; i++) {
		packet_fill(packet, 20 + i);
		pcapng_write(p, i & 1, 4294967290u + (uint64_t)i, packet, 20 + i);
	}
	CU_ASSERT_EQUAL(pcapng_close(p), ST_OK);
}

/* Two interfaces of one type each: of two types, libpcap would refuse the file. */
static void
test_families(void)
{
	char path[RIG_PATH_BYTES], error[PCAP_ERRBUF_SIZE];
	struct folder_rig rig;
	struct pcap_pkthdr *head;
	const u_char *data;

	folder_rig_open(&rig);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		pcap_t *pcap;

		capture_write(&rig, "f.pcapng", v6, 2);
		pcap = pcap_open_offline(folder_rig_path(&rig, "f.pcapng", path), error);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pcap);
		CU_ASSERT_EQUAL(pcap_datalink(pcap), v6 ? DLT_IPV6 : DLT_IPV4);
		CU_ASSERT_EQUAL(pcap_next_ex(pcap, &head, &data), 1);
		CU_ASSERT_EQUAL(pcap_next_ex(pcap, &head, &data), 1);
		pcap_close(pcap);
	}
	folder_rig_close(&rig);
}

/* Both families behind one interface. */
static void
test_both(void)
{
	char path[RIG_PATH_BYTES], error[PCAP_ERRBUF_SIZE];
	static const char *const inner[] = {"inner"};
	uint8_t packet[64] = {0x60};
	struct folder_rig rig;
	struct pcap_pkthdr *head;
	const u_char *data;
	struct pcapng *p;
	pcap_t *pcap;

	folder_rig_open(&rig);
	folder_rig_path(&rig, "any.pcapng", path);
	CU_ASSERT_EQUAL_FATAL(pcapng_create(path, PCAPNG_BOTH, inner, 1, &p), ST_OK);
	pcapng_write(p, 0, 5, packet, sizeof(packet));
	packet[0] = 0x45;
	pcapng_write(p, 0, 6, packet, 20);
	CU_ASSERT_EQUAL(pcapng_close(p), ST_OK);
	pcap = pcap_open_offline(path, error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pcap);
	CU_ASSERT_EQUAL(pcap_datalink(pcap), DLT_RAW);
	CU_ASSERT_EQUAL_FATAL(pcap_next_ex(pcap, &head, &data), 1);
	CU_ASSERT_TRUE(head->caplen == 64 && data[0] == 0x60);
	CU_ASSERT_EQUAL_FATAL(pcap_next_ex(pcap, &head, &data), 1);
	CU_ASSERT_TRUE(head->caplen == 20 && data[0] == 0x45);
	pcap_close(pcap);
	folder_rig_close(&rig);
}

static void
test_read_back(void)
{
	char path[RIG_PATH_BYTES], error[PCAP_ERRBUF_SIZE];
	struct folder_rig rig;
	struct pcap_pkthdr *head;
	const u_char *data;
	uint8_t packet[64];
	pcap_t *pcap;

	folder_rig_open(&rig);
	capture_write(&rig, "a.pcapng", false, 12);
	pcap = pcap_open_offline_with_tstamp_precision(
		folder_rig_path(&rig, "a.pcapng", path), PCAP_TSTAMP_PRECISION_NANO, error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pcap);
	CU_ASSERT_EQUAL(pcap_datalink(pcap), DLT_IPV4);
	for (unsigned i = 0; i < 12; i++) {
		CU_ASSERT_EQUAL_FATAL(pcap_next_ex(pcap, &head, &data), 1);
		packet_fill(packet, 20 + i);
		CU_ASSERT_EQUAL(head->caplen, 20 + i);
		CU_ASSERT_EQUAL(head->len, 20 + i);
		CU_ASSERT_EQUAL(head->ts.tv_sec, 4);
		CU_ASSERT_EQUAL(head->ts.tv_usec, 294967290 + (long)i);
		CU_ASSERT_EQUAL(memcmp(data, packet, 20 + i), 0);
	}
	CU_ASSERT_EQUAL(pcap_next_ex(pcap, &head, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
	folder_rig_close(&rig);
}

/* A packet of which only the first bytes are there, and which way it went (§4.3.1). */
static void
test_cut(void)
{
	static const uint8_t wanted[] = {6, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0,
		0, 220, 5, 0, 0, 0x45, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0,
		56, 0, 0, 0};
	static const uint8_t packet[] = {0x45, 1, 2, 3, 4, 5, 6, 7, 8};
	char path[RIG_PATH_BYTES], *data;
	struct folder_rig rig;
	struct pcapng *p;
	size_t bytes = 0;

	folder_rig_open(&rig);
	CU_ASSERT_EQUAL_FATAL(
		pcapng_begin(fopen(folder_rig_path(&rig, "x", path), "wb"), PCAPNG_BOTH, names, 1, &p),
		ST_OK);
	pcapng_put(p, &(struct pcapng_packet){.time_ns = 4294967298u,
			      .ip = packet,
			      .captured = sizeof(packet),
			      .bytes = 1500,
			      .way = PCAPNG_WAY_OUT});
	CU_ASSERT_EQUAL(pcapng_flush(p), 0);
	data = folder_rig_read(&rig, "x", &bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	CU_ASSERT_FATAL(bytes > sizeof(wanted));
	CU_ASSERT_EQUAL(memcmp(data + bytes - sizeof(wanted), wanted, sizeof(wanted)), 0);
	free(data);
	CU_ASSERT_EQUAL(pcapng_close(p), ST_OK);
	CU_ASSERT_EQUAL_FATAL(pcapng_begin(fopen("/dev/full", "wb"), PCAPNG_BOTH, names, 1, &p), ST_OK);
	CU_ASSERT_EQUAL(pcapng_flush(p), ENOSPC);
	CU_ASSERT_EQUAL(pcapng_close(p), ST_ERR_IO);
	folder_rig_close(&rig);
}

/* draft-ietf-opsawg-pcapng §4.1-4.3, as written down by hand. */
static const uint8_t expected[] = {
	/* section header, 44 bytes */
	0x0a,
	0x0d,
	0x0d,
	0x0a,
	44,
	0,
	0,
	0,
	0x4d,
	0x3c,
	0x2b,
	0x1a,
	1,
	0,
	0,
	0,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	4,
	0,
	6,
	0,
	'e',
	's',
	'p',
	'l',
	'a',
	'b',
	0,
	0,
	0,
	0,
	0,
	0,
	44,
	0,
	0,
	0,
	/* interface 0: name of 17 bytes and ns; 16 + 24 + 8 + 4 + 4 = 56 bytes */
	1,
	0,
	0,
	0,
	56,
	0,
	0,
	0,
	228,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	2,
	0,
	17,
	0,
	'g',
	'w',
	'a',
	'.',
	'w',
	'a',
	'n',
	' ',
	'>',
	' ',
	'g',
	'w',
	'b',
	'.',
	'w',
	'a',
	'n',
	0,
	0,
	0,
	9,
	0,
	1,
	0,
	9,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	56,
	0,
	0,
	0,
	/* interface 1 */
	1,
	0,
	0,
	0,
	40,
	0,
	0,
	0,
	228,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	2,
	0,
	1,
	0,
	'b',
	0,
	0,
	0,
	9,
	0,
	1,
	0,
	9,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	40,
	0,
	0,
	0,
	/* packet */
	6,
	0,
	0,
	0,
	52,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0xfa,
	0xff,
	0xff,
	0xff,
	20,
	0,
	0,
	0,
	20,
	0,
	0,
	0,
	20,
	21,
	22,
	23,
	24,
	25,
	26,
	27,
	28,
	29,
	30,
	31,
	32,
	33,
	34,
	35,
	36,
	37,
	38,
	39,
	52,
	0,
	0,
	0,
};

static void
test_bytes(void)
{
	struct folder_rig rig;
	size_t bytes = 0;
	char *data;

	folder_rig_open(&rig);
	capture_write(&rig, "b.pcapng", false, 1);
	data = folder_rig_read(&rig, "b.pcapng", &bytes);
	CU_ASSERT_EQUAL_FATAL(bytes, sizeof(expected));
	CU_ASSERT_EQUAL(memcmp(data, expected, bytes), 0);
	free(data);
	folder_rig_close(&rig);
}

static void
test_failures(void)
{
	struct pcapng *p = (struct pcapng *)&p;

	CU_ASSERT_EQUAL(pcapng_create("/nonexistent/x.pcapng", PCAPNG_IPV4, names, 2, &p), ST_ERR_IO);
	CU_ASSERT_PTR_NULL(p);
	CU_ASSERT_EQUAL(pcapng_close(NULL), ST_OK);
	CU_ASSERT_EQUAL_FATAL(pcapng_create("/dev/full", PCAPNG_IPV4, names, 2, &p), ST_OK);
	CU_ASSERT_EQUAL(pcapng_close(p), ST_ERR_IO);
}

int
suite_pcapng(void)
{
	CU_pSuite s = CU_add_suite("pcapng", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_read_back);
	CU_ADD_TEST(s, test_families);
	CU_ADD_TEST(s, test_both);
	CU_ADD_TEST(s, test_cut);
	CU_ADD_TEST(s, test_bytes);
	CU_ADD_TEST(s, test_failures);
	return 0;
}
