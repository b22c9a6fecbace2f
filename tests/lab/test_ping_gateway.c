/* Pings of gateways and routers in whole laboratories: at every address of theirs, through the tunnel and in
 * the clear, in both families; what is not answered; copies, and the same twice. */
#include "lab/ping.h"

#include "lab/report_priv.h"
#include "tests/lab/lab_rig.h"

int suite_ping_gateway(void);

#define PORT(name, address) "{ name = \"" name "\"; address = \"" address "\"; }"
#define ROUTE(to, via) "{ to = \"" to "\"; via = \"" via "\"; }"
#define PROTECT(sa, src, dst)                                                                                \
	"{ name = \"out\"; action = \"protect\"; sa = \"" sa "\"; src = \"" src "\"; dst = \"" dst "\"; }"
#define BYPASS(name, src, dst)                                                                               \
	"{ name = \"" name "\"; action = \"bypass\"; src = \"" src "\"; dst = \"" dst "\"; }"
#define LIST(name, list) name " = ( " list " );"
#define GATEWAY(name, sas, ports, route, policies)                                                           \
	"{ name = \"" name "\"; " LIST("sas", sas) LIST("ports", ports) LIST("routes", route)                \
		LIST("policies", policies) "}"
#define SAS(out_a, out_b, wan_a, wan_b)                                                                      \
	RIG_SA("a-b", out_a, "0x1001", wan_a, wan_b) "," RIG_SA("b-a", out_b, "0x2001", wan_b, wan_a)
#define LINK(name, from, to, delay)                                                                          \
	"{ name = \"" name "\"; ends = [ \"" from "\", \"" to "\" ]; rate = \"10 Mb/s\"; delay = \"" delay   \
	"\"; }"

/* What is no site's goes in the clear.  Addresses of a site, and of a wan, begin with those words. */
#define GWA(a, b, wa, wb, len, all)                                                                          \
	GATEWAY("gwa", SAS("out", "in", wa "1", wb "1"), PORT("lan", a "1" len) "," PORT("wan", wa "1" len), \
		ROUTE("any", wa "2"),                                                                        \
		PROTECT("a-b", a "0" len, b "0" len) "," BYPASS("there", a "0" len, all) "," BYPASS(         \
			"back", all, a "0" len))
#define GWB(a, b, wa, wb, len, all)                                                                          \
	GATEWAY("gwb", SAS("in", "out", wa "1", wb "1"), PORT("lan", b "1" len) "," PORT("wan", wb "1" len), \
		ROUTE("any", wb "2"),                                                                        \
		PROTECT("b-a", b "0" len, a "0" len) "," BYPASS("back", all, a "0" len))
#define CORE(a, b, wa, wb, len)                                                                              \
	"{ name = \"core\"; " LIST("ports", PORT("w1", wa "2" len) "," PORT("w2", wb "2" len))               \
		LIST("routes", ROUTE(a "0" len, wa "1") "," ROUTE(b "0" len, wb "1")) "}"
#define LINKS                                                                                                \
	LINK("lan-a", "a", "gwa.lan", "0 s")                                                                 \
	"," LINK("wan", "gwa.wan", "core.w1", "20 ms") "," LINK(                                             \
		"wan-b", "core.w2", "gwb.wan", "0 s") "," LINK("lan-b", "b", "gwb.lan", "0 s")

/* a ---- gwa ==== core ==== gwb ---- b */
#define TARGETS(a, b, wa, wb, len, all)                                                                      \
	"lab = { duration = 12; mbufs = 8192; };" LIST("hosts", PORT("a", a "10") "," PORT("b", b "10"))     \
		LIST("gateways", GWA(a, b, wa, wb, len, all) "," GWB(a, b, wa, wb, len, all))                \
			LIST("routers", CORE(a, b, wa, wb, len)) LIST("links", LINKS) LIST("traffic",        \
				"{ name = \"p\"; kind = \"ping\"; from = \"a\"; to = \"gwb.lan\"; }")

static const char v4[] = TARGETS("10.1.0.", "10.2.0.", "192.0.2.", "198.51.100.", "/24", "any");
static const char v6[] = TARGETS(
	"2001:db8:1::", "2001:db8:2::", "2001:db8:a::", "2001:db8:b::", "/64", "2001:db8::/32");

