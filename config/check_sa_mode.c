/* What the modes of an SA ask for: tunnel or transport, NAT-T, TFC padding, and AH over ESP, which is two
 * SAs on one packet (RFC 4301 §4.1, §4.5, RFC 3948, RFC 4303 §2.7). */
#include "config/check.h"

#include <string.h>

bool
sa_is_ah(const struct cfg_sa *sa)
{
	return strncmp(sa->transform, "ah-", 3) ==
	       0; /* a set of IOS words for one SA begins with its protocol */
}

enum cfg_mode
sa_mode(const struct cfg_gateway *gateway, const struct cfg_sa *sa)
{
	return sa->over_index != CFG_NONE ? gateway->sas[sa->over_index].mode : sa->mode;
}

const struct cfg_sa *
sa_outside(const struct cfg_gateway *gateway, const struct cfg_sa *sa)
{
	uint32_t index = (uint32_t)(sa - gateway->sas);

	for (unsigned i = 0; i < gateway->n_sas; i++)
		if (gateway->sas[i].over_index == index)
			return &gateway->sas[i];
	return NULL;
}

uint32_t
sa_end_gateway(const struct cfg_lab *lab, enum cfg_mode mode, struct ip_addr end)
{
	uint32_t g = gateway_of(lab, end);
	unsigned mine;

	for (unsigned h = 0; g == CFG_NONE && mode == CFG_MODE_TRANSPORT && h < lab->n_hosts; h++) {
		const struct cfg_link *link = link_at(lab, h, 0, &mine);
		uint32_t node = link ? link->end[!mine].node : CFG_NONE;

		if (ip_equal(lab->hosts[h].address, end) && node >= lab->n_hosts &&
			node < lab->n_hosts + lab->n_gateways)
			g = node - lab->n_hosts;
	}
	return g;
}

/* The ESP SA inside an AH SA. */
static void
check_over(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_sa *sa)
{
	const struct cfg_sa *inner;

	if (sa->over_index == CFG_NONE)
		return; /* none, or unknown, which was said */
	inner = &gateway->sas[sa->over_index];
	if (!sa_is_ah(sa))
		check_fault(check, sa, "over", "\"%s\" is not AH; allowed: in an AH SA only", sa->transform);
	else if (sa_is_ah(inner))
		check_fault(check, sa, "over", "SA \"%s\" is AH; allowed: an ESP SA", inner->name);
	else if (inner->direction != sa->direction)
		check_fault(check, sa, "over", "SA \"%s\" has the other direction; allowed: the same",
			inner->name);
	else if (!ip_equal(inner->src, sa->src) || !ip_equal(inner->dst, sa->dst))
		check_fault(check, sa, "over", "SA \"%s\" has other ends; allowed: the same src and dst",
			inner->name);
	else if (inner->natt)
		check_fault(check, sa, "over",
			"SA \"%s\" has natt, and AH does not pass a NAT (RFC 3948 §1); allowed: an SA "
			"without",
			inner->name);
	else if (sa_outside(gateway, inner) != sa)
		check_fault(check, sa, "over",
			"SA \"%s\" is inside SA \"%s\" already; allowed: one AH SA each", inner->name,
			sa_outside(gateway, inner)->name);
}

void
check_sa_mode(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_sa *sa)
{
	if (ip_is_v4(sa->src) != ip_is_v4(sa->dst))
		check_fault(check, sa, "dst", "src is %s, and this is not; allowed: one family at both ends",
			ip_is_v4(sa->src) ? "IPv4" : "IPv6");
	if (sa->natt && sa_is_ah(sa))
		check_fault(check, sa, "natt", "AH does not pass a NAT (RFC 3948 §1); allowed: with ESP");
	if (sa->tfc && sa_is_ah(sa))
		check_fault(check, sa, "tfc", "AH has no padding; allowed: with ESP");
	else if (sa->tfc && (sa->direction != CFG_OUT || sa->mode != CFG_MODE_TUNNEL))
		check_fault(check, sa, "tfc",
			"needs the length of an inner packet (RFC 4303 §2.7); allowed: with direction "
			"\"out\" "
			"and mode \"tunnel\"");
	check_over(check, gateway, sa);
}

/* What the hooks have to say of keys and algorithms, once for both ends. */
void
check_sa_warnings(const struct check *check, const struct cfg_sa *sa)
{
	char message[400] = "";

	if (check->hooks->key_warning == NULL || sa->direction != CFG_OUT)
		return;
	if (check->hooks->key_warning(sa->transform, sa->key, sa->key_len, sa->auth_key, sa->auth_key_len,
		    message, sizeof(message)))
		check_warn(check, sa, "transform", "%s", message);
}
