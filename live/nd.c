/* See nd.h. */
#include "live/nd.h"

#include "dataplane/ipsec/ip_head.h"
#include "live/ether.h"

#define SOLICIT 135u
#define ADVERT 136u
#define HOPS 255u /* has crossed no router */
#define HEAD 24u  /* type, code, checksum, flags, target */
#define TARGET 8u
#define OPTION_SOURCE 1u
#define OPTION_TARGET 2u
#define OPTION_BYTES 8u
#define ROUTER 0x80u
#define SOLICITED 0x40u
#define OVERRIDE 0x20u
#define ICMP_BYTES (HEAD + OPTION_BYTES)

/* ff02::1:ffXX:XXXX (RFC 4291 §2.7.1), and ff02::1. */
static struct ip_addr
solicited_node(struct ip_addr addr)
{
	return (struct ip_addr){UINT64_C(0xff02) << 48, UINT64_C(0x1ff000000) | (addr.lo & 0xffffff)};
}

static const struct ip_addr all_nodes = {UINT64_C(0xff02) << 48, 1};
static const struct ip_addr unspecified = {0, 0};

/* RFC 2464 §7. */
static struct cfg_mac
group_mac(struct ip_addr group)
{
	struct cfg_mac mac = {{0x33, 0x33}};

	store_be32(&mac.bytes[2], (uint32_t)group.lo);
	return mac;
}

/* Every option has a length, and they fill the message (§4.6). */
static bool
options_read(const uint8_t *option, uint32_t len, uint8_t wanted, struct nd_message *message)
{
	while (len) {
		uint32_t bytes = len >= OPTION_BYTES ? option[1] * 8u : 0;

		if (!bytes || bytes > len)
			return false;
		if (option[0] == wanted && !(option[2] & 1)) {
			message->has_mac = true;
			message->mac = ether_mac(option + 2);
		}
		option += bytes;
		len -= bytes;
	}
	return true;
}

/* §7.1.1, §7.1.2 */
static bool
is_valid(const uint8_t *ip, const uint8_t *icmp, uint32_t bytes, struct nd_message *message)
{
	bool solicit = icmp[0] == SOLICIT;
	struct ip_addr group = solicited_node(message->target);

	if (ip[IPV6_HOPS] != HOPS || icmp[1] || icmp[TARGET] == 0xff)
		return false;
	/* a sum with the checksum in it is 0 */
	if (ip_transport_checksum(ip, IP_NEXT_ICMP6, icmp, bytes))
		return false;
	if (!options_read(icmp + HEAD, bytes - HEAD, solicit ? OPTION_SOURCE : OPTION_TARGET, message))
		return false;
	if (solicit && ip_equal(message->src, unspecified))
		return ip_equal(message->dst, group) && !message->has_mac;
	return solicit || !(message->solicited && message->dst.hi >> 56 == 0xff);
}

enum nd_kind
nd_read(const uint8_t *ip, uint32_t len, struct nd_message *message)
{
	const uint8_t *icmp = ip + IPV6_MIN_BYTES;
	uint32_t bytes;

	if (len < IPV6_MIN_BYTES + 1 || !ip_is_v6(ip) || ip[IPV6_NEXT] != IP_NEXT_ICMP6 ||
		(icmp[0] != SOLICIT && icmp[0] != ADVERT))
		return ND_NONE;
	bytes = load_be16(ip + IPV6_LENGTH);
	if (bytes > len - IPV6_MIN_BYTES || bytes < HEAD)
		return ND_BAD;
	*message = (struct nd_message){.src = ip_load6(ip + IPV6_SRC),
		.dst = ip_load6(ip + IPV6_DST),
		.target = ip_load6(icmp + TARGET),
		.solicited = icmp[4] & SOLICITED,
		.override = icmp[4] & OVERRIDE};
	if (!is_valid(ip, icmp, bytes, message))
		return ND_BAD;
	return icmp[0] == SOLICIT ? ND_SOLICIT : ND_ADVERT;
}

/* All but what the two messages do not have in common; target is in place, too. */
static void
write(uint8_t *frame, const struct cfg_mac *own_mac, const struct cfg_mac *to_mac, struct ip_addr own,
	struct ip_addr to, struct ip_addr target, bool solicit, uint8_t flags)
{
	uint8_t *ip = frame + ETHER_BYTES, *icmp = ip + IPV6_MIN_BYTES;

	ether_write(frame, to_mac, own_mac, ETHER_IPV6);
	memset(ip, 0, IPV6_MIN_BYTES + ICMP_BYTES);
	ip[0] = 6 << 4;
	store_be16(ip + IPV6_LENGTH, ICMP_BYTES);
	ip[IPV6_NEXT] = IP_NEXT_ICMP6;
	ip[IPV6_HOPS] = HOPS;
	ip_store6(ip + IPV6_SRC, own);
	ip_store6(ip + IPV6_DST, to);
	icmp[0] = solicit ? SOLICIT : ADVERT;
	icmp[4] = flags;
	ip_store6(icmp + TARGET, target);
	icmp[HEAD] = solicit ? OPTION_SOURCE : OPTION_TARGET;
	icmp[HEAD + 1] = OPTION_BYTES / 8;
	memcpy(icmp + HEAD + 2, own_mac, sizeof(*own_mac));
	store_be16(icmp + 2, ip_transport_checksum(ip, IP_NEXT_ICMP6, icmp, ICMP_BYTES));
}

void
nd_write_solicit(uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own, struct ip_addr target)
{
	struct ip_addr group = solicited_node(target);
	struct cfg_mac mac = group_mac(group);

	write(frame, own_mac, &mac, own, group, target, true, 0);
}

void
nd_write_advert(uint8_t *frame, const struct cfg_mac *own_mac, struct ip_addr own,
	const struct cfg_mac *to_mac, struct ip_addr to)
{
	struct cfg_mac everybody = group_mac(all_nodes);

	if (ip_equal(to, unspecified)) /* §7.2.4 */
		write(frame, own_mac, &everybody, own, all_nodes, own, false, ROUTER | OVERRIDE);
	else
		write(frame, own_mac, to_mac, own, to, own, false, ROUTER | SOLICITED | OVERRIDE);
}
