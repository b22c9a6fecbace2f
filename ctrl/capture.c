/* From taps to files.  A worker has a tap of its own for each capture, so that none waits for another; times
 * of several workers are merged as far as their packets are there. */
#include "ctrl/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pcapng.h"
#include "ctrl/target.h"
#include "dataplane/dp.h"

#define TURN_BYTES (2u * TAP_RING_BYTES) /* of a worker in one turn: clients wait meanwhile */

struct capture {
	char name[CAPTURE_NAME_BYTES], file[PATH_MAX], interface[128];
	struct tap_spec spec;
	struct pcapng *pcapng;
	bool runs;
	bool full; /* has come to its limit */
	int error; /* errno of writing */
	uint64_t packets, bytes;
	unsigned n_taps;
	struct tap *taps[];
};

struct captures {
	const struct ctrl_target *target;
	void (*told)(void *ctx, const char *text);
	void *ctx;
	unsigned n;
	struct capture *list[CAPTURES_MAX];
};

enum status
captures_create(const struct ctrl_target *target, void (*told)(void *ctx, const char *text), void *ctx,
	struct captures **out)
{
	struct captures *captures = calloc(1, sizeof(*captures));

	*out = captures;
	if (!captures)
		return ST_ERR_NOMEM;
	captures->target = target;
	captures->told = told;
	captures->ctx = ctx;
	return ST_OK;
}

static void
capture_free(struct capture *capture)
{
	for (unsigned t = 0; t < capture->n_taps; t++)
		tap_destroy(capture->taps[t]);
	pcapng_close(capture->pcapng);
	free(capture);
}

void
captures_destroy(struct captures *captures)
{
	for (unsigned c = 0; captures && c < captures->n; c++)
		capture_free(captures->list[c]);
	free(captures);
}

/* ---- packets into the file ---- */

/* The oldest packet of all workers; NULL: none is there. */
static const struct tap_packet *
oldest(const struct capture *capture, struct tap **from)
{
	const struct tap_packet *found = NULL;

	for (unsigned t = 0; t < capture->n_taps; t++) {
		const struct tap_packet *packet = tap_first(capture->taps[t]);

		if (packet && (!found || packet->time_ns < found->time_ns)) {
			found = packet;
			*from = capture->taps[t];
		}
	}
	return found;
}

static void
packets_write(struct capture *capture, uint64_t epoch_ns)
{
	const struct tap_packet *packet;
	uint64_t written = 0, most = (uint64_t)capture->n_taps * TURN_BYTES;
	struct tap *from;

	while (!capture->full && written < most && (packet = oldest(capture, &from))) {
		pcapng_put(capture->pcapng, &(struct pcapng_packet){.time_ns = epoch_ns + packet->time_ns,
						    .ip = packet->data,
						    .captured = packet->captured,
						    .bytes = packet->bytes,
						    .way = packet->way == TAP_IN    ? PCAPNG_WAY_IN
							   : packet->way == TAP_OUT ? PCAPNG_WAY_OUT
										    : PCAPNG_WAY_UNKNOWN});
		written += packet->captured;
		capture->bytes += packet->captured;
		capture->full = ++capture->packets == capture->spec.limit;
		tap_next(from);
	}
	if (written)
		capture->error = pcapng_flush(capture->pcapng);
}

static void
tap_on(struct dp *dp, void *tap, uint64_t now)
{
	(void)now;
	dp_tap_add(dp, tap);
}

static void
tap_off(struct dp *dp, void *tap, uint64_t now)
{
	(void)now;
	dp_tap_remove(dp, tap);
}

static void
taps_set(struct captures *captures, struct capture *capture, bool on)
{
	const struct ctrl_target *target = captures->target;

	for (unsigned t = 0; t < capture->n_taps && capture->runs != on; t++)
		target->call(target->ctx, t, on ? tap_on : tap_off, capture->taps[t]);
	capture->runs = on;
}

/* What it came to, of its own accord. */
static void
end_tell(const struct captures *captures, const struct capture *capture)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof(text), "CTRL: capture %s: %s: %s after %llu packets", capture->name,
		capture->file, capture->error ? strerror(capture->error) : "limit reached",
		(unsigned long long)capture->packets);
	captures->told(captures->ctx, text);
}

static void
capture_turn(struct captures *captures, struct capture *capture)
{
	packets_write(capture, captures->target->epoch_ns);
	if (!capture->full && !capture->error)
		return;
	taps_set(captures, capture, false);
	end_tell(captures, capture);
}

