/* A snapshot as text.  Names follow Prometheus: base units, _total for counters. */
#include "ctrl/metrics.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctrl/ctrl_priv.h"

/* Before the values of each metric. */
static void
head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
single(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void
gateway_write(FILE *out, const struct snap *snap, const struct ctrl *ctrl)
{
	head(out, "esplab_info", "gauge", "the gateway and its version");
	fprintf(out, "esplab_info{gateway=\"%s\",version=\"%.*s\"} 1\n", snap->cfg->name,
		(int)strcspn(ctrl->target.version, "\n\"\\"), ctrl->target.version);
	head(out, "esplab_uptime_seconds", "gauge", "time since the gateway started");
	fprintf(out, "esplab_uptime_seconds %.3f\n", (double)(snap->now - ctrl->started) / NS_PER_SEC);
	single(out, "esplab_received_packets_total", "counter", "packets from ports", snap->stats.rx);
	single(out, "esplab_created_packets_total", "counter", "pieces, ICMP, keepalives",
		snap->stats.created);
	single(out, "esplab_sent_packets_total", "counter", "packets to ports", snap->stats.tx);
	single(out, "esplab_consumed_packets_total", "counter", "ended here well", snap->stats.consumed);
	single(out, "esplab_held_packets", "gauge", "in queues, engine and reassembly", snap->held);
	single(out, "esplab_events_lost_total", "counter", "drops without an event", snap->stats.events_lost);
	head(out, "esplab_drops_total", "counter", "packets dropped, by reason of dataplane/drop.def");
	for (unsigned d = 1; d < DROP_COUNT; d++)
		fprintf(out, "esplab_drops_total{reason=\"%s\"} %" PRIu64 "\n", drop_info[d].text,
			snap->stats.drops[d]);
}

/* Of the whole process; packets have memory of their own.  0 where the allocator is another. */
static void
heap_write(FILE *out)
{
	struct mallinfo2 info = mallinfo2();

	single(out, "esplab_heap_used_bytes", "gauge", "memory that malloc has given out",
		info.uordblks + info.hblkhd);
	single(out, "esplab_heap_held_bytes", "gauge", "memory that malloc has from the system",
		info.arena + info.hblkhd);
}

static void
stages_write(FILE *out, const struct snap *snap)
{
	head(out, "esplab_stage_calls_total", "counter", "calls of each stage");
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		fprintf(out, "esplab_stage_calls_total{stage=\"%s\"} %" PRIu64 "\n",
			dp_stage_name((enum stage)s), snap->stage[s].calls);
	head(out, "esplab_stage_packets_total", "counter", "packets through each stage");
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		fprintf(out, "esplab_stage_packets_total{stage=\"%s\"} %" PRIu64 "\n",
			dp_stage_name((enum stage)s), snap->stage[s].packets);
	head(out, "esplab_stage_timed_cycles_total", "counter",
		"cycles of the sample of turns that is timed");
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		fprintf(out, "esplab_stage_timed_cycles_total{stage=\"%s\"} %" PRIu64 "\n",
			dp_stage_name((enum stage)s), snap->stage[s].timed_cycles);
	head(out, "esplab_stage_timed_packets_total", "counter", "packets of that sample");
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		fprintf(out, "esplab_stage_timed_packets_total{stage=\"%s\"} %" PRIu64 "\n",
			dp_stage_name((enum stage)s), snap->stage[s].timed_packets);
}

static void
engine_write(FILE *out, const struct snap *snap)
{
	if (!snap->engine_counts)
		return;
	head(out, "esplab_engine_total", "counter", "what the engine counts, rows of crypto/counter.def");
	for (unsigned c = 0; c < ENGINE_COUNTER_COUNT; c++)
		fprintf(out, "esplab_engine_total{counter=\"%s\"} %" PRIu64 "\n", engine_counter_info[c].text,
			snap->counter[c]);
}

/* One metric of all queue classes. */
static void
class_write(FILE *out, const struct snap *snap, const char *name, const char *help, size_t offset)
{
	head(out, name, "counter", help);
	for (unsigned c = 0; c < snap->n_classes; c++) {
		const struct snap_class *class = &snap->classes[c];
		uint64_t value;

		memcpy(&value, (const char *)&class->stats + offset, sizeof(value));
		fprintf(out, "%s{port=\"%s\",class=\"%s\"} %" PRIu64 "\n", name,
			snap->cfg->ports[class->port].name, class->stats.name, value);
	}
}

static void
ports_write(FILE *out, const struct snap *snap)
{
	head(out, "esplab_port_received_packets_total", "counter", "packets from each port");
	for (unsigned p = 0; p < snap->cfg->n_ports; p++)
		fprintf(out, "esplab_port_received_packets_total{port=\"%s\"} %" PRIu64 "\n",
			snap->cfg->ports[p].name, snap->received[p]);
	class_write(out, snap, "esplab_queue_packets_total", "packets that left each queue",
		offsetof(struct qos_class_stats, packets_out));
	class_write(out, snap, "esplab_queue_bytes_total", "bytes of IP packets that left each queue",
		offsetof(struct qos_class_stats, bytes_out));
	class_write(out, snap, "esplab_queue_tail_drops_total", "dropped as the queue was full",
		offsetof(struct qos_class_stats, tail_drops));
	class_write(out, snap, "esplab_queue_police_drops_total", "dropped by the policer",
		offsetof(struct qos_class_stats, police_drops));
}

/* One metric of all SAs. */
static void
sa_write(FILE *out, const struct snap *snap, const char *name, const char *type, const char *help,
	size_t offset)
{
	head(out, name, type, help);
	for (unsigned i = 0; i < snap->n_sas; i++) {
		const struct snap_sa *sa = &snap->sas[i];
		uint64_t value;

		memcpy(&value, (const char *)sa + offset, sizeof(value));
		fprintf(out, "%s{sa=\"%s\",direction=\"%s\",spi=\"0x%08" PRIx32 "\"} %" PRIu64 "\n", name,
			sa->cfg->name, sa->cfg->direction == CFG_OUT ? "out" : "in", sa->cfg->spi, value);
	}
}

static void
sas_write(FILE *out, const struct snap *snap)
{
	single(out, "esplab_sas", "gauge", "security associations", snap->n_sas);
	head(out, "esplab_sa_lives_total", "counter",
		"lifetimes that SAs came to, rows of dataplane/life.def");
	for (unsigned l = LIFE_NONE + 1; l < LIFE_COUNT; l++)
		fprintf(out, "esplab_sa_lives_total{life=\"%s\"} %" PRIu64 "\n", life_info[l].text,
			snap->lives[l]);
	if (!snap->has_sas)
		return;
	sa_write(out, snap, "esplab_sa_packets_total", "counter", "packets protected or accepted",
		offsetof(struct snap_sa, packets));
	sa_write(out, snap, "esplab_sa_bytes_total", "counter", "bytes of the packets inside",
		offsetof(struct snap_sa, bytes));
	sa_write(out, snap, "esplab_sa_errors_total", "counter", "failed ICVs, padding, lengths",
		offsetof(struct snap_sa, errors));
	sa_write(out, snap, "esplab_sa_replays_total", "counter", "outside the window, or duplicates",
		offsetof(struct snap_sa, replays));
	sa_write(out, snap, "esplab_sa_sequence", "gauge", "last number sent, or right edge of the window",
		offsetof(struct snap_sa, seq));
	sa_write(out, snap, "esplab_sa_late_packets_total", "counter", "arrived behind the right edge",
		offsetof(struct snap_sa, lag_late));
	sa_write(out, snap, "esplab_sa_lag_max", "gauge", "farthest behind the right edge, in numbers",
		offsetof(struct snap_sa, lag_max));
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
		stages_write(out, snap);
		engine_write(out, snap);
		ports_write(out, snap);
		sas_write(out, snap);
	}
	snap_free(snap);
	if (out && !fclose(out))
		return ST_OK;
	free(*text);
	*text = NULL;
	return ST_ERR_NOMEM;
}
