/* Whole laboratories with TCP: every byte arrives, through encryption, loss, copies and jitter, in both
 * families; request and response; the MTU black hole and its fix; what ICMP does; and the same results twice.
 */
#include <unistd.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "lab/lab_priv.h"
#include "lab/report.h"
#include "lab/tcp_ends.h"
#include "tests/lab/lab_rig.h"

int suite_lab_tcp(void);

#define TCP_TRAFFIC(more)                                                                                    \
	RIG_TWO_SITES "traffic = ( { name = \"t\"; kind = \"tcp\"; from = \"a\"; to = \"b\"; " more " } );"

/* Nothing between IPv6 hosts but a router. */
#define TCP_V6(more)                                                                                         \
	"lab = { duration = 5; mbufs = 8192; };"                                                             \
	"hosts = ( { name = \"a\"; address = \"2001:db8:1::10\"; },"                                         \
	"  { name = \"b\"; address = \"2001:db8:2::10\"; } );"                                               \
	"routers = ( { name = \"r\"; ports = ( { name = \"a\"; address = \"2001:db8:1::1/64\"; },"           \
	"  { name = \"b\"; address = \"2001:db8:2::1/64\"; } ); } );"                                        \
	"links = ( { name = \"wan\"; ends = [ \"a\", \"r.a\" ]; rate = \"10 Mb/s\"; delay = \"20 ms\"; },"   \
	"  { name = \"lan\"; ends = [ \"r.b\", \"b\" ]; rate = \"1 Gb/s\"; } );"                             \
	"traffic = ( { name = \"t\"; kind = \"tcp\"; from = \"a\"; to = \"b\"; " more " } );"

#define MTU1400 "hosts.a.mtu=1400", "hosts.b.mtu=1400"

/* 2 MB at 10 Mb/s. */
static void
test_bulk(void)
{
	static const char *const controls[] = {"newreno", "cubic"};

	for (unsigned i = 0; i < 4; i++) {
		char control[64], sack[64];
		const char *sets[] = {MTU1400, "lab.duration=5", control, sack, NULL};
		struct rig rig;

		snprintf(control, sizeof(control), "traffic.t.congestion=%s", controls[i & 1]);
		snprintf(sack, sizeof(sack), "traffic.t.sack=%s", i & 2 ? "true" : "false");
		rig_run(&rig, TCP_TRAFFIC("bytes = 2000000;"), sets);
		rig_check(&rig, 0);
		CU_ASSERT_EQUAL_FATAL(rig.r->n_tcp, 1);
		CU_ASSERT_EQUAL(rig.r->tcp[0].bytes_there, 2000000);
		CU_ASSERT_EQUAL(rig.r->tcp[0].bytes_back, 0);
		CU_ASSERT_EQUAL(rig.r->tcp[0].connections, 1);
		CU_ASSERT_EQUAL(rig.r->tcp[0].established, 1);
		CU_ASSERT_EQUAL(rig.r->tcp[0].closed, 1);
		CU_ASSERT_EQUAL(rig.r->tcp[0].completed.count, 1);
		CU_ASSERT(rig.r->tcp[0].goodput_there > 8e6 && rig.r->tcp[0].goodput_there < 9.7e6);
		CU_ASSERT_EQUAL(rig.r->n_classes, 2);
		CU_ASSERT_STRING_EQUAL(rig.r->classes[0].class_name, "t");
		CU_ASSERT_STRING_EQUAL(rig.r->classes[1].class_name, "t back");
		CU_ASSERT_EQUAL(rig.r->tcp[0].segments, rig.r->classes[0].sent + rig.r->classes[1].sent);
		rig_end(&rig);
	}
}

