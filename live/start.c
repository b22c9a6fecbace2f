/* See start.h. */
#include "live/start.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#define ARGS_MAX 96u
#define TEXT_MAX 4096u

struct arguments {
	char *argv[ARGS_MAX];
	unsigned n;
	char text[TEXT_MAX]; /* what argv points into, where it is ours */
	size_t used;
	bool full;
};

static void
add(struct arguments *arguments, const char *text)
{
	size_t bytes = strlen(text) + 1;

	if (arguments->n == ARGS_MAX - 1 || arguments->used + bytes > TEXT_MAX) {
		arguments->full = true;
		return;
	}
	arguments->argv[arguments->n++] = memcpy(arguments->text + arguments->used, text, bytes);
	arguments->used += bytes;
}

/* "0000:3d:01.0,args" is a PCI address with arguments. */
static bool
pci_add(struct arguments *arguments, const char *device)
{
	size_t name = device ? strcspn(device, ",") : 0;
	char text[256];

	if (!name || !memchr(device, ':', name))
		return false;
	snprintf(text, sizeof(text), "-a%s", device);
	for (unsigned i = 0; i < arguments->n; i++)
		if (!strcmp(arguments->argv[i], text))
			return true;
	add(arguments, text);
	return true;
}

/* Every lcore floats over all the CPUs: "--lcores=0@(0,1),1@(0,1)". */
static void
lcores_add(struct arguments *arguments, uint32_t workers)
{
	char cpus[1024] = "", text[TEXT_MAX / 2];
	size_t used = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		CPU_SET(0, &set);
	for (unsigned c = 0; c < CPU_SETSIZE && used < sizeof(cpus) - 8; c++)
		if (CPU_ISSET(c, &set))
			used += (size_t)snprintf(cpus + used, sizeof(cpus) - used, used ? ",%u" : "%u", c);
	used = (size_t)snprintf(text, sizeof(text), "--lcores=");
	for (uint32_t i = 0; i <= workers && used < sizeof(text); i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%u@(%s)", i ? "," : "", i, cpus);
	arguments->full |= used >= sizeof(text);
	add(arguments, text);
}

static void
defaults_add(struct arguments *arguments, const struct cfg_lab *cfg)
{
	lcores_add(arguments, cfg->live.workers);
	add(arguments, "--no-huge");
	add(arguments, "-m256"); /* mapped, not resident: for the drivers; packets have memory of their own */
	add(arguments, "--no-shconf");
	if (!cfg->live.telemetry)
		add(arguments, "--no-telemetry");
	add(arguments, "--no-hpet");
	add(arguments, "--log-level=error");
}

enum status
live_eal_start(const char *program, const struct cfg_lab *cfg, char *const *args, unsigned n_args,
	char *message, size_t bytes)
{
	const struct cfg_gateway *gateway = &cfg->gateways[0];
	struct arguments arguments = {.n = 0};
	bool pci = false;

	add(&arguments, program);
	for (unsigned i = 0; i < gateway->n_ports; i++)
		pci |= pci_add(&arguments, gateway->ports[i].device);
	for (unsigned i = 0; i < cfg->n_engines; i++)
		pci |= pci_add(&arguments, cfg->engines[i].device);
	if (!n_args)
		defaults_add(&arguments, cfg);
	if (!n_args && !pci)
		add(&arguments, "--no-pci");
	for (unsigned i = 0; i < n_args; i++)
		add(&arguments, args[i]);
	if (arguments.full) {
		snprintf(message, bytes, "too many EAL arguments");
		return ST_ERR_RANGE;
	}
	if (rte_eal_init((int)arguments.n, arguments.argv) < 0) {
		snprintf(message, bytes, "DPDK's EAL does not start: %s", rte_strerror(rte_errno));
		return ST_ERR_UNSUPPORTED;
	}
	if (rte_lcore_count() <= cfg->live.workers) {
		snprintf(message, bytes,
			"EAL has %u lcores; wanted: %u, one for control and one for each of live.workers",
			rte_lcore_count(), cfg->live.workers + 1);
		return ST_ERR_RANGE;
	}
	return ST_OK;
}
