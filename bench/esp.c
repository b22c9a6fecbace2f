/* Rounds and rows of a measurement, threads, and what is made of the samples: see esp.h. */
#include "bench/esp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_pause.h>

#include "bench/lane.h"

struct bench_esp {
	const struct bench_esp_request *request;
	unsigned workers;
	struct lane lane[];
};

/* What a gateway has counted, and who feeds it. */
struct books {
	struct dp_stats stats;
	struct stage_stats stage[STAGE_COUNT];
	uint64_t fed, back, events;
};

/* What a row has gathered. */
struct gather {
	struct packets packets[BENCH_WORKERS_MAX];
	double *total, *port, *raw, *ratio; /* a value of each round */
	unsigned n, n_raw;
	struct sample *samples; /* of one round, every batch of every worker */
	double *values;		/* of one worker's */
	uint64_t packets_timed, bytes, slots;
	struct books books;
};

enum status
bench_esp_create(const struct bench_esp_request *request, unsigned workers, struct bench_esp **out,
	char *message, size_t bytes)
{
	struct bench_esp *bench;
	enum status status = ST_OK;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (workers < 1 || workers > BENCH_WORKERS_MAX)
		return ST_ERR_RANGE;
	bench = calloc(1, sizeof(*bench) + workers * sizeof(bench->lane[0]));
	if (!bench)
		return ST_ERR_NOMEM;
	bench->request = request;
	for (; !status && bench->workers < workers; bench->workers++) {
		status = lane_create(&bench->lane[bench->workers], request, request->seed + bench->workers,
			message, bytes);
		if (status)
			break;
	}
	if (status)
		bench_esp_destroy(bench);
	else
		*out = bench;
	return status;
}

void
bench_esp_destroy(struct bench_esp *bench)
{
	if (!bench)
		return;
	for (unsigned w = 0; w < bench->workers; w++)
		lane_destroy(&bench->lane[w]);
	free(bench);
}

/* ---- one slice: so many batches on each worker at once ---- */

struct slice {
	atomic_uint away; /* workers that have not come to the start */
	atomic_uint left; /* and those that have not done theirs */
	unsigned pairs;
};

struct part {
	struct slice *slice;
	struct lane *lane;
	struct packets *packets;
	unsigned cpu;
	struct sample *samples; /* of each batch; NULL: the stages are timed */
	enum status status;
	pthread_t thread;
};

/* Until the last worker is done, the others go on, so that none is measured alone. */
static void *
part_run(void *arg)
{
	struct part *part = arg;
	struct slice *slice = part->slice;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(part->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus); /* else slower, not wrong */
	rte_thread_register(); /* the same: it has packets of its pool at hand */
	part->status = lane_batch(part->lane, part->packets, NULL, false);
	atomic_fetch_sub(&slice->away, 1);
	while (atomic_load(&slice->away))
		rte_pause();
	for (unsigned i = 0; i < slice->pairs && !part->status; i++)
		part->status = lane_batch(
			part->lane, part->packets, part->samples ? &part->samples[i] : NULL, !part->samples);
	atomic_fetch_sub(&slice->left, 1);
	while (atomic_load(&slice->left) && !part->status)
		part->status = lane_batch(part->lane, part->packets, NULL, false);
	rte_thread_unregister();
	return NULL;
}

/* samples: so many as batches, for one worker after the other; NULL: the stages are timed. */
static enum status
slice_run(struct bench_esp *bench, struct gather *gather, unsigned workers, const unsigned *cpus,
	struct sample *samples)
{
	unsigned pairs = bench->request->pairs, started = 0;
	struct slice slice = {.away = workers, .left = workers, .pairs = pairs};
	struct part part[BENCH_WORKERS_MAX] = {0};
	enum status status = ST_OK;

	for (; started < workers; started++) {
		part[started] = (struct part){.slice = &slice,
			.lane = &bench->lane[started],
			.packets = &gather->packets[started],
			.samples = samples ? samples + (size_t)started * pairs : NULL,
			.cpu = cpus[started]};
		if (pthread_create(&part[started].thread, NULL, part_run, &part[started]))
			break;
	}
	if (started < workers) { /* the others are not to wait for it */
		status = ST_ERR_NOMEM;
		atomic_fetch_sub(&slice.away, workers - started);
		atomic_fetch_sub(&slice.left, workers - started);
	}
	for (unsigned w = 0; w < started; w++) {
		pthread_join(part[w].thread, NULL);
		status = status ? status : part[w].status;
	}
	return status;
}