/* Everything that a wire can do, on the way there and back. */
static void
test_hard_wire(void)
{
	static const char *const sets[] = {MTU1400, "links.wan.loss=0.02", "links.wan.duplicate=0.02",
		"links.wan.jitter=uniform", "links.wan.jitter_scale=4 ms", "links.wan.reorder=true",
		"lab.duration=60", "gateways.gwa.sas.b-a.window=1024", "gateways.gwb.sas.a-b.window=1024",
		NULL};
	struct rig rig;

	rig_run(&rig, TCP_TRAFFIC("bytes = 700000; flows = 5; ecn = 1;"), sets);
	rig_check(&rig, 1);
	CU_ASSERT_EQUAL(rig.r->tcp[0].bytes_there, 5 * 700000);
	CU_ASSERT_EQUAL(rig.r->tcp[0].completed.count, 5);
	CU_ASSERT_EQUAL(rig.r->tcp[0].closed, 5);
	CU_ASSERT(rig.r->tcp[0].retransmits > 50);
	rig_end(&rig);
}

/* Each answer takes at least two round trips on an idle line: the first one with the handshake, the others
 * one; all that was asked is answered, whatever the end of the run cut off. */
static void
test_requests(void)
{
	static const char *const sets[] = {MTU1400, "lab.duration=10", NULL};
	struct rig rig;
	const struct result_tcp *tcp;

	rig_run(&rig, TCP_TRAFFIC("request = 200; response = 5000; think = 0.1; flows = 4;"), sets);
	rig_check(&rig, 0);
	tcp = &rig.r->tcp[0];
	CU_ASSERT(tcp->completed.count > 150);
	CU_ASSERT_EQUAL(tcp->bytes_there, 200 * tcp->completed.count);
	CU_ASSERT_EQUAL(tcp->bytes_back, 5000 * tcp->completed.count);
	CU_ASSERT(tcp->completed.min > 40 * 1000000 && tcp->completed.min < 60 * 1000000);
	CU_ASSERT_EQUAL(tcp->closed, 4);
	CU_ASSERT_EQUAL(tcp->retransmits, 0);
	rig_end(&rig);
}

/* Until the end of the run, and closed after it. */
static void
test_endless(void)
{
	static const char *const sets[] = {
		MTU1400, "lab.duration=3", "traffic.t.start=1", "traffic.t.stop=2", NULL};
	struct rig rig;

	rig_run(&rig, TCP_TRAFFIC("flows = 3;"), sets);
	rig_check(&rig, 0);
	CU_ASSERT_EQUAL(rig.r->tcp[0].closed, 3);
	CU_ASSERT_EQUAL(rig.r->tcp[0].completed.count, 0);
	CU_ASSERT(rig.r->tcp[0].goodput_there > 6e6 && rig.r->tcp[0].goodput_there < 9.7e6);
	CU_ASSERT_EQUAL(rig.r->drops[DROP_NO_MBUF], 0);
	rig_end(&rig);
}

static void
test_v6(void)
{
	static const char *const sets[] = {"links.wan.loss=0.01", "lab.duration=20", NULL};
	struct rig rig;

	rig_run(&rig, TCP_V6("bytes = 1500000; flows = 2; dscp = \"af21\"; ecn = 1;"), sets);
	rig_check(&rig, 0);
	CU_ASSERT_EQUAL(rig.r->tcp[0].bytes_there, 2 * 1500000);
	CU_ASSERT_EQUAL(rig.r->tcp[0].closed, 2);
	rig_end(&rig);
}

/* Segments of 1500 bytes do not fit into the tunnel: connections stand, and nothing goes through them; with a
 * lower MTU, or a lower MSS at one end, all does. */
static void
test_black_hole(void)
{
	static const char *const fixes[][2] = {{"hosts.b.mtu=1400", NULL}, {"traffic.t.mss=1300", NULL}};
	const char *sets[] = {"lab.duration=5", "traffic.t.pmtud=true", NULL};
	struct rig rig;

	rig_run(&rig, TCP_TRAFFIC("bytes = 100000;"), sets);
	rig_check(&rig, 0);
	CU_ASSERT_EQUAL(rig.r->tcp[0].established, 1);
	CU_ASSERT(rig.r->drops[DROP_TOO_BIG] > 0);
	/* the gateway tells, and the sender believes it */
	CU_ASSERT(rig.r->tcp[0].path_mtu_changes > 0);
	CU_ASSERT_EQUAL(rig.r->tcp[0].bytes_there, 100000);
	rig_end(&rig);
	for (unsigned i = 0; i < 2; i++) {
		rig_run(&rig, TCP_TRAFFIC("bytes = 100000;"), fixes[i]);
		rig_check(&rig, 0);
		CU_ASSERT_EQUAL(rig.r->tcp[0].bytes_there, 100000);
		CU_ASSERT_EQUAL(rig.r->drops[DROP_TOO_BIG], 0);
		rig_end(&rig);
	}
}

