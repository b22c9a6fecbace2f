/* Two ends of a TCP connection in one process, and a pipe between them that loses, delays and copies what a
 * test tells it to.  What arrived is kept byte by byte, so that the stream that an end calls received can be
 * compared after every segment.  For tests/lab/test_tcp_*.c only. */
#ifndef TESTS_LAB_TCP_RIG_H
#define TESTS_LAB_TCP_RIG_H

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/clock.h"
#include "base/rng.h"
#include "lab/tcp/conn.h"

#define MS UINT64_C(1000000)
#define RIG_STREAM (4u << 20)
#define RIG_FLIGHT 8192u
#define RIG_MSS 1000u
#define RIG_ISS0 0xfffff000u /* so that numbers wrap */
#define RIG_ISS1 77u

struct tcp_flying {
	struct tcp_segment s;
	uint64_t due, order;
};

struct tcp_rig {
	struct tcp_conn *end[2];
	struct tcp_options options[2];
	uint64_t now, delay, order;
	struct tcp_flying flying[2][RIG_FLIGHT]; /* by destination */
	unsigned n[2];
	uint8_t *arrived[2]; /* a byte of the stream each */
	uint64_t count[2];   /* segments sent by each end */
	uint64_t data[2];    /* of those with payload */
	struct tcp_segment last[2];
	bool hold[2]; /* receivers do not read */
	void *ctx;
	/* How often a segment arrives: 0 is lost; *late is added to its delay.  NULL: once. */
	unsigned (*fate)(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t *late);
};

static inline struct tcp_options
tcp_rig_options(unsigned end)
{
	return (struct tcp_options){.mss = RIG_MSS,
		.window = 1 << 20,
		.send_max = UINT64_MAX,
		.congestion = CFG_CONGESTION_NEWRENO,
		.sack = true,
		.rto_min = 200 * MS,
		.ack_delay = 40 * MS,
		.iss = end ? RIG_ISS1 : RIG_ISS0};
}

static inline struct tcp_rig *
tcp_rig_new(uint64_t delay)
{
	struct tcp_rig *rig = calloc(1, sizeof(*rig));

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	rig->delay = delay;
	for (unsigned e = 0; e < 2; e++) {
		rig->options[e] = tcp_rig_options(e);
		rig->arrived[e] = calloc(1, RIG_STREAM);
		CU_ASSERT_PTR_NOT_NULL_FATAL(rig->arrived[e]);
	}
	return rig;
}

static inline void
tcp_rig_free(struct tcp_rig *rig)
{
	for (unsigned e = 0; e < 2; e++) {
		tcp_conn_destroy(rig->end[e]);
		free(rig->arrived[e]);
	}
	free(rig);
}

static inline void
rig_fly(struct tcp_rig *rig, unsigned from, const struct tcp_segment *s, uint64_t due)
{
	unsigned to = !from;

	CU_ASSERT_FATAL(rig->n[to] < RIG_FLIGHT);
	rig->flying[to][rig->n[to]++] = (struct tcp_flying){*s, due, rig->order++};
}

/* Takes all that an end sends now. */
static inline void
rig_pump(struct tcp_rig *rig, unsigned e)
{
	struct tcp_segment s;

	while (tcp_output(rig->end[e], rig->now, &s)) {
		uint64_t late = 0;
		unsigned times = rig->fate ? rig->fate(rig, e, &s, &late) : 1;

		CU_ASSERT(tcp_segment_bytes(&s) <= TCP_HEAD_MAX);
		CU_ASSERT(s.len + tcp_sack_bytes(s.n_sack) <= tcp_mss(rig->end[e]));
		rig->count[e]++;
		rig->data[e] += s.len > 0;
		rig->last[e] = s;
		for (unsigned i = 0; i < times; i++)
			rig_fly(rig, e, &s, rig->now + rig->delay + late + i);
	}
}

