/* What `esplab bench esp` says: tables, and JSON. */
#ifndef APP_BENCH_PRINT_H
#define APP_BENCH_PRINT_H

#include "app/bench_machine.h"
#include "bench/esp.h"
#include "lab/json_out.h"

extern const char *const bench_direction_names[BENCH_DIRECTION_COUNT];
extern const char *const bench_order_names[BENCH_ORDER_COUNT];

void bench_print_head(const struct bench_machine *machine);
void bench_print_text(const struct bench_machine *machine, const struct bench_esp_request *request,
	const struct bench_esp_result *result);

void bench_print_json_begin(struct json_out *json, const struct bench_machine *machine);
void bench_print_json(struct json_out *json, const struct bench_machine *machine,
	const struct bench_esp_request *request, const struct bench_esp_result *result);
void bench_print_json_end(struct json_out *json);

#endif
