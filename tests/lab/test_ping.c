/* Pings: when the next echo leaves, what counts, and how it is printed; whole laboratories: a sweep with DF
 * finds the size that `esplab mtu` computes, a black hole, MTUs of hosts, both families, and the same twice.
 */
#include "lab/ping.h"

#include "base/clock.h"
#include "dataplane/ipsec/size.h"
#include "lab/report_priv.h"
#include "tests/lab/lab_rig.h"

int suite_ping(void);

#define SEC NS_PER_SEC
#define NOBODY IP_V4(0)

static struct ping *
make(struct cfg_traffic *cfg, uint64_t start, uint64_t stop)
{
	struct ping *ping;

	cfg->timeout = 2 * SEC;
	CU_ASSERT_EQUAL_FATAL(ping_create(cfg, IP_V4(1), IP_V4(2), start, stop, &ping), ST_OK);
	return ping;
}

/* The next echo leaves with the answer, the message or the time-out of the last; what is late counts for
 * nothing. */
static void
test_one_by_one(void)
{
	struct cfg_traffic cfg = {.size = 100, .repeat = 4};
	struct ping *ping = make(&cfg, 10, TIME_NEVER);
	const struct ping_result *r;
	uint64_t num = 9;
	uint32_t bytes = 0;

	CU_ASSERT_EQUAL(ping_next_due(ping), 10);
	CU_ASSERT_FALSE(ping_turn(ping, 9, &num, &bytes));
	CU_ASSERT_TRUE(ping_turn(ping, 10, &num, &bytes));
	CU_ASSERT(num == 0 && bytes == 100);
	CU_ASSERT_FALSE(ping_turn(ping, 10, &num, &bytes));
	CU_ASSERT_EQUAL(ping_next_due(ping), 10 + 2 * SEC);
	ping_reply(ping, 0, 1010, 1015);
	CU_ASSERT_EQUAL(ping_next_due(ping), 1015);
	CU_ASSERT_TRUE(ping_turn(ping, 1015, &num, &bytes));
	CU_ASSERT_EQUAL(num, 1);
	ping_reply(ping, 0, 1020, 1020); /* a copy */
	ping_fail(ping, 0, PING_TOO_BIG, NOBODY, 5, 1020);
	CU_ASSERT_TRUE(ping_turn(ping, 1015 + 2 * SEC, &num, &bytes)); /* echo 1 timed out */
	CU_ASSERT_EQUAL(num, 2);
	ping_reply(ping, 1, 3 * SEC, 3 * SEC); /* too late */
	ping_fail(ping, 2, PING_TOO_BIG, IP_V4(7), 1438, 3 * SEC);
	CU_ASSERT_TRUE(ping_turn(ping, 3 * SEC, &num, &bytes));
	ping_reply(ping, 3, 3 * SEC + 3000, 3 * SEC + 3000);
	CU_ASSERT_EQUAL(ping_next_due(ping), TIME_NEVER);
	r = ping_result(ping);
	CU_ASSERT_STRING_EQUAL(r->marks, "!.M!");
	CU_ASSERT(r->echoes == 4 && r->sent == 4 && r->replies == 2);
	CU_ASSERT(r->rtt_min == 1000 && r->rtt_max == 3000 && r->rtt_sum == 4000);
	CU_ASSERT(r->told == 1 && r->told_mtu == 1438 && ip_equal(r->told_by, IP_V4(7)));
	ping_destroy(ping);
}

static void
test_end(void)
{
	struct cfg_traffic cfg = {.size = 100, .repeat = 3};
	struct ping *ping = make(&cfg, 0, SEC);
	uint64_t num;
	uint32_t bytes;

	CU_ASSERT_TRUE(ping_turn(ping, 0, &num, &bytes));
	CU_ASSERT_FALSE(ping_turn(ping, 2 * SEC, &num, &bytes)); /* timed out after the end */
	CU_ASSERT_EQUAL(ping_next_due(ping), TIME_NEVER);
	CU_ASSERT_STRING_EQUAL(ping_result(ping)->marks, ".");
	ping_destroy(ping);
	ping = make(&cfg, SEC, SEC);
	CU_ASSERT_EQUAL(ping_next_due(ping), TIME_NEVER);
	CU_ASSERT_EQUAL(ping_result(ping)->sent, 0);
	ping_destroy(ping);
	ping = make(&cfg, 0, SEC); /* the run ends while an echo is under way */
	CU_ASSERT_TRUE(ping_turn(ping, 0, &num, &bytes));
	CU_ASSERT_STRING_EQUAL(ping_result(ping)->marks, ".");
	ping_destroy(ping);
}

