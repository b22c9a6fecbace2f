/* A line of drops.ndjson (docs/results.md): one packet's end. */
#ifndef LAB_DROP_LINE_H
#define LAB_DROP_LINE_H

#include <stdio.h>

#include "dataplane/event.h"

/* node: name of where it ended.  flow_class: NULL where the packet belongs to no flow. */
void drop_line_write(FILE *out, const char *node, const struct drop_event *event, const char *flow_class);

#endif
