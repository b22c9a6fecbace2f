/* What ctrl/ wants to know of a gateway, answered by live/. */
#include "app/gateway_ctrl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <rte_version.h>

#include "app/client.h"
#include "base/clock.h"
#include "ctrl/command.h"
#include "ctrl/ctrl.h"
#include "ctrl/http.h"
#include "ctrl/socket.h"
#include "ctrl/telemetry.h"
#include "lab/hooks.h"

#define EVENT_BURST 256u
#define EVENT_ROUNDS 16u /* bursts of one turn: clients must not wait for a flood of drops */
#define PATH_BYTES 256u
#define LINK_NS (NS_PER_SEC / 4) /* how often links are looked at */

struct gateway_ctrl {
	struct live *live;
	struct ctrl *ctrl;
	struct gateway_file file;
	struct reserve *reserve;
	struct ctrl_socket *socket; /* NULL: none */
	struct ctrl_http *http;	    /* NULL: none */
	struct ctrl_telemetry *telemetry; /* NULL: none */
	uint64_t ticked;	    /* when ctrl_tick() was called last */
	bool *up;		    /* links of the ports, as they were told */
	uint64_t looked;	    /* at them, the last time */
	char version[128];
	char confined[256];
	char start[64]; /* when the clock began, as text */
	bool quiet;
};

enum status
gateway_file_load(const struct gateway_file *file, struct cfg_lab **lab, char *message, size_t bytes)
{
	enum status status = cfg_load_site(
		file->path, file->sets, file->n_sets, lab_hooks(), lab, message, bytes);
	struct stat info;

	if (status || !(*lab)->gateways[0].n_sas || stat(file->path, &info) || !(info.st_mode & 027))
		return status;
	snprintf(message, bytes,
		"%s: holds keys, and its mode is %04o; allowed: 0640 or less, as by \"chmod 600 %s\"",
		file->path, info.st_mode & 07777, file->path);
	cfg_free(*lab);
	*lab = NULL;
	return ST_ERR_CONFIG;
}

/* With the values that were set at the start. */
static enum status
target_load(void *ctx, const char *path, struct cfg_lab **lab, char *message, size_t bytes)
{
	struct gateway_file file = ((struct gateway_ctrl *)ctx)->file;

	file.path = path;
	return gateway_file_load(&file, lab, message, bytes);
}

static enum status
target_begin(void *ctx, struct cfg_sa *sa, char *message, size_t bytes)
{
	struct gateway_ctrl *control = ctx;
	struct cfg_gateway one = {.sas = sa, .n_sas = 1};

	return control->reserve ? reserve_begin(control->reserve, &one, message, bytes) : ST_OK;
}

/* On the disk before an SA may send. */
static enum status
target_begun(void *ctx, char *message, size_t bytes)
{
	struct gateway_ctrl *control = ctx;

	return control->reserve ? reserve_write(control->reserve, message, bytes) : ST_OK;
}

static void
target_changed(void *ctx, const struct cfg_gateway *was, const struct cfg_gateway *now)
{
	live_changed(((struct gateway_ctrl *)ctx)->live, was, now);
}

static enum status
target_call(void *ctx, unsigned worker, ctrl_fn *fn, void *arg)
{
	return live_call(((struct gateway_ctrl *)ctx)->live, worker, fn, arg);
}

static bool
target_port(void *ctx, unsigned port, struct ctrl_port *out)
{
	struct live *live = ((struct gateway_ctrl *)ctx)->live;
	struct live_port_info info;
	struct port_stats stats;

	live_port_info(live, port, &info);
	live_port_stats(live, port, &stats);
	*out = (struct ctrl_port){.up = info.up,
		.rate = info.speed,
		.rx_packets = stats.rx,
		.rx_bytes = stats.rx_bytes,
		.rx_missed = info.rx_missed,
		.rx_errors = info.rx_errors,
		.tx_packets = stats.tx,
		.tx_bytes = stats.tx_bytes,
		.tx_errors = stats.tx_drops[DROP_PORT_FULL]};
	snprintf(out->driver, sizeof(out->driver), "%s", info.driver);
	memcpy(out->mac, info.mac.bytes, sizeof(out->mac));
	return true;
}

static void
target_log(void *ctx, uint64_t now, const char *text)
{
	struct gateway_ctrl *control = ctx;

	if (!control->quiet)
		fprintf(stderr, "%llu.%06llu: %s\n", (unsigned long long)(now / NS_PER_SEC),
			(unsigned long long)(now % NS_PER_SEC / 1000), text);
}

/* Asked for, it must be there; the default one may be missing, as where an ordinary user has no place. */
static enum status
socket_create(struct gateway_ctrl *control, const char *path, char *message, size_t bytes)
{
	char standard[PATH_BYTES];
	enum status status;

	if (path && !*path)
		return ST_OK;
	client_path_default(standard, sizeof(standard));
	status = ctrl_socket_create(control->ctrl, path ? path : standard, &control->socket, message, bytes);
	if (!status || path)
		return status;
	fprintf(stderr, "esplab gateway: no control socket: %s\n", message);
	message[0] = '\0';
	return ST_OK;
}

