/* config/check_sa_mode.c and what else IPv6 and the modes of SAs add to the checks: families, transport
 * mode, AH over ESP, NAT-T, TFC, warnings. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_check_mode(void);

#define SA(name, direction, transform, key, more)                                                            \
	"      { name = \"" name "\"; direction = \"" direction "\"; spi = 0x1001;"                          \
	" src = \"2001:db8:1::10\"; dst = \"2001:db8:2::10\"; transform = \"" transform "\"; " key           \
	" = \"auto\"; " more " }"
#define ESP(direction) SA("e", direction, "esp-gcm 128", "key", "mode = \"transport\";")
#define AH(direction) SA("h", direction, "ah-sha-hmac", "auth_key", "over = \"e\";")

/* Host a to host b by AH over ESP in transport mode, made by the gateways before them. */
static const char base[] =
	"lab = { duration = 1; };\n"
	"hosts = (\n"
	"  { name = \"a\"; address = \"2001:db8:1::10\"; },\n"
	"  { name = \"b\"; address = \"2001:db8:2::10\"; }\n"
	");\n"
	"gateways = (\n"
	"  { name = \"gwa\";\n"
	"    ports = (\n"
	"      { name = \"lan\"; address = \"2001:db8:1::1/64\"; },\n"
	"      { name = \"wan\"; address = \"2001:db8:f::1/64\"; } );\n"
	"    routes = ( { to = \"any\"; via = \"2001:db8:f::2\"; } );\n"
	"    sas = (\n" AH("out") ",\n" ESP(
		"out") " );\n"
		       "    policies = (\n"
		       "      { name = \"p\"; action = \"protect\"; sa = \"h\"; src = \"2001:db8:1::10\"; "
		       "dst = "
		       "\"2001:db8:2::10\"; } );\n"
		       "  },\n"
		       "  { name = \"gwb\";\n"
		       "    ports = (\n"
		       "      { name = \"lan\"; address = \"2001:db8:2::1/64\"; },\n"
		       "      { name = \"wan\"; address = \"2001:db8:f::2/64\"; } );\n"
		       "    routes = ( { to = \"any\"; via = \"2001:db8:f::1\"; } );\n"
		       "    sas = (\n" AH("in") ",\n" ESP(
			       "in") " );\n"
				     "  }\n"
				     ");\n"
				     "links = (\n"
				     "  { name = \"lan-a\"; ends = [ \"a\", \"gwa.lan\" ]; rate = "
				     "1000000000; },\n"
				     "  { name = \"wan\"; ends = [ \"gwa.wan\", \"gwb.wan\" ]; rate = "
				     "1000000000; },\n"
				     "  { name = \"lan-b\"; ends = [ \"b\", \"gwb.lan\" ]; rate = 0; }\n"
				     ");\n"
				     "traffic = (\n"
				     "  { name = \"data\"; kind = \"imix\"; from = \"a\"; to = \"b\"; rate = "
				     "\"1 Mb/s\"; }\n"
				     ");\n";

struct row {
	const char *pairs[4][2];
	const char *expected;
};

