/* monitor capture, no monitor capture, show monitor capture: packets into files, in the words of Cisco's
 * embedded packet capture as far as it has any. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "ctrl/ctrl_priv.h"
#include "dataplane/dp.h"

/* In the order of the row in command.def. */
enum monitor_value {
	NAME,
	SWITCH,
	STAGE_NAME,
	PORT,
	WAY,
	HOST,
	SRC,
	DST,
	PROTO,
	SPI,
	LIMIT,
	BYTES,
	FILE_PATH
};

static const struct {
	const char *word;
	uint8_t number;
} protocols[] = {{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"esp", 50}, {"ah", 51}, {"icmp6", 58}};

#define PROTOCOLS (sizeof(protocols) / sizeof(*protocols))

static bool
refuse(struct command_call *call, enum status status, const char *text)
{
	out_error(call->out, status, "%s", text);
	return false;
}

static bool
stage_read(struct command_call *call, const char *word, struct tap_spec *spec)
{
	char all[512] = "";

	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		const char *name = dp_stage_name((enum stage)s);

		spec->stage = (enum stage)s;
		if (!strcmp(name, word))
			return true;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", s ? ", " : "", name);
	}
	out_error(call->out, ST_ERR_CONFIG, "There is no stage \"%s\"; allowed: %s", word, all);
	return false;
}

static bool
port_read(struct command_call *call, const char *word, struct tap_spec *spec)
{
	const struct cfg_gateway *cfg = call->ctrl->target.cfg;
	char all[512] = "";

	for (unsigned p = 0; p < cfg->n_ports; p++) {
		spec->port = p;
		if (!strcmp(cfg->ports[p].name, word))
			return true;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", p ? ", " : "",
			cfg->ports[p].name);
	}
	out_error(call->out, ST_ERR_CONFIG, "There is no port \"%s\"; allowed: %s", word, all);
	return false;
}

static bool
place_read(struct command_call *call, struct tap_spec *spec)
{
	const char *stage = call->value[STAGE_NAME], *port = call->value[PORT], *way = call->value[WAY];

	spec->port = TAP_NO_PORT;
	spec->way = !way ? TAP_ANY_WAY : !strcmp(way, "in") ? TAP_IN : TAP_OUT;
	if (!stage == !port)
		return refuse(call, ST_ERR_CONFIG, "A capture wants stage STAGE or port PORT");
	return stage ? stage_read(call, stage, spec) : port_read(call, port, spec);
}

static bool
address_read(struct command_call *call, enum monitor_value value, enum tap_match match, struct tap_spec *spec,
	struct ip_addr *address)
{
	const char *text = call->value[value];

	if (!text)
		return true;
	spec->match |= match;
	if (ip_parse(text, address))
		return true;
	out_error(call->out, ST_ERR_CONFIG, "\"%s\" is no address", text);
	return false;
}

static bool
protocol_read(struct command_call *call, struct tap_spec *spec)
{
	const char *text = call->value[PROTO];
	uint64_t number = 256;

	if (!text)
		return true;
	for (unsigned p = 0; p < PROTOCOLS; p++)
		if (!strcmp(protocols[p].word, text))
			number = protocols[p].number;
	if (number == 256 && !ctrl_number(text, UINT8_MAX, &number)) {
		out_error(call->out, ST_ERR_CONFIG,
			"proto wants a number from 0 to 255, or icmp, tcp, udp, esp, ah, icmp6, not \"%s\"",
			text);
		return false;
	}
	spec->match |= TAP_PROTO;
	spec->proto = (uint8_t)number;
	return true;
}

/* *number stays where nothing is said. */
static bool
count_read(struct command_call *call, enum monitor_value value, const char *word, uint64_t least,
	uint64_t most, uint64_t *number)
{
	const char *text = call->value[value];

	if (!text || (ctrl_number(text, most, number) && *number >= least))
		return true;
	out_error(call->out, ST_ERR_CONFIG, "%s wants a number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
		word, least, most, text);
	return false;
}

