/* EAL for a live gateway. */
#ifndef LIVE_START_H
#define LIVE_START_H

#include <stddef.h>

#include "base/status.h"
#include "config/cfg.h"

/* live.workers, and the one of the process path where a port has that. */
unsigned live_worker_count(const struct cfg_lab *cfg);
/* Starts EAL.  Without arguments: no hugepages, no files, and an lcore more than there are workers, all on
 * the CPUs that the process may use.  With arguments these replace all of that.  PCI devices, and these
 * alone, that ports and engines name are let in in either case.  Once a process. */
enum status live_eal_start(const char *program, const struct cfg_lab *cfg, char *const *args, unsigned n_args,
	char *message, size_t bytes);

#endif
