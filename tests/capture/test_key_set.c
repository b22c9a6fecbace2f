/* capture/key_*: files of keys of three kinds, what is in them, and what is said of those that are wrong. */
#include "capture/key_set.h"

#include "tests/capture/capture_rig.h"

int suite_key_set(void);

#define ROW(rest) "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00001001\"," rest "\n"
#define KEY16 "0x000102030405060708090a0b0c0d0e0f"
#define KEY20 KEY16 "10111213"

static const struct ip_addr a1 = IP_V4(0xc0000201), a2 = IP_V4(0xc0000202);

static const struct key_sa *
find(const struct key_set *set, uint32_t src, uint32_t dst, uint32_t spi)
{
	return key_set_find(set, ALG_ESP, IP_V4(src), IP_V4(dst), spi);
}

/* Names of Wireshark, and what they are here. */
static const struct {
	const char *row, *transform;
	unsigned key_len, auth_key_len, icv_skip;
} names[] = {
	{ROW("\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"HMAC-SHA-1-96 [RFC2404]\",\"" KEY20 "\""),
		"esp-aes 128 esp-sha-hmac", 16, 20, 0},
	{ROW("\"aes-cbc\",\"" KEY16 "\",\"hmac-sha-1-96\",\"" KEY20 "\""), "esp-aes 128 esp-sha-hmac", 16, 20,
		0},
	{ROW("\"AES-GCM with 16 octet ICV [RFC4106]\",\"" KEY20 "\",\"NULL\",\"\""), "esp-gcm 128", 20, 0, 0},
	{ROW("\"AES-GCM [RFC4106]\",\"" KEY20 "\",\"ANY 96 bit authentication [no checking]\",\"\""),
		"esp-gcm-12 128", 20, 0, 0},
	{ROW("\"NULL\",\"\",\"HMAC-MD5-96 [RFC2403]\",\"" KEY16 "\""), "esp-null esp-md5-hmac", 0, 16, 0},
	{ROW("\"NULL\",\"\",\"NULL\",\"\""), "", 0, 0, 0},
	{ROW("\"NULL\",\"\",\"ANY 128 bit authentication [no checking]\",\"\""), "", 0, 0, 16},
	{ROW("\"AES-CTR [RFC3686]\",\"" KEY20 "\",\"ANY 96 bit authentication [no checking]\",\"0x11\""),
		"esp-aes-ctr 128", 20, 0, 12},
	{ROW("\"AES-CBC [RFC3602]\",\"sixteen letters!\",\"HMAC-SHA-256-96 "
	     "[draft-ietf-ipsec-ciph-sha-256-00]\",\"x\""),
		"esp-aes 128", 16, 0, 12},
	{ROW("\"AES-CBC [RFC3602]\",\"" KEY16 "\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x01\",\"32-bit\",\"\""),
		"esp-aes 128 esp-sha-hmac", 16, 20, 0},
};

static void
test_names(void)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char message[RIG_MESSAGE_BYTES];
		struct key_set set;

		CU_ASSERT_EQUAL_FATAL(keys_of(names[i].row, KEY_FORMAT_AUTO, &set, message), ST_OK);
		CU_ASSERT_EQUAL_FATAL(set.n, 1);
		CU_ASSERT_STRING_EQUAL(set.sas[0].transform, names[i].transform);
		CU_ASSERT_EQUAL(set.sas[0].key_len, names[i].key_len);
		CU_ASSERT_EQUAL(set.sas[0].auth_key_len, names[i].auth_key_len);
		CU_ASSERT_EQUAL(set.sas[0].icv_skip, names[i].icv_skip);
		CU_ASSERT_STRING_EQUAL(set.sas[0].cannot, "");
		CU_ASSERT_EQUAL(set.sas[0].line, 1);
		key_set_fini(&set);
	}
}

