/* capture/ip_find: AH and ESP in a packet. */
#include "capture/ip_find.h"

#include <string.h>

#include <CUnit/CUnit.h>

#include "base/bytes.h"

int suite_ip_find(void);

static const struct ip_ports ports = {{4500, 10000}, 2};

/* A header of 40 bytes, then extension headers and the rest of `bytes`, of which `more` are given. */
static void
packet_v6(uint8_t *ip, uint8_t next, const void *more, uint32_t n, uint32_t bytes)
{
	memset(ip, 0, bytes);
	ip[0] = 0x60;
	store_be16(ip + 4, (uint16_t)(bytes - 40));
	ip[6] = next;
	ip[8] = 0x20;
	ip[24] = 0x30;
	memcpy(ip + 40, more, n);
}

static void
packet_v4(uint8_t *ip, uint8_t proto, uint32_t head, const void *more, uint32_t n, uint32_t bytes)
{
	memset(ip, 0, bytes);
	ip[0] = (uint8_t)(0x40 | head / 4);
	store_be16(ip + 2, (uint16_t)bytes);
	ip[9] = proto;
	store_be32(ip + 12, 0xc0000201);
	store_be32(ip + 16, 0xc0000202);
	memcpy(ip + head, more, n);
}

#define ESP "\x11\x22\x33\x44\x00\x00\x00\x09"
#define AH "\x32\x04\x00\x00\x11\x22\x33\x44\x00\x00\x00\x09"
#define UDP "\x11\x94\x11\x94\x00\x50\x00\x00" /* 4500 to 4500, 80 bytes */

static enum capture_kind
find(const uint8_t *ip, uint32_t captured, struct ip_found *found)
{
	return ip_find(ip, captured, &ports, found);
}

static void
test_v4(void)
{
	struct ip_found f;
	uint8_t ip[128];

	packet_v4(ip, 50, 20, ESP, 8, 100);
	CU_ASSERT_EQUAL(find(ip, 128, &f), CAPTURE_OPENED); /* what lies behind is padding of the frame */
	CU_ASSERT_TRUE(f.at == 20 && f.head == 20 && f.next_at == 9 && f.len == 100 && !f.v6 && !f.natt);
	CU_ASSERT_TRUE(f.spi == 0x11223344 && f.seq == 9 && ip_equal(f.dst, IP_V4(0xc0000202)));
	CU_ASSERT_EQUAL(find(ip, 99, &f), CAPTURE_TRUNCATED);
	packet_v4(ip, 51, 28, AH, 12, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OPENED);
	CU_ASSERT_TRUE(f.at == 28 && f.proto == 51 && f.spi == 0x11223344 && f.seq == 9);
	ip[6] = 0x20; /* more fragments */
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_FRAGMENT);
	ip[6] = 0x40; /* DF */
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OPENED);
	store_be16(ip + 2, 39);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_MALFORMED);
	store_be16(ip + 2, 27);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_NO_IP);
	packet_v4(ip, 6, 20, "", 0, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OTHER);
	ip[0] = 0x44;
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_NO_IP);
	CU_ASSERT_EQUAL(find(ip, 0, &f), CAPTURE_NO_IP);
}

static void
test_v6(void)
{
	/* hop-by-hop, routing of 24 bytes, an atomic fragment, destination options */
	static const char chain[] = "\x2b\0\0\0\0\0\0\0"
				    "\x2c\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\x3c\0\0\0\0\0\0\7"
				    "\x32\0\0\0\0\0\0\0" ESP;
	struct ip_found f;
	uint8_t ip[200];

	packet_v6(ip, 0, chain, sizeof(chain) - 1, 160);
	CU_ASSERT_EQUAL(find(ip, 160, &f), CAPTURE_OPENED);
	CU_ASSERT_TRUE(f.v6 && f.at == 88 && f.head == 88 && f.next_at == 80 && f.len == 160);
	CU_ASSERT_TRUE(f.spi == 0x11223344 && f.seq == 9 && f.dst.hi >> 56 == 0x30);
	for (uint32_t n = 40; n < 160; n++)
		CU_ASSERT_EQUAL(find(ip, n, &f), CAPTURE_TRUNCATED);
	CU_ASSERT_EQUAL(find(ip, 39, &f), CAPTURE_NO_IP);
	ip[40 + 8 + 24 + 3] = 1;			   /* the fragment header: more follow */
	CU_ASSERT_EQUAL(find(ip, 160, &f), CAPTURE_OTHER); /* of what, is not known */
	ip[40 + 8 + 24] = 50;
	CU_ASSERT_EQUAL(find(ip, 160, &f), CAPTURE_OTHER);
	packet_v6(ip, 0, "\x32\xff", 2, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_MALFORMED); /* longer than the packet */
}

static void
test_udp(void)
{
	struct ip_found f;
	uint8_t ip[128];

	packet_v4(ip, 17, 20, UDP ESP, 16, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OPENED);
	CU_ASSERT_TRUE(
		f.natt && f.proto == 50 && f.head == 20 && f.at == 28 && f.spi == 0x11223344 && f.len == 100);
	store_be16(ip + 24, 60); /* the datagram is shorter than the packet */
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OPENED);
	CU_ASSERT_EQUAL(f.len, 80);
	store_be16(ip + 24, 81); /* and longer */
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_MALFORMED);
	packet_v4(ip, 17, 20, "\x27\x10\x00\x01\x00\x50\x00\x00" ESP, 16, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OPENED); /* from port 10000 */
	packet_v4(ip, 17, 20, "\x27\x11\x00\x01\x00\x50\x00\x00" ESP, 16, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_OTHER);
	packet_v4(ip, 17, 20, "\x01\xf4\x01\xf4\x00\x50\x00\x00", 8, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_IKE); /* port 500 */
	packet_v4(ip, 17, 20, UDP "\0\0\0\0\x11", 13, 100);
	CU_ASSERT_EQUAL(find(ip, 100, &f), CAPTURE_IKE); /* the marker */
	packet_v4(ip, 17, 20, "\x11\x94\x11\x94\x00\x09\x00\x00\xff", 9, 29);
	CU_ASSERT_EQUAL(find(ip, 29, &f), CAPTURE_KEEPALIVE);
	CU_ASSERT_EQUAL(find(ip, 28, &f), CAPTURE_TRUNCATED);
	ip[28] = 0xfe;
	CU_ASSERT_EQUAL(find(ip, 29, &f), CAPTURE_MALFORMED);
}

int
suite_ip_find(void)
{
	CU_pSuite s = CU_add_suite("ip_find", NULL, NULL);

	if (!s || !CU_add_test(s, "IPv4", test_v4) ||
		!CU_add_test(s, "IPv6 with extension headers", test_v6) || !CU_add_test(s, "UDP", test_udp))
		return (int)CU_get_error();
	return 0;
}
