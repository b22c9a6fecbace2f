/* What is written while a laboratory runs: drops.ndjson, syslog.log, a pcapng file a captured link, and
 * esp_sa.
 *
 * Only plumbing: drop_line, msg_log, pcapng and esp_sa know the formats.  Errors of writing stay in the
 * FILEs and are told at the end, so that a full disk does not stop a run in the middle of a burst. */
#include "lab/recorder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pcapng.h"
#include "config/cfg_net.h"
#include "dataplane/msg_log.h"
#include "lab/drop_line.h"
#include "lab/esp_sa.h"
#include "lab/folder.h"

#define DROPS_FILE "drops.ndjson"
#define LOG_FILE "syslog.log"
#define SA_FILE "esp_sa"
#define CAPTURE_SUFFIX ".pcapng"

/* What one gateway logs. */
struct gateway_log {
	FILE *out;
	const char *name;
	struct msg_log *messages;
};

/* What is captured of one link. */
struct link_capture {
	struct pcapng *file; /* NULL where none was asked for */
	bool both;	     /* families, hence one interface */
};

struct recorder {
	const struct cfg_lab *lab;
	char *folder;
	FILE *drops, *log; /* NULL without events */
	struct gateway_log *logs; /* one a gateway and router */
	struct link_capture capture[]; /* one a link */
};

/* Nodes are hosts, then gateways and routers, then links. */
static const char *
node_name(const struct cfg_lab *lab, unsigned node)
{
	if (node < lab->n_hosts)
		return lab->hosts[node].name;
	node -= lab->n_hosts;
	if (node < lab->n_gateways)
		return lab->gateways[node].name;
	return lab->links[node - lab->n_gateways].name;
}

static enum status
fail(enum status status, const char *path, int error, char *message, size_t bytes)
{
	snprintf(message, bytes, "%s: %s", path,
		status == ST_ERR_IO && error ? strerror(error) : status_text(status));
	return status;
}

/* What this run does not write must not stay behind from an earlier one. */
static enum status
stale_remove(const struct recorder *r, const char *name, const char *suffix, char *message, size_t bytes)
{
	char path[FOLDER_PATH_BYTES];
	enum status status = folder_path(r->folder, name, suffix, path, message, bytes);

	if (!status && unlink(path) && errno != ENOENT)
		return fail(ST_ERR_IO, path, errno, message, bytes);
	return status;
}

/* "00:00:01.234567 gwb: ..." */
static void
line_write(void *ctx, uint64_t now, const char *text)
{
	const struct gateway_log *log = ctx;
	char time[MSG_TIME_BYTES];

	fprintf(log->out, "%s %s: %s\n", msg_time(now, time), log->name, text);
}

static enum status
logs_create(struct recorder *r)
{
	enum status status = ST_OK;

	r->logs = calloc(r->lab->n_gateways + 1u, sizeof(*r->logs));
	for (unsigned g = 0; r->logs && g < r->lab->n_gateways && !status; g++) {
		r->logs[g] = (struct gateway_log){.out = r->log, .name = r->lab->gateways[g].name};
		status = msg_log_create(
			&r->lab->gateways[g], line_write, &r->logs[g], &r->logs[g].messages);
	}
	return r->logs ? status : ST_ERR_NOMEM;
}

static void
logs_destroy(struct recorder *r, uint64_t end_ns)
{
	for (unsigned g = 0; r->logs && g < r->lab->n_gateways; g++) {
		if (r->logs[g].messages)
			msg_log_finish(r->logs[g].messages, end_ns);
		msg_log_destroy(r->logs[g].messages);
	}
	free(r->logs);
}

static enum status
events_open(struct recorder *r, char *message, size_t bytes)
{
	enum status status;

	if (!r->lab->events) {
		status = stale_remove(r, DROPS_FILE, "", message, bytes);
		return status ? status : stale_remove(r, LOG_FILE, "", message, bytes);
	}
	status = folder_create(r->folder, DROPS_FILE, &r->drops, message, bytes);
	if (!status)
		status = folder_create(r->folder, LOG_FILE, &r->log, message, bytes);
	if (status)
		return status;
	status = logs_create(r);
	return status ? fail(status, LOG_FILE, 0, message, bytes) : ST_OK;
}

/* What can be on a link: a host has one family, a port may have both. */
static enum pcapng_holds
link_holds(const struct cfg_lab *lab, const struct cfg_link *link)
{
	bool v4 = true, v6 = true;

	for (unsigned e = 0; e < 2; e++) {
		const struct cfg_end *end = &link->end[e];
		const struct cfg_port *port = cfg_end_port(lab, end);
		bool host4 = !port && ip_is_v4(lab->hosts[end->node].address);

		v4 = v4 && (port ? cfg_port_family(port, true) != NULL : host4);
		v6 = v6 && (port ? cfg_port_family(port, false) != NULL : !host4);
	}
	return v4 && v6 ? PCAPNG_BOTH : v6 ? PCAPNG_IPV6 : PCAPNG_IPV4;
}