/* Every name that esplab writes into an esp_sa file is read back as the row that it was written for. */
static void
test_every_name(void)
{
	char text[1024], digits[2 * CFG_KEY_MAX + 1], message[RIG_MESSAGE_BYTES];
	unsigned seen = 0;

	for (unsigned c = 0; c < ALG_CIPHER_COUNT; c++) {
		const struct alg_cipher_info *cipher = &alg_cipher_info[c];
		size_t words = strcspn(cipher->ios, "|");
		struct key_set set;

		if (!cipher->tshark[0] || cipher->mode == ALG_MODE_NULL)
			continue;
		memset(digits, '5', sizeof(digits));
		digits[2u * (cipher->key + cipher->salt)] = '\0';
		snprintf(text, sizeof(text), ROW("\"%s\",\"0x%s\",\"NULL\",\"\""), cipher->tshark, digits);
		CU_ASSERT_EQUAL_FATAL(keys_of(text, KEY_FORMAT_AUTO, &set, message), ST_OK);
		CU_ASSERT_EQUAL(strlen(set.sas[0].transform), words);
		CU_ASSERT_EQUAL(strncmp(set.sas[0].transform, cipher->ios, words), 0);
		key_set_fini(&set);
		seen++;
	}
	CU_ASSERT_TRUE(seen >= 17);
}

static void
test_wildcards(void)
{
	static const char text[] =
		"# a comment\n\n"
		"\"IPv4\",\"*\",\"10.1.0.0/16\",\"*\",\"NULL\",\"\",\"NULL\",\"\"\r\n"
		"\"IPv4\",\"192.168.*.7\",\"*\",\"0x0000010*\",\"NULL\",\"\",\"NULL\",\"\"\n"
		"\"IPv6\",\"2001:db8::/32\",\"*\",\"258\",\"NULL\",\"\",\"NULL\",\"\"\n";
	struct ip_addr six = {UINT64_C(0x20010db800000000), 5}, other = {UINT64_C(0x20010db900000000), 5};
	char message[RIG_MESSAGE_BYTES];
	struct key_set set;

	CU_ASSERT_EQUAL_FATAL(keys_of(text, KEY_FORMAT_AUTO, &set, message), ST_OK);
	CU_ASSERT_EQUAL_FATAL(set.n, 3);
	CU_ASSERT_EQUAL(set.sas[0].line, 3);
	CU_ASSERT_PTR_EQUAL(find(&set, 1, 0x0a01ffff, 77), &set.sas[0]);
	CU_ASSERT_PTR_NULL(find(&set, 1, 0x0a020000, 77));
	CU_ASSERT_PTR_EQUAL(find(&set, 0xc0a85507, 9, 0x10f), &set.sas[1]);
	CU_ASSERT_PTR_NULL(find(&set, 0xc0a85508, 9, 0x10f));
	CU_ASSERT_PTR_NULL(find(&set, 0xc0a85507, 9, 0x110));
	CU_ASSERT_PTR_EQUAL(key_set_find(&set, ALG_ESP, six, other, 258), &set.sas[2]);
	CU_ASSERT_PTR_NULL(key_set_find(&set, ALG_ESP, other, six, 258));
	CU_ASSERT_PTR_NULL(key_set_find(&set, ALG_ESP, six, a2, 258));
	CU_ASSERT_PTR_NULL(key_set_find(&set, ALG_AH, six, other, 258));
	key_set_fini(&set);
}

