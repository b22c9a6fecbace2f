/* config/read.c and value.c: syntax, unknown keys, types, ranges and words, one fault a row. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_read(void);

#define POLICY "{ name = \"to-b\"; action"
#define WAN "delay = \"20 ms\"; }"
#define TRAFFIC "kind = \"imix\"; from = \"a\"; to = \"b\"; rate = \"1 Mb/s\";"

/* Syntax, keys, types, ranges. */
static const struct lab_row value_rows[] = {
	{"lab = {", "lab = {{", NULL, "syntax error"},
	{"duration = 1;", "duration = 1; duration = 2;", NULL, "duplicate setting name"},
	{"duration = 1;", "duration = 1; seed = 18446744073709551616;", NULL,
		"a number has more than 64 bits"},
	{"hosts = (", "@include \"hosts.cfg\"\nhosts = (", "@include", "@include is not supported"},
	{"duration = 1;", "duration = 1; sead = 2;", NULL,
		"lab.sead: unknown key; allowed: title, duration, drain, seed, mbufs, reorder_depth, events; "
		"did you "
		"mean \"seed\"?"},
	{"duration = 1;", "", "lab = {", "lab.duration: missing; allowed: a time: seconds, or \"20 ms\""},
	{"duration = 1;", "duration = true;", NULL,
		"lab.duration: wrong type: true is a boolean; allowed: a time"},
	{"duration = 1;", "duration = \"1 sec\";", NULL,
		"lab.duration: unknown unit \"sec\" in \"1 sec\"; allowed: a time: seconds, or \"20 ms\" "
		"(ns, us, ms, s, "
		"min), 1e-06..1000000"},
	{"duration = 1;", "duration = 0;", NULL, "lab.duration: 0 is out of range; allowed: "},
	{"duration = 1;", "duration = \"soon\";", NULL,
		"lab.duration: \"soon\" is not a number with a unit; allowed"},
	{"duration = 1;", "duration = 1; mbufs = \"64\";", NULL,
		"lab.mbufs: wrong type: \"64\" is a text; allowed: a whole number, 1024..8388608"},
	{"duration = 1;", "duration = 1; mbufs = 2000.5;", NULL,
		"lab.mbufs: wrong type: 2000.5 is not a whole number; allowed"},
	{"duration = 1;", "duration = 1; mbufs = -5;", NULL, "lab.mbufs: -5 is out of range; allowed"},
	{"duration = 1;", "duration = 1; events = 1;", NULL,
		"lab.events: wrong type: 1 is a number; allowed: true or false"},
	{"duration = 1;", "duration = 1; reorder_depth = 1000;", NULL,
		"lab.reorder_depth: 1000 is no power of two; allowed: 64, 128, ... 1048576"},
	{"lab = { duration = 1; };", "lab = ( 1 );", NULL, "lab: wrong type: a list; allowed: a group"},
	{"traffic = (", "trafic = ();\ntraffic = (", "trafic",
		"trafic: unknown key; allowed: lab, engines, hosts, gateways, routers, "
		"links, traffic, changes, variants; did you mean \"traffic\"?"},
	{"{ name = \"a\"; address", "5, { name = \"a\"; address", NULL,
		"hosts.0: wrong type: 5 is a number; allowed: a group"},
	{"{ name = \"a\"; address", "{ name = \"a.x\"; address", NULL,
		"hosts.a.x.name: \"a.x\" cannot be a name; allowed: a name of letters, digits, - and _ that "
		"is not a number"},
	{"{ name = \"a\"; address", "{ name = \"12\"; address", NULL,
		"hosts.12.name: \"12\" cannot be a name"},
	{"10.1.0.10", "10.1.0.256", NULL,
		"hosts.a.address: \"10.1.0.256\" is not an address; allowed: an IPv4 or IPv6 address"},
	{"10.1.0.1/16", "10.1.0.1/33", NULL,
		"gateways.gwa.ports.lan.address: \"10.1.0.1/33\": the length of a prefix is 0..32; allowed"},
	{"{ name = \"gwa\";", "{ name = \"gwa\"; platform = \"aimm\";", NULL,
		"gateways.gwa.platform: unknown word \"aimm\"; allowed: ios, aim, vam, c1700, motcr, spa, "
		"pix, iosxe; did "
		"you mean \"aim\"?"},
	{"{ name = \"gwa\";", "{ name = \"gwa\"; engine = \"ipsecmb\";", NULL,
		"gateways.gwa.engine: unknown word \"ipsecmb\"; allowed: ipsec_mb; did you mean "
		"\"ipsec_mb\"?"},
	{"\"4 Mb/s\"", "\"4 mb/s\"", NULL,
		"gateways.gwa.ports.wan.qos.shape: unknown unit \"mb/s\" in \"4 mb/s\"; allowed: "
		"a rate: bit/s, or \"2 Mb/s\" (b/s, kb/s, Mb/s, Gb/s; powers of 1000), 0..10000000000000; "
		"did you mean "
		"\"Mb/s\"?"},
	{"( \"af21\", 20 )", "( \"af21\", 64 )", NULL,
		"gateways.gwa.ports.wan.qos.classes.data.dscp.1: 64 is out of range; allowed: a DSCP or a "
		"list"},
	{"( \"af21\", 20 )", "\"af2l\"", NULL,
		"gateways.gwa.ports.wan.qos.classes.data.dscp: unknown word \"af2l\"; allowed: a DSCP"},
	{"[ \"a\", \"gwa.lan\" ]", "[ \"a\" ]", NULL,
		"links.lan-a.ends: wrong type: a list; allowed: two ends"},
	{"[ \"a\", \"gwa.lan\" ]", "( \"a\", 5 )", NULL,
		"links.lan-a.ends: wrong type: a list; allowed: two ends"},
	{" rate = 0;", "", "name = \"lan-b\"", "links.lan-b.rate: missing; allowed: a rate"},
	{WAN, "delay = \"20 ms\"; paths = ( { rat = 5; } ); }", NULL,
		"links.wan.paths.0.rat: unknown key; allowed: name, rate, delay, jitter, jitter_scale, "
		"jitter_shape, reorder, "
		"loss, duplicate, mtu, queue, overhead, weight; did you mean \"rate\"?"},
	{WAN, "loss = 1.5; }", NULL, "links.wan.loss: 1.5 is out of range; allowed: a number, 0..1"},
	{WAN, "jitter = \"normal\"; }", NULL,
		"links.wan.jitter: jitter of scale 0; allowed: with jitter_scale above 0"},
	{"\"1000-2000\"", "\"2000-1000\"", NULL,
		"gateways.gwa.policies.from-b.dport: \"2000-1000\" begins above its end; allowed: a port "
		"number, a range"},
	{"\"1000-2000\"", "\"1000-70000\"", NULL,
		"gateways.gwa.policies.from-b.dport: \"1000-70000\" is not a range of ports; allowed"},
	{POLICY, "{ name = \"to-b\"; proto = \"upd\"; action", NULL,
		"gateways.gwa.policies.to-b.proto: unknown word \"upd\"; "
		"allowed: an IP protocol: a number or a word, 0..256; did you mean \"udp\"?"},
	{TRAFFIC, TRAFFIC " codec = \"g722\";", NULL,
		"traffic.data.codec: unknown word \"g722\"; allowed: g711, g729; did you mean \"g729\"?"},
	{TRAFFIC, TRAFFIC " proto = \"any\";", NULL, "traffic.data.proto: unknown word \"any\"; allowed"},
};

static void
test_rows(void)
{
	LAB_CHECK_ROWS(value_rows);
}

int
suite_read(void)
{
	CU_pSuite s = CU_add_suite("read", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_rows);
	return 0;
}
