/* pcapng: Section Header, Interface Description and Enhanced Packet Blocks (draft-ietf-opsawg-pcapng
 * §4.1-4.3).
 *
 * Written in the machine's byte order, as the section header's magic number says; that is little endian
 * wherever esplab runs.  No name resolution, statistics or decryption secrets: the esp_sa file holds the
 * keys.
 *
 * The link type is LINKTYPE_IPV4 or LINKTYPE_IPV6 and not LINKTYPE_RAW, because libpcap 1.10 refuses two
 * interfaces of a type whose number in files (101) is not its number in memory (12).  It refuses two
 * interfaces of different types too, so a file is of one family where it has several interfaces.  With one
 * interface LINKTYPE_RAW holds both. */
#include "base/pcapng.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define OPTION_END 0u /* and its length of 0 */
#define OPTION_IF_NAME 2u
#define OPTION_EPB_FLAGS 2u
#define OPTION_SHB_USERAPPL 4u
#define OPTION_IF_TSRESOL 9u
#define TSRESOL_NS 9u	   /* 10^-9 s */
#define LINKTYPE_IPV4 228u /* the packet begins with its IPv4 header */
#define LINKTYPE_IPV6 229u
#define LINKTYPE_RAW 101u /* IPv4 or IPv6, as its first byte says */
#define BUFFER_BYTES (1u << 18)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are the same on any machine");

struct pcapng {
	FILE *out;
	int error; /* errno of the first thing that could not be written */
};

static void
put(struct pcapng *p, const void *data, size_t bytes)
{
	if (fwrite_unlocked(data, 1, bytes, p->out) != bytes && !p->error)
		p->error = errno;
}

static void
put16(struct pcapng *p, unsigned value)
{
	uint16_t v = (uint16_t)value;

	put(p, &v, sizeof(v));
}

static void
put32(struct pcapng *p, uint32_t value)
{
	put(p, &value, sizeof(value));
}

static uint32_t
padded(uint32_t bytes)
{
	return (bytes + 3u) & ~3u;
}

static void
put_padded(struct pcapng *p, const void *data, uint32_t bytes)
{
	static const uint8_t zero[4];

	put(p, data, bytes);
	put(p, zero, padded(bytes) - bytes);
}

static void
put_option(struct pcapng *p, unsigned code, const void *value, uint32_t bytes)
{
	put16(p, code);
	put16(p, bytes);
	put_padded(p, value, bytes);
}

static void
put_section(struct pcapng *p)
{
	static const char program[] = "esplab";
	uint32_t total = 28 + 4 + padded(sizeof(program) - 1) + 4;

	put32(p, BLOCK_SECTION);
	put32(p, total);
	put32(p, BYTE_ORDER_MAGIC);
	put16(p, 1); /* version 1.0 */
	put16(p, 0);
	put32(p, UINT32_MAX); /* length of the section: not specified, 64 bits of ones */
	put32(p, UINT32_MAX);
	put_option(p, OPTION_SHB_USERAPPL, program, sizeof(program) - 1);
	put32(p, OPTION_END);
	put32(p, total);
}

static void
put_interface(struct pcapng *p, const char *name, enum pcapng_holds holds)
{
	static const uint16_t link_types[] = {LINKTYPE_IPV4, LINKTYPE_IPV6, LINKTYPE_RAW};
	static const uint8_t resolution = TSRESOL_NS;
	uint32_t bytes = (uint32_t)strlen(name), total = 20 + 4 + padded(bytes) + 4 + 4 + 4;

	put32(p, BLOCK_INTERFACE);
	put32(p, total);
	put16(p, link_types[holds]);
	put16(p, 0);
	put32(p, 0); /* no limit of length */
	put_option(p, OPTION_IF_NAME, name, bytes);
	put_option(p, OPTION_IF_TSRESOL, &resolution, 1);
	put32(p, OPTION_END);
	put32(p, total);
}

enum status
pcapng_begin(FILE *out, enum pcapng_holds holds, const char *const *names, unsigned n, struct pcapng **pcapng)
{
	struct pcapng *p = calloc(1, sizeof(*p));

	*pcapng = p;
	if (!p) {
		fclose(out);
		return ST_ERR_NOMEM;
	}
	p->out = out;
	setvbuf(p->out, NULL, _IOFBF, BUFFER_BYTES);
	put_section(p);
	for (unsigned i = 0; i < n; i++)
		put_interface(p, names[i], holds);
	return ST_OK;
}

enum status
pcapng_create(const char *path, enum pcapng_holds holds, const char *const *names, unsigned n,
	struct pcapng **pcapng)
{
	FILE *out = fopen(path, "wbe");

	*pcapng = NULL;
	return out ? pcapng_begin(out, holds, names, n, pcapng) : ST_ERR_IO;
}

void
pcapng_put(struct pcapng *p, const struct pcapng_packet *packet)
{
	uint32_t flags = packet->way, options = flags ? 12 : 0;
	uint32_t total = 32 + padded(packet->captured) + options;

	put32(p, BLOCK_PACKET);
	put32(p, total);
	put32(p, packet->interface);
	put32(p, (uint32_t)(packet->time_ns >> 32));
	put32(p, (uint32_t)packet->time_ns);
	put32(p, packet->captured);
	put32(p, packet->bytes);
	put_padded(p, packet->ip, packet->captured);
	if (flags) {
		put_option(p, OPTION_EPB_FLAGS, &flags, sizeof(flags));
		put32(p, OPTION_END);
	}
	put32(p, total);
}

void
pcapng_write(struct pcapng *p, unsigned interface, uint64_t time_ns, const void *ip, uint32_t bytes)
{
	pcapng_put(p, &(struct pcapng_packet){.time_ns = time_ns,
			      .ip = ip,
			      .captured = bytes,
			      .bytes = bytes,
			      .interface = interface});
}

int
pcapng_flush(struct pcapng *p)
{
	if (fflush_unlocked(p->out) && !p->error)
		p->error = errno;
	return p->error;
}

enum status
pcapng_close(struct pcapng *p)
{
	bool failed;

	if (!p)
		return ST_OK;
	failed = ferror(p->out) != 0;
	failed |= fclose(p->out) != 0;
	free(p);
	return failed ? ST_ERR_IO : ST_OK;
}
