/* Ranges received out of order. */
#include "lab/tcp/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum status
tcp_ranges_init(struct tcp_ranges *ranges, uint32_t room)
{
	*ranges = (struct tcp_ranges){.room = room};
	ranges->range = calloc(room, sizeof(*ranges->range));
	return ranges->range ? ST_OK : ST_ERR_NOMEM;
}

void
tcp_ranges_fini(struct tcp_ranges *ranges)
{
	free(ranges->range);
}

/* The first range that ends at or behind an offset. */
static uint32_t
range_at(const struct tcp_ranges *ranges, uint64_t offset)
{
	uint32_t lo = 0, hi = ranges->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (ranges->range[mid].right >= offset)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* The offsets that lie in this range go, and a new one comes first. */
static void
recent_set(struct tcp_ranges *ranges, const struct tcp_range *range)
{
	uint64_t kept[TCP_SACK_MAX] = {range->left};
	unsigned n = 1;

	for (unsigned i = 0; i < TCP_SACK_MAX && n < TCP_SACK_MAX; i++) {
		uint64_t at = ranges->recent[i];

		if (at && (at < range->left || at >= range->right))
			kept[n++] = at;
	}
	memcpy(ranges->recent, kept, sizeof(kept));
}

static bool
recent_has(const struct tcp_ranges *ranges, const struct tcp_range *range)
{
	for (unsigned i = 0; i < TCP_SACK_MAX; i++)
		if (ranges->recent[i] >= range->left && ranges->recent[i] < range->right)
			return true;
	return false;
}

/* Where ranges went of which blocks told, others come after the rest, from the highest on. */
static void
recent_fill(struct tcp_ranges *ranges)
{
	unsigned told = 0;

	while (told < TCP_SACK_MAX && ranges->recent[told])
		told++;
	for (uint32_t i = ranges->n; i > 0 && told < TCP_SACK_MAX && told < ranges->n; i--)
		if (!recent_has(ranges, &ranges->range[i - 1]))
			ranges->recent[told++] = ranges->range[i - 1].left;
}

/* Ranges first .. last - 1 touch left..right: one takes their place.  Returns what they held of it. */
static uint64_t
ranges_merge(struct tcp_ranges *ranges, uint32_t first, uint32_t last, uint64_t left, uint64_t right)
{
	struct tcp_range *r = &ranges->range[first], merged = {left, right};
	uint64_t had = 0;

	for (uint32_t i = first; i < last; i++) {
		uint64_t l = ranges->range[i].left, h = ranges->range[i].right;
		uint64_t from = l > left ? l : left, to = time_min(h, right);

		had += to > from ? to - from : 0;
		merged.left = time_min(merged.left, l);
		merged.right = h > merged.right ? h : merged.right;
	}
	if (first == last)
		memmove(r + 1, r, (ranges->n - first) * sizeof(*r));
	else
		memmove(r + 1, &ranges->range[last], (ranges->n - last) * sizeof(*r));
	ranges->n = ranges->n + 1 - (last - first);
	*r = merged;
	recent_set(ranges, r);
	recent_fill(ranges);
	return had;
}

uint64_t
tcp_ranges_add(struct tcp_ranges *ranges, uint64_t left, uint64_t right)
{
	uint32_t first = range_at(ranges, left), last = first;

	while (last < ranges->n && ranges->range[last].left <= right)
		last++;
	if (first == last && ranges->n == ranges->room)
		return UINT64_MAX;
	return ranges_merge(ranges, first, last, left, right);
}

uint64_t
tcp_ranges_advance(struct tcp_ranges *ranges, uint64_t next)
{
	uint32_t gone = 0, kept = 0;

	while (gone < ranges->n && ranges->range[gone].left <= next) {
		if (ranges->range[gone].right > next)
			next = ranges->range[gone].right;
		gone++;
	}
	if (!gone)
		return next;
	ranges->n -= gone;
	memmove(ranges->range, ranges->range + gone, ranges->n * sizeof(*ranges->range));
	for (unsigned i = 0; i < TCP_SACK_MAX; i++) {
		uint64_t at = ranges->recent[i];

		ranges->recent[i] = 0;
		if (at > next)
			ranges->recent[kept++] = at;
	}
	recent_fill(ranges);
	return next;
}

unsigned
tcp_ranges_blocks(const struct tcp_ranges *ranges, uint32_t irs, struct tcp_block *blocks, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TCP_SACK_MAX && n < max && ranges->recent[i]; i++) {
		const struct tcp_range *r = &ranges->range[range_at(ranges, ranges->recent[i] + 1)];

		blocks[n++] = (struct tcp_block){irs + (uint32_t)r->left, irs + (uint32_t)r->right};
	}
	return n;
}