/* Segment s arrives at end e; the stream must be what arrived of it without a gap. */
static inline void
rig_arrive(struct tcp_rig *rig, unsigned e, const struct tcp_segment *s)
{
	uint32_t iss = rig->options[!e].iss;
	uint64_t received;

	for (uint32_t i = 0, at = s->seq - iss - 1; i < s->len; i++, at++)
		if (at < RIG_STREAM)
			rig->arrived[e][at] = 1;
	tcp_input(rig->end[e], s, rig->now);
	received = tcp_received(rig->end[e]);
	CU_ASSERT_FATAL(received <= RIG_STREAM);
	if (received)
		CU_ASSERT_PTR_NULL(memchr(rig->arrived[e], 0, received));
	if (!rig->hold[e])
		tcp_read(rig->end[e], UINT64_MAX);
}

static inline uint64_t
rig_due(const struct tcp_rig *rig, unsigned *to, unsigned *which)
{
	uint64_t due = TIME_NEVER, order = 0;

	for (unsigned e = 0; e < 2; e++)
		for (unsigned i = 0; i < rig->n[e]; i++) {
			const struct tcp_flying *f = &rig->flying[e][i];

			if (f->due < due || (f->due == due && f->order < order)) {
				due = f->due;
				order = f->order;
				*to = e;
				*which = i;
			}
		}
	return due;
}

/* One thing happens: the next arrival or timer not after `until`.  False: nothing before then. */
static inline bool
rig_step(struct tcp_rig *rig, uint64_t until)
{
	unsigned to = 0, which = 0;
	uint64_t due = rig_due(rig, &to, &which);
	uint64_t timer = time_min(tcp_next_due(rig->end[0]), tcp_next_due(rig->end[1]));
	struct tcp_segment s;

	if (time_min(due, timer) > until) {
		rig->now = until == TIME_NEVER ? rig->now : until;
		return false;
	}
	rig->now = time_min(due, timer) > rig->now ? time_min(due, timer) : rig->now;
	if (timer < due) {
		for (unsigned e = 0; e < 2; e++) {
			tcp_timer(rig->end[e], rig->now);
			rig_pump(rig, e);
		}
		return true;
	}
	s = rig->flying[to][which].s;
	rig->flying[to][which] = rig->flying[to][--rig->n[to]];
	rig_arrive(rig, to, &s);
	rig_pump(rig, to);
	return true;
}

static inline void
rig_until(struct tcp_rig *rig, uint64_t until)
{
	unsigned steps = 0;

	while (rig_step(rig, until))
		CU_ASSERT_FATAL(++steps < 10000000);
}

/* Both ends, not yet open. */
static inline void
rig_make(struct tcp_rig *rig)
{
	for (unsigned e = 0; e < 2; e++)
		CU_ASSERT_EQUAL_FATAL(tcp_conn_create(&rig->options[e], &rig->end[e]), ST_OK);
}

/* End 0 opens; no fate applies.  Afterwards both are established, and time stands after the handshake. */
static inline void
rig_open(struct tcp_rig *rig)
{
	unsigned (*fate)(struct tcp_rig *, unsigned, const struct tcp_segment *, uint64_t *) = rig->fate;

	rig->fate = NULL;
	rig_make(rig);
	tcp_connect(rig->end[0], rig->now);
	rig_pump(rig, 0);
	rig_until(rig, rig->now + 3 * rig->delay);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[0]), TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(tcp_conn_state(rig->end[1]), TCP_ESTABLISHED);
	rig->fate = fate;
	rig->count[0] = rig->count[1] = 0;
	rig->data[0] = rig->data[1] = 0;
}

static inline void
rig_write(struct tcp_rig *rig, unsigned e, uint64_t bytes)
{
	tcp_write(rig->end[e], bytes);
	rig_pump(rig, e);
}

static inline void
rig_finish(struct tcp_rig *rig, unsigned e)
{
	tcp_finish(rig->end[e]);
	rig_pump(rig, e);
}

/* Offset in the stream of a data segment of end e. */
static inline uint64_t
rig_offset(const struct tcp_rig *rig, unsigned e, const struct tcp_segment *s)
{
	return (uint32_t)(s->seq - rig->options[e].iss - 1);
}

#endif
