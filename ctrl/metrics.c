/* A snapshot as text: what metric.def lists, and a counter for each row of other tables. */
#include "ctrl/metrics.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctrl/ctrl_priv.h"

enum metric_of { METRIC_GATEWAY, METRIC_STAGE, METRIC_QUEUE, METRIC_SA };

#define STRUCT_GATEWAY struct snap
#define STRUCT_STAGE struct stage_stats
#define STRUCT_QUEUE struct qos_class_stats
#define STRUCT_SA struct snap_sa

struct metric {
	enum metric_of of;
	const char *name, *type, *help;
	size_t offset;
};

static const struct metric metrics[] = {
#define METRIC(of, name, type, field, help)                                                                  \
	{METRIC_##of, "esplab_" #name, #type, help, offsetof(STRUCT_##of, field)},
#include "ctrl/metric.def"
#undef METRIC
};

#define METRIC(of, name, type, field, help)                                                                  \
	_Static_assert(sizeof(((STRUCT_##of *)0)->field) == sizeof(uint64_t), #name);
#include "ctrl/metric.def"
#undef METRIC

/* Before the values of each metric. */
static void
head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A name that somebody chose, as the format wants it. */
static void
label(FILE *out, const char *key, const char *value)
{
	fprintf(out, "%s=\"", key);
	for (; *value; value++)
		if (*value == '\n')
			fputs("\\n", out);
		else
			fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
	fputc('"', out);
}

static uint64_t
value_at(const void *base, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)base + offset, sizeof(value));
	return value;
}

static void
sas_write(FILE *out, const struct snap *snap, const struct metric *metric)
{
	for (unsigned i = 0; i < snap->n_sas; i++) {
		const struct cfg_sa *sa = snap->sas[i].cfg;

		fprintf(out, "%s{", metric->name);
		label(out, "sa", sa->name);
		fprintf(out, ",direction=\"%s\",spi=\"0x%08" PRIx32 "\"} %" PRIu64 "\n",
			sa->direction == CFG_OUT ? "out" : "in", sa->spi,
			value_at(&snap->sas[i], metric->offset));
	}
}

static void
queues_write(FILE *out, const struct snap *snap, const struct metric *metric)
{
	for (unsigned c = 0; c < snap->n_classes; c++) {
		const struct snap_class *class = &snap->classes[c];

		fprintf(out, "%s{", metric->name);
		label(out, "port", snap->cfg->ports[class->port].name);
		fputc(',', out);
		label(out, "class", class->stats.name);
		fprintf(out, "} %" PRIu64 "\n", value_at(&class->stats, metric->offset));
	}
}

static void
metric_write(FILE *out, const struct snap *snap, const struct metric *metric)
{
	head(out, metric->name, metric->type, metric->help);
	switch (metric->of) {
	case METRIC_GATEWAY:
		fprintf(out, "%s %" PRIu64 "\n", metric->name, value_at(snap, metric->offset));
		return;
	case METRIC_STAGE:
		for (unsigned s = 0; s < STAGE_COUNT; s++)
			fprintf(out, "%s{stage=\"%s\"} %" PRIu64 "\n", metric->name,
				dp_stage_name((enum stage)s), value_at(&snap->stage[s], metric->offset));
		return;
	case METRIC_QUEUE:
		queues_write(out, snap, metric);
		return;
	case METRIC_SA:
		sas_write(out, snap, metric);
		return;
	}
}

/* All rows; those of SAs where there are not too many. */
static void
metrics_write(FILE *out, const struct snap *snap)
{
	for (unsigned i = 0; i < sizeof(metrics) / sizeof(*metrics); i++)
		if (metrics[i].of != METRIC_SA || snap->has_sas)
			metric_write(out, snap, &metrics[i]);
}

static void
gateway_write(FILE *out, const struct snap *snap, const struct ctrl *ctrl)
{
	head(out, "esplab_info", "gauge", "the gateway and its version");
	fputs("esplab_info{", out);
	label(out, "gateway", snap->cfg->name);
	fprintf(out, ",version=\"%.*s\"} 1\n", (int)strcspn(ctrl->target.version, "\n\"\\"),
		ctrl->target.version);
	head(out, "esplab_uptime_seconds", "gauge", "time since the gateway started");
	fprintf(out, "esplab_uptime_seconds %.3f\n", (double)(snap->now - ctrl->started) / NS_PER_SEC);
	head(out, "esplab_sas", "gauge", "security associations");
	fprintf(out, "esplab_sas %u\n", snap->n_sas);
	head(out, "esplab_port_received_packets_total", "counter", "packets from each port");
	for (unsigned p = 0; p < snap->cfg->n_ports; p++) {
		fputs("esplab_port_received_packets_total{", out);
		label(out, "port", snap->cfg->ports[p].name);
		fprintf(out, "} %" PRIu64 "\n", snap->received[p]);
	}
}

/* Of the whole process; packets have memory of their own.  0 where the allocator is another. */
static void
heap_write(FILE *out)
{
	struct mallinfo2 info = mallinfo2();

	head(out, "esplab_heap_used_bytes", "gauge", "memory that malloc has given out");
	fprintf(out, "esplab_heap_used_bytes %zu\n", info.uordblks + info.hblkhd);
	head(out, "esplab_heap_held_bytes", "gauge", "memory that malloc has from the system");
	fprintf(out, "esplab_heap_held_bytes %zu\n", info.arena + info.hblkhd);
}

/* What counts by the rows of another table. */
static void
tables_write(FILE *out, const struct snap *snap)
{
	head(out, "esplab_drops_total", "counter", "packets dropped, by reason of dataplane/drop.def");
	for (unsigned d = 1; d < DROP_COUNT; d++)
		fprintf(out, "esplab_drops_total{reason=\"%s\"} %" PRIu64 "\n", drop_info[d].text,
			snap->stats.drops[d]);
	head(out, "esplab_sa_lives_total", "counter",
		"lifetimes that SAs came to, rows of dataplane/life.def");
	for (unsigned l = LIFE_NONE + 1; l < LIFE_COUNT; l++)
		fprintf(out, "esplab_sa_lives_total{life=\"%s\"} %" PRIu64 "\n", life_info[l].text,
			snap->lives[l]);
	if (!snap->engine_counts)
		return;
	head(out, "esplab_engine_total", "counter", "what the engine counts, rows of crypto/counter.def");
	for (unsigned c = 0; c < ENGINE_COUNTER_COUNT; c++)
		fprintf(out, "esplab_engine_total{counter=\"%s\"} %" PRIu64 "\n", engine_counter_info[c].text,
			snap->counter[c]);
}

enum status
metrics_text(struct ctrl *ctrl, char **text)
{
	struct snap *snap = NULL;
	size_t bytes;
	FILE *out;
	enum status status = snap_take(&ctrl->target, false, &snap);

	*text = NULL;
	if (!status && snap->n_sas <= METRICS_SAS_MAX) {
		snap_free(snap);
		status = snap_take(&ctrl->target, true, &snap);
	}
	if (status)
		return status;
	out = open_memstream(text, &bytes);
	if (out) {
		gateway_write(out, snap, ctrl);
		heap_write(out);
		tables_write(out, snap);
		metrics_write(out, snap);
	}
	snap_free(snap);
	if (out && !fclose(out))
		return ST_OK;
	free(*text);
	*text = NULL;
	return ST_ERR_NOMEM;
}
