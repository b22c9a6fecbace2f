/* Names into indices, and defaults that depend on other keys.  A name that is not known is a fault; the index
 * then stays CFG_NONE. */
#include "config/check.h"

#include <stdio.h>
#include <string.h>

#include "base/lookup.h"
#include "config/words.h"

/* Frames of 64, 594 and 1518 bytes, 7:4:1: the simple IMIX, as sizes of IP packets. */
static const struct cfg_imix_entry default_mix[] = {{46, 7}, {576, 4}, {1500, 1}};
#define TCP_PROTOCOL 6
#define ICMP_PROTOCOL 1u
#define ICMP6_PROTOCOL 58u
#define TRAFFIC_SIZE 1400u /* bytes of IP packet, where none is said */
#define PING_SIZE 100u
#define IPV6_UDP_BYTES 48 /* more than such a frame holds: the smallest is two bytes longer then */

/* Offers what is known to near, as find_port(). */
static uint32_t
find_host(const struct cfg_lab *lab, const char *name, struct nearest *near)
{
	for (unsigned h = 0; h < lab->n_hosts; h++) {
		if (strcmp(lab->hosts[h].name, name) == 0)
			return h;
		nearest_offer(near, lab->hosts[h].name);
	}
	return CFG_NONE;
}

static uint32_t
resolve_host(const struct check *check, const struct cfg_traffic *traffic, const char *key, const char *name)
{
	struct nearest near;
	uint32_t host;

	nearest_init(&near, name);
	host = find_host(check->lab, name, &near);
	if (host == CFG_NONE)
		check_fault(check, traffic, key, "no host is called \"%s\"; allowed: the name of a host%s",
			name, nearest_text(&near));
	return host;
}

static struct cfg_end
find_port(const struct check *check, const char *text, struct nearest *near)
{
	const struct cfg_lab *lab = check->lab;

	for (unsigned g = 0; g < lab->n_gateways; g++) {
		const struct cfg_gateway *gateway = &lab->gateways[g];

		for (unsigned p = 0; p < gateway->n_ports; p++) {
			const char *name = arena_print(
				check->arena, "%s.%s", gateway->name, gateway->ports[p].name);

			if (name == NULL)
				break;
			if (strcmp(name, text) == 0)
				return (struct cfg_end){lab->n_hosts + g, p};
			nearest_offer(near, name);
		}
	}
	return (struct cfg_end){CFG_NONE, CFG_NONE};
}

static struct cfg_end
resolve_end(const struct check *check, const void *object, const char *key, const char *text)
{
	struct nearest near;
	struct cfg_end end;

	nearest_init(&near, text);
	end = (struct cfg_end){find_host(check->lab, text, &near), 0};
	if (end.node == CFG_NONE)
		end = find_port(check, text, &near);
	if (end.node == CFG_NONE)
		check_fault(check, object, key,
			"\"%s\" names nothing; allowed: \"host\" or \"gateway.port\"%s", text,
			nearest_text(&near));
	return end;
}

/* Gateways answer echoes, and take nothing else. */
static void
resolve_target(const struct check *check, struct cfg_traffic *traffic)
{
	struct nearest near;

	if (traffic->kind == CFG_TRAFFIC_PING) {
		traffic->to_end = resolve_end(check, traffic, "to", traffic->to);
		return;
	}
	nearest_init(&near, traffic->to);
	traffic->to_end = (struct cfg_end){CFG_NONE, 0};
	if (strchr(traffic->to, '.') && find_port(check, traffic->to, &near).node != CFG_NONE)
		check_fault(check, traffic, "to",
			"\"%s\" is a port, and kind \"%s\" wants a host; allowed: the name of a host, or "
			"kind \"ping\"",
			traffic->to, cfg_traffic_kind_word(traffic->kind));
	else
		traffic->to_end.node = resolve_host(check, traffic, "to", traffic->to);
}

/* What TCP sends back is a class of its own: ACKs are no data; and so are the answers to echoes. */
static void
resolve_both_ways(const struct check *check, struct cfg_traffic *traffic)
{
	bool v4 = traffic->from_host == CFG_NONE || ip_is_v4(check->lab->hosts[traffic->from_host].address);

	traffic->class_back = arena_print(check->arena, "%s back", traffic->class_name);
	if (traffic->kind == CFG_TRAFFIC_TCP)
		traffic->proto = TCP_PROTOCOL;
	else
		traffic->proto = v4 ? ICMP_PROTOCOL : ICMP6_PROTOCOL;
}

void
resolve_traffic(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_traffic; i++) {
		struct cfg_traffic *traffic = &check->lab->traffic[i];

		traffic->from_host = resolve_host(check, traffic, "from", traffic->from);
		resolve_target(check, traffic);
		if (traffic->class_name == NULL)
			traffic->class_name = traffic->name;
		if (traffic->kind == CFG_TRAFFIC_TCP || traffic->kind == CFG_TRAFFIC_PING)
			resolve_both_ways(check, traffic);
		if (!traffic->size)
			traffic->size = traffic->kind == CFG_TRAFFIC_PING ? PING_SIZE : TRAFFIC_SIZE;
		if (traffic->kind != CFG_TRAFFIC_IMIX || traffic->n_mix != 0)
			continue;
		traffic->mix = arena_alloc(check->arena, 1, sizeof(default_mix));
		if (traffic->mix == NULL)
			return;
		memcpy(traffic->mix, default_mix, sizeof(default_mix));
		if (traffic->from_host != CFG_NONE &&
			!ip_is_v4(check->lab->hosts[traffic->from_host].address))
			traffic->mix[0].bytes = IPV6_UDP_BYTES;
		traffic->n_mix = sizeof(default_mix) / sizeof(default_mix[0]);
	}
}

