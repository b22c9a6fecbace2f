/* ARP and neighbour discovery, bytes against bytes: what is written is read again, the published form of each
 * message, every truncation, and what RFC 4861 §7.1 refuses. */
#include "live/nd.h"

#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/ipsec/ip_head.h"
#include "live/arp.h"
#include "live/ether.h"

int suite_nd(void);

static const struct cfg_mac own_mac = {{2, 0, 0, 0, 0, 1}}, host_mac = {{2, 0, 0, 0, 0, 0xa}};
/* 2001:db8:1::1 and 2001:db8:1::12:3456 */
static const struct ip_addr own = {UINT64_C(0x20010db800010000), 1};
static const struct ip_addr host = {UINT64_C(0x20010db800010000), 0x123456};

static void
test_arp(void)
{
	/* RFC 826, with Ethernet in front: who has 10.1.0.10? tell 10.1.0.1 */
	static const uint8_t wanted[ARP_FRAME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1,
		8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 10, 1, 0, 10};
	uint8_t frame[ARP_FRAME_BYTES];
	struct arp_message message;

	arp_write_request(frame, &own_mac, IP_V4(0x0a010001), IP_V4(0x0a01000a));
	CU_ASSERT_EQUAL(memcmp(frame, wanted, sizeof(frame)), 0);
	CU_ASSERT_TRUE_FATAL(arp_read(frame + ETHER_BYTES, 28, &message));
	CU_ASSERT_TRUE(message.request && ip_equal(message.sender, IP_V4(0x0a010001)) &&
		       ip_equal(message.target, IP_V4(0x0a01000a)));
	arp_write_reply(frame, &own_mac, IP_V4(0x0a010001), &host_mac, IP_V4(0x0a01000a));
	CU_ASSERT_EQUAL(memcmp(frame, &host_mac, 6), 0);
	CU_ASSERT_TRUE_FATAL(arp_read(frame + ETHER_BYTES, 46, &message)); /* padded */
	CU_ASSERT_FALSE(message.request);
	CU_ASSERT_EQUAL(memcmp(&message.sender_mac, &own_mac, 6), 0);
	for (uint32_t len = 0; len < 28; len++)
		CU_ASSERT_FALSE(arp_read(frame + ETHER_BYTES, len, &message));
	for (unsigned at = 0; at < 8; at++) { /* hardware, protocol, lengths, operation */
		frame[ETHER_BYTES + at] ^= 0x40;
		CU_ASSERT_FALSE(arp_read(frame + ETHER_BYTES, 28, &message));
		frame[ETHER_BYTES + at] ^= 0x40;
	}
	frame[ETHER_BYTES + 8] |= 1; /* a group as sender */
	CU_ASSERT_FALSE(arp_read(frame + ETHER_BYTES, 28, &message));
}

