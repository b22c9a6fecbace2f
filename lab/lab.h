/* A laboratory: hosts, gateways, routers and links in one process under one virtual clock.
 *
 * Create it from a configuration, run it, read the result, destroy it.  Any number one after another.  Needs
 * an initialised EAL for its packet pool (pool.h).  One thread. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "lab/recorder.h"
#include "lab/result.h"

struct lab;

struct lab_progress {
	uint64_t now, end; /* virtual ns; end: when sources stop */
	uint64_t created, dropped;
};

struct lab_options {
	uint64_t (*cycles)(void); /* a cycle counter, for timings only; NULL: none */
	/* called every few hundred turns; NULL: never */
	void (*progress)(void *ctx, const struct lab_progress *progress);
	void *ctx;
};

/* cfg and what options point to are borrowed.  On failure one line in message. */
enum status lab_create(const struct cfg_lab *cfg, const struct lab_options *options, struct lab **lab,
	char *message, size_t bytes);
/* Write events and captures; before lab_run(), or they are not written.  recorder is borrowed. */
void lab_record(struct lab *lab, struct recorder *recorder);
/* Each drop at a gateway (index in the configuration) to taken(), as it happens. */
void lab_observe(struct lab *lab,
	void (*taken)(void *ctx, unsigned gateway, const struct drop_event *event), void *ctx);
/* A gateway or router as it stands; until lab_destroy(). */
struct dp *lab_gateway(struct lab *lab, unsigned index);
uint64_t lab_now(const struct lab *lab);
/* Until everything sent has arrived or ended, or duration + drain is over.  Once. */
void lab_run(struct lab *lab);
/* After lab_run(): gathers the result and gives the packet memory back.  The result lives as long as the
 * laboratory; the caller may fill in its wall-clock times.  NULL where memory is short. */
struct result *lab_result(struct lab *lab);
void lab_destroy(struct lab *lab);

#endif
