/* The flow cache: what makes a key, and which entry gives way. */
#include "dataplane/flow_cache.h"

#include <CUnit/CUnit.h>

#include "base/bytes.h"

int suite_flow_cache(void);

#define UDP 17

/* 192.0.2.1:1000 to 198.51.100.2:2000, DSCP EF; header of 20 bytes, 12 more behind it. */
static void
packet_write(uint8_t *ip, uint8_t proto)
{
	static const uint8_t header[20] = {
		0x45, 46 << 2, 0, 32, 0, 7, 0, 0, 64, 0, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2};

	memset(ip, 0, 64);
	memcpy(ip, header, sizeof(header));
	ip[9] = proto;
	store_be16(ip + 20, 1000);
	store_be16(ip + 22, 2000);
}

static int
key_equal(struct flow_key a, struct flow_key b)
{
	return a.addresses == b.addresses && a.rest == b.rest;
}

/* Does a packet that differs from the first in byte `at` belong to its flow? */
static int
same_flow(unsigned at, uint8_t value, uint8_t proto)
{
	uint8_t one[64], other[64];

	packet_write(one, proto);
	packet_write(other, proto);
	other[at] = value;
	return key_equal(flow_key_read(one, 32, 0), flow_key_read(other, 32, 0));
}

static void
test_key_fields(void)
{
	for (unsigned i = 12; i < 24; i++) /* addresses and ports, every byte */
		CU_ASSERT_FALSE(same_flow(i, 99, UDP));
	CU_ASSERT_FALSE(same_flow(9, 6, UDP));
	for (unsigned dscp = 0; dscp < 64; dscp++)
		CU_ASSERT_EQUAL(same_flow(1, (uint8_t)(dscp << 2), UDP), dscp == 46);
	CU_ASSERT_TRUE(same_flow(1, 46 << 2 | 3, UDP)); /* ECN, identification, TTL, payload: the same flow */
	CU_ASSERT_TRUE(same_flow(4, 99, UDP));
	CU_ASSERT_TRUE(same_flow(8, 1, UDP));
	CU_ASSERT_TRUE(same_flow(24, 99, UDP));
	CU_ASSERT_TRUE(same_flow(6, 0x40, UDP)); /* DF */
}

static void
test_key_ports(void)
{
	uint8_t one[64], other[64];

	CU_ASSERT_FALSE(same_flow(20, 99, 6));
	CU_ASSERT_FALSE(same_flow(23, 99, 132));
	CU_ASSERT_TRUE(same_flow(20, 99, 1)); /* ICMP and ESP have none */
	CU_ASSERT_TRUE(same_flow(20, 99, 50));
	/* behind options */
	packet_write(one, UDP);
	one[0] = 0x46;
	memcpy(other, one, sizeof(one));
	other[20] = 99;
	CU_ASSERT_TRUE(key_equal(flow_key_read(one, 32, 0), flow_key_read(other, 32, 0)));
	other[24] = 99;
	CU_ASSERT_FALSE(key_equal(flow_key_read(one, 32, 0), flow_key_read(other, 32, 0)));
}

/* The first fragment shows its ports, the others do not: they are no flow with ports 0 (RFC 4301 §4.4.1.1).
 */
static void
test_key_opaque(void)
{
	uint8_t one[64], other[64];
	struct flow_key zero;

	CU_ASSERT_TRUE(same_flow(6, 0x20, UDP)); /* more fragments, offset 0 */
	packet_write(one, UDP);
	packet_write(other, UDP);
	one[7] = 1;
	other[7] = 200;
	other[20] = 99;
	CU_ASSERT_TRUE(key_equal(flow_key_read(one, 32, 0), flow_key_read(other, 32, 0)));
	other[6] = 0x01; /* an offset in the high bits only */
	other[7] = 0;
	CU_ASSERT_TRUE(key_equal(flow_key_read(one, 32, 0), flow_key_read(other, 32, 0)));
	packet_write(other, UDP);
	memset(other + 20, 0, 4);
	zero = flow_key_read(other, 32, 0);
	CU_ASSERT_FALSE(key_equal(flow_key_read(one, 32, 0), zero));
	/* nor is a packet that ends before its ports */
	for (unsigned len = 20; len < 24; len++)
		CU_ASSERT_FALSE(key_equal(flow_key_read(other, len, 0), zero));
	CU_ASSERT_TRUE(key_equal(flow_key_read(other, 24, 0), zero));
}

static void
test_key_inbound_sa(void)
{
	uint8_t ip[64];

	packet_write(ip, UDP);
	CU_ASSERT_FALSE(key_equal(flow_key_read(ip, 32, 0), flow_key_read(ip, 32, 1)));
	CU_ASSERT_FALSE(key_equal(flow_key_read(ip, 32, 1), flow_key_read(ip, 32, 2)));
	CU_ASSERT_TRUE(key_equal(flow_key_read(ip, 32, 65535), flow_key_read(ip, 32, 65535)));
}

