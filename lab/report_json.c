/* summary.json and timings.json.  Fields and their meaning: docs/results.md; whoever adds one writes it
 * there, whoever changes or removes one raises REPORT_SCHEMA. */
#include "base/clock.h"
#include "config/words.h"
#include "lab/loss.h"
#include "lab/report.h"
#include "lab/report_priv.h"

static const char *const kinds[] = {[RESULT_HOST] = "host",
	[RESULT_GATEWAY] = "gateway",
	[RESULT_ROUTER] = "router",
	[RESULT_LINK] = "link"};

static void
balance_json(struct json_out *json, const struct result *r)
{
	jout_object(json, "balance");
	jout_bool(json, "ok", r->balanced_packets && r->balanced_mbufs);
	jout_object_flat(json, "packets");
	jout_u64(json, "created", r->created);
	jout_u64(json, "consumed", r->consumed);
	jout_u64(json, "held", r->held);
	jout_u64(json, "dropped", r->dropped);
	jout_bool(json, "ok", r->balanced_packets);
	jout_object_end(json);
	jout_object_flat(json, "mbufs");
	jout_u64(json, "total", r->mbufs_total);
	jout_u64(json, "free", r->mbufs_free);
	jout_u64(json, "held", r->mbufs_total - r->mbufs_free);
	jout_bool(json, "ok", r->balanced_mbufs);
	jout_object_end(json);
	jout_object_end(json);
}

static void
node_json(struct json_out *json, const struct result_node *node)
{
	jout_object(json, NULL);
	jout_text(json, "name", node->name);
	jout_text(json, "kind", kinds[node->kind]);
	jout_u64(json, "rx", node->rx);
	jout_u64(json, "created", node->created);
	jout_u64(json, "tx", node->tx);
	jout_u64(json, "consumed", node->consumed);
	jout_u64(json, "held", node->held);
	jout_u64(json, "dropped", loss_total(node->drops));
	report_drops_json(json, "drops", node->drops);
	jout_bool(json, "balanced", node->balanced);
	if (node->process)
		report_process_json(json, node->process);
	jout_array(json, "stages");
	for (unsigned s = 0; s < node->n_stages; s++) {
		jout_object_flat(json, NULL);
		jout_text(json, "name", node->stages[s].name);
		jout_u64(json, "calls", node->stages[s].calls);
		jout_u64(json, "packets", node->stages[s].packets);
		jout_object_end(json);
	}
	jout_array_end(json);
	jout_object_end(json);
}

static void
qos_class_json(struct json_out *json, const struct qos_class_stats *stats)
{
	jout_object_flat(json, NULL);
	jout_text(json, "class", stats->name);
	jout_u64(json, "packets_in", stats->packets_in);
	jout_u64(json, "bytes_in", stats->bytes_in);
	jout_u64(json, "packets_out", stats->packets_out);
	jout_u64(json, "bytes_out", stats->bytes_out);
	jout_u64(json, "tail_drops", stats->tail_drops);
	jout_u64(json, "police_drops", stats->police_drops);
	jout_u64(json, "depth_max", stats->depth_max);
	jout_u64(json, "wait_ns_max", stats->wait_ns_max);
	jout_real(json, "wait_ns_mean", report_ratio(stats->wait_ns_sum, stats->packets_out));
	jout_object_end(json);
}

static void
port_json(struct json_out *json, const struct result_port *port)
{
	jout_object(json, NULL);
	jout_text(json, "gateway", port->gateway->name);
	jout_text(json, "port", port->port->name);
	jout_u64(json, "mss_clamped", port->mss_clamped);
	jout_text(json, "kind", cfg_qos_kind_word(port->port->qos.kind));
	jout_array(json, "classes");
	for (unsigned c = 0; port->qos && c < qos_class_count(port->qos); c++)
		qos_class_json(json, qos_class_stats(port->qos, c));
	jout_array_end(json);
	jout_object_end(json);
}

static void
wire_json(struct json_out *json, const struct result_wire *wire)
{
	const struct wire_stats *s = &wire->stats;

	jout_object_flat(json, NULL);
	jout_text(json, "link", wire->link->name);
	jout_text(json, "path", wire->path->name);
	jout_text(json, "from", wire->link->ends[wire->direction]);
	jout_text(json, "to", wire->link->ends[!wire->direction]);
	jout_u64(json, "put", s->put);
	jout_u64(json, "put_bytes", s->put_bytes);
	jout_u64(json, "got", s->got);
	jout_u64(json, "duplicated", s->duplicated);
	jout_u64(json, "lost", s->lost);
	jout_u64(json, "queue_drops", s->queue_drops);
	jout_u64(json, "mtu_drops", s->mtu_drops);
	jout_u64(json, "queue_bytes_max", s->queue_bytes_max);
	jout_object_end(json);
}

