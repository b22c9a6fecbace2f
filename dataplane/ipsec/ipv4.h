/* The IPv4 header: where its fields stand, and its checksum.  RFC 791 §3.1, RFC 1071, RFC 1624.
 *
 * Works on bytes in place, at any alignment.  Nothing here checks lengths: the caller knows that header_len
 * bytes (20..60, a multiple of 4) are there.  No EAL. */
#ifndef DATAPLANE_IPSEC_IPV4_H
#define DATAPLANE_IPSEC_IPV4_H

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

/* Offsets in bytes. */
enum ipv4_field {
	IPV4_TOS = 1, /* DSCP (6 bits) and ECN (2) */
	IPV4_LENGTH = 2,
	IPV4_ID = 4,
	IPV4_FRAGMENT = 6, /* flags (3 bits) and offset (13) */
	IPV4_TTL = 8,
	IPV4_PROTO = 9,
	IPV4_CHECKSUM = 10,
	IPV4_SRC = 12,
	IPV4_DST = 16,
	IPV4_MIN_BYTES = 20,
};

#define IPV4_DF 0x4000u
#define IPV4_MF 0x2000u
#define IPV4_OFFSET_MASK 0x1fffu /* in units of 8 bytes */
#define IPV4_ECN_MASK 0x03u

#define IPV4_PROTO_ICMP 1u
#define IPV4_PROTO_IPV4 4u
#define IPV4_PROTO_TCP 6u
#define IPV4_PROTO_UDP 17u
#define IPV4_PROTO_ESP 50u
#define IPV4_PROTO_NONE 59u
#define IPV4_PROTO_SCTP 132u

static inline uint32_t
ipv4_header_len(const uint8_t *ip)
{
	return (ip[0] & 15u) * 4u;
}

/* One's complement sum to 16 bits. */
static inline uint16_t
ipv4_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16); /* below 2^18 */
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Unfolded sum of the first 20 bytes, below 2^35, in the machine's byte order: the order does not matter as
 * long as it is one (RFC 1071 §2). */
static inline uint64_t
ipv4_sum_plain(const uint8_t *ip)
{
	uint64_t a, b;
	uint32_t c;

	memcpy(&a, ip, 8);
	memcpy(&b, ip + 8, 8);
	memcpy(&c, ip + 16, 4);
	return (a >> 32) + (uint32_t)a + (b >> 32) + (uint32_t)b + c;
}

/* Sum of the header, in the machine's byte order. */
static inline uint16_t
ipv4_sum(const uint8_t *ip, uint32_t header_len)
{
	uint64_t sum = ipv4_sum_plain(ip);

	for (uint32_t i = IPV4_MIN_BYTES; i < header_len; i += 4) {
		uint32_t word;

		memcpy(&word, ip + i, 4);
		sum += word;
	}
	return ipv4_fold(sum);
}

/* The same for the usual header: what folds to 0xffff is a multiple of it, and never 0 as the version is not.
 */
static inline int
ipv4_checksum_ok_plain(const uint8_t *ip)
{
	return ipv4_sum_plain(ip) % 0xffff == 0;
}

static inline int
ipv4_checksum_ok(const uint8_t *ip, uint32_t header_len)
{
	return ipv4_sum(ip, header_len) == 0xffff;
}

/* Computes the checksum anew. */
static inline void
ipv4_checksum_set(uint8_t *ip, uint32_t header_len)
{
	uint16_t sum = 0;

	memcpy(ip + IPV4_CHECKSUM, &sum, 2);
	sum = (uint16_t)~ipv4_sum(ip, header_len);
	memcpy(ip + IPV4_CHECKSUM, &sum, 2);
}

/* The checksum at `at` after a 16-bit word that it covers went from before to after (both as numbers).  RFC
 * 1624 §3, equation 3: HC' = ~(~HC + ~m + m'), which unlike RFC 1141 never makes a wrong zero. */
static inline void
ip_checksum_adjust(uint8_t *at, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~load_be16(at);

	sum += (uint16_t)~before;
	sum += after;
	store_be16(at, (uint16_t)~ipv4_fold(sum));
}

static inline void
ipv4_checksum_update(uint8_t *ip, uint16_t before, uint16_t after)
{
	ip_checksum_adjust(ip + IPV4_CHECKSUM, before, after);
}

#endif
