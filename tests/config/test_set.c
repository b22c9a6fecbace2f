/* config/set.c: what --set can reach, what its values become, and what it refuses. */
#include <CUnit/CUnit.h>

#include "tests/config/lab_text.h"

int suite_set(void);

/* Loads the base with some sets; NULL where it is refused. */
static struct cfg_lab *
load_set(const struct cfg_set *set, unsigned n, char *message)
{
	char file[LAB_FILE_MAX];
	struct cfg_lab *lab;

	message[0] = '\0';
	lab_load_text(lab_base, strlen(lab_base), set, n, &lab, file, message);
	return lab;
}

/* One set that is refused with a message that begins so. */
static void
check_refused(const char *path, const char *value, const char *expected)
{
	const struct cfg_set set = {path, value};
	char message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab = load_set(&set, 1, message);

	if (strncmp(message, expected, strlen(expected)) != 0)
		printf("\n  became: %s\n  expected: %s\n", message, expected);
	CU_ASSERT_PTR_NULL(lab);
	CU_ASSERT_EQUAL(strncmp(message, expected, strlen(expected)), 0);
	cfg_free(lab);
}

static void
test_values(void)
{
	static const struct cfg_set set[] = {
		{"lab.duration", "5"},
		{"lab.seed", "18446744073709551615"},
		{"lab.title", "12"},
		{"gateways.gwb.sas.a-b.window", "1024"},
		{"gateways.1.sas.1.ttl", "0x20"},
		{"links.wan.delay", "5 ms"},
		{"links.wan.loss", "0.5"},
		{"links.wan.capture", "true"},
		{"traffic.data.rate", "5 Mb/s"},
		{"traffic.data.dscp", "ef"},
		{"traffic.data.class", "bulk data"},
		{"gateways.gwa.policies.to-b.dscp", "[10, 20]"},
		{"gateways.gwa.policies.from-b.dport", "500"},
		{"hosts.a.address", "10.1.0.77"},
		{"lab.events", "false"},
		{"gateways.gwa.routes.0.to", "\"10.0.0.0/8\""},
	};
	char message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab = load_set(set, sizeof(set) / sizeof(set[0]), message);

	CU_ASSERT_STRING_EQUAL(message, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab);
	CU_ASSERT_EQUAL(lab->duration, UINT64_C(5000000000));
	CU_ASSERT_EQUAL(lab->seed, UINT64_MAX);
	CU_ASSERT_STRING_EQUAL(lab->title, "12");
	CU_ASSERT_EQUAL(lab->gateways[1].sas[0].window, 1024);
	CU_ASSERT_EQUAL(lab->gateways[1].sas[1].ttl, 32);
	CU_ASSERT_EQUAL(lab->links[1].paths[0].delay, 5000000);
	CU_ASSERT_EQUAL(lab->links[1].paths[0].loss, 0.5);
	CU_ASSERT_TRUE(lab->links[1].capture);
	CU_ASSERT_EQUAL(lab->traffic[0].rate, 5000000);
	CU_ASSERT_EQUAL(lab->traffic[0].dscp, 46);
	CU_ASSERT_STRING_EQUAL(lab->traffic[0].class_name, "bulk data");
	CU_ASSERT_EQUAL(lab->gateways[0].policies[0].dscp, UINT64_C(1) << 10 | UINT64_C(1) << 20);
	CU_ASSERT_EQUAL(lab->gateways[0].policies[1].dport.lo, 500);
	CU_ASSERT(ip_equal(lab->hosts[0].address, ip_v4(0x0a01004d)));
	CU_ASSERT_FALSE(lab->events);
	CU_ASSERT_EQUAL(lab->gateways[0].routes[0].to.len, IP_V4_LEN + 8);
	cfg_free(lab);
}

