/* An address of either family: 128 bits in host byte order, IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so
 * that comparing, hashing and prefixes need no question about the family.  The length of an IPv4 prefix is 96
 * more than it is written; length 0 is every address of both families.  Any thread. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define IP_V4_PREFIX UINT64_C(0x0000ffff00000000)
#define IP_V4_LEN 96u	 /* bits before those of an IPv4 address */
#define IP_TEXT_BYTES 46 /* longest text with its 0: INET6_ADDRSTRLEN */

struct ip_addr {
	uint64_t hi, lo;
};

/* An IPv4 address, host byte order; usable in initializers. */
#define IP_V4(a) ((struct ip_addr){0, IP_V4_PREFIX | (uint32_t)(a)})

static inline struct ip_addr
ip_v4(uint32_t a)
{
	return IP_V4(a);
}

static inline bool
ip_is_v4(struct ip_addr a)
{
	return a.hi == 0 && a.lo >> 32 == 0xffff;
}

/* The IPv4 address in it, host byte order. */
static inline uint32_t
ip_v4_of(struct ip_addr a)
{
	return (uint32_t)a.lo;
}

static inline bool
ip_equal(struct ip_addr a, struct ip_addr b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* From a packet, network byte order: 4 or 16 bytes. */
static inline struct ip_addr
ip_load4(const void *p)
{
	return ip_v4(load_be32(p));
}

static inline struct ip_addr
ip_load6(const void *p)
{
	return (struct ip_addr){load_be64(p), load_be64((const uint8_t *)p + 8)};
}

/* Into a packet: 4 bytes of an IPv4 address, 16 of an IPv6 one. */
static inline void
ip_store4(void *p, struct ip_addr a)
{
	store_be32(p, ip_v4_of(a));
}

static inline void
ip_store6(void *p, struct ip_addr a)
{
	store_be64(p, a.hi);
	store_be64((uint8_t *)p + 8, a.lo);
}

/* Whether the first len (0..128) bits are the same. */
static inline bool
ip_prefix_equal(struct ip_addr a, struct ip_addr b, unsigned len)
{
	uint64_t hi = a.hi ^ b.hi, lo = a.lo ^ b.lo;

	if (len <= 64)
		return len == 0 || hi >> (64 - len) == 0;
	return hi == 0 && lo >> (128 - len) == 0;
}

/* "10.1.0.1" or "2001:db8::1" (RFC 5952).  Returns out. */
const char *ip_text(struct ip_addr a, char out[IP_TEXT_BYTES]);
/* False where text is no address; then *a is untouched. */
bool ip_parse(const char *text, struct ip_addr *a);

#endif
