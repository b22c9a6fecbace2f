/* The order of checks, names that stand twice, and words that only the layers above know. */
#include <stdio.h>
#include <string.h>

#include "base/lookup.h"
#include "config/check.h"
#include "config/read.h"

/* The name is the first field of everything that has one. */
static const char *
name_at(const void *objects, size_t size, unsigned i)
{
	const char *const *name = (const void *)((const char *)objects + i * size);

	return *name;
}

/* Says which members of an array have a name that an earlier one has. */
static void
refuse_twins(const struct check *check, const void *objects, unsigned n, size_t size)
{
	struct lookup names;

	if (lookup_create(&names, n)) {
		check->arena->failed = true;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		const char *name = name_at(objects, size, i);
		uint64_t hash = lookup_hash_text(0, name);
		uint32_t slot, at = lookup_first(&names, hash, &slot);

		while (at != LOOKUP_NONE && strcmp(name_at(objects, size, at), name) != 0)
			at = lookup_next(&names, &slot);
		if (at == LOOKUP_NONE)
			lookup_add(&names, hash, i);
		else
			check_fault(check, (const char *)objects + i * size, "name",
				"the name \"%s\" is taken; allowed: each name once", name);
	}
	lookup_destroy(&names);
}

static void
check_gateway_names(const struct check *check, const struct cfg_gateway *gateway)
{
	const struct cfg_lab *lab = check->lab;

	for (unsigned h = 0; h < lab->n_hosts; h++)
		if (strcmp(lab->hosts[h].name, gateway->name) == 0)
			check_fault(check, gateway, "name",
				"a host is called \"%s\" too; allowed: each name once", gateway->name);
	refuse_twins(check, gateway->ports, gateway->n_ports, sizeof(*gateway->ports));
	refuse_twins(check, gateway->sas, gateway->n_sas, sizeof(*gateway->sas));
	refuse_twins(check, gateway->policies, gateway->n_policies, sizeof(*gateway->policies));
	for (unsigned p = 0; p < gateway->n_ports; p++)
		refuse_twins(check, gateway->ports[p].qos.classes, gateway->ports[p].qos.n_classes,
			sizeof(struct cfg_class));
}

void
check_names(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	refuse_twins(check, lab->engines, lab->n_engines, sizeof(*lab->engines));
	refuse_twins(check, lab->hosts, lab->n_hosts, sizeof(*lab->hosts));
	refuse_twins(check, lab->gateways, lab->n_gateways, sizeof(*lab->gateways));
	refuse_twins(check, lab->links, lab->n_links, sizeof(*lab->links));
	refuse_twins(check, lab->traffic, lab->n_traffic, sizeof(*lab->traffic));
	refuse_twins(check, lab->changes, lab->n_changes, sizeof(*lab->changes));
	refuse_twins(check, lab->variants, lab->n_variants, sizeof(*lab->variants));
	for (unsigned i = 0; i < lab->n_links; i++)
		refuse_twins(check, lab->links[i].paths, lab->links[i].n_paths, sizeof(struct cfg_path));
	for (unsigned g = 0; g < lab->n_gateways; g++)
		check_gateway_names(check, &lab->gateways[g]);
}

/* Names of engines and words of a hook, for one message. */
struct known {
	const char *const *words;
	const struct cfg_engine *engines;
	unsigned n_engines;
};

static const char *
known_word(const struct known *known, unsigned i)
{
	if (i < known->n_engines)
		return known->engines[i].name;
	return known->words[i - known->n_engines];
}

/* A word that a layer above must know, or the name of an engine. */
static void
check_word(const struct check *check, const void *object, const char *key, const char *word,
	const struct known *known)
{
	char allowed[400] = "";
	struct nearest near;
	const char *text;

	nearest_init(&near, word);
	for (unsigned i = 0; (text = known_word(known, i)) != NULL; i++) {
		size_t used = strlen(allowed);

		if (strcmp(text, word) == 0)
			return;
		nearest_offer(&near, text);
		snprintf(allowed + used, sizeof(allowed) - used, "%s%s", used ? ", " : "", text);
	}
	check_fault(
		check, object, key, "unknown word \"%s\"; allowed: %s%s", word, allowed, nearest_text(&near));
}

static void
check_engines(const struct check *check)
{
	const struct known kinds = {.words = check->hooks->engine_names};
	const struct known cards = {.words = check->hooks->card_names};
	const struct known inner = {check->hooks->engine_names, check->lab->engines, check->lab->n_engines};

	for (unsigned i = 0; i < check->lab->n_engines; i++) {
		const struct cfg_engine *engine = &check->lab->engines[i];

		check_word(check, engine, "kind", engine->kind, &kinds);
		check_word(check, engine, "inner", engine->inner, &inner);
		if (engine->profile != NULL)
			check_word(check, engine, "profile", engine->profile, &cards);
		for (unsigned k = 0; check->hooks->engine_names[k] != NULL; k++)
			if (strcmp(check->hooks->engine_names[k], engine->name) == 0)
				check_fault(check, engine, "name",
					"\"%s\" is a kind of engine; allowed: any other name", engine->name);
	}
}

void
check_words(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;
	const struct known engines = {check->hooks->engine_names, lab->engines, lab->n_engines};
	const struct known designs = {.words = check->hooks->replay_names};

	check_engines(check);
	if (lab->reorder_depth & (lab->reorder_depth - 1))
		check_fault(check, lab, "reorder_depth",
			"%u is no power of two; allowed: 64, 128, ... 1048576", lab->reorder_depth);
	for (unsigned g = 0; g < lab->n_gateways; g++) {
		const struct cfg_gateway *gateway = &lab->gateways[g];

		if (gateway->is_router)
			continue;
		check_word(check, gateway, "engine", gateway->engine, &engines);
		for (unsigned i = 0; i < gateway->n_sas; i++)
			check_word(check, &gateway->sas[i], "replay", gateway->sas[i].replay, &designs);
	}
}

void
check_all(const struct check *check)
{
	check_names(check);
	check_words(check);
	resolve_traffic(check);
	resolve_engines(check);
	check_engine_faults(check);
	resolve_links(check);
	resolve_gateways(check);
	resolve_changes(check);
	check_sas(check);
	check_policies(check);
	check_traffic(check);
	if (check->faults->count)
		return;
	check_links(check);
	check_addresses(check);
	check_routes(check);
	check_qos(check);
	check_changes(check);
	if (check->faults->count)
		return;
	check_walk(check);
}
