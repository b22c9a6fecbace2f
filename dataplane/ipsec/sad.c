/* The inbound SA database: open addressing with linear probing in a power of two of 32-byte slots, two a
 * cache line, at most half full.  RFC 4301 §4.4.2.
 *
 * Deletion moves the followers of a cluster back (Knuth, TAOCP 6.4, algorithm R), so there are no tombstones
 * and a look-up ends at the first free slot, however many SAs came and went.  Order of slots is never shown.
 * A move into a larger table goes slot by slot.  Meanwhile the old one answers; what is deleted is deleted in
 * both, and what deletion moves back across the slot that the move has come to is entered in the new one.
 *
 * Does not know what an SA is, takes no locks, and does not shrink. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/ipsec/sad.h"

#define SAD_SLOTS_MIN 64u
#define LINE_BYTES 64u
#define HUGE_BYTES ((size_t)1 << 21)

struct slot {
	struct ip_addr dst;
	struct sa *sa; /* NULL: free */
	uint64_t name; /* SPI and protocol in one word, to be compared at once */
};

_Static_assert(sizeof(struct slot) == 32, "two slots a cache line");

struct sad {
	struct slot *slots;
	uint64_t mask; /* slots - 1 */
	unsigned count;
	struct sad_spare *spare; /* under way to it; NULL: no */
};

struct sad_spare {
	struct sad wider;
	uint64_t at; /* slots before this one were moved */
	bool done;   /* it has the old table */
};

static inline uint64_t
slot_name(uint32_t spi, uint8_t proto)
{
	return (uint64_t)spi << 8 | proto;
}

static struct slot *
slots_create(uint64_t n)
{
	size_t bytes = n * sizeof(struct slot);
	struct slot *slots = aligned_alloc(bytes < HUGE_BYTES ? LINE_BYTES : HUGE_BYTES, bytes);

	if (slots && bytes >= HUGE_BYTES) /* a wish; without it look-ups are slower */
		madvise(slots, bytes, MADV_HUGEPAGE);
	if (slots)
		memset(slots, 0, bytes);
	return slots;
}

/* SPIs are often chosen one after the other: every bit of the triple has to reach the low bits.  The halves
 * of a product of 128 bits, each of which every bit of it reaches. */
