/* lab/report: summary.json and timings.json of a result made by hand, read by jansson; every number expected
 * here was worked out from report_rig.h.  The table is in test_report_table.c. */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <jansson.h>

#include "lab/report.h"
#include "tests/lab/folder_rig.h"
#include "tests/lab/report_rig.h"

int suite_report(void);

/* Follows "sas/1/lag/max" through objects and arrays; NULL where there is nothing. */
static json_t *
json_at(json_t *json, const char *path)
{
	char part[64];

	while (json && *path) {
		size_t n = strcspn(path, "/");

		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(part))
					   : json_object_get(json, part);
		path += n + (path[n] == '/');
	}
	return json;
}

static json_t *
summary_load(const struct report_rig *rig, const char *name)
{
	struct folder_rig folder;
	char message[256] = "", *text;
	json_t *json;

	folder_rig_open(&folder);
	CU_ASSERT_EQUAL_FATAL(report_write(&rig->result, folder.path, message, sizeof(message)), ST_OK);
	text = folder_rig_read(&folder, name, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	free(text);
	folder_rig_close(&folder);
	return json;
}

static const struct {
	const char *path;
	json_int_t value;
} integers[] = {
	{"schema", 1},
	{"seed", 7},
	{"duration_ns", 2000000000},
	{"end_ns", 2500000000},
	{"balance/packets/created", 1008},
	{"balance/packets/consumed", 948},
	{"balance/packets/held", 1},
	{"balance/packets/dropped", 59},
	{"balance/mbufs/total", 100},
	{"balance/mbufs/free", 99},
	{"balance/mbufs/held", 1},
	{"corrupt", 0},
	{"drops/replay_duplicate", 5},
	{"classes/0/flows", 2},
	{"classes/0/lost", 2},
	{"classes/0/lost_by_reason/qos_police", 2},
	{"classes/0/delay_ns/min", 1000000},
	{"classes/0/delay_ns/max", 100000000},
	{"classes/0/pdv_ns/min", 0},
	{"classes/0/pdv_ns/max", 99000000},
	{"classes/0/ipdv_ns/max", 30},
	{"classes/1/sent", 900},
	{"classes/1/sent_bytes", 900000},
	{"classes/1/delivered", 847},
	{"classes/1/lost", 52},
	{"classes/1/held", 1},
	{"classes/1/duplicates", 3},
	{"classes/1/copies_dropped", 5},
	{"classes/1/reordering/at_gateway/extent/max", 9},
	{"classes/1/reordering/at_gateway/n_reordered/0", 7},
	{"classes/1/reordering/at_gateway/n_reordered/2", 5},
	{"classes/1/reordering/at_gateway/rd_lost", 6},
	{"flows/0/protocol", 17},
	{"flows/0/dport", 2000},
	{"sas/1/window", 64},
	{"sas/1/arrived", 905},
	{"sas/1/replays", 45},
	{"sas/1/last_seq", 4294967295},
	{"sas/1/lag/packets", 900},
	{"sas/1/lag/late", 100},
	{"sas/1/lag/max", 300},
	{"sas/1/lag/p50_late", 10},
	{"sas/1/lag/p99_late", 300},
	{"sas/1/lag/window_for/1", 301},
	{"sas/1/lag/window_for/0.99", 100},
	{"sas/1/lag/histogram/4/0", 300},
	{"sas/1/lag/histogram/4/1", 2},
	{"engines/1/counters/submitted", 905},
	{"engines/1/counters/stale", 0},
	{"nodes/0/dropped", 13},
	{"nodes/0/stages/0/calls", 10},
	{"wires/1/put", 6},
};

static const struct {
	const char *path;
	double value;
} reals[] = {
	{"classes/0/lost_ratio", 0.02},
	{"classes/0/delay_ns/mean", 50500000},
	{"classes/0/pdv_ns/mean", 49500000},
	{"classes/0/ipdv_ns/mean", 20},
	{"classes/1/reordering/at_gateway/ratio", 0.25},
	{"classes/1/reordering/at_gateway/extent/mean", 2.5},
	{"classes/1/reordering/at_gateway/late_time_ns/mean", 5},
	{"classes/1/reordering/at_gateway/gaps/mean", 2.5},
	{"classes/1/reordering/at_gateway/runs/mean", 4.5},
	{"classes/1/reordering/at_gateway/rd/-3", 0.25},
	{"classes/1/reordering/at_gateway/rd/0", 0.5},
	{"classes/1/reordering/at_gateway/rd/2", 0.25},
	{"classes/1/reordering/at_gateway/rbd/0", 0.75},
	/* (60 * 10 + 30 * 64 + 8 * 99 + 2 * 300) / 100 */
	{"sas/1/lag/mean_late", 39.12},
};

static const struct {
	const char *path, *value;
} texts[] = {
	{"title", "A \"test\""},
	{"file", "test.cfg"},
	{"classes/1/class", "data"},
	{"flows/0/src", "10.1.0.10"},
	{"flows/0/traffic", "bulk"},
	{"sas/0/direction", "out"},
	{"sas/1/spi", "0x00001001"},
	{"sas/1/transform", "esp-gcm 256"},
	{"engines/0/kind", "ipsec_mb"},
	{"engines/1/gateway", "gwb"},
	{"engines/1/engine", "slot 2"},
	{"engines/1/profile", "aim"},
	{"nodes/2/kind", "link"},
	{"wires/1/from", "gwb.wan"},
	{"wires/1/to", "gwa.wan"},
	{"qos/0/kind", "fifo"},
};

static void
test_summary(void)
{
	struct report_rig rig;
	json_t *json;

	report_rig_open(&rig);
	json = summary_load(&rig, "summary.json");
	for (unsigned i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
		CU_ASSERT(json_is_integer(json_at(json, integers[i].path)));
		CU_ASSERT_EQUAL(json_integer_value(json_at(json, integers[i].path)), integers[i].value);
	}
	for (unsigned i = 0; i < sizeof(reals) / sizeof(*reals); i++) {
		CU_ASSERT(json_is_real(json_at(json, reals[i].path)));
		CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, reals[i].path)), reals[i].value, 1e-8);
	}
	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CU_ASSERT(json_is_string(json_at(json, texts[i].path)));
		CU_ASSERT_STRING_EQUAL(json_string_value(json_at(json, texts[i].path)), texts[i].value);
	}
	CU_ASSERT(json_is_true(json_at(json, "balance/ok")));
	CU_ASSERT(json_is_null(json_at(json, "classes/1/delay_ns")));
	CU_ASSERT_PTR_NULL(json_at(json, "sas/0/lag"));
	CU_ASSERT(json_is_null(json_at(json, "engines/0/counters")));
	CU_ASSERT(json_is_null(json_at(json, "engines/0/profile")));
	CU_ASSERT_EQUAL(json_object_size(json_at(json, "engines/1/counters")), ENGINE_COUNTER_COUNT);
	CU_ASSERT_EQUAL(json_array_size(json_at(json, "classes/1/reordering/at_gateway/n_reordered")), 3);
	CU_ASSERT_EQUAL(json_object_size(json_at(json, "classes/1/lost_by_reason")), 3);
	json_decref(json);
	report_rig_close(&rig);
}

