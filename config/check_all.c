/* The order of checks, names that stand twice, and words that only the layers above know. */
#include <stdio.h>
#include <string.h>

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
	for (unsigned i = 1; i < n; i++) {
		const char *name = name_at(objects, size, i);
		unsigned first = 0;

		while (first < i && strcmp(name_at(objects, size, first), name) != 0)
			first++;
		if (first < i)
			check_fault(check, (const char *)objects + i * size, "name",
				"the name \"%s\" is taken; allowed: each name once", name);
	}
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

static void
check_names(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	refuse_twins(check, lab->hosts, lab->n_hosts, sizeof(*lab->hosts));
	refuse_twins(check, lab->gateways, lab->n_gateways, sizeof(*lab->gateways));
	refuse_twins(check, lab->links, lab->n_links, sizeof(*lab->links));
	refuse_twins(check, lab->traffic, lab->n_traffic, sizeof(*lab->traffic));
	refuse_twins(check, lab->variants, lab->n_variants, sizeof(*lab->variants));
	for (unsigned i = 0; i < lab->n_links; i++)
		refuse_twins(check, lab->links[i].paths, lab->links[i].n_paths, sizeof(struct cfg_path));
	for (unsigned g = 0; g < lab->n_gateways; g++)
		check_gateway_names(check, &lab->gateways[g]);
}

/* A word that a layer above must know. */
static void
check_hook_word(const struct check *check, const void *object, const char *key, const char *word,
	const char *const *known)
{
	char allowed[400] = "";
	struct nearest near;

	nearest_init(&near, word);
	for (; *known != NULL; known++) {
		size_t used = strlen(allowed);

		if (strcmp(*known, word) == 0)
			return;
		nearest_offer(&near, *known);
		snprintf(allowed + used, sizeof(allowed) - used, "%s%s", used ? ", " : "", *known);
	}
	check_fault(
		check, object, key, "unknown word \"%s\"; allowed: %s%s", word, allowed, nearest_text(&near));
}

static void
check_words(const struct check *check)
{
	const struct cfg_lab *lab = check->lab;

	if (lab->reorder_depth & (lab->reorder_depth - 1))
		check_fault(check, lab, "reorder_depth",
			"%u is no power of two; allowed: 64, 128, ... 1048576", lab->reorder_depth);
	for (unsigned g = 0; g < lab->n_gateways; g++) {
		const struct cfg_gateway *gateway = &lab->gateways[g];

		if (gateway->is_router)
			continue;
		check_hook_word(check, gateway, "engine", gateway->engine, check->hooks->engine_names);
		for (unsigned i = 0; i < gateway->n_sas; i++)
			check_hook_word(check, &gateway->sas[i], "replay", gateway->sas[i].replay,
				check->hooks->replay_names);
	}
}

void
check_all(const struct check *check)
{
	check_names(check);
	check_words(check);
	resolve_traffic(check);
	resolve_links(check);
	resolve_gateways(check);
	check_sas(check);
	check_policies(check);
	check_traffic(check);
	if (check->faults->count)
		return;
	check_links(check);
	check_addresses(check);
	check_routes(check);
	check_qos(check);
	if (check->faults->count)
		return;
	check_walk(check);
}