static struct flow_entry
entry_of(uint64_t addresses, uint8_t port)
{
	return (struct flow_entry){.key = {addresses, 0}, .port = port, .mtu = 1500};
}

static void
test_find(void)
{
	struct flow_entry entry = entry_of(1, 7);
	struct flow_cache *cache;
	const struct flow_entry *found;

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(16, &cache), ST_OK);
	CU_ASSERT_EQUAL(cache->misses, 0);
	CU_ASSERT_PTR_NULL(flow_cache_find(cache, entry.key));
	CU_ASSERT_PTR_NULL(
		flow_cache_find(cache, (struct flow_key){0, 0})); /* what empty memory looks like */
	found = flow_cache_add(cache, &entry);
	CU_ASSERT_PTR_EQUAL(flow_cache_find(cache, entry.key), found);
	CU_ASSERT_EQUAL(found->port, 7);
	CU_ASSERT_EQUAL(found->mtu, 1500);
	CU_ASSERT_EQUAL(cache->misses, 1);
	CU_ASSERT_PTR_NULL(flow_cache_find(cache, (struct flow_key){1, 1}));
	CU_ASSERT_PTR_NULL(flow_cache_find(cache, (struct flow_key){2, 0}));
	flow_cache_clear(cache);
	CU_ASSERT_PTR_NULL(flow_cache_find(cache, entry.key));
	flow_cache_destroy(cache);
	flow_cache_destroy(NULL);
}

/* One bucket holds the last two that came. */
static void
test_the_older_gives_way(void)
{
	struct flow_cache *cache;

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(1, &cache), ST_OK);
	for (unsigned i = 1; i <= 20; i++) {
		struct flow_entry entry = entry_of(i, (uint8_t)i);

		flow_cache_add(cache, &entry);
		for (unsigned k = 1; k <= i; k++) {
			const struct flow_entry *found = flow_cache_find(cache, (struct flow_key){k, 0});

			CU_ASSERT_EQUAL(found != NULL, k + 1 >= i);
			CU_ASSERT(!found || found->port == k);
		}
	}
	CU_ASSERT_EQUAL(cache->misses, 20);
	flow_cache_destroy(cache);
}

/* Adds 4000 flows, which differ in one way or another, to 8192 buckets of two, and looks how many are kept:
 * if they fell at random, all but some 50. */
static unsigned
flows_kept(void (*vary)(uint8_t *ip, unsigned i))
{
	struct flow_cache *cache;
	unsigned kept = 0;

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(8192, &cache), ST_OK);
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < 4000; i++) {
			struct flow_entry entry = {.drop = 0};
			uint8_t ip[64];

			packet_write(ip, UDP);
			vary(ip, i);
			entry.key = flow_key_read(ip, 32, 0);
			if (pass)
				kept += flow_cache_find(cache, entry.key) != NULL;
			else
				flow_cache_add(cache, &entry);
		}
	flow_cache_destroy(cache);
	return kept;
}

static void
vary_port(uint8_t *ip, unsigned i)
{
	store_be16(ip + 20, (uint16_t)(10000 + i));
}

static void
vary_destination(uint8_t *ip, unsigned i)
{
	store_be16(ip + 18, (uint16_t)i);
}

static void
vary_pair(uint8_t *ip, unsigned i)
{
	store_be16(ip + 14, (uint16_t)i);
	store_be16(ip + 18, (uint16_t)i);
}

static void
vary_all(uint8_t *ip, unsigned i)
{
	store_be16(ip + 20, (uint16_t)(10000 + i % 10));
	ip[1] = (uint8_t)(i / 10 % 10 << 2);
	ip[15] = (uint8_t)(i / 100 % 10);
	ip[19] = (uint8_t)(i / 1000);
}

static void
test_flows_spread(void)
{
	CU_ASSERT(flows_kept(vary_port) > 3800);
	CU_ASSERT(flows_kept(vary_destination) > 3800);
	CU_ASSERT(flows_kept(vary_pair) > 3800);
	CU_ASSERT(flows_kept(vary_all) > 3800);
}

/* ---- IPv6 ---- */

