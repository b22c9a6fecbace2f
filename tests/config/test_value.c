/* config/value.c and value_net.c: how each kind of value may be written, and what it becomes. */
#include <CUnit/CUnit.h>

#include <string.h>

#include "config/cfg.h"
#include "config/value.h"

int suite_value(void);

/* Stores a text (or, unquoted, a number) as the type of that key; false where it is refused. */
static bool
store(enum section_id section, const char *name, const char *text, void *field)
{
	struct storing storing = {
		.key = key_find(section, name), .value = value_of_text(text), .field = field};

	CU_ASSERT_PTR_NOT_NULL_FATAL(storing.key);
	return value_store(&storing);
}

static void
check_u64(enum section_id section, const char *name, const char *text, uint64_t expected)
{
	uint64_t got = ~expected;

	CU_ASSERT_TRUE(store(section, name, text, &got));
	CU_ASSERT_EQUAL(got, expected);
}

static void
test_times(void)
{
	uint64_t field;

	check_u64(SECTION_PATH, "delay", "20 ms", 20000000);
	check_u64(SECTION_PATH, "delay", "10us", 10000);
	check_u64(SECTION_PATH, "delay", "1.5 s", 1500000000);
	check_u64(SECTION_PATH, "delay", "250 ns", 250);
	check_u64(SECTION_PATH, "delay", "2 min", UINT64_C(120000000000));
	check_u64(SECTION_PATH, "delay", "0.000001", 1000);
	check_u64(SECTION_PATH, "delay", ".5", 500000000);
	check_u64(SECTION_PATH, "delay", "1e-9", 1);
	check_u64(SECTION_PATH, "delay", "9999.999999999", UINT64_C(9999999999999));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "20 m", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "-1 s", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "inf", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "nan", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "1e400", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "0x10", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "delay", "20 ms ", &field));
}

static void
test_rates_and_sizes(void)
{
	uint64_t field;
	uint32_t bytes = 0;

	check_u64(SECTION_PATH, "rate", "2 Mb/s", 2000000);
	check_u64(SECTION_PATH, "rate", "10 Gb/s", UINT64_C(10000000000));
	check_u64(SECTION_PATH, "rate", "64 kb/s", 64000);
	check_u64(SECTION_PATH, "rate", "1.544 Mbit/s", 1544000);
	check_u64(SECTION_PATH, "rate", "100b/s", 100);
	check_u64(SECTION_PATH, "rate", "9600", 9600);
	CU_ASSERT_FALSE(store(SECTION_PATH, "rate", "2 mb/s", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "rate", "2 ms", &field));
	CU_ASSERT_FALSE(store(SECTION_PATH, "rate", "11 Tb/s", &field));
	CU_ASSERT_TRUE(store(SECTION_PATH, "queue", "64 kB", &bytes));
	CU_ASSERT_EQUAL(bytes, 64000);
	CU_ASSERT_TRUE(store(SECTION_PATH, "queue", "64 KiB", &bytes));
	CU_ASSERT_EQUAL(bytes, 65536);
	CU_ASSERT_TRUE(store(SECTION_PATH, "queue", "4294967295", &bytes));
	CU_ASSERT_EQUAL(bytes, UINT32_MAX);
	CU_ASSERT_FALSE(store(SECTION_PATH, "queue", "4294967296", &bytes));
}

static void
test_prefixes_and_ports(void)
{
	struct cfg_prefix prefix;
	struct cfg_range16 range;
	uint32_t proto = 0;

	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "10.1.2.3/16", &prefix));
	CU_ASSERT(ip_equal(prefix.addr, ip_v4(0x0a010203)));
	CU_ASSERT_EQUAL(prefix.len, IP_V4_LEN + 16);
	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "10.1.2.3", &prefix));
	CU_ASSERT_EQUAL(prefix.len, 128);
	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "any", &prefix));
	CU_ASSERT_EQUAL(prefix.len, 0);
	CU_ASSERT_FALSE(prefix.only_v6);
	CU_ASSERT(cfg_prefix_holds(&prefix, ip_v4(1)) && cfg_prefix_holds(&prefix, (struct ip_addr){1, 1}));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "src", "10.1.2/16", &prefix));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "src", "10.1.2.3/", &prefix));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "src", "10.1.2.3/-1", &prefix));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "src", "1234567890123456789/8", &prefix));
	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "2001:db8::1/64", &prefix));
	CU_ASSERT(ip_equal(prefix.addr, (struct ip_addr){0x20010db800000000, 1}) && prefix.len == 64);
	CU_ASSERT_EQUAL(cfg_prefix_written(&prefix), 64);
	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "2001:db8::1", &prefix));
	CU_ASSERT(prefix.len == 128 && prefix.only_v6);
	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "::/0", &prefix)); /* not "any" */
	CU_ASSERT(prefix.len == 0 && !cfg_prefix_holds(&prefix, ip_v4(1)));
	CU_ASSERT(cfg_prefix_holds(&prefix, (struct ip_addr){1, 1}));
	CU_ASSERT_TRUE(store(SECTION_POLICY, "src", "0.0.0.0/0", &prefix));
	CU_ASSERT(prefix.len == IP_V4_LEN && cfg_prefix_holds(&prefix, ip_v4(1)));
	CU_ASSERT_FALSE(cfg_prefix_holds(&prefix, (struct ip_addr){1, 1}));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "src", "2001:db8::/129", &prefix));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "src", "2001:db8::1::/64", &prefix));
	CU_ASSERT_TRUE(store(SECTION_POLICY, "dport", "1000-2000", &range));
	CU_ASSERT_EQUAL(range.lo, 1000);
	CU_ASSERT_EQUAL(range.hi, 2000);
	CU_ASSERT_TRUE(store(SECTION_POLICY, "dport", "500", &range));
	CU_ASSERT_EQUAL(range.lo, 500);
	CU_ASSERT_EQUAL(range.hi, 500);
	CU_ASSERT_FALSE(store(SECTION_POLICY, "dport", "65536", &range));
	CU_ASSERT_FALSE(store(SECTION_POLICY, "dport", "1-", &range));
	CU_ASSERT_TRUE(store(SECTION_POLICY, "proto", "tcp", &proto));
	CU_ASSERT_EQUAL(proto, 6);
	CU_ASSERT_TRUE(store(SECTION_POLICY, "proto", "47", &proto));
	CU_ASSERT_EQUAL(proto, 47);
	CU_ASSERT_FALSE(store(SECTION_TRAFFIC, "proto", "any", &proto));
	CU_ASSERT_FALSE(store(SECTION_TRAFFIC, "proto", "256", &proto));
}