static void
test_tcpdump(void)
{
	static const char text[] = "# a comment\n"
				   "3des-cbc-hmac96:abcdefghijklmnopqrstuvwx\n"
				   "0x1001@192.0.2.2 aes-cbc-hmac96:" KEY16 "\n"
				   "4098@2001:db8::2\t des-cbc:0x0123456789abcdef\n"
				   "7@192.0.2.2 blowfish-cbc:0x00\n"
				   "8@192.0.2.2 none:\n"
				   "ikev2 I 0x01 0x02 sha1:0x03 aes:0x04\n";
	struct ip_addr six = {UINT64_C(0x20010db800000000), 2};
	char message[RIG_MESSAGE_BYTES];
	struct key_set set;

	CU_ASSERT_EQUAL_FATAL(keys_of(text, KEY_FORMAT_AUTO, &set, message), ST_OK);
	CU_ASSERT_EQUAL_FATAL(set.n, 6);
	CU_ASSERT_PTR_EQUAL(key_set_find(&set, ALG_ESP, a1, a2, 0x1001), &set.sas[1]);
	CU_ASSERT_STRING_EQUAL(set.sas[1].transform, "esp-aes 128");
	CU_ASSERT_EQUAL(set.sas[1].icv_skip, 12);
	CU_ASSERT_PTR_EQUAL(key_set_find(&set, ALG_ESP, six, six, 4098), &set.sas[2]);
	CU_ASSERT_STRING_EQUAL(set.sas[2].transform, "esp-des");
	CU_ASSERT_EQUAL(set.sas[2].icv_skip, 0);
	/* the line without a place is for what has none of its own, although it comes first */
	CU_ASSERT_PTR_EQUAL(key_set_find(&set, ALG_ESP, a1, a2, 0x1002), &set.sas[0]);
	CU_ASSERT_STRING_EQUAL(set.sas[0].transform, "esp-3des");
	CU_ASSERT_EQUAL(set.sas[0].key[23], 'x');
	CU_ASSERT_PTR_NOT_NULL(strstr(set.sas[3].cannot, "blowfish"));
	CU_ASSERT_STRING_EQUAL(set.sas[4].transform, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(set.sas[5].cannot, "ikev2"));
	key_set_fini(&set);
}

/* The line that is at fault, and words of the message. */
static const struct {
	const char *text;
	unsigned line;
	const char *words[3];
} bad[] = {
	{"\"IPv4\",\"*\"\n", 1, {"2 fields", "8"}},
	{"\n\"IPv4\",\"*\",\"*\",\"*\",\"NULL\",\"\",\"NULL\",\"\n", 2, {"field 8", "closing quote"}},
	{"\"IPv4\" \"*\"\n", 1, {"commas"}},
	{"\"IPv5\",\"*\",\"*\",\"*\",\"NULL\",\"\",\"NULL\",\"\"\n", 1, {"IPv5", "IPv4, IPv6"}},
	{"\"IPv4\",\"2001:db8::1\",\"*\",\"*\",\"NULL\",\"\",\"NULL\",\"\"\n", 1, {"source", "2001:db8::1"}},
	{"\"IPv4\",\"*\",\"10.0.0.0/33\",\"*\",\"NULL\",\"\",\"NULL\",\"\"\n", 1,
		{"destination", "10.0.0.0/33"}},
	{"\"IPv4\",\"*\",\"*\",\"0x123456789\",\"NULL\",\"\",\"NULL\",\"\"\n", 1, {"SPI", "0x123456789"}},
	{"\"IPv4\",\"*\",\"*\",\"4294967296\",\"NULL\",\"\",\"NULL\",\"\"\n", 1, {"SPI"}},
	{ROW("\"AES-CBC [RFC3602]\",\"0x000\",\"NULL\",\"\""), 1, {"encryption key", "odd"}},
	{ROW("\"AES-CBC [RFC3602]\",\"0x0g\",\"NULL\",\"\""), 1, {"encryption key", "'g'"}},
	{ROW("\"AES-CBC [RFC3602]\",\"" KEY20 "\",\"NULL\",\"\""), 1, {"20 bytes", "16, 24, 32"}},
	{ROW("\"AES-CBD\",\"" KEY16 "\",\"NULL\",\"\""), 1,
		{"AES-CBD", "nearest is \"AES-CBC\"", "TripleDES-CBC"}},
	{ROW("\"AES-CBC\",\"" KEY16 "\",\"HMAC-SHA-2-96\",\"\""), 1, {"HMAC-SHA-2-96", "HMAC-SHA-1-96"}},
	{ROW("\"AES-CBC\",\"" KEY16 "\",\"HMAC-MD5-96\",\"" KEY20 "\""), 1, {"20 bytes", "at most 16"}},
	{"# x\n0x1001@nowhere des-cbc:0x0123456789abcdef\n", 2, {"address", "nowhere"}},
	{"0x1001@192.0.2.1 des-cbc\n", 1, {"ALGORITHM:SECRET"}},
	{"zwei@192.0.2.1 des-cbc:0x0123456789abcdef\n", 1, {"SPI", "zwei"}},
	{"1@192.0.2.1 des-cbc:0x01\n", 1, {"1 bytes", "allowed: 8"}},
	{"1@192.0.2.1 ase-cbc:" KEY16 "\n", 1, {"\"ase\"", "nearest is \"aes\"", "3des"}},
};