/* 2001:db8:1::1:1000 to 2001:db8:2::2:2000, DSCP EF, 16 bytes behind the header; `at` becomes `value`. */
static void
packet6_write(uint8_t *ip, unsigned at, uint8_t value)
{
	static const uint8_t header[40] = {0x6b, 0x80, 0, 0, 0, 24, UDP, 64, 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

	memset(ip, 0, 64);
	memcpy(ip, header, sizeof(header));
	store_be16(ip + 40, 1000);
	store_be16(ip + 42, 2000);
	ip[at] = value;
}

static int
same_flow6(unsigned at, uint8_t value)
{
	uint8_t one[64], other[64];

	packet6_write(one, 4, 0);
	packet6_write(other, at, value);
	return key_equal(flow_key_read6(one, 64, 0), flow_key_read6(other, 64, 0));
}

static void
test_key6_fields(void)
{
	uint8_t ip[64];

	for (unsigned i = 8; i < 44; i++) /* addresses and ports, every byte */
		CU_ASSERT_FALSE(same_flow6(i, 99));
	CU_ASSERT_FALSE(same_flow6(6, 6));
	for (unsigned dscp = 0; dscp < 16; dscp++) /* the four bits of the first byte; two are in the next */
		CU_ASSERT_EQUAL(same_flow6(0, (uint8_t)(0x60 | dscp)), dscp == 0xb);
	CU_ASSERT_FALSE(same_flow6(1, 0x40));
	CU_ASSERT_TRUE(same_flow6(1, 0xb0)); /* ECN, flow label, hop limit, payload: the same flow */
	CU_ASSERT_TRUE(same_flow6(3, 99));
	CU_ASSERT_TRUE(same_flow6(7, 1));
	CU_ASSERT_TRUE(same_flow6(44, 99));
	packet6_write(ip, 4, 0);
	CU_ASSERT_FALSE(key_equal(flow_key_read6(ip, 64, 0), flow_key_read6(ip, 64, 1)));
	CU_ASSERT_FALSE(key_equal(flow_key_read6(ip, 64, 0), flow_key_read6(ip, 43, 0))); /* no ports */
}

/* Behind an extension header stand the ports; a later fragment has none. */
static void
test_key6_extension(void)
{
	uint8_t one[64], other[64];

	packet6_write(one, 6, 60);
	one[40] = UDP; /* destination options of 8 bytes, then ports */
	one[41] = 0;
	store_be16(one + 48, 1000);
	memcpy(other, one, sizeof(one));
	other[42] = 1;
	CU_ASSERT_TRUE(key_equal(flow_key_read6(one, 64, 0), flow_key_read6(other, 64, 0)));
	other[49]++;
	CU_ASSERT_FALSE(key_equal(flow_key_read6(one, 64, 0), flow_key_read6(other, 64, 0)));
	packet6_write(one, 6, 44);
	one[40] = UDP;
	store_be16(one + 42, 8 << 3 | 1);
	memcpy(other, one, sizeof(one));
	other[48] = 7;
	store_be16(other + 42, 16 << 3);
	CU_ASSERT_TRUE(key_equal(flow_key_read6(one, 64, 0), flow_key_read6(other, 64, 0)));
	store_be16(other + 42, 1); /* the first */
	CU_ASSERT_FALSE(key_equal(flow_key_read6(one, 64, 0), flow_key_read6(other, 64, 0)));
}

/* Flows whose keys are the same, as a mixture may make them, are told apart by their addresses. */
static void
test_find6_collision(void)
{
	struct flow_cache *cache;
	struct flow_entry entry;
	uint8_t ip[3][64];

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(16, &cache), ST_OK);
	for (unsigned i = 0; i < 3; i++) {
		packet6_write(ip[i], i == 2 ? 39 : 23, (uint8_t)(10 + i));
		entry = flow_entry_begin(ip[i], 64, 0);
		entry.key = (struct flow_key){5, 6};
		entry.port = (uint8_t)i;
		if (i < 2)
			flow_cache_add(cache, &entry);
	}
	for (unsigned i = 0; i < 2; i++) {
		const struct flow_entry *found = flow_cache_find6(cache, (struct flow_key){5, 6}, ip[i]);

		CU_ASSERT(found && found->port == i);
	}
	CU_ASSERT_PTR_NULL(flow_cache_find6(cache, (struct flow_key){5, 6}, ip[2]));
	flow_cache_destroy(cache);
}

/* Both families through the same door; neither is taken for the other. */
static void
test_look(void)
{
	struct flow_cache *cache;
	struct flow_entry entry;
	uint8_t ip4[64], ip6[64];

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(1, &cache), ST_OK);
	packet_write(ip4, UDP);
	packet6_write(ip6, 4, 0);
	CU_ASSERT_PTR_NULL(flow_cache_look(cache, true, ip4, 32, 0));
	CU_ASSERT_PTR_NULL(flow_cache_look(cache, false, ip6, 64, 0));
	entry = flow_entry_begin(ip4, 32, 0);
	entry.port = 4;
	flow_cache_add(cache, &entry);
	CU_ASSERT_PTR_NULL(flow_cache_look(cache, false, ip6, 64, 0));
	entry = flow_entry_begin(ip6, 64, 0);
	entry.port = 6;
	flow_cache_add(cache, &entry);
	CU_ASSERT_EQUAL_FATAL(flow_cache_look(cache, true, ip4, 32, 0) != NULL, 1);
	CU_ASSERT_EQUAL(flow_cache_look(cache, true, ip4, 32, 0)->port, 4);
	CU_ASSERT_EQUAL_FATAL(flow_cache_look(cache, false, ip6, 64, 0) != NULL, 1);
	CU_ASSERT_EQUAL(flow_cache_look(cache, false, ip6, 64, 0)->port, 6);
	CU_ASSERT_PTR_NULL(flow_cache_look(cache, false, ip6, 64, 1));
	flow_cache_destroy(cache);
}

