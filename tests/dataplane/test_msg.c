/* Messages and their log: every documented line of every platform, letter by letter, and the rate limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "dataplane/ipsec/sa.h"
#include "dataplane/msg.h"
#include "dataplane/msg_log.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int suite_msg(void);

static const struct sa sa = {.index = 4, .spi = 0x1001};

static struct drop_event
event_of(enum drop reason)
{
	struct drop_event event = {.time_ns = 1234567899,
		.seq = 1000,
		.right_edge = 1100,
		.lag = 100,
		.sa = &sa,
		.spi = 0x1001,
		.src = IP_V4(0xc0000201),
		.dst = IP_V4(0xc6336402),
		.ip_id = 77,
		.proto = 50,
		.reason = (uint8_t)reason};

	if (reason == DROP_NO_SA)
		event.sa = NULL;
	return event;
}

/* What a gateway of that platform writes for a drop, without time and name. */
static void
lines_of(enum cfg_platform platform, enum drop reason, char *out, size_t bytes)
{
	struct drop_event event = event_of(reason);
	char text[MSG_BYTES];

	*out = '\0';
	for (unsigned m = 0; m < MSG_COUNT; m++) {
		if (!msg_applies((enum msg)m, platform, reason))
			continue;
		msg_text((enum msg)m, &event, text, sizeof(text));
		snprintf(out + strlen(out), bytes - strlen(out), "%s\n", text);
	}
}

#define REPLAY_IOS                                                                                           \
	"%CRYPTO-4-PKT_REPLAY_ERR: decrypt: replay check failed connection id=5, sequence number=1000\n"
#define MAC_IOS                                                                                              \
	"%CRYPTO-4-RECVD_PKT_MAC_ERR: decrypt: mac verify failed for connection id=5 local=198.51.100.2 "    \
	"remote=192.0.2.1 spi=00001001 seqno=000003E8\n"
#define SPI_IOS                                                                                              \
	"%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for "                       \
	"destaddr=198.51.100.2, prot=50, spi=0x1001(4097), srcaddr=192.0.2.1\n"

#define CLEAR_IOS                                                                                            \
	"%CRYPTO-4-RECVD_PKT_NOT_IPSEC: Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= "              \
	"/198.51.100.2, src_addr= 192.0.2.1, prot= 50\n"
#define CLEAR_PIX                                                                                            \
	"%PIX-4-402117: IPSEC: Received a non-IPSec packet (protocol= 50) from 192.0.2.1 to 198.51.100.2.\n"

static const struct {
	enum cfg_platform platform;
	const char *sequence, *integrity, *no_sa;
} documented[] = {
	{CFG_PLATFORM_IOS, REPLAY_IOS, MAC_IOS, SPI_IOS},
	{CFG_PLATFORM_SPA, REPLAY_IOS, MAC_IOS, SPI_IOS},
	{CFG_PLATFORM_AIM,
		"%HW_VPN-1-HPRXERR: Hardware VPN0/0: Packet Encryption/Decryption error, status=4612\n", "",
		SPI_IOS},
	{CFG_PLATFORM_VAM,
		"%VPN_HW-1-PACKET_ERROR: slot: 0 Packet Encryption/Decryption error,Output replay "
		"error(0x08000000)\n",
		"", SPI_IOS},
	{CFG_PLATFORM_C1700, "%C1700_EM-1-ERROR: packet-rx error: ESP sequence fail\n", "", SPI_IOS},
	{CFG_PLATFORM_MOTCR, "%MOTCR-1-ERROR:motcr_crypto_callback() motcr return failure\n",
		"%MOTCR-1-ERROR:motcr_crypto_callback() motcr return failure\n"
		"%MOTCR-1-PKTENGRET_ERROR: MOTCR PktEng Return Value = 0x20000, PktEngReturn_MACMiscompare\n",
		SPI_IOS},
	{CFG_PLATFORM_PIX,
		"%PIX-4-402119: IPSEC: Received an ESP packet (SPI= 0x00001001, sequence number= 0x000003E8) "
		"from 192.0.2.1 (user= 192.0.2.1) to 198.51.100.2 that failed anti-replay checking.\n",
		"%PIX-4-402120: IPSEC: Received an ESP packet (SPI= 0x00001001, sequence number= 0x000003E8) "
		"from 192.0.2.1 (user= 192.0.2.1) to 198.51.100.2 that failed authentication.\n",
		"%PIX-4-402101: decaps: recd IPSEC packet has invalid spi for destaddr=198.51.100.2, "
		"prot=50, "
		"spi=0x1001(4097)\n"},
	{CFG_PLATFORM_IOSXE,
		"%IPSEC-3-REPLAY_ERROR: IPSec SA receives anti-replay error, DP Handle 5, src_addr "
		"192.0.2.1, "
		"dest_addr 198.51.100.2, SPI 0x1001\n"
		"anti-replay drop on sa=5, src=192.0.2.1 dst=198.51.100.2, spi=0x1001, ip_id=77, sns_idx=0, "
		"seq_no=1000, ar_highest=1100\n",
		"%IPSEC-3-HMAC_ERROR: IPSec SA receives HMAC error, DP Handle 5, src_addr 192.0.2.1, "
		"dest_addr 198.51.100.2, SPI 0x1001\n",
		SPI_IOS},
};

