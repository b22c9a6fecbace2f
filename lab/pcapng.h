/* A small pcapng writer (draft-ietf-opsawg-pcapng): one section, packets of one family, time stamps in ns.
 * One thread. */
#ifndef LAB_PCAPNG_H
#define LAB_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct pcapng;

/* Replaces path.  v6: the packets are IPv6, and else IPv4.  One interface a name, in this order. */
enum status pcapng_create(
	const char *path, bool v6, const char *const *names, unsigned n, struct pcapng **pcapng);
/* time_ns counts from second 0 of 1970. */
void pcapng_write(struct pcapng *pcapng, unsigned interface, uint64_t time_ns, const void *ip,
		uint32_t bytes);
/* Flushes and frees.  ERR_IO where anything could not be written.  NULL is fine. */
enum status pcapng_close(struct pcapng *pcapng);

#endif