/* ---- MSS clamping ---- */

static uint64_t
clamped_at(const struct rig *rig, const char *gateway, const char *port)
{
	for (unsigned i = 0; i < rig->r->n_ports; i++)
		if (!strcmp(rig->r->ports[i].gateway->name, gateway) &&
			!strcmp(rig->r->ports[i].port->name, port))
			return rig->r->ports[i].mss_clamped;
	return 0;
}

static uint64_t
clamped_all(const struct rig *rig)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < rig->r->n_ports; i++)
		sum += rig->r->ports[i].mss_clamped;
	return sum;
}

/* Runs, and checks the MSS that both ends of all connections agreed upon. */
static void
clamp_run(struct rig *rig, const char *text, const char *const *sets, uint32_t mss)
{
	rig_run(rig, text, sets);
	rig_check(rig, 0);
	CU_ASSERT_EQUAL(rig->r->tcp[0].bytes_there, 3 * 100000);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(tcp_mss(rig->lab->tcp[0]->ends[i].conn), mss);
}

/* Through a tunnel, at each of the four ports: SYN and SYN-ACK of three connections; no other packet is too
 * big for the tunnel then. */
static void
test_clamp(void)
{
	static const char *const ports[][2] = {
		{"gwa", "lan"}, {"gwa", "wan"}, {"gwb", "lan"}, {"gwb", "wan"}};
	struct rig rig;

	for (unsigned i = 0; i < 4; i++) {
		char set[80];
		const char *sets[] = {set, NULL};

		snprintf(set, sizeof(set), "gateways.%s.ports.%s.tcp_adjust_mss=1300", ports[i][0],
			ports[i][1]);
		clamp_run(&rig, TCP_TRAFFIC("bytes = 100000; flows = 3;"), sets, 1300);
		CU_ASSERT_EQUAL(rig.r->drops[DROP_TOO_BIG], 0);
		CU_ASSERT_EQUAL(clamped_at(&rig, ports[i][0], ports[i][1]), 6);
		CU_ASSERT_EQUAL(clamped_all(&rig), 6);
		rig_end(&rig);
	}
}

/* The lowest wins, wherever it stands, and what is low already stays. */
static void
test_clamp_lowest(void)
{
	struct rig rig;

	clamp_run(&rig, TCP_TRAFFIC("bytes = 100000; flows = 3;"),
		RIG_SETS("gateways.gwa.ports.lan.tcp_adjust_mss=1200",
			"gateways.gwa.ports.wan.tcp_adjust_mss=1300",
			"gateways.gwb.ports.wan.tcp_adjust_mss=1100"),
		1100);
	CU_ASSERT_EQUAL(clamped_at(&rig, "gwa", "lan"), 3); /* SYN; the SYN-ACK comes with less */
	CU_ASSERT_EQUAL(clamped_at(&rig, "gwa", "wan"), 0);
	CU_ASSERT_EQUAL(clamped_at(&rig, "gwb", "wan"), 6);
	rig_end(&rig);
	clamp_run(&rig, TCP_TRAFFIC("bytes = 100000; flows = 3; mss = 1000;"),
		RIG_SETS("gateways.gwa.ports.lan.tcp_adjust_mss=1200"), 1000);
	CU_ASSERT_EQUAL(clamped_all(&rig), 0);
	rig_end(&rig);
}

