/* config/check.c, check_qos.c and check_traffic.c, and how faults are told: one fault a row. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_check(void);

#define VOICE "dscp = \"ef\"; priority = \"1 Mb/s\";"
#define DATA "bandwidth = \"2 Mb/s\";"
#define TRAFFIC "kind = \"imix\"; from = \"a\"; to = \"b\"; rate = \"1 Mb/s\";"
#define PING(to) "kind = \"ping\"; from = \"a\"; to = \"" to "\";"

/* QoS and sources. */
static const struct lab_row load_rows[] = {
	{VOICE, VOICE " bandwidth = 5;", NULL,
		"gateways.gwa.ports.wan.qos.classes.voice.bandwidth: priority is given "
		"too; allowed: one of them"},
	{VOICE, "dscp = \"ef\";", NULL,
		"gateways.gwa.ports.wan.qos.classes.voice.bandwidth: missing; allowed: either "
		"priority or bandwidth, above 0"},
	{VOICE, "bandwidth = 5;", "{ name = \"rest\"",
		"gateways.gwa.ports.wan.qos.classes.rest.dscp: missing: \"voice\" is "
		"the default class already; allowed: one class without dscp"},
	{"{ name = \"rest\"; }", "{ name = \"rest\"; priority = 5; }", NULL,
		"gateways.gwa.ports.wan.qos.classes.rest.priority: "
		"the default class cannot have priority; allowed"},
	{"( \"af21\", 20 )", "( \"af21\", \"ef\" )", NULL,
		"gateways.gwa.ports.wan.qos.classes.data.dscp: DSCP 46 is in class "
		"\"voice\" too; allowed: each DSCP once"},
	{DATA, "bandwidth = \"3001 kb/s\";", "classes = (",
		"gateways.gwa.ports.wan.qos.classes: priority and bandwidth add "
		"up to 4001000 bit/s; allowed: at most 4000000, the rate of the shaper"},
	{"shape = \"4 Mb/s\"; classes", "shape = 0; classes", NULL, NULL},
	{"qos = { kind = \"cbwfq\"; shape = \"4 Mb/s\"; classes = (",
		"qos = { kind = \"cbwfq\"; classes = (\n"
		"{ name = \"big\"; dscp = 1; bandwidth = \"8 Mb/s\"; },",
		"classes = (",
		"gateways.gwa.ports.wan.qos.classes: "
		"priority and bandwidth add up to 11000000 bit/s; allowed: at most 10000000, the rate of the "
		"link"},
	{"{ name = \"lan\"; address = \"10.1.0.1/16\"; }",
		"{ name = \"lan\"; address = \"10.1.0.1/16\"; qos = { kind = \"cbwfq\"; }; }", NULL,
		"gateways.gwa.ports.lan.qos.classes: missing; allowed: one class or more"},
	{"rate = \"1 Mb/s\"; dscp", "dscp", "imix",
		"traffic.data.rate: missing; allowed: kind \"imix\" wants either rate or pps, above 0"},
	{TRAFFIC, TRAFFIC " pps = 5;", NULL, "traffic.data.pps: rate is given too; allowed: one of them"},
	{"kind = \"imix\"", "kind = \"voice\"", NULL,
		"traffic.data.rate: kind \"voice\" has a rate of its own; allowed: none"},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; rate = 1000;", NULL,
		"traffic.data.rate: kind \"tcp\" has a rate of its own; allowed: none"},
	{TRAFFIC, "kind = \"ping\"; from = \"a\"; to = \"b\"; pps = 5.0;", NULL,
		"traffic.data.pps: kind \"ping\" has a rate of its own; allowed: none"},
	{TRAFFIC, "kind = \"ping\"; from = \"a\"; to = \"b\"; flows = 2;", NULL,
		"traffic.data.flows: 2; allowed: 1, as an echo waits for the answer to the last"},
	{TRAFFIC, "kind = \"ping\"; from = \"a\"; to = \"b\"; sweep_min = 35; sweep_max = 50;", NULL,
		"traffic.data.sweep_min: 35; allowed: at least 36, the heads and 8 bytes of data"},
	{TRAFFIC, "kind = \"ping\"; from = \"a\"; to = \"b\"; sweep_min = 51; sweep_max = 50;", NULL,
		"traffic.data.sweep_max: 50; allowed: from sweep_min, 51, on"},
	{TRAFFIC,
		"kind = \"ping\"; from = \"a\"; to = \"b\"; sweep_min = 50; sweep_max = 149; repeat = 10001;",
		NULL, "traffic.data.repeat: 10001 sweeps of 100 sizes; allowed: at most 1000000 echoes"},
	{TRAFFIC, "kind = \"ping\"; from = \"a\"; to = \"b\"; sweep_min = 50; sweep_max = 50;", NULL, NULL},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; request = 5;", NULL,
		"traffic.data.request: alone; allowed: request and response together, or none of them"},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; request = 5; response = 5; bytes = 1;", NULL,
		"traffic.data.bytes: with request; allowed: one of them"},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; mss = 27;", NULL,
		"traffic.data.mss: 27; allowed: 0, or at least 28"},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; mss = 1461;", NULL,
		"traffic.data.mss: 1461 is more than the MTU of a leaves; allowed: at most 1460"},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; flows = 4097;", NULL,
		"traffic.data.flows: 4097 connections; allowed: at most 4096"},
	{TRAFFIC, "kind = \"tcp\"; from = \"a\"; to = \"b\"; congestion = \"reno\";", NULL,
		"traffic.data.congestion: "},
	{TRAFFIC, "kind = \"pcap\"; from = \"a\"; to = \"b\";", NULL,
		"traffic.data.file: missing; allowed: the name of a pcap or pcapng file"},
	{"from = \"a\"", "from = \"aa\"", NULL,
		"traffic.data.from: no host is called \"aa\"; allowed: the name of a host; did "
		"you mean \"a\"?"},
	{"to = \"b\"; rate", "to = \"gwb\"; rate", NULL,
		"traffic.data.to: no host is called \"gwb\"; allowed"},
	{"to = \"b\"; rate", "to = \"gwb.lan\"; rate", NULL,
		"traffic.data.to: \"gwb.lan\" is a port, and kind \"imix\" wants a host; allowed: the name "
		"of a host, or kind \"ping\""},
	{"to = \"b\"; rate", "to = \"gwb.lam\"; rate", NULL,
		"traffic.data.to: no host is called \"gwb.lam\"; allowed: the name of a host"},
	{TRAFFIC, PING("gwb.lan"), NULL, NULL},
	{TRAFFIC, PING("gwb.wam"), NULL,
		"traffic.data.to: \"gwb.wam\" names nothing; allowed: \"host\" or \"gateway.port\"; did you "
		"mean \"gwb.wan\"?"},
	{TRAFFIC, PING("gwb"), NULL,
		"traffic.data.to: \"gwb\" names nothing; allowed: \"host\" or \"gateway.port\""},
	{TRAFFIC, PING("gwb.lan") " flows = 2;", NULL, "traffic.data.flows: 2; allowed: 1, as an echo"},
	{"to = \"b\"; rate", "to = \"a\"; rate", NULL,
		"traffic.data.to: host a cannot send to itself; allowed: another host"},
	{TRAFFIC, TRAFFIC " start = 2; stop = 1;", NULL, "traffic.data.stop: not after start; allowed"},
	{TRAFFIC, TRAFFIC " sport = 65000; flows = 600;", NULL,
		"traffic.data.flows: 600 flows from port 65000 on pass port 65535; allowed: at most 536"},
	{TRAFFIC, TRAFFIC " mix = ( { bytes = 20; weight = 1; } );", NULL,
		"traffic.data.mix.0.bytes: 20 is out of range; allowed"},
	{TRAFFIC, TRAFFIC " mix = ( { bytes = 64; } );", NULL, "traffic.data.mix.0.weight: missing; allowed"},
};