static inline uint64_t
slot_hash(const struct slot *slot)
{
	uint64_t a = slot->name ^ UINT64_C(0x9e3779b97f4a7c15);
	uint64_t b = (slot->dst.lo + slot->dst.hi * UINT64_C(0xbf58476d1ce4e5b9)) ^
		     UINT64_C(0xc2b2ae3d27d4eb4f);
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline bool
slot_equal(const struct slot *a, const struct slot *b)
{
	return a->name == b->name && ip_equal(a->dst, b->dst);
}

/* The slot of the triple, or the free one where it would go. */
static inline uint64_t
slot_find(const struct sad *sad, const struct slot *triple)
{
	uint64_t at = slot_hash(triple) & sad->mask;

	while (sad->slots[at].sa && !slot_equal(&sad->slots[at], triple))
		at = (at + 1) & sad->mask;
	return at;
}

/* Into a table that has room, in place of one of the same triple. */
static void
slot_put(struct sad *sad, const struct slot *slot)
{
	sad->slots[slot_find(sad, slot)] = *slot;
}

static bool
is_full(const struct sad *sad)
{
	return (sad->count + UINT64_C(1)) * 2 > sad->mask + 1;
}

static enum status
sad_grow(struct sad *sad)
{
	struct sad wider = {.mask = sad->mask * 2 + 1, .count = sad->count};

	wider.slots = slots_create(wider.mask + 1);
	if (!wider.slots)
		return ST_ERR_NOMEM;
	for (uint64_t i = 0; i <= sad->mask; i++)
		if (sad->slots[i].sa)
			slot_put(&wider, &sad->slots[i]);
	free(sad->slots);
	*sad = wider;
	return ST_OK;
}

enum status
sad_create(struct sad **out)
{
	struct sad *sad = calloc(1, sizeof(*sad));

	*out = NULL;
	if (!sad)
		return ST_ERR_NOMEM;
	sad->mask = SAD_SLOTS_MIN - 1;
	sad->slots = slots_create(SAD_SLOTS_MIN);
	if (!sad->slots) {
		free(sad);
		return ST_ERR_NOMEM;
	}
	*out = sad;
	return ST_OK;
}

void
sad_destroy(struct sad *sad)
{
	if (!sad)
		return;
	free(sad->slots);
	free(sad);
}

enum status
sad_spare_create(const struct sad *sad, unsigned entries, struct sad_spare **out)
{
	struct sad_spare *spare;
	uint64_t slots = sad->mask + 1;

	*out = NULL;
	while ((entries + UINT64_C(1)) * 2 > slots)
		slots *= 2;
	if (slots == sad->mask + 1)
		return ST_OK;
	spare = calloc(1, sizeof(*spare));
	if (spare)
		spare->wider = (struct sad){.slots = slots_create(slots), .mask = slots - 1};
	if (!spare || !spare->wider.slots) {
		free(spare);
		return ST_ERR_NOMEM;
	}
	*out = spare;
	return ST_OK;
}

void
sad_spare_destroy(struct sad_spare *spare)
{
	if (!spare)
		return;
	free(spare->wider.slots);
	free(spare);
}

bool
sad_move(struct sad *sad, struct sad_spare *spare, unsigned n)
{
	struct sad was = *sad;

	if (spare->done)
		return true;
	sad->spare = spare;
	for (; n && spare->at <= sad->mask; n--, spare->at++)
		if (sad->slots[spare->at].sa)
			slot_put(&spare->wider, &sad->slots[spare->at]);
	if (spare->at <= sad->mask)
		return false;
	*sad = (struct sad){.slots = spare->wider.slots, .mask = spare->wider.mask, .count = was.count};
	spare->wider.slots = was.slots;
	spare->done = true;
	return true;
}

void
sad_move_stop(struct sad *sad)
{
	sad->spare = NULL;
}

/* For one more. */
static enum status
sad_room(struct sad *sad)
{
	if (!is_full(sad))
		return ST_OK;
	if (sad->spare) /* what is under way has the room */
		sad_move(sad, sad->spare, UINT32_MAX);
	return is_full(sad) ? sad_grow(sad) : ST_OK;
}

enum status
sad_add(struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto, struct sa *sa)
{
	struct slot slot = {.dst = dst, .sa = sa, .name = slot_name(spi, proto)};
	enum status status;

	if (sad->slots[slot_find(sad, &slot)].sa)
		return ST_ERR_EXISTS;
	status = sad_room(sad);
	if (status != ST_OK)
		return status;
	slot_put(sad, &slot);
	if (sad->spare)
		slot_put(&sad->spare->wider, &slot);
	sad->count++;
	return ST_OK;
}

/* Whether an entry whose home is `home` and that stands at `at` may not move to the gap before it: its home
 * lies cyclically behind the gap. */
static inline bool
home_is_behind(uint64_t home, uint64_t gap, uint64_t at, uint64_t mask)
{
	return ((at - home) & mask) < ((at - gap) & mask);
}

static void
slot_free(struct sad *sad, uint64_t gap)
{
	struct sad_spare *spare = sad->spare;

	for (uint64_t at = (gap + 1) & sad->mask; sad->slots[at].sa; at = (at + 1) & sad->mask) {
		if (home_is_behind(slot_hash(&sad->slots[at]), gap, at, sad->mask))
			continue;
		sad->slots[gap] = sad->slots[at];
		if (spare && gap < spare->at && at >= spare->at)
			slot_put(&spare->wider, &sad->slots[gap]);
		gap = at;
	}
	memset(&sad->slots[gap], 0, sizeof(sad->slots[gap]));
}

enum status
sad_del(struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto)
{
	struct slot triple = {.dst = dst, .name = slot_name(spi, proto)};
	uint64_t at = slot_find(sad, &triple);

	if (!sad->slots[at].sa)
		return ST_ERR_NOT_FOUND;
	slot_free(sad, at);
	sad->count--;
	if (!sad->spare)
		return ST_OK;
	at = slot_find(&sad->spare->wider, &triple);
	if (sad->spare->wider.slots[at].sa)
		slot_free(&sad->spare->wider, at);
	return ST_OK;
}

struct sa *
sad_find(const struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto)
{
	struct slot triple = {.dst = dst, .name = slot_name(spi, proto)};

	return sad->slots[slot_find(sad, &triple)].sa;
}

void
sad_prefetch(const struct sad *sad, uint32_t spi, struct ip_addr dst, uint8_t proto)
{
	struct slot triple = {.dst = dst, .name = slot_name(spi, proto)};

	__builtin_prefetch(&sad->slots[slot_hash(&triple) & sad->mask]);
}

unsigned
sad_count(const struct sad *sad)
{
	return sad->count;
}
