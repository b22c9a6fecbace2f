/* lab/report_table and lab/report_compare: what a reader is told, in sentences and in rows. */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <jansson.h>

#include "lab/loss.h"
#include "lab/report.h"
#include "tests/lab/folder_rig.h"
#include "tests/lab/report_rig.h"

int suite_report_table(void);

static char *
table_text(const struct report_rig *rig)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	report_table(&rig->result, out);
	fclose(out);
	return text;
}

static void
ascii_check(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t n = strcspn(line, "\n");

		CU_ASSERT(n <= 100);
		CU_ASSERT(n == 0 || line[n - 1] != ' ');
	}
	for (const char *c = text; *c; c++)
		CU_ASSERT(*c == '\n' || (*c >= ' ' && *c <= '~'));
}

static void
expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fprintf(stderr, "\nmissing: %s\nin:\n%s\n", part, text);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, part));
}

static void
test_table(void)
{
	struct report_rig rig;
	char *text;

	report_rig_open(&rig);
	text = table_text(&rig);
	ascii_check(text);
	expect(text, "A \"test\"\ntest.cfg, seed 7, 2.500 s of virtual time\n\n"
		     "The replay window of gwb (SA a-b, 64 packets) threw away 45 of 905 packets (5.0 %): "
		     "sequence errors\n"
		     "of ESP, status 4612.\n"
		     "5 of them had a number that was seen before, which no window keeps.\n"
		     "A window of 301 packets would have kept all others.\n"
		     "In all 54 of 1,000 packets sent (5.4 %) were lost: 40 by replay windows, 11 in full "
		     "queues, 2 by\n"
		     "policers, 1 otherwise.\n"
		     "Still under way when the run ended (lab.drain): 1.\n"
		     "Copies that arrived besides: 3.\n");
	expect(text, "\nclass   sent  delivered  lost  of sent  replay  queue  policer  wire  other\n");
	expect(text, "\nvoice    100         98     2    2.0 %       0      0        2     0      0\n"
		     "data     900        847    52    5.8 %      40     11        0     0      1\n"
		     "all    1,000        945    54    5.4 %      40     11        2     0      1\n");
	expect(text, "\nvoice  1.00 ms  50.");
	expect(text, "\ndata         -        -        -       -             25.0 %                -\n");
	expect(text,
		"\ngwb    replay_old             40  status 4612: too far behind for the replay window\n");
	expect(text, "\na-b  gwb      64      905            45   100      10   300  300\n");
	expect(text, "\na-b  gwb   100     301      301  301\n");
	expect(text, "\na-b  gwb  40  40    2    2    0      0      0      0\n");
	expect(text, "\nNothing is lost without a name: 1,000 sent + 8 copies made on wires = 948 arrived + "
		     "1 under way "
		     "+ 59\ndropped.\n");
	CU_ASSERT_PTR_NULL(strstr(text, "FAULT"));
	free(text);
	report_rig_close(&rig);
}

static void
all_arrives(struct report_rig *rig)
{
	for (unsigned c = 0; c < 2; c++) {
		memset(rig->classes[c].drops, 0, sizeof(rig->classes[c].drops));
		rig->classes[c].delivered = rig->classes[c].sent - rig->classes[c].held;
	}
}

/* A run in which all goes well says that too. */
static void
test_nothing_lost(void)
{
	struct report_rig rig;
	char *text;

	report_rig_open(&rig);
	all_arrives(&rig);
	for (unsigned n = 0; n < 3; n++)
		memset(rig.nodes[n].drops, 0, sizeof(rig.nodes[n].drops));
	rig.result.dropped = 0;
	rig.result_sas[1].replays = rig.result_sas[1].duplicates = 0;
	text = table_text(&rig);
	ascii_check(text);
	expect(text, "\nNo replay window threw a packet away.\nOf 1,000 packets sent none was lost.\n");
	CU_ASSERT_PTR_NULL(strstr(text, "Who dropped"));
	free(text);
	report_rig_close(&rig);
}

/* An original was dropped as a duplicate, because a wire's copy of it had arrived first: nothing is lost. */
static void
test_copy_came_first(void)
{
	struct report_rig rig;
	char *text;

	report_rig_open(&rig);
	all_arrives(&rig);
	rig.classes[0].drops[DROP_REPLAY_DUP] = 1;
	text = table_text(&rig);
	expect(text, "\nOf 1,000 packets sent none was lost.\n");
	free(text);
	report_rig_close(&rig);
}

static void
test_no_check(void)
{
	struct report_rig rig;
	char *text;

	report_rig_open(&rig);
	rig.result_sas[1].replays = rig.result_sas[1].duplicates = 0;
	rig.result_sas[1].authenticated = false;
	text = table_text(&rig);
	expect(text, "\nSA a-b has no authentication, so gwb checks no replay: ");
	expect(text, "\na-b  gwb    none ");
	CU_ASSERT_PTR_NULL(strstr(text, "No replay window"));
	free(text);
	rig.result_sas[1].authenticated = true;
	rig.sas[1].window = 0;
	text = table_text(&rig);
	expect(text, "\ngwb checks no replay for SA a-b: its window is 0.\n");
	free(text);
	report_rig_close(&rig);
}