/* Sequence numbers have 16 bits, echoes more. */
static void
test_sweep(void)
{
	struct cfg_traffic cfg = {
		.size = 100, .repeat = 30000, .sweep_min = 100, .sweep_max = 131, .sweep_interval = 15};
	struct ping *ping = make(&cfg, 0, TIME_NEVER);
	static const uint32_t sizes[] = {100, 115, 130};
	unsigned wrong = 0;
	uint64_t num, n = 0;
	uint32_t bytes;

	for (; ping_turn(ping, n, &num, &bytes); n++) {
		wrong += num != n || bytes != sizes[n % 3];
		if (bytes == 130)
			ping_fail(ping, (uint16_t)n, PING_TOO_BIG6, NOBODY, 0, n + 1);
		else
			ping_reply(ping, n, n + 1, n + 1);
	}
	CU_ASSERT_EQUAL(n, 90000);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(ping_result(ping)->replies, 60000);
	CU_ASSERT_EQUAL(ping_result(ping)->largest, 115);
	CU_ASSERT_EQUAL(strncmp(ping_result(ping)->marks + 89997, "!!B", 4), 0);
	ping_destroy(ping);
}

/* ---- print ---- */

static void
text_of(const struct ping_result *ping, char **text)
{
	size_t bytes;
	FILE *out = open_memstream(text, &bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	report_ping_text(ping, out);
	fclose(out);
}

static void
test_print(void)
{
	struct cfg_traffic cfg = {.size = 100, .repeat = 5, .timeout = 2 * SEC, .df = true};
	struct ping_result r = {.cfg = &cfg,
		.dst = IP_V4(0x0a02000a),
		.echoes = 5,
		.sent = 5,
		.replies = 3,
		.rtt_min = 400000,
		.rtt_max = 4499999,
		.rtt_sum = 7000000,
		.largest = 100,
		.told = 1,
		.told_mtu = 1438,
		.told_by = IP_V4(0x0a010001),
		.marks = "!!!M."};
	char *text, long_marks[142];

	text_of(&r, &text);
	CU_ASSERT_STRING_EQUAL(text,
		"Type escape sequence to abort.\n"
		"Sending 5, 100-byte ICMP Echos to 10.2.0.10, timeout is 2 seconds:\n"
		"Packet sent with the DF bit set\n"
		"!!!M.\n"
		"Success rate is 60 percent (3/5), round-trip min/avg/max = 1/2/4 ms\n"
		"ICMP: dst (10.2.0.10): frag. needed and DF set: 1, the last from 10.1.0.1, mtu 1438\n"
		"Largest size that got through: 100 bytes\n");
	free(text);
	memset(long_marks, '.', 141);
	long_marks[141] = '\0';
	cfg = (struct cfg_traffic){.timeout = SEC / 2, .sweep_min = 68, .sweep_max = 1500};
	r = (struct ping_result){
		.cfg = &cfg, .dst = IP_V4(0x0a02000a), .echoes = 1433, .sent = 141, .marks = long_marks};
	text_of(&r, &text);
	CU_ASSERT_PTR_NOT_NULL(strstr(
		text, "Sending 1433, [68..1500]-byte ICMP Echos to 10.2.0.10, timeout is 500 ms:\n....."));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "....\n.\nSuccess rate is 0 percent (0/141)\n"
					    "The source ended before the other 1292 echoes.\n"
					    "Nothing got through.\n"));
	CU_ASSERT_EQUAL(strchr(strstr(text, "\n..") + 1, '\n') - strstr(text, "\n..") - 1, 70);
	free(text);
}

/* ---- laboratories ---- */

#define PING(more)                                                                                           \
	RIG_TWO_SITES "traffic = ( { name = \"p\"; kind = \"ping\"; from = \"a\"; to = \"b\"; " more " } );"

#define PING_V6(more)                                                                                        \
	"lab = { duration = 5; mbufs = 8192; };"                                                             \
	"hosts = ( { name = \"a\"; address = \"2001:db8:1::10\"; },"                                         \
	"  { name = \"b\"; address = \"2001:db8:2::10\"; } );"                                               \
	"routers = ( { name = \"r\"; ports = ( { name = \"a\"; address = \"2001:db8:1::1/64\"; },"           \
	"  { name = \"b\"; address = \"2001:db8:2::1/64\"; mtu = 1400; } ); } );"                            \
	"links = ( { name = \"wan\"; ends = [ \"a\", \"r.a\" ]; rate = \"10 Mb/s\"; delay = \"20 ms\"; },"   \
	"  { name = \"lan\"; ends = [ \"r.b\", \"b\" ]; rate = \"1 Gb/s\"; } );"                             \
	"traffic = ( { name = \"p\"; kind = \"ping\"; from = \"a\"; to = \"b\"; " more " } );"