/* What is forgotten is gone, and only that, whichever place of its bucket it had. */
static void
test_forget(void)
{
	struct flow_cache *cache;
	uint8_t a[64], b[64];

	for (unsigned first = 0; first < 2; first++) {
		struct flow_entry entry;

		CU_ASSERT_EQUAL_FATAL(flow_cache_create(1, &cache), ST_OK); /* they share the bucket */
		packet_write(a, UDP);
		packet_write(b, 6);
		entry = flow_entry_begin(a, 32, 0);
		flow_cache_add(cache, &entry);
		entry = flow_entry_begin(b, 32, 0);
		flow_cache_add(cache, &entry);
		flow_cache_forget(cache, flow_cache_look(cache, true, first ? a : b, 32, 0));
		CU_ASSERT_PTR_NULL(flow_cache_look(cache, true, first ? a : b, 32, 0));
		CU_ASSERT_PTR_NOT_NULL(flow_cache_look(cache, true, first ? b : a, 32, 0));
		flow_cache_add(cache, &entry);
		CU_ASSERT_PTR_NOT_NULL(flow_cache_look(cache, true, b, 32, 0));
		flow_cache_destroy(cache);
	}
}

/* More SAs than the key has room for: what came in by one is not known of another. */
static void
test_many_sas(void)
{
	static const uint32_t sa_in[] = {5, 5 + (1u << 16), 5 + (15u << 16)};
	struct flow_cache *cache;
	struct flow_entry entry;
	uint8_t ip4[64], ip6[64];

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(16, &cache), ST_OK);
	packet_write(ip4, UDP);
	packet6_write(ip6, 4, 0);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_PTR_NULL(flow_cache_look(cache, true, ip4, 32, sa_in[i]));
		CU_ASSERT_PTR_NULL(flow_cache_look(cache, false, ip6, 64, sa_in[i]));
		entry = flow_entry_begin(ip4, 32, sa_in[i]);
		flow_cache_add(cache, &entry);
		entry = flow_entry_begin(ip6, 64, sa_in[i]);
		flow_cache_add(cache, &entry);
		CU_ASSERT_PTR_NOT_NULL(flow_cache_look(cache, true, ip4, 32, sa_in[i]));
		CU_ASSERT_PTR_NOT_NULL(flow_cache_look(cache, false, ip6, 64, sa_in[i]));
	}
	flow_cache_destroy(cache);
}

/* As many are kept as of IPv4: hosts of two networks that differ in the last bytes, each to each. */
static void
test_flows6_spread(void)
{
	struct flow_cache *cache;
	unsigned kept = 0;

	CU_ASSERT_EQUAL_FATAL(flow_cache_create(8192, &cache), ST_OK);
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < 4000; i++) {
			struct flow_entry entry;
			uint8_t ip[64];

			packet6_write(ip, 23, (uint8_t)(i % 64));
			ip[39] = (uint8_t)(i / 64);
			entry = flow_entry_begin(ip, 64, 0);
			if (pass)
				kept += flow_cache_look(cache, false, ip, 64, 0) != NULL;
			else
				flow_cache_add(cache, &entry);
		}
	CU_ASSERT(kept > 3800);
	flow_cache_destroy(cache);
}

int
suite_flow_cache(void)
{
	CU_pSuite s = CU_add_suite("flow_cache", NULL, NULL);

	CU_ADD_TEST(s, test_key_fields);
	CU_ADD_TEST(s, test_key_ports);
	CU_ADD_TEST(s, test_key_opaque);
	CU_ADD_TEST(s, test_key_inbound_sa);
	CU_ADD_TEST(s, test_find);
	CU_ADD_TEST(s, test_the_older_gives_way);
	CU_ADD_TEST(s, test_flows_spread);
	CU_ADD_TEST(s, test_key6_fields);
	CU_ADD_TEST(s, test_key6_extension);
	CU_ADD_TEST(s, test_find6_collision);
	CU_ADD_TEST(s, test_look);
	CU_ADD_TEST(s, test_forget);
	CU_ADD_TEST(s, test_many_sas);
	CU_ADD_TEST(s, test_flows6_spread);
	return 0;
}
