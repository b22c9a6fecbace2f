/* Which device and which queue pair of it each worker of a gateway gets.
 *
 * Names stand one after another with spaces between, and workers take them in turn; those who come by the
 * same name have a queue pair of that device each, numbered in the order of the workers.  So a card serves
 * all workers, or each has its own, or anything between.  A queue pair is never shared: what is finished
 * comes out of it for whoever looks first.
 *
 * Engines of one device know nothing of each other, and the first who opens it makes it for all.  Who is
 * there stands beside DPDK's own devices, in a memzone, which stays for good.  Engines come and go in one
 * thread. */
#include "crypto/cryptodev.h"

#include <stdio.h>
#include <string.h>

#include <rte_memzone.h>

#define TABLE_NAME "esplab_cryptodev"

struct table {
	struct table_row {
		uint64_t users; /* bit n: queue pair n has an engine */
		unsigned pairs; /* that the device was started with */
	} device[RTE_CRYPTO_MAX_DEVS];
};

static struct table *
table_find(void)
{
	const struct rte_memzone *zone = rte_memzone_lookup(TABLE_NAME);

	return zone ? zone->addr : NULL;
}

static struct table *
table_make(void)
{
	struct table *table = table_find();
	const struct rte_memzone *zone;

	if (table)
		return table;
	zone = rte_memzone_reserve(TABLE_NAME, sizeof(*table), SOCKET_ID_ANY, 0);
	return zone ? memset(zone->addr, 0, sizeof(*table)) : NULL;
}

/* The n-th name with its arguments; NULL where there are fewer. */
static const char *
name_at(const char *text, unsigned n, size_t *bytes)
{
	for (;; n--) {
		text += strspn(text, " ");
		*bytes = strcspn(text, " ");
		if (!*bytes)
			return NULL;
		if (!n)
			return text;
		text += *bytes;
	}
}

/* The same device, whatever its arguments. */
static bool
same(const char *one, const char *other)
{
	size_t bytes = strcspn(one, ", ");

	return strcspn(other, ", ") == bytes && !memcmp(one, other, bytes);
}

enum status
cryptodev_share_find(struct cryptodev_share *share, const char *text, unsigned user, unsigned users,
	char *message, size_t bytes)
{
	unsigned names = 0;
	size_t length;

	*share = (struct cryptodev_share){.name = text, .bytes = strlen(text), .pairs = users ? users : 1};
	while (name_at(text, names, &length))
		names++;
	if (names > share->pairs) {
		snprintf(message, bytes,
			"device \"%s\" names %u devices for %u worker%s; allowed: as many as workers "
			"(live.workers), or fewer",
			text, names, share->pairs, share->pairs > 1 ? "s" : "");
		return ST_ERR_CONFIG;
	}
	if (user >= share->pairs || share->pairs > CRYPTODEV_PAIRS_MAX)
		return ST_ERR_RANGE;
	if (names)
		share->name = name_at(text, user % names, &share->bytes);
	share->pair = share->pairs = 0;
	for (unsigned i = 0; i < users || i == 0; i++) {
		bool mine = !names || same(name_at(text, i % names, &length), share->name);

		share->pair += mine && i < user;
		share->pairs += mine;
	}
	return ST_OK;
}

bool
cryptodev_share_joins(const struct cryptodev_device *device, uint8_t id)
{
	const struct table *table = table_find();

	return table && table->device[id].users && table->device[id].pairs == device->share.pairs &&
	       !(table->device[id].users >> device->share.pair & 1);
}

enum status
cryptodev_share_enter(struct cryptodev_device *device, char *message, size_t bytes)
{
	struct table *table = table_make();

	if (!table) {
		snprintf(message, bytes, "%s: no memory for a memzone", device->name);
		return ST_ERR_NOMEM;
	}
	table->device[device->id].users |= UINT64_C(1) << device->share.pair;
	table->device[device->id].pairs = device->share.pairs;
	device->shared = true;
	return ST_OK;
}

bool
cryptodev_share_leave(struct cryptodev_device *device)
{
	struct table_row *row = &table_find()->device[device->id];

	row->users &= ~(UINT64_C(1) << device->share.pair);
	device->shared = false;
	return !row->users;
}
