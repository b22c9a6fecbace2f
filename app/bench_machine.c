/* The machine that a measurement runs on: see bench_machine.h. */
#include "app/bench_machine.h"

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

unsigned
cpus_find(unsigned *cpus, unsigned n)
{
	cpu_set_t set;
	unsigned found = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (unsigned c = 0; c < CPU_SETSIZE && found < n; c++)
		if (CPU_ISSET(c, &set))
			cpus[found++] = c;
	return found;
}

/* A chain of multiplications takes 3 cycles of the core for each, on every processor with AVX2.  Additions
 * would not do: some processors see what a chain of them comes to. */
static double
core_cycles(void)
{
	double best = 0;

	for (unsigned i = 0; i < 20; i++) {
		uint64_t start = rte_rdtsc(), product = 3;
		double cycles;

		for (unsigned k = 0; k < 10000; k++)
			__asm__ volatile("imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0"
					 : "+r"(product));
		cycles = 120000.0 / (double)(rte_rdtsc() - start);
		best = cycles > best ? cycles : best;
	}
	return best;
}

void
machine_read(struct bench_machine *machine)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(machine->cpu, sizeof(machine->cpu), "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strstr(line, ": ");

		if (strncmp(line, "model name", 10) || !colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(machine->cpu, sizeof(machine->cpu), "%s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
	machine->hz = (double)rte_get_tsc_hz();
	machine->core = core_cycles();
}

double
memory_now(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long all, resident = 0;

	if (file && fscanf(file, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}
