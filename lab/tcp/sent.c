/* The scoreboard: RFC 6675 §3 to §5, with sums kept up to date instead of walks.
 *
 * A lost retransmission is found by what was sent after it and arrived, which RFC 6675 leaves to the time-out
 * (as Linux did before RACK). */
#include "lab/tcp/sent.h"

#include <stdlib.h>

#include "base/clock.h"

enum status
tcp_sent_init(struct tcp_sent *sent, uint32_t slots)
{
	uint32_t size = 16;

	while (size < slots)
		size *= 2;
	*sent = (struct tcp_sent){.mask = size - 1, .barrier_min = UINT64_MAX};
	sent->ring = calloc(size, sizeof(*sent->ring));
	return sent->ring ? ST_OK : ST_ERR_NOMEM;
}

void
tcp_sent_fini(struct tcp_sent *sent)
{
	free(sent->ring);
}

static struct tcp_sent_segment *
slot(const struct tcp_sent *sent, uint32_t number)
{
	return &sent->ring[number & sent->mask];
}

bool
tcp_sent_full(const struct tcp_sent *sent)
{
	return sent->end - sent->head > sent->mask;
}

void
tcp_sent_add(struct tcp_sent *sent, uint64_t from, uint32_t len, bool twice, uint64_t now)
{
	*slot(sent, sent->end) = (struct tcp_sent_segment){
		.from = from, .sent_ns = now, .len = len, .flags = twice ? TCP_SENT_TWICE : 0};
	sent->end++;
	sent->bytes += len;
}

/* Takes `len` bytes of a segment out of the sums. */
static void
sums_less(struct tcp_sent *sent, const struct tcp_sent_segment *s, uint32_t len)
{
	sent->bytes -= len;
	if (s->flags & TCP_SENT_SACKED)
		sent->sacked -= len;
	if (s->flags & TCP_SENT_LOST)
		sent->lost -= len;
	if (s->flags & TCP_SENT_RESENT)
		sent->resent -= len;
}

static void
news_time(struct tcp_sent_news *news, const struct tcp_sent_segment *s)
{
	if (s->flags & (TCP_SENT_TWICE | TCP_SENT_SACKED))
		return;
	if (!news->timed || s->sent_ns > news->rtt_sent)
		news->rtt_sent = s->sent_ns;
	news->timed = true;
}

/* Numbers wrap; a is before b. */
static bool
before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void
head_pop(struct tcp_sent *sent)
{
	sent->n_sacked -= (slot(sent, sent->head)->flags & TCP_SENT_SACKED) != 0;
	sent->head++;
	if (before(sent->resend, sent->head))
		sent->resend = sent->head;
	if (before(sent->marked, sent->head))
		sent->marked = sent->head;
	if (before(sent->high, sent->head))
		sent->high = sent->head;
}

void
tcp_sent_ack(struct tcp_sent *sent, uint64_t to, struct tcp_sent_news *news)
{
	while (sent->head != sent->end) {
		struct tcp_sent_segment *s = slot(sent, sent->head);
		uint64_t part = to > s->from ? time_min(to - s->from, s->len) : 0;

		if (!part)
			break;
		news->delivered += s->flags & TCP_SENT_SACKED ? 0 : part;
		if (part < s->len) {
			sums_less(sent, s, (uint32_t)part);
			s->from += part;
			s->len -= (uint32_t)part;
			return;
		}
		news_time(news, s);
		sums_less(sent, s, s->len);
		head_pop(sent);
	}
	if (sent->head == sent->end)
		sent->barrier_min = UINT64_MAX;
}

/* The first segment that ends behind an offset. */
static uint32_t
number_at(const struct tcp_sent *sent, uint64_t offset)
{
	uint32_t lo = 0, hi = sent->end - sent->head;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct tcp_sent_segment *s = slot(sent, sent->head + mid);

		if (s->from + s->len > offset)
			hi = mid;
		else
			lo = mid + 1;
	}
	return sent->head + lo;
}

static void
segment_sack(struct tcp_sent *sent, struct tcp_sent_segment *s, struct tcp_sent_news *news)
{
	news_time(news, s);
	news->delivered += s->len;
	if (s->flags & TCP_SENT_LOST)
		sent->lost -= s->len;
	if (s->flags & TCP_SENT_RESENT)
		sent->resent -= s->len;
	s->flags = (uint8_t)((s->flags & ~(TCP_SENT_LOST | TCP_SENT_RESENT)) | TCP_SENT_SACKED);
	sent->sacked += s->len;
	sent->n_sacked++;
}

