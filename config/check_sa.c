/* Security associations: keys of the right length, addresses that are the gateway's own, and a partner at the
 * other end that says the same (RFC 4301 §4.4.2, RFC 4303 §2.1).
 *
 * Keys "auto" are made here: from the seed of the laboratory and the name of the SA, hence the same at both
 * ends. They are as good as no secret.  Messages never show a key. */
#include "config/check.h"

#include <stdio.h>
#include <string.h>

#include "base/lookup.h"
#include "base/rng.h"
#include "config/value.h"

#define SPI_RESERVED 255 /* RFC 4303 §2.1 */

static struct cfg_sa *
find_sa(const struct cfg_gateway *gateway, const char *name)
{
	for (unsigned i = 0; i < gateway->n_sas; i++)
		if (strcmp(gateway->sas[i].name, name) == 0)
			return &gateway->sas[i];
	return NULL;
}

/* Replaces KEY_AUTO by key material. */
static void
derive_key(const struct cfg_lab *lab, const struct cfg_sa *sa, const char *use, uint8_t *key, unsigned *len,
	unsigned wanted)
{
	char stream[128];
	struct rng rng;

	if (*len != KEY_AUTO || wanted > CFG_KEY_MAX)
		return;
	snprintf(stream, sizeof(stream), "key.%s.%s", sa->name, use);
	rng_init(&rng, lab->seed, stream);
	rng_bytes(&rng, key, wanted);
	*len = wanted;
}

static void
check_key_len(
	const struct check *check, const struct cfg_sa *sa, const char *name, unsigned len, unsigned wanted)
{
	if (len == wanted)
		return;
	if (wanted == 0)
		check_fault(
			check, sa, name, "\"%s\" has no such key; allowed: none, or \"auto\"", sa->transform);
	else
		check_fault(check, sa, name,
			"%u bytes where \"%s\" wants %u; allowed: %u hexadecimal digits, or "
			"\"auto\"",
			len, sa->transform, wanted, 2 * wanted);
}

/* The name of an SA is no secret, and a live gateway has no seed. */
static void
refuse_auto(const struct check *check, const struct cfg_sa *sa, const char *name, const unsigned *len)
{
	if (*len == KEY_AUTO)
		check_fault(check, sa, name,
			"\"auto\" makes keys that anybody can make, for laboratories only; allowed: "
			"hexadecimal "
			"digits");
}

static void
check_keys(const struct check *check, struct cfg_sa *sa)
{
	unsigned key_len = 0, auth_key_len = 0;
	char message[1600] = "";

	if (!check->hooks->transform(sa->transform, &key_len, &auth_key_len, message, sizeof(message))) {
		check_fault(check, sa, "transform", "%s", message);
		return;
	}
	if (check->lab->is_site) {
		refuse_auto(check, sa, "key", &sa->key_len);
		refuse_auto(check, sa, "auth_key", &sa->auth_key_len);
	}
	derive_key(check->lab, sa, "cipher", sa->key, &sa->key_len, key_len);
	derive_key(check->lab, sa, "auth", sa->auth_key, &sa->auth_key_len, auth_key_len);
	check_key_len(check, sa, "key", sa->key_len, key_len);
	check_key_len(check, sa, "auth_key", sa->auth_key_len, auth_key_len);
}

/* The tunnel end on this side must be a port of this gateway; in transport mode it may be of a host on its
 * links, for which the gateway does the work ("bump in the wire", RFC 4301 §4.1). */
static void
check_own_end(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_sa *sa)
{
	struct ip_addr own = sa->direction == CFG_OUT ? sa->src : sa->dst;
	bool transport = sa_mode(gateway, sa) == CFG_MODE_TRANSPORT;
	char allowed[300] = "", text[IP_TEXT_BYTES];

	if (transport && sa_end_gateway(check->lab, CFG_MODE_TRANSPORT, own) ==
				 (uint32_t)(gateway - check->lab->gateways))
		return;
	for (unsigned p = 0; p < gateway->n_ports; p++) {
		const struct cfg_port *port = &gateway->ports[p];

		if (cfg_port_has(port, own))
			return;
		for (unsigned i = 0; i < cfg_port_addresses(port); i++) {
			size_t used = strlen(allowed);

			snprintf(allowed + used, sizeof(allowed) - used, "%s%s", used ? ", " : "",
				ip_text(cfg_port_address(port, i)->addr, text));
		}
	}
	check_fault(check, sa, sa->direction == CFG_OUT ? "src" : "dst",
		"%s is no address of %s; allowed: %s%s", ip_text(own, text), gateway->name, allowed,
		transport ? ", or that of a host on its links" : "");
}

static void
check_numbers(const struct check *check, const struct cfg_sa *sa)
{
	if (sa->spi <= SPI_RESERVED)
		check_fault(check, sa, "spi", "%u is reserved (RFC 4303 §2.1); allowed: 256..4294967295",
			sa->spi);
	if (ip_equal(sa->src, sa->dst))
		check_fault(
			check, sa, "dst", "the same address as src; allowed: the other end of the tunnel");
	if (sa->esn && sa->window == 0 && sa->direction == CFG_IN)
		check_fault(check, sa, "window",
			"esn cannot do without a window (RFC 4303 §A2); allowed: 1..4194304");
	if (!sa->esn && sa->first_seq > UINT32_MAX)
		check_fault(check, sa, "first_seq",
			"%llu has more than 32 bits; allowed: 1..4294967295, or esn = true",
			(unsigned long long)sa->first_seq);
}

