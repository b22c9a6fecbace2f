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
	char text[2 + 256]; /* "-a" and a name of pci_add_each() */

	if (!name || !memchr(device, ':', name))
		return false;
	snprintf(text, sizeof(text), "-a%s", device);
	for (unsigned i = 0; i < arguments->n; i++)
		if (!strcmp(arguments->argv[i], text))
			return true;
	add(arguments, text);
	return true;
}

/* An engine's: with spaces between. */
static bool
pci_add_each(struct arguments *arguments, const char *devices)
{
	char device[256];
	bool pci = false;

	while (devices && *(devices += strspn(devices, " "))) {
		size_t bytes = strcspn(devices, " ");

		snprintf(device, sizeof(device), "%.*s", (int)bytes, devices);
		pci |= pci_add(arguments, device);
		devices += bytes;
	}
	return pci;
}

unsigned
live_worker_count(const struct cfg_lab *cfg)
{
	const struct cfg_gateway *gateway = &cfg->gateways[0];
	bool process = false;

	for (unsigned p = 0; p < gateway->n_ports; p++) {
		enum cfg_switching switching = gateway->ports[p].switching;

		if (switching == CFG_SWITCHING_INHERIT)
			switching = gateway->switching;
		process |= switching == CFG_SWITCHING_FAST || switching == CFG_SWITCHING_PROCESS;
	}
	return cfg->live.workers + (process && cfg->live.process_core);
}

/* "0-3,6" */
static void
cpus_text(const cpu_set_t *set, char *text, size_t bytes)
{
	size_t used = 0;

	for (unsigned c = 0, end; c < CPU_SETSIZE && used < bytes - 16; c = end + 1) {
		for (end = c; end < CPU_SETSIZE && CPU_ISSET(end, set);)
			end++;
		if (end == c)
			continue;
		used += (size_t)snprintf(text + used, bytes - used, used ? ",%u-%u" : "%u-%u", c, end - 1);
	}
}

/* Every lcore floats over all the CPUs: "--lcores=0@(0-1),1@(0-1)". */
static void
lcores_add(struct arguments *arguments, uint32_t workers)
{
	char cpus[1024] = "", text[TEXT_MAX / 2];
	size_t used;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		CPU_SET(0, &set);
	cpus_text(&set, cpus, sizeof(cpus));
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
	lcores_add(arguments, live_worker_count(cfg));
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
		pci |= pci_add_each(&arguments, cfg->engines[i].device);
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
	if (rte_lcore_count() <= live_worker_count(cfg)) {
		snprintf(message, bytes,
			"EAL has %u lcores; wanted: %u, one for control and one for each of live.workers%s",
			rte_lcore_count(), live_worker_count(cfg) + 1,
			live_worker_count(cfg) > cfg->live.workers ? ", and one for the process path" : "");
		return ST_ERR_RANGE;
	}
	return ST_OK;
}
