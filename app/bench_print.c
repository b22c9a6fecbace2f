/* Tables and JSON of `esplab bench esp`: see bench_print.h. */
#include "app/bench_print.h"

#include <stdio.h>

#include "bench/target.h"

#define SMALL_SAS 1000u

const char *const bench_direction_names[BENCH_DIRECTION_COUNT] = {"out", "in", "both"};
const char *const bench_order_names[BENCH_ORDER_COUNT] = {"round-robin", "random", "zipf"};

/* Cycles of the gateway itself. */
static double
path_of(const struct bench_row *row)
{
	return row->total.median - row->port.median;
}

static double
mpps_of(const struct bench_machine *machine, const struct bench_row *row)
{
	return machine->hz * row->request.workers / row->total.median / 1e6;
}

void
bench_print_head(const struct bench_machine *machine)
{
	printf("%s. Cycles are those of the TSC, %.2f GHz; the core makes %.2f in one of these.\n",
		machine->cpu, machine->hz / 1e9, machine->core);
}

/* Bytes for each SA; 0: there are too few to say. */
static double
memory_of(const struct bench_esp_request *request, const struct bench_esp_result *result)
{
	double sas = 0;

	for (unsigned i = 0; i < result->n_rows; i++)
		if (result->row[i].request.workers > sas)
			sas = result->row[i].request.workers;
	sas *= request->sas * (request->direction == BENCH_BOTH ? 2.0 : 1.0);
	return request->sas < SMALL_SAS ? 0 : result->memory / sas;
}

static void
size_text(const struct bench_row *row, char *text, size_t bytes)
{
	if (row->request.size)
		snprintf(text, bytes, "%u", row->request.size);
	else
		snprintf(text, bytes, "imix");
}

static const char *
verdict(double value, double most)
{
	return value <= most ? "met" : "missed";
}

static void
target_print(const struct bench_esp_request *request, const struct bench_row *row)
{
	struct bench_target target = bench_target_of(request, &row->request);

	if (target.cycles > 0)
		printf("  %.0f cycles: %s", target.cycles, verdict(path_of(row), target.cycles));
	if (target.ratio > 0 && row->raw.n)
		printf("  %.2f x raw: %s", target.ratio, verdict(row->ratio.median, target.ratio));
	printf("\n");
}

static void
row_print(const struct bench_machine *machine, const struct bench_esp_request *request,
	const struct bench_row *row)
{
	double mpps = mpps_of(machine, row);
	char size[16];

	size_text(row, size, sizeof(size));
	printf("%5s %7u %7.2f %7.2f %7.0f %5.0f-%-5.0f %5.0f %6.0f", size, row->request.workers, mpps,
		mpps * row->bytes * 8 / 1e3, row->total.median, row->total.min, row->total.max,
		row->port.median, path_of(row));
	if (row->raw.n)
		printf(" %6.0f %5.0f-%-5.0f %5.2f %4.2f-%-4.2f", row->raw.median, row->raw.min, row->raw.max,
			row->ratio.median, row->ratio.min, row->ratio.max);
	else
		printf(" %6s %11s %5s %9s", "-", "-", "-", "-");
	target_print(request, row);
}

static void
stages_print(const struct bench_row *row)
{
	const char *between = "";
	char size[16];
	double sum = 0;

	size_text(row, size, sizeof(size));
	printf("%5s %7u  ", size, row->request.workers);
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		if (row->stage[s].cycles < 0.05)
			continue;
		printf("%s%s %.1f", between, dp_stage_name((enum stage)s), row->stage[s].cycles);
		sum += row->stage[s].cycles;
		between = ", ";
	}
	printf("; in all %.1f\n", sum);
}

static void
drops_print(const struct bench_row *row)
{
	char size[16];

	size_text(row, size, sizeof(size));
	for (unsigned d = 0; d < DROP_COUNT; d++)
		if (row->drops[d])
			printf("%5s %7u  dropped as %s: %llu of %llu\n", size, row->request.workers,
				drop_info[d].text, (unsigned long long)row->drops[d],
				(unsigned long long)row->rx);
	if (!row->balanced)
		printf("%5s %7u  packets do not balance\n", size, row->request.workers);
}

static void
title_print(const struct bench_esp_request *request, const struct bench_esp_result *result)
{
	printf("\n%s: %s, engine %s, %u SA%s%s%s", bench_direction_names[request->direction],
		request->transform, request->engine->name, request->sas, request->sas > 1 ? "s, " : "",
		request->sas > 1 ? bench_order_names[request->order] : "", request->esn ? ", ESN" : "");
	if (request->direction != BENCH_OUT)
		printf(", window %u (%s)", request->window, request->replay);
	printf("%s%s%s; %u buffers, bursts of %u; raw: %s\n", request->replayed ? ", all replayed" : "",
		request->qos ? ", QoS" : "", request->events ? ", events" : "", request->slots,
		request->burst, result->raw ? result->raw : "none");
	if (memory_of(request, result) > 0)
		printf("Memory of the gateway for each SA: %.0f bytes\n", memory_of(request, result));
}

void
bench_print_text(const struct bench_machine *machine, const struct bench_esp_request *request,
	const struct bench_esp_result *result)
{
	title_print(request, result);
	printf("%5s %7s %7s %7s %7s %11s %5s %6s %6s %11s %5s %9s  at most\n", "bytes", "workers", "Mpps",
		"Gb/s", "cycles", "(min-max)", "ports", "path", "raw", "(min-max)", "ratio", "(min-max)");
	for (unsigned i = 0; i < result->n_rows; i++)
		row_print(machine, request, &result->row[i]);
	printf("Cycles by stage, ports included, of one turn in 16, with the cost of timing:\n");
	for (unsigned i = 0; i < result->n_rows; i++)
		stages_print(&result->row[i]);
	for (unsigned i = 0; i < result->n_rows; i++)
		drops_print(&result->row[i]);
}