/* Runs, with what holds in every run: flows, nodes and the ping tell one story. */
static const struct ping_result *
run(struct rig *rig, const char *text, const char *const *sets, int clones)
{
	const struct result *r;

	rig_run_checked(rig, text, sets, clones);
	r = rig->r;
	CU_ASSERT_EQUAL(r->events_lost, 0);
	CU_ASSERT_EQUAL_FATAL(r->n_pings, 1);
	CU_ASSERT_EQUAL(r->flows[0].sent, r->pings[0]->sent);
	CU_ASSERT_EQUAL(r->flows[1].sent, r->answers);
	CU_ASSERT_EQUAL(r->flows[1].sent, r->flows[0].delivered + r->flows[0].duplicates);
	CU_ASSERT_STRING_EQUAL(r->flows[1].class_name, "p back");
	return r->pings[0];
}

/* Five echoes to a port of that node are all answered by it. */
static void
answered_check(const char *text, const char *node, const char *port)
{
	char to[64];
	struct rig rig;
	const struct ping_result *p;

	snprintf(to, sizeof(to), "traffic.p.to=%s.%s", node, port);
	p = run(&rig, text, RIG_SETS(to), 0);
	CU_ASSERT_STRING_EQUAL(p->marks, "!!!!!");
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered_bytes, 500);
	CU_ASSERT_EQUAL(rig.r->flows[1].delivered_bytes, 500);
	CU_ASSERT_EQUAL(rig_node(&rig, node)->created, 5);
	CU_ASSERT_EQUAL(rig_node(&rig, node)->consumed, 5);
	CU_ASSERT_TRUE(ip_equal(rig.r->flows[1].src, p->dst));
	rig_end(&rig);
}

static void
test_everywhere(void)
{
	static const char *const texts[] = {v4, v6};

	for (unsigned i = 0; i < 2; i++) {
		answered_check(texts[i], "gwb", "lan");
		answered_check(texts[i], "gwb", "wan");
		answered_check(texts[i], "gwa", "lan");
		answered_check(texts[i], "gwa", "wan");
		answered_check(texts[i], "core", "w1");
		answered_check(texts[i], "core", "w2");
	}
}

/* To gwb.lan through the tunnel, each way; to gwb.wan not. */
static void
test_ways(void)
{
	static const char *const texts[] = {v4, v6};

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;
		const struct ping_result *p = run(&rig, texts[i], NULL, 0);

		CU_ASSERT(p->rtt_min > 40 * 1000000 && p->rtt_max < 41 * 1000000);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->packets, 5);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "b-a")->packets, 5);
		rig_end(&rig);
		run(&rig, texts[i], RIG_SETS("traffic.p.to=gwb.wan"), 0);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwb", "a-b")->packets, 0);
		CU_ASSERT_EQUAL(rig_sa(&rig, "gwa", "b-a")->packets, 0);
		rig_end(&rig);
	}
}

/* Time-outs, and which drops of which node of which flow there are in their place. */
static void
silence_check(const char *const *sets, const char *node, enum drop reason, unsigned flow)
{
	struct rig rig;
	const struct ping_result *p = run(&rig, v4, sets, 0);

	CU_ASSERT_STRING_EQUAL(p->marks, ".....");
	CU_ASSERT_EQUAL(rig_node(&rig, node)->drops[reason], rig.r->dropped);
	CU_ASSERT_EQUAL(rig.r->flows[flow].drops[reason], 5);
	rig_end(&rig);
}

static void
test_silence(void)
{
	/* where tunnels end the echo in the clear wants a rule, here one of the way out read backwards, and
	 * so does the answer */
	silence_check(RIG_SETS("traffic.p.to=gwb.wan", "gateways.gwb.policies.back.dst=10.9.0.0/16"), "gwb",
		DROP_POLICY_NONE, 0);
	silence_check(RIG_SETS("traffic.p.to=gwb.wan", "gateways.gwb.policies.back.direction=in",
			      "gateways.gwb.policies.back.src=10.1.0.0/16",
			      "gateways.gwb.policies.back.dst=198.51.100.0/24"),
		"gwb", DROP_POLICY_NONE, 1);
	silence_check(RIG_SETS("traffic.p.to=gwb.wan", "gateways.gwa.policies.there.dst=10.9.0.0/16"), "gwa",
		DROP_POLICY_NONE, 0);
	silence_check(RIG_SETS("traffic.p.to=gwb.wan", "gateways.gwb.policies.back.action=discard"), "gwb",
		DROP_POLICY_DISCARD, 0);
	silence_check(RIG_SETS("links.wan.loss=1"), "wan", DROP_WIRE_LOSS, 0);
}