/* Of row i of documented[]. */
static const char *
documented_lines(unsigned i, unsigned reason)
{
	switch (reason) {
	case DROP_REPLAY_OLD:
	case DROP_REPLAY_DUP:
	case DROP_SEQ_ZERO:
		return documented[i].sequence;
	case DROP_ICV:
	case DROP_ICV_ESN:
		return documented[i].integrity;
	case DROP_NO_SA:
		return documented[i].no_sa;
	case DROP_NOT_IPSEC:
		return documented[i].platform == CFG_PLATFORM_PIX ? CLEAR_PIX : CLEAR_IOS;
	case DROP_NO_SESSION:
		if (documented[i].platform == CFG_PLATFORM_SPA)
			return "crypto_engine_select_crypto_engine: can't handle any more\n";
	}
	return "";
}

static void
test_documented(void)
{
	char text[1024];

	for (unsigned i = 0; i < COUNT(documented); i++)
		for (unsigned r = 1; r < DROP_COUNT; r++) {
			lines_of(documented[i].platform, (enum drop)r, text, sizeof(text));
			CU_ASSERT_STRING_EQUAL(text, documented_lines(i, r));
		}
}

/* The widest values fit, and what does not fit is cut off within its bounds. */
static void
test_widest(void)
{
	struct drop_event event = event_of(DROP_REPLAY_OLD);
	struct sa last = {.index = UINT32_MAX - 1};
	char text[MSG_BYTES], cut[16];

	event.sa = &last;
	event.seq = event.right_edge = UINT64_MAX;
	event.src = event.dst = (struct ip_addr){UINT64_MAX, UINT64_MAX};
	event.spi = UINT32_MAX;
	event.ip_id = UINT16_MAX;
	for (unsigned m = 0; m < MSG_COUNT; m++) {
		msg_text((enum msg)m, &event, text, sizeof(text));
		CU_ASSERT(strlen(text) < sizeof(text) - 1);
		CU_ASSERT_PTR_NULL(strchr(text, '['));
		msg_text((enum msg)m, &event, cut, sizeof(cut));
		CU_ASSERT_EQUAL(strlen(cut), sizeof(cut) - 1);
		CU_ASSERT(!strncmp(cut, text, sizeof(cut) - 1));
	}
}

struct log_rig {
	struct cfg_gateway gateway[2];
	struct msg_log *log[2];
	FILE *out;
	char *text;
	size_t bytes;
};

static void
line_write(struct log_rig *rig, const char *name, uint64_t now, const char *text)
{
	char time[MSG_TIME_BYTES];

	fprintf(rig->out, "%s %s: %s\n", msg_time(now, time), name, text);
}

static void
write_a(void *ctx, uint64_t now, const char *text)
{
	line_write(ctx, "gwa", now, text);
}

static void
write_b(void *ctx, uint64_t now, const char *text)
{
	line_write(ctx, "gwb", now, text);
}

static void
log_rig_open(struct log_rig *rig, double rate, uint32_t burst)
{
	*rig = (struct log_rig){.gateway = {{.name = "gwa", .platform = CFG_PLATFORM_C1700},
					{.name = "gwb",
						.platform = CFG_PLATFORM_C1700,
						.log_rate = rate,
						.log_burst = burst}}};
	rig->out = open_memstream(&rig->text, &rig->bytes);
	for (unsigned g = 0; g < 2; g++)
		CU_ASSERT_EQUAL_FATAL(
			msg_log_create(&rig->gateway[g], g ? write_b : write_a, rig, &rig->log[g]), ST_OK);
}

static void
log_rig_drop(struct log_rig *rig, unsigned gateway, uint64_t time_ns)
{
	struct drop_event event = event_of(DROP_REPLAY_OLD);

	event.time_ns = time_ns;
	msg_log_drop(rig->log[gateway], &event);
}

static void
log_rig_close(struct log_rig *rig, uint64_t end_ns, const char *expected)
{
	for (unsigned g = 0; g < 2; g++) {
		msg_log_finish(rig->log[g], end_ns);
		msg_log_destroy(rig->log[g]);
	}
	fclose(rig->out);
	CU_ASSERT_STRING_EQUAL(rig->text, expected);
	free(rig->text);
}

