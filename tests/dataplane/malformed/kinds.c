/* Good packets of the corpus that are no UDP: TCP with options, and what is for the gateway itself. */
#include <string.h>

#include "base/bytes.h"
#include "dataplane/ipsec/ip_head.h"
#include "tests/dataplane/frag/frag_rig.h"
#include "tests/dataplane/malformed/rig.h"

#define QUOTE 64u /* bytes of the packet that ICMP is about */

static void
proto_set(uint8_t *ip, uint8_t proto)
{
	if (ip_is_v6(ip)) {
		ip[IPV6_NEXT] = proto;
		return;
	}
	ip[IPV4_PROTO] = proto;
	ipv4_checksum_set(ip, IPV4_MIN_BYTES);
}

static void
syn_write(uint8_t *ip)
{
	static const uint8_t tcp[40] = {0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0,
		0, 0, 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};

	proto_set(ip, IPV4_PROTO_TCP);
	memcpy(ip + mal_upper(ip), tcp, sizeof(tcp));
}

static void
icmp_checksum(uint8_t *ip, uint32_t n)
{
	uint8_t *icmp = ip + mal_upper(ip);
	uint32_t bytes = n - mal_upper(ip);

	store_be16(icmp + 2, 0);
	store_be16(icmp + 2, ip_is_v6(ip) ? ip_transport_checksum(ip, IP_NEXT_ICMP6, icmp, bytes)
					  : ip_checksum(icmp, bytes));
}

static void
echo_write(const struct mal *mal, uint8_t *ip)
{
	struct ip_addr own = mal->g.ports[0].address.addr;

	if (ip_is_v6(ip))
		ip_store6(ip + IPV6_DST, own);
	else
		ip_store4(ip + IPV4_DST, own);
	proto_set(ip, ip_is_v6(ip) ? IP_NEXT_ICMP6 : IPV4_PROTO_ICMP);
	memset(ip + mal_upper(ip), 0, 8);
	ip[mal_upper(ip)] = ip_is_v6(ip) ? 128 : 8;
	icmp_checksum(ip, MAL_CLEAR);
}

/* RFC 1191 §4, RFC 4443 §3.2: an MTU that can be believed. */
static uint32_t
too_big_write(struct mal *mal, uint8_t *ip)
{
	uint8_t clear[MAL_ROOM], sent[MAL_ROOM];
	uint32_t n = mal_clear(mal, clear), up;
	bool v6 = mal->traits & OUT6;

	mal_seal(mal, clear, n, NULL, NULL, sent);
	up = mal_upper(sent);
	memset(ip, 0, up + 8);
	memcpy(ip, sent, up);
	n = up + 8 + QUOTE;
	if (v6) {
		store_be16(ip + IPV6_LENGTH, 8 + QUOTE);
		memcpy(ip + IPV6_DST, sent + IPV6_SRC, 16);
		ip[IPV6_SRC + 15] ^= 0x55;
	} else {
		store_be16(ip + IPV4_LENGTH, (uint16_t)n);
		memcpy(ip + IPV4_DST, sent + IPV4_SRC, 4);
		ip[IPV4_SRC + 3] ^= 0x55;
	}
	proto_set(ip, v6 ? IP_NEXT_ICMP6 : IPV4_PROTO_ICMP);
	ip[up] = v6 ? 2 : 3;
	ip[up + 1] = v6 ? 0 : 4;
	store_be16(ip + up + 6, 1300);
	memcpy(ip + up + 8, sent, QUOTE);
	store_be16(ip + up + 8 + (v6 ? IPV6_LENGTH : IPV4_LENGTH), 1400); /* it was too big */
	if (!v6)
		store_be16(ip + up + 8 + IPV4_FRAGMENT, IPV4_DF);
	icmp_checksum(ip, n);
	return n;
}

uint32_t
mal_kind(struct mal *mal, enum mal_kind kind, uint8_t *ip)
{
	uint32_t n = mal_clear(mal, ip);

	switch (kind) {
	case MAL_SYN:
		syn_write(ip);
		break;
	case MAL_ECHO:
		echo_write(mal, ip);
		break;
	case MAL_TOO_BIG:
		return too_big_write(mal, ip);
	case MAL_UDP:
	case MAL_KINDS:
		break;
	}
	return n;
}