/* Twenty lines at most, in order, and nothing behind a small buffer. */
static void
test_many_faults(void)
{
	char text[4096] = "lab = {\n", file[LAB_FILE_MAX], message[LAB_MESSAGE_MAX], small[64];
	const struct cfg_hooks hooks = {.transform = lab_fake_transform};
	const char *p = message;
	struct cfg_lab *lab;
	unsigned lines = 1;

	for (unsigned i = 0; i < 30; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  wrong%u = 1;\n", i);
	strcat(text, "};\n");
	CU_ASSERT_EQUAL(lab_load_text(text, strlen(text), NULL, 0, &lab, file, message), ST_ERR_CONFIG);
	CU_ASSERT_PTR_NULL(lab);
	while ((p = strchr(p, '\n')) != NULL) {
		p++;
		lines++;
	}
	CU_ASSERT_EQUAL(lines, 20);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, ":2: lab.wrong0: unknown key"));
	memset(small, 'x', sizeof(small));
	CU_ASSERT_EQUAL(cfg_load("/dev/null", NULL, 0, &hooks, &lab, small, 20), ST_ERR_CONFIG);
	CU_ASSERT_EQUAL(strlen(small), 19);
	CU_ASSERT_EQUAL(small[20], 'x');
}

/* A variant is checked as the file is, under its name. */
static void
test_variants(void)
{
	lab_check_two("traffic = (",
		"variants = ( { name = \"no window\"; set = [ \"gateways.gwb.sas.a-b.windw=5\" ]; } "
		");\ntraffic = (",
		"duration = 1", "duration = 1",
		"variant \"no window\": --set gateways.gwb.sas.a-b.windw: unknown key");
	lab_check_two("traffic = (",
		"variants = ( { name = \"ok\"; set = []; }, { name = \"x\"; set = [ \"traffic.data.to=a\" ]; "
		"} );\n"
		"traffic = (",
		"duration = 1", "duration = 1",
		"variant \"x\": --set traffic.data.to: host a cannot send to itself");
	lab_check_two("traffic = (", "variants = ( { name = \"x\"; set = [ \"nothing\" ]; } );\ntraffic = (",
		"duration = 1", "duration = 1",
		": variants.x.set.0: has no \"=\"; allowed: a list of texts \"path=value\"");
	lab_check_two("traffic = (", "variants = ( { name = \"x\"; }, { name = \"x\"; } );\ntraffic = (",
		"duration = 1", "duration = 1", ": variants.x.name: the name \"x\" is taken");
}

static void
test_rows(void)
{
	LAB_CHECK_ROWS(load_rows);
}

int
suite_check(void)
{
	CU_pSuite s = CU_add_suite("check", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_rows);
	CU_ADD_TEST(s, test_many_faults);
	CU_ADD_TEST(s, test_variants);
	return 0;
}
