/* The table: sets of eight entries, chosen by a hash of the address.
 *
 * States: asked for (no MAC yet), known, doubtful (known, but too old: asked again while it is still used,
 * RFC 4861 §7.3.3), static.  An entry that nobody used for ten times the ageing goes. */
#include "live/neigh.h"

#include <stdlib.h>
#include <string.h>

#include <rte_spinlock.h>

#define WAYS 8u
#define SETS (NEIGH_ENTRIES / WAYS)
#define UNUSED_AGEINGS 10u

struct entry {
	struct ip_addr addr;
	struct cfg_mac mac;
	bool used, known, is_static;
	unsigned tries;	    /* questions since it was last heard of */
	uint64_t heard_ns;  /* when it last said so */
	uint64_t asked_ns;  /* the last question */
	uint64_t wanted_ns; /* the last packet for it */
	unsigned n_held;
	void *held[NEIGH_HELD];
};

struct neigh_table {
	rte_spinlock_t lock;
	uint32_t version;
	uint64_t ageing;
	uint64_t n_held;
	unsigned next; /* where neigh_age() goes on */
	struct entry entries[NEIGH_ENTRIES];
};

enum status
neigh_create(uint64_t ageing, struct neigh_table **table)
{
	*table = calloc(1, sizeof(**table));
	if (!*table)
		return ST_ERR_NOMEM;
	rte_spinlock_init(&(*table)->lock);
	(*table)->ageing = ageing;
	return ST_OK;
}

void
neigh_destroy(struct neigh_table *table)
{
	free(table);
}

static struct entry *
set_of(struct neigh_table *table, struct ip_addr addr)
{
	uint64_t hash = (addr.hi ^ addr.lo * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);

	return &table->entries[(hash >> 40) % SETS * WAYS];
}

static struct entry *
find(struct neigh_table *table, struct ip_addr addr)
{
	struct entry *set = set_of(table, addr);

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].used && ip_equal(set[i].addr, addr))
			return &set[i];
	return NULL;
}

static void
changed(struct neigh_table *table)
{
	__atomic_store_n(&table->version, table->version + 1, __ATOMIC_RELEASE);
}

/* An empty place, or that of the entry which was wanted least recently and for which nothing waits. */
static struct entry *
place(struct neigh_table *table, struct ip_addr addr, uint64_t now)
{
	struct entry *set = set_of(table, addr), *best = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		if (!set[i].used) {
			best = &set[i];
			break;
		}
		if (!set[i].is_static && !set[i].n_held && (!best || set[i].wanted_ns < best->wanted_ns))
			best = &set[i];
	}
	if (!best)
		return NULL;
	if (best->used && best->known)
		changed(table);
	*best = (struct entry){.addr = addr, .used = true, .wanted_ns = now};
	return best;
}

/* A question is due: none was asked yet, or the last one some time ago. */
static bool
asks(struct entry *entry, uint64_t now)
{
	if (entry->tries && now < entry->asked_ns + NEIGH_RETRY_NS)
		return false;
	if (entry->tries >= NEIGH_TRIES && entry->known)
		return false; /* neigh_age() makes an end of it */
	entry->tries++;
	entry->asked_ns = now;
	return true;
}

static bool
is_doubtful(const struct neigh_table *table, const struct entry *entry, uint64_t now)
{
	return !entry->is_static && now >= entry->heard_ns + table->ageing;
}

static enum neigh_answer
resolve(struct neigh_table *table, struct ip_addr addr, void *packet, uint64_t now, struct cfg_mac *mac,
	bool *ask)
{
	struct entry *entry = find(table, addr);

	if (!entry)
		entry = place(table, addr, now);
	if (!entry)
		return NEIGH_FULL;
	entry->wanted_ns = now;
	if (entry->known) {
		*mac = entry->mac;
		*ask = is_doubtful(table, entry, now) && asks(entry, now);
		return NEIGH_KNOWN;
	}
	*ask = asks(entry, now);
	if (entry->n_held == NEIGH_HELD)
		return NEIGH_FULL;
	entry->held[entry->n_held++] = packet;
	table->n_held++;
	return NEIGH_WAIT;
}

enum neigh_answer
neigh_resolve(struct neigh_table *table, struct ip_addr addr, void *packet, uint64_t now, struct cfg_mac *mac,
	bool *ask)
{
	enum neigh_answer answer;

	*ask = false;
	rte_spinlock_lock(&table->lock);
	answer = resolve(table, addr, packet, now, mac, ask);
	rte_spinlock_unlock(&table->lock);
	return answer;
}

