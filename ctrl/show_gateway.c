/* show crypto engine accelerator statistic, show runtime, show drops, show logging, show version: the gateway
 * as a whole. */
#include <inttypes.h>

#include "ctrl/ctrl_priv.h"
#include "dataplane/msg_log.h"

void
run_show_accelerator(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, false, call->out);
	const struct cfg_engine *cfg = snap ? snap->cfg->engine_cfg : NULL;
	json_t *json = call->out->json;

	if (snap && snap->engine)
		out_line(call->out, "Engine %s, kind %s\n", cfg ? cfg->name : snap->cfg->engine,
			cfg ? cfg->kind : snap->cfg->engine);
	else if (snap)
		out_line(call->out, "A router has no engine\n");
	if (snap && snap->engine) {
		out_string(json, "engine", cfg ? cfg->name : snap->cfg->engine);
		out_string(json, "kind", cfg ? cfg->kind : snap->cfg->engine);
		if (!snap->engine_counts)
			out_line(call->out, "  It counts nothing of its own; packets: show crypto engine "
					    "connections active\n");
	}
	for (unsigned c = 0; snap && snap->engine_counts && c < ENGINE_COUNTER_COUNT; c++) {
		out_line(call->out, "  %-18s %14" PRIu64 "  %s\n", engine_counter_info[c].text,
			snap->counter[c], engine_counter_info[c].meaning);
		out_number(json, engine_counter_info[c].text, snap->counter[c]);
	}
	snap_free(snap);
}

void
run_show_runtime(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, false, call->out);

	out_line(call->out, "%-16s %14s %14s %14s %14s\n", "Stage", "Calls", "Packets", "Packets/call",
		"Cycles/packet");
	for (unsigned s = 0; snap && s < STAGE_COUNT; s++) {
		const struct stage_stats *stage = &snap->stage[s];
		json_t *row = out_row(call->out->json, "stages");
		double burst = stage->calls ? (double)stage->packets / (double)stage->calls : 0;
		double cycles = stage->timed_packets
					? (double)stage->timed_cycles / (double)stage->timed_packets
					: 0;

		out_line(call->out, "%-16s %14" PRIu64 " %14" PRIu64 " %14.1f ", dp_stage_name((enum stage)s),
			stage->calls, stage->packets, burst);
		if (stage->timed_packets)
			out_line(call->out, "%14.0f\n", cycles);
		else
			out_line(call->out, "%14s\n", "-");
		out_string(row, "name", dp_stage_name((enum stage)s));
		out_number(row, "calls", stage->calls);
		out_number(row, "packets", stage->packets);
		out_real(row, "packets_per_call", burst);
		if (stage->timed_packets)
			out_real(row, "cycles_per_packet", cycles);
	}
	out_line(call->out, "Cycles are those of a sample of turns; -: not measured\n");
	snap_free(snap);
}

/* rx + before + created + taken = tx + consumed + held + handed + drops: of each worker, and so of all of
 * them although they are asked one after another. */
static void
balance_print(struct out *out, const struct snap *snap, uint64_t drops)
{
	const struct dp_stats *s = &snap->stats;
	json_t *json = out_object(out->json, "balance");
	bool balanced = s->rx + snap->before + s->created + s->taken ==
			s->tx + s->consumed + snap->held + s->handed + drops;

	out_line(out, "received %" PRIu64 " + created %" PRIu64, s->rx, s->created);
	if (snap->before)
		out_line(out, " + inside when cleared %" PRIu64, snap->before);
	if (s->handed || s->taken)
		out_line(out, " + taken over %" PRIu64 " - handed over %" PRIu64, s->taken, s->handed);
	out_line(out, " = sent %" PRIu64 " + consumed %" PRIu64 " + held %" PRIu64 " + drops %" PRIu64 "%s\n",
		s->tx, s->consumed, snap->held, drops, balanced ? "" : ": DOES NOT BALANCE");
	out_number(json, "rx", s->rx);
	out_number(json, "created", s->created);
	out_number(json, "before", snap->before);
	out_number(json, "tx", s->tx);
	out_number(json, "consumed", s->consumed);
	out_number(json, "held", snap->held);
	out_number(json, "handed", s->handed);
	out_number(json, "taken", s->taken);
	out_number(json, "drops", drops);
	out_bool(json, "balanced", balanced);
}

void
run_show_drops(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, false, call->out);
	uint64_t sum = 0;

	out_line(call->out, "%-20s %14s  %s\n", "Reason", "Packets", "Rule");
	out_list(call->out->json, "drops");
	for (unsigned d = 1; snap && d < DROP_COUNT; d++) {
		const struct drop_info *info = &drop_info[d];
		uint64_t n = snap->stats.drops[d];
		json_t *row;

		sum += n;
		if (!n && !call->value[0])
			continue;
		out_line(call->out, "%-20s %14" PRIu64 "  %s", info->text, n, info->rule);
		if (info->status)
			out_line(call->out, " (status=%d)", (int)info->status);
		out_line(call->out, "\n");
		row = out_row(call->out->json, "drops");
		out_string(row, "reason", info->text);
		out_number(row, "packets", n);
		out_string(row, "rule", info->rule);
	}
	if (snap)
		balance_print(call->out, snap, sum);
	snap_free(snap);
}

static void
log_print(void *ctx, uint64_t now, const char *text)
{
	const struct command_call *call = ctx;
	struct out *out = call->out;
	json_t *row = out_row(out->json, "lines");
	char time[MSG_TIME_BYTES];

	out_line(out, "%s: %s\n", msg_time(now - call->ctrl->started, time), text);
	out_number(row, "time_ns", now - call->ctrl->started);
	out_string(row, "text", text);
}

void
run_show_logging(struct command_call *call)
{
	const struct ctrl_log *log = call->ctrl->log;

	out_line(call->out, "Log buffer (%u bytes): %" PRIu64 " lines, %" PRIu64 " older ones made room\n",
		CTRL_LOG_BYTES, log_lines(log), log_lost(log));
	out_number(call->out->json, "lost", log_lost(log));
	out_list(call->out->json, "lines");
	log_each(log, log_print, call);
}

void
run_show_version(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, false, call->out);
	const struct ctrl_target *target = &call->ctrl->target;
	char time[MSG_TIME_BYTES];

	if (!snap)
		return;
	msg_time(snap->now - call->ctrl->started, time);
	out_line(call->out, "%s\n%s uptime is %s (%s)\n%u worker%s, %u ports, %u SAs, engine %s\n",
		target->version, snap->cfg->name, time, target->clock, target->workers,
		target->workers == 1 ? "" : "s", snap->cfg->n_ports, snap->n_sas,
		snap->engine ? snap->cfg->engine : "none");
	if (target->confined)
		out_line(call->out, "Process: %s\n", target->confined);
	out_string(call->out->json, "version", target->version);
	out_string(call->out->json, "name", snap->cfg->name);
	out_number(call->out->json, "uptime_ns", snap->now - call->ctrl->started);
	out_string(call->out->json, "clock", target->clock);
	out_number(call->out->json, "workers", target->workers);
	out_number(call->out->json, "ports", snap->cfg->n_ports);
	out_number(call->out->json, "sas", snap->n_sas);
	out_string(call->out->json, "engine", snap->engine ? snap->cfg->engine : NULL);
	out_string(call->out->json, "process", target->confined);
	snap_free(snap);
}