void
resolve_links(const struct check *check)
{
	struct cfg_lab *lab = check->lab;

	for (unsigned i = 0; i < lab->n_links; i++) {
		struct cfg_link *link = &lab->links[i];

		for (unsigned e = 0; e < 2; e++)
			link->end[e] = resolve_end(check, link, "ends", link->ends[e]);
	}
}

void
resolve_changes(const struct check *check)
{
	for (unsigned i = 0; i < check->lab->n_changes; i++) {
		struct cfg_change *change = &check->lab->changes[i];
		struct nearest near;

		nearest_init(&near, change->port);
		change->end = find_port(check, change->port, &near);
		if (change->end.node == CFG_NONE)
			check_fault(check, change, "port",
				"\"%s\" names no port; allowed: \"gateway.port\"%s", change->port,
				nearest_text(&near));
	}
}

static const struct cfg_engine *
find_engine(const struct cfg_lab *lab, const char *name)
{
	for (unsigned i = 0; i < lab->n_engines; i++)
		if (strcmp(lab->engines[i].name, name) == 0)
			return &lab->engines[i];
	return NULL;
}

/* The engine of that name, or one with the name of its kind and nothing else, as the owner's instance. */
static const struct cfg_engine *
resolve_engine(const struct check *check, const char *name, const char *owner)
{
	const struct cfg_engine *found = find_engine(check->lab, name);
	struct cfg_engine *engine = arena_alloc(check->arena, 1, sizeof(*engine));

	if (engine == NULL)
		return NULL;
	*engine = found != NULL ? *found : (struct cfg_engine){.name = name, .kind = name};
	engine->seed = check->lab->seed;
	engine->owner = owner;
	return engine;
}

void
resolve_engines(const struct check *check)
{
	struct cfg_lab *lab = check->lab;

	for (unsigned i = 0; i < lab->n_engines; i++)
		lab->engines[i].inner_engine = resolve_engine(check, lab->engines[i].inner, NULL);
	for (unsigned g = 0; g < lab->n_gateways; g++)
		if (!lab->gateways[g].is_router)
			lab->gateways[g].engine_cfg = resolve_engine(
				check, lab->gateways[g].engine, lab->gateways[g].name);
}

/* names: of the gateway's SAs. */
static uint32_t
find_sa(const struct check *check, const struct cfg_gateway *gateway, const struct lookup *names,
	const void *object, const char *key, const char *name)
{
	struct nearest near;
	uint32_t slot, at;

	if (name == NULL)
		return CFG_NONE;
	for (at = lookup_first(names, lookup_hash_text(0, name), &slot); at != LOOKUP_NONE;
		at = lookup_next(names, &slot))
		if (strcmp(gateway->sas[at].name, name) == 0)
			return at;
	nearest_init(&near, name);
	for (unsigned i = 0; i < gateway->n_sas; i++)
		nearest_offer(&near, gateway->sas[i].name);
	check_fault(check, object, key, "%s has no SA \"%s\"; allowed: the name of one of its sas%s",
		gateway->name, name, nearest_text(&near));
	return CFG_NONE;
}

static void
resolve_sas(const struct check *check, struct cfg_gateway *gateway)
{
	struct lookup names;

	if (lookup_create(&names, gateway->n_sas)) {
		check->arena->failed = true;
		return;
	}
	for (unsigned i = 0; i < gateway->n_sas; i++)
		lookup_add(&names, lookup_hash_text(0, gateway->sas[i].name), i);
	for (unsigned i = 0; i < gateway->n_policies; i++) {
		struct cfg_policy *policy = &gateway->policies[i];

		policy->sa_index = find_sa(check, gateway, &names, policy, "sa", policy->sa);
	}
	for (unsigned i = 0; i < gateway->n_sas; i++) {
		struct cfg_sa *sa = &gateway->sas[i];

		sa->over_index = find_sa(check, gateway, &names, sa, "over", sa->over);
	}
	lookup_destroy(&names);
}

static void
resolve_route(const struct cfg_gateway *gateway, struct cfg_route *route)
{
	if (route->to.len == 0 && !route->to.only_v6) /* "any": what the next hop can take */
		route->to = ip_is_v4(route->via) ? CFG_PREFIX_V4(0, 0) : (struct cfg_prefix){.only_v6 = true};
	route->port = CFG_NONE;
	for (unsigned p = 0; p < gateway->n_ports && route->port == CFG_NONE; p++)
		if (cfg_port_net(&gateway->ports[p], route->via))
			route->port = p;
}

void
resolve_gateways(const struct check *check)
{
	for (unsigned g = 0; g < check->lab->n_gateways; g++) {
		struct cfg_gateway *gateway = &check->lab->gateways[g];

		gateway->seed = check->lab->seed;
		for (unsigned r = 0; r < gateway->n_routes; r++)
			resolve_route(gateway, &gateway->routes[r]);
		resolve_sas(check, gateway);
	}
}
