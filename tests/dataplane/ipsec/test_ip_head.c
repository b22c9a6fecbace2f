/* Chains of IPv6 extension headers: whole, cut, too long, fragments. */
#include "dataplane/ipsec/ip_head.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

int suite_ip_head(void);

#define UDP 17
#define BYTES 160

/* A chain: protocols from the fixed header on, each extension `units` * 8 bytes; returns where it ends. */
static uint32_t
chain_write(uint8_t *ip, const uint8_t *protos, unsigned n, unsigned units)
{
	uint32_t at = IPV6_MIN_BYTES;

	memset(ip, 0, BYTES);
	ip[0] = 0x60;
	ip[IPV6_NEXT] = protos[0];
	for (unsigned i = 0; i + 1 < n; i++) {
		ip[at] = protos[i + 1];
		ip[at + 1] = protos[i] == IP_NEXT_FRAGMENT ? 0 : (uint8_t)(units - 1);
		at += protos[i] == IP_NEXT_FRAGMENT ? 8 : units * 8;
	}
	return at;
}

static void
test_chains(void)
{
	static const struct {
		uint8_t protos[12];
		unsigned n;
		bool known;
		uint8_t proto;
	} rows[] = {
		{{UDP}, 1, true, UDP},
		{{50}, 1, true, 50},
		{{51, UDP}, 2, true, 51}, /* AH is an upper layer */
		{{59}, 1, true, 59},
		{{253}, 1, true, 253},
		{{0, UDP}, 2, true, UDP},
		{{0, 60, 43, 60, 6}, 5, true, 6},
		{{60, 0, UDP}, 3, false, 0}, /* hop-by-hop options come first */
		{{0, 0, UDP}, 3, false, 0},
		{{60, 60, 60, 60, 60, 60, 60, 60, UDP}, 9, true, UDP},
		{{60, 60, 60, 60, 60, 60, 60, 60, 60, UDP}, 10, false, 60}, /* more than 8 */
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip6_upper upper;
		uint8_t ip[BYTES];
		uint32_t end = chain_write(ip, rows[i].protos, rows[i].n, 1);

		ip6_upper_find(ip, BYTES, &upper);
		CU_ASSERT_EQUAL(upper.known, rows[i].known);
		CU_ASSERT_EQUAL(upper.proto, rows[i].proto);
		CU_ASSERT(!upper.fragment && upper.first);
		CU_ASSERT(!rows[i].known || rows[i].proto == 51 || upper.offset == end);
	}
}

/* Against the end of the memory: a chain that is cut anywhere is not known, and nothing behind it is read. */
static void
test_cut(void)
{
	static const uint8_t protos[] = {0, 43, 44, 60, UDP};
	uint8_t whole[BYTES];
	uint32_t end = chain_write(whole, protos, sizeof(protos), 2);

	for (uint32_t len = IPV6_MIN_BYTES; len <= end + 4; len++) {
		uint8_t *ip = malloc(len);
		struct ip6_upper upper;

		CU_ASSERT_PTR_NOT_NULL_FATAL(ip);
		memcpy(ip, whole, len);
		ip6_upper_find(ip, len, &upper);
		CU_ASSERT_EQUAL(upper.known, len >= end);
		CU_ASSERT(upper.offset <= len);
		CU_ASSERT(len < end || (upper.offset == end && upper.proto == UDP));
		free(ip);
	}
}

static void
test_fragments(void)
{
	static const uint8_t protos[] = {0, 44, UDP}, more[] = {44, 60, UDP};
	struct ip6_upper upper;
	uint8_t ip[BYTES];

	for (unsigned offset = 0; offset < 0x10000; offset += 8) {
		chain_write(ip, protos, sizeof(protos), 1);
		store_be16(ip + 50, (uint16_t)offset | 1);
		ip6_upper_find(ip, BYTES, &upper);
		CU_ASSERT(upper.known && upper.fragment && upper.proto == UDP && upper.offset == 56);
		CU_ASSERT_EQUAL(upper.first, offset == 0);
	}
	chain_write(ip, more, sizeof(more), 1); /* what follows in the first is not in this one */
	store_be16(ip + 42, 8 << 3);
	ip6_upper_find(ip, BYTES, &upper);
	CU_ASSERT(!upper.known && !upper.first && upper.proto == 60);
	store_be16(ip + 42, 1);
	ip6_upper_find(ip, BYTES, &upper);
	CU_ASSERT(upper.known && upper.first && upper.proto == UDP);
}

static void
test_fields(void)
{
	static const uint8_t ip4[20] = {0x45, 0xb9, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 0, 5, 10, 2, 0, 7};
	uint8_t ip6[40] = {0x6b, 0x9a, 0xbc, 0xde, [8] = 0x20, [23] = 1, [24] = 0xfd, [39] = 2};

	CU_ASSERT(ip_head_is_v4(ip4) && !ip_head_is_v4(ip6));
	CU_ASSERT_EQUAL(ip_tos(ip4), 0xb9);
	CU_ASSERT_EQUAL(ip_tos(ip6), 0xb9);
	CU_ASSERT(ip_equal(ip_head_src(ip4), ip_v4(0x0a010005)));
	CU_ASSERT(ip_equal(ip_head_dst(ip4), ip_v4(0x0a020007)));
	CU_ASSERT(ip_equal(ip_head_src(ip6), (struct ip_addr){UINT64_C(0x20) << 56, 1}));
	CU_ASSERT(ip_equal(ip_head_dst(ip6), (struct ip_addr){UINT64_C(0xfd) << 56, 2}));
	CU_ASSERT(ip_head_is_whole(ip4, 20) && !ip_head_is_whole(ip4, 19));
	CU_ASSERT(ip_head_is_whole(ip6, 40) && !ip_head_is_whole(ip6, 39));
	ip6[0] = 0x50;
	CU_ASSERT_FALSE(ip_head_is_whole(ip6, 40));
}

int
suite_ip_head(void)
{
	CU_pSuite s = CU_add_suite("ip_head", NULL, NULL);

	CU_ADD_TEST(s, test_fields);
	CU_ADD_TEST(s, test_chains);
	CU_ADD_TEST(s, test_cut);
	CU_ADD_TEST(s, test_fragments);
	return 0;
}
