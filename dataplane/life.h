/* Lifetimes of SAs: seconds, kilobytes, sequence numbers and idle time.  RFC 4301 §4.4.2.1.  Worker. */
#ifndef DATAPLANE_LIFE_H
#define DATAPLANE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/drop.h"

struct dp;
struct sa;
struct worker;

enum life {
	LIFE_NONE,
#define LIFE(name, text, what) LIFE_##name,
#include "dataplane/life.def"
#undef LIFE
	LIFE_COUNT
};

struct life_info {
	const char *text; /* "soft_seconds": counters, JSON */
	const char *what; /* for messages */
};

extern const struct life_info life_info[LIFE_COUNT];

/* How often bytes are compared with their limit, beside each packet for which the SA has no number left. */
#define LIFE_LOOK_NS UINT64_C(10000000)

/* After sa_create(): what the configuration limits.  sa->life is to be freed. */
enum status life_create(struct sa *sa);
/* After sa_alter(): sa goes on where `was` stood. */
void life_carry(struct sa *sa, const struct sa *was);
/* Whether it has a limit in seconds, kilobytes or idle time. */
static inline bool
life_limited(const struct cfg_sa *cfg)
{
	return cfg->lifetime_seconds || cfg->lifetime_kilobytes || cfg->idle_time;
}

/* dp->sas are others: look at all of them from the next turn on, where any is limited. */
void life_begin(struct dp *dp, bool limited);
/* TIME_NEVER where nothing has a limit. */
uint64_t life_next_due(const struct dp *dp);
/* Looks at some of the SAs, where it is time to; true where there are more to look at. */
bool life_run(struct worker *worker);
/* The outbound SA may use no number beyond `last`. */
void life_limit(struct sa *sa, uint64_t last);
/* The outbound SA stands at sa->seq_max: DROP_NONE where that was not its end, and it has a number now. */
enum drop life_more(struct worker *worker, struct sa *sa);

/* What is left until the SA ends; UINT64_MAX: no limit. */
struct life_left {
	uint64_t ns, bytes;
};
struct life_left life_left(const struct sa *sa, uint64_t now);

#endif
