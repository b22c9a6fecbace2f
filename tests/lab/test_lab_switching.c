/* Whole laboratories whose routers have two paths: the documented causes of 4615 and 4612, each against the
 * number of packets that pass meanwhile, and what helps. */
#include "lab/report.h"
#include "lab/report_priv.h"
#include "tests/lab/lab_rig.h"

int suite_lab_switching(void);

#define TRAFFIC(list) "traffic = ( " list " );"
#define WIDE "links.wan.rate=1 Gb/s", "lab.drain=5"

/* 8000 small packets a second, and 20 large ones, which are cut after encryption. */
static const char cut_text[] = RIG_TWO_SITES TRAFFIC(RIG_CBR("small", "size = 100; pps = 8000;") "," RIG_CBR(
	"large", "size = 1500; pps = 20; start = 0.1;"));

/* Two classes of one SA, each a flow of the route cache. */
static const char two_text[] = RIG_TWO_SITES TRAFFIC(RIG_CBR(
	"busy", "size = 100; pps = 8000; dscp = \"ef\";") "," RIG_CBR("calm", "size = 100; pps = 20;"));

static const struct result_flow *
class_of(const struct rig *rig, const char *name)
{
	for (unsigned i = 0; i < rig->r->n_classes; i++)
		if (!strcmp(rig->r->classes[i].class_name, name))
			return &rig->r->classes[i];
	return NULL;
}

/* Large packets that the window drops; all others arrive. */
static uint64_t
large_lost(const char *const *sets)
{
	const struct result_flow *large;
	struct rig rig;
	uint64_t lost;

	rig_run_checked(&rig, cut_text, sets, 0);
	large = class_of(&rig, "large");
	CU_ASSERT_EQUAL(large->sent, 18);
	lost = large->drops[DROP_REPLAY_OLD];
	CU_ASSERT_EQUAL(large->delivered + lost, large->sent);
	rig_end(&rig);
	return lost;
}

/* "By the time the large packet is reassembled, 64 smaller packets have been processed": one of `pps` passes
 * each 1/pps, so it is lost where delay * pps reaches the window, and not before. */
static void
test_fragments(void)
{
	static const unsigned windows[] = {32, 64, 128};

	for (unsigned w = 0; w < 3; w++)
		for (unsigned passed = 16; passed <= 160; passed += 16) {
			char window[64], delay[64];

			snprintf(window, sizeof(window), "gateways.gwb.sas.a-b.window=%u", windows[w]);
			/* between two of them */
			snprintf(
				delay, sizeof(delay), "gateways.gwb.process_delay=%f", (passed + 0.5) / 8000);
			CU_ASSERT_EQUAL(large_lost(RIG_SETS(WIDE, "gateways.gwb.switching=fast",
						"gateways.gwb.process_rate=0", window, delay)),
				passed >= windows[w] ? 18 : 0);
		}
}

/* The documented fixes, and one that makes it worse: everything process switched, but no faster than it can.
 */
static void
test_fragment_fixes(void)
{
#define SLOW                                                                                                 \
	WIDE, "gateways.gwb.switching=fast", "gateways.gwb.process_rate=0", "gateways.gwb.process_delay=20 ms"
	struct rig rig;

	CU_ASSERT_EQUAL(large_lost(RIG_SETS(SLOW)), 18);
	CU_ASSERT_EQUAL(large_lost(RIG_SETS(SLOW, "gateways.gwa.fragmentation=before-encryption")), 0);
	CU_ASSERT_EQUAL(large_lost(RIG_SETS(SLOW, "traffic.large.size=1400")), 0);
	CU_ASSERT_EQUAL(large_lost(RIG_SETS(SLOW, "gateways.gwb.sas.a-b.window=1024")), 0);
	CU_ASSERT_EQUAL(large_lost(RIG_SETS(
				SLOW, "gateways.gwb.process_queue=1000", "gateways.gwb.switching=process")),
		0);
	CU_ASSERT_EQUAL(large_lost(RIG_SETS(SLOW, "gateways.gwb.switching=one-path")), 0);
	rig_run(&rig, cut_text,
		RIG_SETS(SLOW, "gateways.gwb.switching=process", "gateways.gwb.process_rate=2000"));
	CU_ASSERT_TRUE(rig.r->balanced_packets && rig.r->balanced_mbufs);
	CU_ASSERT_EQUAL(rig_replays(&rig), 0);
	CU_ASSERT(rig.r->drops[DROP_PROCESS_FULL] > 5000);
	rig_end(&rig);
}

