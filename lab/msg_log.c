/* syslog.log: who may say how much.
 *
 * Every gateway has a token bucket for every kind of message (cfg_gateway.log_rate, log_burst), kept as
 * the instant at which the bucket would be full again (the generic cell rate algorithm), so that it is
 * exact in whole ns and depends on nothing but virtual time.  A rate below one message in
 * MSG_LOG_INTERVAL_MAX counts as that. */
#include "lab/msg_log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lab/msg.h"

/* 2.5 hours: with the largest burst (10^6) the sums stay within 64 bits. */
#define MSG_LOG_INTERVAL_MAX UINT64_C(9000000000000)

struct bucket {
	uint64_t full_ns; /* when the bucket is full again */
	uint64_t suppressed;
};

struct msg_log {
	const struct cfg_lab *lab;
	FILE *out;
	struct bucket bucket[][MSG_COUNT]; /* one row a gateway */
};

enum status
msg_log_create(const struct cfg_lab *lab, FILE *out, struct msg_log **log)
{
	*log = calloc(1, sizeof(**log) + lab->n_gateways * sizeof((*log)->bucket[0]));
	if (!*log)
		return ST_ERR_NOMEM;
	(*log)->lab = lab;
	(*log)->out = out;
	return ST_OK;
}

void
msg_log_destroy(struct msg_log *log)
{
	free(log);
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

/* "00:00:01.234567 gwb: " */
static void
line_begin(struct msg_log *log, unsigned gateway, uint64_t now)
{
	uint64_t us = now / 1000, s = us / 1000000;

	fprintf(log->out, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%06" PRIu64 " %s: ", s / 3600,
		s / 60 % 60, s % 60, us % 1000000, log->lab->gateways[gateway].name);
}

static void
suppressed_tell(struct msg_log *log, unsigned gateway, enum msg msg, uint64_t now)
{
	struct bucket *bucket = &log->bucket[gateway][msg];
	int bytes;
	const char *kind = msg_kind(msg, &bytes);

	if (!bucket->suppressed)
		return;
	line_begin(log, gateway, now);
	fprintf(log->out, "%.*s: %" PRIu64 " messages suppressed\n", bytes, kind, bucket->suppressed);
	bucket->suppressed = 0;
}

static void
message_write(struct msg_log *log, unsigned gateway, enum msg msg, const struct drop_event *event)
{
	struct bucket *bucket = &log->bucket[gateway][msg];
	char text[MSG_BYTES];

	if (!bucket_take(bucket, &log->lab->gateways[gateway], event->time_ns)) {
		bucket->suppressed++;
		return;
	}
	suppressed_tell(log, gateway, msg, event->time_ns);
	msg_text(msg, event, text, sizeof(text));
	line_begin(log, gateway, event->time_ns);
	fprintf(log->out, "%s\n", text);
}

void
msg_log_drop(struct msg_log *log, unsigned gateway, const struct drop_event *event)
{
	enum cfg_platform platform = log->lab->gateways[gateway].platform;

	for (unsigned m = 0; m < MSG_COUNT; m++)
		if (msg_applies((enum msg)m, platform, (enum drop)event->reason))
			message_write(log, gateway, (enum msg)m, event);
}

void
msg_log_finish(struct msg_log *log, uint64_t end_ns)
{
	for (unsigned g = 0; g < log->lab->n_gateways; g++)
		for (unsigned m = 0; m < MSG_COUNT; m++)
			suppressed_tell(log, g, (enum msg)m, end_ns);
}