static void
test_solicit(void)
{
	uint8_t frame[ND_FRAME_BYTES];
	struct nd_message message;

	nd_write_solicit(frame, &own_mac, own, host);
	/* RFC 2464 §7, RFC 4291 §2.7.1 */
	CU_ASSERT_EQUAL(memcmp(frame, "\x33\x33\xff\x12\x34\x56", 6), 0);
	CU_ASSERT_EQUAL(nd_read(frame + ETHER_BYTES, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_SOLICIT);
	CU_ASSERT_TRUE(ip_equal(message.src, own) && ip_equal(message.target, host));
	CU_ASSERT_TRUE(ip_equal(message.dst, ip_load6("\xff\x02\0\0\0\0\0\0\0\0\0\1\xff\x12\x34\x56")));
	CU_ASSERT_TRUE(message.has_mac);
	CU_ASSERT_EQUAL(memcmp(&message.mac, &own_mac, 6), 0);
}

static void
test_advert(void)
{
	uint8_t frame[ND_FRAME_BYTES];
	struct nd_message message;

	nd_write_advert(frame, &own_mac, own, &host_mac, host);
	CU_ASSERT_EQUAL(memcmp(frame, &host_mac, 6), 0);
	CU_ASSERT_EQUAL(nd_read(frame + ETHER_BYTES, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_ADVERT);
	CU_ASSERT_TRUE(message.solicited && message.override && message.has_mac);
	CU_ASSERT_TRUE(ip_equal(message.target, own) && ip_equal(message.dst, host));
	/* to somebody who has no address yet: to all nodes, unsolicited (RFC 4861 §7.2.4) */
	nd_write_advert(frame, &own_mac, own, &host_mac, (struct ip_addr){0, 0});
	CU_ASSERT_EQUAL(memcmp(frame, "\x33\x33\0\0\0\1", 6), 0);
	CU_ASSERT_EQUAL(nd_read(frame + ETHER_BYTES, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_ADVERT);
	CU_ASSERT_FALSE(message.solicited);
}

/* Makes the checksum right again, so that what is wrong is something else. */
static void
sum_mend(uint8_t *ip)
{
	uint8_t *icmp = ip + IPV6_MIN_BYTES;

	store_be16(icmp + 2, 0);
	store_be16(icmp + 2, ip_transport_checksum(ip, IP_NEXT_ICMP6, icmp, load_be16(ip + IPV6_LENGTH)));
}

static void
test_refused(void)
{
	/* offset behind the Ethernet header, and what is written there */
	static const struct {
		uint8_t at, value;
		const char *what;
	} bad[] = {{IPV6_HOPS, 254, "has crossed a router"}, {41, 1, "code"}, {IPV6_LENGTH + 1, 23, "short"},
		{48, 0xff, "target is a group"}, {65, 0, "an option of length 0"}, {65, 2, "a long option"}};
	uint8_t frame[ND_FRAME_BYTES], *ip = frame + ETHER_BYTES;
	struct nd_message message;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		nd_write_solicit(frame, &own_mac, own, host);
		ip[bad[i].at] = bad[i].value;
		sum_mend(ip);
		CU_ASSERT_EQUAL(nd_read(ip, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_BAD);
	}
	nd_write_solicit(frame, &own_mac, own, host);
	ip[70] ^= 1; /* the checksum */
	CU_ASSERT_EQUAL(nd_read(ip, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_BAD);
	ip[70] ^= 1;
	memset(ip + IPV6_SRC, 0, 16); /* "::" has no MAC to tell (§7.1.1) */
	sum_mend(ip);
	CU_ASSERT_EQUAL(nd_read(ip, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_BAD);
	store_be16(ip + IPV6_LENGTH, 24); /* without the option it is a question about a free address */
	sum_mend(ip);
	CU_ASSERT_EQUAL(nd_read(ip, 64, &message), ND_SOLICIT);
	CU_ASSERT_FALSE(message.has_mac);
	nd_write_advert(frame, &own_mac, own, &host_mac, (struct ip_addr){0, 0});
	ip[44] |= 0x40; /* solicited, and to a group (§7.1.2) */
	sum_mend(ip);
	CU_ASSERT_EQUAL(nd_read(ip, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_BAD);
	ip[40] = 128; /* a ping is none of our business */
	CU_ASSERT_EQUAL(nd_read(ip, ND_FRAME_BYTES - ETHER_BYTES, &message), ND_NONE);
}

static void
test_truncated(void)
{
	uint8_t frame[ND_FRAME_BYTES];
	struct nd_message message;

	nd_write_solicit(frame, &own_mac, own, host);
	for (uint32_t len = 0; len < ND_FRAME_BYTES - ETHER_BYTES; len++)
		CU_ASSERT_EQUAL(nd_read(frame + ETHER_BYTES, len, &message),
			len <= IPV6_MIN_BYTES ? ND_NONE : ND_BAD);
}

int
suite_nd(void)
{
	CU_pSuite s = CU_add_suite("nd", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_arp);
	CU_ADD_TEST(s, test_solicit);
	CU_ADD_TEST(s, test_advert);
	CU_ADD_TEST(s, test_refused);
	CU_ADD_TEST(s, test_truncated);
	return (int)CU_get_error();
}
