/* Collects the addresses, sorts them, and makes one of those that stand there more than once. */
#include "dataplane/local.h"

#include <stdlib.h>

#include "config/cfg_net.h"
#include "dataplane/ipsec/ip_head.h"

static int
address_compare(const void *a, const void *b)
{
	const struct ip_addr *x = &((const struct local_address *)a)->addr;
	const struct ip_addr *y = &((const struct local_address *)b)->addr;

	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static void
twins_join(struct local *local)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < local->n; i++) {
		struct local_address *last = kept ? &local->list[kept - 1] : NULL;

		if (last && ip_equal(last->addr, local->list[i].addr)) {
			last->own |= local->list[i].own;
			last->natt |= local->list[i].natt;
		} else {
			local->list[kept++] = local->list[i];
		}
	}
	local->n = kept;
}

/* What may be IPsec: UDP only counts where NAT-T is used, and in IPv6 more may stand before it.  And ICMP,
 * where it may be about an SA of hosts. */
static void
protocols_set(struct local *local)
{
	static const uint8_t before[] = {
		IP_NEXT_HOP_BY_HOP, IP_NEXT_ROUTING, IP_NEXT_FRAGMENT, IP_NEXT_DEST_OPTIONS};

	for (unsigned i = 0; i < sizeof(before); i++)
		local->may[before[i]] = LOCAL_V6;
	local->may[IPV4_PROTO_ESP] = local->may[IP_NEXT_AH] = LOCAL_V4 | LOCAL_V6;
	local->may[IPV4_PROTO_UDP] = local->natt ? LOCAL_V4 | LOCAL_V6 : 0;
	local->may[IPV4_PROTO_ICMP] = local->hosts ? LOCAL_V4 : 0;
	local->may[IP_NEXT_ICMP6] = local->hosts ? LOCAL_V6 : 0;
}

struct local *
local_create(const struct cfg_gateway *cfg)
{
	size_t most = cfg->n_sas;
	struct local *local;

	for (unsigned p = 0; p < cfg->n_ports; p++)
		most += cfg_port_addresses(&cfg->ports[p]);
	local = calloc(1, sizeof(*local) + most * sizeof(local->list[0]));
	if (!local)
		return NULL;
	for (unsigned p = 0; p < cfg->n_ports; p++)
		for (unsigned i = 0; i < cfg_port_addresses(&cfg->ports[p]); i++)
			local->list[local->n++] = (struct local_address){
				.addr = cfg_port_address(&cfg->ports[p], i)->addr, .own = true};
	for (unsigned i = 0; i < cfg->n_sas; i++) {
		const struct cfg_sa *sa = &cfg->sas[i];

		if (sa->direction != CFG_IN || (sa->mode == CFG_MODE_TUNNEL && !sa->natt))
			continue;
		local->list[local->n++] = (struct local_address){.addr = sa->dst, .natt = sa->natt};
		local->natt |= sa->natt;
		local->hosts |= sa->mode == CFG_MODE_TRANSPORT;
	}
	protocols_set(local);
	qsort(local->list, local->n, sizeof(local->list[0]), address_compare);
	twins_join(local);
	return local;
}
