/* Sizes: see size.h.  Does not know packets. */
#include "dataplane/ipsec/size.h"

#define IPV4_BYTES 20u
#define IPV6_BYTES 40u

uint32_t
ipsec_ah_bytes(uint32_t icv_len, bool v6, bool align4)
{
	/* RFC 4302 §2.2: a multiple of 32 bits in IPv4, of 64 bits in IPv6 */
	uint32_t mask = v6 || !align4 ? 7 : 3;

	return (IPSEC_AH_BYTES + icv_len + mask) & ~mask;
}

struct ipsec_size
ipsec_size_of(const struct ipsec_shape *shape)
{
	const struct transform_set *set = &shape->set;
	struct ipsec_size size = {.block = 1, .tunnel = shape->tunnel};

	if (shape->tunnel)
		size.front = shape->v6 ? IPV6_BYTES : IPV4_BYTES;
	if (set->has_ah)
		size.front += (uint8_t)ipsec_ah_bytes(set->ah.icv_len, shape->v6, shape->align4);
	if (!set->has_esp)
		return size;
	size.front += (uint8_t)(IPSEC_ESP_BYTES + set->esp.iv_len + (shape->natt ? IPSEC_UDP_BYTES : 0));
	size.block = set->esp.block;
	size.end = 2;
	size.behind = set->esp.icv_len;
	return size;
}

uint32_t
ipsec_inner_max(const struct ipsec_size *size, uint32_t mtu, uint32_t stay)
{
	uint32_t fixed = stay + size->front + size->behind, sealed;

	if (mtu < fixed + size->block || mtu < fixed + size->end)
		return 0;
	sealed = (mtu - fixed) & ~(size->block - 1u);
	return stay + sealed - size->end;
}