/* Runs and checks what holds in every run; hosts may cut, so what they create is more than what flows sent.
 */
static const struct ping_result *
ping_run(struct rig *rig, const char *text, const char *const *sets)
{
	rig_run(rig, text, sets);
	CU_ASSERT_TRUE(rig->r->balanced_packets && rig->r->balanced_mbufs);
	CU_ASSERT_EQUAL(rig->r->corrupt, 0);
	CU_ASSERT_EQUAL(rig->r->events_lost, 0);
	CU_ASSERT_EQUAL_FATAL(rig->r->n_pings, 1);
	for (unsigned i = 0; i < rig->r->n_flows; i++)
		CU_ASSERT_EQUAL(rig->r->flows[i].sent, rig->r->flows[i].delivered +
							       rig_drops(rig->r->flows[i].drops) +
							       rig->r->flows[i].held);
	CU_ASSERT_EQUAL(rig->r->flows[0].sent, rig->r->pings[0]->sent);
	return rig->r->pings[0];
}

static void
marks_check(const char *text, const char *const *sets, const char *marks, uint32_t largest)
{
	struct rig rig;
	const struct ping_result *r = ping_run(&rig, text, sets);

	CU_ASSERT_STRING_EQUAL(r->marks, marks);
	CU_ASSERT_EQUAL(r->largest, largest);
	rig_end(&rig);
}

static void
test_through(void)
{
	struct rig rig;
	const struct ping_result *r = ping_run(&rig, PING(""), NULL);

	CU_ASSERT_STRING_EQUAL(r->marks, "!!!!!");
	CU_ASSERT(r->rtt_min > 40 * 1000000 && r->rtt_max < 41 * 1000000);
	CU_ASSERT_EQUAL(rig.r->flows[0].delivered_bytes, 500);
	CU_ASSERT_EQUAL(rig.r->flows[1].delivered_bytes, 500); /* an answer is as long as its echo */
	CU_ASSERT_STRING_EQUAL(rig.r->flows[1].class_name, "p back");
	rig_end(&rig);
}

/* Every size that fits the tunnel passes, no other does, and the MTU that is told is that one. */
static void
test_sweep_finds(void)
{
	static const uint32_t mtus[] = {1500, 1400, 1000, 600};
	struct ipsec_shape shape = {.tunnel = true};
	struct ipsec_size size;
	char message[200];

	CU_ASSERT_EQUAL_FATAL(
		transform_set_parse("esp-aes 128 esp-sha-hmac", &shape.set, message, sizeof(message)), ST_OK);
	size = ipsec_size_of(&shape);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t fits = ipsec_inner_max(&size, mtus[i], 0);
		char a[64], b[64], c[64], d[64];
		const struct ping_result *r;
		struct rig rig;

		snprintf(a, sizeof(a), "gateways.gwa.ports.wan.mtu=%u", mtus[i]);
		snprintf(b, sizeof(b), "gateways.gwb.ports.wan.mtu=%u", mtus[i]);
		snprintf(c, sizeof(c), "traffic.p.sweep_min=%u", fits - 5);
		snprintf(d, sizeof(d), "traffic.p.sweep_max=%u", fits + 6);
		r = ping_run(&rig, PING("df = true; repeat = 2;"), RIG_SETS(a, b, c, d, "lab.duration=50"));
		CU_ASSERT_EQUAL(r->largest, fits);
		CU_ASSERT_EQUAL(r->told_mtu, fits);
		CU_ASSERT_EQUAL(r->replies, 12);
		CU_ASSERT_EQUAL(strncmp(r->marks, "!!!!!!MMMMMM!!!!!!", 18), 0);
		rig_end(&rig);
	}
}

/* Nobody says why; and without DF all of it arrives, in pieces. */
static void
test_black_hole(void)
{
	marks_check(PING("df = true; size = 1439; repeat = 3;"),
		RIG_SETS("gateways.gwa.icmp_rate=0", "lab.duration=10"), "...", 0);
	marks_check(PING("size = 1439; repeat = 3;"), RIG_SETS("gateways.gwa.icmp_rate=0"), "!!!", 1439);
	marks_check(PING("size = 1500;"), RIG_SETS("gateways.gwa.fragmentation=before-encryption"), "!!!!!",
		1500);
	marks_check(PING("repeat = 3;"), RIG_SETS("links.wan.loss=1", "lab.duration=10"), "...", 0);
}

