/* The machine that a measurement runs on. */
#ifndef APP_BENCH_MACHINE_H
#define APP_BENCH_MACHINE_H

struct bench_machine {
	char cpu[96];
	double hz;   /* of the TSC, whose cycles all figures are */
	double core; /* cycles of the core in one of the TSC, when it has nothing else to do */
};

/* EAL must run. */
void machine_read(struct bench_machine *machine);
/* At most n of the CPUs that the process may use; how many. */
unsigned cpus_find(unsigned *cpus, unsigned n);
/* Bytes of memory that the process has; 0: not known. */
double memory_now(void);

#endif
