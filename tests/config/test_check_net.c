/* config/check_net.c, resolve.c and check_walk.c: nodes, links, addresses and ways, one fault a row. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_check_net(void);

/* Names and nodes. */
static const struct lab_row net_rows[] = {
	{"{ name = \"b\"; address", "{ name = \"a\"; address", "10.2.0.10",
		"hosts.a.name: the name \"a\" is taken; allowed: each name once"},
	{"{ name = \"gwb\";\n    ports = (\n", "{ name = \"gwa\"; ports = (\n\n", NULL,
		"gateways.gwa.name: the name \"gwa\" is taken"},
	{"{ name = \"gwa\";", "{ name = \"a\"; platform = \"ios\";", "platform",
		"gateways.a.name: a host is called \"a\" too; allowed"},
	{"{ name = \"lan-b\"; ends", "{ name = \"wan\"; ends", "gwb.lan",
		"links.wan.name: the name \"wan\" is taken"},
	{"{ name = \"data\"; dscp", "{ name = \"voice\"; dscp", "bandwidth",
		"gateways.gwa.ports.wan.qos.classes.voice.name: the name \"voice\" is taken"},
	{"\"gwa.lan\"", "\"gwa.lann\"", NULL,
		"links.lan-a.ends: \"gwa.lann\" names nothing; allowed: \"host\" or \"gateway.port\"; did "
		"you mean \"gwa.lan\"?"},
	{"  { name = \"lan-b\"; ends",
		"  { name = \"two\"; ends = [ \"b\", \"gwa.lan\" ]; rate = 1; },\n"
		"  { name = \"lan-b\"; ends",
		"10.2.0.10", "hosts.b.name: host b is at the ends of 2 links; allowed: exactly one link"},
	{"hosts = (\n", "hosts = (\n  { name = \"c\"; address = \"10.3.0.1\"; },\n", "\"c\"",
		"hosts.c.name: host c is at the end of no link; allowed: exactly one link"},
	{"    ports = (\n", "    ports = (\n      { name = \"x\"; address = \"10.9.0.1/24\"; },\n", "\"x\"",
		"gateways.gwa.ports.x.name: port x is at the end of no link; allowed: exactly one link"},
	{"[ \"gwa.wan\", \"gwb.wan\" ]", "[ \"gwa.wan\", \"gwa.lan\" ]", NULL,
		"links.wan.ends: both ends are at gwa; allowed: two different nodes"},
	{"10.1.0.10", "10.7.0.10", NULL,
		"hosts.a.address: 10.7.0.10 is not in the network of its link; allowed: in "
		"10.1.0.1/16 of gwa.lan"},
	{"10.1.0.10", "10.1.0.1", "10.1.0.1/16",
		"gateways.gwa.ports.lan.address: a has 10.1.0.1 too; allowed: each "
		"address once"},
	{"10.2.0.10", "127.0.0.1", NULL,
		"hosts.b.address: 127.0.0.1 cannot be the address of a node; allowed: unicast"},
	{"10.1.0.1/16", "10.1.0.1", "name = \"lan\"",
		"gateways.gwa.ports.lan.address: 10.1.0.1/32 is no network; allowed"},
	{"10.1.0.1/16", "10.1.255.255/16", NULL,
		"gateways.gwa.ports.lan.address: 10.1.255.255/16 is the broadcast address of the network; "
		"allowed"},
	{"10.1.0.1/16", "192.0.2.1/24", "name = \"wan\"; address = \"192.0.2.1/30",
		"gateways.gwa.ports.wan.address: the network overlaps that of port lan; allowed"},
	{"10.1.0.1/16\"", "10.1.0.1/16\"; ip_mtu = 1501", NULL,
		"gateways.gwa.ports.lan.ip_mtu: 1501; allowed: from 68 to 1500, which is mtu, or 0"},
	{"10.1.0.1/16\"", "10.1.0.1/16\"; ip_mtu = 67", NULL,
		"gateways.gwa.ports.lan.ip_mtu: 67; allowed: from 68 to 1500, which is mtu, or 0"},
	{"10.1.0.1/16\"", "10.1.0.1/16\"; ip_mtu = 1500", NULL, NULL},
	{"10.1.0.1/16\"", "10.1.0.1/16\"; tcp_adjust_mss = 499", NULL,
		"gateways.gwa.ports.lan.tcp_adjust_mss: 499; allowed: from 500 to 1460 as in IOS, or 0"},
	{"10.1.0.1/16\"", "10.1.0.1/16\"; tcp_adjust_mss = 500", NULL, NULL},
	{"192.0.2.2/30", "192.0.2.6/30", "src = \"192.0.2.1\"; dst",
		"gateways.gwa.sas.a-b.dst: no gateway has 192.0.2.2"},
	{"via = \"192.0.2.2\"", "via = \"192.0.9.2\"", NULL,
		"gateways.gwa.routes.0.via: a route to nowhere: 192.0.9.2 is in no network of gwa; allowed"},
	{"via = \"192.0.2.2\"", "via = \"192.0.2.3\"", NULL,
		"gateways.gwa.routes.0.via: a route to nowhere: nobody on link wan has 192.0.2.3; allowed: "
		"192.0.2.2"},
	{"    routes = ( { to = \"10.2.0.0/16\"", "    routes = ( { to = \"10.5.0.0/16\"", NULL, NULL},
};

