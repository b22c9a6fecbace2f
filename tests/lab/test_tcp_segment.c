/* lab/tcp/segment: headers against bytes written by hand, there and back, and anything at all. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "lab/tcp/segment.h"

int suite_tcp_segment(void);

static void
test_syn_bytes(void)
{
	static const uint8_t expected[] = {0x12, 0x34, 0x56, 0x78, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x80, 0xc2, 0xff, 0xff, 0, 0, 0, 0,
		/* MSS 1460; NOP NOP SACK-permitted; NOP window scale 7 */
		2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};
	struct tcp_segment s = {.seq = 0x11223344,
		.ack = 0x55667788,
		.window = 65535,
		.flags = TCP_SYN | TCP_ECE | TCP_CWR,
		.mss = 1460,
		.wscale = 7,
		.sack_ok = true};
	uint8_t bytes[TCP_HEAD_MAX];

	memset(bytes, 0xaa, sizeof(bytes));
	memcpy(bytes, expected, 4); /* ports are not its own */
	CU_ASSERT_EQUAL_FATAL(tcp_segment_bytes(&s), sizeof(expected));
	tcp_segment_write(&s, bytes);
	CU_ASSERT_EQUAL(memcmp(bytes, expected, sizeof(expected)), 0);
	CU_ASSERT_EQUAL(bytes[sizeof(expected)], 0xaa);
}

static void
test_sack_bytes(void)
{
	static const uint8_t options[] = {
		1, 1, 5, 18, 0, 0, 1, 0, 0, 0, 2, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 16};
	struct tcp_segment s = {.flags = TCP_ACK,
		.wscale = TCP_WSCALE_NONE,
		.n_sack = 2,
		.sack = {{0x100, 0x200}, {0xfffffff0, 0x10}}};
	uint8_t bytes[TCP_HEAD_MAX];

	CU_ASSERT_EQUAL_FATAL(tcp_segment_bytes(&s), 40);
	tcp_segment_write(&s, bytes);
	CU_ASSERT_EQUAL(bytes[12], 0xa0);
	CU_ASSERT_EQUAL(memcmp(bytes + 20, options, sizeof(options)), 0);
	CU_ASSERT_EQUAL(tcp_sack_bytes(2), 20);
	CU_ASSERT_EQUAL(tcp_sack_bytes(0), 0);
}

/* What is written is read, options of SYNs in SYNs only. */
static void
test_there_and_back(void)
{
	struct rng rng;

	rng_init(&rng, 1, "segment");
	for (unsigned i = 0; i < 20000; i++) {
		bool syn = rng_below(&rng, 2);
		struct tcp_segment s = {.seq = (uint32_t)rng_u64(&rng),
			.ack = (uint32_t)rng_u64(&rng),
			.len = (uint32_t)rng_below(&rng, 1461),
			.window = (uint16_t)rng_u64(&rng),
			.flags = (uint8_t)((rng_u64(&rng) & ~(uint64_t)TCP_SYN) | (syn ? TCP_SYN : 0)),
			.mss = syn ? (uint16_t)rng_u64(&rng) : 0,
			.wscale = syn && rng_below(&rng, 2) ? (uint8_t)rng_below(&rng, 15) : TCP_WSCALE_NONE,
			.sack_ok = syn && rng_below(&rng, 2)};
		struct tcp_segment read;
		uint8_t bytes[TCP_HEAD_MAX + 1500] = {0};
		uint32_t head;

		s.n_sack = syn ? 0 : (uint8_t)rng_below(&rng, 5);
		for (unsigned b = 0; b < s.n_sack; b++)
			s.sack[b] = (struct tcp_block){(uint32_t)rng_u64(&rng), (uint32_t)rng_u64(&rng)};
		tcp_segment_write(&s, bytes);
		CU_ASSERT_FATAL(tcp_segment_read(bytes, tcp_segment_bytes(&s) + s.len, &read, &head));
		CU_ASSERT_EQUAL(head, tcp_segment_bytes(&s));
		CU_ASSERT(read.seq == s.seq && read.ack == s.ack && read.len == s.len);
		CU_ASSERT(read.window == s.window && read.flags == s.flags && read.mss == s.mss);
		CU_ASSERT(read.wscale == s.wscale && read.sack_ok == s.sack_ok && read.n_sack == s.n_sack);
		CU_ASSERT_EQUAL(memcmp(read.sack, s.sack, sizeof(s.sack)), 0);
	}
}