static void
test_bad(void)
{
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char message[RIG_MESSAGE_BYTES], place[32];
		struct key_set set;

		CU_ASSERT_EQUAL(keys_of(bad[i].text, KEY_FORMAT_AUTO, &set, message), ST_ERR_CONFIG);
		snprintf(place, sizeof(place), "keys:%u: ", bad[i].line);
		CU_ASSERT_PTR_NOT_NULL(strstr(message, place));
		CU_ASSERT_PTR_NULL(strchr(message, '\n'));
		for (unsigned k = 0; k < 3 && bad[i].words[k]; k++)
			CU_ASSERT_PTR_NOT_NULL(strstr(message, bad[i].words[k]));
		CU_ASSERT_EQUAL(set.n, 0);
	}
}

static void
test_no_keys(void)
{
	char message[RIG_MESSAGE_BYTES];
	struct key_set set;

	CU_ASSERT_EQUAL(
		key_set_read("/nonexistent", KEY_FORMAT_AUTO, lab_hooks(), &set, message, sizeof(message)),
		ST_ERR_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "/nonexistent: No such file"));
	CU_ASSERT_EQUAL(keys_of("# nothing\n", KEY_FORMAT_ESP_SA, &set, message), ST_ERR_CONFIG);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "no SA"));
	/* what is neither is judged by the reader of configurations */
	CU_ASSERT_EQUAL(keys_of("lab = { duraton = 1; };\n", KEY_FORMAT_AUTO, &set, message), ST_ERR_CONFIG);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "did you mean \"duration\"?"));
}

/* Every SA once, with the window of its inbound end. */
static void
test_cfg(void)
{
	static const char path[] = ESPLAB_TESTS "/../config/lab/qos-reorder.cfg";
	char message[RIG_MESSAGE_BYTES];
	struct key_set set;

	CU_ASSERT_EQUAL_FATAL(
		key_set_read(path, KEY_FORMAT_AUTO, lab_hooks(), &set, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL(set.n, 2);
	for (unsigned i = 0; i < set.n; i++) {
		CU_ASSERT_STRING_EQUAL(set.sas[i].transform, "esp-aes 128 esp-sha-hmac");
		CU_ASSERT_EQUAL(set.sas[i].window, 64);
		CU_ASSERT_EQUAL(set.sas[i].key_len, 16);
		CU_ASSERT_TRUE(set.sas[i].line > 0);
	}
	key_set_fini(&set);
}

int
suite_key_set(void)
{
	CU_pSuite s = CU_add_suite("key_set", NULL, NULL);

	if (!s || !CU_add_test(s, "names of Wireshark", test_names) ||
		!CU_add_test(s, "every name of alg.def", test_every_name) ||
		!CU_add_test(s, "addresses and SPIs with stars", test_wildcards) ||
		!CU_add_test(s, "secrets of tcpdump", test_tcpdump) ||
		!CU_add_test(s, "lines that are wrong", test_bad) ||
		!CU_add_test(s, "no keys", test_no_keys) || !CU_add_test(s, "a configuration", test_cfg))
		return (int)CU_get_error();
	return 0;
}