/* Several addresses of a port. */
static const struct lab_row several_rows[] = {
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"2001:db8:1::1/64\" ]", NULL, NULL},
	{"\"10.1.0.1/16\"", "( \"2001:db8:1::1/64\", \"10.9.0.1/24\", \"10.1.0.1/16\" )", NULL, NULL},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\" ]", NULL, NULL},
	{"\"10.1.0.1/16\"", "[]", NULL,
		"gateways.gwa.ports.lan.address: an empty list; allowed: an address with the length of its "
		"network, \"192.0.2.1/24\", or a list of them"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"2001:db8:1::1/640\" ]", NULL,
		"gateways.gwa.ports.lan.address.1: \"2001:db8:1::1/640\": the length of a prefix is "
		"0..128; allowed"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"2001:db8:1::/64\" ]", NULL,
		"gateways.gwa.ports.lan.address: 2001:db8:1::/64 is the first address of the network; "
		"allowed"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"ff02::1/64\" ]", NULL,
		"gateways.gwa.ports.lan.address: ff02::1 cannot be the address of a node; allowed: unicast"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"10.1.0.1/16\" ]", NULL,
		"gateways.gwa.ports.lan.address: the same port has 10.1.0.1 too; allowed: each address once"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"10.1.0.2/24\" ]", NULL,
		"gateways.gwa.ports.lan.address: the network of 10.1.0.2 overlaps that of 10.1.0.1; allowed: "
		"one address a network"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"192.0.2.9/24\" ]", "name = \"wan\"; address",
		"gateways.gwa.ports.wan.address: the network overlaps that of port lan; allowed: one port a "
		"network"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"10.2.0.10/24\" ]", NULL,
		"gateways.gwa.ports.lan.address: b has 10.2.0.10 too; allowed: each address once"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"2001:db8:1::1/64\" ]; mtu = 1279", NULL,
		"gateways.gwa.ports.lan.mtu: 1279 is less than any link of IPv6 has"},
	{"\"10.1.0.1/16\"", "[ \"10.1.0.1/16\", \"2001:db8:1::1/64\" ]; ip_mtu = 1279", NULL,
		"gateways.gwa.ports.lan.ip_mtu: 1279; allowed: from 1280 to 1500, which is mtu, or 0"},
	{"\"192.0.2.2/30\"", "[ \"192.0.2.2/30\", \"10.1.0.1/24\" ]", NULL,
		"gateways.gwb.ports.wan.address: gwa has 10.1.0.1 too; allowed: each address once"},
	/* the other end need not have a second family, but then not the first one's second network */
	{"\"192.0.2.2/30\"", "[ \"192.0.2.2/30\", \"2001:db8:f::2/64\" ]", NULL, NULL},
	{"\"192.0.2.2/30\"", "[ \"2001:db8:f::2/64\", \"192.0.2.2/30\" ]", NULL, NULL},
	{"\"192.0.2.2/30\"", "[ \"192.0.2.2/30\", \"10.9.0.2/24\" ]", "name = \"wan\"; ends",
		"links.wan.ends: 10.9.0.2 at one end is not in the network of gwa.wan; allowed: one network "
		"at both ends"},
	{"src = \"192.0.2.1\"; dst", "src = \"192.0.2.3\"; dst", NULL,
		"gateways.gwa.sas.a-b.src: 192.0.2.3 is no address of gwa; allowed: 10.1.0.1, 192.0.2.1"},
};