/* ---- books: what a slice adds to a row ---- */

static void
books_add(struct books *books, const struct lane *lane, int sign)
{
	const struct dp_stats *stats = dp_stats(lane->rig.dp);
	uint64_t times = (uint64_t)(int64_t)sign; /* modulo 2^64 */

	books->stats.rx += times * stats->rx;
	books->stats.created += times * stats->created;
	books->stats.tx += times * stats->tx;
	books->stats.consumed += times * stats->consumed;
	books->stats.events_lost += times * stats->events_lost;
	for (unsigned d = 0; d < DROP_COUNT; d++)
		books->stats.drops[d] += times * stats->drops[d];
	books->fed += times * lane->fed;
	books->back += times * lane->back;
	books->events += times * lane->events;
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		const struct stage_stats *stage = dp_stage_stats(lane->rig.dp, (enum stage)s);

		books->stage[s].calls += times * stage->calls;
		books->stage[s].packets += times * stage->packets;
		books->stage[s].timed_packets += times * stage->timed_packets;
		books->stage[s].timed_cycles += times * stage->timed_cycles;
	}
}

static int
double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct bench_span
span_of(double *values, unsigned n)
{
	if (!n)
		return (struct bench_span){0};
	qsort(values, n, sizeof(*values), double_compare);
	return (struct bench_span){(values[(n - 1) / 2] + values[n / 2]) / 2, values[0], values[n - 1], n};
}

/* The median of one worker's batches: some are interrupted by others who want the CPU.  0: there are none.
 * values: a place to work. */
static double
batches_median(const struct sample *samples, unsigned n, size_t which, double *values)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct timed *t = (const struct timed *)((const char *)&samples[i] + which);

		if (t->packets)
			values[found++] = (double)t->cycles / (double)t->packets;
	}
	return span_of(values, found).median;
}

/* The mean over workers. */
static double
round_value(const struct bench_esp *bench, unsigned workers, const struct gather *gather, size_t which)
{
	unsigned pairs = bench->request->pairs;
	double sum = 0;

	for (unsigned w = 0; w < workers; w++)
		sum += batches_median(gather->samples + (size_t)w * pairs, pairs, which, gather->values);
	return sum / workers;
}

static void
round_gather(const struct bench_esp *bench, unsigned workers, struct gather *gather)
{
	double raw = round_value(bench, workers, gather, offsetof(struct sample, raw));

	gather->total[gather->n] = round_value(bench, workers, gather, offsetof(struct sample, total));
	gather->port[gather->n] = round_value(bench, workers, gather, offsetof(struct sample, port));
	if (raw > 0) {
		gather->ratio[gather->n_raw] = (gather->total[gather->n] - gather->port[gather->n]) / raw;
		gather->raw[gather->n_raw++] = raw;
	}
	gather->n++;
	for (unsigned i = 0; i < workers * bench->request->pairs; i++) {
		gather->packets_timed += gather->samples[i].total.packets;
		gather->bytes += gather->samples[i].bytes;
		gather->slots += gather->samples[i].slots;
	}
}

static enum status
round_run(struct bench_esp *bench, struct gather *gather, const struct bench_row_request *row,
	const unsigned *cpus)
{
	enum status status;

	memset(gather->samples, 0, (size_t)row->workers * bench->request->pairs * sizeof(*gather->samples));
	for (unsigned w = 0; w < row->workers; w++)
		books_add(&gather->books, &bench->lane[w], -1);
	status = slice_run(bench, gather, row->workers, cpus, gather->samples);
	if (!status)
		status = slice_run(bench, gather, row->workers, cpus, NULL);
	for (unsigned w = 0; w < row->workers; w++)
		books_add(&gather->books, &bench->lane[w], 1);
	if (!status)
		round_gather(bench, row->workers, gather);
	return status;
}