void
bench_print_json_begin(struct json_out *json, const struct bench_machine *machine)
{
	jout_object(json, NULL);
	jout_text(json, "bench", "esp");
	jout_text(json, "cpu", machine->cpu);
	jout_real(json, "tsc_hz", machine->hz);
	jout_real(json, "core_cycles_per_tsc_cycle", machine->core);
	jout_array(json, "measurements");
}

void
bench_print_json_end(struct json_out *json)
{
	jout_array_end(json);
	jout_object_end(json);
}

static void
span_json(struct json_out *json, const char *key, const struct bench_span *span)
{
	if (!span->n) {
		jout_null(json, key);
		return;
	}
	jout_object_flat(json, key);
	jout_real(json, "median", span->median);
	jout_real(json, "min", span->min);
	jout_real(json, "max", span->max);
	jout_object_end(json);
}

static void
target_json(struct json_out *json, const struct bench_esp_request *request, const struct bench_row *row)
{
	struct bench_target target = bench_target_of(request, &row->request);

	jout_object_flat(json, "target");
	if (target.cycles > 0) {
		jout_real(json, "cycles", target.cycles);
		jout_bool(json, "cycles_met", path_of(row) <= target.cycles);
	}
	if (target.ratio > 0 && row->raw.n) {
		jout_real(json, "ratio", target.ratio);
		jout_bool(json, "ratio_met", row->ratio.median <= target.ratio);
	}
	jout_object_end(json);
}

static void
stages_json(struct json_out *json, const struct bench_row *row)
{
	jout_array(json, "stages");
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		if (row->stage[s].burst <= 0)
			continue;
		jout_object_flat(json, NULL);
		jout_text(json, "stage", dp_stage_name((enum stage)s));
		jout_real(json, "cycles", row->stage[s].cycles);
		jout_real(json, "burst", row->stage[s].burst);
		jout_object_end(json);
	}
	jout_array_end(json);
}

static void
balance_json(struct json_out *json, const struct bench_row *row)
{
	jout_object_flat(json, "balance");
	jout_u64(json, "rx", row->rx);
	jout_u64(json, "created", row->created);
	jout_u64(json, "tx", row->tx);
	jout_u64(json, "consumed", row->consumed);
	jout_u64(json, "held", row->held);
	jout_bool(json, "holds", row->balanced);
	jout_object_end(json);
	jout_object_flat(json, "drops");
	for (unsigned d = 0; d < DROP_COUNT; d++)
		if (row->drops[d])
			jout_u64(json, drop_info[d].text, row->drops[d]);
	jout_object_end(json);
	jout_u64(json, "events", row->events);
	jout_u64(json, "events_lost", row->events_lost);
}

static void
row_json(struct json_out *json, const struct bench_machine *machine, const struct bench_esp_request *request,
	const struct bench_row *row)
{
	char size[16];

	size_text(row, size, sizeof(size));
	jout_object(json, NULL);
	jout_text(json, "size", size);
	jout_real(json, "inner_bytes", row->bytes);
	jout_u64(json, "workers", row->request.workers);
	jout_u64(json, "packets", row->packets);
	jout_real(json, "mpps", mpps_of(machine, row));
	jout_real(json, "gbps", mpps_of(machine, row) * row->bytes * 8 / 1e3);
	span_json(json, "cycles", &row->total);
	span_json(json, "port_cycles", &row->port);
	jout_real(json, "path_cycles", path_of(row));
	span_json(json, "raw_cycles", &row->raw);
	span_json(json, "ratio", &row->ratio);
	target_json(json, request, row);
	stages_json(json, row);
	balance_json(json, row);
	jout_object_end(json);
}

void
bench_print_json(struct json_out *json, const struct bench_machine *machine,
	const struct bench_esp_request *request, const struct bench_esp_result *result)
{
	jout_object(json, NULL);
	jout_text(json, "direction", bench_direction_names[request->direction]);
	jout_text(json, "transform", request->transform);
	jout_text(json, "engine", request->engine->name);
	jout_u64(json, "sas", request->sas);
	jout_text(json, "order", bench_order_names[request->order]);
	jout_bool(json, "esn", request->esn);
	jout_u64(json, "window", request->direction == BENCH_OUT ? 0 : request->window);
	jout_text(json, "replay", request->direction == BENCH_OUT ? NULL : request->replay);
	jout_bool(json, "replayed", request->replayed);
	jout_bool(json, "qos", request->qos);
	jout_bool(json, "drop_events", request->events);
	jout_u64(json, "buffers", request->slots);
	jout_u64(json, "burst", request->burst);
	jout_u64(json, "rounds", request->rounds);
	jout_u64(json, "pairs", request->pairs);
	jout_text(json, "raw", result->raw);
	if (memory_of(request, result) > 0)
		jout_real(json, "bytes_per_sa", memory_of(request, result));
	else
		jout_null(json, "bytes_per_sa");
	jout_array(json, "rows");
	for (unsigned i = 0; i < result->n_rows; i++)
		row_json(json, machine, request, &result->row[i]);
	jout_array_end(json);
	jout_object_end(json);
}
