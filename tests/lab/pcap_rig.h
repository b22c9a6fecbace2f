/* What the tests of captures share: packets with right checksums, built and verified by full computation, and
 * temporary capture files. */
#ifndef TESTS_LAB_PCAP_RIG_H
#define TESTS_LAB_PCAP_RIG_H

#include <CUnit/CUnit.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "lab/traffic.h"

#define HOST_A 0x0a010001u
#define HOST_B 0xc0a8ffffu
#define TCP 6
#define UDP 17
#define ICMP 1

struct rig {
	struct cfg_host hosts[2];
	struct cfg_lab lab;
	struct cfg_traffic cfg;
	char path[64];
	FILE *file; /* hand-made captures */
	pcap_t *dead;
	pcap_dumper_t *dump;
};

static inline void
rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->hosts[0].address = ip_v4(HOST_A);
	rig->hosts[1].address = ip_v4(HOST_B);
	rig->lab.file = "somewhere/lab.cfg";
	rig->lab.hosts = rig->hosts;
	rig->lab.n_hosts = 2;
	rig->cfg = (struct cfg_traffic){
		.name = "p", .kind = CFG_TRAFFIC_PCAP, .to_end = {1, 0}, .speed = 1.0};
	strcpy(rig->path, "/tmp/esplab-test-XXXXXX");
	int fd = mkstemp(rig->path);
	CU_ASSERT_FATAL(fd >= 0);
	rig->file = fdopen(fd, "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->file);
	rig->cfg.file = rig->path;
}

/* Captures by libpcap, ns precision. */
static inline void
rig_dump(struct rig *rig, int link_type)
{
	rig_init(rig);
	rig->dead = pcap_open_dead_with_tstamp_precision(link_type, 262144, PCAP_TSTAMP_PRECISION_NANO);
	rig->dump = pcap_dump_fopen(rig->dead, rig->file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->dump);
}

static inline void
rig_frame(struct rig *rig, uint64_t time_ns, const uint8_t *frame, uint32_t captured, uint32_t len)
{
	struct pcap_pkthdr header = {.caplen = captured, .len = len};
	header.ts.tv_sec = (time_t)(time_ns / NS_PER_SEC);
	header.ts.tv_usec = (suseconds_t)(time_ns % NS_PER_SEC);
	pcap_dump((uint8_t *)rig->dump, &header, frame);
}

/* The capture is written; what is wanted of it comes next. */
static inline void
rig_close(struct rig *rig)
{
	if (rig->dump) {
		pcap_dump_close(rig->dump); /* and the file */
		pcap_close(rig->dead);
	} else if (rig->file) {
		fclose(rig->file);
	}
	rig->dump = NULL;
	rig->file = NULL;
}

static inline struct traffic *
rig_open(struct rig *rig, uint64_t end)
{
	struct traffic *traffic;
	char message[512];

	rig_close(rig);
	enum status status = traffic_create(&rig->lab, &rig->cfg, end, &traffic, message, sizeof(message));
	if (status != ST_OK)
		fprintf(stderr, "%s\n", message);
	CU_ASSERT_EQUAL_FATAL(status, ST_OK);
	CU_ASSERT_STRING_EQUAL(message, "");
	return traffic;
}

static inline void
rig_fini(struct rig *rig)
{
	rig_close(rig);
	unlink(rig->path);
}

/* ERR_IO, no source, and one line that names the source and contains `word`. */
static inline void
rig_refused(struct rig *rig, enum status want, const char *word)
{
	struct traffic *traffic;
	char message[512];

	rig_close(rig);
	CU_ASSERT_EQUAL(traffic_create(&rig->lab, &rig->cfg, 1, &traffic, message, sizeof(message)), want);
	CU_ASSERT_PTR_NULL(traffic);
	CU_ASSERT_EQUAL(strncmp(message, "traffic p: ", 11), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, word));
	CU_ASSERT_PTR_NULL(strchr(message, '\n'));
}

/* One's complement sum of 16-bit words, folded. */
static inline uint32_t
words_sum(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += load_be16(p + i);
	if (n % 2)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* 0xffff where the checksum in it is right, and ~sum is the checksum where the field is 0. */
static inline uint32_t
header_sum(const uint8_t *ip)
{
	return words_sum(ip, (ip[0] & 15u) * 4, 0);
}

static inline uint32_t
transport_sum(const uint8_t *ip)
{
	uint32_t header = (ip[0] & 15u) * 4, n = load_be16(ip + 2) - header;
	return words_sum(ip + header, n, words_sum(ip + 12, 8, ip[9] + n));
}

/* A packet `bytes` long with its checksums; `options` bytes of IP options (no-operation). */
static inline void
packet_make(uint8_t *ip, uint32_t bytes, uint8_t proto, uint16_t sport, uint16_t dport, uint32_t options)
{
	uint32_t header = 20 + options, check_at = header + (proto == TCP ? 16 : proto == UDP ? 6 : 2);

	for (uint32_t i = 0; i < bytes; i++)
		ip[i] = (uint8_t)(i * 7 + sport);
	memset(ip, 0, 20);
	memset(ip + 20, 1, options);
	ip[0] = (uint8_t)(0x40 | header / 4);
	ip[1] = 0xb9; /* DSCP 46, ECN 1 */
	store_be16(ip + 2, (uint16_t)bytes);
	store_be16(ip + 4, 0x1234);
	store_be16(ip + 6, 0x4000); /* DF */
	ip[8] = 61;
	ip[9] = proto;
	store_be32(ip + 12, 0xc6336401);
	store_be32(ip + 16, 0xcb007102);
	store_be16(ip + 10, (uint16_t)~header_sum(ip));
	if (proto != ICMP) {
		store_be16(ip + header, sport);
		store_be16(ip + header + 2, dport);
	}
	if (proto == UDP)
		store_be16(ip + header + 4, (uint16_t)(bytes - header));
	store_be16(ip + check_at, 0);
	uint32_t sum = proto == ICMP ? words_sum(ip + header, bytes - header, 0) : transport_sum(ip);
	store_be16(ip + check_at, (uint16_t)~sum);
}

/* A header that was changed by hand. */
static inline void
header_remake(uint8_t *ip)
{
	store_be16(ip + 10, 0);
	store_be16(ip + 10, (uint16_t)~header_sum(ip));
}

#endif