/* An inbound SA is found by SPI, destination and protocol (RFC 4301 §4.1).  spis: of those before. */
static void
check_spi_once(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_sa *sa,
	struct lookup *spis)
{
	uint64_t hash = lookup_hash(sa->spi * UINT64_C(2) + sa_is_ah(sa), &sa->dst, sizeof(sa->dst));
	uint32_t slot, at;

	if (sa->direction != CFG_IN)
		return;
	for (at = lookup_first(spis, hash, &slot); at != LOOKUP_NONE; at = lookup_next(spis, &slot)) {
		const struct cfg_sa *other = &gateway->sas[at];

		if (other->spi != sa->spi || !ip_equal(other->dst, sa->dst) ||
			sa_is_ah(other) != sa_is_ah(sa))
			continue;
		check_fault(check, sa, "spi",
			"0x%x is that of SA \"%s\" too; allowed: each SPI once for a destination and "
			"protocol",
			sa->spi, other->name);
		return;
	}
	lookup_add(spis, hash, (uint32_t)(sa - gateway->sas));
}

static void
refuse_difference(const struct check *check, const struct cfg_sa *sa, const char *key, const char *peer)
{
	check_fault(check, sa, key, "differs from that of the partner at %s; allowed: the same at both ends",
		peer);
}

static void
compare_ends(const struct check *check, const struct cfg_sa *out, const struct cfg_sa *in, const char *peer)
{
	if (out->spi != in->spi)
		refuse_difference(check, out, "spi", peer);
	if (!ip_equal(out->src, in->src))
		refuse_difference(check, out, "src", peer);
	if (!ip_equal(out->dst, in->dst))
		refuse_difference(check, out, "dst", peer);
	if (out->esn != in->esn)
		refuse_difference(check, out, "esn", peer);
	if (out->mode != in->mode)
		refuse_difference(check, out, "mode", peer);
	if (out->natt != in->natt)
		refuse_difference(check, out, "natt", peer);
	if (out->align4 != in->align4)
		refuse_difference(check, out, "align4", peer);
	if ((out->over == NULL) != (in->over == NULL) || (out->over && strcmp(out->over, in->over) != 0))
		refuse_difference(check, out, "over", peer);
	if (strcmp(out->transform, in->transform) != 0) {
		refuse_difference(check, out, "transform", peer);
		return; /* then the keys differ too */
	}
	if (out->key_len != in->key_len || memcmp(out->key, in->key, sizeof(out->key)) != 0)
		refuse_difference(check, out, "key", peer);
	if (out->auth_key_len != in->auth_key_len ||
		memcmp(out->auth_key, in->auth_key, sizeof(out->auth_key)) != 0)
		refuse_difference(check, out, "auth_key", peer);
}

/* The two ends are compared once, from the one that encrypts. */
static void
check_partner(const struct check *check, const struct cfg_gateway *gateway, const struct cfg_sa *sa)
{
	bool out = sa->direction == CFG_OUT, transport = sa_mode(gateway, sa) == CFG_MODE_TRANSPORT;
	struct ip_addr far_end = out ? sa->dst : sa->src;
	uint32_t g = sa_end_gateway(check->lab, sa_mode(gateway, sa), far_end);
	const char *key = out ? "dst" : "src";
	const struct cfg_gateway *peer;
	const struct cfg_sa *partner;
	char text[IP_TEXT_BYTES];

	if (check->lab->is_site) /* the other end is in another file */
		return;
	if (g == CFG_NONE) {
		check_fault(check, sa, key,
			"no gateway has %s%s; allowed: an address of the gateway at the other end%s",
			ip_text(far_end, text), transport ? ", nor a host on the link of one" : "",
			transport ? ", or of a host on its links" : "");
		return;
	}
	peer = &check->lab->gateways[g];
	partner = find_sa(peer, sa->name);
	if (partner == NULL || partner->direction == sa->direction)
		check_fault(check, sa, "name",
			"no partner: %s, which %s %s, wants an SA \"%s\" of direction \"%s\"", peer->name,
			gateway_of(check->lab, far_end) == g ? "has" : "stands before",
			ip_text(far_end, text), sa->name, out ? "in" : "out");
	else if (out)
		compare_ends(check, sa, partner, peer->name);
}

static void
check_gateway_sas(const struct check *check, const struct cfg_gateway *gateway)
{
	struct lookup spis;

	if (lookup_create(&spis, gateway->n_sas)) {
		check->arena->failed = true;
		return;
	}
	for (unsigned i = 0; i < gateway->n_sas; i++) {
		check_numbers(check, &gateway->sas[i]);
		check_own_end(check, gateway, &gateway->sas[i]);
		check_spi_once(check, gateway, &gateway->sas[i], &spis);
		check_partner(check, gateway, &gateway->sas[i]);
		check_sa_mode(check, gateway, &gateway->sas[i]);
		check_sa_warnings(check, &gateway->sas[i]);
	}
	lookup_destroy(&spis);
}

void
check_sas(const struct check *check)
{
	for (unsigned g = 0; g < check->lab->n_gateways; g++) {
		struct cfg_gateway *gateway = &check->lab->gateways[g];

		for (unsigned i = 0; i < gateway->n_sas; i++)
			check_keys(check, &gateway->sas[i]);
	}
	for (unsigned g = 0; g < check->lab->n_gateways; g++)
		check_gateway_sas(check, &check->lab->gateways[g]);
}
