/* config/check_sa.c and check_policy.c: the two ends of an SA and who uses it, one fault a row. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_check_sa(void);

#define SA_OUT "{ name = \"a-b\"; direction = \"out\""

/* SAs and policies. */
static const struct lab_row sa_rows[] = {
	{"spi = 0x1001;", "spi = 255;", NULL,
		"gateways.gwa.sas.a-b.spi: 255 is reserved (RFC 4303 §2.1); allowed: 256..4294967295"},
	{"spi = 0x1001;", "spi = 0x1002;", NULL,
		"gateways.gwa.sas.a-b.spi: differs from that of the partner at gwb; allowed: the same at "
		"both ends"},
	{"spi = 0x1001;", "spi = 0x100000000;", NULL,
		"gateways.gwa.sas.a-b.spi: 4294967296 is out of range; allowed"},
	{"src = \"192.0.2.1\"; dst", "src = \"192.0.2.9\"; dst", NULL,
		"gateways.gwa.sas.a-b.src: 192.0.2.9 is no address of gwa; allowed: 10.1.0.1, 192.0.2.1"},
	{"src = \"192.0.2.1\"; dst", "src = \"10.1.0.1\"; dst", NULL,
		"gateways.gwa.sas.a-b.src: differs from that of the partner at gwb"},
	{"dst = \"192.0.2.2\"", "dst = \"192.0.2.1\"", NULL,
		"gateways.gwa.sas.a-b.dst: the same address as src; allowed: the other end of the tunnel"},
	{"dst = \"192.0.2.2\"", "dst = \"192.0.2.3\"", NULL,
		"gateways.gwa.sas.a-b.dst: no gateway has 192.0.2.3; allowed: an address of the gateway at "
		"the other end"},
	{"dst = \"192.0.2.2\"", "dst = \"10.2.0.1\"", NULL,
		"gateways.gwa.sas.a-b.dst: differs from that of the partner at gwb"},
	{"\"esp-gcm 128\"; key = \"auto\"", "\"esp-gcm 129\"; key = \"auto\"", NULL,
		"gateways.gwa.sas.a-b.transform: unknown transform \"esp-gcm 129\"; allowed: esp-gcm 128"},
	{"\"esp-gcm 128\"; key = \"auto\"", "\"esp-aes 128\"; key = \"auto\"", NULL,
		"gateways.gwa.sas.a-b.transform: differs from that of the partner at gwb"},
	{"key = \"auto\"; }", "key = \"00:11 22\"; }", NULL,
		"gateways.gwa.sas.a-b.key: 3 bytes where \"esp-gcm 128\" wants 20; allowed: 40 hexadecimal "
		"digits, or \"auto\""},
	{"key = \"auto\"; }", "}", "direction = \"out\"",
		"gateways.gwa.sas.a-b.key: 0 bytes where \"esp-gcm 128\" wants 20; allowed"},
	{"key = \"auto\"; }", "key = \"0x0102030405060708090a0b0c0d0e0f1011121314\"; }", NULL,
		"gateways.gwa.sas.a-b.key: differs from that of the partner at gwb"},
	{"key = \"auto\"; }", "key = \"auto\"; auth_key = \"00\"; }", NULL,
		"gateways.gwa.sas.a-b.auth_key: \"esp-gcm 128\" has no such key; allowed: none, or \"auto\""},
	{"key = \"auto\"; }", "key = \"0x123\"; }", NULL,
		"gateways.gwa.sas.a-b.key: the key has an odd number of digits; allowed: hexadecimal digits"},
	{"key = \"auto\"; }", "key = \"secret\"; }", NULL,
		"gateways.gwa.sas.a-b.key: the key has something else than hexadecimal digits; allowed"},
	{"auth_key = \"auto\"", "auth_key = 1234", NULL,
		"gateways.gwa.sas.b-a.auth_key: wrong type: a key is a text"},
	{SA_OUT, "{ name = \"a-b\"; esn = true; direction = \"out\"", NULL,
		"gateways.gwa.sas.a-b.esn: differs from that of the partner at gwb"},
	{"direction = \"in\"; spi = 0x2001", "esn = true; window = 0; direction = \"in\"; spi = 0x2001", NULL,
		"gateways.gwa.sas.b-a.window: esn cannot do without a window (RFC 4303 §A2); allowed: "
		"1..4194304"},
	{"direction = \"in\"; spi", "window = 4194305; direction = \"in\"; spi", NULL,
		"gateways.gwa.sas.b-a.window: 4194305 is out of range; allowed: a whole number, 0..4194304"},
	{"direction = \"in\"; spi", "replay = \"ringg\"; direction = \"in\"; spi", NULL,
		"gateways.gwa.sas.b-a.replay: unknown word \"ringg\"; allowed: bitmap, ring; did you mean "
		"\"ring\"?"},
	{SA_OUT, "{ name = \"a-b\"; first_seq = 4294967296; direction = \"out\"", NULL,
		"gateways.gwa.sas.a-b.first_seq: 4294967296 has more than 32 bits; allowed: 1..4294967295, "
		"or esn = true"},
	{SA_OUT, "{ name = \"a-c\"; direction = \"out\"", NULL,
		"gateways.gwa.sas.a-c.name: no partner: gwb, which has 192.0.2.2, wants an SA \"a-c\" of "
		"direction \"in\""},
	{SA_OUT, "{ name = \"a-c\"; direction = \"out\"", "{ name = \"a-b\"; direction = \"in\"",
		"gateways.gwb.sas.a-b.name: no partner: gwa, which has 192.0.2.1, wants an SA \"a-b\" of "
		"direction \"out\""},
	{"      { name = \"b-a\"; direction = \"in\"",
		"      { name = \"twin\"; direction = \"in\"; spi = 0x2001; src = "
		"\"192.0.2.2\"; dst = \"192.0.2.1\"; transform = \"esp-gcm 128\"; key = \"auto\"; },\n"
		"      { name = \"b-a\"; direction = \"in\"",
		"{ name = \"b-a\"; direction = \"in\"",
		"gateways.gwa.sas.b-a.spi: 0x2001 is that of SA \"twin\" too; allowed: each SPI once for a "
		"destination"},
	{"sa = \"a-b\"", "sa = \"a-d\"", NULL,
		"gateways.gwa.policies.to-b.sa: gwa has no SA \"a-d\"; allowed: the name of one "
		"of its sas; did you mean \"a-b\"?"},
	{"sa = \"a-b\"", "sa = \"b-a\"", NULL,
		"gateways.gwa.policies.to-b.sa: SA \"b-a\" has direction \"in\"; allowed: an SA "
		"of direction \"out\""},
	{"sa = \"b-a\"", "sa = \"a-b\"", "from-b",
		"gateways.gwa.policies.from-b.sa: SA \"a-b\" has direction \"out\"; allowed: "
		"an SA of direction \"in\""},
	{"sa = \"a-b\";", "", "to-b",
		"gateways.gwa.policies.to-b.sa: missing; allowed: the name of an SA of gwa, of "
		"direction \"out\""},
	{"action = \"protect\"; sa", "action = \"bypass\"; sa", NULL,
		"gateways.gwa.policies.to-b.sa: action \"bypass\" takes no SA; allowed: none"},
	{"sa = \"b-a\"; dport", "sa = \"b-a\"; proto = \"icmp\"; dport", NULL,
		"gateways.gwa.policies.from-b.dport: protocol 1 has no ports; allowed: proto udp, tcp or "
		"any"},
};

static void
test_rows(void)
{
	LAB_CHECK_ROWS(sa_rows);
}

int
suite_check_sa(void)
{
	CU_pSuite s = CU_add_suite("check_sa", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_rows);
	return 0;
}