/* Windows up to 10 lose 100, to 64 lose 40, to 99 lose 10, to 300 lose 2. */
static void
test_loss_by_window(void)
{
	struct report_rig rig;
	json_t *json, *list, *row;
	json_int_t before = 0;
	size_t i;

	report_rig_open(&rig);
	rig.sas[1].window = 77;
	json = summary_load(&rig, "summary.json");
	list = json_at(json, "sas/1/lag/loss_by_window");
	CU_ASSERT_EQUAL(json_array_size(list), 23 + 2 + 1); /* 2^0..2^22; 1000, 8128; its own */
	json_array_foreach(list, i, row) {
		json_int_t window = json_integer_value(json_at(row, "window"));
		json_int_t lost = json_integer_value(json_at(row, "lost"));

		CU_ASSERT(window > before);
		CU_ASSERT_EQUAL(lost, window <= 10 ? 100 : window <= 64 ? 40 : window <= 99 ? 10 :
			window <= 300 ? 2 : 0);
		CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(row, "ratio")), (double)lost / 900, 1e-9);
		before = window;
	}
	CU_ASSERT_EQUAL(json_integer_value(json_at(json, "sas/1/lag/loss_by_window/7/window")), 77);
	json_decref(json);
	rig.sas[1].window = 64; /* stands there already */
	json = summary_load(&rig, "summary.json");
	CU_ASSERT_EQUAL(json_array_size(json_at(json, "sas/1/lag/loss_by_window")), 23 + 2);
	json_decref(json);
	report_rig_close(&rig);
}