/* In the clear through a router, IPv6. */
static void
test_clamp_router(void)
{
	struct rig rig;

	clamp_run(&rig, TCP_V6("bytes = 100000; flows = 3;"),
		RIG_SETS("routers.r.ports.b.tcp_adjust_mss=1220"), 1220);
	CU_ASSERT_EQUAL(clamped_at(&rig, "r", "b"), 6);
	rig_end(&rig);
	clamp_run(&rig, TCP_V6("bytes = 100000; flows = 3;"), NULL, 1440);
	rig_end(&rig);
}

/* ---- ICMP ---- */

struct told {
	uint8_t bytes[128];
	uint32_t len;
};

/* "Fragmentation needed" or "packet too big", quoting a segment of flow 0 with this number. */
static struct told
icmp_make(const struct lab *lab, uint32_t seq, uint32_t mtu, uint16_t sport)
{
	const struct flow *flow = &lab->flows[0];
	bool v6 = flow->ip_bytes == IPV6_MIN_BYTES;
	uint8_t *icmp, *quote;
	struct told t = {.len = 2u * flow->ip_bytes + 16};

	memcpy(t.bytes, lab->flows[1].head, flow->ip_bytes);
	icmp = t.bytes + flow->ip_bytes;
	if (v6) {
		t.bytes[IPV6_NEXT] = IP_NEXT_ICMP6;
		store_be16(t.bytes + IPV6_LENGTH, (uint16_t)(flow->ip_bytes + 16));
		icmp[0] = 2;
		store_be32(icmp + 4, mtu);
	} else {
		t.bytes[IPV4_PROTO] = IPV4_PROTO_ICMP;
		store_be16(t.bytes + IPV4_LENGTH, (uint16_t)t.len);
		icmp[0] = 3;
		icmp[1] = 4;
		store_be16(icmp + 6, (uint16_t)mtu);
	}
	quote = icmp + 8;
	memcpy(quote, flow->head, flow->ip_bytes);
	store_be16(quote + (v6 ? IPV6_LENGTH : IPV4_LENGTH), 1000);
	store_be16(quote + flow->ip_bytes, sport);
	store_be16(quote + flow->ip_bytes + 2, flow->id.dport);
	store_be32(quote + flow->ip_bytes + 4, seq);
	return t;
}

static bool
icmp_tell(struct lab *lab, const struct told *t, uint32_t len)
{
	uint8_t *exact = malloc(len + 1); /* so that reading behind it is seen */
	bool heard;

	CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
	memcpy(exact, t->bytes, len);
	heard = tcp_host_icmp(lab->hosts[0].tcp, exact, len, lab->now);
	free(exact);
	return heard;
}

/* A run is cut off in the middle; then hosts hear ICMP. */
static void
icmp_check(const char *text, const char *const *sets, uint32_t heads)
{
	struct lab_options options = {.cycles = NULL};
	struct rig rig;
	struct tcp_conn *conn;
	char message[512];
	struct told t;
	uint32_t mss;

	memset(&rig, 0, sizeof(rig));
	CU_ASSERT_FATAL(kit_init());
	rig_load(&rig, text, sets);
	CU_ASSERT_EQUAL_FATAL(lab_create(rig.cfg, &options, &rig.lab, message, sizeof(message)), ST_OK);
	lab_run(rig.lab);
	conn = rig.lab->tcp[0]->ends[0].conn;
	mss = tcp_mss(conn);
	t = icmp_make(rig.lab, rig.lab->flows[0].iss, 1000, 10000); /* the SYN is no longer under way */
	CU_ASSERT_TRUE(icmp_tell(rig.lab, &t, t.len));
	CU_ASSERT_EQUAL(tcp_mss(conn), mss);
	uint32_t seq = rig.lab->flows[0].iss + 1 + (uint32_t)tcp_acknowledged(conn);
	t = icmp_make(rig.lab, seq, 1000, 9999); /* of nobody */
	CU_ASSERT_FALSE(icmp_tell(rig.lab, &t, t.len));
	t = icmp_make(rig.lab, seq, 0, 10000); /* an old router says no MTU */
	icmp_tell(rig.lab, &t, t.len);
	CU_ASSERT_EQUAL(tcp_mss(conn), mss);
	t = icmp_make(rig.lab, seq, 1000, 10000);
	for (uint32_t len = 0; len < t.len; len++)
		CU_ASSERT_FALSE(icmp_tell(rig.lab, &t, len));
	CU_ASSERT_EQUAL(tcp_mss(conn), mss);
	CU_ASSERT(tcp_flight(conn) > 0);
	CU_ASSERT_TRUE(icmp_tell(rig.lab, &t, t.len));
	CU_ASSERT_EQUAL(tcp_mss(conn), rig.cfg->traffic[0].pmtud ? 1000 - heads : mss);
	rig.r = lab_result(rig.lab);
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_EQUAL(rig.r->tcp[0].path_mtu_changes, rig.cfg->traffic[0].pmtud);
	rig_end(&rig);
}

