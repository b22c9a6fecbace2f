/* Lifetimes of SAs.  RFC 4301 §4.4.2.1, RFC 4303 §3.3.3.
 *
 * Packets pay nothing for it.  Outbound, sa_out compares the number of each packet with sa->seq_max all the
 * same: seq_max stands where the SA can come to a limit at the earliest, and life_more() looks when it is
 * there.  So the packet that reaches lifetime_kilobytes is the last one.  Inbound bytes are compared every
 * LIFE_LOOK_NS: what comes between two looks is accepted.  Seconds end when they are over.  For idle_time the
 * packets are compared every eighth of it: an SA ends when it has been idle for that time, and at most an
 * eighth of it later.
 *
 * Where there are many SAs they are looked at in slices, one a turn, and a round begins at most every
 * n_sas us.  An SA that has ended keeps its place: outbound packets end as sa_expired, and the SAD forgets an
 * inbound SA (no_sa), as IOS deletes it.  Nobody negotiates here: a new SA comes by change (dp_sas.h).
 * What is replaced by one has no lifetime any more. */
#include "dataplane/life.h"

#include <stdlib.h>

#include "dataplane/ipsec/sa.h"
#include "dataplane/ipsec/sad.h"
#include "dataplane/worker.h"

#define LIFE_SLICE 256u
#define LIFE_REST_NS UINT64_C(1000) /* for each SA, between two rounds of many */
#define KILOBYTE UINT64_C(1024)
#define PACKET_MAX UINT64_C(65535) /* an inner packet */

const struct life_info life_info[LIFE_COUNT] = {
	[LIFE_NONE] = {"none", ""},
#define LIFE(name, t, w) [LIFE_##name] = {t, w},
#include "dataplane/life.def"
#undef LIFE
};

/* Of an SA with a limit in seconds, kilobytes or idle time. */
struct life_state {
	uint64_t began_ns; /* TIME_NEVER: not yet */
	uint64_t seen_ns;  /* when there had been `seen` packets for the first time */
	uint64_t seen;
	bool told_seconds, told_kilobytes; /* their soft limits */
};

/* The soft limit of that one; TIME_NEVER: none. */
static uint64_t
soft_of(const struct sa *sa, uint64_t hard)
{
	uint32_t percent = sa->cfg->lifetime_soft;

	return percent ? hard / 100 * percent + hard % 100 * percent / 100 : TIME_NEVER;
}

static uint64_t
bytes_hard(const struct sa *sa)
{
	return sa->cfg->lifetime_kilobytes * KILOBYTE;
}

static uint64_t
seq_hard(const struct sa *sa)
{
	return sa->esn ? UINT64_MAX : UINT32_MAX;
}

/* How many bytes until the next limit; 0: it is reached. */
static uint64_t
bytes_ahead(const struct sa *sa)
{
	uint64_t limit = bytes_hard(sa), soft = soft_of(sa, limit);

	if (!sa->life->told_kilobytes && soft < limit)
		limit = soft;
	return sa->bytes < limit ? limit - sa->bytes : 0;
}

/* Puts seq_max to the first number at which there may be something to do. */
static void
fence_set(struct sa *sa)
{
	uint64_t max = sa->seq_last, soft = soft_of(sa, seq_hard(sa));

	if (sa->ended || !sa->session)
		max = 0;
	if (!sa->seq_told)
		max = time_min(max, soft);
	if (sa->life && sa->cfg->lifetime_kilobytes && max > sa->seq) {
		uint64_t ahead = bytes_ahead(sa), packets = ahead / PACKET_MAX;

		packets += ahead && !packets;
		if (max - sa->seq > packets)
			max = sa->seq + packets;
	}
	sa->seq_max = max > sa->seq ? max : sa->seq;
}

enum status
life_create(struct sa *sa)
{
	const struct cfg_sa *cfg = sa->cfg;

	if (life_limited(cfg)) {
		sa->life = calloc(1, sizeof(*sa->life));
		if (!sa->life)
			return ST_ERR_NOMEM;
		sa->life->began_ns = TIME_NEVER;
	}
	if (sa->direction == CFG_OUT)
		life_limit(sa, seq_hard(sa));
	return ST_OK;
}

void
life_limit(struct sa *sa, uint64_t last)
{
	sa->seq_last = time_min(last, seq_hard(sa));
	fence_set(sa);
}

void
life_carry(struct sa *sa, const struct sa *was)
{
	if (sa->life && was->life)
		*sa->life = (struct life_state){.began_ns = was->life->began_ns,
			.seen_ns = was->life->seen_ns,
			.seen = was->life->seen};
	if (sa->direction == CFG_OUT)
		fence_set(sa);
}

void
life_begin(struct dp *dp, bool limited)
{
	dp->life_due = limited ? 0 : TIME_NEVER;
	dp->life_next = TIME_NEVER;
	dp->life_at = 0;
}

/* The SAD forgets it, or there is no number for it to take. */
static void
sa_end(struct worker *w, struct sa *sa, enum life life)
{
	uint8_t proto = (uint8_t)sa->transform.proto;

	sa->ended = (uint8_t)life;
	if (sa->direction == CFG_OUT)
		fence_set(sa);
	else if (sad_find(w->dp->sad, sa->spi, sa->dst, proto) == sa)
		sad_del(w->dp->sad, sa->spi, sa->dst, proto);
	worker_tell(w, sa, life);
}

