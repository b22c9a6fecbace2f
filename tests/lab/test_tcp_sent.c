/* lab/tcp/sent and ranges: the scoreboard against hand-counted states (RFC 6675) and against a walk over
 * plain flags; the receiver's ranges against a map of bytes, and RFC 2018's order of blocks. */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "base/rng.h"
#include "lab/tcp/ranges.h"
#include "lab/tcp/sent.h"

#define LEN 100u

int suite_tcp_sent(void);

/* n segments of LEN bytes from offset 1 on, sent at 10, 20, 30 ... */
static void
sent_fill(struct tcp_sent *sent, unsigned n)
{
	CU_ASSERT_EQUAL_FATAL(tcp_sent_init(sent, 64), ST_OK);
	for (unsigned i = 0; i < n; i++)
		tcp_sent_add(sent, 1 + i * LEN, LEN, false, 10 * (i + 1));
}

static void
sack(struct tcp_sent *sent, unsigned first, unsigned end)
{
	struct tcp_sent_news news = {0};

	tcp_sent_sack(sent, 1 + first * LEN, 1 + end * LEN, &news);
}

/* RFC 6675 §4 IsLost(): three segments SACKed above, not two. */
static void
test_is_lost(void)
{
	struct tcp_sent sent;

	sent_fill(&sent, 10);
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 10 * LEN);
	sack(&sent, 2, 4);
	tcp_sent_mark(&sent);
	CU_ASSERT_PTR_NULL(tcp_sent_next_lost(&sent));
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 8 * LEN); /* limited transmit comes of this */
	sack(&sent, 5, 6);
	tcp_sent_mark(&sent); /* 0 and 1 are below three; 4 is below one */
	CU_ASSERT_EQUAL(sent.lost, 2 * LEN);
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 5 * LEN);
	CU_ASSERT_EQUAL(tcp_sent_next_lost(&sent)->from, 1);
	sack(&sent, 6, 8);
	tcp_sent_mark(&sent);
	CU_ASSERT_EQUAL(sent.lost, 3 * LEN);
	tcp_sent_fini(&sent);
}

/* What was sent again counts as under way until something sent after it overtakes it by three segments. */
static void
test_lost_again(void)
{
	struct tcp_sent_segment *s;
	struct tcp_sent sent;

	sent_fill(&sent, 6);
	sack(&sent, 1, 4);
	tcp_sent_mark(&sent);
	s = tcp_sent_next_lost(&sent);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	tcp_sent_resent(&sent, s, 601, 100);
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 3 * LEN); /* 0 again, 4, 5 */
	CU_ASSERT_PTR_NULL(tcp_sent_next_lost(&sent));
	sack(&sent, 4, 6);
	tcp_sent_mark(&sent);
	CU_ASSERT_PTR_NULL(tcp_sent_next_lost(&sent)); /* those were sent before it */
	for (unsigned i = 6; i < 9; i++)
		tcp_sent_add(&sent, 1 + i * LEN, LEN, false, 110);
	sack(&sent, 6, 8);
	tcp_sent_mark(&sent);
	CU_ASSERT_PTR_NULL(tcp_sent_next_lost(&sent));
	sack(&sent, 8, 9);
	tcp_sent_mark(&sent);
	s = tcp_sent_next_lost(&sent);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(s->from, 1);
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 0);
	tcp_sent_fini(&sent);
}

/* Karn: the time of a segment that was sent twice, or SACKed before, tells nothing. */
static void
test_times(void)
{
	struct tcp_sent_news news = {0};
	struct tcp_sent sent;

	sent_fill(&sent, 5);
	tcp_sent_ack(&sent, 1 + 2 * LEN, &news);
	CU_ASSERT_TRUE(news.timed);
	CU_ASSERT_EQUAL(news.rtt_sent, 20);
	CU_ASSERT_EQUAL(news.delivered, 2 * LEN);
	tcp_sent_lose_first(&sent);
	tcp_sent_resent(&sent, tcp_sent_next_lost(&sent), 501, 60);
	news = (struct tcp_sent_news){0};
	tcp_sent_ack(&sent, 1 + 3 * LEN, &news);
	CU_ASSERT_FALSE(news.timed);
	sack(&sent, 4, 5);
	news = (struct tcp_sent_news){0};
	tcp_sent_ack(&sent, 1 + 5 * LEN, &news); /* 3 for the first time, 4 was SACKed long ago */
	CU_ASSERT_TRUE(news.timed);
	CU_ASSERT_EQUAL(news.rtt_sent, 40);
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 0);
	tcp_sent_fini(&sent);
}