static void
test_icmp(void)
{
	static const char *const v4[] = {MTU1400, "lab.drain=0", NULL};
	static const char *const deaf[] = {MTU1400, "lab.drain=0", "traffic.t.pmtud=false", NULL};
	static const char *const v6[] = {"lab.drain=0", "lab.duration=1", NULL};

	icmp_check(TCP_TRAFFIC(""), v4, 40);
	icmp_check(TCP_TRAFFIC(""), deaf, 40);
	icmp_check(TCP_V6(""), v6, 60);
}

/* ---- the same twice ---- */

static char *
summary_of(const char *const *sets)
{
	char *text = NULL;
	size_t bytes;
	struct rig rig;
	FILE *out = open_memstream(&text, &bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	rig_run(&rig,
		TCP_TRAFFIC("flows = 6; request = 1000; response = 40000; think = 0.05; class = \"web\";"),
		sets);
	report_table(rig.r, out);
	for (unsigned i = 0; i < rig.r->n_flows; i++)
		fprintf(out, "%lu %lu %lu\n", (unsigned long)rig.r->flows[i].sent,
			(unsigned long)rig.r->flows[i].delivered_bytes,
			(unsigned long)rig.r->flows[i].delay.sum);
	fclose(out);
	rig_end(&rig);
	/* the heading names the file, which is another each time */
	memmove(text, strstr(text, "What became"), strlen(strstr(text, "What became")) + 1);
	return text;
}

static void
test_twice(void)
{
	static const char *const sets[] = {MTU1400, "links.wan.loss=0.01", "lab.duration=10", NULL};
	static const char *const other[] = {
		MTU1400, "links.wan.loss=0.01", "lab.duration=10", "lab.seed=2", NULL};
	char *a = summary_of(sets), *b = summary_of(sets), *c = summary_of(other);

	CU_ASSERT_STRING_EQUAL(a, b);
	CU_ASSERT_STRING_NOT_EQUAL(a, c);
	CU_ASSERT_PTR_NOT_NULL(strstr(a, "What TCP made of it"));
	CU_ASSERT_PTR_NOT_NULL(strstr(a, "How long transfers took"));
	free(a);
	free(b);
	free(c);
}

int
suite_lab_tcp(void)
{
	CU_pSuite suite = CU_add_suite("lab_tcp", NULL, NULL);

	CU_add_test(suite, "bulk through a tunnel", test_bulk);
	CU_add_test(suite, "loss, copies, jitter", test_hard_wire);
	CU_add_test(suite, "requests and responses", test_requests);
	CU_add_test(suite, "until it is stopped", test_endless);
	CU_add_test(suite, "IPv6", test_v6);
	CU_add_test(suite, "MTU black hole", test_black_hole);
	CU_add_test(suite, "MSS clamping through a tunnel", test_clamp);
	CU_add_test(suite, "the lowest MSS", test_clamp_lowest);
	CU_add_test(suite, "MSS clamping by a router", test_clamp_router);
	CU_add_test(suite, "ICMP", test_icmp);
	CU_add_test(suite, "the same twice", test_twice);
	return CUE_SUCCESS;
}