/* The MTU of the host itself: refused with DF, cut without it; and that of the one that answers. */
static void
test_host_mtu(void)
{
	struct rig rig;
	const struct ping_result *r;

	r = ping_run(&rig, PING("df = true; repeat = 1; sweep_min = 574; sweep_max = 578;"),
		RIG_SETS("hosts.a.mtu=576"));
	CU_ASSERT_STRING_EQUAL(r->marks, "!!!MM");
	CU_ASSERT(r->told_mtu == 576 && ip_equal(r->told_by, rig.cfg->hosts[0].address));
	CU_ASSERT_EQUAL(rig_node(&rig, "a")->drops[DROP_TOO_BIG], 2);
	rig_end(&rig);
	r = ping_run(&rig, PING("size = 9000; repeat = 2;"), RIG_SETS("hosts.a.mtu=576", "hosts.b.mtu=1400"));
	CU_ASSERT_STRING_EQUAL(r->marks, "!!");
	CU_ASSERT_EQUAL(rig_node(&rig, "a")->created, 2 * 17); /* 552 bytes of 8,980 each */
	CU_ASSERT_EQUAL(rig_node(&rig, "b")->created, 2 * 7);
	rig_end(&rig);
	marks_check(PING("df = true; size = 1000; repeat = 2;"),
		RIG_SETS("hosts.b.mtu=576", "lab.duration=10"), "..", 0);
}

static void
test_v6(void)
{
	struct rig rig;
	const struct ping_result *r;

	marks_check(PING_V6(""), NULL, "!!!!!", 100);
	r = ping_run(&rig, PING_V6("repeat = 1; sweep_min = 1398; sweep_max = 1402;"), NULL);
	CU_ASSERT_STRING_EQUAL(r->marks, "!!!BB");
	CU_ASSERT(r->largest == 1400 && r->told_mtu == 1400);
	rig_end(&rig);
	marks_check(PING_V6("size = 3000;"), RIG_SETS("hosts.a.mtu=1280", "hosts.b.mtu=1280"), "!!!!!", 3000);
	marks_check(PING_V6("size = 3000; df = true;"), RIG_SETS("hosts.a.mtu=1280"), "BBBBB", 0);
}

/* All kinds heed it. */
static void
test_host_mtu_others(void)
{
	struct rig rig;

	rig_run(&rig,
		RIG_TWO_SITES "traffic = ( " RIG_CBR("cut", "size = 1300; pps = 100;") "," RIG_CBR(
			"df", "size = 1300; pps = 100; df = true; sport = 1;") " );",
		RIG_SETS("hosts.a.mtu=700"));
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_EQUAL(rig.r->corrupt, 0);
	CU_ASSERT(rig.r->flows[0].sent == 100 && rig.r->flows[0].delivered == 100);
	CU_ASSERT(rig.r->flows[1].sent == 100 && rig.r->flows[1].drops[DROP_TOO_BIG] == 100);
	CU_ASSERT_EQUAL(rig_node(&rig, "a")->created, 300);
	CU_ASSERT_EQUAL(rig_node(&rig, "a")->tx, 200);
	rig_end(&rig);
}

static void
test_twice(void)
{
	char *text[2];

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;

		text_of(ping_run(&rig, PING("repeat = 50; size = 1000;"),
				RIG_SETS("links.wan.loss=0.1", "links.wan.jitter=uniform",
					"links.wan.jitter_scale=5 ms", "lab.duration=100")),
			&text[i]);
		rig_end(&rig);
	}
	CU_ASSERT_STRING_EQUAL(text[0], text[1]);
	CU_ASSERT_PTR_NOT_NULL(strchr(text[0], '!'));
	free(text[0]);
	free(text[1]);
}

int
suite_ping(void)
{
	CU_pSuite s = CU_add_suite("ping", NULL, NULL);

	CU_ADD_TEST(s, test_one_by_one);
	CU_ADD_TEST(s, test_end);
	CU_ADD_TEST(s, test_sweep);
	CU_ADD_TEST(s, test_print);
	CU_ADD_TEST(s, test_through);
	CU_ADD_TEST(s, test_sweep_finds);
	CU_ADD_TEST(s, test_black_hole);
	CU_ADD_TEST(s, test_host_mtu);
	CU_ADD_TEST(s, test_v6);
	CU_ADD_TEST(s, test_host_mtu_others);
	CU_ADD_TEST(s, test_twice);
	return 0;
}
