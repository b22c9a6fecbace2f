/* Walks over IP headers: see ip_head.h.  Does not look into options. */
#include "dataplane/ipsec/ip_head.h"

#define FRAGMENT_BYTES 8u
#define FRAGMENT_OFFSET 0xfff8u

static bool
v4_head(const uint8_t *ip, uint32_t len, struct ip_head *head)
{
	if (len < IPV4_MIN_BYTES || ipv4_header_len(ip) < IPV4_MIN_BYTES || ipv4_header_len(ip) > len)
		return false;
	*head = (struct ip_head){(uint16_t)ipv4_header_len(ip), IPV4_PROTO, ip[IPV4_PROTO]};
	return true;
}

static bool
is_extension(uint8_t next)
{
	return next == IP_NEXT_HOP_BY_HOP || next == IP_NEXT_ROUTING || next == IP_NEXT_DEST_OPTIONS;
}

static bool
v6_start(const uint8_t *ip, uint32_t len, struct ip_head *head)
{
	if (len < IPV6_MIN_BYTES)
		return false;
	*head = (struct ip_head){IPV6_MIN_BYTES, IPV6_NEXT, ip[IPV6_NEXT]};
	return true;
}

/* Over the extension header that follows. */
static bool
v6_step(const uint8_t *ip, uint32_t len, struct ip_head *head)
{
	uint32_t at = head->len, bytes;

	if (len - at < 8)
		return false;
	bytes = (ip[at + 1] + 1u) * 8;
	if (bytes > len - at || at + bytes > UINT16_MAX)
		return false;
	*head = (struct ip_head){(uint16_t)(at + bytes), (uint16_t)at, ip[at]};
	return true;
}

bool
ip_head_all(const uint8_t *ip, uint32_t len, struct ip_head *head)
{
	if (!ip_is_v6(ip))
		return v4_head(ip, len, head);
	if (!v6_start(ip, len, head))
		return false;
	while (is_extension(head->next))
		if (!v6_step(ip, len, head))
			return false;
	return true;
}

static bool
v6_stays(const uint8_t *ip, uint32_t len, struct ip_head *head)
{
	struct ip_head walk;

	if (!v6_start(ip, len, &walk))
		return false;
	*head = walk;
	while (is_extension(walk.next)) {
		bool options = walk.next == IP_NEXT_DEST_OPTIONS;

		if (!v6_step(ip, len, &walk))
			return false;
		if (!options) /* with the destination options before it, if any */
			*head = walk;
	}
	return walk.next != IP_NEXT_FRAGMENT;
}

bool
ip_head_stays(const uint8_t *ip, uint32_t len, struct ip_head *head)
{
	if (ip_is_v6(ip))
		return v6_stays(ip, len, head);
	return v4_head(ip, len, head) && !(load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK));
}

/* Of 16-bit words in network order; an odd byte at the end is the high half of one. */
static uint64_t
words_sum(const uint8_t *p, uint32_t bytes)
{
	uint64_t sum = 0;

	for (; bytes >= 4; bytes -= 4, p += 4)
		sum += load_be32(p);
	if (bytes >= 2)
		sum += load_be16(p);
	if (bytes & 1)
		sum += (uint32_t)p[bytes - 1] << 8;
	return sum;
}

uint16_t
ip_transport_checksum(const uint8_t *ip, uint8_t proto, const uint8_t *l4, uint32_t bytes)
{
	uint64_t sum = words_sum(l4, bytes) + bytes + proto;

	sum += ip_is_v6(ip) ? words_sum(ip + IPV6_SRC, 32) : words_sum(ip + IPV4_SRC, 8);
	return (uint16_t)~ipv4_fold(sum);
}

uint16_t
ip_checksum(const uint8_t *p, uint32_t bytes)
{
	return (uint16_t)~ipv4_fold(words_sum(p, bytes));
}

/* Past one header; false where it is not there whole. */
static bool
header_skip(const uint8_t *ip, uint32_t len, struct ip6_upper *upper)
{
	const uint8_t *header = ip + upper->offset;
	uint32_t bytes = FRAGMENT_BYTES;

	if (len - upper->offset < FRAGMENT_BYTES)
		return false;
	if (upper->proto != IP_NEXT_FRAGMENT)
		bytes = (header[1] + 1u) * 8;
	else
		upper->fragment = true;
	if (upper->proto == IP_NEXT_FRAGMENT && load_be16(header + 2) & FRAGMENT_OFFSET)
		upper->first = false;
	if (len - upper->offset < bytes)
		return false;
	upper->proto = header[0];
	upper->offset += bytes;
	return true;
}

/* A hop-by-hop header stands nowhere but first (RFC 8200 §4.1). */
static bool
is_skipped(uint8_t proto)
{
	return proto == IP_NEXT_FRAGMENT || (proto != IP_NEXT_HOP_BY_HOP && is_extension(proto));
}

void
ip6_upper_find(const uint8_t *ip, uint32_t len, struct ip6_upper *upper)
{
	*upper = (struct ip6_upper){
		.offset = IPV6_MIN_BYTES, .proto = ip[IPV6_NEXT], .first = true, .known = true};
	for (unsigned n = 0; upper->first; n++) {
		bool first_only = n == 0 && upper->proto == IP_NEXT_HOP_BY_HOP;

		if (!first_only && !is_skipped(upper->proto)) {
			upper->known = upper->proto != IP_NEXT_HOP_BY_HOP;
			return;
		}
		if (n == IPV6_HEADERS_MAX || !header_skip(ip, len, upper)) {
			upper->known = false;
			return;
		}
	}
	/* more of them in the first fragment */
	upper->known = !is_skipped(upper->proto) && upper->proto != IP_NEXT_HOP_BY_HOP;
}