static unsigned
release(struct neigh_table *table, struct entry *entry, void *released[NEIGH_HELD])
{
	unsigned n = entry->n_held;

	memcpy(released, entry->held, n * sizeof(released[0]));
	entry->n_held = 0;
	table->n_held -= n;
	return n;
}

static unsigned
learn(struct neigh_table *table, struct ip_addr addr, const struct cfg_mac *mac, bool create, uint64_t now,
	void *released[NEIGH_HELD])
{
	struct entry *entry = find(table, addr);

	if (!entry && create)
		entry = place(table, addr, now);
	if (!entry || entry->is_static)
		return 0;
	if (entry->known && memcmp(&entry->mac, mac, sizeof(*mac)))
		changed(table);
	entry->mac = *mac;
	entry->known = true;
	entry->heard_ns = now;
	entry->tries = 0;
	return release(table, entry, released);
}

unsigned
neigh_learn(struct neigh_table *table, struct ip_addr addr, const struct cfg_mac *mac, bool create,
	uint64_t now, void *released[NEIGH_HELD])
{
	unsigned n;

	rte_spinlock_lock(&table->lock);
	n = learn(table, addr, mac, create, now, released);
	rte_spinlock_unlock(&table->lock);
	return n;
}

enum status
neigh_add_static(struct neigh_table *table, struct ip_addr addr, const struct cfg_mac *mac)
{
	struct entry *entry;

	rte_spinlock_lock(&table->lock);
	entry = find(table, addr);
	if (!entry)
		entry = place(table, addr, 0);
	if (entry) {
		entry->mac = *mac;
		entry->known = entry->is_static = true;
		changed(table);
	}
	rte_spinlock_unlock(&table->lock);
	return entry ? ST_OK : ST_ERR_RANGE;
}

void
neigh_del_static(struct neigh_table *table, struct ip_addr addr)
{
	struct entry *entry;

	rte_spinlock_lock(&table->lock);
	entry = find(table, addr);
	if (entry && entry->is_static)
		*entry = (struct entry){0};
	changed(table);
	rte_spinlock_unlock(&table->lock);
}

void
neigh_touch(struct neigh_table *table)
{
	rte_spinlock_lock(&table->lock);
	changed(table);
	rte_spinlock_unlock(&table->lock);
}

/* What is due for one entry; false: nothing. */
static bool
age(struct neigh_table *table, struct entry *entry, uint64_t now, bool *ask, void *released[NEIGH_HELD],
	unsigned *n)
{
	bool doubtful = is_doubtful(table, entry, now);

	if (!entry->used || entry->is_static || (entry->known && !doubtful))
		return false;
	if (entry->known && !entry->tries) { /* nobody has used it since it became too old */
		if (now < entry->wanted_ns + UNUSED_AGEINGS * table->ageing)
			return false;
	} else if (now < entry->asked_ns + NEIGH_RETRY_NS) {
		return false;
	} else if (entry->tries < NEIGH_TRIES && (*ask = asks(entry, now))) {
		return true;
	}
	*n = release(table, entry, released);
	if (entry->known)
		changed(table);
	*entry = (struct entry){.used = false};
	return true;
}

bool
neigh_age(struct neigh_table *table, uint64_t now, struct ip_addr *addr, bool *ask,
	void *released[NEIGH_HELD], unsigned *n)
{
	bool due = false;

	*ask = false;
	*n = 0;
	rte_spinlock_lock(&table->lock);
	while (!due && table->next < NEIGH_ENTRIES) {
		struct entry *entry = &table->entries[table->next++];

		*addr = entry->addr;
		due = age(table, entry, now, ask, released, n);
	}
	if (!due)
		table->next = 0;
	rte_spinlock_unlock(&table->lock);
	return due;
}

unsigned
neigh_drain(struct neigh_table *table, void *released[NEIGH_HELD])
{
	unsigned n = 0;

	rte_spinlock_lock(&table->lock);
	for (unsigned i = 0; i < NEIGH_ENTRIES && !n; i++)
		n = release(table, &table->entries[i], released);
	rte_spinlock_unlock(&table->lock);
	return n;
}

uint32_t
neigh_version(const struct neigh_table *table)
{
	return __atomic_load_n(&table->version, __ATOMIC_ACQUIRE);
}

uint64_t
neigh_held(const struct neigh_table *table)
{
	return __atomic_load_n(&table->n_held, __ATOMIC_RELAXED);
}
