/* The device of an engine cryptodev: found by its PCI address, or made from the name of a driver.
 *
 * "crypto_openssl0,max_nb_queue_pairs=2" is a name and DPDK's device arguments.  A name without a number gets
 * the first that is free.  The workers of a crypto_scheduler ("crypto_scheduler,worker=crypto_openssl,
 * worker=crypto_aesni_mb,mode=round-robin") are made likewise.  One engine, one device, and a second that
 * names the same one is refused, unless both are of one gateway's workers (cryptodev_share.c): then the first
 * sets up queue pairs for all, and the last takes the device away.  EAL must run; PCI devices must have been
 * let in when it was started.
 *
 * Drivers give a queue pair back only when a device is configured anew with fewer, and none with 0; what was
 * not given back is lost in EAL's memory when the device goes, but for rings, which a later device of the
 * same id finds by their name.  A made device therefore has one pair more and does not set up the first,
 * where it can have so many; one more configuration gives back the others.  The scheduler cannot live with
 * half of its pairs.  Left for good are 960 bytes for each device, DPDK's own lists of callbacks, and 3.5 KiB
 * for each scheduler with two workers. */
#include "crypto/cryptodev.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "base/distance.h"

#define ARGS_MAX 512
#define SCHEDULER "crypto_scheduler"
/* All rings that schedulers leave behind have one size, as a later device of the same id gets them. */
#define SCHEDULER_DESCRIPTORS 8192u

/* A piece of the text that names a device. */
struct part {
	const char *text;
	size_t bytes;
};

static struct part
part_next(const char **rest)
{
	struct part part = {*rest, strcspn(*rest, ",")};

	*rest += part.bytes;
	*rest += **rest == ',';
	return part;
}

static bool
is_pci(const struct part *name)
{
	return memchr(name->text, ':', name->bytes) != NULL;
}

/* Drivers that are loaded here; "crypto_" is how all of those that can be made begin. */
static void
append_drivers(char *message, size_t bytes)
{
	const char *name, *comma = "";

	for (unsigned i = 0; i < UINT8_MAX && (name = rte_cryptodev_driver_name_get((uint8_t)i)); i++) {
		size_t used = strnlen(message, bytes);

		if (strncmp(name, "crypto_", 7) || used >= bytes)
			continue;
		snprintf(message + used, bytes - used, "%s%s", comma, name);
		comma = ", ";
	}
}

/* The driver that makes devices of this name; the longest, as one name may begin another. */
static const char *
driver_of(const struct part *name)
{
	const char *driver, *found = NULL;

	for (unsigned i = 0; i < UINT8_MAX && (driver = rte_cryptodev_driver_name_get((uint8_t)i)); i++) {
		size_t n = strlen(driver);

		if (n <= name->bytes && !memcmp(driver, name->text, n) && (!found || n > strlen(found)))
			found = driver;
	}
	return found;
}

/* "; did you mean \"crypto_openssl\"?" where a third of the letters, at most, are wrong. */
static void
append_nearest(const struct part *name, char *message, size_t bytes)
{
	unsigned least = (unsigned)name->bytes / 3 + 1;
	const char *driver, *nearest = NULL;
	size_t used = strnlen(message, bytes);

	for (unsigned i = 0; i < UINT8_MAX && (driver = rte_cryptodev_driver_name_get((uint8_t)i)); i++) {
		unsigned distance = text_distance(name->text, name->bytes, driver, strlen(driver));

		if (distance < least) {
			least = distance;
			nearest = driver;
		}
	}
	if (nearest)
		snprintf(message + used, bytes - used, "; did you mean \"%s\"?", nearest);
}

static enum status
refuse_name(const struct part *name, char *message, size_t bytes)
{
	snprintf(message, bytes, "device \"%.*s\": no driver makes it; allowed: a PCI address, or ",
		(int)name->bytes, name->text);
	append_drivers(message, bytes);
	append_nearest(name, message, bytes);
	return ST_ERR_NOT_FOUND;
}

/* That of crypto_chacha20_poly1305 is its driver's. */
static bool
is_numbered(const struct part *name)
{
	const char *driver = driver_of(name);

	return driver && name->bytes > strlen(driver) && isdigit((unsigned char)name->text[name->bytes - 1]);
}