static bool
spec_read(struct command_call *call, struct tap_spec *spec)
{
	uint64_t spi = 0, snap = TAP_SNAP_MAX;

	*spec = (struct tap_spec){.limit = 0};
	if (!place_read(call, spec) || !address_read(call, HOST, TAP_HOST, spec, &spec->host) ||
		!address_read(call, SRC, TAP_SRC, spec, &spec->src) ||
		!address_read(call, DST, TAP_DST, spec, &spec->dst) || !protocol_read(call, spec) ||
		!count_read(call, SPI, "spi", 1, UINT32_MAX, &spi) ||
		!count_read(call, LIMIT, "limit", 1, UINT64_MAX, &spec->limit) ||
		!count_read(call, BYTES, "bytes", 1, TAP_SNAP_MAX, &snap))
		return false;
	spec->match |= spi ? TAP_SPI : 0;
	spec->spi = (uint32_t)spi;
	spec->snap = (uint32_t)snap;
	return true;
}

static bool
name_is_good(struct command_call *call, const char *name)
{
	size_t good = 0;

	while (isalnum((unsigned char)name[good]) || (name[good] && strchr("-_", name[good])))
		good++;
	return (good && !name[good] && good < CAPTURE_NAME_BYTES) ||
	       refuse(call, ST_ERR_CONFIG, "The name of a capture has 1 to 31 letters, digits, - and _");
}

static struct capture *
capture_make(struct command_call *call)
{
	const char *name = call->value[NAME], *file = call->value[FILE_PATH];
	struct captures *captures = call->ctrl->captures;
	char message[4352] = "";
	struct tap_spec spec;
	enum status status;

	if (call->ctrl->target.fixed) {
		refuse(call, ST_ERR_UNSUPPORTED,
			"Its packets have gone; in a laboratory capture = true of a link makes captures");
		return NULL;
	}
	if (!name_is_good(call, name) || !spec_read(call, &spec))
		return NULL;
	if (!file || *file != '/') { /* the gateway's folder is another than its client's */
		refuse(call, ST_ERR_CONFIG, "A capture wants file PATH, and the whole of it: /...");
		return NULL;
	}
	status = capture_add(captures, name, file, &spec, message, sizeof(message));
	if (!status)
		return capture_find(captures, name);
	refuse(call, status, message);
	return NULL;
}

/* True where the line says what is to be captured. */
static bool
says_what(const struct command_call *call)
{
	for (unsigned v = STAGE_NAME; v <= FILE_PATH; v++)
		if (call->value[v])
			return true;
	return false;
}

static struct capture *
capture_named(struct command_call *call, const char *name)
{
	struct capture *capture = capture_find(call->ctrl->captures, name);

	if (!capture)
		out_error(call->out, ST_ERR_NOT_FOUND, "There is no capture \"%s\"", name);
	return capture;
}

static void
state_tell(struct command_call *call, const struct capture *capture)
{
	struct capture_info info;
	char line[4352];

	capture_info(capture, &info);
	snprintf(line, sizeof(line), "CTRL: capture %s of %s into %s: %s", info.name, info.interface,
		info.file, info.state);
	ctrl_log_line(call->ctrl, ctrl_now(call->ctrl), line);
	out_line(call->out, "Capture %s: %s, %" PRIu64 " packets\n", info.name, info.state, info.packets);
	out_string(call->out->json, "state", info.state);
	out_number(call->out->json, "packets", info.packets);
}

void
run_monitor_capture(struct command_call *call)
{
	struct captures *captures = call->ctrl->captures;
	const char *name = call->value[NAME], *turn = call->value[SWITCH];
	struct capture *capture;

	if (!says_what(call) && !turn) {
		refuse(call, ST_ERR_CONFIG, "What of it: start, stop, or what is to be captured?");
		return;
	}
	capture = says_what(call) ? capture_make(call) : capture_named(call, name);
	if (!capture)
		return;
	if (turn && !strcmp(turn, "stop"))
		capture_stop(captures, capture);
	else if (turn && capture_start(captures, capture)) {
		refuse(call, ST_ERR_UNSUPPORTED, "It has come to its end; a new one wants a new file");
		return;
	}
	state_tell(call, capture);
}