static const struct row rows[] = {
	{{{"duration = 1", "duration = 2"}}, NULL},
	/* addresses and families */
	{{{"\"2001:db8:1::1/64\"", "\"2001:db8:1::/64\""}}, "ports.lan.address: 2001:db8:1::/64 is the first "
							    "address of the network; allowed: one between"},
	{{{"\"2001:db8:1::1/64\"", "\"2001:db8:1::1/128\""}},
		"ports.lan.address: 2001:db8:1::1/128 is no network; allowed: an address and a length of "
		"1..127"},
	{{{"\"2001:db8:1::1/64\"", "\"2001:db8:3::1/64\""}},
		"hosts.a.address: 2001:db8:1::10 is not in the network of its link; allowed: in "
		"2001:db8:3::1/64 of gwa.lan"},
	{{{"\"2001:db8:f::2/64\"", "\"ff02::2/64\""}},
		"gwb.ports.wan.address: ff02::2 cannot be the address of a node; allowed: unicast"},
	{{{"\"2001:db8:f::2/64\"", "\"192.0.2.2/30\""}},
		"links.wan.ends: 192.0.2.2 at one end is not in the network of gwa.wan; allowed: one network "
		"at both ends"},
	{{{"\"2001:db8:f::2/64\"", "[ \"2001:db8:f::2/64\", \"192.0.2.2/30\" ]"}}, NULL},
	{{{"\"2001:db8:f::2/64\"", "\"::1/64\""}},
		"gwb.ports.wan.address: ::1 cannot be the address of a node; allowed: unicast"},
	{{{"\"2001:db8:1::10\"", "\"2001:db8:1::1g\""}},
		"hosts.a.address: \"2001:db8:1::1g\" is not an address; allowed: an IPv4 or IPv6 address"},
	{{{"\"2001:db8:1::1/64\";", "\"2001:db8:1::1/64\"; mtu = 1279;"}},
		"ports.lan.mtu: 1279 is less than any link of IPv6 has (RFC 8200 §5); allowed: from 1280 on"},
	{{{"\"2001:db8:1::1/64\";", "\"2001:db8:1::1/64\"; mtu = 1280;"}}, NULL},
	{{{"to = \"any\"; via", "to = \"10.0.0.0/8\"; via"}},
		"routes.0.via: 2001:db8:f::2 is of another family than the destination; allowed: one family"},
	{{{"to = \"any\"; via", "to = \"::/0\"; via"}}, NULL},
	{{{"hosts = (\n", "hosts = ( { name = \"c\"; address = \"10.1.0.1\"; },\n"},
		 {"to = \"b\"", "to = \"c\""}},
		"traffic.data.to: one of a and c has IPv4, the other IPv6; allowed: one family"},
	{{{"src = \"2001:db8:1::10\"; dst = \"2001:db8:2::10\"; transform",
		 "src = \"2001:db8:1::10\"; dst = \"10.0.0.1\"; transform"}},
		"sas.h.dst: src is IPv6, and this is not; allowed: one family at both ends"},
	{{{"{ name = \"p\"; action",
		 "{ name = \"q\"; action = \"bypass\"; src = \"10.0.0.0/8\"; dst = \"2001:db8::/32\"; },\n"
		 "{ name = \"p\"; action"}},
		"policies.q.dst: src is of the other family, so no packet has both; allowed"},
	/* transport mode */
	{{{"mode = \"transport\"", "mode = \"tunnel\""}},
		"sas.e.src: 2001:db8:1::10 is no address of gwa; allowed: 2001:db8:1::1, 2001:db8:f::1"},
	{{{"mode = \"transport\"", "mode = \"tunnel\""}},
		"sas.e.dst: no gateway has 2001:db8:2::10; allowed: an address of the gateway at the other "
		"end"},
	{{{"src = \"2001:db8:1::10\"; dst = \"2001:db8:2::10\"; transform",
		 "src = \"2001:db8:1::11\"; dst = \"2001:db8:2::10\"; transform"}},
		"sas.h.src: 2001:db8:1::11 is no address of gwa; allowed: 2001:db8:1::1, 2001:db8:f::1, or "
		"that of a host on its links"},
	{{{"src = \"2001:db8:1::10\"; dst = \"2001:db8:2::10\"; transform",
		 "src = \"2001:db8:1::10\"; dst = \"2001:db8:2::11\"; transform"}},
		"sas.h.dst: no gateway has 2001:db8:2::11, nor a host on the link of one; allowed"},
	{{{"src = \"2001:db8:1::10\"; dst = \"2001:db8:2::10\"; } );",
		 "src = \"2001:db8:1::/64\"; dst = \"2001:db8:2::10\"; } );"}},
		"policies.p.src: SA \"h\" is of transport mode, for packets between its own ends; allowed: "
		"\"2001:db8:1::10\""},
	{{{"dst = \"2001:db8:2::10\"; } );", "} );"}},
		"policies.p.dst: SA \"h\" is of transport mode, for packets between its own ends; allowed: "
		"\"2001:db8:2::10\""},
	{{{"name = \"e\"; direction = \"in\"", "name = \"f\"; direction = \"in\""},
		 {"over = \"e\"; },\n      { name = \"f\"", "over = \"f\"; },\n      { name = \"f\""}},
		"sas.e.name: no partner: gwb, which stands before 2001:db8:2::10, wants an SA \"e\" of "
		"direction \"in\""},
	/* AH over ESP */
	{{{"over = \"e\"", "over = \"ee\""}},
		"sas.h.over: gwa has no SA \"ee\"; allowed: the name of one of its sas; did you mean \"e\"?"},
	{{{"over = \"e\"", "over = \"h\""}}, "sas.h.over: SA \"h\" is AH; allowed: an ESP SA"},
	{{{"mode = \"transport\"", "over = \"h\"; mode = \"transport\""}},
		"sas.e.over: \"esp-gcm 128\" is not AH; allowed: in an AH SA only"},
	{{{"over = \"e\";", "mode = \"transport\";"}},
		"sas.h.over: differs from that of the partner at gwb; allowed"},
	{{{"sa = \"h\"", "sa = \"e\""}},
		"policies.p.sa: SA \"e\" is inside SA \"h\"; allowed: the AH SA over it"},
	{{{"    sas = (\n",
		 "    sas = (\n" SA("i", "out", "ah-sha-hmac", "auth_key", "over = \"e\";") ",\n"}},
		"sas.h.over: SA \"e\" is inside SA \"i\" already; allowed: one AH SA each"},
	{{{"spi = 0x1001; src = \"2001:db8:1::10\"; dst = \"2001:db8:2::10\"; transform = \"esp",
		 "spi = 0x1001; src = \"2001:db8:1::1\"; dst = \"2001:db8:2::10\"; transform = \"esp"}},
		"sas.h.over: SA \"e\" has other ends; allowed: the same src and dst"},
	{{{"mode = \"transport\"", "natt = true; mode = \"transport\""}},
		"sas.h.over: SA \"e\" has natt, and AH does not pass a NAT (RFC 3948 §1); allowed: an SA "
		"without"},
	/* the rest */
	{{{"over = \"e\"", "natt = true; over = \"e\""}},
		"sas.h.natt: AH does not pass a NAT (RFC 3948 §1); allowed: with ESP"},
	{{{"mode = \"transport\"", "natt = true; mode = \"transport\""}},
		"sas.e.natt: differs from that of the partner at gwb; allowed"},
	{{{"over = \"e\"", "align4 = false; over = \"e\""}},
		"sas.h.align4: differs from that of the partner at gwb; allowed"},
	{{{"mode = \"transport\"", "tfc = 500; mode = \"transport\""}},
		"sas.e.tfc: needs the length of an inner packet (RFC 4303 §2.7); allowed: with direction "
		"\"out\" and mode \"tunnel\""},
	{{{"over = \"e\"", "tfc = 500; over = \"e\""}}, "sas.h.tfc: AH has no padding; allowed: with ESP"},
};