/* The name with a number, into out. */
static enum status
name_complete(const struct part *name, char out[CRYPTODEV_NAME_MAX], char *message, size_t bytes)
{
	if (!driver_of(name) || name->bytes >= CRYPTODEV_NAME_MAX - 4)
		return refuse_name(name, message, bytes);
	snprintf(out, CRYPTODEV_NAME_MAX, "%.*s", (int)name->bytes, name->text);
	if (is_numbered(name)) {
		if (rte_cryptodev_get_dev_id(out) < 0)
			return ST_OK;
		snprintf(message, bytes,
			"device \"%s\" has an engine already; without its number each engine gets a device "
			"of "
			"its own",
			out);
		return ST_ERR_EXISTS;
	}
	for (unsigned i = 0; i < RTE_CRYPTO_MAX_DEVS; i++) {
		snprintf(out, CRYPTODEV_NAME_MAX, "%.*s%u", (int)name->bytes, name->text, i);
		if (rte_cryptodev_get_dev_id(out) < 0)
			return ST_OK;
	}
	snprintf(message, bytes, "device \"%.*s\": DPDK takes %u devices and no more", (int)name->bytes,
		name->text, RTE_CRYPTO_MAX_DEVS);
	return ST_ERR_RANGE;
}

/* Makes "name,args"; *id is the new device. */
static enum status
device_make(const char *devargs, const char *name, uint8_t *id, char *message, size_t bytes)
{
	int error = rte_dev_probe(devargs);
	int found = rte_cryptodev_get_dev_id(name);

	if (error || found < 0) {
		snprintf(message, bytes, "device \"%s\": its driver does not make it: %s", devargs,
			error ? strerror(-error) : "no such device afterwards");
		return ST_ERR_UNSUPPORTED;
	}
	*id = (uint8_t)found;
	return ST_OK;
}

static void
device_remove(uint8_t id)
{
	struct rte_cryptodev_info info;

	rte_cryptodev_info_get(id, &info);
	rte_dev_remove(info.device);
}

/* "worker=NAME": makes NAME, and appends what the scheduler is to be told. */
static enum status
worker_make(struct cryptodev_device *device, const struct part *part, char *args, char *message, size_t bytes)
{
	struct part name = {strchr(part->text, '=') + 1, 0};
	char full[CRYPTODEV_NAME_MAX];
	enum status status;

	name.bytes = part->bytes - (size_t)(name.text - part->text);
	if (device->n_workers == CRYPTODEV_WORKERS_MAX) {
		snprintf(message, bytes, "a scheduler has at most %d workers", CRYPTODEV_WORKERS_MAX);
		return ST_ERR_RANGE;
	}
	status = name_complete(&name, full, message, bytes);
	if (status == ST_OK)
		status = device_make(full, full, &device->workers[device->n_workers], message, bytes);
	if (status != ST_OK)
		return status;
	device->n_workers++;
	snprintf(args + strlen(args), ARGS_MAX - strlen(args), ",worker=%s", full);
	return ST_OK;
}

/* Of a name that workers have in common: without a number they have a device each.  True: it is there, and
 * theirs. */
static bool
device_join(struct cryptodev_device *device, const struct part *name)
{
	char text[CRYPTODEV_NAME_MAX];
	int id;

	if (!is_numbered(name))
		device->share.pair = device->share.pairs = 0;
	if (device->share.pairs < 2)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)name->bytes, name->text);
	id = rte_cryptodev_get_dev_id(text);
	if (id < 0 || !cryptodev_share_joins(device, (uint8_t)id))
		return false;
	memcpy(device->name, text, sizeof(text));
	device->id = (uint8_t)id;
	return device->joined = true;
}