/* "9101", "127.0.0.1:9101", "[::1]:9101" */
static enum status
http_open(struct gateway_ctrl *control, const char *where, char *message, size_t bytes)
{
	struct ip_addr address = IP_V4(0x7f000001);
	char host[IP_TEXT_BYTES] = "127.0.0.1";
	unsigned port = 0;
	int end = 0;

	if (!where)
		return ST_OK;
	if (sscanf(where, "[%45[0-9a-fA-F:.]]:%5u%n", host, &port, &end) < 2 &&
		sscanf(where, "%45[0-9.]:%5u%n", host, &port, &end) < 2) {
		snprintf(host, sizeof(host), "127.0.0.1");
		end = 0;
		sscanf(where, "%5u%n", &port, &end);
	}
	if (end && !where[end] && port && port <= UINT16_MAX && ip_parse(host, &address))
		return http_create(control->ctrl, address, (uint16_t)port, &control->http, message, bytes);
	snprintf(message, bytes,
		"live.metrics: wants a port, or an address and a port, \"127.0.0.1:9101\", \"[::1]:9101\", "
		"not "
		"\"%s\"",
		where);
	return ST_ERR_CONFIG;
}

/* As they are at the start, which is told when ports are. */
static enum status
links_begin(struct gateway_ctrl *control)
{
	unsigned n = live_cfg(control->live)->n_ports;
	bool gone;

	control->up = calloc(n, sizeof(*control->up));
	for (unsigned p = 0; control->up && p < n; p++)
		control->up[p] = live_port_link(control->live, p, &gone);
	return control->up ? ST_OK : ST_ERR_NOMEM;
}

enum status
gateway_ctrl_create(struct live *live, const struct cfg_live *cfg, struct reserve *reserve,
	const struct gateway_file *file, bool quiet, struct gateway_ctrl **out, char *message, size_t bytes)
{
	struct gateway_ctrl *control = calloc(1, sizeof(*control));
	struct ctrl_target target;
	struct timespec wall;
	enum status status;
	struct tm tm;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (!control)
		return ST_ERR_NOMEM;
	clock_gettime(CLOCK_REALTIME, &wall);
	snprintf(control->version, sizeof(control->version), "esplab %s\n%s", ESPLAB_VERSION, rte_version());
	target = (struct ctrl_target){.ctx = control,
		.workers = live_workers(live),
		.call = target_call,
		.port = target_port,
		.load = target_load,
		.begin = target_begin,
		.log = target_log,
		.begun = target_begun,
		.changed = target_changed,
		.cfg = live_cfg(live),
		.lab = live_lab(live),
		.epoch_ns = (uint64_t)wall.tv_sec * NS_PER_SEC + (uint64_t)wall.tv_nsec - live_now(live),
		.confined = control->confined,
		.version = control->version};
	control->live = live;
	control->quiet = quiet;
	control->file = *file;
	control->reserve = reserve;
	gmtime_r(&wall.tv_sec, &tm);
	strftime(control->start, sizeof(control->start), "%Y-%m-%d %H:%M:%S UTC", &tm);
	target.clock = control->start;
	status = links_begin(control);
	if (!status)
		status = ctrl_create(&target, &control->ctrl);
	if (!status)
		status = http_open(control, cfg->metrics, message, bytes);
	if (!status)
		status = socket_create(control, cfg->control, message, bytes);
	if (!status && cfg->telemetry)
		status = telemetry_create(control->ctrl, &control->telemetry, message, bytes);
	if (status) {
		gateway_ctrl_destroy(control);
		return status;
	}
	*out = control;
	return ST_OK;
}

void
gateway_ctrl_confined(struct gateway_ctrl *control, const char *text)
{
	snprintf(control->confined, sizeof(control->confined), "%s", text);
}

/* True where none is left. */
static bool
events_take(struct gateway_ctrl *control)
{
	struct drop_event events[EVENT_BURST];
	bool all = true;

	for (unsigned w = 0; w < live_workers(control->live); w++)
		for (unsigned round = 0; round < EVENT_ROUNDS; round++) {
			unsigned n = live_events(control->live, w, events, EVENT_BURST);

			for (unsigned i = 0; i < n; i++)
				ctrl_event(control->ctrl, &events[i]);
			if (n < EVENT_BURST)
				break;
			all &= round + 1 < EVENT_ROUNDS;
		}
	return all;
}

void
gateway_ctrl_reload(struct gateway_ctrl *control)
{
	char line[COMMAND_LINE + 1], *answer;

	snprintf(line, sizeof(line), "reload \"%s\"", control->file.path);
	ctrl_run(control->ctrl, line, &answer); /* the log has what became of it */
	free(answer);
}

static void
links_look(struct gateway_ctrl *control)
{
	for (unsigned p = 0; p < live_cfg(control->live)->n_ports; p++) {
		bool gone, up = live_port_link(control->live, p, &gone);

		if (up != control->up[p])
			ctrl_link(control->ctrl, p, up, gone);
		control->up[p] = up;
	}
}

bool
gateway_ctrl_turn(struct gateway_ctrl *control)
{
	uint64_t now = live_now(control->live);
	bool captures;

	if (events_take(control) && now - control->ticked >= NS_PER_SEC) {
		control->ticked = now;
		ctrl_tick(control->ctrl);
	}
	if (now - control->looked >= LINK_NS) {
		control->looked = now;
		links_look(control);
	}
	if (control->http)
		http_turn(control->http);
	while (control->telemetry && telemetry_turn(control->telemetry))
		;
	captures = ctrl_captures_turn(control->ctrl);
	while (control->socket && ctrl_turn(control->socket, live_now(control->live)))
		;
	return captures;
}

void
gateway_ctrl_destroy(struct gateway_ctrl *control)
{
	if (!control)
		return;
	telemetry_destroy(control->telemetry);
	ctrl_socket_destroy(control->socket);
	http_destroy(control->http);
	ctrl_destroy(control->ctrl);
	free(control->up);
	free(control);
}