/* Without tunnels every gateway must know the way; in a tunnel, the outer address is enough. */
static void
test_walk(void)
{
	const char *policies = "    policies = (\n"
			       "      { name = \"to-b\"; action = \"protect\"; sa = \"a-b\"; src = "
			       "\"10.1.0.0/16\"; dst = \"10.2.0.0/16\"; },\n"
			       "      { name = \"from-b\"; action = \"protect\"; direction = \"in\"; sa = "
			       "\"b-a\"; dport = \"1000-2000\"; } );\n";
	const char *route = "routes = ( { to = \"10.2.0.0/16\"; via = \"192.0.2.2\"; } );\n";
	const char *back = "routes = ( { to = \"10.1.0.0/16\"; via = \"192.0.2.1\"; } );\n";

	lab_check_two(policies, "", "duration = 1;", "duration = 2;", NULL);
	lab_check_two(policies, "", route, "",
		": traffic.data.to: no route from a to b: gwa has none to 10.2.0.10; allowed: "
		"routes all the way");
	lab_check_two(route, "", "duration = 1;", "duration = 2;", NULL);
	lab_check_two(policies, "", "from = \"a\"; to = \"b\"", "from = \"b\"; to = \"a\"", NULL);
	lab_check_two(back, "", "from = \"a\"; to = \"b\"", "from = \"b\"; to = \"a\"",
		": traffic.data.to: no route from b to a: gwb has none to 10.1.0.10; allowed: routes all the "
		"way");
	lab_check_two("via = \"192.0.2.2\"", "via = \"192.0.2.2\"", "action = \"protect\"; sa = \"a-b\";",
		"action = \"discard\";", NULL);
	lab_check_two(policies, "", "dscp = \"af21\"; }\n",
		"dscp = \"af21\"; },\n  { name = \"p\"; kind = \"pcap\"; file = \"x\"; "
		"from = \"b\"; to = \"a\"; }\n",
		NULL);
	lab_check_two(policies, "", "to = \"10.2.0.0/16\"; via = \"192.0.2.2\"",
		"to = \"10.2.0.0/16\"; via = \"10.1.0.10\"",
		": traffic.data.to: no route from a to b: the way ends at host a; allowed: routes all the "
		"way");
	lab_check_two(policies, "", "{ name = \"b\"; address = \"10.2.0.10\"; }",
		"{ name = \"b\"; address = \"10.2.0.10\"; }, { name = \"c\"; address = \"10.1.0.11\"; }",
		": hosts.c.name: host c is at the end of no link");
}

/* A ping to a port: there, and from the gateway back. */
static void
test_ping_routes(void)
{
	const char *const pairs[][2] = {
		{"kind = \"imix\"; from = \"a\"; to = \"b\"; rate = \"1 Mb/s\";",
			"kind = \"ping\"; from = \"a\"; to = \"gwb.lan\";"},
		{"policies = (\n      { name = \"to-b\"; action = \"protect\"; sa = \"a-b\";",
			"policies = (\n      { name = \"to-b\"; action = \"bypass\";"},
		{"routes = ( { to = \"10.1.0.0/16\"; via = \"192.0.2.1\"; } );\n", ""},
		{"routes = ( { to = \"10.2.0.0/16\"; via = \"192.0.2.2\"; } );\n", ""},
	};
	const char *const six[][2] = {
		{"hosts = (\n", "routers = ( { name = \"six\"; ports = ( { name = \"l\"; address = "
				"\"2001:db8::1/64\"; } ); } );\nhosts = (\n"},
		{"kind = \"imix\"; from = \"a\"; to = \"b\"; rate = \"1 Mb/s\";",
			"kind = \"ping\"; from = \"a\"; to = \"six.l\";"},
	};

	lab_check_many(pairs, 2, NULL);
	lab_check_many(pairs, 3, ": traffic.data.to: no route from gwb.lan to a: gwb has none to 10.1.0.10");
	lab_check_many(pairs, 4, ": traffic.data.to: no route from a to gwb.lan: gwa has none to 10.2.0.1;");
	lab_check_many(six, 2,
		": traffic.data.to: one of a and six.l has IPv4, the other IPv6; allowed: one family");
}

/* Host c stands behind a router that nobody leads to: gwa sends to gwb, and gwb back to gwa. */
static void
test_circle(void)
{
	const char *const pairs[][2] = {
		{"hosts = (\n", "routers = ( { name = \"mid\"; ports = ( { name = \"l\"; address = "
				"\"10.3.0.1/24\"; } ); } );\n"
				"hosts = (\n  { name = \"c\"; address = \"10.3.0.2\"; },\n"},
		{"links = (\n", "links = (\n  { name = \"c\"; ends = [ \"mid.l\", \"c\" ]; rate = 1; },\n"},
		{"{ to = \"10.2.0.0/16\"; via", "{ to = \"any\"; via"},
		{"{ to = \"10.1.0.0/16\"; via", "{ to = \"any\"; via"},
		{"    policies = (\n      { name = \"to-b\"; action = \"protect\"; sa = \"a-b\"; src = "
		 "\"10.1.0.0/16\";",
			"    policies = (\n      { name = \"to-b\"; action = \"bypass\"; src = "
			"\"10.1.0.0/16\";"},
		{"dst = \"10.2.0.0/16\"", "dst = \"any\""},
		{"to = \"b\"", "to = \"c\""},
	};

	lab_check_many(pairs, 6, NULL);
	lab_check_many(pairs, 7, ": traffic.data.to: no route from a to c: the way turns in a circle at gwb");
}

static void
test_rows(void)
{
	LAB_CHECK_ROWS(net_rows);
	LAB_CHECK_ROWS(several_rows);
}

int
suite_check_net(void)
{
	CU_pSuite s = CU_add_suite("check_net", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_walk);
	CU_ADD_TEST(s, test_circle);
	CU_ADD_TEST(s, test_ping_routes);
	return 0;
}
