/* What the parts of a report share.  Only report*.c include it. */
#ifndef LAB_REPORT_PRIV_H
#define LAB_REPORT_PRIV_H

#include <stdio.h>

#include "lab/json_out.h"
#include "lab/result.h"

#define REPORT_WINDOWS_MAX 32

/* Sums over all classes. */
struct report_sums {
	uint64_t sent, delivered, lost, duplicates, clone_drops, held;
	uint64_t loss[DROP_COUNT];
};

/* part / whole; 0 where whole is 0. */
double report_ratio(uint64_t part, uint64_t whole);
/* Packets that never arrived, neither themselves nor as a wire's copy.  Without copies that is the sum of the
 * drops; with them an original may be dropped whose copy arrived. */
uint64_t report_lost(const struct result_flow *flow);
void report_sums(const struct result *result, struct report_sums *sums);
const char *report_file_name(const struct cfg_lab *lab); /* without folders, so that no machine shows in it */

/* Packets with a readable number that reached an inbound SA; 0 for an outbound one. */
uint64_t report_arrived(const struct result_sa *sa);
/* Is it the ESP inside an AH of the same gateway?  Its packets were counted as they reached the AH. */
bool report_is_inside(const struct result_sa *sa);
/* Does the SA drop replays at all? */
bool report_checks(const struct result_sa *sa);
/* Lag that a share q of the late packets does not exceed; LAG_MAX and above are LAG_MAX. */
uint32_t report_lag_late(const struct lag *lag, double q);
/* Windows whose loss is told: powers of two, sizes of products, and the SA's own; ascending.  Returns how
 * many. */
unsigned report_windows(uint32_t own, uint32_t windows[REPORT_WINDOWS_MAX]);

void report_summary(const struct result *result, FILE *out);
void report_timings(const struct result *result, FILE *out);
/* Members of the object that is open. */
/* NULL where nothing was recorded; less: what is subtracted from each value. */
void report_distribution_json(
	struct json_out *json, const char *key, const struct delay *delay, uint64_t less);
void report_flow_json(struct json_out *json, const struct result_flow *flow, bool is_class);
void report_reorder_json(struct json_out *json, const char *key, const struct reorder_stats *stats);
void report_sa_json(struct json_out *json, const struct result_sa *sa);
void report_engine_json(struct json_out *json, const struct result_engine *engine);
/* A member "switching". */
void report_process_json(struct json_out *json, const struct process_stats *stats);
void report_tcp_json(struct json_out *json, const struct result_tcp *tcp);
void report_ping_json(struct json_out *json, const struct ping_result *ping);
void report_drops_json(struct json_out *json, const char *key, const uint64_t *drops);

/* Sections of the table. */
void report_table_sas(const struct result *result, FILE *out);
void report_table_tcp(const struct result *result, FILE *out);
void report_table_pings(const struct result *result, FILE *out);
/* A file of its own. */
void report_ping_text(const struct ping_result *ping, FILE *out);
void report_table_process(const struct result *result, FILE *out);
void report_table_engines(const struct result *result, FILE *out);

#endif
