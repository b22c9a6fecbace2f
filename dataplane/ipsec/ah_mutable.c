/* The fields of IP headers that change under way count as zero in the ICV of AH.  RFC 4302 §3.3.3.1 and
 * Appendix A.
 *
 * IPv4: TOS, flags and offset, TTL, checksum; of the options those that Appendix A1 does not call immutable.
 * IPv6: traffic class, flow label, hop limit; option data whose type says that it may change (RFC 8200 §4.2).
 * With a source route the sender takes the addresses as they will be at the end; the receiver is at the end.
 */
#include <string.h>

#include "dataplane/ipsec/ipsec_priv.h"

enum option_v4 {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_SECURITY = 130,
	OPTION_LSRR = 131,
	OPTION_EXTENDED_SECURITY = 133,
	OPTION_COMMERCIAL_SECURITY = 134,
	OPTION_SSRR = 137,
	OPTION_ROUTER_ALERT = 148,
	OPTION_MULTI_DESTINATION = 149,
};

static bool
option_is_immutable(uint8_t type)
{
	return type == OPTION_SECURITY || type == OPTION_EXTENDED_SECURITY ||
	       type == OPTION_COMMERCIAL_SECURITY || type == OPTION_ROUTER_ALERT ||
	       type == OPTION_MULTI_DESTINATION;
}

/* RFC 791 §3.1: type, length, pointer (from 1, 4 is the first address), addresses.  The last one is where the
 * packet will be in the end, unless it is there already. */
static void
source_route_finish(uint8_t *ip, const uint8_t *option, uint32_t bytes)
{
	if (bytes >= 7 && option[2] <= bytes - 3)
		memcpy(ip + IPV4_DST, option + bytes - 4, 4);
}

static bool
options_mute(uint8_t *ip, uint32_t head_len, bool sender)
{
	uint32_t at = IPV4_MIN_BYTES;

	while (at < head_len && ip[at] != OPTION_END) {
		uint32_t bytes = 1;

		if (ip[at] != OPTION_NOP) {
			if (head_len - at < 2 || ip[at + 1] < 2 || ip[at + 1] > head_len - at)
				return false;
			bytes = ip[at + 1];
			if (sender && (ip[at] == OPTION_LSRR || ip[at] == OPTION_SSRR))
				source_route_finish(ip, ip + at, bytes);
			if (!option_is_immutable(ip[at]))
				memset(ip + at, 0, bytes);
		}
		at += bytes;
	}
	return true;
}

static bool
v4_mute(uint8_t *ip, uint32_t head_len, bool sender)
{
	ip[IPV4_TOS] = 0;
	store_be16(ip + IPV4_FRAGMENT, 0);
	ip[IPV4_TTL] = 0;
	store_be16(ip + IPV4_CHECKSUM, 0);
	return head_len == IPV4_MIN_BYTES || options_mute(ip, head_len, sender);
}

/* Hop-by-hop and destination options: type, length, data; Pad1 (0) is a single byte. */
static bool
extension_options_mute(uint8_t *header, uint32_t bytes)
{
	for (uint32_t at = 2; at < bytes;) {
		uint32_t data;

		if (header[at] == 0) {
			at++;
			continue;
		}
		if (bytes - at < 2 || header[at + 1] > bytes - at - 2)
			return false;
		data = header[at + 1];
		if (header[at] & 0x20) /* may change under way */
			memset(header + at + 2, 0, data);
		at += 2 + data;
	}
	return true;
}

/* Type 0 and 2: next header, length, type, segments left, reserved, addresses.  The sender arranges them as
 * they will be: the destination is the last, the others have moved up by one. */
static bool
routing_finish(uint8_t *ip, uint8_t *header, uint32_t bytes)
{
	uint32_t n = (bytes - 8) / 16, left = header[3];
	uint8_t last[16], *first;

	if ((header[2] != 0 && header[2] != 2) || !left)
		return true;
	if (left > n)
		return false;
	first = header + 8 + (n - left) * 16;
	memcpy(last, first + (left - 1) * 16, 16);
	memmove(first + 16, first, (left - 1) * 16);
	memcpy(first, ip + IPV6_DST, 16);
	memcpy(ip + IPV6_DST, last, 16);
	header[3] = 0;
	return true;
}

static bool
v6_mute(uint8_t *ip, uint32_t head_len, bool sender)
{
	uint8_t next = ip[IPV6_NEXT];

	store_be32(ip, UINT32_C(6) << 28);
	ip[IPV6_HOPS] = 0;
	for (uint32_t at = IPV6_MIN_BYTES, bytes; at < head_len; at += bytes) {
		bytes = (ip[at + 1] + 1u) * 8; /* ip_head has seen that it fits */
		if (next == IP_NEXT_ROUTING) {
			if (sender && !routing_finish(ip, ip + at, bytes))
				return false;
		} else if (!extension_options_mute(ip + at, bytes)) {
			return false;
		}
		next = ip[at];
	}
	return true;
}

bool
ah_mute(uint8_t *packet, uint32_t head_len, bool sender)
{
	return ip_is_v6(packet) ? v6_mute(packet, head_len, sender) : v4_mute(packet, head_len, sender);
}