static void
test_lose_all(void)
{
	struct tcp_sent sent;

	sent_fill(&sent, 6);
	sack(&sent, 2, 4);
	tcp_sent_lose_all(&sent);
	CU_ASSERT_EQUAL(sent.lost, 4 * LEN);
	CU_ASSERT_EQUAL(sent.sacked, 2 * LEN);
	CU_ASSERT_EQUAL(tcp_sent_pipe(&sent), 0);
	tcp_sent_fini(&sent);
	sent_fill(&sent, 6);
	sack(&sent, 0, 3); /* the first was SACKed but not acknowledged: thrown away again (RFC 2018 §8) */
	tcp_sent_lose_all(&sent);
	CU_ASSERT_EQUAL(sent.lost, 6 * LEN);
	CU_ASSERT_EQUAL(sent.sacked, 0);
	tcp_sent_fini(&sent);
}

/* Sums against a walk over the ring, through whatever may happen. */
static void
sums_compare(const struct tcp_sent *sent)
{
	uint64_t bytes = 0, sacked = 0, lost = 0, resent = 0;
	uint32_t n_sacked = 0;

	for (uint32_t n = sent->head; n != sent->end; n++) {
		const struct tcp_sent_segment *s = &sent->ring[n & sent->mask];

		bytes += s->len;
		sacked += s->flags & TCP_SENT_SACKED ? s->len : 0;
		n_sacked += (s->flags & TCP_SENT_SACKED) != 0;
		lost += s->flags & TCP_SENT_LOST ? s->len : 0;
		resent += s->flags & TCP_SENT_RESENT ? s->len : 0;
		CU_ASSERT(
			(s->flags & (TCP_SENT_SACKED | TCP_SENT_LOST)) != (TCP_SENT_SACKED | TCP_SENT_LOST));
	}
	CU_ASSERT(bytes == sent->bytes && sacked == sent->sacked && lost == sent->lost);
	CU_ASSERT(resent == sent->resent && n_sacked == sent->n_sacked);
}

static void
random_act(struct tcp_sent *sent, struct rng *rng, uint64_t *una, uint64_t *nxt)
{
	struct tcp_sent_news news = {0};
	uint64_t span = *nxt - *una, from = *una + rng_below(rng, span + 1);
	struct tcp_sent_segment *s;
	uint32_t len = (uint32_t)rng_below(rng, 2 * LEN) + 1;

	switch (rng_below(rng, 8)) {
	case 0:
		*una = from;
		tcp_sent_ack(sent, from, &news);
		break;
	case 1:
	case 2:
		tcp_sent_sack(sent, from, from + rng_below(rng, 5 * LEN), &news);
		tcp_sent_mark(sent);
		break;
	case 3:
		if ((s = tcp_sent_next_lost(sent)))
			tcp_sent_resent(sent, s, *nxt, *nxt);
		break;
	case 4:
		tcp_sent_lose_first(sent);
		break;
	case 5:
		if (!rng_below(rng, 20))
			tcp_sent_lose_all(sent);
		break;
	default:
		if (tcp_sent_full(sent))
			break;
		tcp_sent_add(sent, *nxt, len, false, *nxt);
		*nxt += len;
	}
}

static void
test_sums(void)
{
	uint64_t una = 1, nxt = 1;
	struct tcp_sent sent;
	struct rng rng;

	rng_init(&rng, 3, "sums");
	CU_ASSERT_EQUAL_FATAL(tcp_sent_init(&sent, 64), ST_OK);
	sent.head = sent.end = sent.resend = sent.marked = sent.high = UINT32_MAX -
								       500; /* numbers wrap too */
	for (unsigned i = 0; i < 200000; i++) {
		random_act(&sent, &rng, &una, &nxt);
		if (i % 7 == 0)
			sums_compare(&sent);
	}
	CU_ASSERT(una > 100000);
	tcp_sent_fini(&sent);
}

/* ---- ranges ---- */

