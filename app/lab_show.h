/* Commands of the console on the gateways of a laboratory, for `esplab run --show`. */
#ifndef APP_LAB_SHOW_H
#define APP_LAB_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"
#include "config/cfg.h"

struct lab;
struct lab_show;

/* Whether a line is a command; else that is told. */
bool lab_show_check(const char *line);
/* Before lab_run(): one console a gateway, routers have none.  debugs: "ip icmp" is `debug ip icmp`. */
enum status lab_show_create(const struct cfg_lab *cfg, struct lab *lab, const char *const *debugs,
	unsigned n_debugs, struct lab_show **show);
/* After lab_run(): each line at each gateway, by its name as the prompt; JSON without one.  APP_OK or not. */
int lab_show_print(struct lab_show *show, const char *const *lines, unsigned n, FILE *out);
void lab_show_destroy(struct lab_show *show);

#endif
