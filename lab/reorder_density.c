/* Reorder density (RD) and reorder buffer-occupancy density (RBD), RFC 5236 §7, numbers from 0.
 *
 * RD by the stay-back method, but no further back than needed: a packet is given its receive index as
 * soon as that index is known to have arrived, which is at once in order; only where a number is missing
 * do packets wait, until it comes or DT + 1 packets came without it.  The result is that of §7.1, which
 * always waits.  RBD by §7.2, with one gap of its pseudo-code closed: where a full buffer gives up the
 * expected packet, the arrival that caused it is stored unless it can be released at once (§3.8 counts
 * it).
 *
 * lab/reorder.c lets no duplicate through that it knows.  Both find others as the RFC says (a number below
 * the index, or present), so that sets stay sets.  A gap of any size is skipped in one step. */
#include "lab/reorder_priv.h"

#include <string.h>

static void
ahead_init(struct ahead *set)
{
	memset(set, 0, sizeof(*set));
	set->far_min = UINT64_MAX;
}

static bool
ahead_has(const struct ahead *set, uint64_t base, uint64_t num)
{
	if (num - base < AHEAD_NEAR)
		return set->near[num % AHEAD_NEAR / 64] >> num % 64 & 1;
	for (unsigned i = 0; i < set->far_count; i++) {
		if (set->far[i] == num)
			return true;
	}
	return false;
}

static void
ahead_add(struct ahead *set, uint64_t base, uint64_t num)
{
	if (num - base < AHEAD_NEAR) {
		set->near[num % AHEAD_NEAR / 64] |= UINT64_C(1) << num % 64;
		return;
	}
	set->far[set->far_count++] = num;
	if (num < set->far_min)
		set->far_min = num;
}

static void
far_min_set(struct ahead *set)
{
	set->far_min = UINT64_MAX;
	for (unsigned i = 0; i < set->far_count; i++) {
		if (set->far[i] < set->far_min)
			set->far_min = set->far[i];
	}
}

/* Takes out what may or may not be there. */
static void
ahead_del(struct ahead *set, uint64_t base, uint64_t num)
{
	if (num - base < AHEAD_NEAR) {
		set->near[num % AHEAD_NEAR / 64] &= ~(UINT64_C(1) << num % 64);
		return;
	}
	for (unsigned i = 0; i < set->far_count; i++) {
		if (set->far[i] == num) {
			set->far[i] = set->far[--set->far_count];
			break;
		}
	}
	far_min_set(set);
}

/* The least number at or above base; UINT64_MAX where the set is empty. */
static uint64_t
ahead_next(const struct ahead *set, uint64_t base)
{
	uint64_t num = base;

	while (num - base < AHEAD_NEAR) {
		uint64_t word = set->near[num % AHEAD_NEAR / 64] >> num % 64;
		if (word)
			return num + (unsigned)__builtin_ctzll(word);
		num += 64 - num % 64;
	}
	/* The base's own word holds, in its lower bits, the last numbers that are near. */
	if (base % 64) {
		uint64_t word = set->near[base % AHEAD_NEAR / 64] & ((UINT64_C(1) << base % 64) - 1);
		if (word)
			return base - base % 64 + AHEAD_NEAR + (unsigned)__builtin_ctzll(word);
	}
	return set->far_min;
}

/* The base has moved up over numbers that are not in the set: far ones may be near now. */
static void
ahead_move(struct ahead *set, uint64_t base)
{
	if (set->far_min - base >= AHEAD_NEAR)
		return;
	for (unsigned i = 0; i < set->far_count; i++) {
		uint64_t num = set->far[i];
		if (num - base >= AHEAD_NEAR)
			continue;
		set->near[num % AHEAD_NEAR / 64] |= UINT64_C(1) << num % 64;
		set->far[i--] = set->far[--set->far_count];
	}
	far_min_set(set);
}

static void
index_set(struct density *density, uint64_t index)
{
	density->index = index;
	ahead_move(&density->present, index);
}

/* The oldest waiting packet leaves the window with the receive index, or is thrown away where it is further
 * from its place than the threshold: the latter keeps a rogue number from shifting all others (§6). */
static void
window_pop(struct density *density, struct reorder_stats *stats)
{
	uint64_t num = density->window[density->head], index = density->index;
	uint64_t distance = num > index ? num - index : index - num;

	density->head = (density->head + 1) % DENSITY_WINDOW;
	density->waiting--;
	if (distance > density->threshold) {
		if (num > index)
			ahead_del(&density->present, index, num);
		return;
	}
	stats->rd[num > index ? REORDER_RD_MAX - distance : REORDER_RD_MAX + distance]++;
	ahead_del(&density->present, index, index);
	index_set(density, index + 1);
}

/* RFC 5236 §7.1, step 2.  With anything in the window there is always a number present at or above the index:
 * each packet that left the window used up one present number. */
static void
window_turn(struct density *density, struct reorder_stats *stats, bool finish)
{
	while (density->waiting) {
		if (!ahead_has(&density->present, density->index, density->index)) {
			if (density->waiting <= density->threshold && !finish)
				return;
			uint64_t next = ahead_next(&density->present, density->index);
			stats->rd_lost += next - density->index;
			index_set(density, next);
		}
		window_pop(density, stats);
	}
}

static void
window_arrive(struct density *density, struct reorder_stats *stats, uint64_t num)
{
	/* Lost for good, or a duplicate. */
	if (num < density->index || ahead_has(&density->present, density->index, num))
		return;
	ahead_add(&density->present, density->index, num);
	density->window[(density->head + density->waiting++) % DENSITY_WINDOW] = num;
	window_turn(density, stats, false);
}

/* Releases what follows the expected packet without a gap. */
static void
buffer_release(struct density *density)
{
	struct ahead *buffer = &density->buffer;

	while (density->held && ahead_has(buffer, density->expected, density->expected)) {
		ahead_del(buffer, density->expected, density->expected);
		density->held--;
		ahead_move(buffer, ++density->expected);
	}
}

/* RFC 5236 §7.2, step 2. */
static void
buffer_arrive(struct density *density, struct reorder_stats *stats, uint64_t num)
{
	struct ahead *buffer = &density->buffer;

	if (num < density->expected || ahead_has(buffer, density->expected, num))
		return;
	ahead_add(buffer, density->expected, num);
	density->held++;
	if (density->held > density->threshold && num != density->expected) {
		density->expected = ahead_next(buffer, density->expected);
		ahead_move(buffer, density->expected);
	}
	buffer_release(density);
	stats->rbd[density->held]++;
}

void
density_init(struct density *density, unsigned threshold)
{
	memset(density, 0, sizeof(*density));
	density->calm = true;
	density->threshold = threshold;
	ahead_init(&density->present);
	ahead_init(&density->buffer);
}

/* Then no number is present either: one at or above the index would be held. */
static bool
density_is_calm(const struct density *density)
{
	return !density->waiting && !density->held && density->index == density->expected;
}

void
density_turn(struct density *density, struct reorder_stats *stats, uint64_t num)
{
	window_arrive(density, stats, num);
	buffer_arrive(density, stats, num);
	density->calm = density_is_calm(density);
}

void
density_finish(struct density *density, struct reorder_stats *stats)
{
	window_turn(density, stats, true);
	density->calm = density_is_calm(density);
}
