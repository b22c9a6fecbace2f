/* A small pcapng writer (draft-ietf-opsawg-pcapng): one section, packets of one family, time stamps in ns.
 * One thread. */
#ifndef LAB_PCAPNG_H
#define LAB_PCAPNG_H

#include <stdint.h>

#include "base/status.h"

struct pcapng;

/* What the packets are; the numbers are those of the format. */
enum pcapng_family {
	PCAPNG_IPV4 = 228,
	PCAPNG_IPV6 = 229,
	PCAPNG_ANY = 101, /* both, for files with one interface */
};

/* Replaces path.  One interface a name, in this order. */
enum status pcapng_create(
	const char *path, enum pcapng_family family, const char *const *names, unsigned n, struct pcapng **pcapng);
/* time_ns counts from second 0 of 1970. */
void pcapng_write(struct pcapng *pcapng, unsigned interface, uint64_t time_ns, const void *ip,
		uint32_t bytes);
/* Flushes and frees.  ERR_IO where anything could not be written.  NULL is fine. */
enum status pcapng_close(struct pcapng *pcapng);

#endif
