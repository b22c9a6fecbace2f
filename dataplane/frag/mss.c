/* See mss.h. */
#include "dataplane/frag/mss.h"

#define TCP_MIN_BYTES 20u
#define TCP_DATA_OFFSET 12u
#define TCP_CHECKSUM 16u
#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_MSS 2u
#define OPTION_MSS_BYTES 4u

/* Offset of the TCP header; 0 where there is none in this packet. */
static uint32_t
tcp_find(const uint8_t *ip, uint32_t len)
{
	struct ip6_upper upper;
	struct ip_head head;

	if (ip_head_is_v4(ip)) {
		if (ip[IPV4_PROTO] != IPV4_PROTO_TCP || load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK)
			return 0;
		return ip_head_all(ip, len, &head) ? head.len : 0;
	}
	ip6_upper_find(ip, len, &upper);
	return upper.known && upper.first && upper.proto == IPV4_PROTO_TCP ? upper.offset : 0;
}

/* All of the list, or nothing: false where an option is damaged. */
static bool
options_walk(const uint8_t *ip, uint32_t at, uint32_t end, struct mss_places *places)
{
	while (at < end && ip[at] != OPTION_END) {
		uint32_t bytes = 1;

		if (ip[at] != OPTION_NOP) {
			bytes = at + 1 < end ? ip[at + 1] : 0;
			if (bytes < 2 || bytes > end - at)
				return false;
		}
		if (ip[at] == OPTION_MSS) {
			if (bytes != OPTION_MSS_BYTES)
				return false;
			places->at[places->n++] = at + 2;
		}
		at += bytes;
	}
	return true;
}

void
mss_find(const uint8_t *ip, uint32_t len, struct mss_places *places)
{
	uint32_t at = tcp_find(ip, len), head;

	places->n = 0;
	places->tcp = at;
	if (!at || at > len || len - at < TCP_MIN_BYTES || !(ip[at + MSS_TCP_FLAGS] & MSS_TCP_SYN))
		return;
	head = (ip[at + TCP_DATA_OFFSET] >> 4) * 4u;
	if (head < TCP_MIN_BYTES || head > len - at)
		return;
	if (!options_walk(ip, at + TCP_MIN_BYTES, at + head, places))
		places->n = 0;
}

static uint16_t
swapped(uint16_t word)
{
	return (uint16_t)(word << 8 | word >> 8);
}

bool
mss_clamp(uint8_t *ip, uint32_t len, uint32_t mss)
{
	struct mss_places places;
	bool lowered = false;

	mss_find(ip, len, &places);
	for (uint32_t i = 0; i < places.n; i++) {
		uint16_t before = load_be16(ip + places.at[i]), after = (uint16_t)mss;

		if (before <= mss)
			continue;
		store_be16(ip + places.at[i], after);
		/* at an odd place its bytes are halves of two words: the sum has them the other way round
		 * (RFC 1071 §2 B) */
		if ((places.at[i] - places.tcp) & 1) {
			before = swapped(before);
			after = swapped(after);
		}
		ip_checksum_adjust(ip + places.tcp + TCP_CHECKSUM, before, after);
		lowered = true;
	}
	return lowered;
}
