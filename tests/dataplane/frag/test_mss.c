/* MSS clamping: every order of options, both alignments, both families with whatever may stand before TCP,
 * fragments, all flags, damaged lists; against values that are known because the test put them there, and
 * checksums made from scratch. */
#include "dataplane/frag/mss.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "dataplane/frag/cut.h"

int suite_mss(void);

#define PACKET_MAX 512u
#define TEXT 37u /* bytes of payload: an odd number */

/* A packet, and what it should become. */
struct made {
	uint8_t ip[PACKET_MAX], wanted[PACKET_MAX];
	uint32_t len, tcp;
};

enum before { V4, V4_OPTIONS, V4_LONG, V6, V6_HOP, V6_DEST, V6_ROUTING, V6_CHAIN, BEFORES };

/* Next headers of each, ending with TCP. */
static const uint8_t chains[BEFORES][5] = {[V6] = {6},
	[V6_HOP] = {0, 6},
	[V6_DEST] = {60, 6},
	[V6_ROUTING] = {43, 6},
	[V6_CHAIN] = {0, 60, 43, 60, 6}};

/* From scratch, byte by byte. */
static uint16_t
tcp_sum(const uint8_t *ip, uint32_t tcp, uint32_t len)
{
	bool v4 = ip[0] >> 4 == 4;
	uint32_t sum = 6 + (len - tcp), from = v4 ? 12 : 8, to = v4 ? 20 : 40;

	for (uint32_t i = from; i < to; i++)
		sum += (uint32_t)ip[i] << (i & 1 ? 0 : 8);
	for (uint32_t i = tcp; i < len; i++)
		if (i - tcp != 16 && i - tcp != 17)
			sum += (uint32_t)ip[i] << ((i - tcp) & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t
head_make(uint8_t *ip, enum before before, uint32_t behind)
{
	uint32_t len = 20 + (before == V4_OPTIONS ? 4u : before == V4_LONG ? 40u : 0);

	for (uint32_t i = 0; i < PACKET_MAX; i++)
		ip[i] = (uint8_t)(i * 7 + 3);
	if (before < V6) {
		ip[0] = (uint8_t)(0x40 | len / 4);
		store_be16(ip + 2, (uint16_t)(len + behind));
		store_be16(ip + 6, 0);
		ip[9] = 6;
		return len;
	}
	len = 40;
	ip[0] = 0x60;
	ip[6] = chains[before][0];
	for (unsigned i = 0; chains[before][i] != 6; i++) {
		ip[len] = chains[before][i + 1];
		ip[len + 1] = i & 1; /* 8 and 16 bytes */
		len += i & 1 ? 16 : 8;
	}
	store_be16(ip + 4, (uint16_t)(len - 40 + behind));
	return len;
}

/* A SYN with these option bytes, padded by `pad` (ends of list, or no-operations). */
static void
syn_make(struct made *made, enum before before, const uint8_t *options, uint32_t n, uint8_t pad)
{
	uint32_t head = 20 + ((n + 3) & ~3u);
	uint8_t *tcp;

	made->tcp = head_make(made->ip, before, head + TEXT);
	made->len = made->tcp + head + TEXT;
	tcp = made->ip + made->tcp;
	tcp[12] = (uint8_t)(head / 4 << 4);
	tcp[13] = 0x02;
	memset(tcp + 20, pad, head - 20);
	memcpy(tcp + 20, options, n);
	store_be16(tcp + 16, tcp_sum(made->ip, made->tcp, made->len));
	memcpy(made->wanted, made->ip, PACKET_MAX);
}

static void
wanted_sum(struct made *made)
{
	store_be16(made->wanted + made->tcp + 16, tcp_sum(made->wanted, made->tcp, made->len));
}

/* Of the packet in memory of its own, so that what is read or written beside it is seen. */
static bool
clamp_exact(struct made *made, uint32_t len, uint32_t mss)
{
	uint8_t *exact = malloc(len + 1);
	bool lowered;

	CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
	memcpy(exact, made->ip, len);
	lowered = mss_clamp(exact, len, mss);
	memcpy(made->ip, exact, len);
	free(exact);
	return lowered;
}

static bool
stays(struct made *made, uint32_t len, uint32_t mss)
{
	return !clamp_exact(made, len, mss) && !memcmp(made->ip, made->wanted, PACKET_MAX);
}

/* ---- every order ---- */

/* no operation, MSS, window scale, SACK permitted, time stamps */
static const uint8_t option_bytes[][10] = {
	{1}, {2, 4, 0, 0}, {3, 3, 7}, {4, 2}, {8, 10, 1, 2, 3, 4, 5, 6, 7, 8}};
static const uint32_t option_lens[] = {1, 4, 3, 2, 10};
#define OPTION_KINDS 5u

/* The orders are numbers in base 5.  Returns the bytes, 0 where they are too many; places: of the values. */
static uint32_t
order_make(uint32_t order, unsigned count, uint16_t mss, uint8_t *out, uint32_t *places, unsigned *n)
{
	uint32_t len = 0;

	*n = 0;
	for (unsigned i = 0; i < count; i++, order /= OPTION_KINDS) {
		unsigned kind = order % OPTION_KINDS;

		if (len + option_lens[kind] > 40)
			return 0;
		memcpy(out + len, option_bytes[kind], option_lens[kind]);
		if (kind == 1) {
			store_be16(out + len + 2, mss);
			places[(*n)++] = len + 2;
		}
		len += option_lens[kind];
	}
	return len;
}

static bool
order_right(enum before before, const uint8_t *options, uint32_t len, const uint32_t *places, unsigned n,
	uint16_t mss, uint32_t clamp)
{
	struct made made;
	bool lower = n && mss > clamp;

	syn_make(&made, before, options, len, len & 4 ? 0 : 1);
	for (unsigned i = 0; i < n && lower; i++)
		store_be16(made.wanted + made.tcp + 20 + places[i], (uint16_t)clamp);
	wanted_sum(&made);
	return clamp_exact(&made, made.len, clamp) == lower && !memcmp(made.ip, made.wanted, PACKET_MAX);
}

static void
test_every_order(void)
{
	static const uint16_t values[] = {0, 536, 1300, 1301, 1460, 8960, 65535};
	unsigned wrong = 0, odd = 0, even = 0, tried = 0;

	for (unsigned count = 0, orders = 1; count <= 5; count++, orders *= OPTION_KINDS)
		for (uint32_t order = 0; order < orders; order++)
			for (unsigned k = 0; k < 7 * BEFORES; k++) {
				uint16_t mss = values[k % 7];
				uint32_t places[10], len;
				uint8_t options[40];
				unsigned n;

				len = order_make(order, count, mss, options, places, &n);
				odd += n && places[0] & 1;
				even += n && !(places[0] & 1);
				tried++;
				wrong += !order_right((enum before)(k / 7), options, len, places, len ? n : 0,
					mss, order & 1 ? 1300 : 500);
			}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(odd > 10000 && even > 10000 && tried > 200000);
}

/* Ten of them fill a header. */
static void
test_many(void)
{
	uint32_t places[10];
	uint8_t options[40];
	unsigned n = 0;

	for (; n < 10; n++) {
		memcpy(options + 4 * n, option_bytes[1], 4);
		store_be16(options + 4 * n + 2, (uint16_t)(1461 + n));
		places[n] = 4 * n + 2;
	}
	CU_ASSERT_TRUE(order_right(V4, options, 40, places, 10, 1461, 1460));
	CU_ASSERT_TRUE(order_right(V6_CHAIN, options, 40, places, 10, 1461, 1460));
}

/* RFC 1624: the checksum is right for every value that it can have. */
static void
test_every_checksum(void)
{
	static const uint8_t odd[] = {1, 2, 4, 0x05, 0xb4, 0, 0, 0}, even[] = {2, 4, 0x05, 0xb4};
	unsigned wrong = 0;

	for (uint32_t salt = 0; salt < 2 * 65536; salt++) {
		const uint8_t *options = salt & 1 ? odd : even;
		struct made made;

		syn_make(&made, V4, options, salt & 1 ? sizeof(odd) : sizeof(even), 0);
		store_be16(made.ip + made.tcp + 4, (uint16_t)(salt / 2));
		store_be16(made.ip + made.tcp + 16, tcp_sum(made.ip, made.tcp, made.len));
		memcpy(made.wanted, made.ip, PACKET_MAX);
		store_be16(made.wanted + made.tcp + 20 + (salt & 1 ? 3 : 2), 1300);
		wanted_sum(&made);
		wrong += !mss_clamp(made.ip, made.len, 1300) || memcmp(made.ip, made.wanted, PACKET_MAX);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* ---- what is left alone ---- */

static const uint8_t plain[] = {2, 4, 0x05, 0xb4, 1, 3, 3, 7};

static void
test_flags(void)
{
	for (unsigned before = 0; before < BEFORES; before++)
		for (unsigned flags = 0; flags < 256; flags++) {
			struct made made;
			bool syn = flags & 2;

			syn_make(&made, (enum before)before, plain, sizeof(plain), 0);
			made.ip[made.tcp + 13] = made.wanted[made.tcp + 13] = (uint8_t)flags;
			if (before <= V6)
				CU_ASSERT_EQUAL(mss_may_be_syn(made.ip, made.len, before < V6), syn);
			if (before > V6)
				CU_ASSERT_TRUE(mss_may_be_syn(made.ip, made.len, false));
			CU_ASSERT_EQUAL(clamp_exact(&made, made.len, 1300), syn);
			CU_ASSERT_EQUAL(memcmp(made.ip, made.wanted, PACKET_MAX) != 0, syn);
		}
}

static void
test_other_protocols(void)
{
	for (unsigned proto = 0; proto < 256; proto++) {
		struct made made;

		if (proto == 6)
			continue;
		syn_make(&made, V4, plain, sizeof(plain), 0);
		made.ip[9] = made.wanted[9] = (uint8_t)proto;
		CU_ASSERT_TRUE(stays(&made, made.len, 500));
		syn_make(&made, V6, plain, sizeof(plain), 0);
		made.ip[6] = made.wanted[6] = (uint8_t)proto;
		CU_ASSERT_TRUE(stays(&made, made.len, 500));
	}
}

/* Lists with a good MSS option before or behind the damage. */
static void
test_damaged_lists(void)
{
	static const struct {
		uint8_t n, bytes[12];
	} bad[] = {
		{8, {2, 4, 0x05, 0xb4, 3, 0, 1, 1}},	/* length 0 */
		{8, {2, 4, 0x05, 0xb4, 3, 1, 1, 1}},	/* length 1 */
		{8, {2, 4, 0x05, 0xb4, 8, 10, 1, 1}},	/* behind the end */
		{8, {2, 4, 0x05, 0xb4, 1, 1, 1, 3}},	/* no length */
		{8, {2, 3, 0x05, 2, 4, 0x05, 0xb4, 0}}, /* an MSS of 3 bytes */
		{8, {2, 2, 2, 4, 0x05, 0xb4, 1, 1}},
		{12, {2, 5, 0x05, 0xb4, 0, 2, 4, 0x05, 0xb4, 1, 1, 1}},
		{4, {1, 2, 4, 0x05}}, /* cut off */
		{8, {3, 0, 2, 4, 0x05, 0xb4, 1, 1}},
		{4, {0, 2, 4, 0x05}}, /* not damaged, but over before */
		{8, {0, 2, 4, 0x05, 0xb4, 0, 0, 0}},
		{4, {1, 1, 1, 1}}, /* none */
		{0, {0}},
	};

	for (unsigned before = 0; before < BEFORES; before++)
		for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			struct made made;

			syn_make(&made, (enum before)before, bad[i].bytes, bad[i].n, 0);
			CU_ASSERT_TRUE(stays(&made, made.len, 500));
		}
}

/* A packet that ends early, or a header that says more or less than there is. */
static void
test_cut_off(void)
{
	struct made made;

	for (unsigned before = 0; before < BEFORES; before++) {
		uint32_t least;

		syn_make(&made, (enum before)before, plain, sizeof(plain), 0);
		least = before < V6 ? 20 : 40;
		for (uint32_t len = least; len < made.tcp + 28; len++)
			CU_ASSERT_TRUE(stays(&made, len, 1300));
		CU_ASSERT_TRUE(clamp_exact(&made, made.tcp + 28, 1300));
		for (unsigned words = 0; words < 16; words++) {
			syn_make(&made, (enum before)before, plain, sizeof(plain), 0);
			made.ip[made.tcp + 12] = made.wanted[made.tcp + 12] = (uint8_t)(words << 4);
			CU_ASSERT_EQUAL(stays(&made, made.tcp + 28, 1300), words < 6 || words > 7);
		}
	}
}

/* The first fragment has the options, and the checksum is that of the whole. */
static void
test_fragments(void)
{
	uint8_t piece[PACKET_MAX], tail[PACKET_MAX];
	struct frag_cut cut;
	struct made made;

	for (unsigned before = 0; before < BEFORES; before++) {
		uint32_t len, at;

		syn_make(&made, (enum before)before, plain, sizeof(plain), 0);
		CU_ASSERT_TRUE_FATAL(frag_cut_plan(&cut, made.ip, made.len, made.tcp + 8 + 48, false, 7));
		len = frag_cut_piece(&cut, made.ip, 0, piece);
		memcpy(tail, made.ip, made.len);
		at = frag_cut_last(&cut, tail);
		/* whatever stands where flags would */
		memset(tail + at + cut.rest, 2, made.len - at - cut.rest);
		memcpy(made.wanted, tail, PACKET_MAX);
		CU_ASSERT_FALSE(mss_clamp(tail + at, made.len - at, 500));
		CU_ASSERT_EQUAL(memcmp(tail, made.wanted, PACKET_MAX), 0);
		CU_ASSERT_TRUE(mss_clamp(piece, len, 1300));
		/* back into the whole, at the same distance from the end of the headers */
		memcpy(made.ip + cut.head, piece + cut.first, len - cut.first);
		CU_ASSERT_EQUAL(load_be16(made.ip + made.tcp + 22), 1300);
		CU_ASSERT_EQUAL(load_be16(made.ip + made.tcp + 16), tcp_sum(made.ip, made.tcp, made.len));
	}
}

/* Noise in place of the options: nothing but values that are too large changes, and the checksum stays right.
 */
static void
test_noise(void)
{
	unsigned wrong = 0, lowered = 0;
	struct rng rng;

	rng_init(&rng, 1, "mss");
	for (unsigned i = 0; i < 200000; i++) {
		enum before before = (enum before)rng_below(&rng, BEFORES);
		uint32_t n = (uint32_t)rng_below(&rng, 41), differ = 0;
		uint8_t options[40];
		struct made made;
		bool did;

		for (uint32_t k = 0; k < n; k++)
			options[k] = (uint8_t)rng_below(&rng, rng_below(&rng, 4) ? 6 : 256);
		syn_make(&made, before, options, n, 0);
		did = clamp_exact(&made, made.len, 2);
		for (uint32_t k = made.tcp + 20; k < made.len; k++)
			differ += made.ip[k] != made.wanted[k];
		memcpy(made.wanted + made.tcp + 16, made.ip + made.tcp + 16, 2);
		wrong += did != (differ > 0) ||
			 load_be16(made.ip + made.tcp + 16) != tcp_sum(made.ip, made.tcp, made.len);
		lowered += did;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(lowered > 1000);
}

int
suite_mss(void)
{
	CU_pSuite s = CU_add_suite("mss", NULL, NULL);

	CU_ADD_TEST(s, test_every_order);
	CU_ADD_TEST(s, test_many);
	CU_ADD_TEST(s, test_every_checksum);
	CU_ADD_TEST(s, test_flags);
	CU_ADD_TEST(s, test_other_protocols);
	CU_ADD_TEST(s, test_damaged_lists);
	CU_ADD_TEST(s, test_cut_off);
	CU_ADD_TEST(s, test_fragments);
	CU_ADD_TEST(s, test_noise);
	return 0;
}