/* A lag beyond every window. */
static void
test_beyond(void)
{
	struct report_rig rig;
	json_t *json;

	report_rig_open(&rig);
	lag_record(&rig.lag, LAG_MAX + 5);
	json = summary_load(&rig, "summary.json");
	CU_ASSERT(json_is_null(json_at(json, "sas/1/lag/window_for/1")));
	CU_ASSERT_EQUAL(json_integer_value(json_at(json, "sas/1/lag/histogram/5/0")), LAG_MAX);
	CU_ASSERT_EQUAL(json_integer_value(json_at(json, "sas/1/lag/max")), LAG_MAX + 5);
	json_decref(json);
	report_rig_close(&rig);
}

static void
test_unbalanced(void)
{
	struct report_rig rig;
	json_t *json;

	report_rig_open(&rig);
	rig.result.balanced_mbufs = false;
	json = summary_load(&rig, "summary.json");
	CU_ASSERT(json_is_false(json_at(json, "balance/ok")));
	CU_ASSERT(json_is_true(json_at(json, "balance/packets/ok")));
	CU_ASSERT(json_is_false(json_at(json, "balance/mbufs/ok")));
	json_decref(json);
	report_rig_close(&rig);
}

static void
test_timings(void)
{
	struct report_rig rig;
	json_t *json;

	report_rig_open(&rig);
	json = summary_load(&rig, "timings.json");
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, "virtual_seconds")), 2.5, 0);
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, "wall_seconds")), 5, 0);
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, "real_time_factor")), 0.5, 0);
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, "cycles_per_packet")), 1000, 0);
	CU_ASSERT_EQUAL(json_array_size(json_at(json, "nodes")), 2); /* without the link */
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, "nodes/0/cycles_per_packet")), 250, 0);
	CU_ASSERT_DOUBLE_EQUAL(json_real_value(json_at(json, "nodes/0/stages/0/cycles_per_packet")), 50, 0);
	json_decref(json);
	report_rig_close(&rig);
}

/* Nothing of the wall clock is in what must be the same from run to run. */
static void
test_repeat(void)
{
	static const char *const names[] = {"summary.json", "summary.txt"};
	struct report_rig a, b;
	struct folder_rig folder_a, folder_b;
	char message[256];

	report_rig_open(&a);
	report_rig_open(&b);
	b.result.wall_seconds = 9;
	b.result.wall_cycles = b.nodes[0].cycles = b.stages[0].cycles = 1;
	b.cfg.file = "/else/where/test.cfg";
	folder_rig_open(&folder_a);
	folder_rig_open(&folder_b);
	CU_ASSERT_EQUAL(report_write(&a.result, folder_a.path, message, sizeof(message)), ST_OK);
	CU_ASSERT_EQUAL(report_write(&b.result, folder_b.path, message, sizeof(message)), ST_OK);
	for (unsigned i = 0; i < 2; i++) {
		char *text_a = folder_rig_read(&folder_a, names[i], NULL);
		char *text_b = folder_rig_read(&folder_b, names[i], NULL);

		CU_ASSERT(strlen(text_a) > 100);
		CU_ASSERT_STRING_EQUAL(text_a, text_b);
		free(text_a);
		free(text_b);
	}
	folder_rig_close(&folder_a);
	folder_rig_close(&folder_b);
	report_rig_close(&a);
	report_rig_close(&b);
}

static void
test_failures(void)
{
	struct report_rig rig;
	char message[256] = "";

	report_rig_open(&rig);
	CU_ASSERT_EQUAL(report_write(&rig.result, "/dev/null/x", message, sizeof(message)), ST_ERR_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "/dev/null"));
	report_rig_close(&rig);
}

int
suite_report(void)
{
	CU_pSuite s = CU_add_suite("report", NULL, NULL);

	if (!s)
		return (int)CU_get_error();
	CU_ADD_TEST(s, test_summary);
	CU_ADD_TEST(s, test_loss_by_window);
	CU_ADD_TEST(s, test_beyond);
	CU_ADD_TEST(s, test_unbalanced);
	CU_ADD_TEST(s, test_timings);
	CU_ADD_TEST(s, test_repeat);
	CU_ADD_TEST(s, test_failures);
	return 0;
}
