/* The numbers of a gateway for Prometheus (text format 0.0.4), from the same tables as everything else:
 * metric.def, drop.def, life.def, counter.def.  One thread. */
#ifndef CTRL_METRICS_H
#define CTRL_METRICS_H

#include "base/status.h"

#define METRICS_SAS_MAX 1000u /* a gateway with more shows no single SAs: a series each would be too many */

struct ctrl;

/* *text is the caller's to free.  Counters run on whatever was cleared on a console, as Prometheus wants
 * them. */
enum status metrics_text(struct ctrl *ctrl, char **text);

#endif