/* A gateway puts ESP together, but not what was cut by a host, or before encryption. */
static void
test_pieces(void)
{
	struct rig rig;

	rig_run(&rig, v4, RIG_SETS("traffic.p.size=1500"));
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_STRING_EQUAL(rig.r->pings[0]->marks, "!!!!!");
	CU_ASSERT(rig.r->flows[0].delivered == 5 && rig.r->flows[0].held == 0);
	CU_ASSERT(rig.r->flows[1].delivered == 5 && rig.r->flows[1].held == 0);
	rig_end(&rig);
	rig_run(&rig, v4, RIG_SETS("traffic.p.size=1500", "gateways.gwa.fragmentation=before-encryption"));
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_STRING_EQUAL(rig.r->pings[0]->marks, ".....");
	CU_ASSERT(rig.r->flows[0].drops[DROP_NOT_MINE] == 5 && rig.r->flows[0].held == 0);
	rig_end(&rig);
	rig_run(&rig, v4, RIG_SETS("hosts.a.mtu=576", "traffic.p.size=700"));
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_STRING_EQUAL(rig.r->pings[0]->marks, ".....");
	CU_ASSERT(rig.r->flows[0].sent == 5 && rig.r->flows[0].drops[DROP_NOT_MINE] == 5);
	CU_ASSERT(rig.r->flows[0].held == 0 && rig.r->flows[1].sent == 0);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwb")->drops[DROP_NOT_MINE], 10);
	rig_end(&rig);
}

/* Of all sizes those are answered that an echo to the host behind would be. */
static void
test_sweep(void)
{
	char *marks[2];

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;

		rig_run(&rig, v4,
			RIG_SETS(i ? "traffic.p.to=b" : "traffic.p.to=gwb.lan", "traffic.p.df=true",
				"traffic.p.sweep_min=1430", "traffic.p.sweep_max=1444",
				"traffic.p.repeat=1"));
		CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
		CU_ASSERT_EQUAL(rig.r->pings[0]->largest, 1438);
		marks[i] = strdup(rig.r->pings[0]->marks);
		rig_end(&rig);
	}
	CU_ASSERT_STRING_EQUAL(marks[0], "!!!!!!!!!MMMMMM");
	CU_ASSERT_STRING_EQUAL(marks[0], marks[1]);
	free(marks[0]);
	free(marks[1]);
}

/* A copy of an echo in the clear is answered once more, as a host does it. */
static void
test_copies(void)
{
	struct rig rig;
	const struct ping_result *p = run(
		&rig, v4, RIG_SETS("traffic.p.to=gwb.wan", "links.wan-b.duplicate=1", "lab.duration=20"), 1);

	CU_ASSERT_STRING_EQUAL(p->marks, "!!!!!");
	CU_ASSERT(rig.r->flows[0].delivered == 5 && rig.r->flows[0].duplicates == 5);
	CU_ASSERT(rig.r->flows[1].delivered == 5 && rig.r->flows[1].duplicates == 15);
	CU_ASSERT_EQUAL(rig_node(&rig, "gwb")->created, 10);
	rig_end(&rig);
}

static void
test_twice(void)
{
	char *text[2];

	for (unsigned i = 0; i < 2; i++) {
		size_t bytes;
		FILE *out = open_memstream(&text[i], &bytes);
		struct rig rig;

		CU_ASSERT_PTR_NOT_NULL_FATAL(out);
		report_ping_text(run(&rig, v6,
					 RIG_SETS("links.wan.loss=0.2", "links.wan.jitter=uniform",
						 "links.wan.jitter_scale=5 ms", "traffic.p.repeat=50",
						 "lab.duration=100"),
					 0),
			out);
		fclose(out);
		rig_end(&rig);
	}
	CU_ASSERT_STRING_EQUAL(text[0], text[1]);
	CU_ASSERT(strchr(text[0], '!') && strstr(text[0], "to 2001:db8:2::1,"));
	free(text[0]);
	free(text[1]);
}

int
suite_ping_gateway(void)
{
	CU_pSuite s = CU_add_suite("ping_gateway", NULL, NULL);

	CU_ADD_TEST(s, test_everywhere);
	CU_ADD_TEST(s, test_ways);
	CU_ADD_TEST(s, test_silence);
	CU_ADD_TEST(s, test_pieces);
	CU_ADD_TEST(s, test_sweep);
	CU_ADD_TEST(s, test_copies);
	CU_ADD_TEST(s, test_twice);
	return 0;
}
