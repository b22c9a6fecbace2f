/* What ctrl/ wants to know of a gateway, answered by live/. */
#include "app/gateway_ctrl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_version.h>

#include "app/client.h"
#include "base/clock.h"
#include "ctrl/ctrl.h"
#include "ctrl/socket.h"

#define EVENT_BURST 256u
#define EVENT_ROUNDS 16u /* bursts of one turn: clients must not wait for a flood of drops */
#define PATH_BYTES 256u

struct gateway_ctrl {
	struct live *live;
	struct ctrl *ctrl;
	struct ctrl_socket *socket; /* NULL: none */
	char start[64];		    /* when the clock began, as text */
	bool quiet;
};

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

enum status
gateway_ctrl_create(struct live *live, const struct cfg_live *cfg, bool quiet, struct gateway_ctrl **out,
	char *message, size_t bytes)
{
	struct gateway_ctrl *control = calloc(1, sizeof(*control));
	struct ctrl_target target = {.ctx = control,
		.workers = live_workers(live),
		.call = target_call,
		.port = target_port,
		.log = target_log,
		.cfg = live_cfg(live),
		.version = ESPLAB_VERSION};
	time_t now = time(NULL);
	enum status status;
	struct tm tm;

	*out = NULL;
	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (!control)
		return ST_ERR_NOMEM;
	control->live = live;
	control->quiet = quiet;
	strftime(control->start, sizeof(control->start), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
	target.clock = control->start;
	status = ctrl_create(&target, &control->ctrl);
	if (!status)
		status = socket_create(control, cfg->control, message, bytes);
	if (status) {
		gateway_ctrl_destroy(control);
		return status;
	}
	*out = control;
	return ST_OK;
}

static void
events_take(struct gateway_ctrl *control)
{
	struct drop_event events[EVENT_BURST];

	for (unsigned w = 0; w < live_workers(control->live); w++)
		for (unsigned round = 0; round < EVENT_ROUNDS; round++) {
			unsigned n = live_events(control->live, w, events, EVENT_BURST);

			for (unsigned i = 0; i < n; i++)
				ctrl_event(control->ctrl, &events[i]);
			if (n < EVENT_BURST)
				break;
		}
}

void
gateway_ctrl_turn(struct gateway_ctrl *control)
{
	events_take(control);
	while (control->socket && ctrl_turn(control->socket, live_now(control->live)))
		;
}

void
gateway_ctrl_destroy(struct gateway_ctrl *control)
{
	if (!control)
		return;
	ctrl_socket_destroy(control->socket);
	ctrl_destroy(control->ctrl);
	free(control);
}