void
tcp_sent_sack(struct tcp_sent *sent, uint64_t left, uint64_t right, struct tcp_sent_news *news)
{
	for (uint32_t n = number_at(sent, left); n != sent->end; n++) {
		struct tcp_sent_segment *s = slot(sent, n);

		if (s->from + s->len > right)
			return;
		if (s->from < left || s->flags & TCP_SENT_SACKED)
			continue;
		segment_sack(sent, s, news);
		if (before(sent->high, n + 1))
			sent->high = n + 1;
	}
}

static void
segment_lose(struct tcp_sent *sent, uint32_t number)
{
	struct tcp_sent_segment *s = slot(sent, number);

	if (s->flags & TCP_SENT_RESENT)
		sent->resent -= s->len;
	if (!(s->flags & TCP_SENT_LOST))
		sent->lost += s->len;
	s->flags = (uint8_t)((s->flags & ~TCP_SENT_RESENT) | TCP_SENT_LOST);
	if (before(number, sent->resend))
		sent->resend = number;
}

/* The third SACKed segment from above; false: there are not three. */
static bool
third_from_above(const struct tcp_sent *sent, uint32_t *number)
{
	unsigned seen = 0;

	if (sent->n_sacked < TCP_DUP_THRESH)
		return false;
	for (uint32_t n = sent->high; n != sent->head;) {
		n--;
		if (slot(sent, n)->flags & TCP_SENT_SACKED && ++seen == TCP_DUP_THRESH) {
			*number = n;
			return true;
		}
	}
	return false;
}

/* Retransmissions whose barrier lies at or below that third segment. */
static void
mark_resent(struct tcp_sent *sent, uint64_t third)
{
	uint64_t least = UINT64_MAX;

	if (sent->barrier_min > third)
		return;
	for (uint32_t n = sent->head; n != sent->high; n++) {
		struct tcp_sent_segment *s = slot(sent, n);

		if (!(s->flags & TCP_SENT_RESENT))
			continue;
		if (s->barrier <= third)
			segment_lose(sent, n);
		else
			least = time_min(least, s->barrier);
	}
	sent->barrier_min = least;
}

void
tcp_sent_mark(struct tcp_sent *sent)
{
	uint32_t third;

	if (!third_from_above(sent, &third))
		return;
	for (uint32_t n = sent->marked; before(n, third); n++)
		if (!(slot(sent, n)->flags & (TCP_SENT_SACKED | TCP_SENT_LOST)))
			segment_lose(sent, n);
	if (before(sent->marked, third))
		sent->marked = third;
	mark_resent(sent, slot(sent, third)->from);
}

void
tcp_sent_lose_first(struct tcp_sent *sent)
{
	if (sent->head != sent->end && !(slot(sent, sent->head)->flags & (TCP_SENT_LOST | TCP_SENT_SACKED)))
		segment_lose(sent, sent->head);
}

void
tcp_sent_lose_all(struct tcp_sent *sent)
{
	bool reneged = sent->head != sent->end && slot(sent, sent->head)->flags & TCP_SENT_SACKED;

	if (reneged) {
		sent->sacked = 0;
		sent->n_sacked = 0;
		sent->high = sent->head;
	}
	for (uint32_t n = sent->head; n != sent->end; n++) {
		if (reneged)
			slot(sent, n)->flags &= (uint8_t)~TCP_SENT_SACKED;
		if (!(slot(sent, n)->flags & TCP_SENT_SACKED))
			segment_lose(sent, n);
	}
	sent->barrier_min = UINT64_MAX;
}

struct tcp_sent_segment *
tcp_sent_next_lost(struct tcp_sent *sent)
{
	for (; sent->resend != sent->end; sent->resend++) {
		struct tcp_sent_segment *s = slot(sent, sent->resend);

		if ((s->flags & (TCP_SENT_LOST | TCP_SENT_RESENT)) == TCP_SENT_LOST)
			return s;
	}
	return NULL;
}

void
tcp_sent_resent(struct tcp_sent *sent, struct tcp_sent_segment *s, uint64_t barrier, uint64_t now)
{
	s->flags |= TCP_SENT_RESENT | TCP_SENT_TWICE;
	s->sent_ns = now;
	s->barrier = barrier;
	sent->resent += s->len;
	sent->barrier_min = time_min(sent->barrier_min, barrier);
}

void
tcp_sent_clear(struct tcp_sent *sent)
{
	sent->head = sent->end;
	sent->resend = sent->marked = sent->high = sent->end;
	sent->n_sacked = 0;
	sent->bytes = sent->sacked = sent->lost = sent->resent = 0;
	sent->barrier_min = UINT64_MAX;
}