static void
test_bad_heads(void)
{
	uint8_t bytes[TCP_HEAD_MAX] = {[12] = 0x50, [13] = TCP_SYN};
	struct tcp_segment s;
	uint32_t head;

	CU_ASSERT_FALSE(tcp_segment_read(bytes, 19, &s, &head));
	CU_ASSERT_TRUE(tcp_segment_read(bytes, 20, &s, &head));
	bytes[12] = 0x40; /* shorter than a header */
	CU_ASSERT_FALSE(tcp_segment_read(bytes, 60, &s, &head));
	bytes[12] = 0x60; /* longer than the packet */
	CU_ASSERT_FALSE(tcp_segment_read(bytes, 23, &s, &head));
	/* an option that says it is longer than the header, of length 0, without length */
	memcpy(bytes + 20, "\x02\x08\x05\xb4", 4);
	CU_ASSERT_TRUE(tcp_segment_read(bytes, 24, &s, &head));
	CU_ASSERT_EQUAL(s.mss, 0);
	memcpy(bytes + 20, "\x02\x00\x05\xb4", 4);
	CU_ASSERT_TRUE(tcp_segment_read(bytes, 24, &s, &head));
	CU_ASSERT_EQUAL(s.mss, 0);
	memcpy(bytes + 20, "\x01\x01\x01\x02", 4);
	CU_ASSERT_TRUE(tcp_segment_read(bytes, 24, &s, &head));
	CU_ASSERT_EQUAL(s.mss, 0);
	/* unknown options are passed over; window scale of 15 and more is 14 (RFC 7323 §2.3) */
	bytes[12] = 0x80;
	memcpy(bytes + 20, "\xfe\x05\x01\x02\x03\x03\x03\x0f\x02\x04\x02\x18", 12);
	CU_ASSERT_TRUE(tcp_segment_read(bytes, 32, &s, &head));
	CU_ASSERT_EQUAL(s.wscale, 14);
	CU_ASSERT_EQUAL(s.mss, 536);
	bytes[13] = TCP_ACK; /* MSS counts in SYNs only */
	CU_ASSERT_TRUE(tcp_segment_read(bytes, 32, &s, &head));
	CU_ASSERT_EQUAL(s.mss, 0);
	CU_ASSERT_EQUAL(s.wscale, TCP_WSCALE_NONE);
}

/* No bytes whatever do harm; the buffer ends where the packet does, which ASan watches. */
static void
test_fuzz(void)
{
	struct rng rng;

	rng_init(&rng, 2, "fuzz");
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t n = (uint32_t)rng_below(&rng, 80), head;
		uint8_t bytes[80];
		struct tcp_segment s;

		rng_bytes(&rng, bytes, sizeof(bytes));
		if (n > 12)
			bytes[80 - n + 12] |= 0x50; /* else most are too short to be looked at */
		if (!tcp_segment_read(bytes + 80 - n, n, &s, &head))
			continue;
		CU_ASSERT(head >= TCP_HEAD_BYTES && head <= TCP_HEAD_MAX && head + s.len == n);
		CU_ASSERT(s.n_sack <= TCP_SACK_MAX);
		CU_ASSERT(s.wscale <= TCP_WSCALE_MAX || s.wscale == TCP_WSCALE_NONE);
	}
}

int
suite_tcp_segment(void)
{
	CU_pSuite suite = CU_add_suite("tcp_segment", NULL, NULL);

	CU_add_test(suite, "a SYN, byte by byte", test_syn_bytes);
	CU_add_test(suite, "SACK blocks, byte by byte", test_sack_bytes);
	CU_add_test(suite, "there and back", test_there_and_back);
	CU_add_test(suite, "bad headers and options", test_bad_heads);
	CU_add_test(suite, "anything at all", test_fuzz);
	return CUE_SUCCESS;
}