static enum status
device_from_driver(struct cryptodev_device *device, const struct part *name, const char *rest, char *message,
	size_t bytes)
{
	char args[ARGS_MAX];

	if (device_join(device, name))
		return ST_OK;
	bool scheduler = !strncmp(name->text, SCHEDULER, strlen(SCHEDULER));
	enum status status = name_complete(name, device->name, message, bytes);
	if (status == ST_OK && device->share.pairs > 1 && scheduler) {
		snprintf(message, bytes,
			"device \"%s\": a scheduler has one engine; without its number each of %u workers "
			"gets one of its own",
			device->name, device->share.pairs);
		return ST_ERR_CONFIG;
	}
	snprintf(args, sizeof(args), "%s", device->name);
	while (status == ST_OK && *rest) {
		struct part part = part_next(&rest);

		if (strlen(args) + part.bytes + CRYPTODEV_NAME_MAX > sizeof(args)) {
			snprintf(message, bytes, "the arguments of device \"%s\" are too long", device->name);
			return ST_ERR_RANGE;
		}
		if (!strncmp(part.text, "worker=", 7))
			status = worker_make(device, &part, args, message, bytes);
		else
			snprintf(args + strlen(args), sizeof(args) - strlen(args), ",%.*s", (int)part.bytes,
				part.text);
	}
	if (status == ST_OK && !device->n_workers && scheduler) {
		snprintf(message, bytes,
			"device \"%s\": without workers it does not start; allowed: " SCHEDULER
			",worker=crypto_openssl,worker=crypto_aesni_mb,mode=round-robin",
			device->name);
		return ST_ERR_CONFIG;
	}
	if (status == ST_OK)
		status = device_make(args, device->name, &device->id, message, bytes);
	device->made = status == ST_OK;
	return status;
}

/* Drivers of hardware name their devices after the address: "0000:3d:01.0_qat_sym". */
static int
pci_find(const struct part *name)
{
	struct rte_cryptodev_info info;

	for (unsigned id = 0; id < RTE_CRYPTO_MAX_DEVS; id++) {
		if (!rte_cryptodev_is_valid_dev((uint8_t)id) ||
			strncmp(rte_cryptodev_name_get((uint8_t)id), name->text, name->bytes))
			continue;
		rte_cryptodev_info_get((uint8_t)id, &info);
		if (info.feature_flags & RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO)
			return (int)id;
	}
	return -1;
}

/* EAL has found it when it started; a later engine lets it be found again, as it goes with its engine. */
static enum status
device_from_pci(struct cryptodev_device *device, const struct part *name, char *message, size_t bytes)
{
	int id = pci_find(name);

	snprintf(device->name, sizeof(device->name), "%.*s", (int)name->bytes, name->text);
	if (id < 0 && !rte_dev_probe(device->name))
		id = pci_find(name);
	if (id < 0) {
		snprintf(message, bytes,
			"device \"%s\": no crypto device at this PCI address, or none that a driver of DPDK "
			"is "
			"bound to (dpdk-devbind.py --status)",
			device->name);
		return ST_ERR_NOT_FOUND;
	}
	device->joined = device->share.pairs > 1 && cryptodev_share_joins(device, (uint8_t)id);
	if (!device->joined && rte_cryptodev_queue_pair_count((uint8_t)id)) {
		snprintf(message, bytes, "device \"%s\" has an engine already; allowed: one", device->name);
		return ST_ERR_EXISTS;
	}
	device->id = (uint8_t)id;
	device->made = !device->joined;
	device->hardware = true;
	return ST_OK;
}

static unsigned
quirks_of(const char *driver)
{
	static const struct {
		const char *driver;
		unsigned what;
	} rows[] = {
#define QUIRK(driver, what, text) {driver, CRYPTODEV_QUIRK(what)},
#define QUIRK_KIND(name, text)
#include "crypto/cryptodev_quirk.def"
#undef QUIRK
#undef QUIRK_KIND
		{"", 0},
	};
	unsigned quirks = 0;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].driver, driver))
			quirks |= rows[i].what;
	return quirks;
}

