/* See icmp.h. */
#include "dataplane/frag/icmp.h"

#include <string.h>

#include "dataplane/drop.h"
#include "dataplane/frag/way.h"
#include "dataplane/ipsec/ipsec.h"

#define HEAD 8u /* of ICMP, of UDP */
#define UNREACHABLE4 3u
#define ERRORS6_BELOW 128u /* types of ICMPv6 errors */
#define HOPS 64u
#define TOS 0xc0u /* internetwork control (RFC 1812 §4.3.2.5) */

static const struct {
	uint8_t type4, code4, type6, code6;
} kinds[] = {[FRAG_ICMP_TOO_BIG] = {3, 4, 2, 0}, [FRAG_ICMP_LATE] = {11, 1, 3, 1}};

/* Errors: destination unreachable, source quench, redirect, time exceeded, parameter problem. */
static bool
is_error4(const uint8_t *ip, uint32_t len)
{
	uint32_t at = ipv4_header_len(ip);
	uint8_t type = at < len ? ip[at] : UNREACHABLE4;

	return ip[IPV4_PROTO] == IPV4_PROTO_ICMP &&
	       (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

static bool
may_tell4(const uint8_t *ip, uint32_t len)
{
	uint32_t src = load_be32(ip + IPV4_SRC) >> 24, dst = load_be32(ip + IPV4_DST) >> 24;

	return src != 0 && src != 127 && src < 224 && dst < 224 && !is_error4(ip, len) &&
	       !(load_be16(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK);
}

static uint32_t
write4(enum frag_icmp what, const uint8_t *ip, uint32_t len, struct ip_addr from, uint32_t mtu, uint16_t id,
	uint8_t *out)
{
	uint32_t room = FRAG_ICMP4_MAX - IPV4_MIN_BYTES - HEAD, quote = len < room ? len : room;
	uint32_t total = IPV4_MIN_BYTES + HEAD + quote;
	uint8_t *icmp = out + IPV4_MIN_BYTES;

	memset(out, 0, IPV4_MIN_BYTES + HEAD);
	out[0] = 0x45;
	out[IPV4_TOS] = TOS;
	store_be16(out + IPV4_LENGTH, (uint16_t)total);
	store_be16(out + IPV4_ID, id);
	out[IPV4_TTL] = HOPS;
	out[IPV4_PROTO] = IPV4_PROTO_ICMP;
	ip_store4(out + IPV4_SRC, from);
	memcpy(out + IPV4_DST, ip + IPV4_SRC, 4);
	ipv4_checksum_set(out, IPV4_MIN_BYTES);
	icmp[0] = kinds[what].type4;
	icmp[1] = kinds[what].code4;
	store_be16(icmp + 6, (uint16_t)mtu);
	memcpy(icmp + HEAD, ip, quote);
	store_be16(icmp + 2, ip_checksum(icmp, HEAD + quote));
	return total;
}

static bool
may_tell6(enum frag_icmp what, const uint8_t *ip, uint32_t len)
{
	struct ip6_upper upper;

	ip6_upper_find(ip, len, &upper);
	if (ip[IPV6_SRC] == 0xff || (load_be64(ip + IPV6_SRC) == 0 && load_be64(ip + IPV6_SRC + 8) <= 1))
		return false;
	if (what == FRAG_ICMP_LATE && (!upper.first || ip[IPV6_DST] == 0xff))
		return false;
	return upper.proto != IP_NEXT_ICMP6 ||
	       (upper.first && upper.offset < len && ip[upper.offset] >= ERRORS6_BELOW);
}

static uint32_t
write6(enum frag_icmp what, const uint8_t *ip, uint32_t len, struct ip_addr from, uint32_t mtu, uint8_t *out)
{
	uint32_t room = FRAG_ICMP6_MAX - IPV6_MIN_BYTES - HEAD, quote = len < room ? len : room;
	uint8_t *icmp = out + IPV6_MIN_BYTES;

	memset(out, 0, IPV6_MIN_BYTES + HEAD);
	store_be32(out, UINT32_C(6) << 28 | TOS << 20);
	store_be16(out + IPV6_LENGTH, (uint16_t)(HEAD + quote));
	out[IPV6_NEXT] = IP_NEXT_ICMP6;
	out[IPV6_HOPS] = HOPS;
	ip_store6(out + IPV6_SRC, from);
	memcpy(out + IPV6_DST, ip + IPV6_SRC, 16);
	icmp[0] = kinds[what].type6;
	icmp[1] = kinds[what].code6;
	store_be32(icmp + 4, mtu);
	memcpy(icmp + HEAD, ip, quote);
	store_be16(icmp + 2, ip_transport_checksum(out, IP_NEXT_ICMP6, icmp, HEAD + quote));
	return IPV6_MIN_BYTES + HEAD + quote;
}

uint32_t
frag_icmp_write(enum frag_icmp what, const uint8_t *ip, uint32_t len, struct ip_addr from, uint32_t mtu,
	uint16_t id, uint8_t *out)
{
	if (!ip_head_is_whole(ip, len) || ip_is_v4(from) != ip_head_is_v4(ip))
		return 0;
	if (ip_head_is_v4(ip))
		return may_tell4(ip, len) ? write4(what, ip, len, from, mtu, id, out) : 0;
	return may_tell6(what, ip, len) ? write6(what, ip, len, from, mtu, out) : 0;
}

static bool
kind_find(bool v4, const uint8_t *icmp, enum frag_icmp *what)
{
	for (*what = FRAG_ICMP_TOO_BIG; *what <= FRAG_ICMP_LATE; (*what)++)
		if (v4 ? icmp[0] == kinds[*what].type4 && icmp[1] == kinds[*what].code4
		       : icmp[0] == kinds[*what].type6 &&
				    (*what == FRAG_ICMP_TOO_BIG || icmp[1] == kinds[*what].code6))
			return true;
	return false;
}

/* Where the ICMP header stands; 0 where this is no such message.  The code of "packet too big" means nothing
 * (RFC 4443 §3.2). */
static uint32_t
icmp_find(const uint8_t *ip, uint32_t len, enum frag_icmp *what)
{
	struct ip6_upper upper;
	uint32_t at;

	if (ip_head_is_v4(ip)) {
		at = ipv4_header_len(ip);
		if (ip[IPV4_PROTO] != IPV4_PROTO_ICMP ||
			load_be16(ip + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK))
			return 0;
	} else {
		ip6_upper_find(ip, len, &upper);
		at = upper.offset;
		if (!upper.known || upper.fragment || upper.proto != IP_NEXT_ICMP6)
			return 0;
	}
	return at + HEAD <= len && kind_find(ip_head_is_v4(ip), ip + at, what) ? at : 0;
}

bool
frag_icmp_is(const uint8_t *ip, uint32_t len)
{
	enum frag_icmp what;

	return icmp_find(ip, len, &what) != 0;
}

/* RFC 1191 §7.1 */
static uint32_t
plateau_below(uint32_t bytes)
{
	static const uint16_t plateaus[] = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};

	for (unsigned i = 0; i < sizeof(plateaus) / sizeof(*plateaus); i++)
		if (plateaus[i] < bytes)
			return plateaus[i];
	return FRAG_V4_MIN_MTU;
}

/* The packet it is about, as far as it is there. */
static bool
quote_read(const uint8_t *ip, uint32_t len, struct frag_report *report)
{
	struct ip6_upper upper = {.known = true};

	if (!ip_head_is_whole(ip, len))
		return false;
	report->src = ip_head_src(ip);
	report->dst = ip_head_dst(ip);
	if (ip_head_is_v4(ip)) {
		uint32_t fragment = load_be16(ip + IPV4_FRAGMENT);

		report->bytes = load_be16(ip + IPV4_LENGTH);
		upper.offset = ipv4_header_len(ip);
		upper.proto = ip[IPV4_PROTO];
		upper.first = (fragment & IPV4_OFFSET_MASK) == 0;
		if (upper.offset < IPV4_MIN_BYTES ||
			(report->what == FRAG_ICMP_TOO_BIG && !(fragment & IPV4_DF)))
			return false;
	} else {
		ip6_upper_find(ip, len, &upper);
		report->bytes = IPV6_MIN_BYTES + load_be16(ip + IPV6_LENGTH);
	}
	if (!upper.known || !upper.first)
		return false;
	if (upper.proto == IPV4_PROTO_UDP) { /* NAT-T */
		if (len < upper.offset + HEAD || load_be16(ip + upper.offset + 2) != IPSEC_UDP_PORT)
			return false;
		upper.offset += HEAD;
		upper.proto = ALG_ESP;
	}
	if (upper.proto != ALG_ESP && upper.proto != ALG_AH)
		return false;
	report->proto = upper.proto;
	upper.offset += upper.proto == ALG_AH ? 4 : 0;
	if (len < upper.offset + IPSEC_ESP_BYTES)
		return false;
	report->spi = load_be32(ip + upper.offset);
	report->seq = load_be32(ip + upper.offset + 4);
	return true;
}

bool
frag_icmp_read(const uint8_t *ip, uint32_t len, struct frag_report *report)
{
	uint32_t at = icmp_find(ip, len, &report->what);
	bool v4 = ip_head_is_v4(ip), good;

	if (!at)
		return false;
	/* with its own checksum in it the sum of a good message is 0 */
	good = v4 ? !ip_checksum(ip + at, len - at)
		  : !ip_transport_checksum(ip, IP_NEXT_ICMP6, ip + at, len - at);
	if (!good || !quote_read(ip + at + HEAD, len - at - HEAD, report) ||
		ip_head_is_v4(ip + at + HEAD) != v4)
		return false;
	report->mtu = 0;
	if (report->what == FRAG_ICMP_LATE)
		return true;
	report->mtu = v4 ? load_be16(ip + at + 6) : load_be32(ip + at + 4);
	if (v4 && report->mtu == 0)
		report->mtu = plateau_below(report->bytes);
	return true;
}
