/* Results that are written while a laboratory runs: drops.ndjson, syslog.log, captures, esp_sa.
 * One thread.  Failing to write is remembered and told once, by recorder_close(). */
#ifndef LAB_RECORDER_H
#define LAB_RECORDER_H

#include <stdint.h>

#include "base/status.h"
#include "config/cfg.h"
#include "dataplane/event.h"

struct recorder;

/* Makes the folder (and its parents) and opens the files in it; existing result files are replaced. With
 * lab->events false, drops.ndjson and syslog.log are not written.  Captures: one pcapng a link that asks for
 * it, LINKTYPE_IPV4 or _IPV6, one interface a direction, ns resolution.  esp_sa holds one row a distinct SA.
 * */
enum status recorder_open(const struct cfg_lab *lab, const char *folder, struct recorder **recorder,
	char *message, size_t bytes);

/* A packet ended.  node: index of the node, hosts first, then gateways and routers, then links.  flow_class:
 * name of the laboratory class or NULL. */
void recorder_drop(
	struct recorder *recorder, unsigned node, const struct drop_event *event, const char *flow_class);

/* A packet starts on link `link` in `direction` at time_ns. Call only where the link's cfg says capture. */
void recorder_capture(struct recorder *recorder, unsigned link, unsigned direction, uint64_t time_ns,
	const void *ip, uint32_t bytes);

/* Flushes, closes, frees.  Writes the counts of suppressed messages.  ERR_IO where anything was not written.
 * message may be NULL with bytes 0; recorder may be NULL. */
enum status recorder_close(struct recorder *recorder, uint64_t end_ns, char *message, size_t bytes);

#endif