/* The interfaces of a capture are the two directions of the link; where it carries both families, the only
 * one is the first end, and each packet says whether it came or went there (base/pcapng.c). */
static enum status
capture_open(struct recorder *r, unsigned link, char *message, size_t bytes)
{
	const struct cfg_link *cfg = &r->lab->links[link];
	char path[FOLDER_PATH_BYTES], name[2][256];
	const char *const names[2] = {name[0], name[1]};
	struct link_capture *capture = &r->capture[link];
	enum pcapng_holds holds = link_holds(r->lab, cfg);
	enum status status;

	if (!cfg->capture)
		return stale_remove(r, cfg->name, CAPTURE_SUFFIX, message, bytes);
	status = folder_path(r->folder, cfg->name, CAPTURE_SUFFIX, path, message, bytes);
	if (status)
		return status;
	for (unsigned d = 0; d < 2; d++)
		snprintf(name[d], sizeof(name[d]), "%s > %s", cfg->ends[d], cfg->ends[!d]);
	capture->both = holds == PCAPNG_BOTH;
	if (capture->both)
		snprintf(name[0], sizeof(name[0]), "%s", cfg->ends[0]);
	status = pcapng_create(path, holds, names, capture->both ? 1 : 2, &capture->file);
	return status ? fail(status, path, errno, message, bytes) : ST_OK;
}

static enum status
files_open(struct recorder *r, char *message, size_t bytes)
{
	char path[FOLDER_PATH_BYTES];
	enum status status = folder_make(r->folder, message, bytes);

	if (!status)
		status = events_open(r, message, bytes);
	for (unsigned l = 0; l < r->lab->n_links && !status; l++)
		status = capture_open(r, l, message, bytes);
	if (!status)
		status = folder_path(r->folder, SA_FILE, "", path, message, bytes);
	if (status)
		return status;
	status = esp_sa_write(r->lab, path);
	return status ? fail(status, path, errno, message, bytes) : ST_OK;
}

enum status
recorder_open(const struct cfg_lab *lab, const char *folder, struct recorder **recorder, char *message,
	size_t bytes)
{
	struct recorder *r = calloc(1, sizeof(*r) + lab->n_links * sizeof(struct link_capture));
	enum status status;

	*recorder = NULL;
	if (r)
		r->folder = strdup(folder);
	if (!r || !r->folder) {
		free(r);
		return fail(ST_ERR_NOMEM, folder, 0, message, bytes);
	}
	r->lab = lab;
	status = files_open(r, message, bytes);
	if (status)
		recorder_close(r, 0, NULL, 0);
	else
		*recorder = r;
	return status;
}

void
recorder_drop(struct recorder *r, unsigned node, const struct drop_event *event, const char *flow_class)
{
	unsigned gateway = node - r->lab->n_hosts; /* wraps for a host */

	if (!r->drops)
		return;
	if (!event->life) /* the end of an SA is no drop */
		drop_line_write(r->drops, node_name(r->lab, node), event, flow_class);
	if (gateway < r->lab->n_gateways)
		msg_log_drop(r->logs[gateway].messages, event);
}

void
recorder_capture(struct recorder *r, unsigned link, unsigned direction, uint64_t time_ns, const void *ip,
	uint32_t bytes)
{
	const struct link_capture *capture = &r->capture[link];
	struct pcapng_packet packet = {.time_ns = time_ns, .ip = ip, .captured = bytes, .bytes = bytes};

	if (!capture->file)
		return;
	if (capture->both)
		packet.way = direction ? PCAPNG_WAY_IN : PCAPNG_WAY_OUT;
	else
		packet.interface = direction;
	pcapng_put(capture->file, &packet);
}

/* Keeps the first fault and its message. */
static void
file_close(struct recorder *r, FILE *file, const char *name, enum status *status, char *message, size_t bytes)
{
	enum status closed;

	if (!file)
		return;
	closed = folder_close(file, r->folder, name, *status ? NULL : message, *status ? 0 : bytes);
	*status = *status ? *status : closed;
}

static void
capture_close(struct recorder *r, unsigned link, enum status *status, char *message, size_t bytes)
{
	enum status closed = pcapng_close(r->capture[link].file);

	if (*status || !closed)
		return;
	*status = closed;
	snprintf(message, bytes, "%s/%s" CAPTURE_SUFFIX " could not be written completely: is the disk full?",
		r->folder, r->lab->links[link].name);
}

enum status
recorder_close(struct recorder *r, uint64_t end_ns, char *message, size_t bytes)
{
	enum status status = ST_OK;

	if (!r)
		return ST_OK;
	logs_destroy(r, end_ns);
	file_close(r, r->drops, DROPS_FILE, &status, message, bytes);
	file_close(r, r->log, LOG_FILE, &status, message, bytes);
	for (unsigned l = 0; l < r->lab->n_links; l++)
		capture_close(r, l, &status, message, bytes);
	free(r->folder);
	free(r);
	return status;
}