/* RFC 2018 §4: the block that changed last comes first, then those reported before. */
static void
test_blocks(void)
{
	struct tcp_block b[TCP_SACK_MAX];
	struct tcp_ranges r;

	CU_ASSERT_EQUAL_FATAL(tcp_ranges_init(&r, 16), ST_OK);
	tcp_ranges_add(&r, 6500, 7000);
	tcp_ranges_add(&r, 8000, 8500);
	tcp_ranges_add(&r, 5500, 6000);
	CU_ASSERT_EQUAL_FATAL(tcp_ranges_blocks(&r, 1000, b, 4), 3);
	CU_ASSERT(b[0].left == 6500 && b[0].right == 7000);
	CU_ASSERT(b[1].left == 9000 && b[1].right == 9500);
	CU_ASSERT(b[2].left == 7500 && b[2].right == 8000);
	CU_ASSERT_EQUAL(tcp_ranges_add(&r, 6000, 6500), 0); /* joins two */
	CU_ASSERT_EQUAL_FATAL(tcp_ranges_blocks(&r, 1000, b, 4), 2);
	CU_ASSERT(b[0].left == 6500 && b[0].right == 8000);
	CU_ASSERT(b[1].left == 9000 && b[1].right == 9500);
	CU_ASSERT_EQUAL(tcp_ranges_add(&r, 5600, 5700), 100);
	CU_ASSERT_EQUAL(tcp_ranges_advance(&r, 5500), 7000);
	CU_ASSERT_EQUAL(tcp_ranges_blocks(&r, 1000, b, 4), 1);
	tcp_ranges_fini(&r);
}

static void
test_ranges_room(void)
{
	struct tcp_ranges r;

	CU_ASSERT_EQUAL_FATAL(tcp_ranges_init(&r, 2), ST_OK);
	tcp_ranges_add(&r, 10, 20);
	tcp_ranges_add(&r, 30, 40);
	CU_ASSERT_EQUAL(tcp_ranges_add(&r, 50, 60), UINT64_MAX);
	CU_ASSERT_EQUAL(tcp_ranges_add(&r, 40, 50), 0); /* no new one */
	tcp_ranges_fini(&r);
}

#define MAP 4000u

static uint32_t
map_prefix(const uint8_t *map, uint32_t next)
{
	while (next < MAP && map[next])
		next++;
	return next;
}

static void
map_step(struct tcp_ranges *r, uint8_t *map, uint32_t *next, struct rng *rng)
{
	uint32_t left = *next + 1 + (uint32_t)rng_below(rng, 300),
		 right = left + 1 + (uint32_t)rng_below(rng, 40);
	uint64_t had = 0;

	if (right > MAP)
		return;
	if (rng_below(rng, 8) == 0) { /* the gap closes a bit */
		memset(map + *next, 1, left - *next);
		*next = map_prefix(map, left);
		CU_ASSERT_EQUAL(tcp_ranges_advance(r, left), *next);
		return;
	}
	for (uint32_t i = left; i < right; i++)
		had += map[i];
	CU_ASSERT_EQUAL(tcp_ranges_add(r, left, right), had);
	memset(map + left, 1, right - left);
}

static void
test_ranges_map(void)
{
	struct rng rng;

	rng_init(&rng, 4, "map");
	for (unsigned round = 0; round < 50; round++) {
		static uint8_t map[MAP];
		struct tcp_block b[TCP_SACK_MAX];
		struct tcp_ranges r;
		uint32_t next = 1;

		memset(map, 0, sizeof(map));
		CU_ASSERT_EQUAL_FATAL(tcp_ranges_init(&r, 400), ST_OK);
		for (unsigned i = 0; i < 400; i++) {
			map_step(&r, map, &next, &rng);
			unsigned n = tcp_ranges_blocks(&r, 0, b, TCP_SACK_MAX);
			for (unsigned k = 0; k < n; k++) {
				CU_ASSERT_PTR_NULL(memchr(map + b[k].left, 0, b[k].right - b[k].left));
				CU_ASSERT_FALSE(map[b[k].left - 1]);
				CU_ASSERT_TRUE(b[k].right == MAP || !map[b[k].right]);
			}
			CU_ASSERT_EQUAL(n, r.n < TCP_SACK_MAX ? r.n : TCP_SACK_MAX);
		}
		tcp_ranges_fini(&r);
	}
}

int
suite_tcp_sent(void)
{
	CU_pSuite suite = CU_add_suite("tcp_sent", NULL, NULL);

	CU_add_test(suite, "IsLost", test_is_lost);
	CU_add_test(suite, "a retransmission is lost", test_lost_again);
	CU_add_test(suite, "round trips", test_times);
	CU_add_test(suite, "all is lost", test_lose_all);
	CU_add_test(suite, "sums against a walk", test_sums);
	CU_add_test(suite, "order of SACK blocks", test_blocks);
	CU_add_test(suite, "no room for ranges", test_ranges_room);
	CU_add_test(suite, "ranges against a map", test_ranges_map);
	return CUE_SUCCESS;
}