/* RFC 2597 §6, RFC 3246 §2.7, RFC 2474 §4.2.2.2. */
static void
test_dscp(void)
{
	static const struct {
		const char *text;
		uint8_t dscp;
	} rows[] = {{"be", 0}, {"default", 0}, {"EF", 46}, {"af11", 10}, {"af12", 12}, {"af13", 14},
		{"af21", 18}, {"af22", 20}, {"af23", 22}, {"af31", 26}, {"af32", 28}, {"af33", 30},
		{"AF41", 34}, {"af42", 36}, {"af43", 38}, {"cs0", 0}, {"cs1", 8}, {"cs7", 56}, {"63", 63}};
	uint8_t dscp;
	int32_t outer = 0;
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dscp = 99;
		CU_ASSERT_TRUE(store(SECTION_TRAFFIC, "dscp", rows[i].text, &dscp));
		CU_ASSERT_EQUAL(dscp, rows[i].dscp);
	}
	CU_ASSERT_FALSE(store(SECTION_TRAFFIC, "dscp", "64", &dscp));
	CU_ASSERT_FALSE(store(SECTION_TRAFFIC, "dscp", "copy", &dscp));
	CU_ASSERT_TRUE(store(SECTION_SA, "dscp", "copy", &outer));
	CU_ASSERT_EQUAL(outer, -1);
	CU_ASSERT_TRUE(store(SECTION_SA, "dscp", "cs6", &outer));
	CU_ASSERT_EQUAL(outer, 48);
	CU_ASSERT_TRUE(store(SECTION_CLASS, "dscp", "0", &mask));
	CU_ASSERT_TRUE(store(SECTION_CLASS, "dscp", "63", &mask));
	CU_ASSERT_EQUAL(mask, UINT64_C(1) << 63 | 1);
}

static void
test_keys(void)
{
	struct cfg_sa sa = {.key_len = 7};
	char text[2 * CFG_KEY_MAX + 4];

	CU_ASSERT_TRUE(store(SECTION_SA, "key", "0x0aF1:c2 d3", sa.key));
	CU_ASSERT_EQUAL(sa.key_len, 4);
	CU_ASSERT_EQUAL(memcmp(sa.key, "\x0a\xf1\xc2\xd3", 4), 0);
	CU_ASSERT_TRUE(store(SECTION_SA, "auth_key", "auto", sa.auth_key));
	CU_ASSERT_EQUAL(sa.auth_key_len, KEY_AUTO);
	memset(text, 'f', sizeof(text));
	text[2 * CFG_KEY_MAX] = '\0';
	CU_ASSERT_TRUE(store(SECTION_SA, "auth_key", text, sa.auth_key));
	CU_ASSERT_EQUAL(sa.auth_key_len, CFG_KEY_MAX);
	strcat(text, "ff");
	CU_ASSERT_FALSE(store(SECTION_SA, "auth_key", text, sa.auth_key));
	CU_ASSERT_FALSE(store(SECTION_SA, "key", "abc", sa.key));
	CU_ASSERT_FALSE(store(SECTION_SA, "key", "zz", sa.key));
}

/* Messages never show a key. */
static void
test_secret(void)
{
	struct cfg_sa sa;
	struct storing storing = {
		.key = key_find(SECTION_SA, "key"),
		.field = sa.key,
		.value = {.kind = VALUE_TEXT, .text = "c0ffee-secret"},
	};

	CU_ASSERT_FALSE(value_store(&storing));
	CU_ASSERT_PTR_NULL(strstr(storing.what, "c0ffee"));
	storing.value = (struct value){.kind = VALUE_INT, .whole = 12345678, .number = 12345678};
	CU_ASSERT_FALSE(value_store(&storing));
	CU_ASSERT_PTR_NULL(strstr(storing.what, "12345678"));
}

int
suite_value(void)
{
	CU_pSuite s = CU_add_suite("value", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_times);
	CU_ADD_TEST(s, test_rates_and_sizes);
	CU_ADD_TEST(s, test_prefixes_and_ports);
	CU_ADD_TEST(s, test_dscp);
	CU_ADD_TEST(s, test_keys);
	CU_ADD_TEST(s, test_secret);
	return 0;
}
