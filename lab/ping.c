/* See ping.h. */
#include "lab/ping.h"

#include <stdlib.h>

#include "base/clock.h"

struct ping {
	struct ping_result result;
	uint64_t stop;
	uint64_t due; /* the next echo, or the time-out of the one under way */
	bool waiting; /* for the answer to echo sent - 1 */
	uint64_t sent_ns;
	char *marks;
};

static uint32_t
sweep_sizes(const struct cfg_traffic *cfg)
{
	return cfg->sweep_max ? (cfg->sweep_max - cfg->sweep_min) / cfg->sweep_interval + 1 : 1;
}

uint32_t
ping_bytes(const struct cfg_traffic *cfg, uint64_t num)
{
	if (!cfg->sweep_max)
		return cfg->size;
	return cfg->sweep_min + (uint32_t)(num % sweep_sizes(cfg)) * cfg->sweep_interval;
}

enum status
ping_create(const struct cfg_traffic *cfg, struct ip_addr src, struct ip_addr dst, uint64_t start,
	uint64_t stop, struct ping **out)
{
	struct ping *p = calloc(1, sizeof(*p));

	*out = p;
	if (!p)
		return ST_ERR_NOMEM;
	p->result.cfg = cfg;
	p->result.src = src;
	p->result.dst = dst;
	p->result.told_by = src;
	p->result.echoes = cfg->repeat * sweep_sizes(cfg);
	p->stop = stop;
	p->due = start < stop ? start : TIME_NEVER;
	p->marks = calloc(p->result.echoes + 1u, 1);
	p->result.marks = p->marks;
	return p->marks ? ST_OK : ST_ERR_NOMEM;
}

void
ping_destroy(struct ping *p)
{
	if (!p)
		return;
	free(p->marks);
	free(p);
}

uint64_t
ping_next_due(const struct ping *p)
{
	return p->due;
}

/* The echo under way has ended; the next one leaves at once. */
static void
settle(struct ping *p, enum ping_mark mark, uint64_t now)
{
	p->marks[p->result.sent - 1] = (char)mark;
	p->waiting = false;
	p->due = p->result.sent < p->result.echoes && now < p->stop ? now : TIME_NEVER;
}

bool
ping_turn(struct ping *p, uint64_t now, uint64_t *num, uint32_t *bytes)
{
	if (p->due > now)
		return false;
	if (p->waiting) {
		settle(p, PING_TIMEOUT, now);
		if (p->due > now)
			return false;
	}
	*num = p->result.sent++;
	*bytes = ping_bytes(p->result.cfg, *num);
	p->waiting = true;
	p->sent_ns = now;
	p->due = now + p->result.cfg->timeout;
	return true;
}

static bool
is_under_way(const struct ping *p, uint64_t num)
{
	return p->waiting && num == p->result.sent - 1;
}

void
ping_reply(struct ping *p, uint64_t num, uint64_t arrived, uint64_t now)
{
	struct ping_result *r = &p->result;
	uint32_t bytes = ping_bytes(r->cfg, num);
	uint64_t rtt = arrived - p->sent_ns;

	if (!is_under_way(p, num))
		return;
	r->rtt_min = r->replies ? time_min(r->rtt_min, rtt) : rtt;
	r->rtt_max = rtt > r->rtt_max ? rtt : r->rtt_max;
	r->rtt_sum += rtt;
	r->replies++;
	r->largest = bytes > r->largest ? bytes : r->largest;
	settle(p, PING_REPLY, now);
}

void
ping_fail(struct ping *p, uint16_t seq, enum ping_mark mark, struct ip_addr by, uint32_t mtu, uint64_t now)
{
	struct ping_result *r = &p->result;

	if (!p->waiting || seq != (uint16_t)(r->sent - 1))
		return;
	if (mark == PING_TOO_BIG || mark == PING_TOO_BIG6) {
		r->told++;
		r->told_mtu = mtu;
		r->told_by = by;
	}
	settle(p, mark, now);
}

const struct ping_result *
ping_result(struct ping *p)
{
	if (p->waiting)
		settle(p, PING_TIMEOUT, p->stop);
	return &p->result;
}