void
run_no_monitor_capture(struct command_call *call)
{
	struct capture *capture = capture_named(call, call->value[0]);
	struct capture_info info;

	if (!capture)
		return;
	capture_stop(call->ctrl->captures, capture);
	capture_info(capture, &info);
	out_line(call->out, "Capture %s ended: %" PRIu64 " packets, %" PRIu64 " missed, in %s\n", info.name,
		info.packets, info.missed, info.file);
	out_number(call->out->json, "packets", info.packets);
	out_number(call->out->json, "missed", info.missed);
	out_string(call->out->json, "file", info.file);
	capture_remove(call->ctrl->captures, capture);
}

/* ---- show ---- */

static void
filter_show(struct out *out, json_t *row, const struct tap_spec *spec)
{
	const struct {
		enum tap_match match;
		const char *word;
		struct ip_addr address;
	} ends[] = {{TAP_HOST, "host", spec->host}, {TAP_SRC, "src", spec->src}, {TAP_DST, "dst", spec->dst}};
	json_t *json = out_object(row, "filter");
	char text[IP_TEXT_BYTES];

	out_line(out, "  Filter Details:\n");
	for (unsigned e = 0; e < 3; e++)
		if (spec->match & ends[e].match) {
			out_line(out, "   %s %s\n", ends[e].word, ip_text(ends[e].address, text));
			out_address(json, ends[e].word, ends[e].address);
		}
	if (spec->match & TAP_PROTO) {
		out_line(out, "   proto %u\n", spec->proto);
		out_number(json, "proto", spec->proto);
	}
	if (spec->match & TAP_SPI) {
		out_line(out, "   spi 0x%" PRIX32 "\n", spec->spi);
		out_hex(json, "spi", spec->spi);
	}
	if (!spec->match)
		out_line(out, "   Capture all packets\n");
}

static void
capture_show(struct out *out, const struct capture_info *info)
{
	static const char *const ways[] = {"both", "in", "out"};
	json_t *row = out_row(out->json, "captures");

	out_line(out, "Status Information for Capture %s\n", info->name);
	out_line(out, "  Target Type:\n   Interface: %s, Direction: %s\n   Status : %s\n", info->interface,
		ways[info->spec->way], info->state);
	out_string(row, "name", info->name);
	out_string(row, "interface", info->interface);
	out_string(row, "direction", ways[info->spec->way]);
	out_string(row, "state", info->state);
	filter_show(out, row, info->spec);
	out_line(out, "  File Details:\n   Associated file name: %s\n", info->file);
	out_line(out, "  Limit Details:\n   Number of Packets to capture: %" PRIu64 "%s\n", info->spec->limit,
		info->spec->limit ? "" : " (no limit)");
	out_line(out, "   Packet Size to capture: %" PRIu32 "\n", info->spec->snap);
	out_line(out, "  Packets: %" PRIu64 " captured, %" PRIu64 " bytes, %" PRIu64 " missed\n",
		info->packets, info->bytes, info->missed);
	out_string(row, "file", info->file);
	out_number(row, "limit", info->spec->limit);
	out_number(row, "snap", info->spec->snap);
	out_number(row, "packets", info->packets);
	out_number(row, "bytes", info->bytes);
	out_number(row, "missed", info->missed);
}

void
run_show_capture(struct command_call *call)
{
	struct captures *captures = call->ctrl->captures;
	const char *name = call->value[0];
	struct capture *capture;

	out_list(call->out->json, "captures");
	if (name && !capture_named(call, name))
		return;
	captures_turn(captures);
	for (unsigned c = 0; (capture = capture_at(captures, c)); c++) {
		struct capture_info info;

		capture_info(capture, &info);
		if (!name || !strcmp(name, info.name))
			capture_show(call->out, &info);
	}
	if (!capture_at(captures, 0))
		out_line(call->out, "There is no capture\n");
}