static void
row_make(struct bench_row *row, const struct bench_esp *bench, struct gather *gather)
{
	const struct books *books = &gather->books;
	uint64_t timed = books->stage[STAGE_rx].timed_packets, drops = 0;

	row->packets = gather->packets_timed;
	row->bytes = (double)gather->bytes / (double)gather->slots;
	row->total = span_of(gather->total, gather->n);
	row->port = span_of(gather->port, gather->n);
	row->raw = span_of(gather->raw, gather->n_raw);
	row->ratio = span_of(gather->ratio, gather->n_raw);
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		const struct stage_stats *stage = &books->stage[s];

		row->stage[s].cycles = timed ? (double)stage->timed_cycles / (double)timed : 0;
		row->stage[s].burst = stage->calls ? (double)stage->packets / (double)stage->calls : 0;
	}
	for (unsigned d = 0; d < DROP_COUNT; d++)
		drops += row->drops[d] = books->stats.drops[d];
	row->rx = books->stats.rx;
	row->created = books->stats.created;
	row->tx = books->stats.tx;
	row->consumed = books->stats.consumed;
	for (unsigned w = 0; w < row->request.workers; w++)
		row->held += dp_held(bench->lane[w].rig.dp);
	row->events = books->events;
	row->events_lost = books->stats.events_lost;
	row->balanced &= row->rx == books->fed && row->tx == books->back &&
			 row->rx + row->created == row->tx + row->consumed + row->held + drops;
}

static enum status
gather_create(
	struct gather *gather, const struct bench_esp_request *request, const struct bench_row_request *row)
{
	enum status status = ST_OK;

	gather->total = calloc(request->rounds, sizeof(double));
	gather->port = calloc(request->rounds, sizeof(double));
	gather->raw = calloc(request->rounds, sizeof(double));
	gather->ratio = calloc(request->rounds, sizeof(double));
	gather->samples = calloc((size_t)request->pairs * row->workers, sizeof(*gather->samples));
	gather->values = calloc(request->pairs, sizeof(double));
	if (!gather->total || !gather->port || !gather->raw || !gather->ratio || !gather->samples ||
		!gather->values)
		return ST_ERR_NOMEM;
	for (unsigned w = 0; w < row->workers && !status; w++)
		status = packets_create(&gather->packets[w], request, row->size);
	return status;
}

/* False where packets are missing. */
static bool
gather_destroy(struct gather *gather)
{
	bool all = true;

	for (unsigned w = 0; w < BENCH_WORKERS_MAX; w++)
		all &= packets_destroy(&gather->packets[w]);
	free(gather->samples);
	free(gather->values);
	free(gather->total);
	free(gather->port);
	free(gather->raw);
	free(gather->ratio);
	return all;
}

enum status
bench_esp_run(struct bench_esp *bench, const struct bench_row_request *rows, unsigned n, const unsigned *cpus,
	struct bench_esp_result *result, char *message, size_t bytes)
{
	const struct bench_esp_request *request = bench->request;
	struct gather *gather = calloc(n, sizeof(*gather));
	enum status status = gather ? ST_OK : ST_ERR_NOMEM;

	memset(result, 0, sizeof(*result));
	result->raw = request->replayed ? NULL : bench->lane[0].raw.name;
	for (unsigned w = 0; w < bench->workers; w++)
		result->memory += bench->lane[w].rig.memory;
	for (unsigned i = 0; i < n && !status; i++)
		status = gather_create(&gather[i], request, &rows[i]);
	for (unsigned i = 0; i < n && !status; i++)
		for (unsigned w = 0; w < rows[i].workers && !status; w++)
			if (!bench->lane[w].met)
				status = lane_meet(&bench->lane[w], &gather[i].packets[w]);
	for (unsigned r = 0; r < request->rounds && !status; r++)
		for (unsigned i = 0; i < n && !status; i++)
			status = round_run(bench, &gather[i], &rows[i], cpus);
	for (unsigned w = 0; w < bench->workers && status; w++)
		lane_flush(&bench->lane[w]);
	for (unsigned i = 0; i < n && gather; i++) {
		struct bench_row *row = &result->row[result->n_rows++];

		row->request = rows[i];
		row->balanced = true;
		if (!status)
			row_make(row, bench, &gather[i]);
		row->balanced &= gather_destroy(&gather[i]);
	}
	free(gather);
	if (status)
		snprintf(message, bytes, "%s", status_text(status));
	return status;
}
