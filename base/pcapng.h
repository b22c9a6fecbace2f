/* A small pcapng writer (draft-ietf-opsawg-pcapng): one section, time stamps in ns.
 * One thread. */
#ifndef BASE_PCAPNG_H
#define BASE_PCAPNG_H

#include <stdint.h>

#include "base/status.h"

struct pcapng;

/* What the packets of a file are; both families only with a single interface (pcapng.c). */
enum pcapng_holds { PCAPNG_IPV4, PCAPNG_IPV6, PCAPNG_BOTH };

/* Replaces path.  One interface a name, in this order. */
enum status pcapng_create(const char *path, enum pcapng_holds holds, const char *const *names, unsigned n,
	struct pcapng **pcapng);
/* time_ns counts from second 0 of 1970. */
void pcapng_write(struct pcapng *pcapng, unsigned interface, uint64_t time_ns, const void *ip,
		uint32_t bytes);
/* Flushes and frees.  ERR_IO where anything could not be written.  NULL is fine. */
enum status pcapng_close(struct pcapng *pcapng);

#endif