#define LINE(time, name) time " " name ": %C1700_EM-1-ERROR: packet-rx error: ESP sequence fail\n"

static void
test_stamp(void)
{
	struct log_rig rig;

	log_rig_open(&rig, 0, 0);
	log_rig_drop(&rig, 1, 1234567999); /* ns are cut off, not rounded */
	log_rig_drop(&rig, 0, 1234567999);
	log_rig_drop(&rig, 1, (UINT64_C(36000) + 61) * NS_PER_SEC);
	log_rig_close(&rig, 0, LINE("00:00:01.234567", "gwb") LINE("00:00:01.234567", "gwa")
		LINE("10:01:01.000000", "gwb"));
}

/* 10 a second, 2 at once: at 0 two pass, at 50 ms none, at 100 ms one token is back. */
static void
test_rate(void)
{
	struct log_rig rig;

	log_rig_open(&rig, 10, 2);
	for (unsigned i = 0; i < 5; i++)
		log_rig_drop(&rig, 1, 0);
	log_rig_drop(&rig, 0, 0); /* another gateway has its own bucket, here none */
	log_rig_drop(&rig, 1, 99999999);
	log_rig_drop(&rig, 1, 100000000);
	log_rig_drop(&rig, 1, 100000001);
	log_rig_drop(&rig, 1, 1000000000);
	log_rig_drop(&rig, 1, 1000000000);
	log_rig_drop(&rig, 1, 1000000000);
	log_rig_close(&rig, 2 * NS_PER_SEC, LINE("00:00:00.000000", "gwb") LINE("00:00:00.000000", "gwb")
		LINE("00:00:00.000000", "gwa")
		"00:00:00.100000 gwb: %C1700_EM-1-ERROR: 4 messages suppressed\n"
		LINE("00:00:00.100000", "gwb")
		"00:00:01.000000 gwb: %C1700_EM-1-ERROR: 1 messages suppressed\n"
		LINE("00:00:01.000000", "gwb") LINE("00:00:01.000000", "gwb")
		"00:00:02.000000 gwb: %C1700_EM-1-ERROR: 1 messages suppressed\n");
}

/* Rates beyond what the clock resolves: as fast as it ticks, and practically never again. */
static void
test_rate_extremes(void)
{
	struct log_rig rig;

	log_rig_open(&rig, 1e12, 1);
	log_rig_drop(&rig, 1, 5);
	log_rig_drop(&rig, 1, 5);
	log_rig_close(&rig, 5, LINE("00:00:00.000000", "gwb") LINE("00:00:00.000000", "gwb"));
	log_rig_open(&rig, 1e-300, 1);
	log_rig_drop(&rig, 1, 0);
	log_rig_drop(&rig, 1, 3600 * NS_PER_SEC);
	log_rig_close(&rig, 3600 * NS_PER_SEC, LINE("00:00:00.000000", "gwb")
		"01:00:00.000000 gwb: %C1700_EM-1-ERROR: 1 messages suppressed\n");
}

/* IPv6 addresses stand where those of IPv4 do. */
static void
test_ipv6(void)
{
	struct drop_event event = event_of(DROP_NO_SA);
	char four[MSG_BYTES], six[MSG_BYTES];
	unsigned seen = 0;

	for (unsigned m = 0; m < MSG_COUNT; m++) {
		event.src = IP_V4(0xc0000201);
		event.dst = IP_V4(0xc6336402);
		msg_text((enum msg)m, &event, four, sizeof(four));
		event.src = (struct ip_addr){0x20010db800000000, 0xab};
		event.dst = (struct ip_addr){0x20010db8ffff0000, 1};
		msg_text((enum msg)m, &event, six, sizeof(six));
		CU_ASSERT_EQUAL(!strstr(four, "192.0.2.1"), !strstr(six, "2001:db8::ab"));
		CU_ASSERT_EQUAL(!strstr(four, "198.51.100.2"), !strstr(six, "2001:db8:ffff::1"));
		CU_ASSERT_PTR_NULL(strstr(six, "192.0.2.1"));
		seen += strstr(six, "2001:db8::ab") != NULL;
	}
	CU_ASSERT(seen > 0);
}

int
suite_msg(void)
{
	CU_pSuite s = CU_add_suite("msg", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_ipv6);
	CU_ADD_TEST(s, test_documented);
	CU_ADD_TEST(s, test_widest);
	CU_ADD_TEST(s, test_stamp);
	CU_ADD_TEST(s, test_rate);
	CU_ADD_TEST(s, test_rate_extremes);
	return 0;
}
