/* show interface, show ip mtu: ports as IOS prints them, as far as a gateway knows. */
#include <inttypes.h>
#include <string.h>

#include "config/cfg_net.h"
#include "ctrl/ctrl_priv.h"
#include "dataplane/forward.h"

#define TCP_IP_BYTES 40u /* IPv4 and TCP without options */
#define TCP_IP6_BYTES 60u

static void
class_print(struct out *out, json_t *json, const struct snap_class *class, bool fifo)
{
	const struct qos_class_stats *s = &class->stats;
	json_t *row = out_row(json, "classes");

	out_line(out,
		"  %s %s: %" PRIu64 " packets, %" PRIu64 " bytes queued; drops: %" PRIu64 " tail, %" PRIu64
		" police; depth at most %" PRIu32 "\n",
		fifo ? "Queue" : "Class", s->name, s->packets_in, s->bytes_in, s->tail_drops, s->police_drops,
		s->depth_max);
	out_string(row, "name", s->name);
	out_number(row, "packets_in", s->packets_in);
	out_number(row, "bytes_in", s->bytes_in);
	out_number(row, "packets_out", s->packets_out);
	out_number(row, "bytes_out", s->bytes_out);
	out_number(row, "tail_drops", s->tail_drops);
	out_number(row, "police_drops", s->police_drops);
	out_number(row, "depth_max", s->depth_max);
}

static void
hardware_print(struct out *out, json_t *json, const struct ctrl_port *port)
{
	const uint8_t *m = port->mac;
	char mac[24];

	snprintf(mac, sizeof(mac), "%02x%02x.%02x%02x.%02x%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	out_line(out, "  Hardware is %s, address is %s, %" PRIu64 " Mb/s\n", port->driver, mac,
		port->rate / 1000000);
	out_line(out,
		"  Device: %" PRIu64 " packets input, %" PRIu64 " bytes, %" PRIu64 " missed, %" PRIu64
		" input errors; %" PRIu64 " packets output, %" PRIu64 " bytes, %" PRIu64 " output errors\n",
		port->rx_packets, port->rx_bytes, port->rx_missed, port->rx_errors, port->tx_packets,
		port->tx_bytes, port->tx_errors);
	json = out_object(json, "device");
	out_string(json, "driver", port->driver);
	out_string(json, "mac", mac);
	out_bool(json, "up", port->up);
	out_number(json, "rate", port->rate);
	out_number(json, "rx_packets", port->rx_packets);
	out_number(json, "rx_bytes", port->rx_bytes);
	out_number(json, "rx_missed", port->rx_missed);
	out_number(json, "rx_errors", port->rx_errors);
	out_number(json, "tx_packets", port->tx_packets);
	out_number(json, "tx_bytes", port->tx_bytes);
	out_number(json, "tx_errors", port->tx_errors);
}

/* IOS calls those secondary that are not the first of their family. */
static void
addresses_print(struct out *out, json_t *json, const struct cfg_port *cfg)
{
	char text[IP_TEXT_BYTES];

	for (unsigned i = 0; i < cfg_port_addresses(cfg); i++) {
		const struct cfg_prefix *own = cfg_port_address(cfg, i);
		bool first = own == cfg_port_family(cfg, ip_is_v4(own->addr));
		json_t *row = out_row(json, "addresses");

		ip_text(own->addr, text);
		out_line(out, "  %s %s/%u\n", first ? "Internet address is" : "Secondary address", text,
			cfg_prefix_written(own));
		out_string(row, "address", text);
		out_number(row, "prefix_length", cfg_prefix_written(own));
	}
	ip_text(cfg->address.addr, text);
	out_string(json, "address", text);
	out_number(json, "prefix_length", cfg_prefix_written(&cfg->address));
}

static void
head_print(struct out *out, json_t *json, const struct cfg_port *cfg, bool up)
{
	out_line(out, "%s is %s, line protocol is %s\n", cfg->name, up ? "up" : "down", up ? "up" : "down");
	addresses_print(out, json, cfg);
	out_line(out, "  MTU %" PRIu32 " bytes", cfg->mtu);
	if (cfg->ip_mtu)
		out_line(out, ", IP MTU %" PRIu32 " bytes", cfg->ip_mtu);
	out_line(out, "\n  Queueing strategy: %s",
		cfg->qos.kind == CFG_QOS_FIFO ? "fifo" : "Class-based queueing");
	if (cfg->qos.shape)
		out_line(out, ", shaped to %" PRIu64 " bit/s", cfg->qos.shape);
	out_line(out, "\n");
	out_string(json, "name", cfg->name);
	out_bool(json, "up", up);
	out_number(json, "mtu", cfg->mtu);
	out_number(json, "ip_mtu", cfg->ip_mtu);
	out_string(json, "queueing", cfg->qos.kind == CFG_QOS_FIFO ? "fifo" : "cbwfq");
	out_number(json, "shape", cfg->qos.shape);
}