static void
sequence_look(struct worker *w, struct sa *sa)
{
	if (!sa->seq_told && sa->seq >= soft_of(sa, seq_hard(sa))) {
		sa->seq_told = true;
		worker_tell(w, sa, LIFE_SOFT_SEQUENCE);
	}
	if (sa->seq == seq_hard(sa))
		sa_end(w, sa, LIFE_SEQUENCE);
}

static void
seconds_look(struct worker *w, struct sa *sa)
{
	uint64_t age = w->now - sa->life->began_ns, hard = sa->cfg->lifetime_seconds;

	if (!hard)
		return;
	if (age >= hard) {
		sa_end(w, sa, LIFE_SECONDS);
	} else if (age >= soft_of(sa, hard) && !sa->life->told_seconds) {
		sa->life->told_seconds = true;
		worker_tell(w, sa, LIFE_SOFT_SECONDS);
	}
}

static void
kilobytes_look(struct worker *w, struct sa *sa)
{
	uint64_t hard = bytes_hard(sa);

	if (!hard)
		return;
	if (sa->bytes >= soft_of(sa, hard) && !sa->life->told_kilobytes) {
		sa->life->told_kilobytes = true;
		worker_tell(w, sa, LIFE_SOFT_KILOBYTES);
	}
	if (sa->bytes >= hard)
		sa_end(w, sa, LIFE_KILOBYTES);
}

static void
idle_look(struct worker *w, struct sa *sa)
{
	struct life_state *life = sa->life;

	if (sa->packets != life->seen) {
		life->seen = sa->packets;
		life->seen_ns = w->now;
	} else if (sa->cfg->idle_time && w->now - life->seen_ns >= sa->cfg->idle_time) {
		sa_end(w, sa, LIFE_IDLE);
	}
}

static void
sa_look(struct worker *w, struct sa *sa)
{
	struct life_state *life = sa->life;

	if (sa->direction == CFG_OUT && !sa->ended && sa->session)
		sequence_look(w, sa);
	if (!life || sa->ended)
		return;
	if (life->began_ns == TIME_NEVER)
		life->began_ns = life->seen_ns = w->now;
	seconds_look(w, sa);
	if (!sa->ended)
		kilobytes_look(w, sa);
	if (!sa->ended)
		idle_look(w, sa);
}

/* When to look again, having looked at `now`. */
static uint64_t
sa_due(const struct sa *sa, uint64_t now)
{
	const struct life_state *life = sa->life;
	const struct cfg_sa *cfg = sa->cfg;
	uint64_t due = TIME_NEVER, hard = cfg->lifetime_seconds;

	if (!life || sa->ended)
		return due;
	if (hard)
		due = life->began_ns + (life->told_seconds ? hard : time_min(hard, soft_of(sa, hard)));
	if (cfg->lifetime_kilobytes)
		due = time_min(due, now + LIFE_LOOK_NS);
	if (cfg->idle_time)
		due = time_min(due, time_min(life->seen_ns + cfg->idle_time, now + cfg->idle_time / 8 + 1));
	return due;
}

uint64_t
life_next_due(const struct dp *dp)
{
	return dp->life_due <= dp->keepalive_end ? dp->life_due : TIME_NEVER;
}

bool
life_run(struct worker *w)
{
	struct dp *dp = w->dp;
	unsigned n = dp->cfg->n_sas, end;
	uint64_t rest = n > LIFE_SLICE ? n * LIFE_REST_NS : 0;

	if (dp->life_due > time_min(w->now, dp->keepalive_end))
		return false;
	for (end = dp->life_at + LIFE_SLICE; dp->life_at < end && dp->life_at < n; dp->life_at++) {
		sa_look(w, dp->sas[dp->life_at]);
		dp->life_next = time_min(dp->life_next, sa_due(dp->sas[dp->life_at], w->now));
	}
	if (dp->life_at < n)
		return true;
	dp->life_due = dp->life_next < w->now + rest ? w->now + rest : dp->life_next;
	dp->life_next = TIME_NEVER;
	dp->life_at = 0;
	return false;
}

enum drop
life_more(struct worker *w, struct sa *sa)
{
	if (!sa->session)
		return DROP_NO_SESSION;
	sa_look(w, sa);
	if (sa->ended && sa->ended != LIFE_SEQUENCE)
		return DROP_SA_EXPIRED;
	fence_set(sa);
	return sa->seq < sa->seq_max ? DROP_NONE : DROP_SEQ_EXHAUSTED;
}

struct life_left
life_left(const struct sa *sa, uint64_t now)
{
	struct life_left left = {.ns = UINT64_MAX, .bytes = UINT64_MAX};
	uint64_t ns = sa->cfg->lifetime_seconds, bytes = bytes_hard(sa), age = 0;

	if (sa->life && sa->life->began_ns < now)
		age = now - sa->life->began_ns;
	if (ns)
		left.ns = age < ns ? ns - age : 0;
	if (bytes)
		left.bytes = sa->bytes < bytes ? bytes - sa->bytes : 0;
	return left;
}