/* A group that is absent is made on the way; a whole group or list can be given; the last of two counts. */
static void
test_groups(void)
{
	static const struct cfg_set set[] = {
		{"gateways.gwb.ports.wan.qos.queue_limit", "7"},
		{"gateways.gwb.ports.wan.qos.queue_limit", "8"},
		{"gateways.gwa.ports.lan.qos",
			"{ kind = \"cbwfq\"; shape = 10000000000; classes = ( { name = \"all\"; } ); }"},
		{"gateways.gwa.policies", "()"},
		{"traffic.data.mix", "( { bytes = 100; weight = 1; }, { bytes = 200; weight = 2; } )"},
	};
	char message[LAB_MESSAGE_MAX];
	struct cfg_lab *lab = load_set(set, sizeof(set) / sizeof(set[0]), message);

	CU_ASSERT_STRING_EQUAL(message, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab);
	CU_ASSERT_EQUAL(lab->gateways[1].ports[1].qos.queue_limit, 8);
	CU_ASSERT_EQUAL(lab->gateways[1].ports[1].qos.kind, CFG_QOS_FIFO);
	CU_ASSERT_EQUAL(lab->gateways[0].ports[0].qos.kind, CFG_QOS_CBWFQ);
	CU_ASSERT_EQUAL(lab->gateways[0].ports[0].qos.shape, UINT64_C(10000000000));
	CU_ASSERT_EQUAL(lab->gateways[0].n_policies, 0);
	CU_ASSERT_EQUAL_FATAL(lab->traffic[0].n_mix, 2);
	CU_ASSERT_EQUAL(lab->traffic[0].mix[1].bytes, 200);
	cfg_free(lab);
}

static void
test_refused(void)
{
	check_refused("gateways.gwb.sas.a-b.windwo", "5",
		"--set gateways.gwb.sas.a-b.windwo: unknown key \"windwo\"; "
		"allowed: name, direction, spi, src, dst, transform, key, auth_key, esn, window, replay, "
		"first_seq, df, fragmentation, dscp, ttl, mode, natt, natt_keepalive, align4, in_order, tfc, "
		"lifetime_seconds, lifetime_kilobytes, lifetime_soft, idle_time, over; "
		"did you mean \"window\"?");
	check_refused("gateway.gwb.engine", "x",
		"--set gateway.gwb.engine: unknown key \"gateway\"; allowed: lab, engines, "
		"hosts, gateways, routers, links, traffic, changes, variants; did you mean \"gateways\"?");
	check_refused("links.wam.delay", "1",
		"--set links.wam.delay: nothing in links is called \"wam\"; allowed: a name or "
		"an index from 0; did you mean \"wan\"?");
	check_refused("links.3.delay", "1", "--set links.3.delay: nothing in links is called \"3\"; allowed");
	check_refused("routers.r.name", "x", "--set routers.r.name: there are no routers");
	check_refused("links.wan", "1", "--set links.wan: names no key; allowed: one of name, ends, select");
	check_refused("lab.duration.x", "1", "--set lab.duration.x: duration has no keys of its own");
	check_refused("lab", "1", "--set lab: wrong type: 1 is a number; allowed: a group");
	check_refused("", "1", "--set : unknown key \"\"; allowed: lab");
	check_refused("lab..duration", "1", "--set lab..duration: unknown key \"\"; allowed");
	check_refused("links..delay", "1", "--set links..delay: nothing in links is called \"\"");
	check_refused("lab.duration", "", "--set lab.duration: \"\" is not a number with a unit; allowed");
	check_refused("lab.mbufs", "5; seed = 6",
		"--set lab.mbufs: wrong type: \"5; seed = 6\" is a text; allowed");
	check_refused("lab.mbufs", "@include \"x\"",
		"--set lab.mbufs: wrong type: \"@include \"x\"\" is a text; allowed");
	check_refused("gateways.gwa.platform", "ioss",
		"--set gateways.gwa.platform: unknown word \"ioss\"; allowed: ios");
	check_refused("gateways.gwa.sas.a-b.spi", "200", "--set gateways.gwa.sas.a-b.spi: 200 is reserved");
	check_refused("gateways.gwa.sas.a-b.transform", "esp-aes 128",
		"--set gateways.gwa.sas.a-b.transform: differs from that of the partner at gwb");
	check_refused("gateways.gwa.ports.wan.qos", "{ knd = 1; }",
		"--set gateways.gwa.ports.wan.qos.knd: unknown key; allowed: kind");
	check_refused("traffic.data.mix", "( { bytes = 100; } )",
		"--set traffic.data.mix.0.weight: missing; allowed");
}

int
suite_set(void)
{
	CU_pSuite s = CU_add_suite("set", NULL, NULL);

	if (s == NULL)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_values);
	CU_ADD_TEST(s, test_groups);
	CU_ADD_TEST(s, test_refused);
	return 0;
}
