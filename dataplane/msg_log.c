/* Who may say how much.
 *
 * Every gateway has a token bucket for every kind of message (cfg_gateway.log_rate, log_burst), kept as
 * the instant at which the bucket would be full again (the generic cell rate algorithm), so that it is
 * exact in whole ns and depends on nothing but virtual time.  A rate below one message in
 * MSG_LOG_INTERVAL_MAX counts as that. */
#include "dataplane/msg_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "dataplane/msg.h"

/* 2.5 hours: with the largest burst (10^6) the sums stay within 64 bits. */
#define MSG_LOG_INTERVAL_MAX UINT64_C(9000000000000)

struct bucket {
	uint64_t full_ns; /* when the bucket is full again */
	uint64_t suppressed;
};

struct msg_log {
	const struct cfg_gateway *cfg;
	msg_write *write;
	void *ctx;
	struct bucket bucket[MSG_COUNT];
};

enum status
msg_log_create(const struct cfg_gateway *cfg, msg_write *write, void *ctx, struct msg_log **log)
{
	*log = calloc(1, sizeof(**log));
	if (!*log)
		return ST_ERR_NOMEM;
	(*log)->cfg = cfg;
	(*log)->write = write;
	(*log)->ctx = ctx;
	return ST_OK;
}

void
msg_log_destroy(struct msg_log *log)
{
	free(log);
}

void
msg_log_configure(struct msg_log *log, const struct cfg_gateway *cfg)
{
	log->cfg = cfg;
}

/* ns that a message costs; 0: nothing is limited. */
static uint64_t
message_interval(const struct cfg_gateway *gateway)
{
	double interval;

	if (gateway->log_rate <= 0)
		return 0;
	interval = (double)NS_PER_SEC / gateway->log_rate;
	return interval < (double)MSG_LOG_INTERVAL_MAX ? (uint64_t)interval : MSG_LOG_INTERVAL_MAX;
}

static bool
bucket_take(struct bucket *bucket, const struct cfg_gateway *gateway, uint64_t now)
{
	uint64_t interval = message_interval(gateway);
	uint64_t full = bucket->full_ns > now ? bucket->full_ns : now;
	uint64_t burst = gateway->log_burst ? gateway->log_burst : 1;

	if (!interval)
		return true;
	if (full - now > (burst - 1) * interval)
		return false;
	bucket->full_ns = full + interval;
	return true;
}

const char *
msg_time(uint64_t now, char out[MSG_TIME_BYTES])
{
	uint64_t us = now / 1000, s = us / 1000000;

	snprintf(out, MSG_TIME_BYTES, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%06" PRIu64, s / 3600,
		s / 60 % 60, s % 60, us % 1000000);
	return out;
}

static void
suppressed_tell(struct msg_log *log, enum msg msg, uint64_t now)
{
	struct bucket *bucket = &log->bucket[msg];
	char text[MSG_BYTES];
	int bytes;
	const char *kind = msg_kind(msg, &bytes);

	if (!bucket->suppressed)
		return;
	snprintf(
		text, sizeof(text), "%.*s: %" PRIu64 " messages suppressed", bytes, kind, bucket->suppressed);
	log->write(log->ctx, now, text);
	bucket->suppressed = 0;
}

static void
message_write(struct msg_log *log, enum msg msg, const struct drop_event *event)
{
	struct bucket *bucket = &log->bucket[msg];
	char text[MSG_BYTES];

	if (!bucket_take(bucket, log->cfg, event->time_ns)) {
		bucket->suppressed++;
		return;
	}
	suppressed_tell(log, msg, event->time_ns);
	msg_text(msg, event, text, sizeof(text));
	log->write(log->ctx, event->time_ns, text);
}

void
msg_log_drop(struct msg_log *log, const struct drop_event *event)
{
	enum cfg_platform platform = log->cfg->platform;

	for (unsigned m = 0; m < MSG_COUNT; m++)
		if (event->life ? msg_notices((enum msg)m, platform, (enum life)event->life)
				: msg_applies((enum msg)m, platform, (enum drop)event->reason))
			message_write(log, (enum msg)m, event);
}

void
msg_log_finish(struct msg_log *log, uint64_t end_ns)
{
	for (unsigned m = 0; m < MSG_COUNT; m++)
		suppressed_tell(log, (enum msg)m, end_ns);
}
