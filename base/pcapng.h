/* A small pcapng writer (draft-ietf-opsawg-pcapng): one section, time stamps in ns.
 * One thread. */
#ifndef BASE_PCAPNG_H
#define BASE_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

struct pcapng;

/* What the packets of a file are; both families only with a single interface (pcapng.c). */
enum pcapng_holds { PCAPNG_IPV4, PCAPNG_IPV6, PCAPNG_BOTH };

/* Replaces path.  One interface a name, in this order. */
enum status pcapng_create(const char *path, enum pcapng_holds holds, const char *const *names, unsigned n,
	struct pcapng **pcapng);
/* The same into an open file, which it takes over: closed at the end, and here on failure (ERR_NOMEM). */
enum status pcapng_begin(
	FILE *out, enum pcapng_holds holds, const char *const *names, unsigned n, struct pcapng **pcapng);

/* Which way a packet went through its interface; as epb_flags says it (§4.3.1). */
enum pcapng_way { PCAPNG_WAY_UNKNOWN, PCAPNG_WAY_IN, PCAPNG_WAY_OUT };

struct pcapng_packet {
	uint64_t time_ns; /* from second 0 of 1970 */
	const void *ip;
	uint32_t captured, bytes; /* of which ip has the first `captured` */
	unsigned interface;
	enum pcapng_way way;
};

void pcapng_put(struct pcapng *pcapng, const struct pcapng_packet *packet);
/* A whole packet, of which nobody says which way it went. */
void pcapng_write(
	struct pcapng *pcapng, unsigned interface, uint64_t time_ns, const void *ip, uint32_t bytes);
/* Hands the file all that was written; 0, or the errno of the first thing that could not be. */
int pcapng_flush(struct pcapng *pcapng);
/* Flushes and frees.  ERR_IO where anything could not be written.  NULL is fine. */
enum status pcapng_close(struct pcapng *pcapng);

#endif
