/* Link layers: Ethernet with up to two VLAN tags, Linux cooked v1 and v2, BSD loopback, raw IP.
 * No MPLS, no PPPoE, no LLC/SNAP. */
#include "base/link_layer.h"

#include <pcap/pcap.h>
#include <stddef.h>

#include "base/bytes.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define TAGS_MAX 2u

enum link_says { SAYS_NOTHING, SAYS_ETHERTYPE, SAYS_FAMILY };

struct link_layer {
	int link_type;
	uint8_t header;	 /* bytes */
	uint8_t type_at; /* where it says what follows */
	enum link_says says;
};

static const struct link_layer link_layers[] = {
	{DLT_EN10MB, 14, 12, SAYS_ETHERTYPE},
	{DLT_LINUX_SLL, 16, 14, SAYS_ETHERTYPE},
	{DLT_LINUX_SLL2, 20, 0, SAYS_ETHERTYPE},
	{DLT_RAW, 0, 0, SAYS_NOTHING},
	{DLT_IPV4, 0, 0, SAYS_NOTHING},
	{DLT_IPV6, 0, 0, SAYS_NOTHING},
	{DLT_NULL, 4, 0, SAYS_FAMILY},
	{DLT_LOOP, 4, 0, SAYS_FAMILY},
};

static const struct link_layer *
link_find(int link_type)
{
	for (size_t i = 0; i < sizeof(link_layers) / sizeof(link_layers[0]); i++)
		if (link_layers[i].link_type == link_type)
			return &link_layers[i];
	return NULL;
}

bool
link_layer_known(int link_type)
{
	return link_find(link_type) != NULL;
}

static bool
is_vlan_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100; /* 802.1Q, 802.1ad, an older one */
}

/* Of an address family in the byte order of whoever captured.  IPv6 has another number on Linux, NetBSD,
 * FreeBSD and macOS. */
static unsigned
family_of_number(uint32_t number)
{
	if (number > 0xffff)
		number = __builtin_bswap32(number);
	if (number == 2)
		return LINK_IPV4;
	return number == 10 || number == 24 || number == 28 || number == 30 ? LINK_IPV6 : 0;
}

static unsigned
family_of_ethertype(uint16_t type)
{
	return type == ETHERTYPE_IPV4 ? LINK_IPV4 : type == ETHERTYPE_IPV6 ? LINK_IPV6 : 0;
}

uint32_t
link_layer_bytes(int link_type, unsigned families, const uint8_t *frame, uint32_t captured)
{
	const struct link_layer *link = link_find(link_type);
	uint32_t at = link ? link->header : 0;

	if (!link || captured < at)
		return UINT32_MAX;
	if (link->says == SAYS_NOTHING)
		return 0;
	if (link->says == SAYS_FAMILY)
		return family_of_number(load_be32(frame)) & families ? at : UINT32_MAX;
	uint16_t type = load_be16(frame + link->type_at);
	for (unsigned tags = 0; tags < TAGS_MAX && is_vlan_tag(type) && captured - at >= 4; tags++) {
		type = load_be16(frame + at + 2); /* after the tag control information */
		at += 4;
	}
	return family_of_ethertype(type) & families ? at : UINT32_MAX;
}
