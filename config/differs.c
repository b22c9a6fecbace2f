/* What a running gateway cannot change: every key of keys.def but those that are listed here, so that a key
 * which is added is refused until somebody has seen to it.  Compares two configurations by the table. */
#include <stdio.h>
#include <string.h>

#include "config/cfg.h"
#include "config/cfg_net.h"
#include "config/keys.h"

/* Read from the configuration that is in force, or exchanged with it (dataplane/dp_sas.h). */
static const struct {
	enum section_id of;
	const char *name;
} changes[] = {
	{SECTION_GATEWAY, "sas"},
	{SECTION_GATEWAY, "policies"},
	{SECTION_GATEWAY, "log_rate"},
	{SECTION_GATEWAY, "log_burst"},
	{SECTION_GATEWAY, "fragmentation"},
	{SECTION_GATEWAY, "pmtu_ageing"},
	{SECTION_ROUTER, "routes"},
	{SECTION_ROUTER, "neighbours"},
	{SECTION_ROUTER, "poll_interval"}, /* a live gateway has none */
	{SECTION_PORT, "ip_mtu"},
	{SECTION_PORT, "tcp_adjust_mss"},
	{SECTION_PORT, "fragmentation"},
	{SECTION_PORT, "qos"},
};

static const size_t type_sizes[] = {
#define TYPE(id, ctype, text) [TYPE_##id] = sizeof(ctype),
#include "config/keys.def"
};

static bool
may_change(const struct key *key)
{
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (key->of == changes[i].of && !strcmp(key->name, changes[i].name))
			return true;
	return false;
}

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool
prefix_equal(const struct cfg_prefix *a, const struct cfg_prefix *b)
{
	return ip_equal(a->addr, b->addr) && a->len == b->len && a->only_v6 == b->only_v6;
}

static bool
addresses_equal(const struct cfg_port *a, const struct cfg_port *b)
{
	if (a->n_more != b->n_more)
		return false;
	for (unsigned i = 0; i < cfg_port_addresses(a); i++)
		if (!prefix_equal(cfg_port_address(a, i), cfg_port_address(b, i)))
			return false;
	return true;
}

/* The jobs of a fault. */
static bool
numbers_equal(const struct cfg_fault *a, const struct cfg_fault *b)
{
	return a->n_jobs == b->n_jobs && !memcmp(a->jobs, b->jobs, a->n_jobs * sizeof(*a->jobs));
}

/* The first key of a section that differs and may not; the member of a list where it stands, in *at. */
static const struct key *section_differs(
	enum section_id section, const void *a, const void *b, const void **at, enum section_id *of);

static const struct key *
list_differs(const struct key *key, const char *a, const char *b, const void **at, enum section_id *of)
{
	const char *const *members[] = {(const void *)a, (const void *)b};
	const unsigned *n[] = {(const void *)(a + sizeof(void *)), (const void *)(b + sizeof(void *))};
	size_t size = sections[key->member].size;
	const struct key *found = NULL;

	for (unsigned i = 0; i < *n[0] && i < *n[1] && !found; i++)
		found = section_differs(key->member, *members[0] + i * size, *members[1] + i * size, at, of);
	return !found && *n[0] != *n[1] ? key : found;
}

/* of_a, of_b: the groups that have the key. */
static bool
field_equal(const struct key *key, const void *of_a, const void *of_b)
{
	const char *a = (const char *)of_a + key->offset, *b = (const char *)of_b + key->offset;

	switch (key->type) {
	case TYPE_PREFIXES:
		return addresses_equal(of_a, of_b);
	case TYPE_NUMBERS:
		return numbers_equal(of_a, of_b);
	case TYPE_STRING:
	case TYPE_NAME:
	case TYPE_WORD:
		return text_equal(
			*(const char *const *)(const void *)a, *(const char *const *)(const void *)b);
	case TYPE_PREFIX:
		return prefix_equal((const void *)a, (const void *)b);
	default:
		return !memcmp(a, b, type_sizes[key->type]);
	}
}

static const struct key *
section_differs(enum section_id section, const void *a, const void *b, const void **at, enum section_id *of)
{
	for (unsigned i = 0; i < key_count; i++) {
		const struct key *key = &keys[i], *found = NULL;
		const char *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;

		if (!key_belongs(key, section) || may_change(key))
			continue;
		if (key->type == TYPE_LIST)
			found = list_differs(key, x, y, at, of);
		else if (!field_equal(key, a, b))
			found = key;
		if (!found)
			continue;
		if (!*at) {
			*at = b;
			*of = section;
		}
		return found;
	}
	return NULL;
}

/* Where the group stands that it is in. */
static struct cfg_where
where_of(enum section_id section, const void *at)
{
	switch (section) {
	case SECTION_GATEWAY:
		return ((const struct cfg_gateway *)at)->where;
	case SECTION_PORT:
		return ((const struct cfg_port *)at)->where;
	case SECTION_ENGINE:
		return ((const struct cfg_engine *)at)->where;
	case SECTION_FAULT:
		return ((const struct cfg_fault *)at)->where;
	default:
		return (struct cfg_where){NULL, 0};
	}
}

static bool
differs(enum section_id section, const void *was, const void *now, const char *file, char *message,
	size_t bytes)
{
	const void *at = NULL;
	enum section_id of = section;
	const struct key *key = section_differs(section, was, now, &at, &of);
	struct cfg_where where;

	if (!key)
		return false;
	where = where_of(of, at);
	if (where.file)
		snprintf(message, bytes, "%s:%u: %s: ", where.file, where.line, key->name);
	else
		snprintf(message, bytes, "%s: %s.%s: ", file, sections[of].heading, key->name);
	snprintf(message + strlen(message), bytes - strlen(message),
		"cannot change while the gateway runs; allowed: as it was at the start");
	return true;
}

bool
cfg_fixed_differs(const struct cfg_lab *was, const struct cfg_gateway *was_gateway, const struct cfg_lab *now,
	const struct cfg_gateway *now_gateway, char *message, size_t bytes)
{
	if (differs(SECTION_GATEWAY, was_gateway, now_gateway, now->file, message, bytes))
		return true;
	if (!was || !was->is_site)
		return false;
	if (differs(SECTION_LIVE, &was->live, &now->live, now->file, message, bytes))
		return true;
	for (unsigned i = 0; i < was->n_engines && i < now->n_engines; i++)
		if (differs(SECTION_ENGINE, &was->engines[i], &now->engines[i], now->file, message, bytes))
			return true;
	if (was->n_engines == now->n_engines)
		return false;
	snprintf(message, bytes,
		"%s: engines: cannot change while the gateway runs; allowed: as it was at the start",
		now->file);
	return true;
}