static void
test_rows(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned n = 0;

		while (n < 4 && rows[i].pairs[n][0])
			n++;
		lab_check_text(base, rows[i].pairs, n, rows[i].expected);
	}
	lab_check_two("spi = 0x1001", "mode = \"transport\"; spi = 0x1001", "duration = 1", "duration = 1",
		"sas.a-b.mode: differs from that of the partner at gwb; allowed");
}

/* "any" as a destination means the next hop's family. */
static void
test_any_route(void)
{
	char file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX] = "";
	struct cfg_lab *lab;

	CU_ASSERT_EQUAL_FATAL(lab_load_text(base, strlen(base), NULL, 0, &lab, file, message), ST_OK);
	CU_ASSERT(lab->gateways[0].routes[0].to.only_v6 && lab->gateways[0].routes[0].to.len == 0);
	CU_ASSERT_EQUAL(lab->gateways[0].sas[0].over_index, 1);
	CU_ASSERT_EQUAL(lab->traffic[0].mix[0].bytes, 48); /* the smallest UDP packet of IPv6 */
	CU_ASSERT_PTR_NULL(lab->warnings);
	cfg_free(lab);
}

/* Said with file, line and key, once for both ends; the laboratory runs. */
static void
test_warnings(void)
{
	char file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX] = "", expected[256];
	char *one, *two;
	struct cfg_lab *lab;

	one = lab_replace(
		base, "key = \"auto\"; mode", "key = \"0000000000000000000000000000000000000001\"; mode");
	CU_ASSERT_PTR_NOT_NULL_FATAL(one);
	two = lab_replace(
		one, "key = \"auto\"; mode", "key = \"0000000000000000000000000000000000000001\"; mode");
	CU_ASSERT_PTR_NOT_NULL_FATAL(two);
	CU_ASSERT_EQUAL_FATAL(lab_load_text(two, strlen(two), NULL, 0, &lab, file, message), ST_OK);
	CU_ASSERT_STRING_EQUAL(message, "");
	snprintf(expected, sizeof(expected),
		"%s:%u: gateways.gwa.sas.e.transform: warning: esp-gcm 128, 20 and 0 bytes, is weak", file,
		lab_line(two, "\"e\"; direction = \"out\""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab->warnings);
	CU_ASSERT_STRING_EQUAL(lab->warnings, expected);
	cfg_free(lab);
	free(two);
	free(one);
}

int
suite_check_mode(void)
{
	CU_pSuite s = CU_add_suite("check_mode", NULL, NULL);

	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_any_route);
	CU_ADD_TEST(s, test_warnings);
	return 0;
}