static void
traffic_json(struct json_out *json, const struct result *r)
{
	jout_array(json, "classes");
	for (unsigned i = 0; i < r->n_classes; i++)
		report_flow_json(json, &r->classes[i], true);
	jout_array_end(json);
	jout_array(json, "flows");
	for (unsigned i = 0; i < r->n_flows; i++)
		report_flow_json(json, &r->flows[i], false);
	jout_array_end(json);
	jout_array(json, "tcp");
	for (unsigned i = 0; i < r->n_tcp; i++)
		report_tcp_json(json, &r->tcp[i]);
	jout_array_end(json);
	jout_array(json, "pings");
	for (unsigned i = 0; i < r->n_pings; i++)
		report_ping_json(json, r->pings[i]);
	jout_array_end(json);
}

static void
devices_json(struct json_out *json, const struct result *r)
{
	jout_array(json, "sas");
	for (unsigned i = 0; i < r->n_sas; i++)
		report_sa_json(json, &r->sas[i]);
	jout_array_end(json);
	jout_array(json, "engines");
	for (unsigned i = 0; i < r->n_engines; i++)
		report_engine_json(json, &r->engines[i]);
	jout_array_end(json);
	jout_array(json, "nodes");
	for (unsigned i = 0; i < r->n_nodes; i++)
		node_json(json, &r->nodes[i]);
	jout_array_end(json);
	jout_array(json, "qos");
	for (unsigned i = 0; i < r->n_ports; i++)
		port_json(json, &r->ports[i]);
	jout_array_end(json);
	jout_array(json, "wires");
	for (unsigned i = 0; i < r->n_wires; i++)
		wire_json(json, &r->wires[i]);
	jout_array_end(json);
}

void
report_summary(const struct result *r, FILE *out)
{
	struct json_out json = {.out = out};

	jout_object(&json, NULL);
	jout_u64(&json, "schema", REPORT_SCHEMA);
	jout_text(&json, "title", r->cfg->title);
	jout_text(&json, "file", report_file_name(r->cfg));
	jout_u64(&json, "seed", r->seed);
	jout_u64(&json, "duration_ns", r->cfg->duration);
	jout_u64(&json, "end_ns", r->end_ns);
	balance_json(&json, r);
	jout_u64(&json, "corrupt", r->corrupt);
	jout_u64(&json, "events_lost", r->events_lost);
	jout_u64(&json, "traffic_skipped", r->traffic_skipped);
	report_drops_json(&json, "drops", r->drops);
	traffic_json(&json, r);
	devices_json(&json, r);
	jout_object_end(&json);
}

static void
cycles_json(struct json_out *json, uint64_t cycles, uint64_t packets)
{
	jout_u64(json, "cycles", cycles);
	jout_u64(json, "packets", packets);
	jout_real(json, "cycles_per_packet", report_ratio(cycles, packets));
}

/* Links are turned by the nodes that send into them, so they have no cycles of their own. */
static void
node_timing(struct json_out *json, const struct result_node *node)
{
	if (node->kind == RESULT_LINK)
		return;
	jout_object(json, NULL);
	jout_text(json, "name", node->name);
	jout_text(json, "kind", kinds[node->kind]);
	cycles_json(json, node->cycles, node->rx + node->created);
	jout_array(json, "stages");
	for (unsigned s = 0; s < node->n_stages; s++) {
		jout_object_flat(json, NULL);
		jout_text(json, "name", node->stages[s].name);
		cycles_json(json, node->stages[s].cycles, node->stages[s].packets);
		jout_object_end(json);
	}
	jout_array_end(json);
	jout_object_end(json);
}

void
report_timings(const struct result *r, FILE *out)
{
	struct json_out json = {.out = out};
	double seconds = (double)r->end_ns / (double)NS_PER_SEC;

	jout_object(&json, NULL);
	jout_u64(&json, "schema", REPORT_SCHEMA);
	jout_real(&json, "virtual_seconds", seconds);
	jout_real(&json, "wall_seconds", r->wall_seconds);
	jout_real(&json, "real_time_factor", r->wall_seconds > 0 ? seconds / r->wall_seconds : 0);
	jout_u64(&json, "turns", r->turns);
	cycles_json(&json, r->wall_cycles, r->created);
	jout_array(&json, "nodes");
	for (unsigned i = 0; i < r->n_nodes; i++)
		node_timing(&json, &r->nodes[i]);
	jout_array_end(&json);
	jout_object_end(&json);
}