static void
test_faults(void)
{
	struct report_rig rig;
	char *text;

	report_rig_open(&rig);
	rig.result.balanced_packets = rig.result.balanced_mbufs = false;
	rig.result.corrupt = 3;
	rig.result.traffic_skipped = 4;
	rig.result.drops[DROP_ICV_ESN] = 6;
	text = table_text(&rig);
	ascii_check(text);
	expect(text, "\nFAULT: 3 packets were delivered with other bytes than were sent.\n");
	expect(text, "\nFAULT: packets do not balance: ");
	expect(text, "\nFAULT: packet memory does not balance: of 100 mbufs 99 are free");
	expect(text, "\n4 packets of capture files could not be used and were not sent.\n");
	expect(text, "\nWith extended sequence numbers 6 packets behind the window failed");
	free(text);
	report_rig_close(&rig);
}

/* Work alone is no news; what went wrong is told, with what it means, and the work beside it. */
static void
test_engines(void)
{
	struct report_rig rig;
	char *text;

	report_rig_open(&rig);
	rig.counters[ENGINE_SESSIONS] = 2;
	text = table_text(&rig);
	CU_ASSERT_PTR_NULL(strstr(text, "accelerators"));
	free(text);
	rig.counters[ENGINE_QUEUE_FULL] = 1234;
	text = table_text(&rig);
	ascii_check(text);
	expect(text, "\nWhat the accelerators did:\n");
	expect(text, "\ngwb  slot 2  submitted      905  jobs that the device took\n");
	expect(text, "\ngwb  slot 2  queue_full   1,234  found no room in its queue (VAM: ppq full)\n");
	CU_ASSERT_PTR_NULL(strstr(text, "ipsec_mb"));
	CU_ASSERT_PTR_NULL(strstr(text, "stale"));
	free(text);
	report_rig_close(&rig);
	for (unsigned c = 0; c < ENGINE_COUNTER_COUNT; c++)
		CU_ASSERT(strlen(engine_counter_info[c].meaning) <= 56);
}

/* Every reason has a meaning, and only those of the window are replays. */
static void
test_losses(void)
{
	uint64_t drops[DROP_COUNT];

	for (unsigned d = 0; d < DROP_COUNT; d++) {
		bool replay = d == DROP_SEQ_ZERO || d == DROP_REPLAY_OLD || d == DROP_REPLAY_DUP ||
			      d == DROP_ICV_ESN;

		CU_ASSERT_PTR_NOT_NULL_FATAL(loss_info[d].meaning);
		CU_ASSERT(strlen(loss_info[d].meaning) <= 56);
		CU_ASSERT_EQUAL(loss_info[d].group == LOSS_REPLAY, replay);
		drops[d] = d;
	}
	CU_ASSERT_EQUAL(loss_total(drops), DROP_COUNT * (DROP_COUNT - 1) / 2);
	CU_ASSERT_EQUAL(loss_sum(drops, LOSS_WIRE), DROP_WIRE_LOSS + DROP_WIRE_MTU);
}

/* Two variants, the second with other classes and a window that nothing satisfies. */
static void
test_compare(void)
{
	struct report_rig a, b;
	struct report_variant rows[2] = {{"as is", &a.result}, {"window 1024", &b.result}};
	struct folder_rig folder;
	char message[256] = "", *text, *shown;
	size_t bytes;
	FILE *out = open_memstream(&shown, &bytes);
	json_t *json, *second;
	struct lag small;
	struct result_tcp tcp = {.class_name = "web", .goodput_there = 1000, .goodput_back = 24000};

	report_rig_open(&a);
	report_rig_open(&b);
	tcp.completed.count = 12345;
	b.result.tcp = &tcp;
	b.result.n_tcp = 1;
	CU_ASSERT_FATAL(lag_init(&small));
	lag_record(&small, 5);
	b.classes[1].class_name = "bulk";
	a.result_sas[0] = a.result_sas[1]; /* of two inbound SAs the one that needs more counts */
	a.result_sas[1].lag = &small;
	a.result_sas[1].duplicates = 0;
	lag_record(&b.lag, LAG_MAX);
	folder_rig_open(&folder);
	CU_ASSERT_EQUAL(report_compare(rows, 2, folder.path, out, message, sizeof(message)), ST_OK);
	fclose(out);
	text = folder_rig_read(&folder, "comparison.txt", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, shown);
	ascii_check(text);
	expect(text,
		"\nas is        1,000     94.5 %            45       5.0 %     11      3            301\n"
		"window 1024  1,000     94.5 %            45       5.0 %     11      3    > 4,194,304\n");
	expect(text, "\nvariant      voice   data   bulk\n");
	expect(text, "\nas is        2.0 %  5.8 %      -\nwindow 1024  2.0 %      -  5.8 %\n");
	expect(text, "\nas is                -\nwindow 1024  25.0 kb/s\n");
	expect(text, "\nas is             -\nwindow 1024  12,345\n");
	free(text);
	free(shown);
	text = folder_rig_read(&folder, "comparison.json", NULL);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "variants")), 2);
	second = json_array_get(json_object_get(json, "variants"), 1);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(second, "replay_drops")), 45);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(second, "arrived")), 906);
	CU_ASSERT(json_is_null(json_object_get(second, "window_needed")));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(second, "tcp")), 1);
	json_decref(json);
	free(text);
	lag_fini(&small);
	folder_rig_close(&folder);
	report_rig_close(&a);
	report_rig_close(&b);
}

int
suite_report_table(void)
{
	CU_pSuite s = CU_add_suite("report_table", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_table);
	CU_ADD_TEST(s, test_nothing_lost);
	CU_ADD_TEST(s, test_copy_came_first);
	CU_ADD_TEST(s, test_no_check);
	CU_ADD_TEST(s, test_faults);
	CU_ADD_TEST(s, test_engines);
	CU_ADD_TEST(s, test_losses);
	CU_ADD_TEST(s, test_compare);
	return 0;
}