static const struct process_stats *
stats_of(const struct rig *rig, const char *node)
{
	return rig_node(rig, node)->process;
}

/* A stale entry of one class: its packet is overtaken by the other's.  At the encrypting gateway it does not
 * have its number yet. */
static void
test_stale(void)
{
#define CACHE(gw)                                                                                            \
	"gateways." gw ".switching=fast", "gateways." gw ".process_rate=0",                                  \
		"gateways." gw ".process_delay=20 ms", "gateways." gw ".cache_timeout=0.2"
	static const char *const sides[] = {"gwb", "gwa"};

	for (unsigned side = 0; side < 2; side++) {
		const struct process_stats *stats;
		struct rig rig;

		rig_run_checked(&rig, two_text,
			side ? RIG_SETS(WIDE, "gateways.gwa.process_queue=1000", CACHE("gwa"))
			     : RIG_SETS(WIDE, "gateways.gwb.process_queue=1000", CACHE("gwb")),
			0);
		stats = stats_of(&rig, sides[side]);
		CU_ASSERT_EQUAL(stats->causes[PROCESS_STALE], 4 + 3); /* each 220 ms, and each 250 ms */
		CU_ASSERT(stats->causes[PROCESS_MISS] > 100);
		CU_ASSERT_EQUAL(rig.r->drops[DROP_PROCESS_FULL], 0);
		CU_ASSERT_PTR_NULL(stats_of(&rig, sides[!side]));
		CU_ASSERT_EQUAL(rig_replays(&rig) != 0, side == 0);
		if (!side) /* 160 packets pass each of its stale ones */
			CU_ASSERT_EQUAL(class_of(&rig, "calm")->drops[DROP_REPLAY_OLD], 3);
		rig_end(&rig);
	}
}

/* Large packets take another way when there is load: the numbers of the small ones run ahead. */
static void
test_large_under_load(void)
{
	static const struct {
		const char *load;
		bool slow;
	} rows[] = {{"gateways.gwb.process_load=7000", true}, {"gateways.gwb.process_load=9000", false}};

	for (unsigned i = 0; i < 2; i++) {
		uint64_t lost = large_lost(RIG_SETS(WIDE, "traffic.large.size=1400",
			"gateways.gwb.switching=fast", "gateways.gwb.process_delay=20 ms",
			"gateways.gwb.process_size=1000", rows[i].load));

		CU_ASSERT_EQUAL(lost, rows[i].slow ? 18 : 0);
	}
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
	rig_run_checked(&rig, cut_text, sets, 0);
	rig.cfg->file = "a.cfg"; /* else it is another each time */
	report_table(rig.r, out);
	report_summary(rig.r, out);
	fclose(out);
	rig_end(&rig);
	return text;
}

static void
test_twice(void)
{
	const char *const *sets = RIG_SETS(WIDE, "traffic.small.kind=poisson", "gateways.gwb.switching=fast",
		"gateways.gwb.cache_timeout=0.05", "gateways.gwb.process_delay=3 ms",
		"gateways.gwb.process_rate=3000");
	char *a = summary_of(sets), *b = summary_of(sets);

	CU_ASSERT_STRING_EQUAL(a, b);
	CU_ASSERT_PTR_NOT_NULL(strstr(a, "What was process switched"));
	CU_ASSERT_PTR_NOT_NULL(strstr(a, "stale_cache_entry"));
	CU_ASSERT_PTR_NOT_NULL(strstr(a, "\"switching\": {"));
	free(a);
	free(b);
}

int
suite_lab_switching(void)
{
	CU_pSuite s = CU_add_suite("lab_switching", NULL, NULL);

	CU_ADD_TEST(s, test_fragments);
	CU_ADD_TEST(s, test_fragment_fixes);
	CU_ADD_TEST(s, test_stale);
	CU_ADD_TEST(s, test_large_under_load);
	CU_ADD_TEST(s, test_twice);
	return 0;
}