bool
captures_turn(struct captures *captures)
{
	bool run = false;

	for (unsigned c = 0; c < captures->n; c++) {
		if (captures->list[c]->runs)
			capture_turn(captures, captures->list[c]);
		run |= captures->list[c]->runs;
	}
	return run;
}

/* ---- making and ending ---- */

static enum status
file_open(struct capture *capture, char *message, size_t bytes)
{
	const char *interface = capture->interface;
	int fd = open(capture->file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
	int error = errno;

	if (out) { /* both families: one interface */
		if (pcapng_begin(out, PCAPNG_BOTH, &interface, 1, &capture->pcapng))
			return ST_ERR_NOMEM;
		error = pcapng_flush(capture->pcapng);
		if (!error)
			return ST_OK;
	} else if (fd >= 0) {
		close(fd);
	}
	if (fd >= 0)
		unlink(capture->file);
	snprintf(message, bytes, "%s: %s", capture->file,
		error == EEXIST ? "exists already; a capture makes a file of its own" : strerror(error));
	return error == EEXIST ? ST_ERR_EXISTS : ST_ERR_IO;
}

static enum status
capture_create(const struct ctrl_target *target, const char *name, const char *file,
	const struct tap_spec *spec, struct capture **out, char *message, size_t bytes)
{
	struct capture *capture = calloc(1, sizeof(*capture) + target->workers * sizeof(struct tap *));
	enum status status = ST_OK;

	snprintf(message, bytes, "%s", status_text(ST_ERR_NOMEM));
	if (!capture)
		return ST_ERR_NOMEM;
	snprintf(capture->name, sizeof(capture->name), "%s", name);
	snprintf(capture->file, sizeof(capture->file), "%s", file);
	snprintf(capture->interface, sizeof(capture->interface), "%s:%s", target->cfg->name,
		spec->port == TAP_NO_PORT ? dp_stage_name(spec->stage) : target->cfg->ports[spec->port].name);
	capture->spec = *spec;
	while (!status && capture->n_taps < target->workers) {
		status = tap_create(spec, &capture->taps[capture->n_taps]);
		capture->n_taps += !status;
	}
	if (!status)
		status = file_open(capture, message, bytes);
	if (status)
		capture_free(capture);
	else
		*out = capture;
	return status;
}

enum status
capture_add(struct captures *captures, const char *name, const char *file, const struct tap_spec *spec,
	char *message, size_t bytes)
{
	enum status status;

	if (capture_find(captures, name)) {
		snprintf(message, bytes, "There is a capture \"%s\"; no monitor capture %s ends it", name,
			name);
		return ST_ERR_EXISTS;
	}
	if (captures->n == CAPTURES_MAX) {
		snprintf(message, bytes, "There are %u captures, and there can be no more", CAPTURES_MAX);
		return ST_ERR_RANGE;
	}
	status = capture_create(
		captures->target, name, file, spec, &captures->list[captures->n], message, bytes);
	captures->n += !status;
	return status;
}

struct capture *
capture_find(struct captures *captures, const char *name)
{
	for (unsigned c = 0; c < captures->n; c++)
		if (!strcmp(captures->list[c]->name, name))
			return captures->list[c];
	return NULL;
}

enum status
capture_start(struct captures *captures, struct capture *capture)
{
	if (capture->full || capture->error)
		return ST_ERR_UNSUPPORTED;
	taps_set(captures, capture, true);
	return ST_OK;
}

void
capture_stop(struct captures *captures, struct capture *capture)
{
	if (!capture->runs)
		return;
	taps_set(captures, capture, false);
	capture_turn(captures, capture);
}

void
capture_remove(struct captures *captures, struct capture *capture)
{
	unsigned c = 0;

	capture_stop(captures, capture);
	while (captures->list[c] != capture)
		c++;
	captures->n--;
	memmove(&captures->list[c], &captures->list[c + 1], (captures->n - c) * sizeof(struct capture *));
	capture_free(capture);
}

struct capture *
capture_at(struct captures *captures, unsigned index)
{
	return index < captures->n ? captures->list[index] : NULL;
}

void
capture_info(const struct capture *capture, struct capture_info *info)
{
	*info = (struct capture_info){.name = capture->name,
		.file = capture->file,
		.interface = capture->interface,
		.state = capture->error	 ? strerror(capture->error)
			 : capture->full ? "Limit reached"
			 : capture->runs ? "Active"
					 : "Inactive",
		.spec = &capture->spec,
		.packets = capture->packets,
		.bytes = capture->bytes};
	for (unsigned t = 0; t < capture->n_taps; t++)
		info->missed += tap_missed(capture->taps[t]);
}