static void
port_show(struct command_call *call, const struct snap *snap, unsigned p)
{
	const struct ctrl_target *target = &call->ctrl->target;
	const struct cfg_port *cfg = &snap->cfg->ports[p];
	struct ctrl_port hardware;
	bool has = target->port && target->port(target->ctx, p, &hardware);
	json_t *json = out_row(call->out->json, "interfaces");
	uint64_t packets = 0, bytes = 0, drops = 0;

	head_print(call->out, json, cfg, !has || hardware.up);
	if (has)
		hardware_print(call->out, json, &hardware);
	for (unsigned c = 0; c < snap->n_classes; c++) {
		const struct qos_class_stats *s = &snap->classes[c].stats;

		if (snap->classes[c].port != p)
			continue;
		packets += s->packets_out;
		bytes += s->bytes_out;
		drops += s->tail_drops + s->police_drops;
		class_print(call->out, json, &snap->classes[c], cfg->qos.kind == CFG_QOS_FIFO);
	}
	out_line(call->out,
		"     %" PRIu64 " packets input\n     %" PRIu64 " packets output, %" PRIu64 " bytes, %" PRIu64
		" output drops\n",
		snap->received[p], packets, bytes, drops);
	out_number(json, "packets_input", snap->received[p]);
	out_number(json, "packets_output", packets);
	out_number(json, "bytes_output", bytes);
	out_number(json, "output_drops", drops);
}

void
run_show_interface(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, false, call->out);
	const char *name = call->value[0];
	unsigned shown = 0;

	for (unsigned p = 0; snap && p < snap->cfg->n_ports; p++)
		if (!name || !strcmp(name, snap->cfg->ports[p].name)) {
			port_show(call, snap, p);
			shown++;
		}
	if (snap && !shown)
		out_error(call->out, ST_ERR_NOT_FOUND, "There is no interface \"%s\"", name);
	snap_free(snap);
}

/* The largest packet that goes through the tunnel whole, and the TCP payload in it. */
static void
tunnel_mtu(struct out *out, const struct snap *snap, const struct snap_sa *sa)
{
	uint32_t port = forward_route(snap->cfg, sa->cfg->dst);
	uint32_t mtu = port == CFG_NONE ? 0 : snap->mtu[port], inner, stay, head;
	bool v4 = ip_is_v4(sa->cfg->dst);
	char words[128];
	json_t *row = out_row(out->json, "tunnels");

	if (sa->path_mtu && sa->path_mtu < mtu)
		mtu = sa->path_mtu;
	stay = sa->wire.tunnel ? 0 : v4 ? 20 : 40;
	head = sa->wire.tunnel || v4 ? TCP_IP_BYTES : TCP_IP6_BYTES;
	inner = ipsec_inner_max(&sa->wire, mtu, stay);
	transform_text(&sa->transform, words, sizeof(words));
	out_line(out, "%-16s %-28s %9" PRIu32 " %12" PRIu32 " %8" PRIu32 "%s\n", sa->cfg->name, words, mtu,
		inner, inner > head ? inner - head : 0, sa->path_mtu ? "  learnt by ICMP" : "");
	out_string(row, "sa", sa->cfg->name);
	out_string(row, "transform", words);
	out_number(row, "path_mtu", mtu);
	out_bool(row, "learnt", sa->path_mtu != 0);
	out_number(row, "largest_inner", inner);
	out_number(row, "mss", inner > head ? inner - head : 0);
}

void
run_show_ip_mtu(struct command_call *call)
{
	struct snap *snap = ctrl_snap(call->ctrl, true, call->out);

	out_list(call->out->json, "tunnels");
	out_line(call->out, "%-16s %9s %9s\n", "Interface", "MTU", "IP MTU");
	for (unsigned p = 0; snap && p < snap->cfg->n_ports; p++) {
		const struct cfg_port *cfg = &snap->cfg->ports[p];
		json_t *row = out_row(call->out->json, "interfaces");
		uint32_t ip_mtu = snap->mtu[p];

		out_line(call->out, "%-16s %9" PRIu32 " %9" PRIu32 "\n", cfg->name, cfg->mtu, ip_mtu);
		out_string(row, "name", cfg->name);
		out_number(row, "mtu", cfg->mtu);
		out_number(row, "ip_mtu", ip_mtu);
	}
	out_line(call->out, "\n%-16s %-28s %9s %12s %8s\n", "Outbound SA", "Transform", "Path MTU",
		"Largest inner", "TCP MSS");
	for (unsigned i = 0; snap && i < snap->n_sas; i++)
		if (snap->sas[i].cfg->direction == CFG_OUT && !snap->sas[i].inside)
			tunnel_mtu(call->out, snap, &snap->sas[i]);
	snap_free(snap);
}