/* A scheduler's faults are those of all its workers. */
static enum status
device_describe(struct cryptodev_device *device, char *message, size_t bytes)
{
	struct rte_cryptodev_info info;

	rte_cryptodev_info_get(device->id, &info);
	device->driver = info.driver_name;
	device->features = info.feature_flags;
	device->quirks = quirks_of(info.driver_name);
	if (device->share.pairs > 1 && device->share.pairs > info.max_nb_queue_pairs) {
		snprintf(message, bytes,
			"device \"%s\" has %u queue pairs, but %u workers are to have one each; allowed: "
			"fewer workers, or more devices, with spaces between",
			device->name, info.max_nb_queue_pairs, device->share.pairs);
		return ST_ERR_RANGE;
	}
	device->share.pairs = RTE_MAX(device->share.pairs, 1u);
	device->spare = !device->hardware && !device->n_workers &&
			info.max_nb_queue_pairs > device->share.pairs;
	device->queue_pair = (uint16_t)(device->spare + device->share.pair);
	for (unsigned i = 0; i < device->n_workers; i++) {
		rte_cryptodev_info_get(device->workers[i], &info);
		device->quirks |= quirks_of(info.driver_name);
		device->features &= info.feature_flags | RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO;
	}
	return ST_OK;
}

/* A ring of n holds n - 1. */
static unsigned
descriptors_of(const struct cryptodev_device *device, unsigned queue)
{
	return device->spare || device->hardware ? rte_align32pow2(queue + 1) : SCHEDULER_DESCRIPTORS;
}

static enum status
device_start(struct cryptodev_device *device, unsigned queue, char *message, size_t bytes)
{
	uint16_t first = device->spare, n = (uint16_t)(first + device->share.pairs);
	struct rte_cryptodev_config config = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = n};
	struct rte_cryptodev_qp_conf pair = {.nb_descriptors = descriptors_of(device, queue)};
	const char *what = "configured";
	int error = rte_cryptodev_configure(device->id, &config);

	for (uint16_t i = first; i < n && !error; i++) {
		what = "given a queue";
		error = rte_cryptodev_queue_pair_setup(device->id, i, &pair, SOCKET_ID_ANY);
	}
	if (!error) {
		what = "started";
		error = rte_cryptodev_start(device->id);
	}
	if (error) {
		snprintf(message, bytes, "%s cannot be %s (queue %u): %s", device->name, what, queue,
			strerror(-error));
		return ST_ERR_UNSUPPORTED;
	}
	device->started = true;
	return ST_OK;
}

static enum status
device_find(struct cryptodev_device *device, const char *text, char *message, size_t bytes)
{
	const char *rest = text;
	struct part name = part_next(&rest);
	enum status status = is_pci(&name) ? device_from_pci(device, &name, message, bytes)
					   : device_from_driver(device, &name, rest, message, bytes);

	return status ? status : device_describe(device, message, bytes);
}

enum status
cryptodev_device_open(struct cryptodev_device *device, const char *text, unsigned user, unsigned users,
	unsigned queue, char *message, size_t bytes)
{
	*device = (struct cryptodev_device){0};
	enum status status = cryptodev_share_find(&device->share, text, user, users, message, bytes);
	char *name = status ? NULL : strndup(device->share.name, device->share.bytes);

	if (!name)
		return status ? status : ST_ERR_NOMEM;
	status = device_find(device, name, message, bytes);
	free(name);
	device->queue = RTE_MIN(queue, descriptors_of(device, queue) - 1);
	if (status == ST_OK && !device->joined)
		status = device_start(device, queue, message, bytes);
	if (status == ST_OK && device->share.pairs > 1)
		status = cryptodev_share_enter(device, message, bytes);
	if (status == ST_OK)
		device->started = device->made = true;
	else if (device->joined) /* others work with it */
		*device = (struct cryptodev_device){0};
	else
		cryptodev_device_close(device);
	return status;
}

bool
cryptodev_device_close(struct cryptodev_device *device)
{
	struct rte_cryptodev_config config = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 1};
	bool last = !device->shared || cryptodev_share_leave(device);

	if (last && device->started)
		rte_cryptodev_stop(device->id);
	if (last && device->spare)
		rte_cryptodev_configure(device->id, &config);
	if (last && device->started)
		rte_cryptodev_close(device->id);
	if (last && device->made)
		device_remove(device->id);
	while (device->n_workers)
		device_remove(device->workers[--device->n_workers]);
	*device = (struct cryptodev_device){0};
	return last;
}
